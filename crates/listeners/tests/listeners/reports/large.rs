//! What is large: all of it is told of, and what is shown is bounded.

use weir_listeners::{FileOptions, ReportKind, ReportOptions};
use weir_status_api::{Event, Log, LogId, LogKind, Results, StepId, Verb};

use super::site::{Site, build, event, request, step};
use super::{Bench, ends, failed};

/// How much a message has of one form at the most, in bytes.
const LONGEST: usize = 1 << 20;

const BUILDSET: ReportKind = ReportKind::Buildset { combined: false };

#[tokio::test]
async fn the_blamelist_is_of_all_changes_and_the_newest_are_shown() {
    let mut site = Site::new();
    let change = site.changes.remove(0);
    for id in 1..=1_000 {
        let mut change = change.clone();
        change.id.0 = id;
        change.author = format!("author-{id}");
        site.changes.push(change);
    }
    for gives_tokens in [true, false] {
        site.gives_tokens = gives_tokens;
        let report = Bench::new(vec![ends()]).only(&failed(&site), &site).await;
        let build = &report.about.builds()[0];
        assert_eq!(build.blamelist.len(), 1_000);
        let shown: Vec<i64> = build.changes.iter().map(|it| it.id.0).collect();
        assert_eq!(shown, (901..=1_000).collect::<Vec<_>>());
    }
}

/// A site whose buildset has so many builds that failed, with that log each, and its end.
fn broken(builds: i64, log: &str) -> (Site, Event) {
    let mut site = Site::new();
    (site.builds, site.requests) = (vec![], vec![]);
    (site.steps, site.logs) = (vec![], vec![]);
    for id in 1..=builds {
        site.builds.push(build(id, 2, id, Results::Failure));
        site.requests.push(request(id, 2));
        site.steps.push(step(id, id, 0, "compile", Results::Failure));
        let log_of = Log {
            id: LogId(id),
            name: "stdio".to_owned(),
            slug: "stdio".to_owned(),
            step: StepId(id),
            complete: true,
            num_lines: i64::try_from(log.lines().count()).unwrap(),
            kind: LogKind::Stdio,
        };
        site.logs.push((log_of, log.to_owned()));
    }
    let complete = event(4, Verb::Complete, site.buildset.clone());
    (site, complete)
}

#[tokio::test]
async fn all_builds_of_a_large_buildset_are_told() {
    let (mut site, complete) = broken(1_010, "");
    site.logs.clear();
    let report = Bench::new(vec![ReportOptions::new(BUILDSET)])
        .only(&complete, &site)
        .await;
    assert_eq!(report.about.builds().len(), 1_010);
}

#[tokio::test]
async fn the_ends_of_many_logs_share_the_room_of_a_report() {
    // All of it is escaped in HTML, and each line is indented in the text.
    for line in [format!("o{}\n", "\"".repeat(80)), "o&\n".to_owned()] {
        let (site, complete) = broken(65, &line.repeat(200));
        let reports = ReportOptions {
            files: FileOptions {
                excerpt_lines: 200,
                ..FileOptions::default()
            },
            ..ReportOptions::new(BUILDSET)
        };
        let report = Bench::new(vec![reports]).only(&complete, &site).await;
        for build in report.about.builds() {
            assert_eq!(build.steps[0].excerpts.len(), 1);
            assert!(build.steps[0].excerpts[0].text.ends_with(&line[1..]));
        }
        let message = report.message;
        let longest = [message.text, message.html.unwrap(), message.markdown.unwrap()];
        for text in longest {
            assert!(text.len() <= LONGEST && !text.contains("There is more"));
            assert_eq!(text.matches("from line").count(), 65);
        }
    }
}

#[tokio::test]
async fn default_words_that_would_be_too_many_are_fewer() {
    let (mut site, complete) = broken(60, "");
    site.logs.clear();
    let change = site.changes.remove(0);
    for id in 1..=100 {
        let mut change = change.clone();
        change.id.0 = id;
        change.comments = "so much to say ".repeat(20);
        site.changes.push(change);
    }
    let report = Bench::new(vec![ReportOptions::new(BUILDSET)])
        .only(&complete, &site)
        .await;
    assert_eq!(report.about.builds().len(), 60);
    let message = report.message;
    for text in [message.text, message.html.unwrap(), message.markdown.unwrap()] {
        assert!(text.contains("There is more than is told here."), "{text}");
    }
}
