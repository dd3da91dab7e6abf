//! What takes events as they are.

use super::super::parameter::Must::{
    Boolean, Count, Duration, Durations, Events, Path, SecretMap, Size, Text, TextMap, Texts, Url,
};
use super::super::parameter::{Parameter, optional, password, required, secret};
use super::super::{Kind, listener};
use super::{EVENTS, EVENTS_BY_HTTP, count, names};
use crate::call::Function;

pub(super) const WEBHOOK: Kind = kind!(
    "webhook",
    EVENTS_BY_HTTP,
    [
        required("url", Url),
        optional("events", Events),
        secret("secret", "secret_file"),
        optional("headers", SecretMap),
        optional("cloudevents", Boolean),
        optional("source", Text),
        optional("internal_redirects", Boolean),
    ]
);

pub(super) const LOG_FILE: Kind = kind!(
    "log_file",
    EVENTS,
    [
        required("path", Path),
        optional("events", Events),
        optional("max_bytes", Size),
        optional("keep", Count),
    ]
);

pub(super) const PROGRAM: Kind = kind!(
    "program",
    EVENTS,
    [
        required("command", Texts),
        optional("events", Events),
        optional("env", TextMap),
        optional("workdir", Path),
        optional("timeout", Duration),
        optional("in_order", Boolean),
    ]
);

pub(super) const PROMETHEUS: Kind = kind!(
    "prometheus",
    EVENTS_BY_HTTP,
    [
        optional("listen", Text),
        optional("push", Url),
        optional("job", Text),
        optional("instance", Text),
        optional("push_every", Duration),
        optional("user", Text),
        password("password", "password_file"),
        optional("buckets", Durations),
        optional("step_names", Boolean),
        optional("max_series", Count),
    ]
);

pub(super) const OPENTELEMETRY: Kind = kind!(
    "opentelemetry",
    EVENTS_BY_HTTP,
    [
        required("endpoint", Url),
        optional("headers", SecretMap),
        optional("service_name", Text),
        optional("key", Text),
        optional("web_url", Url),
        optional("attributes", TextMap),
    ]
);

pub(super) const STATSD: Kind = kind!(
    "statsd",
    EVENTS,
    [
        required("address", Text),
        optional("tcp", Boolean),
        optional("prefix", Text),
        optional("tags", Boolean),
        optional("timeout", Duration),
    ]
);

pub(super) const INFLUXDB: Kind = kind!(
    "influxdb",
    EVENTS_BY_HTTP,
    [
        required("url", Url),
        optional("bucket", Text),
        optional("org", Text),
        secret("token", "token_file"),
        optional("database", Text),
        optional("user", Text),
        password("password", "password_file"),
        optional("tags", TextMap),
        optional("properties", Texts),
    ]
);
