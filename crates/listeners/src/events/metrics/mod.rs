//! Listeners that make numbers of events: how many, how long.

mod influxdb;
mod prometheus;
mod statsd;

pub use influxdb::{InfluxDb, InfluxDbOptions};
pub use prometheus::{Prometheus, PrometheusOptions};
pub use statsd::{StatsD, StatsDOptions};
