//! What of a report a forge is told: works, each a builder's on the commits of one buildset.

use serde_json::Value;
use weir_status_api::{BuildRequestId, ListenerError, Properties, Results, SourceStamp};

use super::place::Forge;
use crate::destinations::placeholders::{Template, Values};
use crate::text::one_line;
use crate::{About, BuildReport, Report, RequestReport};

/// How it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It is not begun, or it begins anew.
    Waiting,
    /// It goes on.
    Running,
    /// All went well.
    Success,
    /// It went well, with warnings.
    Warnings,
    /// The work itself failed.
    Failure,
    /// The machinery failed.
    Exception,
    /// It was not needed.
    Skipped,
    /// Somebody stopped it.
    Cancelled,
}

/// One builder's work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work<'a> {
    /// How it goes.
    pub(super) state: State,
    /// In a line.
    pub(super) description: &'a str,
    /// Where people look at it.
    pub(super) url: Option<&'a str>,
    /// What asked for it.
    pub(super) request: BuildRequestId,
    /// What is built.
    pub(super) stamps: &'a [SourceStamp],
    /// Its properties.
    pub(super) properties: &'a Properties,
    /// The build, once there is one.
    pub(super) build: Option<&'a BuildReport>,
    unbuilt: Option<&'a RequestReport>,
}

/// What a commit is told.
#[derive(Clone, Debug)]
pub(super) struct Status<'a> {
    /// The work.
    pub(super) work: Work<'a>,
    /// The commit's repository, as the forge names it.
    pub(super) repository: Vec<String>,
    /// The commit.
    pub(super) revision: &'a str,
    /// Its source stamp.
    pub(super) stamp: &'a SourceStamp,
    /// The name under which the commit has one status.
    pub(super) name: String,
    /// The work in a line.
    pub(super) description: String,
}

impl State {
    fn of(results: Option<Results>, begun: bool) -> Self {
        match results {
            None if begun => Self::Running,
            None | Some(Results::Retry) => Self::Waiting,
            Some(Results::Success) => Self::Success,
            Some(Results::Warnings) => Self::Warnings,
            Some(Results::Failure) => Self::Failure,
            Some(Results::Exception) => Self::Exception,
            Some(Results::Skipped) => Self::Skipped,
            Some(Results::Cancelled) => Self::Cancelled,
        }
    }
}

impl<'a> Work<'a> {
    /// Those that a report is about: of a buildset one for each builder, but for what was not needed and so never built; of
    /// a worker none.
    pub(super) fn all_of(report: &'a Report) -> Vec<Self> {
        let subject = report.message.subject.as_str();
        match &report.about {
            About::Build(it) => vec![Self::of_build(it, subject)],
            About::Request(it) => vec![Self::of_request(it, subject)],
            About::Worker(_) => vec![],
            About::Buildset(it) => {
                // Another build stands for what was not needed, and tells how that went.
                let unbuilt = it.unbuilt.iter();
                let unbuilt = unbuilt.filter(|it| it.request.results != Some(Results::Skipped));
                // The message is about all of them together.
                let lone = it.builds.len() + unbuilt.clone().count() == 1;
                let builds = it.builds.iter().map(|build| {
                    let own = build.build.state.as_str();
                    Self::of_build(build, if lone { subject } else { own })
                });
                let unbuilt = unbuilt
                    .map(|request| Self::of_request(request, if lone { subject } else { "not built" }));
                builds.chain(unbuilt).collect()
            }
        }
    }

    fn of_build(build: &'a BuildReport, description: &'a str) -> Self {
        let step = build.step();
        let results = match step {
            Some(step) => step.step.results,
            None => build.build.results,
        };
        let description = match description.trim().is_empty() {
            true => build.build.state.as_str(),
            false => description,
        };
        let url = step.and_then(|it| it.url.as_deref()).or(build.url.as_deref());
        Self {
            state: State::of(results, true),
            description,
            url,
            request: build.request.id,
            stamps: &build.buildset.source_stamps,
            properties: &build.properties,
            build: Some(build),
            unbuilt: None,
        }
    }

    fn of_request(request: &'a RequestReport, description: &'a str) -> Self {
        Self {
            state: State::of(request.request.results, false),
            description,
            url: request.url.as_deref(),
            request: request.request.id,
            stamps: &request.buildset.source_stamps,
            properties: &request.properties,
            build: None,
            unbuilt: Some(request),
        }
    }

    /// The builder's name.
    pub(super) fn builder(&self) -> &'a str {
        let built = self.build.map(|it| it.builder.name.as_str());
        let unbuilt = self.unbuilt.map(|it| it.builder.name.as_str());
        built.or(unbuilt).unwrap_or_default()
    }

    /// What placeholders stand for.
    pub(super) fn values(&self, stamp: Option<&SourceStamp>) -> Values {
        match (self.build, self.unbuilt) {
            (Some(build), _) => Values::of_build(build, stamp),
            (None, Some(request)) => Values::of_request(request, stamp),
            (None, None) => Values::default(),
        }
    }

    /// How many whole seconds it took, once it has ended.
    pub(super) fn seconds(&self) -> Option<u64> {
        let build = &self.build?.build;
        Some(build.complete_at?.since(build.started_at).as_secs())
    }

    /// The revision of a source stamp, or what a step found it to be (the property `got_revision`, a text, or texts by
    /// codebases).
    pub(super) fn revision(&self, stamp: &'a SourceStamp) -> Option<&'a str> {
        let found = || {
            let value = &self.properties.get("got_revision")?.value;
            let of_codebase = value.get(&stamp.codebase);
            of_codebase.unwrap_or(value).as_str()
        };
        let revision = stamp.revision.as_deref().or_else(found);
        revision.filter(|it| !it.is_empty())
    }
}

impl<'a> Status<'a> {
    /// Those that a report gives: one for each work and each of its commits that is the forge's.
    pub(super) fn all_of(report: &'a Report, forge: &Forge, name: &Template) -> Vec<Self> {
        let works = Work::all_of(report).into_iter();
        works.flat_map(|work| Self::of(work, forge, name)).collect()
    }

    /// What it sets the state of.
    pub(super) fn of_what(&self) -> String {
        format!("{}@{} {}", self.repository.join("/"), self.revision, self.name)
    }

    /// A property of what is built of this source stamp: the build's, or, where it builds several repositories of the forge,
    /// that of the newest change of the source stamp's codebase.
    pub(super) fn property(&self, forge: &Forge, name: &str) -> Option<&'a Value> {
        if forge.has_one_of(self.work.stamps) {
            return self.work.properties.get(name).map(|it| &it.value);
        }
        let changes = self.work.build.map(|it| it.changes.as_slice());
        let changes = changes.unwrap_or_default().iter().rev();
        let mut ours = changes.filter(|it| it.codebase == self.stamp.codebase);
        ours.find_map(|it| Some(&it.properties.get(name)?.value))
    }

    fn of(work: Work<'a>, forge: &Forge, name: &Template) -> Vec<Self> {
        let of_stamp = |stamp: &'a SourceStamp| {
            let Some(repository) = forge.repository(stamp) else {
                tracing::debug!("{:?} is no repository of {}", stamp.repository, forge.base());
                return None;
            };
            Some(Self {
                repository,
                revision: work.revision(stamp)?,
                stamp,
                name: one_line(&name.fill_apart(&work.values(Some(stamp)))),
                description: one_line(work.description),
                work,
            })
        };
        work.stamps.iter().filter_map(of_stamp).collect()
    }
}

/// What became of several requests for one report: each is tried, and what waits comes before what failed.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    waits: Option<ListenerError>,
    failed: Vec<String>,
}

impl Outcome {
    /// Adds that of one.
    pub(super) fn add<T>(&mut self, result: Result<T, ListenerError>) -> Option<T> {
        match result {
            Ok(done) => return Some(done),
            Err(ListenerError::Never(why)) => self.failed.push(why),
            Err(ListenerError::Later(why)) => drop(self.waits.get_or_insert(ListenerError::Later(why))),
            Err(error @ ListenerError::After(..)) => self.waits = Some(error),
        }
        None
    }

    /// What became of all.
    pub(super) fn end(self) -> Result<(), ListenerError> {
        match (self.waits, self.failed.is_empty()) {
            (Some(error), _) => Err(error),
            (None, true) => Ok(()),
            (None, false) => Err(ListenerError::Never(self.failed.join("; "))),
        }
    }
}
