//! Reads what reports are made of: bounded reads of the status API, that any binding has, a Buildbot master's JSON too.

mod logs;
mod people;

use weir_status_api::{
    Build, BuildField, BuildKey, BuildRequest, BuildRequestField, BuildRequestId, Builder, BuilderId,
    BuilderKey, Buildset, BuildsetId, Change, ChangeField, Error, Key, ListenerError, Log, LogField, Op,
    Project, Properties, PropertiesOf, Query, ReadExt, Resource, Results, StatusApi, Step, StepField, Worker,
    WorkerKey,
};

use crate::links::Links;
use crate::report::{BuildReport, BuildsetReport, RequestReport, StepReport};

pub(crate) use logs::{attached, excerpts, patches, went_wrong};
use people::{blamelist, owners};

/// How many changes of a build are told, the newest.
const MOST_CHANGES: usize = 100;
/// How many steps of a build are told.
const MOST_STEPS: u32 = 500;
/// How many logs of a step are told.
const MOST_LOGS: u32 = 50;
/// How many changes or requests are asked for at once.
const PAGE: u32 = 500;

/// All that is known of a build, and what its predecessor did.
#[derive(Clone, Debug)]
pub(crate) struct GatheredBuild {
    /// The build.
    pub(crate) report: BuildReport,
    /// The steps of the build before it.
    pub(crate) previous_steps: Vec<Step>,
}

/// A buildset with all that is known of its builds.
#[derive(Clone, Debug)]
pub(crate) struct GatheredBuildset {
    /// It, without its builds.
    pub(crate) report: BuildsetReport,
    /// Its builds that have ended, by the names of their builders.
    pub(crate) builds: Vec<GatheredBuild>,
}

/// Reads for one event.
#[derive(Clone, Copy)]
pub(crate) struct Gather<'a> {
    pub(crate) api: &'a dyn StatusApi,
    pub(crate) links: &'a Links,
}

type Gathered<T> = Result<T, ListenerError>;

/// What to do about what cannot be read.
pub(crate) fn unreadable(error: &Error) -> ListenerError {
    let why = format!("what the report is about cannot be read: {error}");
    match error {
        _ if error.is_transient() => ListenerError::Later(why),
        _ => ListenerError::Never(why),
    }
}

impl Gather<'_> {
    async fn one<R: Resource>(&self, key: impl Into<Key>) -> Gathered<R> {
        let found = self.api.one::<R>(key.into()).await;
        found.map(|it| it.value).map_err(|error| unreadable(&error))
    }

    async fn some<R: Resource>(&self, query: Query<R>) -> Gathered<Vec<R>> {
        let page = self.api.page(query).await;
        page.map(|it| it.items).map_err(|error| unreadable(&error))
    }

    /// All of a list, read page by page. A Buildbot master does not say whether there is more.
    async fn all<R: Resource>(&self, query: Query<R>) -> Gathered<Vec<R>> {
        let mut query = query.limit(PAGE);
        let mut all = vec![];
        loop {
            let page = self.api.page(query.clone()).await;
            let page = page.map_err(|error| unreadable(&error))?;
            let is_full = u32::try_from(page.items.len()) == Ok(PAGE);
            all.extend(page.items);
            match page.next {
                Some(next) => query = query.after(next),
                None if is_full => {
                    query.after = None;
                    query.offset = u64::try_from(all.len()).unwrap_or(u64::MAX);
                }
                None => return Ok(all),
            }
        }
    }

    async fn properties(&self, of: PropertiesOf) -> Gathered<Properties> {
        let found = self.api.properties(of).await;
        found.map(|it| it.value).map_err(|error| unreadable(&error))
    }

    /// The builder of that id.
    pub(crate) async fn builder(&self, id: BuilderId) -> Gathered<Builder> {
        self.one(Key::Builder(BuilderKey::Id(id))).await
    }

    /// The name of the builder's project.
    async fn project(&self, builder: &Builder) -> Gathered<Option<String>> {
        let Some(id) = builder.project else {
            return Ok(None);
        };
        let project: Project = self.one(Key::Project(id.into())).await?;
        Ok(Some(project.name))
    }

    /// All that is known of a build. What ran is told with its logs. What does not hang on each other is read at once: over
    /// a network each answer takes its time.
    pub(crate) async fn build(&self, build: &Build, builder: Builder) -> Gathered<GatheredBuild> {
        let changes = Query::<Change>::new().eq(ChangeField::Build, build.id.0);
        let worker = Key::Worker(WorkerKey::Id(build.worker));
        let (project, asked, worker, properties, mut changes, before, steps) = tokio::try_join!(
            self.project(&builder),
            self.asked(build),
            self.one::<Worker>(worker),
            self.properties(PropertiesOf::Build(build.id.into())),
            self.all(changes),
            self.before(build),
            self.step_reports(build),
        )?;
        let ((request, buildset), (previous, previous_steps)) = (asked, before);
        changes.sort_by_key(|it| it.id);
        let blamelist = blamelist(&changes, &buildset.source_stamps);
        changes.drain(..changes.len().saturating_sub(MOST_CHANGES));
        let report = BuildReport {
            url: self.links.build(build),
            project,
            blamelist,
            owners: owners(&properties),
            build: build.clone(),
            builder,
            request,
            buildset,
            worker: worker.name,
            properties,
            changes,
            steps,
            step: None,
            previous,
        };
        Ok(GatheredBuild {
            report,
            previous_steps,
        })
    }

    /// What asked for the build.
    async fn asked(&self, build: &Build) -> Gathered<(BuildRequest, Buildset)> {
        let request: BuildRequest = self.one(Key::BuildRequest(build.request)).await?;
        let buildset = self.one(Key::Buildset(request.buildset)).await?;
        Ok((request, buildset))
    }

    /// The build before it, with its steps.
    async fn before(&self, build: &Build) -> Gathered<(Option<Build>, Vec<Step>)> {
        let previous = self.previous(build).await?;
        let steps = match &previous {
            Some(previous) => self.steps(previous).await?,
            None => vec![],
        };
        Ok((previous, steps))
    }

    async fn step_reports(&self, build: &Build) -> Gathered<Vec<StepReport>> {
        let mut steps = vec![];
        for step in self.steps(build).await? {
            steps.push(StepReport {
                url: self.links.step(build, step.number),
                logs: self.logs(&step).await?,
                step,
                excerpts: vec![],
            });
        }
        Ok(steps)
    }

    /// The build with that key.
    pub(crate) async fn build_of(&self, key: BuildKey) -> Gathered<Build> {
        self.one(Key::Build(key)).await
    }

    /// The build of the same builder before it that has ended, but for those that ran again (as Buildbot's).
    async fn previous(&self, build: &Build) -> Gathered<Option<Build>> {
        let query = Query::<Build>::new()
            .eq(BuildField::Builder, build.builder.0)
            .filter(BuildField::Number, Op::Lt, vec![build.number.into()])
            .eq(BuildField::Complete, true)
            .filter(BuildField::Results, Op::Ne, vec![Results::Retry.into()])
            .descending(BuildField::Number)
            .limit(1);
        Ok(self.some(query).await?.pop())
    }

    async fn steps(&self, build: &Build) -> Gathered<Vec<Step>> {
        let query = Query::<Step>::new()
            .eq(StepField::Build, build.id.0)
            .ascending(StepField::Number)
            .limit(MOST_STEPS);
        self.some(query).await
    }

    /// The logs of a step; of one that did not run there are none.
    async fn logs(&self, step: &Step) -> Gathered<Vec<Log>> {
        if step.started_at.is_none() || step.results == Some(Results::Skipped) {
            return Ok(vec![]);
        }
        let query = Query::<Log>::new().eq(LogField::Step, step.id.0).limit(MOST_LOGS);
        self.some(query).await
    }

    /// A buildset whose builds have ended.
    pub(crate) async fn buildset(&self, buildset: &Buildset) -> Gathered<GatheredBuildset> {
        let requests = Query::<BuildRequest>::new().eq(BuildRequestField::Buildset, buildset.id.0);
        let (mut builds, mut unbuilt) = (vec![], vec![]);
        for request in self.all(requests).await? {
            let builder = self.builder(request.builder).await?;
            // One that was to run again, and then did not, built nothing.
            let last = self.last_build(request.id).await?;
            match last.filter(|it| it.results != Some(Results::Retry)) {
                Some(build) => builds.push(self.build(&build, builder).await?),
                None => unbuilt.push(self.request_of(request, builder).await?),
            }
        }
        builds.sort_by(|one, other| {
            let name = |it: &GatheredBuild| (it.report.builder.name.clone(), it.report.build.id);
            name(one).cmp(&name(other))
        });
        unbuilt.sort_by(|one, other| one.builder.name.cmp(&other.builder.name));
        let report = BuildsetReport {
            properties: self.properties(PropertiesOf::Buildset(buildset.id)).await?,
            buildset: buildset.clone(),
            builds: vec![],
            unbuilt,
            url: self.links.buildset(buildset.id),
        };
        Ok(GatheredBuildset { report, builds })
    }

    /// The last build of a request; it has several if the first had to run again.
    pub(crate) async fn last_build(&self, request: BuildRequestId) -> Gathered<Option<Build>> {
        let query = Query::<Build>::new()
            .eq(BuildField::Request, request.0)
            .descending(BuildField::Id)
            .limit(1);
        Ok(self.some(query).await?.pop())
    }

    /// A request that is not built.
    pub(crate) async fn request(&self, request: &BuildRequest) -> Gathered<RequestReport> {
        let builder = self.builder(request.builder).await?;
        self.request_of(request.clone(), builder).await
    }

    async fn request_of(&self, request: BuildRequest, builder: Builder) -> Gathered<RequestReport> {
        let buildset: BuildsetId = request.buildset;
        Ok(RequestReport {
            project: self.project(&builder).await?,
            buildset: self.one(Key::Buildset(buildset)).await?,
            properties: self.properties(PropertiesOf::Buildset(buildset)).await?,
            url: self.links.request(request.id),
            request,
            builder,
        })
    }
}
