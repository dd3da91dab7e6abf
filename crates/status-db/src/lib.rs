//! status-db
