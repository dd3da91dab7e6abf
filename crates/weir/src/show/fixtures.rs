//! Resources with fixed values, for the tests of how they look.

use weir_status_api::{
    Build, BuildId, BuildRequest, BuildRequestId, Builder, BuilderId, BuildsetId, ConfiguredOn, Cursor,
    MasterId, Page, Results, Step, StepId, Timestamp, Worker, WorkerId, WorkerInfo,
};

/// The present moment: 13:46:40 UTC.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_700_056_000);

/// `seconds` before the present moment.
pub(crate) fn ago(seconds: i64) -> Timestamp {
    Timestamp::from_secs(NOW.as_secs() - seconds)
}

pub(crate) fn builder(id: i64, name: &str) -> Builder {
    Builder {
        id: BuilderId(id),
        name: name.to_owned(),
        masters: vec![MasterId(1)],
        description: None,
        description_format: None,
        project: None,
        tags: vec![],
    }
}

/// A connected worker.
pub(crate) fn worker(id: i64, name: &str) -> Worker {
    Worker {
        id: WorkerId(id),
        name: name.to_owned(),
        configured_on: vec![ConfiguredOn {
            master: MasterId(1),
            builder: BuilderId(1),
        }],
        connected_to: vec![MasterId(1)],
        info: WorkerInfo {
            host: Some("pool".to_owned()),
            version: Some("0.1.0".to_owned()),
            ..WorkerInfo::default()
        },
        paused: false,
        pause_reason: None,
        away_reason: None,
        graceful: false,
        absence: None,
    }
}

/// A build with id `1000 + number` on worker 1 that began 65 seconds ago; it took 5 if it has results.
pub(crate) fn build(builder: i64, number: i64, results: Option<Results>) -> Build {
    Build {
        id: BuildId(1000 + number),
        number,
        builder: BuilderId(builder),
        request: BuildRequestId(number),
        worker: WorkerId(1),
        master: MasterId(1),
        started_at: ago(65),
        complete_at: results.map(|_| ago(60)),
        locks_duration_s: 0,
        results,
        state: results.map_or("building", |_| "build successful").to_owned(),
        properties: Default::default(),
    }
}

/// A step of build 1001 that has not begun.
pub(crate) fn step(number: i64, name: &str) -> Step {
    Step {
        id: StepId(100 + number),
        number,
        name: name.to_owned(),
        build: BuildId(1001),
        started_at: None,
        locks_acquired_at: None,
        complete_at: None,
        results: None,
        state: "pending".to_owned(),
        urls: vec![],
        hidden: false,
    }
}

/// An open request that waits for 65 seconds.
pub(crate) fn request(id: i64, builder: i64) -> BuildRequest {
    BuildRequest {
        id: BuildRequestId(id),
        buildset: BuildsetId(id),
        builder: BuilderId(builder),
        priority: 0,
        claimed_at: None,
        claimed_by: None,
        complete_at: None,
        results: None,
        submitted_at: ago(65),
        waited_for: false,
        waiting_for: None,
        properties: Default::default(),
    }
}

/// A page with all there is.
pub(crate) fn page<T>(items: Vec<T>) -> Page<T> {
    Page {
        items,
        cursor: Cursor(1),
        next: None,
    }
}
