//! What a seed makes up: the configuration, the load, and what commands do.

mod builder;
mod text;

use std::time::Duration;

use weir_worker::Simulation;

use crate::chance::Chance;
use crate::plant::Plant;

pub(crate) use builder::{BuilderPlan, StepPlan};
pub(crate) use text::{CODEBASES, REPOSITORY};

/// What is built, by whom, and how much.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The seed that made it.
    pub(crate) seed: u64,
    /// The workers.
    pub(crate) workers: Vec<WorkerPlan>,
    /// The builders.
    pub(crate) builders: Vec<BuilderPlan>,
    /// The locks: the first is for builds and the second for steps, so that no two can wait for each other.
    pub(crate) locks: Vec<LockPlan>,
    /// What else there is.
    pub(crate) features: Features,
    /// What the master is configured with, one after the other, and from when on.
    pub(crate) configs: Vec<(Duration, String)>,
    /// What the workers' commands do.
    pub(crate) simulation: Simulation,
    /// How long things go wrong and people want something.
    pub(crate) trouble: Duration,
    /// How many changes come meanwhile.
    pub(crate) changes: u64,
    /// How many builds people force meanwhile.
    pub(crate) forces: u64,
}

/// A worker.
#[derive(Clone, Debug)]
pub(crate) struct WorkerPlan {
    /// Its name.
    pub(crate) name: String,
    /// How many builds it may run.
    pub(crate) most: u64,
    /// Whether it is for builds that others trigger, and for no others: those that wait for them do not keep it.
    pub(crate) for_triggered: bool,
}

/// A lock.
#[derive(Clone, Debug)]
pub(crate) struct LockPlan {
    /// Its name.
    pub(crate) name: String,
    /// How often it can be held, by the configuration that allows most.
    pub(crate) most: u64,
}

/// What a site has beside builders, workers, locks, changes and forces.
#[derive(Clone, Debug, Default)]
pub(crate) struct Features {
    /// Changes are of two codebases, which are built together.
    pub(crate) codebases: bool,
    /// For how long a branch must be without a change, in seconds, by the configuration that has it longest.
    pub(crate) tree_stable: u64,
    /// A scheduler `clock` builds so often, in seconds.
    pub(crate) periodic: Option<u64>,
    /// A scheduler `minutes` builds every minute; whether only if something has changed.
    pub(crate) nightly: Option<bool>,
    /// A scheduler `after` builds what the scheduler of changes has built well.
    pub(crate) dependent: bool,
    /// A builder `triggered` builds what others trigger.
    pub(crate) triggers: bool,
    /// A canceller of builds of old changes.
    pub(crate) old_builds: bool,
    /// A canceller of the rest of a buildset that fails.
    pub(crate) failing: bool,
    /// How many of the newest builds of each builder are kept, if not all.
    pub(crate) kept: Option<u64>,
    /// The configuration's functions are asked.
    pub(crate) functions: bool,
    /// A secret is used.
    pub(crate) secret: Option<String>,
}

impl Features {
    fn new(chance: &mut Chance) -> Self {
        let number = chance.number();
        Self {
            codebases: chance.once_in(4),
            tree_stable: 0,
            periodic: chance.once_in(3).then(|| chance.within(5..=25)),
            nightly: chance.once_in(4).then(|| chance.once_in(2)),
            dependent: chance.once_in(3),
            triggers: chance.once_in(3),
            old_builds: chance.once_in(4),
            failing: chance.once_in(4),
            kept: chance.once_in(4).then(|| chance.within(1..=3)),
            functions: chance.once_in(4),
            secret: chance
                .once_in(3)
                .then(|| format!("hush-{number:016x}-{:x}", !number)),
        }
    }
}

impl Plan {
    /// That of a seed; with what a planted fault needs.
    pub(crate) fn new(seed: u64, plant: Option<Plant>) -> Self {
        let mut chance = Chance::new(seed, "plan");
        let mut features = Features::new(&mut chance);
        let mut trouble = Duration::from_secs(chance.within(6..=30));
        if let Some(plant) = plant {
            plant.needs(&mut features);
            trouble = Duration::from_secs(12);
        }
        let mut workers: Vec<WorkerPlan> = (1..=chance.within(1..=3))
            .map(|number| WorkerPlan {
                name: format!("w{number}"),
                most: chance.within(1..=3),
                for_triggered: false,
            })
            .collect();
        if features.triggers {
            workers.push(WorkerPlan {
                name: "wt".to_owned(),
                most: chance.within(1..=2),
                for_triggered: true,
            });
        }
        let mut locks: Vec<_> = (1..=2)
            .map(|number| LockPlan {
                name: format!("l{number}"),
                most: chance.within(1..=2),
            })
            .collect();
        if let Some(plant) = plant {
            plant.needs_of_site(&mut workers, &mut locks);
        }
        let fewest = if plant.is_some() { 2 } else { 1 };
        let mut builders: Vec<_> = (1..=chance.within(fewest..=3))
            .map(|number| BuilderPlan::new(number, &locks, &features, plant, &mut chance))
            .collect();
        if features.triggers {
            builders.push(BuilderPlan::triggered());
        }
        let mut plan = Self {
            seed,
            workers,
            builders,
            locks,
            features,
            configs: vec![],
            simulation: simulation(seed, &mut chance),
            trouble,
            changes: chance.within(1..=4),
            forces: chance.within(2..=4),
        };
        if plant.is_some() {
            (plan.changes, plan.forces, plan.simulation.fail) = (3, 4, 0.0);
            plan.simulation.duration = Duration::from_secs(1)..=Duration::from_secs(2);
            plan.simulation.lines = 1..=5;
        }
        plan.configure(&mut chance);
        plan
    }

    /// The first configuration comes back as the last; what is in between differs in something.
    fn configure(&mut self, chance: &mut Chance) {
        let common = text::Common::new(self, chance);
        let first = text::Variant::first(self, chance);
        let mut times: Vec<Duration> = vec![];
        if chance.once_in(3) {
            let latest = u64::try_from(self.trouble.as_millis()).unwrap_or(1) + 2000;
            for _ in 0..chance.within(2..=4) {
                times.push(chance.millis(2000..=latest));
            }
        }
        times.sort();
        let mut variants: Vec<_> = times
            .iter()
            .map(|_| text::Variant::other(self, &first, chance))
            .collect();
        if let Some(last) = variants.last_mut() {
            last.clone_from(&first);
        }
        variants.insert(0, first);
        times.insert(0, Duration::ZERO);
        for variant in &variants {
            self.features.tree_stable = self.features.tree_stable.max(variant.tree_stable);
            for (lock, count) in self.locks.iter_mut().zip(&variant.counts) {
                lock.most = lock.most.max(*count);
            }
        }
        let texts = variants.iter().map(|it| text::write(self, &common, it));
        self.configs = times.into_iter().zip(texts).collect();
    }
}

fn simulation(seed: u64, chance: &mut Chance) -> Simulation {
    let shortest = chance.millis(0..=300);
    let lines = *chance.pick(&[0, 2, 2, 5, 40, 400, 3000]);
    Simulation {
        seed,
        duration: shortest..=shortest + chance.millis(1..=1200),
        lines: 0..=lines,
        fail: f64::from(u32::try_from(chance.within(0..=3)).unwrap_or_default()) / 10.0,
    }
}
