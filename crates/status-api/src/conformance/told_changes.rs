//! Cases: changes that somebody tells of.

use serde_json::json;

use super::check::newest;
use super::control::ordered;
use super::stage::Stage;
use super::story::Story;
use crate::{Caller, Change, ChangeParams, Clock, Command, Error, Key, Outcome, Property, Timestamp};

fn told() -> ChangeParams {
    ChangeParams {
        author: "Ada <ada@weir.example>".to_owned(),
        committer: Some("Bob".to_owned()),
        files: vec!["src/wéir.c".to_owned(), "a b".to_owned()],
        comments: "Raise it\n\nby a foot".to_owned(),
        revision: Some("abc123".to_owned()),
        branch: Some("topic/ä".to_owned()),
        category: Some("public".to_owned()),
        revlink: Some("https://example.org/abc123".to_owned()),
        properties: [("depth".to_owned(), json!(3)), ("of".to_owned(), json!(["a"]))].into(),
        repository: "https://example.org/weir.git".to_owned(),
        project: "weir".to_owned(),
        codebase: "code".to_owned(),
        when: Some(Timestamp(1_700_000_000_250_001)),
    }
}

pub(super) async fn one_is_recorded(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let expected = told();
    let command = Command::AddChange { change: told() };
    let (outcome, events) = ordered(&scene, api, &Caller::anonymous(), command).await;
    let Ok(Outcome::Change { change: id }) = outcome else {
        panic!("a change that is told of is recorded, but gives {outcome:?}")
    };
    let got: Change = scene.look(Key::Change(id)).await;
    assert_eq!(
        (&got.author, &got.committer, &got.files, &got.comments),
        (
            &expected.author,
            &expected.committer,
            &expected.files,
            &expected.comments
        )
    );
    assert_eq!(
        (&got.revision, &got.branch, &got.category, &got.revlink, got.when),
        (
            &expected.revision,
            &expected.branch,
            &expected.category,
            &expected.revlink,
            Timestamp(1_700_000_000_250_001)
        )
    );
    let stamp = &got.source_stamp;
    assert_eq!(
        (
            &stamp.repository,
            &stamp.project,
            &stamp.codebase,
            &stamp.revision
        ),
        (
            &expected.repository,
            &expected.project,
            &expected.codebase,
            &expected.revision
        ),
        "it gives a source"
    );
    for (name, value) in expected.properties {
        assert_eq!(got.properties.get(&name), Some(&Property::new(value, "Change")));
    }
    let topic = format!("changes/{id}/new");
    assert!(
        events
            .iter()
            .any(|it| it.topics().iter().any(|it| it.to_string() == topic)),
        "it has the event {topic}, there is only {events:?}"
    );
}

pub(super) async fn a_bare_one_is_of_now(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let change = ChangeParams {
        author: "Ada".to_owned(),
        ..ChangeParams::default()
    };
    let mut ids = vec![];
    for _ in 0..2 {
        let command = Command::AddChange {
            change: change.clone(),
        };
        let (outcome, _) = ordered(&scene, &*scene.api, &Caller::anonymous(), command).await;
        let Ok(Outcome::Change { change: id }) = outcome else {
            panic!("it is recorded, but gives {outcome:?}")
        };
        let got: Change = scene.look(Key::Change(id)).await;
        assert_eq!(got.when, scene.writer.clock().now(), "it was made now");
        assert_eq!(
            (got.revision, got.branch, got.properties.is_empty()),
            (None, None, true)
        );
        ids.push(id);
    }
    assert!(ids[0] < ids[1], "what is told twice is recorded twice: {ids:?}");
}

pub(super) async fn what_is_none_is_refused(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let before = newest(&*scene.api).await;
    for (change, field) in [
        (
            ChangeParams {
                author: " ".to_owned(),
                ..told()
            },
            "author",
        ),
        (
            ChangeParams {
                files: vec!["a".to_owned(), String::new()],
                ..told()
            },
            "files",
        ),
        (
            ChangeParams {
                properties: [(String::new(), json!(1))].into(),
                ..told()
            },
            "properties",
        ),
    ] {
        let command = Command::AddChange { change };
        let got = scene.api.control(&Caller::anonymous(), command).await;
        assert!(
            matches!(&got, Err(Error::InvalidInput { fields }) if fields.contains_key(field)),
            "{field} is refused, but gives {got:?}"
        );
    }
    assert_eq!(
        newest(&*scene.api).await,
        before,
        "what is refused leaves no event"
    );
}
