//! Builds of several codebases: what is known of one is not said of another.

use serde_json::{Value, json};
use weir_listeners::{BuildReport, BuildsetReport, Destination as _, Report, RequestReport};
use weir_status_api::{Change, ChangeId, Property, Results, SourceStampId};

use super::recorder::Recorder;
use super::{at, comments, make};
use crate::sample::{REVISION, SECRET, build, of_build, of_buildset, open, requested, stamp, with};

const OTHER: &str = "fedcba9876543210fedcba9876543210fedcba98";

/// A build of `app`, with these properties, which a change of it has too, and of `lib` beside it.
fn of_both(server: &Recorder, properties: &[(&str, Value)], with_change: bool) -> BuildReport {
    let mut app = stamp(&server.repository("weir/app"));
    app.codebase = "app".to_owned();
    let mut lib = stamp(&server.repository("weir/lib"));
    lib.id = SourceStampId(6);
    lib.codebase = "lib".to_owned();
    lib.revision = Some(OTHER.to_owned());
    let change = Change {
        id: ChangeId(1),
        parents: vec![],
        author: "ada".to_owned(),
        committer: None,
        files: vec![],
        comments: String::new(),
        revision: Some(REVISION.to_owned()),
        branch: Some("main".to_owned()),
        category: None,
        revlink: None,
        properties: properties
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Property::new(value.clone(), "Change")))
            .collect(),
        repository: app.repository.clone(),
        project: String::new(),
        codebase: "app".to_owned(),
        source_stamp: app.clone(),
        when: app.created_at,
    };
    let mut of = build(app, Some(Results::Success));
    of.buildset.source_stamps.push(lib);
    if with_change {
        of.changes.push(change);
    }
    properties
        .iter()
        .fold(of, |of, (name, value)| with(of, name, value.clone()))
}

#[tokio::test]
async fn a_merge_request_of_a_fork_is_of_one_codebase() {
    let server = Recorder::taking().await;
    let options = at(&server.url(), json!({"token": SECRET}));
    let destination = make!(GitlabStatus, GitlabStatusOptions, &open(), options).unwrap();
    let properties = [("source_project_id", json!(23)), ("source_branch", json!("fix"))];
    for (with_change, app, branch) in [(true, "23", "fix"), (false, "weir%2Fapp", "main")] {
        let report = of_build(of_both(&server, &properties, with_change));
        destination.deliver(&report).await.unwrap();
        let asked = server.asked();
        let targets: Vec<&str> = asked.iter().map(|it| it.target.as_str()).collect();
        assert_eq!(
            targets,
            [
                format!("/api/v4/projects/{app}/statuses/{REVISION}"),
                format!("/api/v4/projects/weir%2Flib/statuses/{OTHER}"),
            ]
        );
        assert_eq!(asked[0].json()["ref"], branch);
        assert_eq!(asked[1].json()["ref"], "main");
    }
}

#[tokio::test]
async fn a_pull_request_is_of_one_codebase() {
    let kind = &comments::all()[0];
    let (server, _) = comments::forge(kind).await;
    let destination = (kind.make)(&server.url(), &open(), json!({}));
    let properties = [("github.number", json!(12))];
    let commented = |report: Report| {
        let destination = &destination;
        let server = &server;
        async move {
            destination.deliver(&report).await.unwrap();
            let lines = server.lines();
            lines
                .into_iter()
                .filter(|it| it.starts_with("POST"))
                .collect::<Vec<_>>()
        }
    };
    let report = of_build(of_both(&server, &properties, true));
    assert_eq!(
        commented(report).await,
        ["POST /repos/weir/app/issues/12/comments"]
    );
    // Of which of both it is, is not known.
    let report = of_build(of_both(&server, &properties, false));
    assert_eq!(commented(report).await, Vec::<String>::new());
    // What is beside it is of another forge.
    let mut of = of_both(&server, &properties, false);
    of.buildset.source_stamps[1].repository = "https://elsewhere.example.org/weir/lib".to_owned();
    destination.deliver(&of_build(of)).await.unwrap();
    assert_eq!(
        server.lines()[0],
        "GET /repos/weir/app/issues/12/comments?per_page=50&page=1"
    );
}

#[tokio::test]
async fn a_request_that_was_not_needed_sets_no_status() {
    let server = Recorder::taking().await;
    let options = at(&server.url(), json!({"token": SECRET}));
    let destination = make!(GithubStatus, GithubStatusOptions, &open(), options).unwrap();
    let repository = server.repository("weir/weir");
    let unbuilt = |name: &str, results| -> RequestReport {
        let weir_listeners::About::Request(mut it) = requested(&repository).about else {
            panic!("it is about no request");
        };
        it.builder.name = name.to_owned();
        it.request.results = Some(results);
        *it
    };
    let mut report = of_buildset(vec![build(stamp(&repository), Some(Results::Success))]);
    let weir_listeners::About::Buildset(about) = &mut report.about else {
        panic!("it is about no buildset");
    };
    let about: &mut BuildsetReport = about;
    about.unbuilt = vec![
        unbuilt("windows", Results::Skipped),
        unbuilt("macos", Results::Cancelled),
    ];
    destination.deliver(&report).await.unwrap();
    let told: Vec<(Value, Value)> = server
        .asked()
        .iter()
        .map(|it| (it.json()["context"].clone(), it.json()["state"].clone()))
        .collect();
    let expected = [("weir/linux", "success"), ("weir/macos", "error")];
    assert_eq!(told, expected.map(|(name, state)| (json!(name), json!(state))));
}
