//! In which order reports come.

use std::sync::Arc;
use std::time::Duration;

use weir_listeners::{FileBookmarks, Occasion, ReportKind, ReportOptions};
use weir_status_api::{
    BuildsetId, Cursor, Event, Listener as _, ListenerError, Results, Runner, RunnerOptions, Start, Verb,
};
use weir_testbed::eventually;

use super::site::{Site, build, event};
use super::{Bench, taken};

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
async fn an_earlier_build_of_a_builder_is_told_before_the_next() {
    let site = Site::new();
    let events = vec![
        event(1, Verb::Finished, site.build(16)),
        event(2, Verb::Finished, site.build(17)),
    ];
    let told = told(events, vec![ListenerError::Later("away".to_owned())], 2).await;
    assert_eq!(told, [(Occasion::BuildFinished, 1), (Occasion::BuildFinished, 2)]);
}

#[tokio::test]
async fn other_builders_do_not_wait() {
    let site = Site::new();
    let events = vec![
        event(1, Verb::Finished, site.build(17)),
        event(2, Verb::Finished, site.build(18)),
    ];
    let answers = vec![ListenerError::Later("away".to_owned()), taken()];
    let told = told(events, answers, 2).await;
    assert_eq!(told, [(Occasion::BuildFinished, 2), (Occasion::BuildFinished, 1)]);
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
    // What runs again is of the same builder.
    let lane = |id| {
        bench
            .reporter
            .lane(&event(id, Verb::New, build(id, 2, id, Results::Retry)))
    };
    assert_eq!(lane(20), lane(21));
}
