//! Buildbot's REST v2, with Weir's extensions: resources, paths, queries, errors, commands and events.
//!
//! # Extensions
//! Each is an addition that a Buildbot client does not see:
//! - beside a time that is set, in whole seconds, stands the same in microseconds: `started_at` and
//!   `started_at_us`. Such a field can be filtered and selected as any other;
//! - `body_base64` in a patch (Buildbot's own `body` is always null), `properties` in a force scheduler,
//!   further facts in a worker's `workerinfo`;
//! - `times_us` in lines of a log, if `times=true` asks for it;
//! - `code` and its details beside an `error`, see [`error`].

mod columns;
mod control;
pub mod envelope;
pub mod error;
mod event;
mod form;
pub mod openapi;
mod path;
mod query;
mod socket;
pub mod spec;
mod token;

pub use columns::{Column, Shape, columns, field_name, json_name};
pub use control::{
    Asked, ForceRequest, IDEMPOTENCY_HEADER, RpcRequest, RpcResponse, asked, change_from_params, command_key,
    force_error_to_field_names, force_error_to_json_names, force_to_params, outcome_from, outcome_to_json,
    read_idempotency_key, rpc_answer, rpc_error_from, write_command, write_idempotency_key,
};
pub use error::{error_body, error_from, error_to_field_names, error_to_json_names, status};
pub use event::{event_data, event_from_json};
pub use form::{
    Form, FormError, Object, common_commit, from_json, master_within, object, plural, properties_from_json,
    properties_object, properties_to_json, put_master, to_json, view_from_json, view_object,
};
pub use path::{
    CommitRange, Endpoint, Scope, ViewName, build_data_path, commit_graph_path, contents_path, decode_path,
    key_conditions, key_path, properties_path, search_path,
};
pub use query::{
    ListRequest, ListText, Selection, pairs, parse_list, parse_search, parse_selection, parse_view,
    view_error_to_field_names, view_error_to_json_names, write_list, write_search, write_view, write_watch,
};

pub use socket::{
    SocketCommand, SocketFrame, socket_bookmark, socket_error, socket_event, socket_not_consumed, socket_ok,
    socket_pong,
};
pub use token::{
    CONFIG, SESSION_COOKIE, SIGN_IN, SIGN_OUT, TOKENS, identity_from_config, identity_to_json,
    issued_from_json, issued_to_json, new_token_from_json, new_token_to_json, session_from,
    sign_in_from_form, sign_in_from_json, sign_in_to_json, signed_in_to_json, token_to_json,
    tokens_from_json, tokens_to_json,
};

pub(crate) use form::{MICROS, TIMES};
#[cfg(feature = "client")]
pub(crate) use path::equals;
