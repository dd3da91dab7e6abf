//! What templates and functions of the configuration are told of a report.

use serde_json::{Map, Value, json};
use weir_status_api::{
    Build, BuildRequest, Builder, Buildset, Change, Properties, Results, SourceStamp, Step, Timestamp, Worker,
};

use crate::gather::{GatheredBuild, went_wrong};
use crate::links::{Links, followable};
use crate::report::{BuildsetReport, Occasion, RequestReport, StepReport};

/// What happened, as templates have it.
pub(crate) fn occasion(occasion: Occasion) -> &'static str {
    match occasion {
        Occasion::BuildStarted => "build_started",
        Occasion::BuildFinished => "build_finished",
        Occasion::StepStarted => "step_started",
        Occasion::StepFinished => "step_finished",
        Occasion::BuildsetFinished => "buildset_finished",
        Occasion::RequestAdded => "request_added",
        Occasion::RequestCancelled => "request_cancelled",
        Occasion::WorkerMissing => "worker_missing",
    }
}

/// What a report is about, all of it that is known.
#[derive(Clone, Copy)]
pub(crate) enum Told<'a> {
    /// A build, or a step of it.
    Build(&'a GatheredBuild),
    /// A buildset with those of its builds that are told.
    Buildset {
        /// It.
        buildset: &'a BuildsetReport,
        /// Its builds.
        builds: &'a [GatheredBuild],
        /// Whether it is told as a whole, and not build by build.
        combined: bool,
    },
    /// A request.
    Request(&'a RequestReport),
    /// A worker.
    Worker(&'a Worker),
}

/// The context of templates; every name is in it always.
pub(crate) fn context(
    told: Told<'_>,
    happened: Occasion,
    at: Timestamp,
    links: &Links,
    title: &str,
) -> Value {
    let mut all = json!({
        "occasion": occasion(happened),
        "at": at.as_secs(),
        "title": title,
        "web_url": links.home(),
        "results": null, "previous_results": null, "url": null, "combined": false, "shortened": false,
        "build": null, "builds": [], "step": null, "buildset": null, "request": null, "worker": null,
        "blamelist": [], "owners": [], "sources": [], "properties": {}, "unbuilt": [],
    });
    let more = match told {
        Told::Build(it) => of_build(it, links),
        Told::Buildset {
            buildset,
            builds,
            combined,
        } => of_buildset(buildset, builds, combined, links),
        Told::Request(it) => json!({
            "results": name(it.request.results), "url": it.url, "request": request(it),
            "buildset": of_set(&it.buildset, links), "sources": sources(&it.buildset.source_stamps),
            "properties": properties(&it.properties),
        }),
        Told::Worker(it) => json!({ "worker": worker(it) }),
    };
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    all
}

/// The same for words that would be too many: fewer builds and people, of each the first steps that failed, and neither
/// changes nor the ends of logs.
pub(crate) fn shortened(context: &Value) -> Value {
    let mut short = context.clone();
    short["shortened"] = true.into();
    for (list, most) in [("builds", 50), ("unbuilt", 50), ("blamelist", 10), ("owners", 10)] {
        keep(&mut short[list], most);
    }
    let Value::Object(all) = &mut short else {
        return short;
    };
    if let Some(step) = all.get_mut("step").filter(|it| it.is_object()) {
        step["excerpts"] = json!([]);
    }
    for (name, value) in all {
        match (name.as_str(), value) {
            ("build", build) if build.is_object() => shorten_build(build),
            ("builds", Value::Array(builds)) => builds.iter_mut().for_each(shorten_build),
            _ => {}
        }
    }
    short
}

fn shorten_build(build: &mut Value) {
    build["changes"] = json!([]);
    for list in [
        "steps",
        "failed_steps",
        "newly_failing",
        "mended",
        "blamelist",
        "owners",
    ] {
        keep(&mut build[list], 10);
    }
    for list in ["steps", "failed_steps"] {
        for step in build[list].as_array_mut().into_iter().flatten() {
            step["excerpts"] = json!([]);
        }
    }
}

fn keep(list: &mut Value, most: usize) {
    if let Value::Array(list) = list {
        list.truncate(most);
    }
}

fn of_build(it: &GatheredBuild, links: &Links) -> Value {
    let report = &it.report;
    let told = build(it, links);
    let step = report
        .step()
        .map(|step| step_of(step, &it.previous_steps, &report.build, links));
    let of = step.as_ref().unwrap_or(&told);
    json!({
        "results": of["results"], "previous_results": of["previous_results"], "url": of["url"],
        "builds": [told], "step": step, "build": told,
        "buildset": of_set(&report.buildset, links),
        "blamelist": report.blamelist, "owners": report.owners,
        "sources": sources(&report.buildset.source_stamps), "properties": properties(&report.properties),
    })
}

fn of_buildset(it: &BuildsetReport, builds: &[GatheredBuild], combined: bool, links: &Links) -> Value {
    let people = |of: fn(&GatheredBuild) -> &Vec<String>| -> std::collections::BTreeSet<&String> {
        builds.iter().flat_map(of).collect()
    };
    json!({
        "results": name(it.buildset.results), "url": it.url, "combined": combined,
        "builds": builds.iter().map(|it| build(it, links)).collect::<Vec<_>>(),
        "unbuilt": it.unbuilt.iter().map(request).collect::<Vec<_>>(),
        "buildset": of_set(&it.buildset, links),
        "blamelist": people(|it| &it.report.blamelist), "owners": people(|it| &it.report.owners),
        "sources": sources(&it.buildset.source_stamps), "properties": properties(&it.properties),
    })
}

fn build(it: &GatheredBuild, links: &Links) -> Value {
    let report = &it.report;
    let Build {
        id,
        number,
        started_at,
        complete_at,
        results,
        state,
        ..
    } = &report.build;
    let steps: Vec<Value> = report
        .steps
        .iter()
        .map(|step| step_of(step, &it.previous_steps, &report.build, links))
        .collect();
    let did = |wanted: fn(&Step, &Step) -> bool| -> Vec<&str> {
        let before = |step: &Step| it.previous_steps.iter().find(|old| old.name == step.name);
        let steps = report.steps.iter().map(|it| &it.step);
        steps
            .filter(|step| before(step).is_some_and(|old| wanted(old, step)))
            .map(|step| step.name.as_str())
            .collect()
    };
    let newly_failing = did(|old, new| old.results.is_some() && !bad(old) && bad(new));
    let mended = did(|old, new| bad(old) && new.results.is_some_and(went_well));
    json!({
        "id": id.0, "number": number, "state": state,
        "builder": report.builder.name, "tags": report.builder.tags, "project": report.project,
        "builder_url": links.builder(report.builder.id),
        "results": name(*results),
        "previous_results": name(report.previous.as_ref().and_then(|it| it.results)),
        "previous_number": report.previous.as_ref().map(|it| it.number),
        "previous_url": report.previous.as_ref().and_then(|it| links.build(it)),
        "reason": report.buildset.reason, "worker": report.worker,
        "scheduler": report.properties.get("scheduler").map(|it| &it.value),
        "started_at": started_at.as_secs(), "complete_at": complete_at.map(Timestamp::as_secs),
        "duration": complete_at.map(|end| end.since(*started_at).as_secs()),
        "url": report.url, "properties": properties(&report.properties),
        "sources": sources(&report.buildset.source_stamps),
        "changes": report.changes.iter().map(change).collect::<Vec<_>>(),
        "failed_steps": steps.iter().zip(&report.steps)
            .filter(|(_, it)| went_wrong(it.step.results)).map(|(told, _)| told.clone()).collect::<Vec<_>>(),
        "steps": steps,
        "newly_failing": newly_failing, "mended": mended,
        "blamelist": report.blamelist, "owners": report.owners,
    })
}

fn bad(step: &Step) -> bool {
    went_wrong(step.results)
}

fn went_well(results: Results) -> bool {
    matches!(results, Results::Success | Results::Warnings)
}

fn step_of(it: &StepReport, previous: &[Step], build: &Build, links: &Links) -> Value {
    let step = &it.step;
    let before = previous.iter().find(|old| old.name == step.name);
    let duration = step
        .started_at
        .zip(step.complete_at)
        .map(|(start, end)| end.since(start));
    let log_url = |slug: &str| links.log(build, step.number, slug);
    let slug = |name: &str| it.logs.iter().find(|log| log.name == name).map(|it| &it.slug);
    let lines_url = |excerpt: &crate::report::Excerpt| {
        let first = excerpt.first_line + 1;
        let last = excerpt.first_line + i64::try_from(excerpt.text.lines().count().max(1)).unwrap_or(1);
        Some(format!("{}#L{first}-L{last}", log_url(slug(&excerpt.log)?)?))
    };
    json!({
        "name": step.name, "number": step.number, "state": step.state, "hidden": step.hidden,
        "results": name(step.results), "previous_results": name(before.and_then(|it| it.results)),
        "started_at": step.started_at.map(Timestamp::as_secs),
        "complete_at": step.complete_at.map(Timestamp::as_secs),
        "duration": duration.map(|it| it.as_secs()),
        "url": it.url,
        "urls": step.urls.iter().filter_map(|it| Some(json!({"name": it.name, "url": followable(&it.url)?})))
            .collect::<Vec<_>>(),
        "logs": it.logs.iter().map(|log| json!({
            "name": log.name, "lines": log.num_lines, "url": log_url(&log.slug),
        })).collect::<Vec<_>>(),
        "excerpts": it.excerpts.iter().map(|excerpt| json!({
            "log": excerpt.log, "first_line": excerpt.first_line + 1, "text": excerpt.text,
            "url": lines_url(excerpt),
        })).collect::<Vec<_>>(),
    })
}

fn of_set(it: &Buildset, links: &Links) -> Value {
    json!({
        "id": it.id.0, "external_id": it.external_id, "reason": it.reason, "results": name(it.results),
        "submitted_at": it.submitted_at.as_secs(), "complete_at": it.complete_at.map(Timestamp::as_secs),
        "url": links.buildset(it.id), "sources": sources(&it.source_stamps),
    })
}

fn request(it: &RequestReport) -> Value {
    let BuildRequest {
        id,
        priority,
        submitted_at,
        results,
        waited_for,
        ..
    } = &it.request;
    let Builder {
        name: builder, tags, ..
    } = &it.builder;
    json!({
        "id": id.0, "builder": builder, "tags": tags, "project": it.project, "priority": priority,
        "submitted_at": submitted_at.as_secs(), "results": name(*results), "waited_for": waited_for,
        "reason": it.buildset.reason, "url": it.url, "properties": properties(&it.properties),
        "sources": sources(&it.buildset.source_stamps),
    })
}

fn worker(it: &Worker) -> Value {
    json!({
        "name": it.name, "admin": it.info.admin, "host": it.info.host, "version": it.info.version,
        "facts": it.info.facts, "away_reason": it.away_reason,
        "last_connection": it.absence.as_ref().map(|it| it.last_connection.as_secs()),
        "notify": it.absence.as_ref().map(|it| it.notify.clone()).unwrap_or_default(),
    })
}

fn change(it: &Change) -> Value {
    json!({
        "id": it.id.0, "author": it.author, "committer": it.committer, "files": it.files,
        "comments": it.comments, "revision": it.revision, "branch": it.branch, "category": it.category,
        "revlink": it.revlink.as_deref().and_then(followable), "repository": it.repository,
        "project": it.project, "codebase": it.codebase, "when": it.when.as_secs(),
        "properties": properties(&it.properties),
    })
}

fn sources(stamps: &[SourceStamp]) -> Vec<Value> {
    let source = |it: &SourceStamp| {
        json!({
            "codebase": it.codebase, "repository": it.repository, "project": it.project, "branch": it.branch,
            "revision": it.revision, "has_patch": it.patch.is_some(),
        })
    };
    stamps.iter().map(source).collect()
}

/// The properties' values by name.
fn properties(properties: &Properties) -> Map<String, Value> {
    let value = |(name, it): (&String, &weir_status_api::Property)| (name.clone(), it.value.clone());
    properties.iter().map(value).collect()
}

fn name(results: Option<Results>) -> Option<&'static str> {
    results.map(Results::name)
}
