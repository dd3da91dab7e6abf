//! A build's properties: those it begins with, and how templates look them up.

use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

use weir_config::{
    Answer, Argument, BuildFacts, BuilderConfig, Function, FunctionError, Lookup, PropertyValues,
    RenderError, WorkerConfig,
};
use weir_status_api::{Builder, Buildset, Change, Properties, Property, SourceStamp, Worker};

use super::late::blocking;
use super::secrets::Secrets;
use crate::setup::properties;

/// The properties of a build beside those that its buildset has `given` it; names and sources are Buildbot's. Those `of_all`
/// builds, and the builder's default ones, are there where nobody else says anything.
pub(crate) fn of_build(
    builder: &BuilderConfig,
    row: &Builder,
    worker: &Worker,
    worker_config: Option<&WorkerConfig>,
    (buildset, given): (&Buildset, &Properties),
    of_all: &PropertyValues,
) -> Properties {
    let mut all = properties(&builder.properties, "Builder");
    if let Some(config) = worker_config {
        all.extend(properties(&config.properties, "Worker"));
    }
    let mut set = |name: &str, value: Value, source: &str| {
        all.insert(name.to_owned(), Property::new(value, source));
    };
    set("buildername", builder.name.clone().into(), "Builder");
    set("builderid", row.id.0.into(), "Builder");
    if let (Some(name), Some(id)) = (&builder.project, row.project) {
        set("projectname", name.clone().into(), "Builder");
        set("projectid", id.0.into(), "Builder");
    }
    set("builddir", folder(&builder.name).into(), "Builder");
    set("workername", worker.name.clone().into(), "Worker");
    set("reason", buildset.reason.clone().into(), "Build");
    // Buildbot sets these where there is one codebase; with more, `src` finds each one's.
    if let [source] = buildset.source_stamps.as_slice() {
        set("branch", source.branch.clone().into(), "Build");
        set("revision", source.revision.clone().into(), "Build");
        set("repository", source.repository.clone().into(), "Build");
        set("project", source.project.clone().into(), "Build");
        set("codebase", source.codebase.clone().into(), "Build");
    }
    for (values, source) in [(of_all, "Config"), (&builder.default_properties, "Builder")] {
        for (name, property) in properties(values, source) {
            if !given.contains_key(&name) {
                all.entry(name).or_insert(property);
            }
        }
    }
    all
}

/// What is known once the build has its number: that, and its `owners`, who are the authors of its changes and patches and
/// whoever asked for it. Names and sources are Buildbot's.
pub(crate) fn own_properties(
    number: i64,
    so_far: &Properties,
    buildset: &Buildset,
    changes: &[Change],
) -> Properties {
    let patches = buildset.source_stamps.iter().filter_map(|it| it.patch.as_ref());
    let asked = so_far.get("owner").and_then(|it| it.value.as_str());
    let owners: BTreeSet<&str> = changes
        .iter()
        .map(|it| it.author.as_str())
        .chain(patches.map(|it| it.author.as_str()))
        .chain(asked)
        .filter(|it| !it.is_empty())
        .collect();
    let mut own = Properties::from([("buildnumber".to_owned(), Property::new(number, "Build"))]);
    if !owners.is_empty() {
        let owners: Vec<Value> = owners.into_iter().map(Value::from).collect();
        own.insert("owners".to_owned(), Property::new(owners, "Build"));
    }
    own
}

/// The folder of a builder on its workers: its name, or if that cannot be a folder's a name like it with a part
/// that keeps it apart from others.
pub(crate) fn folder(builder: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !builder.is_empty() && builder.chars().all(plain) && !builder.starts_with('.') {
        return builder.to_owned();
    }
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest(builder);
    let like: String = builder
        .chars()
        .map(|c| if plain(c) && c != '.' { c } else { '_' })
        .take(40)
        .collect();
    format!(
        "{like}-{:02x}{:02x}{:02x}{:02x}",
        hash[0], hash[1], hash[2], hash[3]
    )
}

/// Where the templates of a build's steps find their values.
pub(crate) struct Values<'b> {
    pub(crate) properties: &'b Properties,
    pub(crate) sources: &'b [SourceStamp],
    pub(crate) worker: &'b Worker,
    /// The builder's name.
    pub(crate) builder: &'b str,
    /// The build's number within its builder.
    pub(crate) number: i64,
    /// Why it was made.
    pub(crate) reason: &'b str,
    /// The changes that it builds.
    pub(crate) changes: &'b [Change],
    /// Its secrets.
    pub(crate) secrets: &'b Arc<Secrets>,
}

impl Values<'_> {
    /// The build as functions see it.
    pub(crate) fn facts(&self) -> BuildFacts {
        BuildFacts {
            builder: self.builder.to_owned(),
            number: self.number,
            reason: self.reason.to_owned(),
            properties: self.properties.clone(),
            sources: self.sources.to_vec(),
            worker: self.worker.clone(),
            changes: self.changes.to_vec(),
        }
    }
}

impl Lookup for Values<'_> {
    fn property(&self, name: &str) -> Option<Value> {
        self.properties
            .get(name)
            .map(|it| it.value.clone())
            .filter(|value| !value.is_null())
    }

    fn source(&self, codebase: &str, attribute: &str) -> Option<Value> {
        let source = self.sources.iter().find(|it| it.codebase == codebase)?;
        match attribute {
            "branch" => source.branch.clone().map(Value::from),
            "revision" => source.revision.clone().map(Value::from),
            "repository" => Some(source.repository.clone().into()),
            "project" => Some(source.project.clone().into()),
            "codebase" => Some(source.codebase.clone().into()),
            _ => None,
        }
    }

    fn worker(&self, name: &str) -> Option<Value> {
        let info = &self.worker.info;
        match name {
            "name" => Some(self.worker.name.clone().into()),
            "admin" => info.admin.clone().map(Value::from),
            "host" => info.host.clone().map(Value::from),
            "access_uri" => info.access_uri.clone().map(Value::from),
            "version" => info.version.clone().map(Value::from),
            fact => info.facts.get(fact).cloned().map(Value::from),
        }
    }

    fn secret(&self, name: &str) -> Result<String, RenderError> {
        self.secrets.get(name)
    }

    fn call(&self, function: &Function) -> Result<Answer, FunctionError> {
        let build = Argument::build(&self.facts());
        blocking(|| function.call(vec![build]))
    }
}

#[cfg(test)]
mod tests {
    use super::folder;

    #[test]
    fn every_builder_has_a_folder_of_its_own() {
        assert_eq!(folder("linux-x86_64"), "linux-x86_64");
        for (one, other) in [("a b", "a_b"), ("a/b", "a\\b"), ("..", "__"), ("grün", "gr_n")] {
            assert_ne!(folder(one), folder(other));
            assert!(!folder(one).contains(['/', ' ', '.']), "{}", folder(one));
        }
    }
}
