//! Views: flat lists of resources in their usual form, which refer to each other by ids, and compact cells.

use std::collections::BTreeMap;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;
use weir_status_api::{
    BrokenBuilder, Build, BuildCell, BuildId, BuildRequestId, BuilderId, Cell, CommitGraph, CommitId,
    Console, Grid, GridRevision, Home, Kind, Results, RunningBuild, Step, Timestamp, View, ViewQuery,
    WaitReason, WaitingRequest, Waterfall,
};

use super::object::Item;
use super::{Fields, Form, FormError, Object};
use crate::v2::ViewName;
use crate::v2::columns::Shape;

/// The view as JSON.
pub fn view_object(view: &View) -> Object<'_> {
    match view {
        View::Home(it) => it.object(),
        View::Waterfall(it) => it.object(),
        View::Grid(it) => it.object(),
        View::Console(it) => it.object(),
        View::CommitGraph(it) => it.object(),
        // The status API may come to have views that this version has no form for.
        _ => Object::new(),
    }
}

/// The view that answers `query`, from its JSON.
///
/// # Errors
/// [`FormError`] if a field is missing or not of its type.
pub fn view_from_json(query: &ViewQuery, value: &Value) -> Result<View, FormError> {
    match query {
        ViewQuery::Home(_) => Home::from_json(value).map(View::Home),
        ViewQuery::Waterfall(_) => Waterfall::from_json(value).map(View::Waterfall),
        ViewQuery::Grid(_) => Grid::from_json(value).map(View::Grid),
        ViewQuery::Console(_) => Console::from_json(value).map(View::Console),
        ViewQuery::CommitGraph(_) => CommitGraph::from_json(value).map(View::CommitGraph),
        _ => Err(FormError {
            kind: "view",
            field: "everything".to_owned(),
            expected: "of a kind that this version knows",
        }),
    }
}

fn objects<T: Form>(items: &[T]) -> Vec<Object<'_>> {
    items.iter().map(Form::object).collect()
}

impl Form for Home {
    /// The steps that run are those of the builds that run, by `buildid`, and so is when these are expected to end;
    /// `reasons` tells why each of `waiting`
    /// waits, in the same order.
    fn object(&self) -> Object<'_> {
        let running = self.running.iter();
        let steps = running.clone().filter_map(|it| it.step.as_ref());
        let expected = running.clone().filter_map(|it| {
            let ends = Object::new().set("buildid", it.build.id.0);
            Some(ends.time("end_at", it.expected_end_at?).done())
        });
        let waiting = self.waiting.iter();
        let reasons = waiting.clone().map(|it| Value::from(it.why.name()));
        Object::new()
            .set("builders", objects(&self.builders))
            .set("workers", objects(&self.workers))
            .set("running", running.map(|it| it.build.object()).collect::<Vec<_>>())
            .set("steps", steps.map(Form::object).collect::<Vec<_>>())
            .set("expected", expected.collect::<Vec<_>>())
            .set(
                "waiting",
                waiting.map(|it| it.request.object()).collect::<Vec<_>>(),
            )
            .set("reasons", reasons.collect::<Vec<_>>())
            .set("recent", objects(&self.recent))
            .set("broken", objects(&self.broken))
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("home", value)?;
        let steps: Vec<Step> = fields.resources("steps")?;
        let mut steps: BTreeMap<BuildId, Step> = steps.into_iter().map(|step| (step.build, step)).collect();
        let expected = fields.objects("expected", |it| {
            Ok((BuildId(it.int("buildid")?), it.time("end_at")?))
        })?;
        let expected: BTreeMap<BuildId, Timestamp> = expected.into_iter().collect();
        let running = fields.resources("running")?.into_iter();
        let running = running.map(|build: Build| RunningBuild {
            step: steps.remove(&build.id),
            expected_end_at: expected.get(&build.id).copied(),
            build,
        });
        Ok(Self {
            builders: fields.resources("builders")?,
            workers: fields.resources("workers")?,
            running: running.collect(),
            waiting: waiting(&fields)?,
            recent: fields.resources("recent")?,
            broken: fields.resources("broken")?,
        })
    }
}

fn waiting(fields: &Fields<'_>) -> Result<Vec<WaitingRequest>, FormError> {
    let requests = fields.resources("waiting")?;
    let reasons = fields.texts("reasons")?;
    if requests.len() != reasons.len() {
        return Err(fields.bad("reasons", "as long as `waiting`"));
    }
    let both = requests.into_iter().zip(reasons);
    both.map(|(request, reason)| {
        let why = WaitReason::from_name(&reason)
            .ok_or_else(|| fields.bad("reasons", "a list of reasons that this version knows"))?;
        Ok(WaitingRequest { request, why })
    })
    .collect()
}

impl Form for BrokenBuilder {
    fn object(&self) -> Object<'_> {
        Object::new()
            .set("builderid", self.builder.0)
            .set("last", Item::Cell(&self.last))
            .set("since", Item::Cell(&self.since))
            .set("last_good_buildid", self.last_good.map(|id| id.0))
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("broken builder", value)?;
        let cell = |name: &str| {
            let cell = build_cell(fields.value(name));
            cell.ok_or_else(|| fields.bad(name, BUILD_CELL))
        };
        Ok(Self {
            builder: BuilderId(fields.int("builderid")?),
            last: cell("last")?,
            since: cell("since")?,
            last_good: fields.maybe_int("last_good_buildid")?.map(BuildId),
        })
    }
}

impl Form for Waterfall {
    fn object(&self) -> Object<'_> {
        Object::new()
            .set("builders", objects(&self.builders))
            .set("builds", objects(&self.builds))
            .set("steps", objects(&self.steps))
            .set("changes", objects(&self.changes))
            .time("complete_from", self.complete_from)
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("waterfall", value)?;
        Ok(Self {
            builders: fields.resources("builders")?,
            builds: fields.resources("builds")?,
            steps: fields.resources("steps")?,
            changes: fields.resources("changes")?,
            complete_from: fields.time("complete_from")?,
        })
    }
}

impl Form for Grid {
    fn object(&self) -> Object<'_> {
        Object::new()
            .set("builders", objects(&self.builders))
            .set("revisions", objects(&self.revisions))
            .set("cells", Item::Cells(&self.cells))
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("grid", value)?;
        Ok(Self {
            builders: fields.resources("builders")?,
            revisions: fields.resources("revisions")?,
            cells: cells(&fields)?,
        })
    }
}

impl Form for GridRevision {
    fn object(&self) -> Object<'_> {
        Object::new()
            .set("sourcestamps", objects(&self.source_stamps))
            .time("submitted_at", self.submitted_at)
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("revision", value)?;
        Ok(Self {
            source_stamps: fields.resources("sourcestamps")?,
            submitted_at: fields.time("submitted_at")?,
        })
    }
}

impl Form for Console {
    fn object(&self) -> Object<'_> {
        Object::new()
            .set("builders", objects(&self.builders))
            .set("changes", objects(&self.changes))
            .set("cells", Item::Cells(&self.cells))
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("console", value)?;
        Ok(Self {
            builders: fields.resources("builders")?,
            changes: fields.resources("changes")?,
            cells: cells(&fields)?,
        })
    }
}

impl Form for CommitGraph {
    /// Buildbot's three fields, and the common commit as a whole beside its id.
    fn object(&self) -> Object<'_> {
        let ids = |ids: &[CommitId]| ids.iter().map(|id| id.0).collect::<Vec<_>>();
        Object::new()
            .set("common", self.common.as_ref().map(|it| it.id.0))
            .set("common_commit", self.common.as_ref().map(Form::object))
            .set("to1", ids(&self.to_first))
            .set("to2", ids(&self.to_second))
            .done()
    }

    /// A Buildbot master tells the id of the common commit only; it is none here then.
    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("commit_graph", value)?;
        let common = match fields.value("common_commit") {
            Value::Null => None,
            commit => Some(Form::from_json(commit)?),
        };
        let ids = |name: &str| Ok(fields.ints(name)?.into_iter().map(CommitId).collect());
        Ok(Self {
            common,
            to_first: ids("to1")?,
            to_second: ids("to2")?,
        })
    }
}

/// The id of the common commit in the object of a graph.
pub fn common_commit(graph: &Value) -> Option<i64> {
    graph.get("common")?.as_i64()
}

/// What a build is within a cell; times are microseconds.
const BUILD_CELL: &str = "a list of a build's id, number, beginning, end or null, and results or null";

/// Writes a build of a cell: `[buildid, number, started_at_us, complete_at_us, results]`.
pub(super) fn write_build_cell<S: Serializer>(cell: &BuildCell, serializer: S) -> Result<S::Ok, S::Error> {
    let BuildCell {
        id,
        number,
        started_at,
        complete_at,
        results,
    } = cell;
    let complete_at = complete_at.map(Timestamp::as_micros);
    let results = results.map(Results::code);
    (id.0, number, started_at.as_micros(), complete_at, results).serialize(serializer)
}

/// Writes the cells; `waiting` is left out of those in which nothing waits.
pub(super) fn write_cells<S: Serializer>(cells: &[Cell], serializer: S) -> Result<S::Ok, S::Error> {
    struct One<'a>(&'a Cell);
    impl Serialize for One<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let Cell {
                row,
                builder,
                builds,
                waiting,
            } = self.0;
            let mut map = serializer.serialize_map(None)?;
            map.serialize_entry("builderid", &builder.0)?;
            let builds: Vec<Item<'_>> = builds.iter().map(Item::Cell).collect();
            map.serialize_entry("builds", &builds)?;
            map.serialize_entry("row", row)?;
            if !waiting.is_empty() {
                map.serialize_entry("waiting", waiting)?;
            }
            map.end()
        }
    }
    let mut list = serializer.serialize_seq(Some(cells.len()))?;
    for cell in cells {
        list.serialize_element(&One(cell))?;
    }
    list.end()
}

fn build_cell(value: &Value) -> Option<BuildCell> {
    let [id, number, started_at, complete_at, results] = value.as_array()?.as_slice() else {
        return None;
    };
    let maybe = |value: &Value| match value {
        Value::Null => Some(None),
        value => value.as_i64().map(Some),
    };
    let results = match maybe(results)? {
        None => None,
        Some(code) => Some(Results::from_code(i32::try_from(code).ok()?)?),
    };
    Some(BuildCell {
        id: BuildId(id.as_i64()?),
        number: number.as_i64()?,
        started_at: Timestamp(started_at.as_i64()?),
        complete_at: maybe(complete_at)?.map(Timestamp),
        results,
    })
}

fn cells(fields: &Fields<'_>) -> Result<Vec<Cell>, FormError> {
    fields.objects("cells", |cell| {
        let row = cell.int("row")?;
        let builds = cell.value("builds").as_array().map(Vec::as_slice);
        let builds = builds.unwrap_or_default().iter().map(build_cell);
        Ok(Cell {
            row: u32::try_from(row).map_err(|_| cell.bad("row", "a place in a list"))?,
            builder: BuilderId(cell.int("builderid")?),
            builds: builds
                .collect::<Option<_>>()
                .ok_or_else(|| cell.bad("builds", BUILD_CELL))?,
            waiting: cell.ints("waiting")?.into_iter().map(BuildRequestId).collect(),
        })
    })
}

const LIST_OF_BUILDERS: (&str, Shape) = ("builders", Shape::List(&Shape::One(Kind::Builder)));
const LIST_OF_CHANGES: (&str, Shape) = ("changes", Shape::List(&Shape::One(Kind::Change)));
const LIST_OF_STEPS: (&str, Shape) = ("steps", Shape::List(&Shape::One(Kind::Step)));
const CELLS: (&str, Shape) = ("cells", Shape::List(&Shape::Object));

/// The fields of a view's JSON.
pub(crate) const fn view_fields(name: ViewName) -> &'static [(&'static str, Shape)] {
    match name {
        ViewName::Home => &[
            LIST_OF_BUILDERS,
            ("workers", Shape::List(&Shape::One(Kind::Worker))),
            ("running", Shape::List(&Shape::One(Kind::Build))),
            LIST_OF_STEPS,
            ("expected", Shape::List(&Shape::Object)),
            ("waiting", Shape::List(&Shape::One(Kind::BuildRequest))),
            ("reasons", Shape::List(&Shape::Identifier)),
            ("recent", Shape::List(&Shape::One(Kind::Build))),
            ("broken", Shape::List(&Shape::Object)),
        ],
        ViewName::Waterfall => &[
            LIST_OF_BUILDERS,
            ("builds", Shape::List(&Shape::One(Kind::Build))),
            LIST_OF_STEPS,
            LIST_OF_CHANGES,
            ("complete_from", Shape::Time),
            ("complete_from_us", Shape::Int),
        ],
        ViewName::Grid => &[
            LIST_OF_BUILDERS,
            ("revisions", Shape::List(&Shape::Object)),
            CELLS,
        ],
        ViewName::Console => &[LIST_OF_BUILDERS, LIST_OF_CHANGES, CELLS],
    }
}
