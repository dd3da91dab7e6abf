//! What there is: every path and what it gives, made of the tables by which paths and fields are read.

use serde::Serialize;
use serde_json::{Value, json};
use weir_status_api::Kind;

use super::columns::{Shape, columns};
use super::form::view_fields;
use super::path::routes::{Named, Route, Word};
use super::path::table::ROOT;
use super::{MICROS, TIMES, ViewName, plural};

/// A path and what it gives (Buildbot's `spec`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathSpec {
    /// Its words. A parameter is written as in Buildbot: `n:` a whole number, `i:` an identifier, `s:` any text,
    /// followed by its name.
    pub words: Vec<String>,
    /// What an answer holds.
    pub gives: Gives,
}

/// What the answer at a path holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gives {
    /// A list of resources, which can be filtered, ordered and paged.
    List(Kind),
    /// One resource.
    One(Kind),
    /// Lines of a log.
    LogChunk,
    /// The lines of a log in which something is found.
    LogSearch,
    /// A log as text, not JSON.
    RawLog,
    /// The value of a piece of data as it is, not JSON.
    RawBuildData,
    /// All properties as one object.
    Properties,
    /// All properties as a list.
    PropertyList,
    /// How two commits are related.
    CommitGraph,
    /// A synthesis display.
    View(ViewName),
    /// All paths.
    Specs,
    /// The names of the lists at the top.
    RootLinks,
}

impl Gives {
    const fn of(names: Named) -> Self {
        match names {
            Named::List(kind, _) => Self::List(kind),
            Named::One(kind) => Self::One(kind),
            Named::Contents => Self::LogChunk,
            Named::Search => Self::LogSearch,
            Named::Raw { .. } => Self::RawLog,
            Named::Properties => Self::Properties,
            Named::PropertyList => Self::PropertyList,
            Named::BuildDataValue => Self::RawBuildData,
            Named::CommitGraph => Self::CommitGraph,
            Named::View(name) => Self::View(name),
            Named::Spec => Self::Specs,
        }
    }

    /// Buildbot's name of the type, and the key under which an answer carries it.
    pub const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::List(kind) | Self::One(kind) => (singular(kind), plural(kind)),
            Self::LogChunk | Self::RawLog => ("logchunk", "logchunks"),
            Self::LogSearch => ("logsearch", "logsearches"),
            Self::RawBuildData => ("build_data", "build_data"),
            Self::Properties => ("sourcedproperties", "properties"),
            Self::PropertyList => ("_property", "_properties"),
            Self::CommitGraph => ("commit_graph", "commit_graphs"),
            Self::View(name) => (name.word(), name.word()),
            Self::Specs => ("spec", "specs"),
            Self::RootLinks => ("rootlink", "rootlinks"),
        }
    }

    /// The fields of its objects, as they are written: name, what it holds, whether it can be null.
    pub fn fields(self) -> Vec<(String, Shape, bool)> {
        let plain = |fields: &[(&str, Shape)]| {
            let fields = fields.iter();
            fields
                .map(|(name, shape)| ((*name).to_owned(), *shape, false))
                .collect()
        };
        match self {
            Self::List(kind) | Self::One(kind) => fields_of(kind),
            Self::RawBuildData => fields_of(Kind::BuildData),
            Self::LogChunk | Self::RawLog => vec![
                ("logid".to_owned(), Shape::Int, false),
                ("firstline".to_owned(), Shape::Int, false),
                ("content".to_owned(), Shape::Text, false),
                (TIMES.to_owned(), Shape::List(&Shape::Object), true),
            ],
            Self::LogSearch => plain(&[
                ("logid", Shape::Int),
                ("hits", Shape::List(&Shape::Object)),
                ("next_offset", Shape::Int),
                ("complete", Shape::Flag),
            ]),
            Self::Properties => vec![],
            Self::PropertyList => plain(&[
                ("name", Shape::Text),
                ("source", Shape::Text),
                ("value", Shape::Text),
            ]),
            Self::CommitGraph => vec![
                ("common".to_owned(), Shape::Int, true),
                ("common_commit".to_owned(), Shape::One(Kind::Commit), true),
                ("to1".to_owned(), Shape::List(&Shape::Int), false),
                ("to2".to_owned(), Shape::List(&Shape::Int), false),
            ],
            Self::View(name) => plain(view_fields(name)),
            Self::Specs => plain(&[
                ("path", Shape::Text),
                ("type", Shape::Text),
                ("plural", Shape::Text),
                ("type_spec", Shape::Object),
            ]),
            Self::RootLinks => plain(&[("name", Shape::Text)]),
        }
    }
}

/// Buildbot's name of one resource of `kind`.
pub const fn singular(kind: Kind) -> &'static str {
    match kind {
        Kind::Master => "master",
        Kind::Builder => "builder",
        Kind::Build => "build",
        Kind::BuildRequest => "buildrequest",
        Kind::Buildset => "buildset",
        Kind::SourceStamp => "sourcestamp",
        Kind::Change => "change",
        Kind::Step => "step",
        Kind::Log => "log",
        Kind::Worker => "worker",
        Kind::Scheduler => "scheduler",
        Kind::ForceScheduler => "forcescheduler",
        Kind::ChangeSource => "changesource",
        Kind::Project => "project",
        Kind::Codebase => "codebase",
        Kind::Branch => "branch",
        Kind::Commit => "commit",
        Kind::BuildData => "build_data",
        Kind::TestResultSet => "test_result_set",
        Kind::TestResult => "test_result",
        Kind::Listener => "listener",
        Kind::DeadLetter => "dead_letter",
    }
}

fn fields_of(kind: Kind) -> Vec<(String, Shape, bool)> {
    let mut fields = vec![];
    for column in columns(kind).iter().filter(|column| !column.relation) {
        let shape = column.shape(kind);
        fields.push((column.name.to_owned(), shape, column.nullable));
        if shape == Shape::Time {
            // It is left out where the time is null.
            fields.push((format!("{}{MICROS}", column.name), Shape::Int, column.nullable));
        }
    }
    fields
}

/// Every path and what it gives, in the order of the words.
pub fn paths() -> Vec<PathSpec> {
    let mut found = vec![PathSpec {
        words: vec![],
        gives: Gives::RootLinks,
    }];
    collect(ROOT, &mut vec![], &mut found);
    found.sort_by(|one, other| one.words.cmp(&other.words));
    found
}

fn collect(routes: &[Route], before: &mut Vec<String>, found: &mut Vec<PathSpec>) {
    for route in routes {
        before.push(match &route.word {
            Word::Fixed(word) => (*word).to_owned(),
            Word::Number(name, _) => format!("n:{name}"),
            Word::Identifier(name, _) => format!("i:{name}"),
            Word::Text(name, _) => format!("s:{name}"),
        });
        if let Some(names) = route.names {
            found.push(PathSpec {
                words: before.clone(),
                gives: Gives::of(names),
            });
        }
        collect(route.below, before, found);
        before.pop();
    }
}

/// One row of Buildbot's `application.spec`.
#[derive(Clone, Debug, Serialize)]
pub struct SpecRow {
    path: String,
    plural: &'static str,
    r#type: &'static str,
    type_spec: Value,
}

/// The rows of Buildbot's `application.spec`.
pub fn rows() -> Vec<SpecRow> {
    let rows = paths().into_iter().map(|PathSpec { words, gives }| {
        let (name, plural) = gives.names();
        SpecRow {
            path: words.join("/"),
            plural,
            r#type: name,
            type_spec: type_spec(gives),
        }
    });
    rows.collect()
}

fn type_spec(gives: Gives) -> Value {
    let (name, _) = gives.names();
    if gives == Gives::Properties {
        return json!({"name": name});
    }
    let fields = gives.fields().into_iter().map(|(field, shape, nullable)| {
        let mut spec = shape_spec(shape);
        let mut kind = shape_name(shape).to_owned();
        if nullable {
            spec["can_be_null"] = json!(true);
            kind.push_str(" or None");
        }
        json!({"name": field, "type": kind, "type_spec": spec})
    });
    json!({"type": name, "fields": fields.collect::<Vec<_>>()})
}

/// Buildbot's name of the type.
const fn shape_name(shape: Shape) -> &'static str {
    match shape {
        Shape::Int => "integer",
        Shape::Text => "string",
        Shape::Identifier => "identifier",
        Shape::Flag => "boolean",
        Shape::Time => "datetime",
        Shape::Bytes => "binary",
        Shape::Properties => "sourcedproperties",
        Shape::Object => "jsonobject",
        Shape::One(kind) => singular(kind),
        Shape::List(_) => "list",
    }
}

fn shape_spec(shape: Shape) -> Value {
    match shape {
        Shape::One(kind) => type_spec(Gives::One(kind)),
        Shape::List(of) => json!({"type": "list", "of": shape_spec(*of)}),
        plain => json!({"name": shape_name(plain)}),
    }
}
