//! Check runs: one for each request, with annotations, 50 a request.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use weir_listeners::{BuildReport, Destination as _, GithubChecks};
use weir_status_api::{ListenerError, Results};

use super::recorder::{Answer, Asked, Recorder};
use super::rules::{Field, Is, Rules};
use super::{at, make};
use crate::sample::{REVISION, SECRET, build, of_build, open, requested, stamp, step};

const ANNOTATION: &[Field] = &[
    ("path", true, Is::Text(4096)),
    ("start_line", true, Is::Number),
    ("end_line", true, Is::Number),
    ("start_column", false, Is::Number),
    ("end_column", false, Is::Number),
    (
        "annotation_level",
        true,
        Is::OneOf(&["notice", "warning", "failure"]),
    ),
    ("message", true, Is::Text(65_536)),
    ("title", false, Is::Text(255)),
    ("raw_details", false, Is::Text(65_536)),
];

const RULES: Rules = Rules {
    source: "docs.github.com/en/rest/checks/runs, version 2022-11-28",
    fields: &[
        ("name", false, Is::Text(100)),
        ("head_sha", false, Is::Text(40)),
        ("details_url", false, Is::Url(65_535)),
        ("external_id", false, Is::Text(255)),
        (
            "status",
            false,
            Is::OneOf(&["queued", "in_progress", "completed"]),
        ),
        ("started_at", false, Is::Moment),
        (
            "conclusion",
            false,
            Is::OneOf(&[
                "action_required",
                "cancelled",
                "failure",
                "neutral",
                "success",
                "skipped",
                "timed_out",
            ]),
        ),
        ("completed_at", false, Is::Moment),
        (
            "output",
            false,
            Is::Object(&[
                ("title", true, Is::Text(255)),
                ("summary", true, Is::Text(65_535)),
                ("text", false, Is::Text(65_535)),
                ("annotations", false, Is::List(50, ANNOTATION)),
            ]),
        ),
    ],
};

/// GitHub with the check runs that it keeps, as their ids, their `external_id`s and the messages of their annotations.
#[derive(Clone, Default)]
struct Github(Arc<Mutex<Vec<Run>>>);

#[derive(Clone, Debug)]
struct Run {
    external_id: Value,
    state: (Value, Value),
    annotations: Vec<String>,
}

impl Github {
    /// One that answers 500 instead of taking the requests `broken`, counted from 0.
    async fn start(broken: &'static [usize]) -> (Recorder, Self) {
        let github = Self::default();
        let kept = github.clone();
        let changes = Mutex::new(0);
        let server = Recorder::start(move |asked| {
            if asked.method == "GET" {
                return kept.list();
            }
            let mut changes = changes.lock().unwrap();
            *changes += 1;
            match broken.contains(&(*changes - 1)) {
                true => Answer::new(500, "away"),
                false => kept.change(asked),
            }
        })
        .await;
        (server, github)
    }

    fn list(&self) -> Answer {
        let runs = self.0.lock().unwrap();
        let run = |(id, it): (usize, &Run)| json!({"id": id, "external_id": it.external_id, "output": {"annotations_count": it.annotations.len()}});
        let runs: Vec<Value> = runs.iter().enumerate().map(run).collect();
        Answer::json(200, &json!({"total_count": runs.len(), "check_runs": runs}))
    }

    fn change(&self, asked: &Asked) -> Answer {
        let mut runs = self.0.lock().unwrap();
        let body = asked.json();
        RULES.check(&body);
        let id = match asked.method.as_str() {
            "POST" => {
                assert_eq!(body["head_sha"], REVISION);
                runs.push(Run {
                    external_id: body["external_id"].clone(),
                    state: Default::default(),
                    annotations: vec![],
                });
                runs.len() - 1
            }
            _ => asked.target.rsplit('/').next().unwrap().parse().unwrap(),
        };
        let run = &mut runs[id];
        if body.get("status").is_some() {
            run.state = (body["status"].clone(), body["conclusion"].clone());
        }
        let new = body["output"]["annotations"].as_array().into_iter().flatten();
        run.annotations
            .extend(new.map(|it| it["message"].as_str().unwrap().to_owned()));
        Answer::json(200, &json!({"id": id}))
    }

    fn only(&self) -> Run {
        let runs = self.0.lock().unwrap();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs[0].clone()
    }
}

fn checks(server: &Recorder) -> GithubChecks {
    let options = at(&server.url(), json!({"token": SECRET}));
    make!(GithubChecks, GithubChecksOptions, &open(), options).unwrap()
}

/// A build whose compiler said so many errors.
fn failed(server: &Recorder, errors: usize) -> BuildReport {
    let mut of = build(stamp(&server.repository("weir/weir")), Some(Results::Failure));
    let lines: Vec<String> = (1..=errors)
        .map(|it| format!("src/a.c:{it}:2: error: number {it}\n"))
        .collect();
    of.steps = vec![step("compile", Results::Failure, &lines.concat())];
    of
}

#[tokio::test]
async fn one_check_run_goes_with_a_request_to_its_end() {
    let (server, github) = Github::start(&[]).await;
    let checks = checks(&server);
    let repository = server.repository("weir/weir");
    checks.deliver(&requested(&repository)).await.unwrap();
    let list = format!(
        "GET /repos/weir/weir/commits/{REVISION}/check-runs?check_name=weir%2Flinux&filter=all&per_page=50&page=1"
    );
    assert_eq!(
        server.lines(),
        [list.clone(), "POST /repos/weir/weir/check-runs".to_owned()]
    );
    assert_eq!(github.only().external_id, "weir-request-3");
    assert_eq!(github.only().state, (json!("queued"), Value::Null));
    checks
        .deliver(&of_build(build(stamp(&repository), None)))
        .await
        .unwrap();
    assert_eq!(
        server.lines(),
        [list, "PATCH /repos/weir/weir/check-runs/0".to_owned()]
    );
    assert_eq!(github.only().state, (json!("in_progress"), Value::Null));
    for (results, conclusion) in [
        (Results::Success, "success"),
        (Results::Warnings, "neutral"),
        (Results::Failure, "failure"),
        (Results::Exception, "failure"),
        (Results::Skipped, "skipped"),
        (Results::Cancelled, "cancelled"),
    ] {
        checks
            .deliver(&of_build(build(stamp(&repository), Some(results))))
            .await
            .unwrap();
        assert_eq!(github.only().state, (json!("completed"), json!(conclusion)));
    }
}

#[tokio::test]
async fn annotations_go_fifty_a_request_and_once_each() {
    let (server, github) = Github::start(&[]).await;
    let checks = checks(&server);
    let report = of_build(failed(&server, 120));
    checks.deliver(&report).await.unwrap();
    let expected: Vec<String> = (1..=120).map(|it| format!("number {it}")).collect();
    assert_eq!(github.only().annotations, expected);
    let asked = server.asked();
    assert_eq!(asked.len(), 4);
    let first = &asked[1].json()["output"]["annotations"][0];
    assert_eq!(
        *first,
        json!({
            "path": "src/a.c", "start_line": 1, "end_line": 1, "start_column": 2, "end_column": 2,
            "annotation_level": "failure", "title": "compile: stdio", "message": "number 1",
        })
    );
    let text = asked[1].json()["output"]["text"].as_str().unwrap().to_owned();
    assert!(
        text.starts_with("### compile: stdio\n\n````\nsrc/a.c:1:2"),
        "{text}"
    );
    checks.deliver(&report).await.unwrap();
    assert_eq!(github.only().annotations, expected);
}

#[tokio::test]
async fn what_broke_off_between_two_requests_is_gone_on_with() {
    let (server, github) = Github::start(&[1]).await;
    let checks = checks(&server);
    let report = of_build(failed(&server, 120));
    let error = checks.deliver(&report).await.unwrap_err();
    assert!(matches!(error, ListenerError::Later(_)), "{error:?}");
    assert_eq!(github.only().annotations.len(), 50);
    checks.deliver(&report).await.unwrap();
    let expected: Vec<String> = (1..=120).map(|it| format!("number {it}")).collect();
    assert_eq!(github.only().annotations, expected);
}

#[tokio::test]
async fn there_are_no_more_annotations_than_are_wanted() {
    let (server, github) = Github::start(&[]).await;
    let options = at(&server.url(), json!({"token": SECRET, "annotations": 3}));
    let checks = make!(GithubChecks, GithubChecksOptions, &open(), options).unwrap();
    checks.deliver(&of_build(failed(&server, 10))).await.unwrap();
    assert_eq!(github.only().annotations.len(), 3);
}

#[tokio::test]
async fn long_texts_are_cut_to_what_a_check_run_takes() {
    let (server, github) = Github::start(&[]).await;
    let mut of = failed(&server, 0);
    of.builder.name = "ü".repeat(300);
    of.steps = vec![step(
        "compile",
        Results::Failure,
        &format!("a.c:1: error: {}\n", "ö".repeat(80_000)),
    )];
    let mut report = of_build(of);
    report.message.subject = "ä".repeat(1000);
    report.message.markdown = Some("é".repeat(80_000));
    checks(&server).deliver(&report).await.unwrap();
    assert_eq!(github.only().annotations.len(), 1);
}
