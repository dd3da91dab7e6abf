//! What must be true at the end, whatever happened.

mod builds;
mod held;
mod listeners;
mod logs;
mod record;
mod schedulers;
mod secret;
mod steps;
mod told;
mod triggers;

pub(crate) use record::Record;
use told::Told;

use crate::site::Shared;

/// Checks all of it.
///
/// # Errors
/// What is not true.
pub(crate) fn check(record: &Record, shared: &Shared) -> Result<(), String> {
    let told = Told::by(record)?;
    told.is_read(record)?;
    builds::check(record, &told, shared)?;
    held::check(record, &told, shared)?;
    steps::check(record, &told, shared)?;
    triggers::check(&told, shared)?;
    schedulers::check(&told, shared)?;
    secret::check(record, shared)?;
    logs::check(record, &told, shared)?;
    listeners::check(record, shared)
}
