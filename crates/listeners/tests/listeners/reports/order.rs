//! In which order reports come.

use std::sync::Arc;
use std::time::Duration;

use weir_listeners::{FileBookmarks, Occasion, ReportKind, ReportOptions};
use weir_status_api::{
    BuildsetId, Cursor, Event, Listener as _, ListenerError, Runner, RunnerOptions, Start, Verb,
};
use weir_testbed::eventually;

use super::Bench;
use super::site::{Site, event};

const REQUESTS: ReportKind = ReportKind::Request {
    added: true,
    cancelled: true,
};
const BUILDS: ReportKind = ReportKind::Build {
    start: true,
    finish: true,
};

/// What is told of these events, each by its occasion and its event, if the destination answers so.
async fn told(events: Vec<Event>, answers: Vec<ListenerError>, expected: usize) -> Vec<(Occasion, i64)> {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::new();
    site.events = events;
    let bench = Bench::new(vec![ReportOptions::new(REQUESTS), ReportOptions::new(BUILDS)]);
    *bench.recorder.answers.lock().unwrap() = answers.into();
    let options = RunnerOptions {
        first_pause: Duration::from_millis(50),
        longest_pause: Duration::from_millis(50),
        start: Start::After(Cursor::ZERO),
        ..RunnerOptions::default()
    };
    let bookmarks = Arc::new(FileBookmarks::open(folder.path()).unwrap());
    let runner = Runner::new(Arc::new(bench.reporter), Arc::new(site), bookmarks, options);
    let all = eventually("all is told", Duration::from_secs(20), async || {
        let reports = bench.recorder.reports.lock().unwrap();
        let told = reports.iter().map(|it| (it.occasion, it.cursor.0));
        (reports.len() == expected).then(|| told.collect())
    });
    tokio::select! {
        () = runner.run() => unreachable!(),
        all = all => all,
    }
}

#[tokio::test]
async fn a_request_that_waits_is_told_before_its_build() {
    let site = Site::new();
    let mut begun = site.build(17);
    (begun.results, begun.complete_at) = (None, None);
    let events = vec![
        event(1, Verb::New, site.requests[1].clone()),
        event(2, Verb::New, begun),
        event(3, Verb::Finished, site.build(17)),
    ];
    let away = ListenerError::Later("away".to_owned());
    let told = told(events, vec![away.clone(), away], 3).await;
    assert_eq!(
        told,
        [
            (Occasion::RequestAdded, 1),
            (Occasion::BuildStarted, 2),
            (Occasion::BuildFinished, 3),
        ]
    );
}

#[tokio::test]
async fn a_build_that_runs_again_is_told_before_the_one_in_its_place() {
    let site = Site::new();
    let mut lost = site.build(16);
    lost.request = site.build(17).request;
    let events = vec![
        event(1, Verb::Finished, lost),
        event(2, Verb::Finished, site.build(17)),
    ];
    let told = told(events, vec![ListenerError::Later("away".to_owned())], 2).await;
    assert_eq!(told, [(Occasion::BuildFinished, 1), (Occasion::BuildFinished, 2)]);
}

#[tokio::test]
async fn other_builds_do_not_wait_not_even_those_of_the_builder() {
    let site = Site::new();
    let bench = Bench::new(vec![ReportOptions::new(REQUESTS), ReportOptions::new(BUILDS)]);
    let lane = |id| bench.reporter.lane(&event(id, Verb::Finished, site.build(id)));
    assert_eq!(site.build(16).builder, site.build(17).builder);
    assert_ne!(lane(16), lane(17));
    assert_ne!(lane(17), lane(18));
}

#[tokio::test]
async fn buildsets_of_one_commit_are_in_order() {
    let site = Site::new();
    let bench = Bench::new(vec![ReportOptions::new(ReportKind::Buildset { combined: false })]);
    let lane = |id: i64, revision: &str| {
        let mut buildset = site.buildset.clone();
        buildset.id = BuildsetId(id);
        buildset.source_stamps[0].revision = Some(revision.to_owned());
        bench.reporter.lane(&event(id, Verb::Complete, buildset))
    };
    assert_eq!(lane(9, "8a3f"), lane(10, "8a3f"));
    assert_ne!(lane(9, "8a3f"), lane(10, "9b40"));
}
