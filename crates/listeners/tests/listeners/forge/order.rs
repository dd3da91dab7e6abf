//! What a commit or a pull request is told is never older than what it was told before.

use serde_json::json;
use weir_listeners::{Destination as _, Report};
use weir_status_api::{Cursor, Results, Timestamp};

use super::recorder::{Answer, Recorder};
use super::{at, comments, kinds, make};
use crate::sample::{REVISION, SECRET, build, ended, of_build, open, requested, stamp, with};

fn of(cursor: i64, mut report: Report) -> Report {
    report.cursor = Cursor(cursor);
    report.delivery = format!("tell-{cursor}");
    report
}

#[tokio::test]
async fn a_status_that_is_overtaken_is_taken_and_not_sent() {
    for kind in kinds::all() {
        let server = Recorder::taking().await;
        let destination = (kind.make)(&server.url(), &open());
        let repository = server.repository(kind.repository);
        destination
            .deliver(&of(20, ended(&repository, Results::Success)))
            .await
            .unwrap();
        assert_eq!(server.asked().len(), 1, "{}", kind.name);
        for older in [
            of(10, requested(&repository)),
            of(11, of_build(build(stamp(&repository), None))),
        ] {
            destination.deliver(&older).await.unwrap();
            assert_eq!(server.lines(), Vec::<String>::new(), "{}", kind.name);
        }
        // Another commit has a status of its own.
        let mut other = build(stamp(&repository), Some(Results::Success));
        other.buildset.source_stamps[0].revision = Some(REVISION.replace('0', "f"));
        destination.deliver(&of(12, of_build(other))).await.unwrap();
        // Events that begin anew, from a master's first day, are later.
        let mut anew = of(1, requested(&repository));
        anew.at = Timestamp::from_secs(anew.at.as_secs() + 1);
        destination.deliver(&anew).await.unwrap();
        assert_eq!(server.asked().len(), 2, "{}", kind.name);
    }
}

#[tokio::test]
async fn what_was_not_taken_overtakes_nothing() {
    let kind = &kinds::all()[0];
    let server = Recorder::start(|asked| match asked.json()["state"] == "success" {
        true => Answer::new(404, "no such commit"),
        false => Answer::json(201, &json!({})),
    })
    .await;
    let destination = (kind.make)(&server.url(), &open());
    let repository = server.repository(kind.repository);
    let newer = of(20, ended(&repository, Results::Success));
    destination.deliver(&newer).await.unwrap_err();
    destination
        .deliver(&of(10, requested(&repository)))
        .await
        .unwrap();
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_comment_is_edited_by_newer_reports_only() {
    for kind in comments::all() {
        let (server, kept) = comments::forge(&kind).await;
        let destination = (kind.make)(&server.url(), &open(), json!({}));
        let report = |text| comments::report(&kind, &server, "linux", text);
        for (cursor, text) in [(20, "mended"), (10, "broken")] {
            destination.deliver(&of(cursor, report(text))).await.unwrap();
        }
        let kept = kept.lock().unwrap();
        let text = kept[0][kind.text].as_str().unwrap();
        assert!(text.starts_with("mended"), "{}: {text}", kind.name);
    }
}

#[tokio::test]
async fn a_verification_is_never_put_back() {
    let server = Recorder::start(|_| Answer::new(200, ")]}'\n{}")).await;
    let options = at(&server.url(), json!({"user": "ci", "password": SECRET}));
    let destination = make!(GerritVerifyStatus, GerritVerifyStatusOptions, &open(), options).unwrap();
    let of_change = |results| {
        let of = build(stamp("ssh://ci@review.example.org:29418/tools/weir"), results);
        let of = with(of, "event.change.project", "tools/weir");
        with(of, "event.change.number", 1234)
    };
    destination
        .deliver(&of(20, of_build(of_change(Some(Results::Success)))))
        .await
        .unwrap();
    assert_eq!(server.asked().len(), 2);
    destination
        .deliver(&of(10, of_build(of_change(None))))
        .await
        .unwrap();
    assert_eq!(server.lines(), Vec::<String>::new());
}
