//! A master goes by another configuration while everything runs: no build, change or event is lost.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use futures::StreamExt;
use site::{SOON, Site, text};
use weir_status_api::{
    Build, BuildRequest, BuildRequestField, Builder, Change, Cursor, Event, Key, Query, ReadExt, Results,
    Scheduler, Signal, Start, TopicFilter, Watch, Worker,
};
use weir_testbed::eventually;

/// How often the master is reconfigured in a row.
const ROUNDS: usize = 20;

/// A configuration with a builder whose build waits for a file; each has a line of its own.
fn config(hold: &Path, more: &str) -> String {
    let hold = hold.display();
    format!(
        r#"
master(anonymous_control = True)
w1 = worker("w1", token_file = "w1.token")
waiting = "echo begun; while [ ! -e '{hold}' ]; do sleep 0.1; done; echo over"
builder("slow", workers = [w1], steps = [shell(waiting, name = "work"), shell("echo cleaned", name = "clean")])
{more}
"#
    )
}

fn hold(site: &Site) -> PathBuf {
    site.path("hold")
}

fn write(site: &Site, config: &str) {
    let config = config.replace("@REPOSITORY@", &site.repository.url());
    std::fs::write(site.path("weir.star"), config).unwrap();
}

/// A site whose configuration has `more` beside the builder that waits.
async fn start(more: &str) -> Site {
    // The file's name is known when the folder is: so it begins with less.
    let site = Site::start(&config(
        Path::new("/nowhere"),
        "force('force', builders = ['slow'])",
    ))
    .await;
    write(&site, &config(&hold(&site), more));
    reconfigure(&site).await;
    site
}

/// What the command says, which ends well.
async fn says(site: &Site, arguments: &[&str]) -> String {
    let output = site.weir(arguments).await;
    let said = text(&output);
    assert!(
        output.status.success(),
        "{arguments:?}: {said}\n{}",
        site.master.output()
    );
    said
}

async fn reconfigure(site: &Site) -> String {
    says(site, &["reconfig"]).await
}

/// All events from the beginning on, as somebody is told who watches all the time.
fn watch(site: &Site) -> Arc<Mutex<Vec<Arc<Event>>>> {
    let api = site.api();
    let events = Arc::new(Mutex::new(vec![]));
    let seen = Arc::clone(&events);
    tokio::spawn(async move {
        let all = TopicFilter::all();
        let mut stream = api.watch(all, Start::After(Cursor::ZERO)).await.unwrap();
        while let Some(signal) = stream.next().await {
            // A stream that ends or fails is missed by whoever waits for its events.
            let Ok(signal) = signal else { return };
            if let Signal::Event(event) = signal {
                seen.lock().unwrap().push(event);
            }
        }
    });
    events
}

async fn open_requests(site: &Site) -> Vec<BuildRequest> {
    let query = Query::<BuildRequest>::new()
        .eq(BuildRequestField::Complete, false)
        .limit(1000);
    site.api().page(query).await.unwrap().items
}

fn many(round: usize) -> String {
    let added = round % 3;
    let tags = if round.is_multiple_of(2) { "even" } else { "odd" };
    format!(
        r#"
quick = [builder("quick%d" % i, workers = [w1], tags = ["{tags}"], collapse_requests = False,
                 steps = [shell("echo round {round}", name = "say")]) for i in range(3)]
builder("extra{added}", workers = [w1], steps = [shell("true", name = "true")])
git_poller("@REPOSITORY@", poll_interval = "300ms")
any_branch("changes", builders = ["quick0"])
any_branch("others", builders = ["quick1"], properties = {{"round": {round}}})
force("force", builders = ["slow"] + quick)
"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_times_under_load_nothing_is_lost() {
    let site = start(&many(0)).await;
    let _worker = site.worker("w1");
    let slow = site.force("slow").await;
    let running = site.begun(slow).await;
    site.has_lines(&running, "work", 1).await;
    let events = watch(&site);
    // The first look at a repository tells nothing.
    site.master
        .said("the first look", SOON, |it| it.contains("first look"))
        .await;
    let mut forced = vec![];
    for round in 1..=ROUNDS {
        let text = format!("{round}\n");
        let message = format!("Change {round}");
        site.repository
            .commit("Ada <ada@weir.example>", &[("README", &text)], &message);
        write(&site, &config(&hold(&site), &many(round)));
        forced.push(site.force(&format!("quick{}", round % 3)).await);
        let told = reconfigure(&site).await;
        assert!(told.contains("~ builder quick0: steps, tags\n"), "{told}");
        assert!(told.contains("~ scheduler others: properties\n"), "{told}");
        assert!(!told.contains("scheduler changes"), "{told}");
        forced.push(site.force(&format!("quick{}", (round + 1) % 3)).await);
    }
    for request in &forced {
        let build = site.finished(*request).await;
        assert_eq!(build.results, Some(Results::Success), "{build:?}");
        assert_eq!(site.builds_of(*request).await.len(), 1);
    }
    let api = site.api();
    let changes: Vec<String> = eventually("all changes are there", SOON, async || {
        let all = Query::<Change>::new().limit(1000);
        let changes = api.page(all).await.unwrap().items;
        (changes.len() >= ROUNDS).then(|| changes.into_iter().map(|it| it.comments).collect())
    })
    .await;
    for round in 1..=ROUNDS {
        let is_it = |it: &&String| it.trim() == format!("Change {round}");
        assert_eq!(changes.iter().filter(is_it).count(), 1, "{changes:?}");
    }
    // Each of them was built on one builder by a scheduler that was restarted, and by one that was not.
    let made = async |scheduler: &str| {
        let reason = format!("The scheduler `{scheduler}` was triggered by changes");
        let buildsets = Query::<weir_status_api::Buildset>::new().limit(1000);
        let buildsets = api.page(buildsets).await.unwrap().items;
        buildsets.iter().filter(|it| it.reason == reason).count()
    };
    for scheduler in ["changes", "others"] {
        eventually("each change has a buildset", SOON, async || {
            made(scheduler).await >= ROUNDS
        })
        .await;
    }
    eventually("nothing waits any more", SOON, async || {
        open_requests(&site).await.iter().all(|it| it.id.0 == slow)
    })
    .await;
    for scheduler in ["changes", "others"] {
        assert_eq!(made(scheduler).await, ROUNDS, "{scheduler}");
    }

    // What began first has gone on all the time, by what it was begun with.
    std::fs::write(hold(&site), "").unwrap();
    let build = site.finished(slow).await;
    assert_eq!(build.results, Some(Results::Success), "{build:?}");
    assert_eq!(site.builds_of(slow).await.len(), 1);
    let newest = api.page(Query::<Build>::new().limit(1)).await.unwrap().cursor;
    eventually("the watcher has seen all", SOON, async || {
        events
            .lock()
            .unwrap()
            .last()
            .is_some_and(|it| it.cursor >= newest)
    })
    .await;
    let events = events.lock().unwrap().clone();
    for (place, event) in events.iter().enumerate() {
        assert_eq!(event.cursor.0, place as i64 + 1, "{event:?}");
    }
    let verbs = |name: &str, verb: weir_status_api::Verb| {
        let about = |it: &&Arc<Event>| match &it.entity {
            weir_status_api::Entity::Builder(builder) => it.verb == verb && builder.name == name,
            _ => false,
        };
        events.iter().filter(about).count()
    };
    use weir_status_api::Verb;
    assert_eq!(
        verbs("quick0", Verb::Update),
        ROUNDS,
        "its tags changed each time"
    );
    assert_eq!(
        (verbs("extra0", Verb::Started), verbs("extra0", Verb::Stopped)),
        (7, 7)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_removed_is_finished_first() {
    let more = r#"
w2 = worker("w2", token_file = "w2.token")
builder("gone", workers = [w1], steps = [shell(waiting, name = "work")])
builder("moved", workers = [w2], steps = [shell(waiting, name = "work")])
any_branch("changes", builders = ["gone"])
force("force", builders = ["slow", "gone", "moved"])
"#;
    let site = start(more).await;
    let (_w1, _w2) = (site.worker("w1"), site.worker("w2"));
    let gone = site.force("gone").await;
    let on_gone = site.begun(gone).await;
    let moved = site.force("moved").await;
    let on_w2 = site.begun(moved).await;
    site.has_lines(&on_gone, "work", 1).await;
    site.has_lines(&on_w2, "work", 1).await;
    // On the one worker one build of a builder runs at a time.
    let waits = site.force("gone").await;

    let less = r#"
builder("moved", workers = [w1], steps = [shell("echo elsewhere", name = "work")])
force("force", builders = ["slow", "moved"])
"#;
    write(&site, &config(&hold(&site), less));
    let told = reconfigure(&site).await;
    for line in [
        "- builder gone\n",
        "- worker w2\n",
        "~ builder moved: steps, workers\n",
        "- scheduler changes\n",
        "~ scheduler force: builders\n",
        "5 changes\n",
    ] {
        assert!(told.contains(line), "{told}");
    }
    let api = site.api();
    let builder: Builder = api.one(Key::Builder("gone".into())).await.unwrap().value;
    assert_eq!(builder.masters, []);
    let scheduler: Scheduler = api.one(Key::Scheduler("changes".into())).await.unwrap().value;
    assert_eq!(scheduler.master, None);
    let worker: Worker = api.one(Key::Worker("w2".into())).await.unwrap().value;
    assert!(
        worker.configured_on.is_empty() && !worker.connected_to.is_empty(),
        "{worker:?}"
    );
    // What is new goes by the new configuration.
    let elsewhere = site.finished(site.force("moved").await).await;
    assert_eq!(elsewhere.results, Some(Results::Success));
    assert_ne!(elsewhere.worker, on_w2.worker);

    std::fs::write(hold(&site), "").unwrap();
    for request in [gone, moved] {
        let build = site.finished(request).await;
        assert_eq!(build.results, Some(Results::Success), "{build:?}");
        assert_eq!(site.builds_of(request).await.len(), 1);
    }
    site.worker_connected("w2", false).await;
    let waiting: Vec<i64> = open_requests(&site).await.iter().map(|it| it.id.0).collect();
    assert_eq!(waiting, [waits], "nobody builds it, and nobody throws it away");

    // When its builder is there again, it is built.
    write(&site, &config(&hold(&site), more));
    hang_up(&site).await;
    let build = site.finished(waits).await;
    assert_eq!(build.results, Some(Results::Success), "{build:?}");
    // Whoever was sent away has ended, as each does that has no account.
    let _again = site.worker("w2");
    site.worker_connected("w2", true).await;
}

/// Has the master read its configuration again by a signal.
async fn hang_up(site: &Site) {
    let master = site.master.id().unwrap().to_string();
    let kill = tokio::process::Command::new("kill")
        .args(["-HUP", &master])
        .status();
    assert!(kill.await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_and_differences_are_told_and_change_nothing() {
    let site = start("force('force', builders = ['slow'])").await;
    let _worker = site.worker("w1");
    let file = site.path("weir.star").display().to_string();
    let url = site.url.replacen("http", "grpc", 1);
    let check = ["check", file.as_str(), "--against", url.as_str()];
    assert!(says(&site, &check).await.starts_with("the master goes by "));
    assert_eq!(
        reconfigure(&site).await,
        "the master goes by this configuration already\n"
    );

    let broken = "force('force', builders = ['slwo'])";
    write(&site, &config(&hold(&site), broken));
    let refused = site.weir(&["reconfig"]).await;
    let said = text(&refused);
    assert_eq!(refused.status.code(), Some(2), "{said}");
    let mistake = "weir.star:6:";
    assert!(
        said.contains(mistake) && said.contains("did you mean 'slow'?"),
        "{said}"
    );
    assert!(said.contains("goes by the one that it had"), "{said}");
    hang_up(&site).await;
    site.master
        .said("the mistake twice", SOON, |it| it.matches(mistake).count() >= 2)
        .await;
    assert_eq!(site.weir(&check).await.status.code(), Some(2));

    std::fs::write(hold(&site), "").unwrap();
    let build = site.finished(site.force("slow").await).await;
    assert_eq!(build.results, Some(Results::Success), "{build:?}");

    let other = "force('force', builders = ['slow'])\nlock('db')\nuser('ada', token = 'a-long-token-of-ada')";
    let moved = config(&hold(&site), other)
        .replace("True)", "True, title = 'Ours')")
        .replace("echo cleaned", "echo done");
    write(&site, &moved);
    let differs = site.weir(&check).await;
    let lines = "+ lock db\n~ builder slow: steps\n~ master: title\n+ user ada\n";
    let mut expected: Vec<&str> = lines.lines().collect();
    let said = text(&differs);
    let mut found: Vec<&str> = said.lines().collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!((differs.status.code(), found), (Some(1), expected));
    let told = reconfigure(&site).await;
    assert!(
        told.contains("! the title of displays stays as it is until the master is started again\n"),
        "{told}"
    );
    assert!(says(&site, &check).await.starts_with("the master goes by "));
    let nobody = site
        .weir(&["check", &file, "--against", "grpc://127.0.0.1:1"])
        .await;
    assert_eq!(nobody.status.code(), Some(2), "{}", text(&nobody));
}
