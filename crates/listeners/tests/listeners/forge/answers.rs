//! Answers that are too long, or that something in between gave: they are not taken for "nothing is there".

use std::sync::Mutex;

use serde_json::{Value, json};
use weir_listeners::{Destination, Report};
use weir_status_api::{ListenerError, Results};

use super::recorder::{Answer, Recorder};
use super::{at, comments, make};
use crate::sample::{SECRET, build, ended, of_build, open, stamp, with};

/// More than is read of an answer.
const TOO_LONG: usize = (16 << 20) + 1;

/// Longer than a short answer, and still read.
const LONG: usize = 3 << 20;

/// What comes of a look-up that is answered so: the error, and how many requests were made.
async fn looked_up(
    body: Vec<u8>,
    make: impl Fn(&Recorder) -> (Box<dyn Destination>, Report),
) -> (ListenerError, Vec<String>) {
    let server = Recorder::start(move |asked| match asked.method == "GET" {
        true => Answer::new(200, body.clone()),
        false => Answer::json(201, &json!({"id": 1})),
    })
    .await;
    let (destination, report) = make(&server);
    let error = destination.deliver(&report).await.unwrap_err();
    let methods = server.asked().iter().map(|it| it.method.to_string()).collect();
    (error, methods)
}

/// Nothing is made of an answer that is too long, is a page of a proxy's, or has not the form of the forge's.
async fn is_not_taken_for_nothing(
    name: &str,
    lists: bool,
    make: impl Fn(&Recorder) -> (Box<dyn Destination>, Report),
) {
    let mut bodies: Vec<(Vec<u8>, bool)> = vec![
        (vec![b' '; TOO_LONG], true),
        (b"<html>We are back soon.</html>".to_vec(), false),
        (vec![], false),
    ];
    if lists {
        bodies.push((b"{\"message\": \"back soon\"}".to_vec(), false));
    }
    for (body, is_never) in bodies {
        let (error, methods) = looked_up(body, &make).await;
        assert_eq!(
            matches!(error, ListenerError::Never(_)),
            is_never,
            "{name}: {error:?}"
        );
        assert_eq!(methods, ["GET"], "{name}: {error:?}");
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_makes_no_further_comment() {
    for kind in comments::all() {
        is_not_taken_for_nothing(kind.name, true, |server| {
            let report = comments::report(&kind, server, "linux", "broken");
            ((kind.make)(&server.url(), &open(), json!({})), report)
        })
        .await;
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_makes_no_further_check_run() {
    is_not_taken_for_nothing("github_checks", true, |server| {
        let options = at(&server.url(), json!({"token": SECRET}));
        let checks = make!(GithubChecks, GithubChecksOptions, &open(), options).unwrap();
        let report = ended(&server.repository("weir/weir"), Results::Success);
        (Box::new(checks), report)
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_gives_no_second_review() {
    let of_change = || {
        let of = build(
            stamp("ssh://ci@review.example.org:29418/tools/weir"),
            Some(Results::Success),
        );
        let of = with(of, "event.change.project", "tools/weir");
        of_build(with(of, "event.change.number", 1234))
    };
    let options = |server: &Recorder| at(&server.url(), json!({"user": "ci", "password": SECRET}));
    is_not_taken_for_nothing("gerrit", true, |server| {
        let gerrit = make!(Gerrit, GerritOptions, &open(), options(server)).unwrap();
        (Box::new(gerrit), of_change())
    })
    .await;
    is_not_taken_for_nothing("gerrit_verify_status", false, |server| {
        let jobs = make!(
            GerritVerifyStatus,
            GerritVerifyStatusOptions,
            &open(),
            options(server)
        );
        (Box::new(jobs.unwrap()), of_change())
    })
    .await;
}

#[tokio::test]
async fn our_comment_is_found_among_long_ones() {
    for kind in comments::all() {
        let (server, kept) = comments::forge(&kind).await;
        let long = json!({"id": 7, kind.text: "x".repeat(LONG)});
        kept.lock().unwrap().push(long);
        let destination = (kind.make)(&server.url(), &open(), json!({}));
        for text in ["broken", "mended"] {
            let report = comments::report(&kind, &server, "linux", text);
            destination.deliver(&report).await.unwrap();
        }
        let kept = kept.lock().unwrap();
        assert_eq!(kept.len(), 2, "{}", kind.name);
        let text = kept[1][kind.text].as_str().unwrap();
        assert!(text.starts_with("mended"), "{}: {text}", kind.name);
    }
}

#[tokio::test]
async fn a_status_that_gitlab_is_busy_with_is_told_later() {
    let busy = "{\"message\": \"Another update to this commit status is in progress\"}";
    let answers = Mutex::new(vec![Answer::new(409, busy)]);
    let server = Recorder::start(move |_| {
        let first = answers.lock().unwrap().pop();
        first.unwrap_or_else(|| Answer::json(201, &json!({})))
    })
    .await;
    let options = at(&server.url(), json!({"token": SECRET}));
    let destination = make!(GitlabStatus, GitlabStatusOptions, &open(), options).unwrap();
    let report = ended(&server.repository("weir/weir"), Results::Success);
    let error = destination.deliver(&report).await.unwrap_err();
    assert!(matches!(error, ListenerError::Later(_)), "{error:?}");
    destination.deliver(&report).await.unwrap();
}

#[tokio::test]
async fn a_comment_that_somebody_changed_meanwhile_is_read_again() {
    let kinds = comments::all();
    let kind = kinds
        .iter()
        .find(|it| it.name == "bitbucket_server_comment")
        .unwrap();
    let ours: Mutex<Value> = Mutex::default();
    let list = kind.list;
    // The version that we see is one behind at first.
    let version = Mutex::new(3);
    let server = Recorder::start(move |asked| {
        let (mut ours, mut version) = (ours.lock().unwrap(), version.lock().unwrap());
        match asked.method.as_str() {
            "GET" if ours.is_null() => Answer::json(200, &list(vec![])),
            "GET" => Answer::json(
                200,
                &list(vec![json!({"id": 7, "text": *ours, "version": *version})]),
            ),
            "PUT" if *version == 3 => {
                *version = 4;
                Answer::json(409, &json!({"errors": [{"message": "out of date"}]}))
            }
            _ => {
                if asked.method == "PUT" {
                    assert_eq!(asked.json()["version"], 4);
                }
                *ours = asked.json()["text"].clone();
                Answer::json(200, &json!({"id": 7}))
            }
        }
    })
    .await;
    let destination = (kind.make)(&server.url(), &open(), json!({}));
    let report = |text| comments::report(kind, &server, "linux", text);
    destination.deliver(&report("broken")).await.unwrap();
    let error = destination.deliver(&report("mended")).await.unwrap_err();
    assert!(matches!(error, ListenerError::Later(_)), "{error:?}");
    destination.deliver(&report("mended")).await.unwrap();
    let lines = server.lines();
    let edited = format!("PUT {}", kind.edited.1);
    assert_eq!(lines.iter().filter(|it| **it == edited).count(), 2, "{lines:?}");
}
