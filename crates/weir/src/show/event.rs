//! An event on one line.

use weir_status_api::{
    Entity, Event, Key, ListenerStatus, Results, StepKey, TestResultSet, Timestamp, Worker,
};

use super::names::{self, Names};
use super::{Look, plain, when};

/// The event as a line: when, its cursor, its topic, and what people want to know.
pub(crate) fn line(event: &Event, names: &Names, now: Timestamp, look: Look) -> String {
    let topic = event.topics().first().map_or(String::new(), ToString::to_string);
    format!(
        "{}  {}  {}  {}",
        look.paint(&format!("{:>9}", when(event.at, now)), "2"),
        look.paint(&format!("{:>7}", event.cursor), "2"),
        look.paint(&format!("{:<32}", plain(&topic)), "36"),
        Summary { names, look }.of(&event.entity)
    )
}

struct Summary<'a> {
    names: &'a Names,
    look: Look,
}

impl Summary<'_> {
    fn of(&self, entity: &Entity) -> String {
        match entity {
            Entity::Master(it) => plain(&it.name),
            Entity::Builder(it) => plain(&it.name) + if it.masters.is_empty() { " (removed)" } else { "" },
            Entity::Worker(it) => plain(&worker(it)),
            Entity::Scheduler(it) => plain(&it.name) + if it.enabled { "" } else { " (disabled)" },
            Entity::ForceScheduler(it) => plain(&it.name) + if it.enabled { "" } else { " (disabled)" },
            Entity::ChangeSource(it) => plain(&it.name) + if it.master.is_none() { " (removed)" } else { "" },
            Entity::Project(it) => plain(&it.name),
            Entity::Codebase(it) => plain(&it.name),
            Entity::Branch(it) => plain(&it.name),
            Entity::Commit(it) => format!("{}: {}", plain(&it.author), first_line(&it.comments)),
            Entity::Change(it) => format!("{}: {}", plain(&it.author), first_line(&it.comments)),
            Entity::SourceStamp(it) => {
                let parts = [&it.branch, &it.revision].map(|it| it.as_deref().unwrap_or("newest"));
                plain(&parts.join(" "))
            }
            Entity::Buildset(it) => self.ended(it.results, &it.reason),
            Entity::BuildRequest(it) => {
                let builder = self.name(&Key::Builder(it.builder.into()));
                let waits = it.waiting_for.as_ref().map(|it| format!("waiting for {it}"));
                self.ended(it.results, &with(&builder, &waits.unwrap_or_default()))
            }
            Entity::Build(it) => {
                let build = format!("{}/{}", self.name(&Key::Builder(it.builder.into())), it.number);
                let worker = self.name(&Key::Worker(it.worker.into()));
                self.ended(it.results, &with(&format!("{build} on {worker}"), &it.state))
            }
            Entity::Step(it) => {
                let build = self.name(&Key::Build(it.build.into()));
                self.ended(it.results, &with(&format!("{build} {}", it.name), &it.state))
            }
            Entity::Log(it) => {
                let step = self.name(&Key::Step(StepKey::Id(it.step)));
                let plural = if it.num_lines == 1 { "" } else { "s" };
                plain(&format!("{step} {}: {} line{plural}", it.name, it.num_lines))
            }
            Entity::BuildData(it) => {
                let build = self.name(&Key::Build(it.build.into()));
                plain(&format!("{build} {}: {} bytes", it.name, it.length))
            }
            Entity::TestResultSet(it) => {
                let step = self.name(&Key::Step(StepKey::Id(it.step)));
                plain(&with(&format!("{step} {}", it.category), &tests(it)))
            }
            Entity::TestResult(it) => {
                let name = it.test_name.as_deref().or(it.test_code_path.as_deref());
                plain(&with(name.unwrap_or_default(), &it.value))
            }
            Entity::Listener(it) => plain(&listener(it)),
            Entity::DeadLetter(it) => {
                let listener = self.name(&Key::Listener(it.listener.into()));
                let topic = it
                    .event
                    .topics()
                    .first()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                let again = if it.again { " (to be delivered again)" } else { "" };
                plain(&with(&format!("{listener} {topic}{again}"), &it.why))
            }
            Entity::Properties(it) => {
                let names: Vec<&str> = it.changed.keys().map(String::as_str).collect();
                plain(&with(&self.name(&Key::Build(it.build.into())), &names.join(", ")))
            }
            Entity::Control(it) => {
                let target = self.name(&names::target(it.target));
                let asked = format!("{} {target} by {}", it.action.name(), it.caller);
                plain(&with(&asked, it.reason.as_deref().unwrap_or_default()))
            }
        }
    }

    fn name(&self, key: &Key) -> String {
        self.names.of(key)
    }

    fn ended(&self, how: Option<Results>, text: &str) -> String {
        match how {
            Some(how) => format!("{} {}", self.look.results(how), plain(text)),
            None => plain(text),
        }
    }
}

/// What is said of something, if anything is.
fn with(what: &str, said: &str) -> String {
    if said.is_empty() {
        what.to_owned()
    } else {
        format!("{what}: {said}")
    }
}

/// How many tests passed and failed, as far as that is known.
fn tests(set: &TestResultSet) -> String {
    let counts = [(set.tests_passed, "passed"), (set.tests_failed, "failed")];
    let known = counts
        .into_iter()
        .filter_map(|(count, how)| count.map(|it| format!("{it} {how}")));
    known.collect::<Vec<_>>().join(", ")
}

fn worker(worker: &Worker) -> String {
    if let Some(absence) = &worker.absence
        && !absence.notify.is_empty()
    {
        return with(
            &worker.name,
            &format!("to be told: {}", absence.notify.join(", ")),
        );
    }
    let state = match (worker.graceful, worker.paused) {
        (true, _) => format!("{} (ends after its builds)", worker.name),
        (_, true) => with(
            &format!("{} (paused)", worker.name),
            worker.pause_reason.as_deref().unwrap_or_default(),
        ),
        _ => worker.name.clone(),
    };
    match &worker.away_reason {
        Some(why) => format!("{state}; away: {why}"),
        None => state,
    }
}

fn listener(listener: &ListenerStatus) -> String {
    let state = match &listener.held_by {
        Some(on) => format!("{} on {on}", listener.name),
        None => format!("{} (does not run)", listener.name),
    };
    let letters = match listener.dead_letters {
        0 => String::new(),
        1 => ", 1 dead letter".to_owned(),
        several => format!(", {several} dead letters"),
    };
    let waits = listener
        .waiting_reason
        .as_ref()
        .map(|why| format!("waiting: {why}"));
    with(&format!("{state}{letters}"), &waits.unwrap_or_default())
}

fn first_line(text: &str) -> String {
    plain(text.lines().next().unwrap_or_default())
}

#[cfg(test)]
mod tests;
