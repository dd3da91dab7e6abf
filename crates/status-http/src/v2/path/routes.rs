//! What the table of paths is made of: words that may follow each other, and what the paths name.

use weir_status_api::{BuildKey, BuilderKey, CodebaseKey, CommitId, Key, Kind, ProjectKey, StepKey};

use super::{CommitRange, Scope, ViewName};

/// A word of a path, what the path that ends with it names, and which words may follow.
pub(crate) struct Route {
    pub(crate) word: Word,
    pub(crate) names: Option<Named>,
    pub(crate) below: &'static [Route],
}

/// What a word of a path may be. The names are those of Buildbot's patterns.
pub(crate) enum Word {
    /// This one.
    Fixed(&'static str),
    /// A whole number (`n:`).
    Number(&'static str, fn(Place, i64) -> Option<Place>),
    /// An identifier (`i:`); any text is taken for one.
    Identifier(&'static str, fn(Place, &str) -> Option<Place>),
    /// Any text (`s:`).
    Text(&'static str, fn(Place, &str) -> Option<Place>),
}

/// What a path names.
#[derive(Clone, Copy)]
pub(crate) enum Named {
    /// The resources of a kind that are related so to what comes before.
    List(Kind, Relation),
    /// The one resource that the last word tells; its kind.
    One(Kind),
    Contents,
    Search,
    Raw {
        inline: bool,
    },
    Properties,
    PropertyList,
    BuildDataValue,
    CommitGraph,
    View(ViewName),
    Spec,
}

/// How the resources of a list are related to what comes before it in the path.
#[derive(Clone, Copy)]
pub(crate) enum Relation {
    /// Nothing comes before it.
    Top,
    /// Their field of that name is its id.
    Is(&'static str),
    /// They start this builder.
    Starts,
    /// They have this builder.
    Has,
    /// Their field of that name is one of the commits from one to the other.
    OnTheWay(&'static str),
}

/// What the words so far tell.
#[derive(Default)]
pub(crate) struct Place {
    /// The last resource that was named.
    pub(super) key: Option<Key>,
    /// Within which scopes the resource must be, or the list is.
    pub(super) scopes: Vec<Scope>,
    /// Commits of a range.
    pub(super) commits: Vec<CommitId>,
}

impl Place {
    /// The resource `key`, wherever it is.
    pub(super) fn at(self, key: Key) -> Option<Self> {
        Some(Self {
            key: Some(key),
            ..Self::default()
        })
    }

    /// The resource `key`, if it is in the list before it.
    pub(super) fn within(self, key: Key) -> Option<Self> {
        Some(Self {
            key: Some(key),
            ..self
        })
    }

    pub(super) fn builder(&self) -> Option<BuilderKey> {
        match &self.key {
            Some(Key::Builder(key)) => Some(key.clone()),
            _ => None,
        }
    }

    pub(super) fn build(&self) -> Option<BuildKey> {
        match &self.key {
            Some(Key::Build(key)) => Some(key.clone()),
            _ => None,
        }
    }

    pub(super) fn step(&self) -> Option<StepKey> {
        match &self.key {
            Some(Key::Step(key)) => Some(key.clone()),
            _ => None,
        }
    }

    pub(super) fn project(&self) -> Option<ProjectKey> {
        match &self.key {
            Some(Key::Project(key)) => Some(key.clone()),
            _ => None,
        }
    }

    pub(super) fn codebase(&self) -> Option<CodebaseKey> {
        match &self.key {
            Some(Key::Codebase(key)) => Some(key.clone()),
            _ => None,
        }
    }

    pub(super) fn commit(mut self, id: i64) -> Option<Self> {
        self.commits.push(CommitId(id));
        Some(self)
    }

    pub(super) fn range(&self) -> Option<CommitRange> {
        match self.commits[..] {
            [first, second] => Some(CommitRange {
                codebase: self.codebase()?,
                first,
                second,
            }),
            _ => None,
        }
    }

    /// The scope of a list that is so related to the last resource.
    pub(super) fn scope(&self, relation: Relation) -> Option<Scope> {
        match relation {
            Relation::Top => None,
            Relation::Is(field) => Some(Scope::Is(field, self.key.clone()?)),
            Relation::Starts => Some(Scope::Starts(self.builder()?)),
            Relation::Has => Some(Scope::Has(self.builder()?)),
            Relation::OnTheWay(field) => Some(Scope::OnTheWay(field, self.range()?)),
        }
    }
}
