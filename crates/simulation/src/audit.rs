//! What must be true at the end, whatever happened.

mod builds;
mod listeners;
mod locks;
mod logs;
mod record;

pub(crate) use record::Record;

use crate::site::Shared;

/// Checks all of it.
///
/// # Errors
/// What is not true.
pub(crate) fn check(record: &Record, shared: &Shared) -> Result<(), String> {
    record.check_events()?;
    listeners::check(record, shared)?;
    builds::check(record, shared)?;
    locks::check(record, shared)?;
    logs::check(record, shared)
}
