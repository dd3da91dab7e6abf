//! What a seed makes up: the configuration, the load, and what commands do.

use std::fmt::Write;
use std::time::Duration;

use weir_worker::Simulation;

use crate::chance::Chance;

/// What is built, by whom, and how much.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The seed that made it.
    pub(crate) seed: u64,
    /// The workers' names, and how many builds each may run.
    pub(crate) workers: Vec<(String, u64)>,
    /// The builders.
    pub(crate) builders: Vec<BuilderPlan>,
    /// The locks' names, and how often each can be held.
    pub(crate) locks: Vec<(String, u64)>,
    /// What the master is configured with.
    pub(crate) config: String,
    /// What the workers' commands do.
    pub(crate) simulation: Simulation,
    /// How long things go wrong and people want something.
    pub(crate) trouble: Duration,
    /// How many changes come meanwhile.
    pub(crate) changes: u64,
    /// How many builds people force meanwhile.
    pub(crate) forces: u64,
}

/// A builder.
#[derive(Clone, Debug)]
pub(crate) struct BuilderPlan {
    /// Its name.
    pub(crate) name: String,
    /// The lock that its builds hold, and how much of it.
    pub(crate) lock: Option<(usize, u64)>,
    /// The lock that its last step holds, and how much of it.
    pub(crate) step_lock: Option<(usize, u64)>,
}

impl Plan {
    /// That of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed, "plan");
        let workers = (1..=chance.within(1..=3))
            .map(|number| (format!("w{number}"), chance.within(1..=3)))
            .collect();
        let locks: Vec<_> = (1..=2)
            .map(|number| (format!("l{number}"), chance.within(1..=2)))
            .collect();
        let builders = (1..=chance.within(1..=4))
            .map(|number| BuilderPlan::new(number, &locks, &mut chance))
            .collect();
        let mut plan = Self {
            seed,
            workers,
            builders,
            locks,
            config: String::new(),
            simulation: simulation(seed, &mut chance),
            trouble: Duration::from_secs(chance.within(15..=120)),
            changes: chance.within(0..=8),
            forces: chance.within(3..=15),
        };
        plan.config = plan.config(&mut chance);
        plan
    }

    fn config(&self, chance: &mut Chance) -> String {
        let mut text = String::new();
        let grace = chance.within(5..=60);
        let collapses = if chance.once_in(2) { "True" } else { "False" };
        let _ = writeln!(
            text,
            "master(collapse_requests = {collapses}, worker_grace = {grace})"
        );
        for (name, count) in &self.locks {
            let _ = writeln!(text, "{name} = lock({name:?}, count = {count})");
        }
        for (name, most) in &self.workers {
            let _ = writeln!(text, "worker({name:?}, token = {name:?}, max_builds = {most})");
        }
        for builder in &self.builders {
            self.write_builder(builder, chance, &mut text);
        }
        let names: Vec<&str> = self.builders.iter().map(|it| it.name.as_str()).collect();
        let stable = chance.within(0..=5);
        let _ = writeln!(
            text,
            "any_branch(\"changes\", builders = {names:?}, tree_stable = {stable})"
        );
        let _ = writeln!(text, "force(\"force\", builders = {names:?})");
        text
    }

    fn write_builder(&self, builder: &BuilderPlan, chance: &mut Chance, text: &mut String) {
        let mut workers: Vec<&str> = self.workers.iter().map(|(name, _)| name.as_str()).collect();
        chance.shuffle(&mut workers);
        workers.truncate(usize::try_from(chance.within(1..=workers.len() as u64)).unwrap_or(1));
        let locks = |lock: &Option<(usize, u64)>| match lock {
            Some((lock, count)) => format!("locks = [{}.counting({count})]", self.locks[*lock].0),
            None => "locks = []".to_owned(),
        };
        let mut steps: Vec<String> = (1..chance.within(1..=3))
            .map(|number| {
                format!(
                    "shell(\"make {number}\", name = \"s{number}\", halt_on_failure = {})",
                    flag(chance)
                )
            })
            .collect();
        let last = locks(&builder.step_lock);
        steps.push(format!(
            "shell(\"make\", name = \"last\", always_run = {}, {last})",
            flag(chance)
        ));
        let _ = writeln!(
            text,
            "builder({:?}, workers = {workers:?}, {}, steps = [{}])",
            builder.name,
            locks(&builder.lock),
            steps.join(", "),
        );
    }
}

impl BuilderPlan {
    /// Builds hold the first lock and steps the second, so that no two can wait for each other.
    fn new(number: u64, locks: &[(String, u64)], chance: &mut Chance) -> Self {
        let mut one_of = |lock: usize| {
            let count = chance.within(1..=locks[lock].1);
            chance.once_in(3).then_some((lock, count))
        };
        Self {
            name: format!("b{number}"),
            lock: one_of(0),
            step_lock: one_of(1),
        }
    }
}

fn flag(chance: &mut Chance) -> &'static str {
    if chance.once_in(2) { "True" } else { "False" }
}

fn simulation(seed: u64, chance: &mut Chance) -> Simulation {
    let shortest = chance.millis(0..=500);
    let lines = *chance.pick(&[0, 5, 40, 400, 4000]);
    Simulation {
        seed,
        duration: shortest..=shortest + chance.millis(1..=8000),
        lines: 0..=lines,
        fail: f64::from(u32::try_from(chance.within(0..=3)).unwrap_or_default()) / 10.0,
    }
}
