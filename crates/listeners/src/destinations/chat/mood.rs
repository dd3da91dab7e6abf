//! How results look: one colour and one sign for each, the same in all chats.

use weir_status_api::Results;

use crate::{Occasion, Report};

/// What a report looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mood {
    /// A colour, `0xRRGGBB`: that of the web status.
    pub(super) colour: u32,
    /// An emoji.
    pub(super) sign: &'static str,
    /// The emoji's name in chats that have names for them, without colons.
    pub(super) sign_name: &'static str,
    /// Whether somebody ought to look.
    pub(super) bad: bool,
}

const fn mood(colour: u32, sign: &'static str, sign_name: &'static str, bad: bool) -> Mood {
    Mood {
        colour,
        sign,
        sign_name,
        bad,
    }
}

/// That of results; none while it goes on.
pub(super) fn of_results(results: Option<Results>) -> Mood {
    match results {
        Some(Results::Success) => mood(0x2e_a0_43, "✅", "white_check_mark", false),
        Some(Results::Warnings) => mood(0xd2_99_22, "⚠️", "warning", false),
        Some(Results::Failure) => mood(0xcf_22_2e, "❌", "x", true),
        Some(Results::Skipped) => mood(0x8c_95_9f, "⏭️", "fast_forward", false),
        Some(Results::Exception) => mood(0x82_50_df, "💥", "boom", true),
        Some(Results::Retry) => mood(0x09_69_da, "🔁", "repeat", false),
        Some(Results::Cancelled) => mood(0xbf_39_89, "🚫", "no_entry_sign", false),
        None => mood(0x57_60_6a, "▶️", "arrow_forward", false),
    }
}

/// That of a report: by the results of what it is about.
pub(super) fn of(report: &Report) -> Mood {
    match report.occasion {
        Occasion::WorkerMissing => mood(0xcf_22_2e, "🔌", "electric_plug", true),
        _ => of_results(report.about.results()),
    }
}

impl Mood {
    /// The colour as CSS has it: `#2ea043`.
    pub(super) fn css(self) -> String {
        format!("#{:06x}", self.colour)
    }
}
