//! From a commit to a finished build, with real programs.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use serde_json::Value;
use site::{SOON, Site, text};
use weir_status_api::{Change, ChangeField, PropertiesOf, Property, Query, Read, ReadExt, Results};
use weir_status_http::{HttpOptions, HttpStatus};
use weir_testbed::{Postgres, eventually};

const CONFIG: &str = r#"
master(anonymous_control = True)
w1 = worker(name = "w1", token_file = "w1.token")
git_poller(repository = "@REPOSITORY@", poll_interval = "200ms", project = "weir")
builder(
    name = "all",
    workers = [w1],
    env = {"WHO": interpolate("%(prop:workername)s")},
    steps = [
        git(repository = "@REPOSITORY@"),
        shell(name = "show", command = "cat README; echo by $WHO; echo oops >&2"),
        shell(name = "check", command = "! grep -q broken README"),
        shell(name = "after", command = "echo never"),
        shell(name = "always", command = ["echo", interpolate("rev %(prop:got_revision)s")], always_run = True),
    ],
)
any_branch(name = "commits", builders = ["all"])
force(name = "force", builders = ["all"])
"#;

/// Commits, and gives the last build of the change once it has ended.
async fn commit_and_build(site: &Site, author: &str, readme: &str, message: &str) -> weir_status_api::Build {
    let revision = site.repository.commit(author, &[("README", readme)], message);
    let api = site.api();
    eventually("the change is built", SOON, async || {
        let changes = Query::<Change>::new().eq(ChangeField::Revision, revision.as_str());
        let change = api.page(changes).await.unwrap().items.pop()?;
        let builds = Query::<weir_status_api::Build>::new()
            .eq(weir_status_api::BuildField::Change, change.id)
            .eq(weir_status_api::BuildField::Complete, true);
        api.page(builds).await.unwrap().items.pop()
    })
    .await
}

async fn builds_commits(site: Site) {
    let mut master_said = site.master.output();
    let _worker = site.worker("w1");
    site.worker_connected("w1", true).await;
    eventually("the poller has had its first look", SOON, async || {
        master_said = site.master.output();
        master_said.contains("first look")
    })
    .await;

    let build = commit_and_build(&site, "Ben <ben@weir.example>", "a good weir\n", "Better").await;
    assert_eq!(build.results, Some(Results::Success), "{build:?}");
    assert_eq!(build.number, 1);
    let show = site.step(&build, "show").await;
    let log = site.log_text(&show).await;
    assert!(log.contains("\noa good weir\n"), "{log}");
    assert!(log.contains("\noby w1\n"), "{log}");
    assert!(log.contains("\neoops\n"), "{log}");
    let revision = site.repository.git(&["rev-parse", "HEAD"]);
    let always = site.step(&build, "always").await;
    assert!(
        site.log_text(&always)
            .await
            .contains(&format!("\norev {revision}\n"))
    );
    let properties = site
        .api()
        .properties(PropertiesOf::Build(build.id.into()))
        .await
        .unwrap()
        .value;
    assert_eq!(properties["got_revision"].value, Value::from(revision));
    assert_eq!(properties["buildnumber"].value, Value::from(1));
    let owners = Property::new(vec![Value::from("Ben <ben@weir.example>")], "Build");
    assert_eq!(properties["owners"], owners);
    assert_eq!(properties["scheduler"].value, Value::from("commits"));
    assert_eq!(properties["branch"].value, Value::from("main"));

    // A branch that comes to have the commits of another has them as changes of its own.
    site.repository.switch("side");
    let build = commit_and_build(&site, "Ben <ben@weir.example>", "a side weir\n", "On the side").await;
    assert_eq!(build.results, Some(Results::Success), "{build:?}");
    site.repository.switch("main");
    site.repository.git(&["merge", "--quiet", "--ff-only", "side"]);
    let api = site.api();
    eventually("the change on main", SOON, async || {
        let changes = Query::<Change>::new().eq(ChangeField::Comments, "On the side");
        let branches: Vec<_> = api
            .page(changes)
            .await
            .unwrap()
            .items
            .into_iter()
            .map(|it| it.branch)
            .collect();
        branches == [Some("side".to_owned()), Some("main".to_owned())]
    })
    .await;

    let build = commit_and_build(&site, "Cleo <cleo@weir.example>", "a broken weir\n", "Break it").await;
    assert_eq!(build.results, Some(Results::Failure));
    assert!(build.state.contains("check"), "{}", build.state);
    let results: Vec<_> = site
        .steps(&build)
        .await
        .iter()
        .map(|it| it.results.unwrap())
        .collect();
    use Results::{Failure, Skipped, Success};
    assert_eq!(results, [Success, Success, Failure, Skipped, Success]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_becomes_a_build() {
    builds_commits(Site::start(CONFIG).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_becomes_a_build_on_postgres() {
    if std::env::var_os("WEIR_TEST_WITHOUT_POSTGRES").is_some() {
        return;
    }
    let postgres = Postgres::start().unwrap();
    builds_commits(Site::start_on(CONFIG, Some(postgres.url())).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_does_it_all() {
    let mut site = Site::start(CONFIG).await;
    let worker = site.worker("w1");
    site.worker_connected("w1", true).await;
    let forced = site.weir(&["force", "all", "--wait", "--reason", "to see"]).await;
    assert!(forced.status.success(), "{}", text(&forced));
    assert!(text(&forced).contains("\nby w1\n"), "{}", text(&forced));

    let status = site.weir(&["status"]).await;
    let shown = text(&status);
    assert!(
        shown.contains("all") && shown.contains("#1 success") && shown.contains("connected"),
        "{shown}"
    );
    let status = site.weir(&["status", "--json"]).await;
    let json: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(json["builders"][0]["name"], "all");
    assert_eq!(json["last_builds"][0]["results"], 0);

    let logs = site.weir(&["logs", "all/1", "--step", "show"]).await;
    // The two streams may interleave in any way.
    let shown = text(&logs);
    assert!(
        shown.contains("\na weir\n") && shown.contains("\nby w1\n"),
        "{shown}"
    );
    let found = site.weir(&["logs", "all/1", "--grep", "^A w", "-i"]).await;
    let shown = text(&found);
    assert!(
        found.status.success() && shown.starts_with("── show\n"),
        "{shown}"
    );
    assert!(
        shown.ends_with(":a weir\n") && shown.lines().count() == 2,
        "{shown}"
    );
    let nothing = site.weir(&["logs", "all/1", "--grep", "^A w", "-F"]).await;
    assert_eq!((nothing.status.code(), text(&nothing).as_str()), (Some(1), ""));
    let missing = site.weir(&["logs", "all/99"]).await;
    assert_eq!(missing.status.code(), Some(2));
    assert!(
        text(&missing).contains("there is no build number 99"),
        "{}",
        text(&missing)
    );
    let unknown = site.weir(&["force", "nothing"]).await;
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        text(&unknown).contains("no force scheduler"),
        "{}",
        text(&unknown)
    );

    let mut watch = site.start_weir(&["watch", "--since", "0", "--json", "builds/*/finished"]);
    let line = watch.line(SOON, |line| line.starts_with('{')).await;
    let event: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(event["resource"]["complete"], true);

    drop(worker);
    site.master.terminate();
    let status = site.master.ended(SOON).await;
    assert!(status.success(), "{}", site.master.output());
    let nobody = site.weir(&["status"]).await;
    assert_eq!(nobody.status.code(), Some(1));
    assert!(text(&nobody).contains("unavailable"), "{}", text(&nobody));
    assert_eq!(text(&nobody).lines().count(), 1, "{}", text(&nobody));
}

fn over_json(url: &str) -> HttpStatus {
    HttpStatus::new(url, HttpOptions::default()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_elsewhere_shows_the_same() {
    let site = Site::start(CONFIG).await;
    let mut web = site.start_weir(&["web", "--listen", "127.0.0.1:0"]);
    let line = web.line(SOON, |line| line.contains("serving http://")).await;
    let there = over_json(line.rsplit(' ').next().unwrap());
    let here = over_json(&site.url);
    let query = || Query::<weir_status_api::Builder>::new();
    let elsewhere = there.page(query()).await.unwrap();
    assert_eq!(elsewhere.items, here.page(query()).await.unwrap().items);
    assert_eq!(elsewhere.items[0].name, "all");
}

/// The status line of a plain request under a name.
async fn asked_as(url: &str, host: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = url.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET /api/v2/masters HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_sites_name_leads_nowhere() {
    let site = Site::start(CONFIG).await;
    assert!(asked_as(&site.url, "localhost").await.contains("200"));
    assert!(asked_as(&site.url, "evil.test:8010").await.contains("421"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_starter_configuration_is_right_and_so_is_what_it_says_next() {
    let site = Site::start(CONFIG).await;
    let folder = site.path("starter");
    let init = site.weir(&["init", folder.to_str().unwrap()]).await;
    assert!(init.status.success(), "{}", text(&init));
    let config = weir_config::load(&folder.join("weir.star")).unwrap();
    let name = format!("--name {} --token-file", config.workers[0].name);
    assert!(text(&init).contains(&name), "{}", text(&init));
    let again = site.weir(&["init", folder.to_str().unwrap()]).await;
    assert_eq!(
        again.status.code(),
        Some(2),
        "nothing is overwritten: {}",
        text(&again)
    );
}
