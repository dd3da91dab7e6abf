//! Listeners that take events as they are.

mod cloudevents;
mod influxdb;
mod log_file;
mod opentelemetry;
mod program;
mod prometheus;
mod real;
mod receiver;
mod statsd;
mod world;
