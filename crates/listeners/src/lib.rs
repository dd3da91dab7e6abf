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
mod events;
mod format;
mod function;
mod gather;
mod generate;
mod http;
mod links;
mod make;
mod options;
mod outlet;
mod people;
mod report;
mod reporter;
mod signature;
mod text;

pub use bookmarks::{FileBookmarks, OpenError};
pub use destination::{Destination, OptionError};
pub use destinations::*;
pub use events::*;
pub use format::{FormatOptions, Template, TemplateError};
pub use function::Function;
pub use generate::{FileOptions, Mode, Modes, Patterns, ReportKind, ReportOptions, Selection};
pub use http::{Answer, Http, HttpOptions, retry_after};
pub use links::Links;
pub use make::{MakeError, make_destination, make_listener};
pub use outlet::Outlet;
pub use people::{Lookup, People};
pub use report::{
    About, Attachment, BuildReport, BuildsetReport, Excerpt, Message, Occasion, Report, RequestReport,
    StepReport,
};
pub use reporter::{Reporter, ReporterError, ReporterOptions};
