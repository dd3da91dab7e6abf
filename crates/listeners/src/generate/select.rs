//! Which builds a report is made of, by what is known of them.

use std::fmt;
use std::sync::Arc;

use weir_status_api::{Builder, Properties, SourceStamp};

/// One pattern: whether a text is like it.
type Admits = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Patterns, one of which is enough. Without any, everything is admitted.
#[derive(Clone, Default)]
pub struct Patterns(Vec<Admits>);

impl Patterns {
    /// Those that `patterns` are.
    pub fn new<P: Fn(&str) -> bool + Send + Sync + 'static>(patterns: impl IntoIterator<Item = P>) -> Self {
        let boxed = |it| Arc::new(it) as Admits;
        Self(patterns.into_iter().map(boxed).collect())
    }

    /// Those that admit these texts alone.
    pub fn of(texts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::new(texts.into_iter().map(|text| {
            let text = text.into();
            move |it: &str| it == text
        }))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them admits the text, or there are none.
    pub fn admit(&self, text: &str) -> bool {
        self.admit_any([text])
    }

    /// Whether one of them admits one of the texts, or there are none.
    pub fn admit_any<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> bool {
        self.0.is_empty() || texts.into_iter().any(|text| self.0.iter().any(|it| it(text)))
    }
}

impl fmt::Debug for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} patterns", self.0.len())
    }
}

/// Which builds, requests and steps a report is made of: all of these have to hold.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Names of builders.
    pub builders: Patterns,
    /// Tags of builders, one of which fits.
    pub tags: Patterns,
    /// Branches; what has none has the branch "".
    pub branches: Patterns,
    /// Names of schedulers.
    pub schedulers: Patterns,
    /// Names of builders' projects, or projects of source stamps.
    pub projects: Patterns,
    /// Codebases of source stamps.
    pub codebases: Patterns,
}

impl Selection {
    /// Whether the builder is among them.
    pub(crate) fn admits_builder(&self, builder: &Builder) -> bool {
        self.builders.admit(&builder.name) && self.tags.admit_any(builder.tags.iter().map(String::as_str))
    }

    /// Whether what has these properties and sources is among them, and its builder's project.
    pub(crate) fn admits(
        &self,
        properties: &Properties,
        sources: &[SourceStamp],
        project: Option<&str>,
    ) -> bool {
        let property = |name: &str| properties.get(name).and_then(|it| it.value.as_str());
        let branches = sources.iter().map(|it| it.branch.as_deref().unwrap_or_default());
        let projects = sources.iter().map(|it| it.project.as_str());
        let codebases = sources.iter().map(|it| it.codebase.as_str());
        self.branches.admit_any(branches.chain(property("branch")))
            && self.schedulers.admit(property("scheduler").unwrap_or_default())
            && self.projects.admit_any(projects.chain(project))
            && self.codebases.admit_any(codebases)
    }
}
