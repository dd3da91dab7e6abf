//! Destinations, one module each.

pub mod chat;
