//! Builders and their steps.

use super::{Features, LockPlan};
use crate::chance::Chance;
use crate::plant::Plant;

/// The builder of what others trigger.
pub(super) const TRIGGERED: &str = "triggered";

/// What a group's steps are called.
const OF_GROUP: [&str; 3] = ["c1", "c2", "c3"];

/// What generated steps are called.
const GENERATED: [&str; 3] = ["g1", "g2", "g3"];

/// A builder.
#[derive(Clone, Debug)]
pub(crate) struct BuilderPlan {
    /// Its name.
    pub(crate) name: String,
    /// The lock that its builds hold, and how much of it.
    pub(crate) lock: Option<(usize, u64)>,
    /// The lock that its last step holds, and how much of it.
    pub(crate) step_lock: Option<(usize, u64)>,
    /// Its steps, in their order.
    pub(crate) steps: Vec<StepPlan>,
}

/// A step, or several.
#[derive(Clone, Debug)]
pub(crate) enum StepPlan {
    /// A command.
    Command(String),
    /// A step `secret`, whose command says the secret.
    Secret,
    /// Steps that run at the same time.
    Group {
        /// Their names.
        names: Vec<&'static str>,
        /// How many of them at most.
        most: u64,
        /// Whether one that fails ends the others.
        stops_others: bool,
    },
    /// A step `plan`, which adds some behind it.
    Generate(Vec<&'static str>),
    /// A step `trigger`.
    Trigger {
        /// Whether it waits.
        waits: bool,
    },
    /// The step `last`, which holds a lock.
    Last,
}

impl BuilderPlan {
    /// One of its own plan.
    pub(super) fn new(
        number: u64,
        locks: &[LockPlan],
        features: &Features,
        plant: Option<Plant>,
        chance: &mut Chance,
    ) -> Self {
        let mut one_of = |lock: usize| {
            let count = chance.within(1..=locks[lock].most);
            chance.once_in(3).then_some((lock, count))
        };
        let (mut lock, mut step_lock) = (one_of(0), one_of(1));
        let mut steps: Vec<StepPlan> = (0..chance.within(0..=2))
            .map(|number| StepPlan::Command(format!("s{number}")))
            .collect();
        let more = [
            features.secret.as_ref().map(|_| StepPlan::Secret),
            chance.once_in(4).then(|| StepPlan::Group {
                names: OF_GROUP.to_vec(),
                most: chance.within(1..=3),
                stops_others: chance.once_in(2),
            }),
            chance.once_in(5).then(|| {
                let count = usize::try_from(chance.within(1..=3)).unwrap_or(1);
                StepPlan::Generate(GENERATED[..count].to_vec())
            }),
            (features.triggers && (number == 1 || chance.once_in(3))).then(|| StepPlan::Trigger {
                waits: chance.once_in(2),
            }),
        ];
        for step in more.into_iter().flatten() {
            let place = chance.within(0..=steps.len() as u64);
            steps.insert(usize::try_from(place).unwrap_or(0), step);
        }
        if let Some(plant) = plant {
            plant.needs_of_builder(&mut lock, &mut steps);
        }
        steps.push(StepPlan::Last);
        // Who waits for builds must hold nothing that those need.
        if steps.iter().any(|it| matches!(it, StepPlan::Trigger { .. })) {
            (lock, step_lock) = (None, None);
        }
        Self {
            name: format!("b{number}"),
            lock,
            step_lock,
            steps,
        }
    }

    /// The one of what others trigger.
    pub(super) fn triggered() -> Self {
        Self {
            name: TRIGGERED.to_owned(),
            lock: None,
            step_lock: None,
            steps: vec![StepPlan::Last],
        }
    }

    /// How many of its step's group may run at once, if the step is of a group.
    pub(crate) fn most_at_once(&self, step: &str) -> Option<u64> {
        self.steps.iter().find_map(|it| match it {
            StepPlan::Group { names, most, .. } if names.contains(&step) => Some(*most),
            _ => None,
        })
    }

    /// The names of the steps that its step `plan` adds.
    pub(crate) fn generated(&self) -> Option<&[&'static str]> {
        self.steps.iter().find_map(|it| match it {
            StepPlan::Generate(names) => Some(names.as_slice()),
            _ => None,
        })
    }

    /// Whether its step `trigger` waits, if it has one.
    pub(crate) fn trigger_waits(&self) -> Option<bool> {
        self.steps.iter().find_map(|it| match it {
            StepPlan::Trigger { waits } => Some(*waits),
            _ => None,
        })
    }
}
