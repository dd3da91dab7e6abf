//! One seed, from its beginning to the checks at its end.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use weir_off_thread::at_once;

use crate::audit::{self, Record};
use crate::chance::Chance;
use crate::faults::Faults;
use crate::plan::Plan;
use crate::site::Site;
use crate::world::World;
use crate::{here, nature, trace};

/// How long everything may take after the faults have ended.
const PATIENCE: Duration = Duration::from_secs(2 * 60 * 60);

/// For how long nothing must happen before it is believed that nothing will.
const SILENCE: Duration = Duration::from_secs(30);

/// What a seed came to.
#[derive(Debug)]
pub(crate) struct Summary {
    /// A number for all that happened.
    pub(crate) hash: u64,
    /// How many builds there were.
    pub(crate) builds: usize,
    /// How many events.
    pub(crate) events: usize,
    /// The time that passed in the world.
    pub(crate) time: Duration,
}

/// Runs a seed in this process, in the folder, which is empty and becomes the process's own.
///
/// # Errors
/// What went wrong that must not.
pub(crate) fn run(seed: u64, folder: &Path) -> Result<Summary, String> {
    std::env::set_current_dir(folder).map_err(|error| error.to_string())?;
    nature::rule(seed);
    let disk = Rc::new(RefCell::new(Chance::new(seed, "disk")));
    let _at_once = at_once(move || {
        here::act();
        pace(&mut disk.borrow_mut())
    });
    let mut world = World::new(seed);
    let plan = Plan::new(seed);
    trace::note(format_args!("seed {seed}: {plan:#?}"));
    let trouble = plan.trouble;
    let site = Site::build(&mut world, plan);
    let mut faults = Faults::new(seed);
    // All have met when it begins.
    world.run_until(Duration::from_secs(2));
    while world.now() < trouble {
        let next = (world.now() + faults.pause()).min(trouble);
        world.run_until(next);
        faults.strike(&mut world, &site);
    }
    faults.end(&mut world, &site);
    site.shared.ledger.open().is_calm = true;
    let settled = settle(&mut world, &site);
    let time = world.now();
    world.end_all();
    let record = Record::read(&mut world, &site)?;
    settled?;
    audit::check(&record, &site.shared)?;
    for event in &record.events {
        trace::bytes(&serde_json::to_vec(&**event).unwrap_or_default());
    }
    Ok(Summary {
        hash: trace::hash(),
        builds: record.builds.len(),
        events: record.events.len(),
        time,
    })
}

/// How long work with the disk waits: mostly not at all.
fn pace(chance: &mut Chance) -> Duration {
    match chance.within(0..=199) {
        0 => chance.millis(1..=30),
        1..=5 => Duration::from_millis(1),
        _ => Duration::ZERO,
    }
}

/// Lets all go on until nothing is left to do.
fn settle(world: &mut World, site: &Site) -> Result<(), String> {
    let end = world.now() + PATIENCE;
    let mut idle_since = None;
    loop {
        if world.now() > end {
            return Err(format!(
                "after {PATIENCE:?} without faults something is still open"
            ));
        }
        world.run_until(world.now() + Duration::from_secs(1));
        let now = idle_at(site);
        match (now, idle_since) {
            (None, _) => idle_since = None,
            (Some(cursor), Some((known, since))) if cursor == known => {
                if world.now() - since >= SILENCE {
                    return Ok(());
                }
            }
            (Some(cursor), _) => idle_since = Some((cursor, world.now())),
        }
    }
}

/// The newest event, if nobody has anything to do, and everybody has heard of it.
fn idle_at(site: &Site) -> Option<weir_status_api::Cursor> {
    let ledger = site.shared.ledger.open();
    let newest = ledger.idle?;
    let has_all_changes =
        ledger.changes.values().filter(|taken| **taken).count() as u64 >= site.shared.plan.changes;
    let all_heard = ledger.listeners.values().all(|it| it.place >= Some(newest));
    (ledger.people_are_done && has_all_changes && all_heard).then_some(newest)
}
