//! The configuration as its file has it.

use std::fmt::Write;

use super::builder::TRIGGERED;
use super::{BuilderPlan, Plan, StepPlan};
use crate::chance::Chance;

/// Where changes come from, if they are not of codebases.
pub(crate) const REPOSITORY: &str = "/srv/code";

/// The codebases, if there are any.
pub(crate) const CODEBASES: [&str; 2] = ["app", "lib"];

/// What all configurations of a plan have.
pub(super) struct Common {
    grace: u64,
    next_worker: &'static str,
    /// The flags of steps, as they are drawn for each builder.
    flags: Vec<Vec<bool>>,
    /// On which workers each builder builds.
    workers: Vec<Vec<String>>,
}

impl Common {
    pub(super) fn new(plan: &Plan, chance: &mut Chance) -> Self {
        let of = |builder: &BuilderPlan, chance: &mut Chance| {
            let is_triggered = builder.name == TRIGGERED;
            let mut names: Vec<String> = plan
                .workers
                .iter()
                .filter(|it| it.for_triggered == is_triggered)
                .map(|it| it.name.clone())
                .collect();
            chance.shuffle(&mut names);
            let count = chance.within(1..=names.len() as u64);
            names.truncate(usize::try_from(count).unwrap_or(1));
            names
        };
        Self {
            grace: chance.within(5..=60),
            next_worker: *chance.pick(&["first", "random", "least_busy"]),
            flags: plan
                .builders
                .iter()
                .map(|it| it.steps.iter().map(|_| chance.once_in(2)).collect())
                .collect(),
            workers: plan.builders.iter().map(|it| of(it, chance)).collect(),
        }
    }
}

/// What one configuration has that another may have otherwise.
#[derive(Clone)]
pub(super) struct Variant {
    collapses: bool,
    pub(super) tree_stable: u64,
    /// How often each lock can be held.
    pub(super) counts: Vec<u64>,
    /// A builder that is not there.
    without_builder: Option<usize>,
    /// A worker that is not there.
    without_worker: Option<usize>,
    /// Whether builders have a step more.
    has_more: bool,
    has_cancellers: bool,
}

impl Variant {
    pub(super) fn first(plan: &Plan, chance: &mut Chance) -> Self {
        Self {
            collapses: chance.once_in(2),
            tree_stable: *chance.pick(&[0, 0, 1, 3]),
            counts: plan.locks.iter().map(|it| it.most).collect(),
            without_builder: None,
            without_worker: None,
            has_more: false,
            has_cancellers: true,
        }
    }

    pub(super) fn other(plan: &Plan, first: &Self, chance: &mut Chance) -> Self {
        let mut other = first.clone();
        // One or two things differ.
        for _ in 0..chance.within(1..=2) {
            match chance.within(0..=6) {
                0 => other.collapses = !other.collapses,
                1 => other.tree_stable = chance.within(0..=3),
                2 => *chance_of(&mut other.counts, chance) += 1,
                3 => {
                    other.without_builder =
                        Some(0).filter(|_| has_two(&plan.builders, |it| it.name != TRIGGERED))
                }
                4 => {
                    other.without_worker = Some(0).filter(|_| has_two(&plan.workers, |it| !it.for_triggered))
                }
                5 => other.has_more = true,
                _ => other.has_cancellers = false,
            }
        }
        other
    }
}

fn has_two<T>(of: &[T], which: impl Fn(&T) -> bool) -> bool {
    of.iter().filter(|it| which(it)).count() > 1
}

fn chance_of<'a>(of: &'a mut [u64], chance: &mut Chance) -> &'a mut u64 {
    let place = usize::try_from(chance.within(0..=of.len() as u64 - 1)).unwrap_or(0);
    &mut of[place]
}

const fn flag(it: bool) -> &'static str {
    if it { "True" } else { "False" }
}

/// What functions there are.
const FUNCTIONS: &str = "\
def can_start(worker, request):
    return worker.name != 'w1' or request.id % 3 != 0

def newest(requests):
    return requests[-1]

def order(builders):
    return sorted(builders, key = lambda it: it.name)

";

/// Gives the steps that a command names.
const GENERATE: &str = "\
def more(step):
    words = step.stdout.split('\\n')[0].split(' ')
    return [shell('make ' + word, name = word) for word in words]

";

/// Writes a configuration.
pub(super) fn write(plan: &Plan, common: &Common, variant: &Variant) -> String {
    let mut text = String::from(GENERATE);
    text.push_str(FUNCTIONS);
    // A text takes all.
    let _ = write_master(plan, common, variant, &mut text)
        .and_then(|()| write_builders(plan, common, variant, &mut text))
        .and_then(|()| write_schedulers(plan, variant, &mut text));
    text
}

fn write_master(plan: &Plan, common: &Common, variant: &Variant, text: &mut String) -> std::fmt::Result {
    let features = &plan.features;
    let (collapses, grace) = (flag(variant.collapses), common.grace);
    write!(
        text,
        "master(collapse_requests = {collapses}, worker_grace = {grace}"
    )?;
    write!(text, ", next_worker = {:?}", common.next_worker)?;
    if features.functions {
        write!(text, ", prioritize_builders = order")?;
    }
    writeln!(text, ")")?;
    if let Some(kept) = features.kept {
        writeln!(text, "retention(builds_per_builder = {kept}, logs = \"1h\")")?;
    }
    if features.secret.is_some() {
        writeln!(text, "secrets_from_files(\"secrets\")")?;
    }
    for (lock, count) in plan.locks.iter().zip(&variant.counts) {
        let name = &lock.name;
        writeln!(text, "{name} = lock({name:?}, count = {count})")?;
    }
    for (place, worker) in plan.workers.iter().enumerate() {
        if variant.without_worker != Some(place) {
            let (name, most) = (&worker.name, worker.most);
            writeln!(text, "worker({name:?}, token = {name:?}, max_builds = {most})")?;
        }
    }
    Ok(())
}

fn write_builders(plan: &Plan, common: &Common, variant: &Variant, text: &mut String) -> std::fmt::Result {
    for (place, builder) in plan.builders.iter().enumerate() {
        if variant.without_builder == Some(place) {
            continue;
        }
        let gone = variant.without_worker.map(|it| plan.workers[it].name.as_str());
        let mut workers: Vec<&str> = common.workers[place].iter().map(String::as_str).collect();
        workers.retain(|it| Some(*it) != gone);
        if workers.is_empty() {
            let others = plan.workers.iter().filter(|it| !it.for_triggered);
            workers.extend(others.map(|it| it.name.as_str()).find(|it| Some(*it) != gone));
        }
        write!(text, "builder({:?}, workers = {workers:?}", builder.name)?;
        if let Some(held) = held(plan, builder.lock) {
            write!(text, ", locks = [{held}]")?;
        }
        if plan.features.functions {
            write!(text, ", next_build = newest")?;
            if workers.len() > 1 {
                write!(text, ", can_start_build = can_start")?;
            }
        }
        writeln!(text, ", steps = [")?;
        for (step, flag) in builder.steps.iter().zip(&common.flags[place]) {
            write_step(plan, builder, step, *flag, text)?;
        }
        if variant.has_more {
            writeln!(text, "    shell(\"make more\", name = \"more\"),")?;
        }
        writeln!(text, "])")?;
    }
    Ok(())
}

fn held(plan: &Plan, lock: Option<(usize, u64)>) -> Option<String> {
    lock.map(|(lock, count)| format!("{}.counting({count})", plan.locks[lock].name))
}

fn write_step(
    plan: &Plan,
    builder: &BuilderPlan,
    step: &StepPlan,
    is_set: bool,
    text: &mut String,
) -> std::fmt::Result {
    let is_set = flag(is_set);
    match step {
        StepPlan::Command(name) => writeln!(
            text,
            "    shell(\"make {name}\", name = {name:?}, halt_on_failure = {is_set}),"
        ),
        StepPlan::Secret => writeln!(
            text,
            "    shell([\"echo\", \"it\", \"is\", secret(\"key\")], name = \"secret\", halt_on_failure = {is_set}),"
        ),
        StepPlan::Group {
            names,
            most,
            stops_others,
        } => {
            write!(text, "    parallel(\"checks\", steps = [")?;
            for name in names {
                write!(text, "shell(\"make {name}\", name = {name:?}), ")?;
            }
            writeln!(text, "], max = {most}, stop_others = {}),", flag(*stops_others))
        }
        StepPlan::Generate(names) => {
            let names = names.join(" ");
            writeln!(
                text,
                "    generate(\"plan\", more, command = [\"echo\", {names:?}], halt_on_failure = {is_set}),"
            )
        }
        StepPlan::Trigger { waits } => writeln!(
            text,
            "    trigger([\"triggerable\"], name = \"trigger\", wait = {}, halt_on_failure = {is_set}),",
            flag(*waits)
        ),
        StepPlan::Last => {
            write!(text, "    shell(\"make\", name = \"last\", always_run = {is_set}")?;
            if let Some(held) = held(plan, builder.step_lock) {
                write!(text, ", locks = [{held}]")?;
            }
            writeln!(text, "),")
        }
    }
}

fn write_schedulers(plan: &Plan, variant: &Variant, text: &mut String) -> std::fmt::Result {
    let features = &plan.features;
    let all: Vec<&str> = plan
        .builders
        .iter()
        .enumerate()
        .filter(|(place, _)| variant.without_builder != Some(*place))
        .map(|(_, it)| it.name.as_str())
        .collect();
    let usual: Vec<&str> = all.iter().copied().filter(|it| *it != TRIGGERED).collect();
    // One that is there in every configuration.
    let one = usual.last().copied().unwrap_or(TRIGGERED);
    let codebases = match features.codebases {
        true => {
            let each = CODEBASES
                .map(|it| format!("{it:?}: {{\"repository\": \"/srv/{it}\", \"branch\": \"main\"}}"));
            format!(", codebases = {{{}}}", each.join(", "))
        }
        false => String::new(),
    };
    let stable = variant.tree_stable;
    writeln!(
        text,
        "any_branch(\"changes\", builders = {usual:?}, tree_stable = {stable}{codebases})"
    )?;
    writeln!(text, "force(\"force\", builders = {all:?}{codebases})")?;
    if let Some(interval) = features.periodic {
        writeln!(
            text,
            "periodic(\"clock\", builders = [{one:?}], interval = {interval}{codebases})"
        )?;
    }
    if let Some(only_if_changed) = features.nightly {
        let only = flag(only_if_changed);
        writeln!(
            text,
            "nightly(\"minutes\", builders = [{one:?}], cron = \"* * * * *\", only_if_changed = {only}{codebases})"
        )?;
    }
    if features.dependent {
        writeln!(
            text,
            "dependent(\"after\", builders = [{one:?}], upstream = \"changes\")"
        )?;
    }
    if features.triggers {
        writeln!(text, "triggerable(\"triggerable\", builders = [{TRIGGERED:?}])")?;
    }
    if features.old_builds && variant.has_cancellers {
        writeln!(text, "old_build_canceller(\"old\")")?;
    }
    if features.failing && variant.has_cancellers {
        writeln!(text, "failing_buildset_canceller(\"failing\")")?;
    }
    Ok(())
}
