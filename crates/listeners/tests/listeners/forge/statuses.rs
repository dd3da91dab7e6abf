//! Statuses of commits: the same of all forges, and what is special of some.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use weir_listeners::{Destination as _, Outlet, Report};
use weir_status_api::{ListenerError, Results};

use super::kinds::{all, target};
use super::recorder::{Answer, Recorder};
use super::{at, make};
use crate::sample::{
    REVISION, SECRET, build, ended, missing_worker, of_build, of_builder, of_buildset, open, requested,
    stamp, step, with,
};

/// A report for each state that there is.
fn reports(repository: &str) -> Vec<Report> {
    let going_on = of_build(build(stamp(repository), None));
    let mut all = vec![requested(repository), going_on];
    all.extend(Results::ALL.map(|results| ended(repository, results)));
    all
}

#[tokio::test]
async fn every_state_is_told_as_the_forge_has_it() {
    for kind in all() {
        let server = Recorder::taking().await;
        let destination = (kind.make)(&server.url(), &open());
        assert_eq!(destination.kind(), kind.name);
        for (report, state) in reports(&server.repository(kind.repository))
            .iter()
            .zip(kind.states)
        {
            destination.deliver(report).await.unwrap();
            let asked = server.only();
            assert_eq!(asked.line(), format!("POST {}", target(&kind)), "{}", kind.name);
            assert_eq!(asked.header("content-type"), "application/json");
            assert_eq!(
                asked.header(kind.credential.0),
                kind.credential.1,
                "{}",
                kind.name
            );
            let body = asked.json();
            kind.rules.check(&body);
            assert_eq!(
                body["state"],
                state,
                "{}: {:?}",
                kind.name,
                report.about.results()
            );
            assert_eq!(body.pointer(kind.name_at).unwrap(), "weir/linux", "{}", kind.name);
            assert_eq!(body["description"], "linux #4: the build ended", "{}", kind.name);
        }
    }
}

#[tokio::test]
async fn a_report_that_comes_twice_says_the_same() {
    for kind in all() {
        let server = Recorder::taking().await;
        let destination = (kind.make)(&server.url(), &open());
        let report = ended(&server.repository(kind.repository), Results::Failure);
        destination.deliver(&report).await.unwrap();
        destination.deliver(&report).await.unwrap();
        let asked = server.asked();
        assert_eq!(asked.len(), 2, "{}", kind.name);
        assert_eq!(asked[0].line(), asked[1].line(), "{}", kind.name);
        assert_eq!(asked[0].json(), asked[1].json(), "{}", kind.name);
    }
}

#[tokio::test]
async fn texts_are_cut_to_what_the_forge_takes() {
    for kind in all() {
        let server = Recorder::taking().await;
        let destination = (kind.make)(&server.url(), &open());
        let of = of_builder(
            build(stamp(&server.repository(kind.repository)), Some(Results::Success)),
            &"ü".repeat(2000),
        );
        let mut report = of_build(of);
        report.message.subject = format!("two\nlines {}", "ö".repeat(2000));
        destination.deliver(&report).await.unwrap();
        let body = server.only().json();
        kind.rules.check(&body);
        let text = body["description"].as_str().unwrap();
        assert!(
            text.starts_with("two lines ö") && text.ends_with('…'),
            "{}: {text}",
            kind.name
        );
    }
}

#[tokio::test]
async fn what_is_of_no_commit_of_the_forge_is_taken_and_not_sent() {
    for kind in all() {
        let server = Recorder::taking().await;
        let destination = (kind.make)(&server.url(), &open());
        let of = |repository: &str| ended(repository, Results::Success);
        let mut without = build(stamp(&server.repository(kind.repository)), Some(Results::Success));
        without.buildset.source_stamps[0].revision = None;
        let reports = [
            of("https://elsewhere.example.org/weir/weir.git"),
            of("/srv/git/weir"),
            of(""),
            of_build(without.clone()),
            missing_worker(),
        ];
        for report in reports {
            destination.deliver(&report).await.unwrap();
            assert_eq!(server.lines(), Vec::<String>::new(), "{}: {report:?}", kind.name);
        }
        // What a step found it to be does as well.
        destination
            .deliver(&of_build(with(without, "got_revision", REVISION)))
            .await
            .unwrap();
        assert_eq!(server.only().target, target(&kind), "{}", kind.name);
    }
}

#[tokio::test]
async fn the_answer_says_whether_to_try_again() {
    for kind in all() {
        for (status, header) in [
            (500, None),
            (503, None),
            (429, Some("7")),
            (404, None),
            (422, None),
        ] {
            let server = Recorder::start(move |_| {
                let answer = Answer::new(status, format!("no, {SECRET}"));
                header.map_or(answer.clone(), |it| answer.with("retry-after", it))
            })
            .await;
            let destination = (kind.make)(&server.url(), &open());
            let report = ended(&server.repository(kind.repository), Results::Success);
            let error = destination.deliver(&report).await.unwrap_err();
            let (why, expected) = match &error {
                ListenerError::Later(why) => (why, status >= 500),
                ListenerError::After(why, delay) => (why, status == 429 && *delay == Duration::from_secs(7)),
                ListenerError::Never(why) => (why, matches!(status, 404 | 422)),
            };
            assert!(expected, "{}: {status}: {error:?}", kind.name);
            assert!(
                why.contains(&status.to_string()) && !why.contains(SECRET),
                "{why}"
            );
        }
    }
}

#[tokio::test]
async fn a_dry_run_prints_what_would_be_sent_without_secrets() {
    for kind in all() {
        let server = Recorder::taking().await;
        let printed = Arc::new(Mutex::new(String::new()));
        let paper = Arc::clone(&printed);
        let outlet = Outlet::printing(move |text| paper.lock().unwrap().push_str(text));
        let outlet = outlet.with_secrets([SECRET.to_owned()]);
        let destination = (kind.make)(&server.url(), &outlet);
        let report = ended(&server.repository(kind.repository), Results::Success);
        destination.deliver(&report).await.unwrap();
        assert_eq!(server.lines(), Vec::<String>::new(), "{}", kind.name);
        let printed = printed.lock().unwrap();
        let line = format!("POST {}{}", server.url(), target(&kind));
        assert!(printed.contains(&line), "{}: {printed}", kind.name);
        assert!(printed.contains("the build ended"), "{}: {printed}", kind.name);
        assert!(!printed.contains(SECRET), "{}: {printed}", kind.name);
        assert!(!printed.contains(kind.credential.1), "{}: {printed}", kind.name);
    }
}

#[tokio::test]
async fn a_buildset_tells_of_each_of_its_builders() {
    let server = Recorder::taking().await;
    let destination = make!(
        GithubStatus,
        GithubStatusOptions,
        &open(),
        at(&server.url(), json!({"token": SECRET}))
    );
    let of =
        |name: &str, results| of_builder(build(stamp(&server.repository("weir/weir")), Some(results)), name);
    let report = of_buildset(vec![of("linux", Results::Success), of("macos", Results::Failure)]);
    destination.unwrap().deliver(&report).await.unwrap();
    let told: Vec<(Value, Value, Value)> = server
        .asked()
        .iter()
        .map(|it| {
            let body = it.json();
            (
                body["context"].clone(),
                body["state"].clone(),
                body["description"].clone(),
            )
        })
        .collect();
    let expected = |name: &str, state: &str| (json!(name), json!(state), json!("tests ended"));
    assert_eq!(
        told,
        [
            expected("weir/linux", "success"),
            expected("weir/macos", "failure")
        ]
    );
}

#[tokio::test]
async fn one_commit_that_is_refused_keeps_no_other_from_its_status() {
    let server = Recorder::start(|asked| {
        let status = if asked.target.contains("/gone/") { 404 } else { 201 };
        Answer::json(status, &json!({}))
    })
    .await;
    let options = at(&server.url(), json!({"token": SECRET, "context": "{codebase}"}));
    let destination = make!(GithubStatus, GithubStatusOptions, &open(), options).unwrap();
    let mut of = build(stamp(&server.repository("weir/gone")), Some(Results::Success));
    let mut second = stamp(&server.repository("weir/lib"));
    second.codebase = "lib".to_owned();
    of.buildset.source_stamps.push(second);
    let error = destination.deliver(&of_build(of)).await.unwrap_err();
    assert!(matches!(error, ListenerError::Never(_)), "{error:?}");
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].json()["context"], "lib");
}

#[tokio::test]
async fn what_waits_comes_before_what_is_refused() {
    let server = Recorder::start(|asked| match asked.target.contains("/gone/") {
        true => Answer::new(404, "gone"),
        false => Answer::new(503, "busy"),
    })
    .await;
    let options = at(&server.url(), json!({"token": SECRET}));
    let destination = make!(GithubStatus, GithubStatusOptions, &open(), options).unwrap();
    let mut of = build(stamp(&server.repository("weir/gone")), Some(Results::Success));
    of.buildset
        .source_stamps
        .push(stamp(&server.repository("weir/lib")));
    let error = destination.deliver(&of_build(of)).await.unwrap_err();
    assert!(matches!(error, ListenerError::Later(_)), "{error:?}");
}

#[tokio::test]
async fn a_step_has_a_status_of_its_own() {
    let server = Recorder::taking().await;
    let options = at(&server.url(), json!({"token": SECRET}));
    let destination = make!(GithubStatus, GithubStatusOptions, &open(), options).unwrap();
    let mut of = build(stamp(&server.repository("weir/weir")), None);
    of.steps = vec![step("compile", Results::Success, "")];
    of.step = Some(0);
    destination.deliver(&of_build(of)).await.unwrap();
    let body = server.only().json();
    assert_eq!(body["context"], "weir/linux/compile");
    assert_eq!(body["state"], "success");
}

#[tokio::test]
async fn the_repository_can_be_said_in_the_options() {
    let server = Recorder::taking().await;
    let options = at(
        &server.url(),
        json!({"token": SECRET, "repository": "mirror/weir"}),
    );
    let destination = make!(GithubStatus, GithubStatusOptions, &open(), options).unwrap();
    destination
        .deliver(&ended("/srv/git/weir", Results::Success))
        .await
        .unwrap();
    assert!(server.only().target.starts_with("/repos/mirror/weir/"));
    let options = at(
        &server.url(),
        json!({"token": SECRET, "hosts": ["git.example.org"]}),
    );
    let destination = make!(GithubStatus, GithubStatusOptions, &open(), options).unwrap();
    destination
        .deliver(&ended("git@git.example.org:weir/weir.git", Results::Success))
        .await
        .unwrap();
    destination
        .deliver(&ended(&server.repository("weir/weir"), Results::Success))
        .await
        .unwrap();
    assert!(server.only().target.starts_with("/repos/weir/weir/"));
}

#[tokio::test]
async fn a_status_that_gitlab_has_already_is_taken() {
    let server = Recorder::start(|_| {
        let why = "Cannot transition status via :enqueue from :pending (Reason(s): Status cannot transition via \"enqueue\")";
        Answer::json(400, &json!({"message": why}))
    })
    .await;
    let options = at(&server.url(), json!({"token": SECRET}));
    let destination = make!(GitlabStatus, GitlabStatusOptions, &open(), options).unwrap();
    destination
        .deliver(&requested(&server.repository("weir/weir")))
        .await
        .unwrap();
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_merge_request_of_a_fork_is_told_at_the_fork() {
    let server = Recorder::taking().await;
    let options = at(&server.url(), json!({"token": SECRET}));
    let destination = make!(GitlabStatus, GitlabStatusOptions, &open(), options).unwrap();
    let of = build(stamp(&server.repository("weir/weir")), Some(Results::Success));
    let of = with(with(of, "source_project_id", 23), "source_branch", "fix");
    destination.deliver(&of_build(of.clone())).await.unwrap();
    let asked = server.only();
    assert_eq!(asked.target, format!("/api/v4/projects/23/statuses/{REVISION}"));
    assert_eq!(asked.json()["ref"], "fix");
    let options = at(
        &server.url(),
        json!({"token": SECRET, "repository": "mirror/weir"}),
    );
    let destination = make!(GitlabStatus, GitlabStatusOptions, &open(), options).unwrap();
    destination.deliver(&of_build(of)).await.unwrap();
    assert!(
        server
            .only()
            .target
            .starts_with("/api/v4/projects/mirror%2Fweir/")
    );
}

#[tokio::test]
async fn bitbuckets_key_stays_apart_when_it_is_too_long() {
    let server = Recorder::taking().await;
    let options = at(&server.url(), json!({"user": "ci", "password": SECRET}));
    let destination = make!(BitbucketStatus, BitbucketStatusOptions, &open(), options).unwrap();
    let mut keys = vec![];
    for name in ["a".repeat(50), format!("{}b", "a".repeat(49)), "c".to_owned()] {
        let of = build(stamp(&server.repository("weir/weir")), Some(Results::Success));
        destination
            .deliver(&of_build(of_builder(of, &name)))
            .await
            .unwrap();
        let asked = server.only();
        // `ci:hunter2-hunter2`
        assert_eq!(asked.header("authorization"), "Basic Y2k6aHVudGVyMi1odW50ZXIy");
        keys.push(asked.json()["key"].as_str().unwrap().to_owned());
    }
    assert!(keys[0] != keys[1] && keys[0].len() == 40, "{keys:?}");
    assert_eq!(keys[2], "weir/c");
}

#[tokio::test]
async fn a_consumer_of_bitbucket_gets_a_token_once() {
    let server = Recorder::start(|asked| match asked.target.as_str() {
        "/token" => Answer::json(200, &json!({"access_token": "fresh", "expires_in": 7200})),
        _ => Answer::json(201, &json!({})),
    })
    .await;
    let consumer =
        json!({"oauth_key": "key", "oauth_secret": SECRET, "oauth_url": format!("{}/token", server.url())});
    let destination = make!(
        BitbucketStatus,
        BitbucketStatusOptions,
        &open(),
        at(&server.url(), consumer)
    )
    .unwrap();
    for _ in 0..2 {
        destination
            .deliver(&ended(&server.repository("weir/weir"), Results::Success))
            .await
            .unwrap();
    }
    let asked = server.asked();
    assert_eq!(asked.len(), 3);
    assert_eq!(asked[0].body, "grant_type=client_credentials");
    assert!(asked[0].header("authorization").starts_with("Basic "));
    assert!(
        asked[1..]
            .iter()
            .all(|it| it.header("authorization") == "Bearer fresh")
    );
}

#[tokio::test]
async fn bitbucket_server_is_told_of_duration_tests_and_branch() {
    let server = Recorder::taking().await;
    let options = at(&server.url(), json!({"user": "ci", "password": SECRET}));
    let destination = make!(
        BitbucketServerStatus,
        BitbucketServerStatusOptions,
        &open(),
        options
    )
    .unwrap();
    let of = build(
        stamp(&server.repository("users/ada/repos/weir")),
        Some(Results::Failure),
    );
    destination
        .deliver(&of_build(with(of, "tests_failed", 2)))
        .await
        .unwrap();
    let asked = server.only();
    assert!(
        asked
            .target
            .starts_with("/rest/api/1.0/projects/~ada/repos/weir/commits/"),
        "{}",
        asked.target
    );
    let body = asked.json();
    assert_eq!(body["duration"], 62_000);
    assert_eq!(
        body["testResults"],
        json!({"failed": 2, "skipped": 0, "successful": 0})
    );
    assert_eq!(
        (&body["ref"], &body["buildNumber"]),
        (&json!("refs/heads/main"), &json!("4"))
    );
}

#[tokio::test]
async fn a_pull_request_of_azure_devops_is_told_as_well() {
    let server = Recorder::taking().await;
    let options = at(&server.url(), json!({"token": SECRET}));
    let destination = make!(AzureDevops, AzureDevopsOptions, &open(), options).unwrap();
    let mut of = build(
        stamp(&server.repository("org/weir/_git/weir")),
        Some(Results::Success),
    );
    of.buildset.source_stamps[0].branch = Some("refs/pull/12/merge".to_owned());
    destination.deliver(&of_build(of)).await.unwrap();
    let lines = server.lines();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        lines[1],
        "POST /org/weir/_apis/git/repositories/weir/pullRequests/12/statuses?api-version=7.1"
    );
}
