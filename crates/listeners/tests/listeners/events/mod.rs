//! Listeners that take events as they are.

mod cloudevents;
mod collector;
mod influxdb;
mod log_file;
mod opentelemetry;
mod program;
mod prometheus;
mod receiver;
mod statsd;
mod world;
