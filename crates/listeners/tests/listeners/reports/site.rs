//! A master's status in memory: a builder with two builds, of a change, with steps and logs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::{StreamExt as _, stream};
use weir_status_api::{
    Absence, At, Build, BuildField, BuildId, BuildKey, BuildRequest, BuildRequestField, BuildRequestId,
    Builder, BuilderId, BuilderKey, Buildset, BuildsetId, Caller, Change, ChangeId, Command, Control, Cursor,
    Entity, Error, Event, EventStream, Field, Filter, Key, List, Log, LogChunk, LogField, LogHits, LogId,
    LogKey, LogKind, LogSearch, MasterId, Op, Outcome, Page, PageToken, Patch, PatchId, Properties,
    PropertiesOf, Property, Query, Read, Resource, Result, Results, Signal, SourceStamp, SourceStampId,
    Start, Step, StepField, StepId, Timestamp, TopicFilter, Url, Value, Verb, View, ViewQuery, Watch, Worker,
    WorkerId, WorkerInfo, WorkerKey,
};

/// All that the site has. Tests change it before they use it.
pub(crate) struct Site {
    pub(crate) builders: Vec<Builder>,
    pub(crate) builds: Vec<Build>,
    pub(crate) requests: Vec<BuildRequest>,
    pub(crate) buildset: Buildset,
    pub(crate) changes: Vec<Change>,
    pub(crate) steps: Vec<Step>,
    pub(crate) logs: Vec<(Log, String)>,
    pub(crate) worker: Worker,
    pub(crate) properties: Properties,
    /// How many reads there were.
    pub(crate) reads: AtomicUsize,
    pub(crate) is_away: AtomicBool,
    /// What happens there.
    pub(crate) events: Vec<Event>,
    /// Whether it says where the next page of a list begins, which a Buildbot master does not.
    pub(crate) gives_tokens: bool,
}

const BEGAN: i64 = 1_700_000_000;

pub(crate) fn build(id: i64, builder: i64, number: i64, results: Results) -> Build {
    Build {
        id: BuildId(id),
        number,
        builder: BuilderId(builder),
        request: BuildRequestId(id),
        worker: WorkerId(4),
        master: MasterId(1),
        started_at: Timestamp::from_secs(BEGAN),
        complete_at: Some(Timestamp::from_secs(BEGAN + 72)),
        locks_duration_s: 0,
        results: Some(results),
        state: "make failed".to_owned(),
        properties: Properties::new(),
    }
}

pub(crate) fn step(id: i64, build: i64, number: i64, name: &str, results: Results) -> Step {
    Step {
        id: StepId(id),
        number,
        name: name.to_owned(),
        build: BuildId(build),
        started_at: Some(Timestamp::from_secs(BEGAN)),
        locks_acquired_at: None,
        complete_at: Some(Timestamp::from_secs(BEGAN + 5)),
        results: Some(results),
        state: format!("'{name}' ended"),
        urls: vec![Url {
            name: "results".to_owned(),
            url: "javascript:alert(1)".to_owned(),
        }],
        hidden: false,
    }
}

pub(crate) fn request(id: i64, builder: i64) -> BuildRequest {
    BuildRequest {
        id: BuildRequestId(id),
        buildset: BuildsetId(9),
        builder: BuilderId(builder),
        priority: 0,
        claimed_at: None,
        claimed_by: None,
        complete_at: None,
        results: None,
        submitted_at: Timestamp::from_secs(BEGAN - 60),
        waited_for: false,
        waiting_for: None,
        properties: Properties::new(),
    }
}

fn builder(id: i64, name: &str, tags: &[&str]) -> Builder {
    Builder {
        id: BuilderId(id),
        name: name.to_owned(),
        masters: vec![MasterId(1)],
        description: None,
        description_format: None,
        project: None,
        tags: tags.iter().map(|it| (*it).to_owned()).collect(),
    }
}

fn source() -> SourceStamp {
    SourceStamp {
        id: SourceStampId(5),
        revision: Some("8a3f2c9d41e07b56".to_owned()),
        branch: Some("main".to_owned()),
        repository: "https://example.org/lib.git".to_owned(),
        project: "lib".to_owned(),
        codebase: String::new(),
        created_at: Timestamp::from_secs(BEGAN),
        patch: None,
    }
}

fn change() -> Change {
    Change {
        id: ChangeId(6),
        parents: vec![],
        author: "Ada <ada@example.org>".to_owned(),
        committer: Some("The forge <noreply@example.org>".to_owned()),
        files: vec!["src/lib.rs".to_owned()],
        comments: "Count from one\n\nas people do".to_owned(),
        revision: Some("8a3f2c9d41e07b56".to_owned()),
        branch: Some("main".to_owned()),
        category: None,
        revlink: Some("https://example.org/lib/8a3f".to_owned()),
        properties: Properties::new(),
        repository: "https://example.org/lib.git".to_owned(),
        project: "lib".to_owned(),
        codebase: String::new(),
        source_stamp: source(),
        when: Timestamp::from_secs(BEGAN - 90),
    }
}

impl Site {
    /// Build 17 of `linux` failed in its step `compile`, and build 16 before it went well but for its step `lint`.
    pub(crate) fn new() -> Self {
        let log = |id: i64, step: i64, name: &str, lines: &[&str]| {
            let log = Log {
                id: LogId(id),
                name: name.to_owned(),
                slug: name.to_owned(),
                step: StepId(step),
                complete: true,
                num_lines: i64::try_from(lines.len()).unwrap(),
                kind: LogKind::Stdio,
            };
            (log, lines.iter().map(|it| format!("{it}\n")).collect())
        };
        Self {
            builders: vec![
                builder(2, "linux", &["release", "fast"]),
                builder(3, "windows", &[]),
            ],
            builds: vec![
                build(16, 2, 16, Results::Success),
                build(17, 2, 17, Results::Failure),
                build(18, 3, 5, Results::Success),
            ],
            requests: vec![request(16, 2), request(17, 2), request(18, 3)],
            buildset: Buildset {
                id: BuildsetId(9),
                external_id: None,
                reason: "scheduler".to_owned(),
                rebuilt_build: None,
                submitted_at: Timestamp::from_secs(BEGAN - 60),
                complete_at: Some(Timestamp::from_secs(BEGAN + 80)),
                results: Some(Results::Failure),
                source_stamps: vec![source()],
                parent_build: None,
                parent_relationship: None,
            },
            changes: vec![change()],
            steps: vec![
                step(160, 16, 0, "compile", Results::Success),
                step(161, 16, 1, "lint", Results::Failure),
                step(170, 17, 0, "compile", Results::Failure),
                step(171, 17, 1, "lint", Results::Success),
                step(180, 18, 0, "compile", Results::Success),
            ],
            logs: vec![
                log(
                    70,
                    170,
                    "stdio",
                    &[
                        "hmake all",
                        "occ lib.c",
                        "elib.c:3: no ';'",
                        "omake: failed",
                        "hprogram finished with exit code 2",
                    ],
                ),
                log(71, 171, "stdio", &["olint: well"]),
            ],
            worker: Worker {
                id: WorkerId(4),
                name: "w1".to_owned(),
                configured_on: vec![],
                connected_to: vec![],
                info: WorkerInfo::default(),
                paused: false,
                pause_reason: None,
                away_reason: Some("the connection was closed".to_owned()),
                graceful: false,
                absence: Some(Absence {
                    last_connection: Timestamp::from_secs(BEGAN),
                    notify: vec!["admin@example.org".to_owned()],
                }),
            },
            properties: [
                ("branch", "main"),
                ("scheduler", "nightly"),
                ("owner", "grace@example.org"),
            ]
            .map(|(name, value)| (name.to_owned(), Property::new(value, "test")))
            .into(),
            reads: AtomicUsize::new(0),
            is_away: AtomicBool::new(false),
            events: vec![],
            gives_tokens: true,
        }
    }

    pub(crate) fn with_patch(mut self, body: &str) -> Self {
        self.buildset.source_stamps[0].patch = Some(Patch {
            id: PatchId(1),
            level: 1,
            subdir: String::new(),
            author: "bob".to_owned(),
            comment: String::new(),
            body: body.into(),
        });
        self
    }

    pub(crate) fn build(&self, id: i64) -> Build {
        self.builds.iter().find(|it| it.id.0 == id).unwrap().clone()
    }

    /// How often it was asked.
    pub(crate) fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    fn asked(&self) -> Result<()> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        match self.is_away.load(Ordering::SeqCst) {
            true => Err(Error::unavailable("the master")),
            false => Ok(()),
        }
    }
}

/// The event `cursor`, about `entity`.
pub(crate) fn event(cursor: i64, verb: Verb, entity: impl Into<Entity>) -> Event {
    Event {
        cursor: Cursor(cursor),
        at: Timestamp::from_secs(BEGAN + 73),
        verb,
        entity: entity.into(),
    }
}

fn at<T>(value: T) -> Result<At<T>> {
    Ok(At {
        value,
        cursor: Cursor(1),
    })
}

/// Those that fit, in the query's order, and no more than it wants. `value` gives the fields that reports go by. A token is
/// how many came before.
fn page<R: Resource>(
    items: &[R],
    query: &Query<R>,
    value: impl Fn(&R, R::Field) -> Option<Value>,
) -> (Vec<Entity>, Option<PageToken>) {
    query.validate().unwrap();
    let number = |value: Option<Value>| match value {
        Some(Value::Int(number)) => number,
        other => panic!("{other:?} is not compared here"),
    };
    let fits = |item: &R, filter: &Filter<R::Field>| {
        let Some(found) = value(item, filter.field) else {
            return false;
        };
        match filter.op {
            Op::Eq => filter.values.contains(&found),
            Op::Ne => !filter.values.contains(&found),
            Op::Lt => number(Some(found)) < number(filter.values.first().cloned()),
            other => panic!("{other:?} is not known here"),
        }
    };
    let mut found: Vec<&R> = items
        .iter()
        .filter(|item| query.filters.iter().all(|it| fits(item, it)))
        .collect();
    if let Some(order) = query.order.first() {
        found.sort_by_key(|item| number(value(item, order.field)));
        if order.descending {
            found.reverse();
        }
    }
    let most = usize::try_from(query.page_size()).unwrap();
    let before: usize = query.after.as_ref().map_or(0, |it| it.0.parse().unwrap());
    let before = before + usize::try_from(query.offset).unwrap();
    let next = (found.len() > before + most).then(|| PageToken((before + most).to_string()));
    let found = found.into_iter().skip(before).take(most);
    (found.map(|it| it.clone().into_entity()).collect(), next)
}

fn of_build(it: &Build, field: BuildField) -> Option<Value> {
    Some(match field {
        BuildField::Id => it.id.into(),
        BuildField::Builder => it.builder.into(),
        BuildField::Number => it.number.into(),
        BuildField::Request => it.request.into(),
        BuildField::Complete => it.complete_at.is_some().into(),
        BuildField::Results => it.results?.into(),
        other => panic!("{} is not known here", other.name()),
    })
}

fn of_step(it: &Step, field: StepField) -> Option<Value> {
    Some(match field {
        StepField::Build => it.build.into(),
        StepField::Number => it.number.into(),
        other => panic!("{} is not known here", other.name()),
    })
}

#[async_trait]
impl Read for Site {
    async fn get(&self, key: Key) -> Result<At<Entity>> {
        self.asked()?;
        let missing = || Error::not_found(&key);
        at(match &key {
            Key::Builder(BuilderKey::Id(id)) => {
                let found = self.builders.iter().find(|it| it.id == *id);
                found.ok_or_else(missing)?.clone().into()
            }
            Key::Build(BuildKey::Id(id)) => {
                let found = self.builds.iter().find(|it| it.id == *id);
                found.ok_or_else(missing)?.clone().into()
            }
            Key::BuildRequest(id) => {
                let found = self.requests.iter().find(|it| it.id == *id);
                found.ok_or_else(missing)?.clone().into()
            }
            Key::Buildset(_) => self.buildset.clone().into(),
            Key::Worker(WorkerKey::Id(_)) => self.worker.clone().into(),
            _ => return Err(missing()),
        })
    }

    async fn list(&self, list: List) -> Result<Page<Entity>> {
        self.asked()?;
        let logs: Vec<Log> = self.logs.iter().map(|it| it.0.clone()).collect();
        let (items, next) = match &list {
            List::Build(query) => page(&self.builds, query, of_build),
            List::Step(query) => page(&self.steps, query, of_step),
            List::Log(query) => page(&logs, query, |it, field| {
                (field == LogField::Step).then(|| it.step.into())
            }),
            List::BuildRequest(query) => page(&self.requests, query, |it, field| {
                (field == BuildRequestField::Buildset).then(|| it.buildset.into())
            }),
            // All builds are of all changes.
            List::Change(query) => page(&self.changes, query, |_, field| {
                let filter = query.filters.iter().find(|it| it.field == field)?;
                filter.values.first().cloned()
            }),
            other => panic!("{:?} is not listed here", other.kind()),
        };
        Ok(Page {
            items,
            cursor: Cursor(1),
            next: next.filter(|_| self.gives_tokens),
        })
    }

    async fn log_content(&self, log: LogKey, first: i64, limit: u32) -> Result<At<LogChunk>> {
        self.asked()?;
        let LogKey::Id(id) = log else {
            return Err(Error::not_found(&log));
        };
        let (_, text) = self.logs.iter().find(|it| it.0.id == id).unwrap();
        let skipped = usize::try_from(first).unwrap();
        let lines = text.split_inclusive('\n').skip(skipped);
        at(LogChunk {
            log: id,
            first_line: first,
            content: lines.take(usize::try_from(limit).unwrap()).collect(),
            times: vec![],
        })
    }

    async fn search_log(&self, log: LogKey, _: LogSearch) -> Result<At<LogHits>> {
        Err(Error::not_found(&log))
    }

    async fn properties(&self, _: PropertiesOf) -> Result<At<Properties>> {
        self.asked()?;
        at(self.properties.clone())
    }

    async fn build_data(&self, build: BuildKey, _: String) -> Result<At<Vec<u8>>> {
        Err(Error::not_found(&build))
    }

    async fn view(&self, _: ViewQuery) -> Result<At<View>> {
        Err(Error::internal("there are no views here"))
    }
}

#[async_trait]
impl Watch for Site {
    async fn watch(&self, filter: TopicFilter, start: Start) -> Result<EventStream> {
        let after = match start {
            Start::After(cursor) => cursor,
            Start::Now => Cursor(i64::MAX),
        };
        let events = self.events.iter().filter(|it| it.cursor > after);
        let wanted = events.filter(|it| filter.matching(it).is_some());
        let signals: Vec<_> = wanted.map(|it| Ok(Signal::Event(Arc::new(it.clone())))).collect();
        Ok(stream::iter(signals).chain(stream::pending()).boxed())
    }
}

#[async_trait]
impl Control for Site {
    async fn control(&self, _: &Caller, _: Command) -> Result<Outcome> {
        Err(Error::internal("nothing is controlled here"))
    }
}
