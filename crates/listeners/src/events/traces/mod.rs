//! Listeners that make traces of builds.

mod opentelemetry;

pub use opentelemetry::{OpenTelemetry, OpenTelemetryOptions};
