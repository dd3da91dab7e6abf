//! Generators: from an event to what is reported of it, if anything (Buildbot's report generators).

mod kind;
mod mode;
mod options;
mod select;

use serde_json::Value;
use weir_status_api::{Build, BuildRequest, Buildset, Entity, Event, ListenerError, Results, Step, Worker};

use crate::format::{Formatter, TemplateError, Told, context};
use crate::gather::{Gather, GatheredBuild, GatheredBuildset, attached, excerpts, patches};
use crate::outlet::Outlet;
use crate::report::{About, Attachment, BuildReport, BuildsetReport, Message, Occasion, RequestReport};

pub use kind::ReportKind;
pub use mode::{Mode, Modes};
pub use options::{FileOptions, ReportOptions};
pub use select::{Patterns, Selection};

/// Makes reports of one kind.
pub(crate) struct Generator {
    options: ReportOptions,
    formatter: Formatter,
}

/// What a generator made of an event.
pub(crate) struct Generated {
    pub(crate) occasion: Occasion,
    pub(crate) about: About,
    pub(crate) message: Message,
}

/// All that is known of what a report may be made of.
enum Known {
    Build(Box<GatheredBuild>),
    Buildset(Box<GatheredBuildset>),
    Request(Box<RequestReport>),
    Worker(Box<Worker>),
}

type Made<T> = Result<T, ListenerError>;

impl Generator {
    /// One of these options.
    ///
    /// # Errors
    /// [`TemplateError`] if a template is none.
    pub(crate) fn new(mut options: ReportOptions) -> Result<Self, TemplateError> {
        let formatter = Formatter::new(std::mem::take(&mut options.format))?;
        Ok(Self { options, formatter })
    }

    /// The topics of the events that it looks at.
    pub(crate) fn topics(&self) -> Vec<&'static str> {
        self.options.kind.topics()
    }

    /// What it makes of the event; none if it is none of those that it tells. Nothing is read of what is told apart
    /// without.
    pub(crate) async fn generate(
        &self,
        event: &Event,
        gather: &Gather<'_>,
        outlet: &Outlet,
        title: &str,
    ) -> Made<Option<Generated>> {
        let Some(occasion) = self.options.kind.occasion(event) else {
            return Ok(None);
        };
        let Some(mut known) = self.known(event, occasion, gather).await? else {
            return Ok(None);
        };
        excerpts(gather, known.builds_mut(), self.options.files.excerpt_lines).await?;
        let context = context(
            known.told(self.combined()),
            occasion,
            event.at,
            gather.links,
            title,
        );
        if !self.is_wanted(&context).await? {
            return Ok(None);
        }
        let Some(message) = self.formatter.message(&context, outlet).await? else {
            return Ok(None);
        };
        let about = known.into_about();
        let message = Message {
            quiet: matches!(
                occasion,
                Occasion::BuildStarted | Occasion::StepStarted | Occasion::RequestAdded
            ),
            attachments: self.attachments(&about, gather, outlet).await?,
            ..message
        };
        Ok(Some(Generated {
            occasion,
            about,
            message,
        }))
    }

    fn combined(&self) -> bool {
        matches!(self.options.kind, ReportKind::Buildset { combined: true })
    }

    /// What is known of what the event is about; none if it is none of those that it tells.
    async fn known(&self, event: &Event, occasion: Occasion, gather: &Gather<'_>) -> Made<Option<Known>> {
        match &event.entity {
            Entity::Build(build) => self.build(build, occasion, gather).await,
            Entity::Step(step) => self.step(step, occasion, gather).await,
            Entity::Buildset(buildset) => self.buildset(buildset, gather).await,
            Entity::BuildRequest(request) => self.request(request, occasion, gather).await,
            Entity::Worker(worker) => Ok(Some(Known::Worker(Box::new(worker.clone())))),
            _ => Ok(None),
        }
    }

    async fn build(&self, build: &Build, occasion: Occasion, gather: &Gather<'_>) -> Made<Option<Known>> {
        let ended = build.results.filter(|_| occasion == Occasion::BuildFinished);
        let is_end = ended.is_some_and(|it| self.ends_a_beginning(it));
        if !is_end && ended.is_some_and(|it| !self.options.modes.may_admit(it)) {
            return Ok(None);
        }
        let builder = gather.builder(build.builder).await?;
        if !self.options.selection.admits_builder(&builder) {
            return Ok(None);
        }
        let known = gather.build(build, builder).await?;
        let wanted =
            self.selects(&known.report) && (is_end || ended.is_none_or(|it| self.admits(it, &known.report)));
        Ok(wanted.then(|| Known::Build(Box::new(known))))
    }

    async fn step(&self, step: &Step, occasion: Occasion, gather: &Gather<'_>) -> Made<Option<Known>> {
        let ended = step.results.filter(|_| occasion == Occasion::StepFinished);
        let is_end = step.started_at.is_some() && ended.is_some_and(|it| self.ends_a_beginning(it));
        if !is_end && ended.is_some_and(|it| !self.options.modes.may_admit(it)) {
            return Ok(None);
        }
        let build = gather.build_of(step.build.into()).await?;
        let builder = gather.builder(build.builder).await?;
        if !self.options.selection.admits_builder(&builder) {
            return Ok(None);
        }
        let mut known = gather.build(&build, builder).await?;
        let steps = &mut known.report.steps;
        let Some(place) = steps.iter().position(|it| it.step.id == step.id) else {
            return Ok(None);
        };
        // By now it may have gone on; it is told as it was.
        steps[place].step = step.clone();
        known.report.step = Some(place);
        let before = known.previous_steps.iter().find(|it| it.name == step.name);
        let before = before.and_then(|it| it.results);
        let wanted = self.selects(&known.report)
            && (is_end || ended.is_none_or(|it| self.options.modes.admit(it, before)));
        Ok(wanted.then(|| Known::Build(Box::new(known))))
    }

    async fn buildset(&self, buildset: &Buildset, gather: &Gather<'_>) -> Made<Option<Known>> {
        let results = buildset.results.unwrap_or(Results::Success);
        if self.combined() && !self.options.modes.admit(results, None) {
            return Ok(None);
        }
        let mut known = gather.buildset(buildset).await?;
        let is_one = |it: &GatheredBuild| {
            self.options.selection.admits_builder(&it.report.builder) && self.selects(&it.report)
        };
        if self.combined() {
            let unbuilt = &known.report.unbuilt;
            let any = known.builds.iter().any(is_one) || unbuilt.iter().any(|it| self.selects_request(it));
            return Ok(any.then(|| Known::Buildset(Box::new(known))));
        }
        let admits = |it: &GatheredBuild| {
            let results = it.report.build.results;
            results.is_some_and(|results| self.admits(results, &it.report))
        };
        // What was asked for and not needed is shown beside builds, and nothing that is told by itself.
        let is_shown = |it: Results| it == Results::Skipped || self.options.modes.admit(it, None);
        known.builds.retain(|it| is_one(it) && admits(it));
        known
            .report
            .unbuilt
            .retain(|it| self.selects_request(it) && it.request.results.is_none_or(is_shown));
        let any = !known.builds.is_empty();
        Ok(any.then(|| Known::Buildset(Box::new(known))))
    }

    async fn request(
        &self,
        request: &BuildRequest,
        occasion: Occasion,
        gather: &Gather<'_>,
    ) -> Made<Option<Known>> {
        // One whose build was stopped ends as cancelled too. After a build that was to run again it waits, and is told.
        if occasion == Occasion::RequestCancelled
            && let Some(build) = gather.last_build(request.id).await?
            && build.results != Some(Results::Retry)
        {
            return Ok(None);
        }
        let known = gather.request(request).await?;
        let wanted = self.selects_request(&known);
        Ok(wanted.then(|| Known::Request(Box::new(known))))
    }

    /// Whether the end of a beginning that was told would be missing without it: with `start` and all modes, what was
    /// skipped is told as well, so that nothing is shown as going on for ever.
    fn ends_a_beginning(&self, results: Results) -> bool {
        let start = matches!(
            self.options.kind,
            ReportKind::Build { start: true, .. } | ReportKind::Step { start: true, .. }
        );
        start && results == Results::Skipped && self.options.modes.are_every()
    }

    fn selects_request(&self, it: &RequestReport) -> bool {
        let selection = &self.options.selection;
        selection.admits_builder(&it.builder)
            && selection.admits(&it.properties, &it.buildset.source_stamps, it.project.as_deref())
    }

    fn selects(&self, it: &BuildReport) -> bool {
        let sources = &it.buildset.source_stamps;
        self.options
            .selection
            .admits(&it.properties, sources, it.project.as_deref())
    }

    fn admits(&self, results: Results, it: &BuildReport) -> bool {
        let before = it.previous.as_ref().and_then(|it| it.results);
        self.options.modes.admit(results, before)
    }

    /// Whether its function wants it.
    async fn is_wanted(&self, context: &Value) -> Made<bool> {
        let Some(when) = &self.options.when else {
            return Ok(true);
        };
        match when.call(context.clone()).await? {
            Value::Bool(wanted) => Ok(wanted),
            _ => Err(ListenerError::Never(format!(
                "{}() must give True or False",
                when.name()
            ))),
        }
    }

    async fn attachments(
        &self,
        about: &About,
        gather: &Gather<'_>,
        outlet: &Outlet,
    ) -> Made<Vec<Attachment>> {
        let FileOptions {
            logs, patch, most, ..
        } = &self.options.files;
        let mut files = vec![];
        if *patch {
            let mut left = *most;
            // The builds of a buildset have their source in common.
            for build in about.builds().iter().take(1) {
                files.extend(patches(build, left));
                left = left.saturating_sub(files.iter().map(|it| it.content.len()).sum());
            }
        }
        if let Some(names) = logs {
            let taken: usize = files.iter().map(|it: &Attachment| it.content.len()).sum();
            files.extend(attached(gather, about.builds(), names, most.saturating_sub(taken)).await?);
        }
        for file in &mut files {
            if let Ok(text) = std::str::from_utf8(&file.content) {
                file.content = outlet.mask(text).into_bytes();
            }
        }
        Ok(files)
    }
}

impl Known {
    fn builds_mut(&mut self) -> &mut [GatheredBuild] {
        match self {
            Self::Build(it) => std::slice::from_mut(it),
            Self::Buildset(it) => &mut it.builds,
            Self::Request(_) | Self::Worker(_) => &mut [],
        }
    }

    fn told(&self, combined: bool) -> Told<'_> {
        match self {
            Self::Build(it) => Told::Build(it),
            Self::Buildset(it) => Told::Buildset {
                buildset: &it.report,
                builds: &it.builds,
                combined,
            },
            Self::Request(it) => Told::Request(it),
            Self::Worker(it) => Told::Worker(it),
        }
    }

    fn into_about(self) -> About {
        match self {
            Self::Build(it) => About::Build(Box::new(it.report)),
            Self::Buildset(it) => About::Buildset(Box::new(BuildsetReport {
                builds: it.builds.into_iter().map(|it| it.report).collect(),
                ..it.report
            })),
            Self::Request(it) => About::Request(it),
            Self::Worker(it) => About::Worker(it),
        }
    }
}
