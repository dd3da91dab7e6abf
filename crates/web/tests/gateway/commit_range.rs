//! The test results of the commits from one to another.

use axum::http::StatusCode;
use serde_json::json;
use weir_status_api::conformance::{NewBuildset, Stage};
use weir_status_api::{
    BuilderId, CodebaseId, Commit, CommitId, Properties, SourceStamp, SourceStampId, Timestamp, WorkerId,
};

use crate::scene::{Gateway, Scene};

async fn commit(scene: &Scene, revision: &str, parent: Option<CommitId>) -> CommitId {
    let commit = Commit {
        id: CommitId(0),
        codebase: CodebaseId(1),
        author: "Ada".to_owned(),
        committer: None,
        comments: String::new(),
        when: Timestamp::from_secs(5),
        revision: revision.to_owned(),
        parent,
    };
    scene.stage.writer().add_commit(commit).await
}

/// A build of the revision, with a set of test results.
async fn test(scene: &Scene, revision: &str) {
    let writer = scene.stage.writer();
    let source = SourceStamp {
        id: SourceStampId(0),
        revision: Some(revision.to_owned()),
        branch: None,
        repository: String::new(),
        project: "The app".to_owned(),
        codebase: "main".to_owned(),
        created_at: Timestamp::default(),
        patch: None,
    };
    let new = NewBuildset {
        sources: vec![source],
        builders: vec![BuilderId(1)],
        ..NewBuildset::default()
    };
    let request = writer.add_buildset(new).await.1[&BuilderId(1)];
    assert!(writer.claim(request).await);
    let (build, _) = writer.start_build(request, WorkerId(1), Properties::new()).await;
    let step = writer.add_step(build, "test").await;
    writer.start_step(step).await;
    writer
        .add_test_result_set(step, Some(revision.to_owned()), "pass_fail", "boolean")
        .await;
}

/// The revisions of the sets at the path.
async fn tested(gateway: &Gateway, path: &str) -> Vec<String> {
    let sets = gateway.rows(path).await.into_iter();
    sets.map(|set| set["description"].as_str().unwrap().to_owned())
        .collect()
}

/// Four commits: 1, 2 and 3 in a line, and 4, which follows 1 too.
async fn told() -> Scene {
    let scene = Scene::new().await;
    let one = commit(&scene, "a", None).await;
    let two = commit(&scene, "b", Some(one)).await;
    commit(&scene, "c", Some(two)).await;
    commit(&scene, "d", Some(one)).await;
    for revision in ["c", "a", "b", "d", "b"] {
        test(&scene, revision).await;
    }
    scene
}

#[tokio::test]
async fn a_range_has_the_test_results_of_its_commits() {
    let scene = told().await;
    let gateway = scene.open();
    for (range, expected) in [
        ("1/3", &["c", "a", "b", "b"][..]),
        ("2/3", &["c", "b", "b"]),
        ("1/4", &["a", "d"]),
        ("3/3", &["c"]),
        // The second does not follow the first.
        ("3/1", &[]),
        ("2/4", &[]),
        // One is not there.
        ("1/9", &[]),
        ("9/1", &[]),
    ] {
        let path = format!("codebases/1/commit_range/{range}/test_result_sets");
        assert_eq!(tested(&gateway, &path).await, expected, "{path}");
    }
    let elsewhere = "codebases/9/commit_range/1/3/test_result_sets";
    assert!(gateway.rows(elsewhere).await.is_empty());
}

#[tokio::test]
async fn a_range_is_a_list_like_others() {
    let scene = told().await;
    let gateway = scene.open();
    for (parameters, expected) in [
        ("order=description", &["a", "b", "b", "c"][..]),
        ("order=-test_result_setid&limit=2", &["b", "b"]),
        ("order=-test_result_setid&limit=2&offset=2", &["a", "c"]),
        ("description__contains=b", &["b", "b"]),
        ("builderid=9", &[]),
        ("commitid=2&commitid=4", &["b", "b"]),
    ] {
        let path = format!("codebases/1/commit_range/1/3/test_result_sets?{parameters}");
        assert_eq!(tested(&gateway, &path).await, expected, "{path}");
    }
    let sets = "test_result_sets?commitid=1&commitid=4";
    assert_eq!(tested(&gateway, sets).await, ["a", "d"]);
    let path = "/api/v2/codebases/1/commit_range/1/3/test_result_sets?limit=3";
    let first = gateway.get(path).await.json();
    assert_eq!(first["test_result_sets"].as_array().unwrap().len(), 3);
    let next = first["meta"]["next"].as_str().unwrap();
    let rest = "codebases/1/commit_range/1/3/test_result_sets?limit=3&after=";
    let next = next.replace(' ', "%20").replace('"', "%22");
    assert_eq!(tested(&gateway, &format!("{rest}{next}")).await, ["b"]);
}

#[tokio::test]
async fn a_range_of_too_many_commits_is_refused() {
    let scene = Scene::new().await;
    let mut last = None;
    for revision in 0..501 {
        last = Some(commit(&scene, &revision.to_string(), last).await);
    }
    test(&scene, "7").await;
    let gateway = scene.open();
    let whole = gateway
        .get("/api/v2/codebases/1/commit_range/1/501/test_result_sets")
        .await;
    assert_eq!(whole.status, StatusCode::BAD_REQUEST, "{}", whole.body);
    assert_eq!(whole.json()["field"], json!("commitid2"));
    let most = "codebases/1/commit_range/2/501/test_result_sets";
    assert_eq!(tested(&gateway, most).await, ["7"]);
}
