//! Who may see and do what, decided in one place beneath all bindings of the status API.
//!
//! [`Guarded`] is the [`Access`](weir_status_api::Access) of a master: it knows whose a credential is, what the
//! [`Policy`] of the configuration lets them see and do, and signs people in. A binding asks it for the status API
//! of a caller and decides nothing itself.
//!
//! # Goals
//! - What is hidden from a caller does not exist for them: it is not found, not listed, has no events, and no error,
//!   page token or number tells of it.
//! - Where nothing is hidden from a caller, calls and events pass through as they are.
//! - A decision is made when it counts: for each call and each event. What is revoked ends streams under way.
//!
//! # Non-goals
//! - No transport: cookies and headers belong to bindings.
//! - No storage: tokens are kept by the [`Credentials`](weir_status_api::Credentials) that it is given.
//! - Changes and source stamps belong to no builder; who may read anything may read them.

mod by_call;
mod catalogue;
mod command;
mod ends;
mod eyes;
mod guarded;
mod list;
mod opened;
mod policy;
mod relations;
mod secret;
mod standing;
mod throttle;
mod view;
mod watch;

pub use by_call::ByCall;
pub use guarded::{Guarded, SESSION, check_new_token, issue};
pub use policy::{Action, Audience, Limit, Policy, Role, Rule, User, matches};
pub use secret::{TOKEN_PREFIX, check_password_hash, hash_password};
