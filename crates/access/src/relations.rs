//! What belongs to which builder. This never changes, so that it can be remembered for as long as there is room.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use weir_status_api::{
    Build, BuildId, BuildRequest, BuildRequestField, BuildRequestId, BuilderId, Buildset, BuildsetId,
    Codebase, CodebaseId, Commit, CommitId, Error, Key, Log, LogId, MAX_LIMIT, Op, ProjectId, Query, ReadExt,
    Resource, Result, StatusApi, Step, StepId, Value,
};

/// How many pairs of one relation are remembered, at the most twice as many.
const ROOM: usize = 32_768;
/// The same for buildsets, which can have many builders.
const ROOM_FOR_BUILDSETS: usize = 4_096;

/// A map that forgets what was not asked for since it was full the last time.
#[derive(Debug)]
struct Bounded<K, V> {
    room: usize,
    halves: Mutex<(HashMap<K, V>, HashMap<K, V>)>,
}

impl<K: Eq + Hash + Copy, V: Clone> Bounded<K, V> {
    fn new(room: usize) -> Self {
        Self {
            room,
            halves: Mutex::default(),
        }
    }

    fn get(&self, key: K) -> Option<V> {
        let found = {
            let halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(value) = halves.0.get(&key) {
                return Some(value.clone());
            }
            halves.1.get(&key).cloned()
        };
        if let Some(value) = &found {
            self.put(key, value.clone());
        }
        found
    }

    fn put(&self, key: K, value: V) {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        if halves.0.len() >= self.room {
            halves.1 = std::mem::take(&mut halves.0);
        }
        halves.0.insert(key, value);
    }
}

/// What belongs to which builder.
#[derive(Debug)]
pub(crate) struct Relations {
    builds: Bounded<BuildId, BuilderId>,
    requests: Bounded<BuildRequestId, BuilderId>,
    steps: Bounded<StepId, BuildId>,
    logs: Bounded<LogId, StepId>,
    buildsets: Bounded<BuildsetId, Arc<[BuilderId]>>,
    codebases: Bounded<CodebaseId, ProjectId>,
    commits: Bounded<CommitId, CodebaseId>,
}

/// The resource, or none if it is not there.
async fn found<R: Resource>(api: &dyn StatusApi, key: Key) -> Result<Option<R>> {
    match api.one::<R>(key).await {
        Ok(at) => Ok(Some(at.value)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Relations {
    pub(crate) fn new() -> Self {
        Self {
            builds: Bounded::new(ROOM),
            requests: Bounded::new(ROOM),
            steps: Bounded::new(ROOM),
            logs: Bounded::new(ROOM),
            buildsets: Bounded::new(ROOM_FOR_BUILDSETS),
            codebases: Bounded::new(ROOM),
            commits: Bounded::new(ROOM),
        }
    }

    /// The builder of a build, if the build is there.
    pub(crate) async fn of_build(&self, api: &dyn StatusApi, id: BuildId) -> Result<Option<BuilderId>> {
        if let Some(builder) = self.builds.get(id) {
            return Ok(Some(builder));
        }
        let build: Option<Build> = found(api, Key::Build(id.into())).await?;
        Ok(build.map(|build| {
            self.builds.put(id, build.builder);
            build.builder
        }))
    }

    /// The builder of a build request, if the request is there.
    pub(crate) async fn of_request(
        &self,
        api: &dyn StatusApi,
        id: BuildRequestId,
    ) -> Result<Option<BuilderId>> {
        if let Some(builder) = self.requests.get(id) {
            return Ok(Some(builder));
        }
        let request: Option<BuildRequest> = found(api, Key::BuildRequest(id)).await?;
        Ok(request.map(|request| {
            self.requests.put(id, request.builder);
            request.builder
        }))
    }

    /// The builder of a step, if the step is there.
    pub(crate) async fn of_step(&self, api: &dyn StatusApi, id: StepId) -> Result<Option<BuilderId>> {
        let build = match self.steps.get(id) {
            Some(build) => build,
            None => match found::<Step>(api, Key::Step(id.into())).await? {
                Some(step) => {
                    self.steps.put(id, step.build);
                    step.build
                }
                None => return Ok(None),
            },
        };
        self.of_build(api, build).await
    }

    /// The builder of a log, if the log is there.
    pub(crate) async fn of_log(&self, api: &dyn StatusApi, id: LogId) -> Result<Option<BuilderId>> {
        let step = match self.logs.get(id) {
            Some(step) => step,
            None => match found::<Log>(api, Key::Log(id.into())).await? {
                Some(log) => {
                    self.logs.put(id, log.step);
                    log.step
                }
                None => return Ok(None),
            },
        };
        self.of_step(api, step).await
    }

    /// The project of a codebase, if the codebase is there.
    pub(crate) async fn of_codebase(&self, api: &dyn StatusApi, id: CodebaseId) -> Result<Option<ProjectId>> {
        if let Some(project) = self.codebases.get(id) {
            return Ok(Some(project));
        }
        let codebase: Option<Codebase> = found(api, Key::Codebase(id.into())).await?;
        Ok(codebase.map(|codebase| {
            self.codebases.put(id, codebase.project);
            codebase.project
        }))
    }

    /// The codebase of a commit, if the commit is there.
    pub(crate) async fn of_commit(&self, api: &dyn StatusApi, id: CommitId) -> Result<Option<CodebaseId>> {
        if let Some(codebase) = self.commits.get(id) {
            return Ok(Some(codebase));
        }
        let commit: Option<Commit> = found(api, Key::Commit(id.into())).await?;
        Ok(commit.map(|commit| {
            self.commits.put(id, commit.codebase);
            commit.codebase
        }))
    }

    /// The builders of a buildset: its requests are made with it, and no more come.
    pub(crate) async fn of_buildset(&self, api: &dyn StatusApi, id: BuildsetId) -> Result<Arc<[BuilderId]>> {
        if let Some(builders) = self.buildsets.get(id) {
            return Ok(builders);
        }
        let requests = self.requests_of(api, &[id]).await?;
        // One without requests may not be there at all yet.
        Ok(requests.get(&id).map(|it| builders_of(it)).unwrap_or_default())
    }

    /// Whether the buildset is there.
    pub(crate) async fn is_buildset(&self, api: &dyn StatusApi, id: BuildsetId) -> Result<bool> {
        let buildset: Option<Buildset> = found(api, Key::Buildset(id)).await?;
        Ok(buildset.is_some())
    }

    /// The requests as they are now of each of these buildsets that has any. There is room for a thousand buildsets
    /// in one question.
    pub(crate) async fn requests_of(
        &self,
        api: &dyn StatusApi,
        buildsets: &[BuildsetId],
    ) -> Result<HashMap<BuildsetId, Vec<BuildRequest>>> {
        let ids: Vec<Value> = buildsets.iter().map(|id| Value::Int(id.0)).collect();
        let mut query = Query::<BuildRequest>::new()
            .filter(BuildRequestField::Buildset, Op::Eq, ids)
            .limit(MAX_LIMIT);
        let mut requests: HashMap<BuildsetId, Vec<BuildRequest>> = HashMap::new();
        loop {
            let page = api.page(query.clone()).await?;
            for request in page.items {
                requests.entry(request.buildset).or_default().push(request);
            }
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
        for (id, its) in &requests {
            self.buildsets.put(*id, builders_of(its));
        }
        Ok(requests)
    }
}

fn builders_of(requests: &[BuildRequest]) -> Arc<[BuilderId]> {
    let mut builders: Vec<BuilderId> = requests.iter().map(|it| it.builder).collect();
    builders.sort_unstable();
    builders.dedup();
    builders.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_the_rest_is_bounded() {
        let map = Bounded::new(100);
        map.put(-1, 7);
        for key in 0..10_000 {
            map.put(key, key);
            assert_eq!(map.get(-1), Some(7), "after {key}");
        }
        let halves = map.halves.lock().unwrap();
        assert!(halves.0.len() + halves.1.len() <= 200);
    }
}
