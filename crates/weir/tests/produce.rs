//! What a master fills of the status API beside builds: projects, codebases, commits, branches, change sources, and
//! that workers are missing; read over each binding.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use std::sync::Arc;

use futures::StreamExt;
use serde_json::Value;
use site::{SOON, Site};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use weir_status_api::*;
use weir_status_http::{HttpOptions, HttpStatus};
use weir_testbed::eventually;

const CONFIG: &str = r#"
master(anonymous_control = True)
gauge = project("The gauge", slug = "gauge", description = "Of **water**.")
code = codebase("code", project = gauge)
w1 = worker("w1", token_file = "w1.token")
git_poller("@REPOSITORY@", name = "poller", poll_interval = "100ms", codebase = code)
builder(
    "all",
    workers = [w1],
    steps = [
        git("@REPOSITORY@", codebase = code.name),
        build_data("revision", value = prop("got_revision"), source = "git"),
        build_data("readme", command = ["cat", "README"]),
        shell("echo test a ... ok; echo test b ... FAILED; echo test c ... ok", name = "test", tests = "libtest"),
        build_data("nothing", command = "false", flunk_on_failure = False, halt_on_failure = False),
    ],
    project = gauge,
    description = "Plain.",
    description_format = None,
)
any_branch("commits", builders = ["all"])
"#;

const MISSING: &str = r#"
w1 = worker("w1", token_file = "w1.token", missing_timeout = "200ms", notify_on_missing = ["ada@weir.example"])
worker("w2", token_file = "w2.token", missing_timeout = "1ms")
builder("all", workers = [w1], steps = [shell("true")])
"#;

/// The API over gRPC and over JSON.
fn bindings(site: &Site) -> [Arc<dyn StatusApi>; 2] {
    let json = HttpStatus::new(&site.url, HttpOptions::default()).unwrap();
    [Arc::new(site.api()), Arc::new(json)]
}

/// The list at a path of the JSON API, as a program that knows no types of ours sees it.
async fn listed(site: &Site, path: &str) -> Vec<Value> {
    let address = site.url.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!("GET /api/v2/{path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{path}: {error}: {answer}"));
    let kind = path.rsplit('/').next().unwrap();
    body[kind]
        .as_array()
        .unwrap_or_else(|| panic!("{path}: {body}"))
        .clone()
}

/// Where the branches are.
async fn heads(api: &dyn StatusApi) -> Vec<(String, String)> {
    let mut heads = vec![];
    for branch in api.page(Query::<Branch>::new()).await.unwrap().items {
        let head: Commit = api
            .one(Key::Commit(branch.commit.unwrap().into()))
            .await
            .unwrap()
            .value;
        heads.push((branch.name, head.revision));
    }
    heads.sort();
    heads
}

async fn branches_are(api: &dyn StatusApi, expected: &[(&str, &String)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(branch, revision)| ((*branch).to_owned(), (*revision).clone()))
        .collect();
    eventually("the branches are there", SOON, async || {
        heads(api).await == expected
    })
    .await;
}

async fn commit(api: &dyn StatusApi, revision: &str) -> Commit {
    let query = Query::<Commit>::new().eq(CommitField::Revision, revision);
    api.page(query).await.unwrap().items.pop().unwrap()
}

/// The topics of all that happened after the cursor, but for those of builds and what belongs to them.
async fn told_after(api: &dyn StatusApi, after: Cursor) -> Vec<String> {
    let until = api.page(Query::<Master>::new()).await.unwrap().cursor;
    let patterns = [
        "projects/*/*",
        "codebases/*/*",
        "branches/*/*",
        "commits/*/*",
        "changesources/*/*",
        "builders/*/*",
    ];
    let filter = TopicFilter::parse_all(patterns).unwrap();
    let mut events = api.watch(filter, Start::After(after)).await.unwrap();
    let mut told = vec![];
    loop {
        let signal = events.next().await.unwrap().unwrap();
        match &signal {
            Signal::Event(event) if event.cursor <= until => told.push(event.topics()[0].to_string()),
            _ => {}
        }
        if signal.cursor() >= until {
            return told;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_its_codebase_and_its_history_are_there() {
    let mut site = Site::start(CONFIG).await;
    let begin = site.repository.git(&["rev-parse", "HEAD"]);
    let api = site.api();
    branches_are(&api, &[("main", &begin)]).await;
    let _worker = site.worker("w1");
    site.worker_connected("w1", true).await;
    site.master
        .said("the first look", SOON, |said| said.contains("first look"))
        .await;

    let fork = site
        .repository
        .commit("Ben <ben@weir.example>", &[("README", "1")], "One");
    site.repository.switch("side");
    let side = site
        .repository
        .commit("Cleo <cleo@weir.example>", &[("SIDE", "2")], "Two");
    site.repository.switch("main");
    let main = site
        .repository
        .commit("Ben <ben@weir.example>", &[("README", "3")], "Three");
    branches_are(&api, &[("main", &main), ("side", &side)]).await;

    for api in bindings(&site) {
        let project: Project = api
            .one(Key::Project(ProjectKey::Slug("gauge".to_owned())))
            .await
            .unwrap()
            .value;
        assert_eq!(project.name, "The gauge");
        assert_eq!(project.description.as_deref(), Some("Of **water**."));
        assert_eq!(project.description_format.as_deref(), Some("markdown"));
        assert!(project.active);
        let builder = api.page(Query::<Builder>::new()).await.unwrap().items.remove(0);
        assert_eq!(builder.project, Some(project.id));
        assert_eq!(
            (builder.description.as_deref(), builder.description_format),
            (Some("Plain."), None)
        );
        let codebase = api.page(Query::<Codebase>::new()).await.unwrap().items.remove(0);
        assert_eq!((codebase.name.as_str(), codebase.project), ("code", project.id));
        let source = api
            .page(Query::<ChangeSource>::new())
            .await
            .unwrap()
            .items
            .remove(0);
        assert_eq!(
            (source.name.as_str(), source.master),
            ("poller", Some(MasterId(1)))
        );

        let (begin, fork) = (commit(&*api, &begin).await, commit(&*api, &fork).await);
        let (side, main) = (commit(&*api, &side).await, commit(&*api, &main).await);
        assert_eq!(begin.codebase, codebase.id);
        assert_eq!((begin.parent, fork.parent), (None, Some(begin.id)));
        assert_eq!(fork.author, "Ben <ben@weir.example>");
        let query = CommitGraphQuery {
            first: main.id,
            second: side.id,
        };
        let View::CommitGraph(graph) = api.view(ViewQuery::CommitGraph(query)).await.unwrap().value else {
            panic!("a commit graph");
        };
        assert_eq!(graph.common.map(|it| it.id), Some(fork.id));
        assert_eq!((graph.to_first, graph.to_second), (vec![main.id], vec![side.id]));
    }
    for (path, length) in [
        ("projects", 1),
        ("projects/1/builders", 1),
        ("codebases", 1),
        ("codebases/1/branches", 2),
        ("codebases/1/commits", 4),
        ("changesources", 1),
    ] {
        assert_eq!(listed(&site, path).await.len(), length, "{path}");
    }
    build_keeps_data(&site).await;
    nothing_is_told_twice(&mut site, &side).await;
    what_is_left_out_is_not_active(&mut site).await;
}

/// What the steps `build_data` of a build of the codebase leave.
async fn build_keeps_data(site: &Site) {
    let api = site.api();
    let build = eventually("the change of the codebase is built", SOON, async || {
        let built = Query::<Build>::new().eq(BuildField::Results, Results::Success);
        api.page(built).await.unwrap().items.pop()
    })
    .await;
    let properties = api
        .properties(PropertiesOf::Build(build.id.into()))
        .await
        .unwrap()
        .value;
    for api in bindings(site) {
        let kept = Query::<BuildData>::new().eq(BuildDataField::Build, build.id);
        let mut kept = api.page(kept).await.unwrap().items;
        kept.sort_by(|a, b| a.name.cmp(&b.name));
        let shown: Vec<_> = kept
            .iter()
            .map(|it| (it.name.as_str(), it.source.as_str(), it.length))
            .collect();
        assert_eq!(shown, [("readme", "readme", 1), ("revision", "git", 40)]);
        let revision = api
            .build_data(build.id.into(), "revision".to_owned())
            .await
            .unwrap()
            .value;
        assert_eq!(
            properties["got_revision"].value,
            Value::from(String::from_utf8(revision).unwrap())
        );
        let readme = api
            .build_data(build.id.into(), "readme".to_owned())
            .await
            .unwrap()
            .value;
        let set = Query::<TestResultSet>::new().eq(TestResultSetField::Build, build.id);
        let set = api.page(set).await.unwrap().items.remove(0);
        assert!(set.complete && set.category == "pass_fail", "{set:?}");
        assert_eq!((set.tests_passed, set.tests_failed), (Some(2), Some(1)));
        let results = Query::<TestResult>::new().eq(TestResultField::Set, set.id);
        let mut results = api.page(results).await.unwrap().items;
        results.sort_by_key(|it| it.id);
        let shown: Vec<_> = results
            .iter()
            .map(|it| (it.test_name.as_deref(), it.value.as_str()))
            .collect();
        assert_eq!(shown, [(Some("a"), "1"), (Some("b"), "0"), (Some("c"), "1")]);
        assert!([b"1", b"3"].iter().any(|it| readme == *it), "{readme:?}");
    }
}

/// A master that comes back with the same configuration tells of nothing but what is new.
async fn nothing_is_told_twice(site: &mut Site, side: &String) {
    let before = site.api().page(Query::<Master>::new()).await.unwrap().cursor;
    site.kill_and_restart().await;
    let api = site.api();
    // A branch that moves to a commit which another has makes no new one.
    site.repository.switch("third");
    let main = site.repository.git(&["rev-parse", "main"]);
    branches_are(&api, &[("main", &main), ("side", side), ("third", &main)]).await;
    let told = told_after(&api, before).await;
    let id = api
        .page(Query::<Branch>::new().eq(BranchField::Name, "third"))
        .await
        .unwrap()
        .items[0]
        .id;
    assert_eq!(told, [format!("branches/{id}/update")]);
}

async fn what_is_left_out_is_not_active(site: &mut Site) {
    let before = site.api().page(Query::<Master>::new()).await.unwrap().cursor;
    let path = site.path("weir.star");
    let config = std::fs::read_to_string(&path).unwrap();
    let config: Vec<&str> = config
        .lines()
        .filter(|line| !line.starts_with("git_poller") && !line.contains("project = gauge,"))
        .collect();
    std::fs::write(&path, config.join("\n")).unwrap();
    site.kill_and_restart().await;
    let api = site.api();
    let project: Project = api.one(Key::Project(ProjectId(1).into())).await.unwrap().value;
    assert!(!project.active);
    let source = api
        .page(Query::<ChangeSource>::new())
        .await
        .unwrap()
        .items
        .remove(0);
    assert_eq!(source.master, None);
    let told = told_after(&api, before).await;
    let expected = [
        "builders/1/update",
        "projects/1/update",
        "changesources/1/updated",
    ];
    assert!(
        expected.iter().all(|it| told.iter().any(|topic| topic == it)),
        "{told:?}"
    );
}

/// The next event of a worker that is missing.
async fn missing(events: &mut EventStream) -> (Timestamp, Worker) {
    let wait = async {
        loop {
            let signal = events.next().await.unwrap().unwrap();
            if let Signal::Event(event) = &signal
                && let Entity::Worker(worker) = &event.entity
            {
                return (event.at, worker.clone());
            }
        }
    };
    tokio::time::timeout(SOON, wait)
        .await
        .expect("a worker is missing")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_stays_away_is_missed_once() {
    let mut site = Site::start(MISSING).await;
    for api in bindings(&site) {
        let filter = || TopicFilter::parse("workers/*/missing").unwrap();
        let mut events = api.watch(filter(), Start::After(Cursor(0))).await.unwrap();
        let (at, worker) = missing(&mut events).await;
        let absence = worker.absence.expect("the event says how");
        assert_eq!(
            (worker.name.as_str(), absence.notify),
            ("w1", vec!["ada@weir.example".to_owned()])
        );
        assert!(at.since(absence.last_connection).as_millis() >= 200);
        let read: Worker = api.one(Key::Worker("w1".into())).await.unwrap().value;
        assert_eq!(read.absence, None, "only the event has it");
    }
    let [_, api] = bindings(&site);
    let filter = TopicFilter::parse("workers/*/missing").unwrap();
    let mut events = api.watch(filter.clone(), Start::After(Cursor(0))).await.unwrap();
    let (first, _) = missing(&mut events).await;
    let mut process = site.worker("w1");
    site.worker_connected("w1", true).await;
    let connected = api.page(Query::<Worker>::new()).await.unwrap().cursor;
    process.kill();
    process.ended(SOON).await;
    let (again, worker) = missing(&mut events).await;
    assert!(again > first && worker.absence.is_some());
    assert!(api.page(Query::<Worker>::new()).await.unwrap().cursor > connected);

    // It counts from the start of the next life on, once.
    site.kill_and_restart().await;
    let [_, api] = bindings(&site);
    let mut events = api.watch(filter, Start::After(Cursor(0))).await.unwrap();
    let mut seen = vec![];
    for _ in 0..3 {
        seen.push(missing(&mut events).await);
    }
    assert!(
        seen.iter().all(|(_, worker)| worker.name == "w1"),
        "nobody expects w2: {seen:?}"
    );
    assert_eq!((seen[0].0, seen[1].0), (first, again));
}
