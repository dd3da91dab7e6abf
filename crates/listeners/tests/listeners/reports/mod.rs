//! What is told of events, to whom, and in which words: a reporter with a destination that keeps what it is given.

mod large;
mod order;
mod people;
mod select;
pub(crate) mod site;
mod words;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use weir_listeners::{
    Destination, FileOptions, Links, Outlet, People, Report, ReportKind, ReportOptions, Reporter,
    ReporterOptions,
};
use weir_status_api::{Event, Listener, ListenerError, Results, Verb};

use site::{Site, event};

/// Keeps what is delivered to it, and gives the answers that it was told to before it takes something.
#[derive(Default)]
struct Recorder {
    reports: Mutex<Vec<Report>>,
    answers: Mutex<VecDeque<ListenerError>>,
}

#[async_trait]
impl Destination for Recorder {
    fn kind(&self) -> &'static str {
        "recorder"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        // A place for each delivery: none there is taken.
        if let Some(answer) = self.answers.lock().unwrap().pop_front()
            && !matches!(&answer, ListenerError::Later(why) if why.is_empty())
        {
            return Err(answer);
        }
        self.reports.lock().unwrap().push(report.clone());
        Ok(())
    }
}

/// A delivery that is taken, among answers.
fn taken() -> ListenerError {
    ListenerError::Later(String::new())
}

/// A reporter and what it delivered.
struct Bench {
    reporter: Reporter,
    recorder: Arc<Recorder>,
}

impl Bench {
    fn new(reports: Vec<ReportOptions>) -> Self {
        Self::with(reports, People::default())
    }

    fn with(reports: Vec<ReportOptions>, people: People) -> Self {
        let recorder = Arc::new(Recorder::default());
        let options = ReporterOptions {
            name: "test".to_owned(),
            reports,
            people,
            links: Links::new(Some("https://ci.example.org")),
            title: "Weir".to_owned(),
        };
        let outlet = Outlet::open().with_secrets(["hunter2".to_owned()]);
        let reporter = Reporter::new(options, Arc::clone(&recorder) as _, &outlet).unwrap();
        Self { reporter, recorder }
    }

    async fn tell(&self, event: &Event, site: &Site) -> Result<(), ListenerError> {
        self.reporter.on_event(event, site).await
    }

    /// What was delivered since this was last asked.
    fn taken(&self) -> Vec<Report> {
        std::mem::take(&mut self.recorder.reports.lock().unwrap())
    }

    /// The only report of the event.
    async fn only(&self, event: &Event, site: &Site) -> Report {
        self.tell(event, site).await.unwrap();
        let mut reports = self.taken();
        assert_eq!(reports.len(), 1, "{reports:?}");
        reports.pop().unwrap()
    }
}

const ENDS: ReportKind = ReportKind::Build {
    start: false,
    finish: true,
};

/// Reports of the ends of builds.
fn ends() -> ReportOptions {
    ReportOptions::new(ENDS)
}

/// The end of build 17, which failed.
fn failed(site: &Site) -> Event {
    event(7, Verb::Finished, site.build(17))
}

#[tokio::test]
async fn an_event_of_which_nothing_is_told_is_not_read_about() {
    let mut site = Site::new();
    let bench = Bench::new(vec![ends()]);
    for results in [Results::Skipped, Results::Retry] {
        site.builds[1].results = Some(results);
        bench.tell(&failed(&site), &site).await.unwrap();
    }
    bench
        .tell(&event(8, Verb::New, site.build(17)), &site)
        .await
        .unwrap();
    bench
        .tell(&event(9, Verb::Missing, site.worker.clone()), &site)
        .await
        .unwrap();
    assert_eq!(site.reads(), 0);
    assert!(bench.taken().is_empty());
}

#[tokio::test]
async fn each_report_of_an_event_has_an_id_of_its_own_that_stays() {
    let site = Site::new();
    let both = ReportOptions::new(ReportKind::Build {
        start: true,
        finish: true,
    });
    let bench = Bench::new(vec![ends(), both]);
    for _ in 0..2 {
        bench.tell(&failed(&site), &site).await.unwrap();
        let ids: Vec<String> = bench.taken().into_iter().map(|it| it.delivery).collect();
        assert_eq!(ids, ["test-7", "test-7.2"]);
    }
    let began = event(6, Verb::New, site.build(17));
    let report = bench.only(&began, &site).await;
    assert_eq!(report.delivery, "test-6.2");
    assert!(report.message.quiet);
}

#[tokio::test]
async fn only_what_is_missing_is_delivered_again() {
    let site = Site::new();
    let bench = Bench::new(vec![ends(), ends(), ends()]);
    let later = ListenerError::Later("not now".to_owned());
    *bench.recorder.answers.lock().unwrap() = [taken(), later.clone()].into();
    assert_eq!(bench.tell(&failed(&site), &site).await, Err(later));
    assert_eq!(bench.taken().len(), 1);
    bench.tell(&failed(&site), &site).await.unwrap();
    let ids: Vec<String> = bench.taken().into_iter().map(|it| it.delivery).collect();
    assert_eq!(ids, ["test-7.2", "test-7.3"]);
}

#[tokio::test]
async fn what_is_refused_for_good_does_not_keep_the_others() {
    let site = Site::new();
    let bench = Bench::new(vec![ends(), ends()]);
    let never = ListenerError::Never("no".to_owned());
    *bench.recorder.answers.lock().unwrap() = [never.clone()].into();
    assert_eq!(bench.tell(&failed(&site), &site).await, Err(never));
    assert_eq!(bench.taken()[0].delivery, "test-7.2");
    // Once somebody asks for it again, the one that was delivered stays so.
    bench.tell(&failed(&site), &site).await.unwrap();
    let ids: Vec<String> = bench.taken().into_iter().map(|it| it.delivery).collect();
    assert_eq!(ids, ["test-7"]);
}

#[tokio::test]
async fn what_cannot_be_read_now_is_told_later_and_what_is_gone_never() {
    let mut site = Site::new();
    let bench = Bench::new(vec![ends()]);
    let failed = failed(&site);
    site.is_away.store(true, std::sync::atomic::Ordering::SeqCst);
    let answer = bench.tell(&failed, &site).await;
    assert!(matches!(answer, Err(ListenerError::Later(_))), "{answer:?}");
    site.is_away.store(false, std::sync::atomic::Ordering::SeqCst);
    site.requests.clear();
    let answer = bench.tell(&failed, &site).await;
    let expected = "what the report is about cannot be read: there is no build request 17";
    assert_eq!(answer, Err(ListenerError::Never(expected.to_owned())));
}

#[tokio::test]
async fn logs_and_patches_go_with_it_as_files() {
    let site = Site::new().with_patch("--- a\n+++ b\n");
    let options = |logs: Option<weir_listeners::Patterns>, most: usize| ReportOptions {
        files: FileOptions {
            logs,
            patch: true,
            most,
            ..FileOptions::default()
        },
        ..ends()
    };
    let all = weir_listeners::Patterns::default();
    let report = Bench::new(vec![options(Some(all), 1000)])
        .only(&failed(&site), &site)
        .await;
    let files: Vec<(&str, &str)> = report
        .message
        .attachments
        .iter()
        .map(|it| (it.name.as_str(), std::str::from_utf8(&it.content).unwrap()))
        .collect();
    assert_eq!(
        files,
        [
            ("source.patch", "--- a\n+++ b\n"),
            (
                "compile.stdio.txt",
                "make all\ncc lib.c\nlib.c:3: no ';'\nmake: failed\nprogram finished with exit code 2\n"
            ),
            ("lint.stdio.txt", "lint: well\n"),
        ]
    );
    let one = weir_listeners::Patterns::of(["compile.stdio"]);
    let report = Bench::new(vec![options(Some(one), 60)])
        .only(&failed(&site), &site)
        .await;
    let lengths: Vec<usize> = report
        .message
        .attachments
        .iter()
        .map(|it| it.content.len())
        .collect();
    assert_eq!(
        lengths,
        [
            "--- a\n+++ b\n".len(),
            "program finished with exit code 2\n".len()
        ]
    );
}
