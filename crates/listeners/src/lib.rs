//! Listeners: code that is told of events, in the master or in a process of its own.
//!
//! # Goals
//! - A listener sees the status API only, so it runs the same over any binding.
//! - What it could not deliver is tried again or kept for people to look at, never lost in silence.
//!
//! # Non-goals
//! - No configuration: options come in as plain data.
//! - No names of JSON's fields: those are `weir-status-http`'s.

mod bookmarks;
mod command;
mod destination;
mod http;
mod log_file;
mod metrics;
mod names;
mod options;
mod outlet;
mod report;
mod traces;
mod wanted;
mod webhook;

pub use bookmarks::{FileBookmarks, OpenError};
pub use command::{Command, CommandOptions};
pub use destination::{Destination, OptionError};
pub use http::{Answer, Http, HttpOptions, retry_after};
pub use log_file::{LogFile, LogFileOptions};
pub use metrics::{InfluxDb, InfluxDbOptions, Prometheus, PrometheusOptions, StatsD, StatsDOptions};
pub use outlet::Outlet;
pub use report::{
    About, Attachment, BuildReport, BuildsetReport, Excerpt, Message, Occasion, Report, RequestReport,
    StepReport,
};
pub use traces::{OpenTelemetry, OpenTelemetryOptions};
pub use webhook::{Webhook, WebhookOptions};
