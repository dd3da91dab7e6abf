//! Listeners that take events as they are, one module each.

mod log_file;
mod metrics;
mod names;
mod program;
mod traces;
mod wanted;
mod webhook;

pub use log_file::{LogFile, LogFileOptions};
pub use metrics::{InfluxDb, InfluxDbOptions, Prometheus, PrometheusOptions, StatsD, StatsDOptions};
pub use program::{Program, ProgramOptions};
pub use traces::{OpenTelemetry, OpenTelemetryOptions};
pub use webhook::{Webhook, WebhookOptions};
