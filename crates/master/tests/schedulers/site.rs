//! A master without workers, in simulated time: when nothing is left to do, the time goes on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;
use weir_master::{Master, Options};
use weir_status_api::{
    BuildRequest, BuildRequestField, Buildset, BuildsetField, Change, ChangeField, ChangeId, Clock, Key,
    Query, ReadExt, Results, Scheduler, SchedulerKey, Timestamp, Worker,
};
use weir_status_db::{Applied, Database, NewChange, Store, Transition};

/// Friday, 27 November 2026, at noon in UTC.
const FRIDAY_NOON: i64 = 1_795_780_800;

/// What every test has configured.
const BEGINNING: &str = r#"
master(collapse_requests = False)
w = worker("w", token = "t")
a = builder("a", workers = [w], steps = [shell("make")])
b = builder("b", workers = [w], steps = [shell("make")])
c = builder("c", workers = [w], steps = [shell("make")])
"#;

pub(crate) const fn hours(count: u64) -> Duration {
    Duration::from_secs(count * 60 * 60)
}

/// Goes with tokio's time, and can be set.
pub(crate) struct SetClock {
    begun: Instant,
    at: AtomicI64,
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.at.load(Ordering::Relaxed)).plus(self.begun.elapsed())
    }
}

pub(crate) struct Site {
    config: String,
    folder: TempDir,
    pub(crate) store: Store,
    clock: Arc<SetClock>,
    master: Option<Master>,
}

impl Site {
    /// Starts a master on Friday at noon.
    pub(crate) async fn start(config: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SetClock {
            begun: Instant::now(),
            at: AtomicI64::new(Timestamp::from_secs(FRIDAY_NOON).0),
        });
        let store = Store::open(weir_status_db::Options {
            database: Database::Sqlite,
            data_dir: folder.path().join("data"),
            clock: clock.clone(),
        });
        let mut site = Self {
            config: format!("{BEGINNING}{config}"),
            store: store.await.unwrap(),
            folder,
            clock,
            master: None,
        };
        site.start_master().await;
        site
    }

    /// Starts the master again.
    pub(crate) async fn start_master(&mut self) {
        let config = weir_config::check(&self.config, "weir.star", Path::new("."));
        let master = Master::start(Options {
            name: "here".to_owned(),
            config: config.unwrap_or_else(|mistakes| panic!("{mistakes}")),
            store: self.store.clone(),
            cache: self.folder.path().join("cache"),
            steps: self.folder.path().join("steps"),
            files: self.folder.path().join("files"),
            clock: self.clock.clone(),
        });
        self.master = Some(master.await.unwrap());
        self.settle().await;
    }

    /// Ends the master without a warning.
    pub(crate) fn crash(&mut self) {
        self.master = None;
    }

    /// Lets all be done that is to be done now: simulated time passes only then.
    pub(crate) async fn settle(&self) {
        self.pass(Duration::from_secs(1)).await;
    }

    pub(crate) async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Sets the clock of the machine back.
    pub(crate) fn set_back(&self, by: Duration) {
        let by = i64::try_from(by.as_micros()).unwrap();
        self.clock.at.fetch_sub(by, Ordering::Relaxed);
    }

    pub(crate) async fn change(&self, change: NewChange) -> ChangeId {
        match self.store.apply(Transition::AddChange(Box::new(change))).await {
            Ok(Applied::Change(id)) => id,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn enable(&self, scheduler: &str, enabled: bool) {
        let key = Key::Scheduler(SchedulerKey::Name(scheduler.to_owned()));
        let id = self.store.one::<Scheduler>(key).await.unwrap().value.id;
        self.store
            .apply(Transition::EnableScheduler(id, enabled))
            .await
            .unwrap();
        self.settle().await;
    }

    /// The worker is there, or not; it runs no commands.
    pub(crate) async fn connect(&self, worker: &str, connected: bool) {
        let key = Key::Worker(worker.into());
        let worker = self.store.one::<Worker>(key).await.unwrap().value.id;
        let master = self.master.as_ref().unwrap().id();
        let change = match connected {
            true => Transition::ConnectWorker(worker, master, Default::default()),
            false => Transition::DisconnectWorker {
                worker,
                master,
                why: "it closed the connection".to_owned(),
            },
        };
        self.store.apply(change).await.unwrap();
        self.settle().await;
    }

    /// All buildsets, the oldest first.
    pub(crate) async fn buildsets(&self) -> Vec<Buildset> {
        let query = Query::<Buildset>::new().ascending(BuildsetField::Id);
        self.store.page(query).await.unwrap().items
    }

    /// The only buildset after the first `before`.
    pub(crate) async fn one_after(&self, before: usize) -> Buildset {
        let mut all = self.buildsets().await;
        assert_eq!(all.len(), before + 1, "{all:?}");
        all.pop().unwrap()
    }

    /// The requests of a buildset, with the names of their builders.
    pub(crate) async fn requests(&self, buildset: &Buildset) -> Vec<(String, BuildRequest)> {
        let query = Query::<BuildRequest>::new().eq(BuildRequestField::Buildset, buildset.id);
        let mut named = vec![];
        for request in self.store.page(query).await.unwrap().items {
            let key = Key::Builder(request.builder.into());
            let builder: weir_status_api::Builder = self.store.one(key).await.unwrap().value;
            named.push((builder.name, request));
        }
        named.sort_by(|(a, _), (b, _)| a.cmp(b));
        named
    }

    /// How the requests of a buildset ended, by builder.
    pub(crate) async fn results(&self, buildset: &Buildset) -> Vec<(String, Option<Results>)> {
        let requests = self.requests(buildset).await.into_iter();
        requests.map(|(name, it)| (name, it.results)).collect()
    }

    /// Ends the buildset's request on the builder.
    pub(crate) async fn end(&self, buildset: &Buildset, builder: &str, results: Results) {
        for (name, request) in self.requests(buildset).await {
            if name == builder {
                let end = Transition::CompleteRequest(request.id, results);
                self.store.apply(end).await.unwrap();
            }
        }
        self.settle().await;
    }
}

/// A change of a branch of the codebase.
pub(crate) fn change(codebase: &str, branch: &str, revision: &str) -> NewChange {
    NewChange {
        author: "Ada <ada@weir.example>".to_owned(),
        comments: revision.to_owned(),
        revision: Some(revision.to_owned()),
        branch: Some(branch.to_owned()),
        repository: format!("/srv/{codebase}"),
        codebase: codebase.to_owned(),
        ..NewChange::default()
    }
}

/// What a buildset builds, as `codebase branch revision`.
pub(crate) fn sources(buildset: &Buildset) -> Vec<String> {
    let stamps = buildset.source_stamps.iter();
    let mut sources: Vec<String> = stamps
        .map(|it| {
            let branch = it.branch.as_deref().unwrap_or("-");
            let revision = it.revision.as_deref().unwrap_or("-");
            format!("{} {branch} {revision}", it.codebase)
        })
        .collect();
    sources.sort();
    sources
}

/// The changes that give the sources of a buildset.
pub(crate) async fn changes(site: &Site, buildset: &Buildset) -> Vec<ChangeId> {
    let mut found = vec![];
    for stamp in &buildset.source_stamps {
        let query = Query::<Change>::new().eq(ChangeField::SourceStamp, stamp.id);
        found.extend(
            site.store
                .page(query)
                .await
                .unwrap()
                .items
                .into_iter()
                .map(|it| it.id),
        );
    }
    found
}
