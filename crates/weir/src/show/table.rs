//! Tables for people.

use std::fmt;

use comfy_table::presets::NOTHING;
use comfy_table::{Attribute, Cell, Color, ContentArrangement};

use super::Look;

/// A table with a head; columns as wide as they need, or as the terminal allows.
pub(crate) struct Table(comfy_table::Table);

impl Table {
    pub(crate) fn new<const N: usize>(look: Look, head: [&str; N]) -> Self {
        let mut table = comfy_table::Table::new();
        table
            .load_preset(NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .force_no_tty()
            .set_header(head.map(|it| Cell::new(it.to_uppercase()).add_attribute(Attribute::Bold)));
        if look.colours {
            table.enforce_styling();
        }
        if let Some(width) = look.width {
            table.set_width(width);
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        Self(table)
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [Cell; N]) {
        self.0.add_row(cells);
    }
}

/// Text in a terminal colour (0 to 7).
pub(crate) fn coloured(text: impl ToString, colour: u8) -> Cell {
    Cell::new(text).fg(Color::AnsiValue(colour))
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.trim_fmt())
    }
}

/// How many columns the terminal has, if standard output is one.
pub(crate) fn width_of_stdout() -> Option<u16> {
    comfy_table::Table::new().width()
}
