//! What Weir says and where it panics, for the trace.

use std::fmt::{self, Write};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::trace;

static HAS_PANICKED: AtomicBool = AtomicBool::new(false);

/// From now on the trace has what Weir says, down to that level, and panics.
pub(crate) fn begin(level: Level) {
    let notes = Notes.with_filter(LevelFilter::from_level(level));
    tracing_subscriber::registry().with(notes).init();
    panic::set_hook(Box::new(|panic| {
        HAS_PANICKED.store(true, Ordering::SeqCst);
        trace::note(format_args!("PANIC {panic}"));
    }));
}

/// Whether something panicked, even where that was caught.
pub(crate) fn has_panicked() -> bool {
    HAS_PANICKED.load(Ordering::SeqCst)
}

struct Notes;

impl<S: Subscriber> Layer<S> for Notes {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut said = Said(String::new());
        event.record(&mut said);
        let data = event.metadata();
        trace::note(format_args!("{} {}:{}", data.level(), data.target(), said.0));
    }
}

struct Said(String);

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // A text takes all.
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}
