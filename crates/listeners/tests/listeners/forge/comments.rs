//! Comments on pull requests: one for each builder, which is found again and edited.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use weir_listeners::{Destination, Outlet, Report};
use weir_status_api::Results;

use super::at;
use super::make;
use super::recorder::{Answer, Asked, Recorder};
use crate::sample::{SECRET, build, missing_worker, of_build, of_builder, open, stamp, with};

/// A kind of comment with what is known of its forge.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) make: fn(&str, &Outlet, Value) -> Box<dyn Destination>,
    pub(super) repository: &'static str,
    pub(super) branch: &'static str,
    /// Where comments are listed, and where one is made.
    pub(super) listed: &'static str,
    pub(super) made: &'static str,
    /// Where the comment 7 is edited, and how.
    pub(super) edited: (&'static str, &'static str),
    /// The field that holds the text.
    pub(super) text: &'static str,
    /// The list with these comments in it.
    pub(super) list: fn(Vec<Value>) -> Value,
    /// The longest comment, in bytes.
    pub(super) longest: usize,
}

macro_rules! maker {
    ($kind:ident, $options:ident) => {
        |url, outlet, more| {
            let mut options = at(url, json!({"token": SECRET}));
            for (name, value) in more.as_object().unwrap() {
                options[name] = value.clone();
            }
            Box::new(make!($kind, $options, outlet, options).unwrap())
        }
    };
}

pub(super) fn all() -> [Kind; 4] {
    [
        Kind {
            name: "github_comment",
            make: maker!(GithubComment, GithubCommentOptions),
            repository: "weir/weir",
            branch: "refs/pull/12/merge",
            listed: "/repos/weir/weir/issues/12/comments?per_page=50&page=1",
            made: "/repos/weir/weir/issues/12/comments",
            edited: ("PATCH", "/repos/weir/weir/issues/comments/7"),
            text: "body",
            list: Value::Array,
            longest: 65_536,
        },
        Kind {
            name: "gitlab_comment",
            make: maker!(GitlabComment, GitlabCommentOptions),
            repository: "group/sub/weir",
            branch: "refs/merge-requests/12/head",
            listed: "/api/v4/projects/group%2Fsub%2Fweir/merge_requests/12/notes?sort=asc&order_by=created_at&per_page=20&page=1",
            made: "/api/v4/projects/group%2Fsub%2Fweir/merge_requests/12/notes",
            edited: (
                "PUT",
                "/api/v4/projects/group%2Fsub%2Fweir/merge_requests/12/notes/7",
            ),
            text: "body",
            list: Value::Array,
            longest: 1_000_000,
        },
        Kind {
            name: "gitea_comment",
            make: maker!(GiteaComment, GiteaCommentOptions),
            repository: "weir/weir",
            branch: "refs/pull/12/head",
            listed: "/api/v1/repos/weir/weir/issues/12/comments",
            made: "/api/v1/repos/weir/weir/issues/12/comments",
            edited: ("PATCH", "/api/v1/repos/weir/weir/issues/comments/7"),
            text: "body",
            list: Value::Array,
            longest: 65_535,
        },
        Kind {
            name: "bitbucket_server_comment",
            make: maker!(BitbucketServerComment, BitbucketServerCommentOptions),
            repository: "scm/WEIR/weir",
            branch: "refs/pull-requests/12/from",
            listed: "/rest/api/1.0/projects/WEIR/repos/weir/pull-requests/12/activities?limit=50&start=0",
            made: "/rest/api/1.0/projects/WEIR/repos/weir/pull-requests/12/comments",
            edited: (
                "PUT",
                "/rest/api/1.0/projects/WEIR/repos/weir/pull-requests/12/comments/7",
            ),
            text: "text",
            list: |all| {
                let all: Vec<Value> = all
                    .iter()
                    .map(|it| json!({"action": "COMMENTED", "comment": it}))
                    .collect();
                json!({"values": all, "isLastPage": true, "nextPageStart": null})
            },
            longest: 32_768,
        },
    ]
}

/// A forge that keeps comments, each with the id that it has by its place, from 7 on.
pub(super) async fn forge(kind: &Kind) -> (Recorder, Arc<Mutex<Vec<Value>>>) {
    let kept: Arc<Mutex<Vec<Value>>> = Arc::default();
    let comments = Arc::clone(&kept);
    let (text, list, edited) = (kind.text, kind.list, kind.edited.0);
    let server = Recorder::start(move |asked: &Asked| {
        let mut comments = comments.lock().unwrap();
        let said = asked.json()[text].clone();
        if asked.method == "GET" {
            return Answer::json(200, &list(comments.clone()));
        }
        if asked.method == edited {
            let id: usize = asked.target.rsplit('/').next().unwrap().parse().unwrap();
            comments[id - 7][text] = said;
            return Answer::json(200, &json!({}));
        }
        let id = comments.len() + 7;
        comments.push(json!({"id": id, "version": 3, text: said}));
        Answer::json(201, &json!({"id": id}))
    })
    .await;
    (server, kept)
}

pub(super) fn report(kind: &Kind, server: &Recorder, builder: &str, text: &str) -> Report {
    let mut of = build(stamp(&server.repository(kind.repository)), Some(Results::Failure));
    of.buildset.source_stamps[0].branch = Some(kind.branch.to_owned());
    let mut report = of_build(of_builder(of, builder));
    report.message.markdown = Some(text.to_owned());
    report
}

#[tokio::test]
async fn a_later_report_edits_the_comment_of_its_builder() {
    for kind in all() {
        let (server, kept) = forge(&kind).await;
        let destination = (kind.make)(&server.url(), &open(), json!({}));
        assert_eq!(destination.kind(), kind.name);
        destination
            .deliver(&report(&kind, &server, "linux", "**broken**"))
            .await
            .unwrap();
        let (made, listed) = (format!("POST {}", kind.made), format!("GET {}", kind.listed));
        assert_eq!(server.lines(), [listed.clone(), made.clone()]);
        destination
            .deliver(&report(&kind, &server, "linux", "mended"))
            .await
            .unwrap();
        let edited = format!("{} {}", kind.edited.0, kind.edited.1);
        let asked = server.asked();
        assert_eq!(
            asked.iter().map(Asked::line).collect::<Vec<_>>(),
            [listed.clone(), edited]
        );
        if kind.name == "bitbucket_server_comment" {
            assert_eq!(asked[1].json()["version"], 3);
        }
        destination
            .deliver(&report(&kind, &server, "macos", "all well"))
            .await
            .unwrap();
        assert_eq!(server.lines(), [listed, made]);
        let kept = kept.lock().unwrap();
        let texts: Vec<&str> = kept.iter().map(|it| it[kind.text].as_str().unwrap()).collect();
        assert_eq!(texts.len(), 2, "{}", kind.name);
        assert!(
            texts[0].starts_with("mended\n\n") && texts[1].starts_with("all well\n\n"),
            "{texts:?}"
        );
    }
}

#[tokio::test]
async fn without_edit_each_report_has_a_comment_and_one_that_comes_twice_has_one() {
    for kind in all() {
        let (server, kept) = forge(&kind).await;
        let destination = (kind.make)(&server.url(), &open(), json!({"edit": false}));
        let first = report(&kind, &server, "linux", "one");
        let mut second = report(&kind, &server, "linux", "two");
        second.delivery = "tell-18".to_owned();
        for report in [&first, &first, &second, &second] {
            destination.deliver(report).await.unwrap();
        }
        assert_eq!(kept.lock().unwrap().len(), 2, "{}", kind.name);
    }
}

#[tokio::test]
async fn a_comment_of_somebody_else_is_never_edited() {
    let kind = &all()[0];
    let (server, kept) = forge(kind).await;
    let theirs = json!({"id": 7, "body": "<!-- weir:0123456789abcdef0123456789abcdef -->"});
    kept.lock().unwrap().push(theirs.clone());
    let destination = (kind.make)(&server.url(), &open(), json!({}));
    destination
        .deliver(&report(kind, &server, "linux", "one"))
        .await
        .unwrap();
    // The mark of another pull request's comment does not do either.
    let ours = kept.lock().unwrap()[1]["body"].as_str().unwrap().to_owned();
    let mut other = report(kind, &server, "linux", "two");
    let weir_listeners::About::Build(of) = &mut other.about else {
        panic!("{other:?}");
    };
    of.buildset.source_stamps[0].branch = Some("refs/pull/13/merge".to_owned());
    destination.deliver(&other).await.unwrap();
    let kept = kept.lock().unwrap();
    assert_eq!(kept[0], theirs);
    assert_eq!((kept.len(), kept[1]["body"].as_str()), (3, Some(ours.as_str())));
}

#[tokio::test]
async fn ours_is_found_on_a_later_page() {
    let kind = &all()[0];
    let marked: Arc<Mutex<String>> = Arc::default();
    let mark = Arc::clone(&marked);
    let server = Recorder::start(move |asked| {
        if asked.target.ends_with("page=1") {
            let page: Vec<Value> = (0..50).map(|it| json!({"id": it, "body": "hello"})).collect();
            return Answer::json(200, &page.into());
        }
        if asked.target.ends_with("page=2") {
            return Answer::json(200, &json!([{"id": 7, "body": *mark.lock().unwrap()}]));
        }
        Answer::json(200, &json!({}))
    })
    .await;
    let destination = (kind.make)(&server.url(), &open(), json!({}));
    let report = report(kind, &server, "linux", "one");
    destination.deliver(&report).await.unwrap();
    let asked = server.asked();
    assert_eq!(asked[2].line(), format!("POST {}", kind.made));
    *marked.lock().unwrap() = asked[2].json()["body"].as_str().unwrap().to_owned();
    destination.deliver(&report).await.unwrap();
    assert_eq!(server.lines()[2], format!("PATCH {}", kind.edited.1));
}

#[tokio::test]
async fn long_comments_are_cut_and_keep_their_mark() {
    for kind in all() {
        let (server, kept) = forge(&kind).await;
        let destination = (kind.make)(&server.url(), &open(), json!({}));
        let long = report(&kind, &server, "linux", &"ü".repeat(100_000));
        destination.deliver(&long).await.unwrap();
        destination.deliver(&long).await.unwrap();
        let kept = kept.lock().unwrap();
        assert_eq!(kept.len(), 1, "{}", kind.name);
        let text = kept[0][kind.text].as_str().unwrap();
        assert!(
            text.len() <= kind.longest && text.contains('…'),
            "{}: {}",
            kind.name,
            text.len()
        );
    }
}

#[tokio::test]
async fn the_pull_request_is_known_by_what_hooks_set() {
    let kind = &all()[0];
    let (server, _) = forge(kind).await;
    let destination = (kind.make)(&server.url(), &open(), json!({}));
    let of = || build(stamp(&server.repository(kind.repository)), Some(Results::Success));
    let link = "https://github.com/weir/weir/pull/12";
    for of in [
        with(of(), "github.number", 12),
        with(of(), "pullrequesturl", link),
    ] {
        destination.deliver(&of_build(of)).await.unwrap();
        assert_eq!(server.lines()[0], format!("GET {}", kind.listed));
    }
}

#[tokio::test]
async fn what_is_of_no_pull_request_is_taken_and_not_sent() {
    for kind in all() {
        let (server, _) = forge(&kind).await;
        let destination = (kind.make)(&server.url(), &open(), json!({}));
        let of = build(stamp(&server.repository(kind.repository)), Some(Results::Success));
        for report in [of_build(of), missing_worker()] {
            destination.deliver(&report).await.unwrap();
            assert_eq!(server.lines(), Vec::<String>::new(), "{}", kind.name);
        }
    }
}

#[tokio::test]
async fn a_dry_run_prints_the_comment() {
    for kind in all() {
        let (server, _) = forge(&kind).await;
        let printed = Arc::new(Mutex::new(String::new()));
        let paper = Arc::clone(&printed);
        let outlet = Outlet::printing(move |text| paper.lock().unwrap().push_str(text));
        let destination = (kind.make)(
            &server.url(),
            &outlet.with_secrets([SECRET.to_owned()]),
            json!({}),
        );
        destination
            .deliver(&report(&kind, &server, "linux", "broken"))
            .await
            .unwrap();
        assert_eq!(server.lines(), Vec::<String>::new(), "{}", kind.name);
        let printed = printed.lock().unwrap();
        assert!(
            printed.contains("broken") && !printed.contains(SECRET),
            "{}: {printed}",
            kind.name
        );
    }
}
