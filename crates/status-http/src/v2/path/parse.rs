//! From a path to what it names.

use percent_encoding::percent_decode_str;
use weir_status_api::{
    BuildId, BuildKey, BuildRequestId, BuilderId, BuilderKey, BuildsetId, ChangeId, Key, Kind, LogId, LogKey,
    MasterId, PropertiesOf, SchedulerId, SchedulerKey, SourceStampId, StepId, StepKey, WorkerId, WorkerKey,
};

use super::{Endpoint, Scope, int};

pub(super) fn parse(path: &str) -> Option<Endpoint> {
    if path.is_empty() {
        return Some(Endpoint::Rootlinks);
    }
    let words: Vec<String> = path.split('/').map(decode).collect::<Option<_>>()?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (first, rest) = words.split_first()?;
    match rest.split_first() {
        None => top(first),
        Some((key, rest)) => below(first, key, rest),
    }
}

/// The words of a path, each decoded, joined by `/` again; none if one is not UTF-8.
pub fn decode_path(path: &str) -> Option<String> {
    let path = percent_decode_str(path).decode_utf8().ok()?;
    Some(path.into_owned())
}

fn decode(word: &str) -> Option<String> {
    let word = percent_decode_str(word).decode_utf8().ok()?;
    (!word.is_empty()).then(|| word.into_owned())
}

fn top(word: &str) -> Option<Endpoint> {
    let nothing = ["changesources", "codebases", "projects", "test_result_sets"];
    if let Some(name) = nothing.into_iter().find(|name| *name == word) {
        return Some(Endpoint::Nothing(name));
    }
    let kind = Kind::ALL.iter().find(|kind| crate::v2::plural(**kind) == word)?;
    Some(Endpoint::List(*kind, vec![]))
}

fn below(first: &str, key: &str, rest: &[&str]) -> Option<Endpoint> {
    match first {
        "masters" => master(MasterId(int(key)?), rest),
        "builders" => builder(builder_key(key), rest),
        "builds" => build(BuildKey::Id(BuildId(int(key)?)), rest),
        "buildrequests" => build_request(BuildRequestId(int(key)?), rest),
        "buildsets" => buildset(BuildsetId(int(key)?), rest),
        "sourcestamps" => source_stamp(SourceStampId(int(key)?), rest),
        "changes" => change(ChangeId(int(key)?), rest),
        "steps" => step(StepKey::Id(StepId(int(key)?)), rest),
        "logs" => log(LogKey::Id(LogId(int(key)?)), rest),
        "workers" => worker(worker_key(key), rest),
        "schedulers" if rest.is_empty() => Some(Endpoint::One(Key::Scheduler(scheduler_key(key)))),
        "forceschedulers" if rest.is_empty() => Some(Endpoint::One(Key::ForceScheduler(key.to_owned()))),
        _ => None,
    }
}

fn builder_key(word: &str) -> BuilderKey {
    int(word).map_or_else(|| word.into(), |id| BuilderId(id).into())
}

fn worker_key(word: &str) -> WorkerKey {
    int(word).map_or_else(|| word.into(), |id| WorkerId(id).into())
}

fn scheduler_key(word: &str) -> SchedulerKey {
    int(word).map_or_else(|| word.into(), |id| SchedulerId(id).into())
}

/// A list within one scope: all whose `field` is `key`.
fn list(kind: Kind, field: &'static str, key: Key) -> Option<Endpoint> {
    Some(Endpoint::List(kind, vec![Scope::Is(field, key)]))
}

fn master(id: MasterId, rest: &[&str]) -> Option<Endpoint> {
    let key = Key::Master(id);
    let here = || Scope::Is("master", key.clone());
    match rest {
        [] => Some(Endpoint::One(key)),
        ["builders"] => list(Kind::Builder, "master", key),
        ["builders", builder, rest @ ..] => {
            let builder = BuilderId(int(builder)?).into();
            match rest {
                [] => Some(Endpoint::OneWithin(Key::Builder(builder), vec![here()])),
                ["workers", rest @ ..] => workers(vec![here(), serves(builder)], rest),
                _ => None,
            }
        }
        ["workers", rest @ ..] => workers(vec![here()], rest),
        ["schedulers"] => list(Kind::Scheduler, "master", key),
        ["schedulers", scheduler] => {
            let scheduler = Key::Scheduler(scheduler_key(scheduler));
            Some(Endpoint::OneWithin(scheduler, vec![here()]))
        }
        ["changesources"] => Some(Endpoint::Nothing("changesources")),
        _ => None,
    }
}

fn serves(builder: BuilderKey) -> Scope {
    Scope::Is("builder", Key::Builder(builder))
}

fn workers(scopes: Vec<Scope>, rest: &[&str]) -> Option<Endpoint> {
    match rest {
        [] => Some(Endpoint::List(Kind::Worker, scopes)),
        [worker] => Some(Endpoint::OneWithin(Key::Worker(worker_key(worker)), scopes)),
        _ => None,
    }
}

fn builder(key: BuilderKey, rest: &[&str]) -> Option<Endpoint> {
    match rest {
        [] => Some(Endpoint::One(Key::Builder(key))),
        ["builds"] => list(Kind::Build, "builder", Key::Builder(key)),
        ["builds", number, rest @ ..] => build(BuildKey::Number(key, int(number)?), rest),
        ["buildrequests"] => list(Kind::BuildRequest, "builder", Key::Builder(key)),
        ["workers", rest @ ..] => workers(vec![serves(key)], rest),
        ["masters"] => Some(Endpoint::List(Kind::Master, vec![Scope::Has(key)])),
        ["masters", id] => {
            let master = Key::Master(MasterId(int(id)?));
            Some(Endpoint::OneWithin(master, vec![Scope::Has(key)]))
        }
        ["forceschedulers"] => Some(Endpoint::List(Kind::ForceScheduler, vec![Scope::Starts(key)])),
        ["test_result_sets"] => Some(Endpoint::Nothing("test_result_sets")),
        _ => None,
    }
}

fn build(key: BuildKey, rest: &[&str]) -> Option<Endpoint> {
    match rest {
        [] => Some(Endpoint::One(Key::Build(key))),
        ["properties"] => Some(Endpoint::Properties(PropertiesOf::Build(key))),
        ["property_list"] => Some(Endpoint::PropertyList(PropertiesOf::Build(key))),
        ["changes"] => list(Kind::Change, "build", Key::Build(key)),
        ["triggered_builds"] => list(Kind::Build, "triggered_by", Key::Build(key)),
        ["steps"] => list(Kind::Step, "build", Key::Build(key)),
        ["steps", word, rest @ ..] => match int(word) {
            Some(number) => step(StepKey::Number(key, number), rest),
            None => step(StepKey::Name(key, (*word).to_owned()), rest),
        },
        ["data"] => Some(Endpoint::Nothing("build_data")),
        ["test_result_sets"] => Some(Endpoint::Nothing("test_result_sets")),
        _ => None,
    }
}

fn step(key: StepKey, rest: &[&str]) -> Option<Endpoint> {
    match rest {
        [] => Some(Endpoint::One(Key::Step(key))),
        ["logs"] => list(Kind::Log, "step", Key::Step(key)),
        ["logs", slug, rest @ ..] => log(LogKey::Slug(key, (*slug).to_owned()), rest),
        ["test_result_sets"] => Some(Endpoint::Nothing("test_result_sets")),
        _ => None,
    }
}

fn log(key: LogKey, rest: &[&str]) -> Option<Endpoint> {
    match rest {
        [] => Some(Endpoint::One(Key::Log(key))),
        ["contents"] => Some(Endpoint::Contents(key)),
        ["raw"] => Some(Endpoint::Raw {
            log: key,
            inline: false,
        }),
        ["raw_inline"] => Some(Endpoint::Raw {
            log: key,
            inline: true,
        }),
        _ => None,
    }
}

fn build_request(id: BuildRequestId, rest: &[&str]) -> Option<Endpoint> {
    match rest {
        [] => Some(Endpoint::One(Key::BuildRequest(id))),
        ["builds"] => list(Kind::Build, "request", Key::BuildRequest(id)),
        _ => None,
    }
}

fn buildset(id: BuildsetId, rest: &[&str]) -> Option<Endpoint> {
    match rest {
        [] => Some(Endpoint::One(Key::Buildset(id))),
        ["sourcestamps"] => list(Kind::SourceStamp, "buildset", Key::Buildset(id)),
        ["properties"] => Some(Endpoint::Properties(PropertiesOf::Buildset(id))),
        ["properties_list"] => Some(Endpoint::PropertyList(PropertiesOf::Buildset(id))),
        _ => None,
    }
}

fn source_stamp(id: SourceStampId, rest: &[&str]) -> Option<Endpoint> {
    match rest {
        [] => Some(Endpoint::One(Key::SourceStamp(id))),
        ["changes"] => list(Kind::Change, "source_stamp", Key::SourceStamp(id)),
        _ => None,
    }
}

fn change(id: ChangeId, rest: &[&str]) -> Option<Endpoint> {
    match rest {
        [] => Some(Endpoint::One(Key::Change(id))),
        ["builds"] => list(Kind::Build, "change", Key::Change(id)),
        ["properties_list"] => Some(Endpoint::ChangePropertyList(id)),
        _ => None,
    }
}

fn worker(key: WorkerKey, rest: &[&str]) -> Option<Endpoint> {
    match rest {
        [] => Some(Endpoint::One(Key::Worker(key))),
        ["builders"] => list(Kind::Builder, "worker", Key::Worker(key)),
        ["builds"] => list(Kind::Build, "worker", Key::Worker(key)),
        _ => None,
    }
}
