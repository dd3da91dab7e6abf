//! Queries: [`List`] as a query string, both ways.

mod parse;
mod search;
mod values;
mod view;
mod write;

pub use parse::{ListRequest, Selection, pairs, parse_list, parse_selection};
pub use search::{parse_search, write_search};
pub use view::{parse_view, view_error_to_field_names, view_error_to_json_names, write_view};
pub use write::{ListText, write_list, write_watch};
