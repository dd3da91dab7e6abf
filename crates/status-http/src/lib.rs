//! status-http
