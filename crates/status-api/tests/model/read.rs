//! Reads: every answer is made under the lock, so it is true at the cursor of that moment.

use std::cmp::Ordering;

use async_trait::async_trait;
use weir_status_api::conformance::{Held, Row, compares, fits};
use weir_status_api::{
    At, Build, BuildField, BuildId, BuildKey, BuildRequest, BuilderField, BuilderKey, ChangeField, Codebase,
    CodebaseKey, Commit, CommitId, CommitKey, Cursor, Entity, Error, Field, Filter, Key, List, Log, LogChunk,
    LogHits, LogKey, LogKind, LogSearch, Op, Page, PageToken, Project, ProjectKey, Properties, PropertiesOf,
    Query, Read, Resource, Result, SchedulerKey, SourceStampField, Step, StepKey, Value, View, ViewQuery,
    WorkerField, WorkerKey,
};

use super::{Fault, Model, State};

/// How large an answer of log lines may become.
const LOG_BYTES: usize = 256 * 1024;

impl State {
    pub(super) fn find_build(&self, key: &BuildKey) -> Result<&Build> {
        let found = match key {
            BuildKey::Id(id) => self.builds.iter().find(|it| it.id == *id),
            BuildKey::Number(builder, number) => self.builds.iter().find(|it| {
                it.number == *number
                    && self
                        .builders
                        .iter()
                        .any(|of| of.id == it.builder && is_builder(of, builder))
            }),
        };
        found.ok_or_else(|| Error::not_found(key))
    }

    fn find_step(&self, key: &StepKey) -> Result<&Step> {
        let found = match key {
            StepKey::Id(id) => self.steps.iter().find(|it| it.id == *id),
            StepKey::Number(build, number) => {
                let build = self.find_build(build)?.id;
                self.steps
                    .iter()
                    .find(|it| it.build == build && it.number == *number)
            }
            StepKey::Name(build, name) => {
                let build = self.find_build(build)?.id;
                self.steps.iter().find(|it| it.build == build && it.name == *name)
            }
        };
        found.ok_or_else(|| Error::not_found(key))
    }

    pub(super) fn find_log(&self, key: &LogKey) -> Result<&Log> {
        let found = match key {
            LogKey::Id(id) => self.logs.iter().find(|it| it.id == *id),
            LogKey::Slug(step, slug) => {
                let step = self.find_step(step)?.id;
                self.logs.iter().find(|it| it.step == step && it.slug == *slug)
            }
        };
        found.ok_or_else(|| Error::not_found(key))
    }

    fn find_project(&self, key: &ProjectKey) -> Result<&Project> {
        let found = self.projects.iter().find(|it| match key {
            ProjectKey::Id(id) => it.id == *id,
            ProjectKey::Slug(slug) => it.slug == *slug,
        });
        found.ok_or_else(|| Error::not_found(key))
    }

    fn find_codebase(&self, key: &CodebaseKey) -> Result<&Codebase> {
        let found = match key {
            CodebaseKey::Id(id) => self.codebases.iter().find(|it| it.id == *id),
            CodebaseKey::Slug(project, slug) => {
                let project = self.find_project(project)?.id;
                self.codebases
                    .iter()
                    .find(|it| it.project == project && it.slug == *slug)
            }
        };
        found.ok_or_else(|| Error::not_found(key))
    }

    fn find_commit(&self, key: &CommitKey) -> Result<&Commit> {
        let found = match key {
            CommitKey::Id(id) => self.commits.iter().find(|it| it.id == *id),
            CommitKey::Revision(codebase, revision) => {
                let codebase = self.find_codebase(codebase)?.id;
                self.commits
                    .iter()
                    .find(|it| it.codebase == codebase && it.revision == *revision)
            }
        };
        found.ok_or_else(|| Error::not_found(key))
    }

    fn find(&self, key: &Key) -> Result<Entity> {
        let found = match key {
            Key::Master(id) => one(&self.masters, |it| it.id == *id),
            Key::Builder(key) => one(&self.builders, |it| is_builder(it, key)),
            Key::Build(key) => Some(self.find_build(key)?.clone().into()),
            Key::BuildRequest(id) => one(&self.requests, |it| it.id == *id),
            Key::Buildset(id) => one(&self.buildsets, |it| it.id == *id),
            Key::SourceStamp(id) => one(&self.stamps, |it| it.id == *id),
            Key::Change(id) => one(&self.changes, |it| it.id == *id),
            Key::Step(key) => Some(self.find_step(key)?.clone().into()),
            Key::Log(key) => Some(self.find_log(key)?.clone().into()),
            Key::Worker(key) => one(&self.workers, |it| match key {
                WorkerKey::Id(id) => it.id == *id,
                WorkerKey::Name(name) => it.name == *name,
            }),
            Key::Scheduler(key) => one(&self.schedulers, |it| match key {
                SchedulerKey::Id(id) => it.id == *id,
                SchedulerKey::Name(name) => it.name == *name,
            }),
            Key::ForceScheduler(name) => one(&self.force_schedulers, |it| it.name == *name),
            Key::ChangeSource(id) => one(&self.change_sources, |it| it.id == *id),
            Key::Project(key) => Some(self.find_project(key)?.clone().into()),
            Key::Codebase(key) => Some(self.find_codebase(key)?.clone().into()),
            Key::Branch(id) => one(&self.branches, |it| it.id == *id),
            Key::Commit(key) => Some(self.find_commit(key)?.clone().into()),
            Key::BuildData(build, name) => {
                let build = self.find_build(build)?.id;
                one(&self.build_data, |it| it.build == build && it.name == *name)
            }
            Key::TestResultSet(id) => one(&self.result_sets, |it| it.id == *id),
            Key::TestResult(id) => one(&self.results, |it| it.id == *id),
            Key::Listener(key) => Some(self.find_listener(key)?.clone().into()),
            Key::DeadLetter(id) => one(&self.dead_letters, |it| it.id == *id),
        };
        found.ok_or_else(|| Error::not_found(key))
    }

    /// Whether `row` stands in a relation that it does not hold itself.
    fn relates(&self, row: &Entity, field: &str, to: &Value) -> bool {
        let Value::Int(to) = *to else { return false };
        let changes_of = |build: &Build| {
            let request = self.requests.iter().find(|it| it.id == build.request);
            request.and_then(|it| self.buildset_changes.get(&it.buildset))
        };
        let serves = |worker: i64, builder: i64| {
            let worker = self.workers.iter().find(|it| it.id.0 == worker);
            worker.is_some_and(|it| it.configured_on.iter().any(|on| on.builder.0 == builder))
        };
        match row {
            Entity::Builder(it) if field == BuilderField::Master.name() => {
                it.masters.iter().any(|id| id.0 == to)
            }
            Entity::Builder(it) => serves(to, it.id.0),
            Entity::Worker(it) if field == WorkerField::Builder.name() => serves(it.id.0, to),
            Entity::Worker(it) => it.configured_on.iter().any(|on| on.master.0 == to),
            Entity::Build(it) if field == BuildField::Change.name() => {
                changes_of(it).is_some_and(|changes| changes.iter().any(|id| id.0 == to))
            }
            Entity::Build(it) => self
                .requests
                .iter()
                .filter(|request| request.id == it.request)
                .any(|request| {
                    let mut sets = self.buildsets.iter();
                    sets.any(|set| {
                        set.id == request.buildset && set.parent_build.is_some_and(|id| id.0 == to)
                    })
                }),
            Entity::Change(it) if field == ChangeField::Build.name() => {
                let build = self.builds.iter().find(|build| build.id.0 == to);
                build
                    .and_then(changes_of)
                    .is_some_and(|changes| changes.contains(&it.id))
            }
            Entity::SourceStamp(it) if field == SourceStampField::Buildset.name() => {
                let set = self.buildsets.iter().find(|set| set.id.0 == to);
                set.is_some_and(|set| set.source_stamps.iter().any(|stamp| stamp.id == it.id))
            }
            Entity::TestResultSet(it) => self.is_of_commit(it.build, CommitId(to)),
            _ => false,
        }
    }

    /// Whether a source of the build is at the commit.
    fn is_of_commit(&self, build: BuildId, commit: CommitId) -> bool {
        let find = || {
            let commit = self.commits.iter().find(|it| it.id == commit)?;
            let codebase = self.codebases.iter().find(|it| it.id == commit.codebase)?;
            let project = self.projects.iter().find(|it| it.id == codebase.project)?;
            let build = self.builds.iter().find(|it| it.id == build)?;
            let request = self.requests.iter().find(|it| it.id == build.request)?;
            let set = self.buildsets.iter().find(|it| it.id == request.buildset)?;
            Some(set.source_stamps.iter().any(|stamp| {
                stamp.revision.as_ref() == Some(&commit.revision)
                    && stamp.codebase == codebase.name
                    && (stamp.project.is_empty() || stamp.project == project.name)
            }))
        };
        find().unwrap_or(false)
    }
}

fn one<R: Resource>(rows: &[R], is: impl Fn(&R) -> bool) -> Option<Entity> {
    rows.iter().find(|row| is(row)).cloned().map(R::into_entity)
}

fn is_builder(builder: &weir_status_api::Builder, key: &BuilderKey) -> bool {
    match key {
        BuilderKey::Id(id) => builder.id == *id,
        BuilderKey::Name(name) => builder.name == *name,
    }
}

impl Model {
    /// Notes when the lines of a chunk came.
    fn note_times(&self, state: &State, chunk: &mut LogChunk) {
        let all = state.times.get(&chunk.log).map_or(&[][..], Vec::as_slice);
        let begin = usize::try_from(chunk.first_line)
            .unwrap_or(usize::MAX)
            .min(all.len());
        let end = begin + chunk.content.matches('\n').count();
        for (line, at) in (begin..).zip(&all[begin..end.min(all.len())]) {
            let at = if self.has(Fault::TimesTheLastLine) {
                all[end - 1]
            } else {
                *at
            };
            let goes_on = line > 0 && all[line - 1] == at;
            if !(goes_on && self.has(Fault::TimesFirstLinesOnly)) {
                chunk.note(line as i64, at);
            }
        }
    }

    fn at<T>(&self, state: &State, value: T) -> At<T> {
        At {
            value,
            cursor: state.cursor(),
        }
    }

    fn holds<R: Row>(&self, state: &State, row: &R, filter: &Filter<R::Field>) -> bool {
        let held = row.held(filter.field);
        if held == Held::Relation {
            let (entity, name) = (row.clone().into_entity(), filter.field.name());
            return filter
                .values
                .iter()
                .any(|value| state.relates(&entity, name, value));
        }
        if self.has(Fault::MissingIsUnequal) && held == Held::Missing && filter.op == Op::Ne {
            return true;
        }
        if let (true, Held::One(Value::Text(text)), Op::Contains) =
            (self.has(Fault::ContainsAnyCase), &held, filter.op)
        {
            let is_part = |it: &Value| matches!(it, Value::Text(it) if text.to_lowercase().contains(&it.to_lowercase()));
            return filter.values.iter().any(is_part);
        }
        fits(&held, filter)
    }

    fn ordering<R: Row>(&self, one: &R, two: &R, query: &Query<R>) -> Ordering {
        let ordering = compares(one, two, &query.order);
        let held = |row: &R| query.order.first().map(|by| row.held(by.field));
        let same = query
            .order
            .iter()
            .all(|by| one.held(by.field) == two.held(by.field));
        if self.has(Fault::SettlesUpwards) && same {
            return one.identity().cmp(&two.identity());
        }
        let missing = |row| held(row) == Some(Held::Missing);
        if self.has(Fault::PutsMissingLast) && missing(one) != missing(two) {
            return ordering.reverse();
        }
        ordering
    }

    fn page<R: Row>(
        &self,
        state: &State,
        rows: &[R],
        query: &Query<R>,
    ) -> Result<(Vec<R>, Option<PageToken>)> {
        query.validate()?;
        let mut rows: Vec<&R> = rows
            .iter()
            .filter(|row| query.filters.iter().all(|filter| self.holds(state, *row, filter)))
            .collect();
        rows.sort_by(|one, two| self.ordering(*one, *two, query));
        let mark = format!("{:?} {:?} ", R::KIND, query.order);
        let mut begin = match &query.after {
            None => 0,
            Some(token) => {
                let mut place = token.0.strip_prefix(&mark);
                if self.has(Fault::TakesForeignTokens) {
                    place = place.or(token.0.rsplit(' ').next());
                }
                let is = |row: &&R| {
                    Some(format!("{:?}", row.identity()).replace(' ', "_")) == place.map(str::to_owned)
                };
                let found = rows.iter().position(is);
                found.ok_or_else(|| Error::invalid("after", "this token is not of this list"))? + 1
            }
        };
        if query.after.is_some() {
            begin += usize::from(self.has(Fault::SkipsRowsBetweenPages));
            begin -= usize::from(self.has(Fault::RepeatsRowsBetweenPages) && begin > 1);
        }
        begin = rows
            .len()
            .min(begin + usize::try_from(query.offset).unwrap_or(usize::MAX));
        let end = rows.len().min(begin + query.page_size() as usize);
        let last = rows[begin..end].last().filter(|_| end < rows.len());
        let next = last.map(|row| PageToken(mark + &format!("{:?}", row.identity()).replace(' ', "_")));
        Ok((rows[begin..end].iter().map(|row| (*row).clone()).collect(), next))
    }

    fn entities<R: Row>(
        &self,
        state: &State,
        rows: &[R],
        query: &Query<R>,
    ) -> Result<(Vec<Entity>, Option<PageToken>)> {
        let (rows, next) = self.page(state, rows, query)?;
        Ok((rows.into_iter().map(R::into_entity).collect(), next))
    }

    fn builds(&self, state: &State, query: &Query<Build>) -> Result<(Vec<Entity>, Option<PageToken>)> {
        let (mut rows, next) = self.page(state, &state.builds, query)?;
        for row in &mut rows {
            row.properties = chosen(state.build_properties.get(&row.id), &query.properties);
        }
        Ok((rows.into_iter().map(Entity::Build).collect(), next))
    }

    fn requests(
        &self,
        state: &State,
        query: &Query<BuildRequest>,
    ) -> Result<(Vec<Entity>, Option<PageToken>)> {
        let (mut rows, next) = self.page(state, &state.requests, query)?;
        for row in &mut rows {
            row.properties = chosen(state.buildset_properties.get(&row.buildset), &query.properties);
        }
        Ok((rows.into_iter().map(Entity::BuildRequest).collect(), next))
    }
}

fn chosen(all: Option<&Properties>, names: &[String]) -> Properties {
    let mut all = all.cloned().unwrap_or_default();
    all.retain(|name, _| names.iter().any(|wanted| wanted == "*" || wanted == name));
    all
}

#[async_trait]
impl Read for Model {
    async fn get(&self, key: Key) -> Result<At<Entity>> {
        let state = self.lock();
        let key = match key {
            Key::Builder(BuilderKey::Name(name)) if self.has(Fault::FindsNamesInAnyCase) => {
                let mut builders = state.builders.iter();
                let known = builders.find(|it| it.name.to_lowercase() == name.to_lowercase());
                Key::Builder(BuilderKey::Name(known.map_or(name, |it| it.name.clone())))
            }
            Key::Commit(CommitKey::Revision(_, revision)) if self.has(Fault::FindsCommitsAnywhere) => {
                let mut commits = state.commits.iter();
                let known = commits.find(|it| it.revision == revision);
                Key::Commit(CommitKey::Id(known.map_or(CommitId(0), |it| it.id)))
            }
            key => key,
        };
        Ok(self.at(&state, state.find(&key)?))
    }

    async fn list(&self, list: List) -> Result<Page<Entity>> {
        let state = self.lock();
        let (items, next) = match &list {
            List::Master(query) => self.entities(&state, &state.masters, query),
            List::Builder(query) => self.entities(&state, &state.builders, query),
            List::Build(query) => self.builds(&state, query),
            List::BuildRequest(query) => self.requests(&state, query),
            List::Buildset(query) => self.entities(&state, &state.buildsets, query),
            List::SourceStamp(query) => self.entities(&state, &state.stamps, query),
            List::Change(query) => self.entities(&state, &state.changes, query),
            List::Step(query) => self.entities(&state, &state.steps, query),
            List::Log(query) => self.entities(&state, &state.logs, query),
            List::Worker(query) => self.entities(&state, &state.workers, query),
            List::Scheduler(query) => self.entities(&state, &state.schedulers, query),
            List::ForceScheduler(query) => self.entities(&state, &state.force_schedulers, query),
            List::ChangeSource(query) => self.entities(&state, &state.change_sources, query),
            List::Project(query) => self.entities(&state, &state.projects, query),
            List::Codebase(query) => self.entities(&state, &state.codebases, query),
            List::Branch(query) => self.entities(&state, &state.branches, query),
            List::Commit(query) => self.entities(&state, &state.commits, query),
            List::BuildData(query) => self.entities(&state, &state.build_data, query),
            List::TestResultSet(query) => self.entities(&state, &state.result_sets, query),
            List::TestResult(query) => self.entities(&state, &state.results, query),
            List::Listener(query) => self.entities(&state, &state.listeners, query),
            List::DeadLetter(query) => self.entities(&state, &state.dead_letters, query),
        }?;
        let behind = i64::from(self.has(Fault::ReadsAheadOfItsCursor));
        let cursor = Cursor((state.cursor().0 - behind).max(0));
        Ok(Page { items, cursor, next })
    }

    async fn log_content(&self, log: LogKey, first: i64, limit: u32) -> Result<At<LogChunk>> {
        let state = self.lock();
        let Log { id, kind, .. } = *state.find_log(&log)?;
        let begin =
            usize::try_from(first).map_err(|_| Error::invalid("first", "lines are counted from 0"))?;
        if kind == LogKind::Deleted && !self.has(Fault::ShowsDeletedContents) {
            let what = log.to_string();
            return Err(Error::ContentDeleted { what });
        }
        let late = usize::from(self.has(Fault::LogsBeginLate) && begin > 7);
        let mut content = String::new();
        for line in state.contents[&id].iter().skip(begin + late).take(limit as usize) {
            let full = content.len() + line.len() > LOG_BYTES && !self.has(Fault::LogsWithoutBound);
            if full && !content.is_empty() {
                break;
            }
            content.push_str(line);
        }
        let mut chunk = LogChunk {
            log: id,
            first_line: first,
            content,
            times: vec![],
        };
        self.note_times(&state, &mut chunk);
        Ok(self.at(&state, chunk))
    }

    async fn search_log(&self, log: LogKey, search: LogSearch) -> Result<At<LogHits>> {
        let state = self.lock();
        let found = self.search(&state, &log, &search)?;
        Ok(self.at(&state, found))
    }

    async fn properties(&self, of: PropertiesOf) -> Result<At<Properties>> {
        let state = self.lock();
        let properties = match &of {
            PropertiesOf::Build(key) => {
                let id = state.find_build(key)?.id;
                state.build_properties.get(&id).cloned().unwrap_or_default()
            }
            PropertiesOf::Buildset(id) => {
                let known = state.buildset_properties.get(id);
                known.cloned().ok_or_else(|| Error::not_found(&of))?
            }
        };
        Ok(self.at(&state, properties))
    }

    async fn build_data(&self, build: BuildKey, name: String) -> Result<At<Vec<u8>>> {
        let state = self.lock();
        let id = state.find_build(&build)?.id;
        let value = state.data.get(&(id, name.clone())).cloned();
        let mut value = value.ok_or_else(|| Error::not_found(Key::BuildData(build, name)))?;
        if self.has(Fault::TakesDataForText) {
            value = String::from_utf8_lossy(&value).into_owned().into_bytes();
        }
        Ok(self.at(&state, value))
    }

    async fn view(&self, query: ViewQuery) -> Result<At<View>> {
        let state = self.lock();
        let view = self.show(&state, query)?;
        Ok(self.at(&state, view))
    }
}
