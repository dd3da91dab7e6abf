//! One seed, from its beginning to the checks at its end.

use std::cell::RefCell;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use weir_off_thread::at_once;

use crate::audit::{self, Record};
use crate::chance::Chance;
use crate::faults::Faults;
use crate::plan::Plan;
use crate::plant::Plant;
use crate::site::{Site, data};
use crate::world::World;
use crate::{here, nature, trace};

/// How long everything may take after the faults have ended.
const PATIENCE: Duration = Duration::from_secs(20 * 60);

/// For how long nothing must happen before it is believed that nothing will.
const SILENCE: Duration = Duration::from_secs(12);

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
pub(crate) fn run(seed: u64, plant: Option<Plant>, folder: &Path) -> Result<Summary, String> {
    std::env::set_current_dir(folder).map_err(|error| error.to_string())?;
    nature::rule(seed);
    let disk = Rc::new(RefCell::new(Chance::new(seed, "disk")));
    let _at_once = at_once(move || {
        here::act();
        pace(&mut disk.borrow_mut())
    });
    let mut world = World::new(seed);
    let plan = Plan::new(seed, plant);
    trace::note(format_args!("seed {seed}"));
    trace::show_beside(format_args!("{plan:#?}"));
    for (from, text) in &plan.configs {
        trace::show_beside(format_args!("# from {from:?} on\n{text}"));
    }
    if let Some(secret) = &plan.features.secret {
        trace::forbid(secret);
        hide(secret).map_err(|error| error.to_string())?;
    }
    let trouble = plan.trouble;
    let site = Site::build(&mut world, plan, plant);
    let mut faults = Faults::new(seed, plant);
    // All have met when it begins.
    world.run_until(Duration::from_secs(2));
    while world.now() < trouble {
        let next = (world.now() + faults.pause()).min(trouble);
        world.run_until(next);
        if let Some(plant) = plant.filter(|_| world.is_running(site.master())) {
            plant.watch_disk(&data().join("data"));
        }
        faults.strike(&mut world, &site);
    }
    faults.end(&mut world, &site);
    site.shared.ledger.open().is_calm = true;
    let settled = settle(&mut world, &site);
    let time = world.now();
    world.end_all();
    if let Some(plant) = plant {
        plant.spoil_store(&data().join("data"))?;
    }
    let mut record = Record::read(&mut world, &site)?;
    if let Some(plant) = plant {
        plant.spoil_record(&mut record);
    }
    settled.map_err(|why| match record.open() {
        Some(open) => format!("{why}: {open}"),
        None => why,
    })?;
    audit::check(&record, &site.shared)?;
    Ok(Summary {
        hash: trace::hash(),
        builds: record.builds.len(),
        events: record.events.len(),
        time,
    })
}

/// Puts the secret where the master finds it.
fn hide(secret: &str) -> std::io::Result<()> {
    std::fs::create_dir("secrets")?;
    std::fs::write("secrets/key", secret)?;
    std::fs::set_permissions("secrets/key", std::fs::Permissions::from_mode(0o600))
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
    let all_heard = ledger
        .listeners
        .values()
        .all(|it| it.place.as_ref().map(|it| it.after) >= Some(newest));
    (ledger.people_are_done && has_all_changes && all_heard).then_some(newest)
}
