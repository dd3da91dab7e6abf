//! Listeners that take events as they are, one module each.

mod command;
mod log_file;
mod metrics;
mod names;
mod options;
mod traces;
mod wanted;
mod webhook;

pub use command::{Command, CommandOptions};
pub use log_file::{LogFile, LogFileOptions};
pub use metrics::{InfluxDb, InfluxDbOptions, Prometheus, PrometheusOptions, StatsD, StatsDOptions};
pub use traces::{OpenTelemetry, OpenTelemetryOptions};
pub use webhook::{Webhook, WebhookOptions};
