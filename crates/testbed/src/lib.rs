//! What tests start and break.
