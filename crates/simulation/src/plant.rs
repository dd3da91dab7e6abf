//! Faults that are planted to see that a check finds them: each at a border of the simulation, as if Weir had it.

mod store;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use weir_status_api::{Cursor, Event};
use weir_worker::Simulation;

use crate::audit::Record;
use crate::plan::{Features, LockPlan, StepPlan, WorkerPlan};

/// What is planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Plant {
    /// A listener is not told of an event.
    LostEvent,
    /// A listener is told of an event twice in one life.
    DoubledEvent,
    /// A listener is told of two events in the wrong order.
    SwappedEvents,
    /// An event is missing in the store.
    Hole,
    /// A build changes without an event.
    SilentChange,
    /// A build ends twice.
    SecondEnd,
    /// A step never ends.
    OpenStep,
    /// A request is built twice.
    SecondBuild,
    /// A command never ends, and what waits for its locks and its worker waits on.
    EndlessCommand,
    /// A lock is given more often than it can be held.
    Lock,
    /// A worker is given more builds than it may have.
    Overload,
    /// A group's limit is not kept.
    Group,
    /// A step begins before the one before it has ended.
    Order,
    /// A generated step is left out.
    LostStep,
    /// A piece of a log is lost.
    LostChunk,
    /// A log has something else than the command said.
    OtherWords,
    /// A force is carried out twice.
    DoubledForce,
    /// A change is acknowledged and not stored.
    LostChange,
    /// No scheduler builds the changes.
    Deaf,
    /// A buildset that succeeded is not followed by another.
    Unfollowed,
    /// A build triggers twice.
    DoubledTrigger,
    /// A scheduler builds more often than it should.
    Hasty,
    /// A secret is shown.
    Secret,
    /// A task panics.
    Panic,
    /// When the master dies, its disk forgets what was written in the seconds before.
    ForgetfulDisk,
}

/// At which event a listener errs.
const ERRS_AT: Cursor = Cursor(40);

/// Where the files of a forgetful disk are kept.
const REMEMBERED: &str = "remembered";

impl Plant {
    /// Has a plan have what the fault needs, and not what would hide it.
    pub(crate) fn needs(self, features: &mut Features) {
        features.kept = None;
        match self {
            Self::Secret => features.secret = Some("hush-this-is-secret".to_owned()),
            Self::Unfollowed => features.dependent = true,
            Self::DoubledTrigger => features.triggers = true,
            Self::Hasty => features.periodic = Some(10),
            Self::Lock => features.triggers = false,
            Self::Order => (features.secret, features.triggers) = (None, false),
            _ => {}
        }
    }

    /// The same of workers and locks.
    pub(crate) fn needs_of_site(self, workers: &mut [WorkerPlan], locks: &mut [LockPlan]) {
        let most = match self {
            Self::Lock => 4,
            Self::Overload => 1,
            _ => return,
        };
        workers.iter_mut().for_each(|it| it.most = most);
        locks.iter_mut().for_each(|it| it.most = 1);
    }

    /// The same of a builder.
    pub(crate) fn needs_of_builder(self, lock: &mut Option<(usize, u64)>, steps: &mut Vec<StepPlan>) {
        match self {
            Self::Lock => *lock = Some((0, 1)),
            Self::Group => {
                *steps = vec![StepPlan::Group {
                    names: vec!["c1", "c2", "c3"],
                    most: 1,
                    stops_others: false,
                }];
            }
            Self::LostStep => *steps = vec![StepPlan::Generate(vec!["g1", "g2"])],
            Self::Order => *steps = ["s0", "s1"].map(|it| StepPlan::Command(it.to_owned())).to_vec(),
            _ => {}
        }
    }

    /// The configuration by which the master goes, in the place of the one that the checks know.
    pub(crate) fn config(self, text: &str, secret: &str) -> String {
        match self {
            Self::Lock => text.replace("count = ", "count = 1"),
            Self::Overload => text.replace("max_builds = ", "max_builds = 1"),
            Self::Group => text.replace(", max = 1", ""),
            Self::Order => text
                .replace("steps = [\n", "steps = [parallel(\"all\", steps = [\n")
                .replace("\n])", "\n])])"),
            Self::LostStep => text.replace(" in words]", " in words[1:]]"),
            Self::Deaf => text.replace("tree_stable", "branches = [\"none\"], tree_stable"),
            Self::Unfollowed => {
                let lines = text.lines().filter(|it| !it.starts_with("dependent("));
                lines.map(|it| format!("{it}\n")).collect()
            }
            Self::DoubledTrigger => {
                let again = "trigger([\"triggerable\"], name = \"again\"), trigger([";
                text.replace("trigger([", again)
            }
            Self::Hasty => text.replace("interval = ", "interval = 2 + 0 * "),
            Self::Secret => text.replace("secret(\"key\")", &format!("{secret:?}")),
            _ => text.to_owned(),
        }
    }

    /// What commands do, in the place of what the checks know.
    pub(crate) fn simulation(self, simulation: Simulation) -> Simulation {
        const FOR_EVER: Duration = Duration::from_secs(1_000_000);
        match self {
            Self::OtherWords => Simulation {
                seed: simulation.seed + 1,
                ..simulation
            },
            Self::EndlessCommand => Simulation {
                duration: FOR_EVER..=FOR_EVER,
                ..simulation
            },
            _ => simulation,
        }
    }

    /// Spoils what a listener has heard, the last of which is new.
    pub(crate) fn mishear(self, heard: &mut Vec<(u32, Arc<Event>)>) {
        let Some((life, event)) = heard.last().cloned() else {
            return;
        };
        match self {
            Self::LostEvent if event.cursor == ERRS_AT => drop(heard.pop()),
            Self::DoubledEvent if event.cursor == ERRS_AT => heard.push((life, event)),
            Self::SwappedEvents if event.cursor == ERRS_AT && heard.len() > 1 => {
                let last = heard.len() - 1;
                heard.swap(last - 1, last);
            }
            _ => {}
        }
    }

    /// Looks at the master's files while it lives, to remember how they were.
    pub(crate) fn watch_disk(self, data: &Path) {
        if self == Self::ForgetfulDisk && data.is_dir() {
            store::copy(data, Path::new(REMEMBERED)).expect("the files can be copied");
        }
    }

    /// Makes the files of a master that was killed what they were when they were looked at.
    pub(crate) fn forget(self, data: &Path) {
        let remembered = Path::new(REMEMBERED);
        if self == Self::ForgetfulDisk && remembered.is_dir() {
            store::copy(remembered, data).expect("the files can be copied");
        }
    }

    /// Spoils the store of a master that has ended.
    pub(crate) fn spoil_store(self, data: &Path) -> Result<(), String> {
        store::spoil(self, data)
    }

    /// Spoils what was read of the store.
    pub(crate) fn spoil_record(self, record: &mut Record) {
        match self {
            Self::OpenStep => record.forget_end_of_step(),
            Self::SecondBuild => record.give_build_to_another_request(),
            _ => {}
        }
    }
}
