//! Destinations, one module each.

mod push;

pub use push::{HttpPush, HttpPushOptions};
