//! Whoever listens and resumes is told of every event, in order; of one only twice if they were killed in between.

use std::sync::Arc;

use weir_status_api::{Event, Verb};

use super::Record;
use crate::ledger::Heard;
use crate::site::Shared;

/// Checks what each listener heard.
pub(super) fn check(record: &Record, shared: &Shared) -> Result<(), String> {
    let ledger = shared.ledger.open();
    for (name, heard) in &ledger.listeners {
        compare(record, heard).map_err(|why| format!("the listener `{name}` {why}"))?;
    }
    Ok(())
}

fn compare(record: &Record, heard: &Heard) -> Result<(), String> {
    let mut expected = record
        .events
        .iter()
        .filter(|event| heard.filter.matching(event).is_some())
        .filter(|event| heard.place.as_ref().is_some_and(|it| event.cursor <= it.after));
    let mut last: Option<&(u32, Arc<Event>)> = None;
    for told in &heard.events {
        let (life, event) = told;
        if last.is_some_and(|(before, known)| before == life && known.cursor == event.cursor) {
            return Err(format!("heard event {} twice in one life", event.cursor));
        }
        let is_again = last.is_some_and(|(before, known)| known == event && before < life);
        if !is_again {
            match expected.next() {
                Some(next) if next == event => {}
                Some(next) => {
                    return Err(format!(
                        "heard event {} in the place of {}: {event:?} and not {next:?}",
                        event.cursor, next.cursor
                    ));
                }
                None => return Err(format!("heard {event:?}, which never was")),
            }
        }
        last = Some(told);
    }
    match expected.next() {
        Some(event) => Err(format!(
            "never heard {} {:?}: {event:?}",
            event.cursor,
            Verb::name(event.verb)
        )),
        None => Ok(()),
    }
}
