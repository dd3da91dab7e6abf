//! Reports to be told, and masters to be told of.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use weir_listeners::{About, BuildReport, FileBookmarks, Message, Occasion, Report};
use weir_status_api::conformance::{BuilderSetup, NewBuildset, Setup, SetupIds, Stage, Writer};
use weir_status_api::{
    Build, BuildId, BuildRequest, BuildRequestId, Builder, BuilderId, Buildset, BuildsetId, Cursor, Desk,
    ForceDefaults, ForceField, ForceFieldKind, ForceScheduler, MasterId, Properties, Results, StatusApi,
    Timestamp, WorkerId, WorkerInfo,
};

use crate::model::ModelStage;

/// How long anything may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// The report of a build that ended so, with that subject and text.
pub(crate) fn report(results: Results, subject: &str, text: &str) -> Report {
    let at = Timestamp::from_secs(1_700_000_000);
    let builder = Builder {
        id: BuilderId(2),
        name: "tests".to_owned(),
        masters: vec![MasterId(1)],
        description: None,
        description_format: None,
        project: None,
        tags: vec![],
    };
    let request = BuildRequest {
        id: BuildRequestId(3),
        buildset: BuildsetId(4),
        builder: builder.id,
        priority: 0,
        claimed_at: Some(at),
        claimed_by: Some(MasterId(1)),
        complete_at: Some(at),
        results: Some(results),
        submitted_at: at,
        waited_for: false,
        waiting_for: None,
        properties: Properties::new(),
    };
    let buildset = Buildset {
        id: request.buildset,
        external_id: None,
        reason: "a change".to_owned(),
        rebuilt_build: None,
        submitted_at: at,
        complete_at: Some(at),
        results: Some(results),
        source_stamps: vec![],
        parent_build: None,
        parent_relationship: None,
    };
    let build = Build {
        id: BuildId(17),
        number: 5,
        builder: builder.id,
        request: request.id,
        worker: WorkerId(1),
        master: MasterId(1),
        started_at: at,
        complete_at: Some(at),
        locks_duration_s: 0,
        results: Some(results),
        state: "3 tests failed".to_owned(),
        properties: Properties::new(),
    };
    let about = BuildReport {
        build,
        builder,
        request,
        buildset,
        project: None,
        worker: "otter".to_owned(),
        properties: Properties::new(),
        changes: vec![],
        steps: vec![],
        step: None,
        previous: None,
        blamelist: vec![],
        owners: vec![],
        url: Some("https://ci.example.org/#/builders/2/builds/5".to_owned()),
    };
    Report {
        delivery: "chat-17".to_owned(),
        cursor: Cursor(17),
        at,
        occasion: Occasion::BuildFinished,
        about: About::Build(Box::new(about)),
        message: Message {
            subject: subject.to_owned(),
            text: text.to_owned(),
            ..Message::default()
        },
    }
}

/// A master with the builders `tests` (tag `release`) and `docs`, the worker `otter` of both, and a force scheduler.
pub(crate) struct Scene {
    pub(crate) stage: ModelStage,
    pub(crate) ids: SetupIds,
    folder: tempfile::TempDir,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let stage = ModelStage::new(None);
        let builder = |name: &str, tags: &[&str]| BuilderSetup {
            name: name.to_owned(),
            workers: vec!["otter".to_owned()],
            tags: tags.iter().map(ToString::to_string).collect(),
            ..BuilderSetup::default()
        };
        let setup = Setup {
            builders: vec![builder("tests", &["release"]), builder("docs", &[])],
            workers: vec!["otter".to_owned()],
            schedulers: vec!["by-hand".to_owned()],
            force_schedulers: vec![by_hand()],
            ..Setup::default()
        };
        let ids = stage.writer().configure(setup).await;
        stage
            .writer()
            .connect_worker(ids.workers["otter"], WorkerInfo::default())
            .await;
        let folder = tempfile::tempdir().unwrap();
        Self { stage, ids, folder }
    }

    /// The desk of a listener whose master lets only some control; at most one at a time.
    pub(crate) fn desk(&self) -> Desk {
        let api: Arc<dyn StatusApi> = self.stage.guarded();
        Desk::new(
            "chat",
            api,
            Arc::new(FileBookmarks::open(self.folder.path()).unwrap()),
        )
    }

    pub(crate) fn writer(&self) -> &dyn Writer {
        self.stage.writer()
    }

    /// A build of the builder that runs.
    pub(crate) async fn start(&self, builder: &str) -> BuildId {
        let builder = self.ids.builders[builder];
        let buildset = NewBuildset {
            builders: vec![builder],
            ..NewBuildset::default()
        };
        let (_, requests) = self.writer().add_buildset(buildset).await;
        let request = requests[&builder];
        assert!(self.writer().claim(request).await);
        let worker = self.ids.workers["otter"];
        self.writer()
            .start_build(request, worker, Properties::new())
            .await
            .0
    }

    /// A build of the builder that has ended.
    pub(crate) async fn build(&self, builder: &str, results: Results, state: &str) -> BuildId {
        let build = self.start(builder).await;
        self.writer().finish_build(build, results, state).await;
        build
    }
}

fn by_hand() -> ForceScheduler {
    ForceScheduler {
        name: "by-hand".to_owned(),
        button_name: "Force".to_owned(),
        label: "By hand".to_owned(),
        builder_names: vec!["tests".to_owned()],
        enabled: true,
        defaults: ForceDefaults::default(),
        properties: BTreeMap::new(),
        fields: vec![ForceField {
            name: "speed".to_owned(),
            label: "Speed".to_owned(),
            kind: ForceFieldKind::Text,
            default: "slow".into(),
            required: false,
        }],
    }
}
