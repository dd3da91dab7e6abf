//! In which order builders are looked at (Buildbot's `prioritizeBuilders`).

use std::collections::{HashMap, HashSet};

use weir_config::{Function, MasterConfig, PrioritizeBuilders, WaitingBuilder};
use weir_status_api::BuilderId;
use weir_status_db::SetupIds;

use super::queue::Queue;
use super::rules::Book;
use super::slots::Slots;

/// Builders that a function is told of, those whose first requests are first.
const MOST_BUILDERS: usize = 1000;

/// The order in which builders are looked at, before the priority and age of their first request counts.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// The place of each builder, the first 0; one that is not in it goes last.
    ranks: HashMap<BuilderId, usize>,
    /// Who is asked for the order anew at each look.
    function: Option<Function>,
    asked: Asked,
    question: Option<OrderQuestion>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Asked {
    /// Nobody was asked since the last look.
    #[default]
    No,
    /// The answer is waited for.
    Waiting,
    /// The answer is there, for one look.
    Answered,
}

/// In which order are these builders looked at?
#[derive(Debug)]
pub(super) struct OrderQuestion {
    function: Function,
    builders: Vec<(BuilderId, WaitingBuilder)>,
}

impl OrderQuestion {
    /// Asks, and waits for the answer: the builders in their order. A function that fails is told of in the log, and gives
    /// none.
    pub(super) fn ask(self) -> Vec<BuilderId> {
        let told: Vec<_> = self.builders.iter().map(|(_, it)| it.clone()).collect();
        let names = self.function.prioritize_builders(&told).unwrap_or_else(|error| {
            tracing::error!(%error, "prioritize_builders failed; the usual rule goes on");
            vec![]
        });
        let ids: HashMap<&str, BuilderId> = self
            .builders
            .iter()
            .map(|(id, it)| (it.name.as_str(), *id))
            .collect();
        names
            .iter()
            .filter_map(|name| ids.get(name.as_str()).copied())
            .collect()
    }
}

impl Order {
    /// That of a configuration.
    pub(super) fn of(config: &MasterConfig, ids: &SetupIds) -> Self {
        let patterns = match &config.prioritize_builders {
            PrioritizeBuilders::Named(patterns) => patterns,
            PrioritizeBuilders::Chosen(function) => {
                return Self {
                    function: Some(function.clone()),
                    ..Self::default()
                };
            }
        };
        let rank = |name: &String| patterns.iter().position(|it| it.admits(name));
        Self {
            ranks: ids
                .builders
                .iter()
                .filter_map(|(name, id)| Some((*id, rank(name)?)))
                .collect(),
            ..Self::default()
        }
    }

    /// The builder's place.
    pub(super) fn rank(&self, builder: BuilderId) -> usize {
        self.ranks.get(&builder).copied().unwrap_or(usize::MAX)
    }

    /// Whether it is known for this look. If not, it is asked for, or has been.
    pub(super) fn is_known(
        &mut self,
        look: &HashSet<BuilderId>,
        queue: &Queue,
        book: &Book,
        slots: &Slots,
    ) -> bool {
        let Some(function) = &self.function else {
            return true;
        };
        match self.asked {
            Asked::Waiting => return false,
            Asked::Answered => {
                self.asked = Asked::No;
                return true;
            }
            Asked::No => {}
        }
        let mut builders: Vec<_> = look
            .iter()
            .filter_map(|id| {
                let first = queue.first_of(*id)?;
                let rules = book.rules(*id)?;
                let told = WaitingBuilder {
                    name: rules.name.clone(),
                    waiting: queue.count(*id),
                    priority: first.priority(),
                    submitted_at: first.submitted_at,
                };
                Some((first, *id, told))
            })
            .collect();
        // Nobody is to be asked where there is nothing to choose.
        if builders.len() < 2 || slots.none_is_free() {
            return true;
        }
        builders.sort_by_key(|(first, id, _)| (*first, *id));
        builders.truncate(MOST_BUILDERS);
        self.asked = Asked::Waiting;
        self.question = Some(OrderQuestion {
            function: function.clone(),
            builders: builders.into_iter().map(|(_, id, told)| (id, told)).collect(),
        });
        false
    }

    /// What is to be asked now.
    pub(super) fn question(&mut self) -> Option<OrderQuestion> {
        self.question.take()
    }

    /// Takes the answer.
    pub(super) fn take(&mut self, order: Vec<BuilderId>) {
        self.ranks.clear();
        for (rank, builder) in order.into_iter().enumerate() {
            self.ranks.entry(builder).or_insert(rank);
        }
        self.asked = Asked::Answered;
    }
}
