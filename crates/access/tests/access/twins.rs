//! Two houses in which the same happened: in one, things that are hidden from most; in the other, those never were.
//! Whoever looks at the first with restricted eyes must find the second.
//!
//! Ids cannot be the same in both. They are told by their place among those of the same kind that can be listed, so
//! that one of something hidden is none.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use weir_status_api::conformance::{BuilderSetup, CodebaseSetup, NewBuildset, ProjectSetup, Setup};
use weir_status_api::*;

use crate::house::{HIDDEN, House, force, policy};

/// The house with the hidden things, and the one without.
pub(crate) async fn twins() -> (House, House) {
    (tell(true).await, tell(false).await)
}

/// Builders, with their projects.
const BUILDERS: [(&str, Option<&str>); 6] = [
    ("open-1", Some("shared")),
    ("secret-1", Some("shared")),
    ("open-2", None),
    ("secret-2", Some("secret")),
    ("open-3", Some("fading")),
    ("secret-3", Some("fading")),
];

/// What the reason of each buildset begins with of which some builders are hidden.
pub(crate) const OF_BOTH: &str = "for both:";

/// Buildsets of which some builders are hidden: which builders end, in this order, and how; none if the build goes on.
const MIXED: [&[(&str, Option<Results>)]; 6] = [
    &[
        ("open-1", Some(Results::Success)),
        ("secret-1", Some(Results::Failure)),
    ],
    &[
        ("secret-1", Some(Results::Exception)),
        ("open-1", Some(Results::Warnings)),
    ],
    &[("open-1", Some(Results::Failure)), ("secret-1", None)],
    &[("secret-2", Some(Results::Failure)), ("open-2", None)],
    &[
        ("open-2", Some(Results::Success)),
        ("secret-1", Some(Results::Cancelled)),
        ("open-1", Some(Results::Failure)),
        ("secret-2", Some(Results::Success)),
    ],
    &[
        ("open-1", Some(Results::Success)),
        ("secret-1", None),
        ("open-2", None),
    ],
];

fn setup(hidden: bool, without: &[&str]) -> Setup {
    let told = |name: &str| (hidden || !name.contains(HIDDEN)) && !without.contains(&name);
    let projects = ["secret", "shared", "empty", "fading"];
    let builders = BUILDERS.iter().filter(|(name, _)| told(name));
    Setup {
        builders: builders
            .map(|(name, project)| BuilderSetup {
                name: (*name).to_owned(),
                project: project.map(str::to_owned),
                tags: vec!["all".to_owned(), format!("tag-of-{name}")],
                workers: vec!["w".to_owned(), format!("w-{}", &name[name.len() - 1..])],
                ..BuilderSetup::default()
            })
            .collect(),
        workers: ["w", "w-1", "w-2", "w-3"].map(str::to_owned).to_vec(),
        schedulers: ["all", "both"].map(str::to_owned).to_vec(),
        force_schedulers: match hidden {
            true => vec![
                force("both", &["open-1", "secret-1"]),
                force("secret-force", &["secret-2"]),
            ],
            false => vec![force("both", &["open-1"])],
        },
        projects: projects
            .iter()
            .filter(|it| told(it))
            .map(|slug| ProjectSetup {
                name: format!("Project {slug}"),
                slug: (*slug).to_owned(),
                ..ProjectSetup::default()
            })
            .collect(),
        codebases: projects
            .iter()
            .filter(|it| told(it))
            .map(|project| CodebaseSetup {
                project: (*project).to_owned(),
                name: format!("Source of {project}"),
                slug: "main".to_owned(),
            })
            .collect(),
        change_sources: vec!["poller".to_owned()],
    }
}

/// A house in which everything happened, what is hidden only if `hidden`.
async fn tell(hidden: bool) -> House {
    let mut house = House::with(policy(), setup(hidden, &[])).await;
    house.connect("w").await;
    let told = |name: &str| hidden || !name.contains(HIDDEN);
    for project in ["secret", "shared", "empty"] {
        if told(project) {
            house.commits(project).await;
        }
        house.tick();
    }
    let change = house.change("r1").await;
    for round in 0..3 {
        for builder in ["secret-1", "open-1", "secret-2", "open-2", "secret-3", "open-3"] {
            if told(builder) {
                house.build(builder, change, round == 0).await;
            }
            house.tick();
        }
    }
    for ends in MIXED {
        house.mixed(ends, hidden).await;
    }
    // One of a project stays configured that nobody sees.
    house.ids = house.writer().configure(setup(hidden, &["open-3"])).await;
    // Something hidden has the only worker that is connected, while others wait.
    if hidden {
        house.wait("secret-1", change).await;
        let (_, requests) = house.wait("secret-2", change).await;
        let request = requests.into_values().next().unwrap();
        assert!(house.writer().claim(request).await);
        let worker = house.ids.workers["w"];
        house
            .writer()
            .start_build(request, worker, Properties::new())
            .await;
    }
    house.tick();
    house.wait("open-2", change).await;
    house
}

impl House {
    fn tick(&self) {
        self.clock().advance(Duration::from_secs(1));
    }

    async fn connect(&self, worker: &str) {
        let worker = self.ids.workers[worker];
        self.writer().connect_worker(worker, WorkerInfo::default()).await;
    }

    async fn commits(&self, project: &str) {
        let codebase = self.ids.codebases[&(project.to_owned(), "main".to_owned())];
        let mut parent = None;
        for number in 1..=3 {
            let commit = Commit {
                id: CommitId(0),
                codebase,
                author: format!("author of {project}"),
                committer: None,
                comments: format!("{project} {number}"),
                when: self.now(),
                revision: format!("{project}-{number}"),
                parent,
            };
            parent = Some(self.writer().add_commit(commit).await);
        }
        self.writer().move_branch(codebase, "main", parent).await;
    }

    async fn change(&self, revision: &str) -> ChangeId {
        let stamp = SourceStamp {
            revision: Some(revision.to_owned()),
            ..source()
        };
        let change = Change {
            id: ChangeId(0),
            parents: vec![],
            author: "ada".to_owned(),
            committer: None,
            files: vec![],
            comments: "a change".to_owned(),
            revision: stamp.revision.clone(),
            branch: None,
            category: None,
            revlink: None,
            properties: Properties::new(),
            repository: String::new(),
            project: String::new(),
            codebase: String::new(),
            source_stamp: stamp,
            when: self.now(),
        };
        self.writer().add_change(change).await
    }

    async fn wait(
        &self,
        builder: &str,
        change: ChangeId,
    ) -> (BuildsetId, BTreeMap<BuilderId, BuildRequestId>) {
        let new = NewBuildset {
            reason: format!("for {builder}"),
            builders: vec![self.ids.builders[builder]],
            changes: vec![change],
            sources: vec![SourceStamp {
                revision: Some("r1".to_owned()),
                ..source()
            }],
            ..NewBuildset::default()
        };
        self.writer().add_buildset(new).await
    }

    /// A buildset of which hidden builders end with others, if there are any.
    async fn mixed(&self, ends: &[(&str, Option<Results>)], hidden: bool) {
        let writer = self.writer();
        let told = |name: &str| hidden || !name.contains(HIDDEN);
        let names: Vec<&str> = ends.iter().map(|(name, _)| *name).collect();
        let open: Vec<&str> = names.iter().copied().filter(|it| !it.contains(HIDDEN)).collect();
        let new = NewBuildset {
            reason: format!("{OF_BOTH} {open:?}"),
            builders: names
                .iter()
                .filter(|it| told(it))
                .map(|it| self.ids.builders[*it])
                .collect(),
            sources: vec![source()],
            ..NewBuildset::default()
        };
        let (_, requests) = writer.add_buildset(new).await;
        for (name, results) in ends {
            if told(name) {
                let request = requests[&self.ids.builders[*name]];
                assert!(writer.claim(request).await);
                let worker = self.ids.workers["w"];
                let (build, _) = writer.start_build(request, worker, Properties::new()).await;
                if let Some(results) = results {
                    writer
                        .finish_build(build, *results, &format!("{name} ended"))
                        .await;
                }
            }
            self.tick();
        }
    }

    /// A whole build with all that one leaves behind; one that fails if it is the `first`.
    async fn build(&self, builder: &str, change: ChangeId, first: bool) {
        let writer = self.writer();
        let (_, requests) = self.wait(builder, change).await;
        let request = requests.into_values().next().unwrap();
        assert!(writer.claim(request).await);
        let properties = Properties::from([(format!("of-{builder}"), Property::new(builder, "Builder"))]);
        let worker = self.ids.workers["w"];
        let (build, _) = writer.start_build(request, worker, properties.clone()).await;
        writer.set_properties(build, properties).await;
        let step = writer.add_step(build, &format!("step-of-{builder}")).await;
        writer.start_step(step).await;
        let log = writer
            .add_log(step, &format!("log-of-{builder}"), LogKind::Stdio)
            .await;
        writer.append_log(log, &format!("oline of {builder}\n")).await;
        let data = format!("data of {builder}").into_bytes();
        writer
            .set_build_data(build, &format!("data-of-{builder}"), data, builder)
            .await;
        let set = writer
            .add_test_result_set(step, Some(builder.to_owned()), "pass_fail", "boolean")
            .await;
        writer
            .add_test_results(set, vec![result(builder, "1"), result(builder, "0")])
            .await;
        writer.finish_test_result_set(set, Some(1), Some(1)).await;
        let results = if first { Results::Failure } else { Results::Success };
        writer
            .finish_step(step, results, &format!("{builder} did it"), false)
            .await;
        writer
            .finish_build(build, results, &format!("{builder} ended"))
            .await;
    }
}

fn result(builder: &str, value: &str) -> TestResult {
    TestResult {
        id: TestResultId(0),
        builder: BuilderId(0),
        set: TestResultSetId(0),
        test_name: Some(format!("test of {builder}")),
        test_code_path: None,
        line: None,
        duration_ns: None,
        value: value.to_owned(),
    }
}

fn source() -> SourceStamp {
    SourceStamp {
        id: SourceStampId(0),
        revision: None,
        branch: None,
        repository: String::new(),
        project: String::new(),
        codebase: String::new(),
        created_at: Timestamp::default(),
        patch: None,
    }
}

/// All rows of `kind` that the API gives.
pub(crate) async fn rows(api: &dyn StatusApi, kind: Kind) -> Vec<Entity> {
    let mut parts = ListParts::new(kind);
    parts.limit = Some(MAX_LIMIT);
    parts.properties = vec!["*".to_owned()];
    api.list(List::from_parts(parts).unwrap()).await.unwrap().items
}

/// The ids that somebody can know, and how they are told.
pub(crate) struct Ids(BTreeMap<Kind, Vec<i64>>);

impl Ids {
    pub(crate) async fn of(api: &Arc<dyn StatusApi>) -> Self {
        let mut ids = BTreeMap::new();
        for kind in Kind::ALL {
            let rows = rows(&**api, *kind).await;
            ids.insert(*kind, rows.iter().filter_map(id).collect());
        }
        Self(ids)
    }

    /// The id of the place, if there is such a place.
    pub(crate) fn at(&self, kind: Kind, place: usize) -> Option<i64> {
        self.0[&kind].get(place).copied()
    }

    /// The ids of that kind.
    pub(crate) fn all(&self, kind: Kind) -> &[i64] {
        &self.0[&kind]
    }

    /// `entity` with places for ids.
    pub(crate) fn tell(&self, entity: &Entity) -> Value {
        let Value::Object(variant) = serde_json::to_value(entity).unwrap() else {
            panic!("an entity is an object");
        };
        let (_, mut told) = variant.into_iter().next().unwrap();
        self.replace(entity.kind(), None, &mut told);
        told
    }

    fn tell_all<R: Clone + Into<Entity>>(&self, rows: &[R]) -> Vec<Value> {
        rows.iter().map(|row| self.tell(&row.clone().into())).collect()
    }

    fn place(&self, kind: Kind, id: i64) -> Value {
        match self.0[&kind].iter().position(|it| *it == id) {
            Some(place) => json!(format!("{kind:?} at {place}")),
            None => json!(format!("hidden {kind:?} {id}")),
        }
    }

    fn replace(&self, owner: Option<Kind>, of: Option<Kind>, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let owner = if name == "source_stamp" {
                        Some(Kind::SourceStamp)
                    } else {
                        owner
                    };
                    self.replace(owner, kind_of(owner, name), value);
                }
            }
            Value::Array(values) if of == Some(Kind::SourceStamp) => {
                values.iter_mut().for_each(|it| self.replace(of, None, it));
            }
            Value::Array(values) => values.iter_mut().for_each(|it| self.replace(owner, of, it)),
            Value::Number(id) => {
                if let (Some(kind), Some(id)) = (of, id.as_i64()) {
                    *value = self.place(kind, id);
                }
            }
            _ => {}
        }
    }

    /// The view with places for ids.
    pub(crate) fn tell_view(&self, view: &View) -> Value {
        match view {
            View::Home(it) => json!({
                "builders": self.tell_all(&it.builders),
                "workers": self.tell_all(&it.workers),
                "running": it.running.iter().map(|it| json!({
                    "build": self.tell(&it.build.clone().into()),
                    "step": it.step.clone().map(|it| self.tell(&it.into())),
                })).collect::<Vec<_>>(),
                "waiting": it.waiting.iter().map(|it| json!({
                    "request": self.tell(&it.request.clone().into()),
                    "why": it.why.name(),
                })).collect::<Vec<_>>(),
                "recent": self.tell_all(&it.recent),
                "broken": it.broken.iter().map(|it| json!({
                    "builder": self.place(Kind::Builder, it.builder.0),
                    "last": self.tell_cell(&it.last),
                    "since": self.tell_cell(&it.since),
                    "last_good": it.last_good.map(|it| self.place(Kind::Build, it.0)),
                })).collect::<Vec<_>>(),
            }),
            View::Waterfall(it) => json!({
                "builders": self.tell_all(&it.builders),
                "builds": self.tell_all(&it.builds),
                "steps": self.tell_all(&it.steps),
                "changes": self.tell_all(&it.changes),
                "complete_from": it.complete_from,
            }),
            View::Grid(it) => json!({
                "builders": self.tell_all(&it.builders),
                "revisions": it.revisions.iter().map(|it| json!({
                    "source_stamps": self.tell_all(&it.source_stamps),
                    "submitted_at": it.submitted_at,
                })).collect::<Vec<_>>(),
                "cells": it.cells.iter().map(|it| self.tell_cells(it)).collect::<Vec<_>>(),
            }),
            View::Console(it) => json!({
                "builders": self.tell_all(&it.builders),
                "changes": self.tell_all(&it.changes),
                "cells": it.cells.iter().map(|it| self.tell_cells(it)).collect::<Vec<_>>(),
            }),
            View::CommitGraph(it) => {
                let way = |way: &[CommitId]| {
                    way.iter()
                        .map(|it| self.place(Kind::Commit, it.0))
                        .collect::<Vec<_>>()
                };
                json!({
                    "common": it.common.clone().map(|it| self.tell(&it.into())),
                    "to_first": way(&it.to_first),
                    "to_second": way(&it.to_second),
                })
            }
            other => panic!("nobody knows what {other:?} may tell"),
        }
    }

    fn tell_cell(&self, cell: &BuildCell) -> Value {
        let mut told = serde_json::to_value(cell).unwrap();
        self.replace(Some(Kind::Build), None, &mut told);
        told
    }

    fn tell_cells(&self, cell: &Cell) -> Value {
        json!({
            "row": cell.row,
            "builder": self.place(Kind::Builder, cell.builder.0),
            "builds": cell.builds.iter().map(|it| self.tell_cell(it)).collect::<Vec<_>>(),
            "waiting": cell.waiting.iter().map(|it| self.place(Kind::BuildRequest, it.0)).collect::<Vec<_>>(),
        })
    }
}

/// The id that names the row; none where a name does.
fn id(row: &Entity) -> Option<i64> {
    let Value::Object(variant) = serde_json::to_value(row).unwrap() else {
        return None;
    };
    variant.values().next()?.get("id")?.as_i64()
}

/// Of which kind the ids are that a resource has in the field.
fn kind_of(owner: Option<Kind>, field: &str) -> Option<Kind> {
    Some(match field {
        "id" => return owner,
        "builder" => Kind::Builder,
        "build" | "parent_build" | "rebuilt_build" | "Build" => Kind::Build,
        "request" | "BuildRequest" => Kind::BuildRequest,
        "buildset" => Kind::Buildset,
        "worker" | "Worker" => Kind::Worker,
        "master" | "masters" | "claimed_by" | "connected_to" => Kind::Master,
        "step" => Kind::Step,
        "project" => Kind::Project,
        "codebase" => Kind::Codebase,
        "commit" | "parent" => Kind::Commit,
        "parents" => Kind::Change,
        "set" => Kind::TestResultSet,
        "source_stamps" => Kind::SourceStamp,
        _ => return None,
    })
}
