//! Queries: [`List`] as a query string, both ways.

mod parse;
mod values;
mod write;

pub use parse::{ListRequest, Selection, pairs, parse_list, parse_selection};
pub use write::{ListText, write_list, write_watch};
