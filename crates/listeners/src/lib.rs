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
pub mod bot;
mod destination;
mod destinations;
mod http;
mod outlet;
mod report;
mod webhook;

pub use bookmarks::{FileBookmarks, OpenError};
pub use destination::{Destination, OptionError};
pub use destinations::chat;
pub use http::{Answer, Http, HttpOptions, retry_after};
pub use outlet::Outlet;
pub use report::{
    About, Attachment, BuildReport, BuildsetReport, Excerpt, Message, Occasion, Report, RequestReport,
    StepReport,
};
pub use webhook::{Webhook, WebhookError, WebhookOptions};
