//! Destinations, one module each.
