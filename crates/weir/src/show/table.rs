//! Tables for people.

use std::fmt;

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, ContentArrangement};

use super::paint;

/// A table with a head; columns as wide as they need, or as the terminal allows.
pub(crate) struct Table(comfy_table::Table);

impl Table {
    pub(crate) fn new<const N: usize>(head: [&str; N]) -> Self {
        let mut table = comfy_table::Table::new();
        table
            .load_preset(NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_header(head.map(|it| Cell::new(paint(&it.to_uppercase(), "1"))));
        Self(table)
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.0.add_row(cells);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.trim_fmt())
    }
}
