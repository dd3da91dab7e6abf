//! What a plugin's author copies does what it says: against a master that is a program of its own, killed in between.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../status-api/examples/plugin.rs"]
#[expect(unreachable_pub, reason = "a library of its own, too")]
mod plugin;
mod site;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use futures::StreamExt;
use site::{SOON, Site};
use tokio::process::Command;
use weir_status_api::{Cursor, Runner, RunnerOptions, Signal, Start, SystemClock, TopicFilter, Watch};
use weir_status_db::{Database, Options, Store};
use weir_testbed::{Process, eventually};

const CONFIG: &str = r#"
master(anonymous_control = True)
worker(name = "w1", token_file = "w1.token")
builder(name = "quick", workers = ["w1"], steps = [shell(name = "true", command = "true")])
builder(name = "broken", workers = ["w1"], steps = [shell(name = "false", command = "false")])
builder(name = "idle", workers = ["w1"], steps = [shell(name = "true", command = "true")])
force(name = "force", builders = ["quick", "broken"])
"#;

/// An example as a program: built with all tests, beside the program of ours.
fn example(name: &str) -> PathBuf {
    let weir = Path::new(env!("CARGO_BIN_EXE_weir"));
    let path = weir.with_file_name("examples").join(name);
    assert!(
        path.is_file(),
        "there is no {}; tests of the whole workspace build it, and `cargo build --workspace --examples`",
        path.display()
    );
    path
}

/// A program of `examples/`: built with all tests, too.
fn program(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_weir")).with_file_name(name);
    assert!(
        path.is_file(),
        "there is no {}; tests of the whole workspace build it, and `cargo build --workspace`",
        path.display()
    );
    path
}

fn start(site: &Site, name: &str, arguments: &[&str]) -> Process {
    run(site, &example(name), arguments)
}

fn run(site: &Site, program: &Path, arguments: &[&str]) -> Process {
    let mut command = Command::new(program);
    command.arg(&site.url).args(arguments).env_remove("WEIR_TOKEN");
    Process::spawn(command)
}

async fn build(site: &Site, builder: &str) {
    site.finished(site.force(builder).await).await;
}

/// The cursor of the last of the first `count` builds' ends.
async fn end_of(site: &Site, count: usize) -> Cursor {
    let ends = TopicFilter::parse("builds/*/finished").unwrap();
    let events = site.api().watch(ends, Start::After(Cursor::ZERO)).await.unwrap();
    let ends = events.filter_map(async |it| match it.unwrap() {
        Signal::Event(event) => Some(event.cursor),
        Signal::Bookmark(_) => None,
    });
    ends.take(count).collect::<Vec<_>>().await.pop().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_elsewhere_is_told_of_what_it_missed_and_of_nothing_twice() {
    let site = Site::start(CONFIG).await;
    let _worker = site.worker("w1");
    let folder = site.path("place");
    let place = || std::fs::read_to_string(folder.join("crier.cursor")).ok();
    let mut listener = start(&site, "remote_listener", &[folder.to_str().unwrap()]);
    eventually("the listener has a place", SOON, async || place()).await;
    build(&site, "quick").await;
    listener.line(SOON, |line| line == "quick #1: success").await;
    let end = end_of(&site, 1).await;
    eventually("its place is kept", SOON, async || {
        place()?.trim().parse::<Cursor>().ok().filter(|it| *it >= end)
    })
    .await;
    listener.kill();
    listener.ended(SOON).await;

    build(&site, "broken").await;
    let mut listener = start(&site, "remote_listener", &[folder.to_str().unwrap()]);
    listener.line(SOON, |line| line == "broken #1: failure").await;
    build(&site, "quick").await;
    listener.line(SOON, |line| line == "quick #2: success").await;
    assert_eq!(listener.output(), "broken #1: failure\nquick #2: success");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lamp_is_red_while_a_builder_is_broken() {
    let site = Site::start(CONFIG).await;
    let _worker = site.worker("w1");
    let folder = site.path("lamp");
    let place = folder.join("lamp.cursor");
    let arguments = [folder.to_str().unwrap()];
    let mut lamp = run(&site, &program("rust-listener"), &arguments);
    eventually("the lamp has a place", SOON, async || place.exists()).await;
    build(&site, "quick").await;
    lamp.line(SOON, |line| line == "green").await;
    build(&site, "broken").await;
    lamp.line(SOON, |line| line == "red: broken").await;
    lamp.kill();
    lamp.ended(SOON).await;

    build(&site, "quick").await;
    let mut lamp = run(&site, &program("rust-listener"), &arguments);
    lamp.line(SOON, |line| line == "red: broken").await;
    assert_eq!(lamp.output(), "red: broken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_the_same_in_process() {
    let mut site = Site::start(CONFIG).await;
    let worker = site.worker("w1");
    build(&site, "quick").await;
    build(&site, "broken").await;
    drop(worker);
    site.master.terminate();
    site.master.ended(SOON).await;

    let options = Options {
        database: Database::Sqlite,
        data_dir: site.path("data"),
        clock: Arc::new(SystemClock),
    };
    let store = Arc::new(Store::open(options).await.unwrap());
    let said = Arc::new(Mutex::new(vec![]));
    let plugin = plugin::Crier {
        say: {
            let said = Arc::clone(&said);
            move |sentence| said.lock().unwrap().push(sentence)
        },
    };
    let options = RunnerOptions {
        start: Start::After(Cursor::ZERO),
        // One after the other, so that both are told in their order.
        at_once: 1,
        ..RunnerOptions::default()
    };
    let runner = Runner::new(
        Arc::new(plugin),
        Arc::clone(&store) as _,
        Arc::new(store.bookmarks("a test")),
        options,
    );
    let running = tokio::spawn(async move { runner.run().await });
    eventually("it is told of both", SOON, async || {
        *said.lock().unwrap() == ["quick #1: success", "broken #1: failure"]
    })
    .await;
    running.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dashboard_shows_what_was_and_what_comes() {
    let site = Site::start(CONFIG).await;
    let _worker = site.worker("w1");
    build(&site, "broken").await;
    let mut dashboard = start(&site, "dashboard", &[]);
    let row = |builder: &str, rest: &str| format!("{builder:30} {rest}");
    dashboard
        .line(SOON, |line| line.ends_with(&row("quick", "-")))
        .await;
    dashboard
        .line(SOON, |line| line.contains(&row("broken", "#1")))
        .await;
    dashboard
        .line(SOON, |line| line.ends_with(&row("idle", "-")))
        .await;
    build(&site, "quick").await;
    dashboard
        .line(SOON, |line| line.contains(&row("quick", "#1")))
        .await;
    build(&site, "quick").await;
    dashboard
        .line(SOON, |line| line.contains(&row("quick", "#2")))
        .await;
}
