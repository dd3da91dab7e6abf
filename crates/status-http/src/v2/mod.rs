//! Buildbot's REST v2, with Weir's extensions: resources, paths, queries, errors, commands and events.
//!
//! # Extensions
//! Each is an addition that a Buildbot client does not see:
//! - beside a time that is set, in whole seconds, stands the same in microseconds: `started_at` and
//!   `started_at_us`. Such a field can be filtered and selected as any other;
//! - `body_base64` in a patch (Buildbot's own `body` is always null), `properties` in a force scheduler,
//!   further facts in a worker's `workerinfo`;
//! - `code` and its details beside an `error`, see [`error`].

mod form;

pub use form::{Form, FormError, from_json, plural, properties_from_json, properties_to_json, to_json};
