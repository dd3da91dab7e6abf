//! Locks that could never be had, and builds that would wait for each other.

use std::collections::{BTreeMap, BTreeSet};

use encoding_rs::UTF_8;

use crate::model::{BuilderConfig, LockAccess, LockConfig, LockMode, LockScope, MasterConfig, StepConfig};
use crate::session::{Kind, Session};

/// What is wrong with an argument of `builder(…)`.
pub(crate) struct Fault {
    /// The argument.
    pub(crate) argument: &'static str,
    /// What is wrong.
    pub(crate) message: String,
    /// A way out.
    pub(crate) help: String,
}

/// The locks of the builder and of its steps that it could never have.
pub(crate) fn faults(builder: &BuilderConfig, locks: &[LockConfig]) -> Vec<Fault> {
    let lock = |access: &LockAccess| locks.iter().find(|it| it.name == access.lock);
    let mut faults = vec![];
    for access in &builder.locks {
        let Some(lock) = lock(access) else { continue };
        if builder.workers.iter().all(|it| lacks(lock, access, it).is_some()) {
            faults.push(Fault {
                argument: "locks",
                message: format!(
                    "no worker of the builder has lock '{}' {}",
                    lock.name,
                    times(access)
                ),
                help: "ask for less, or raise its count".to_owned(),
            });
        }
    }
    for step in &builder.steps {
        for access in &step.locks {
            let Some(lock) = lock(access) else { continue };
            let (step, name) = (&step.name, &lock.name);
            let fault = if builder.locks.iter().any(|it| it.lock == access.lock) {
                let message = format!("step '{step}' takes lock '{name}', which its builder holds already");
                Some((message, "take it in one of the two".to_owned()))
            } else {
                let poor = builder
                    .workers
                    .iter()
                    .find_map(|it| Some((it, lacks(lock, access, it)?)));
                poor.map(|(worker, most)| {
                    let message = format!(
                        "step '{step}' takes lock '{name}' {}, and would wait for ever on worker '{worker}', \
                         where it can be held {most} times at the most",
                        times(access)
                    );
                    (message, "ask for less, or raise its count".to_owned())
                })
            };
            faults.extend(fault.map(|(message, help)| Fault {
                argument: "steps",
                message,
                help,
            }));
        }
    }
    faults
}

/// Why the steps, which a function gave, cannot be added to builds of the builder; none if they can.
pub(crate) fn fault_of_added(
    builder: &BuilderConfig,
    steps: &[StepConfig],
    locks: &[LockConfig],
) -> Option<String> {
    // A build hides its secrets in the encodings that it knows from its beginning.
    let is_known = |step: &StepConfig| {
        let encoding = step.log.encoding();
        encoding == UTF_8 || builder.steps.iter().any(|it| it.log.encoding() == encoding)
    };
    if let Some(step) = steps.iter().find(|it| !is_known(it)) {
        return Some(format!(
            "step '{}' has the encoding {}, which no configured step of its builder has",
            step.name,
            step.log.encoding().name()
        ));
    }
    let taking = steps.iter().find(|it| !it.locks.is_empty())?;
    // Whether waits go round in a circle can be told of what is configured only.
    if !builder.locks.is_empty() {
        return Some(format!(
            "step '{}' takes locks, which steps that a function gives can do only where their builder has none",
            taking.name
        ));
    }
    let builder = BuilderConfig {
        steps: steps.to_vec(),
        ..builder.clone()
    };
    faults(&builder, locks).into_iter().next().map(|it| it.message)
}

/// How often the lock can be held on the worker, if that is too little.
fn lacks(lock: &LockConfig, access: &LockAccess, worker: &str) -> Option<u32> {
    let most = lock.count_on(worker);
    matches!(access.mode, LockMode::Counting(count) if count > most).then_some(most)
}

fn times(access: &LockAccess) -> String {
    match access.mode {
        LockMode::Exclusive => "for itself".to_owned(),
        LockMode::Counting(count) => format!("{count} times"),
    }
}

/// One lock: that of the master, or of one worker.
type Node<'c> = (&'c str, Option<&'c str>);

/// A builder holds the first lock while its step waits for the second.
struct Edge<'c> {
    builder: &'c str,
    step: &'c str,
}

/// Who may hold what while waiting for what.
type Waits<'c> = BTreeMap<Node<'c>, BTreeMap<Node<'c>, Edge<'c>>>;

/// Notes builders whose builds could wait for each other for ever: a build holds its builder's locks while its steps
/// wait for theirs, so these waits must not go round in a circle. (A step waits for all of its locks together, and
/// holds none meanwhile.)
pub(crate) fn check_circles(session: &Session) {
    let told = session.configure(|config| circle(&waits(config)));
    let Some((builder, message)) = told else {
        return;
    };
    let place = session.place_of(Kind::Builder, &builder).unwrap_or_default();
    let help = "take these locks in builder(locks = …), where a build gets all of them or none";
    session.mistake(place, format!("builder(): {message}"), Some(help.to_owned()));
}

fn waits(config: &MasterConfig) -> Waits<'_> {
    let scopes: BTreeMap<&str, LockScope> = config
        .locks
        .iter()
        .map(|it| (it.name.as_str(), it.scope))
        .collect();
    let mut waits = Waits::new();
    for builder in &config.builders {
        for held in &builder.locks {
            for step in &builder.steps {
                for wanted in &step.locks {
                    for worker in &builder.workers {
                        let node = |access: &LockAccess| -> Option<Node<'_>> {
                            let (name, scope) = scopes.get_key_value(access.lock.as_str())?;
                            Some((*name, (*scope == LockScope::Worker).then_some(worker.as_str())))
                        };
                        let (Some(from), Some(to)) = (node(held), node(wanted)) else {
                            continue;
                        };
                        let edge = Edge {
                            builder: &builder.name,
                            step: &step.name,
                        };
                        waits.entry(from).or_default().entry(to).or_insert(edge);
                    }
                }
            }
        }
    }
    waits
}

/// A builder of a circle of waits, and the circle for people.
fn circle(waits: &Waits<'_>) -> Option<(String, String)> {
    let mut done = BTreeSet::new();
    for start in waits.keys() {
        let mut path = vec![];
        if let Some(from) = walk(waits, start, &mut path, &mut done) {
            let circle = &path[from..];
            let mut parts = vec![];
            for (number, node) in circle.iter().enumerate() {
                let next = circle[(number + 1) % circle.len()];
                let edge = waits.get(node)?.get(&next)?;
                parts.push(format!(
                    "builder '{}' holds lock '{}' while its step '{}' waits for '{}'",
                    edge.builder, node.0, edge.step, next.0
                ));
            }
            let first = waits.get(circle.first()?)?.get(&circle[1 % circle.len()])?;
            let message = format!(
                "builds could wait for each other for ever: {}",
                parts.join(", and ")
            );
            return Some((first.builder.to_owned(), message));
        }
    }
    None
}

/// Follows the waits from `node` on; gives where the path's circle begins, if it comes to one. There are as many nodes
/// on a path as locks at the most.
fn walk<'c>(
    waits: &Waits<'c>,
    node: &Node<'c>,
    path: &mut Vec<Node<'c>>,
    done: &mut BTreeSet<Node<'c>>,
) -> Option<usize> {
    if let Some(at) = path.iter().position(|it| it == node) {
        return Some(at);
    }
    if !done.insert(*node) {
        return None;
    }
    path.push(*node);
    for next in waits.get(node).into_iter().flat_map(BTreeMap::keys) {
        if let Some(at) = walk(waits, next, path, done) {
            return Some(at);
        }
    }
    path.pop();
    None
}
