//! Listeners that take events as they are.

mod cloudevents;
mod command;
mod influxdb;
mod log_file;
mod opentelemetry;
mod prometheus;
mod real;
mod receiver;
mod statsd;
mod world;
