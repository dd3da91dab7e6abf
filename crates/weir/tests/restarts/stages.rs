//! Steps that run at the same time outlive their master.

use weir_status_api::Results;
use weir_testbed::eventually;

use super::site::{SOON, Site};

const CONFIG: &str = r#"
master(anonymous_control = True, worker_grace = "1m")
w1 = worker("w1", token_file = "w1.token")

def held(name):
    script = "echo %s >> @HOLD@.ran; echo up; while [ ! -e @HOLD@ ]; do sleep 0.1; done" % name
    return sequence([script, interpolate("echo colour %(prop:colour)s")], name = name)

b = builder("group", workers = [w1], steps = [
    set_property("colour", "red"),
    parallel("some", max = 3, steps = [
        held("one"),
        set_property("colour", command = "echo quick >> @HOLD@.ran; echo green", name = "quick"),
        held("two"),
        held("three"),
    ]),
    shell(interpolate("echo colour %(prop:colour)s"), name = "after"),
])
force("force", builders = [b])
"#;

#[tokio::test(flavor = "multi_thread")]
async fn steps_of_a_group_outlive_their_master() {
    let folder = tempfile::tempdir().unwrap();
    let hold = folder.path().join("hold");
    let mut site = Site::start(&CONFIG.replace("@HOLD@", hold.to_str().unwrap())).await;
    let _worker = site.worker("w1");
    let request = site.force("group").await;
    let build = site.begun(request).await;
    // One step has ended, and the last one has its place.
    for step in ["one", "two", "three"] {
        let began = site.has_lines(&build, step, 1);
        began.await;
        eventually("the command runs", SOON, async || {
            let step = site.step(&build, step).await;
            site.log_text(&step).await.contains("\noup\n")
        })
        .await;
    }
    let quick = site.step(&build, "quick").await;
    assert_eq!(quick.results, Some(Results::Success), "{quick:?}");
    site.kill_and_restart().await;
    std::fs::write(&hold, "").unwrap();
    let build = site.finished(request).await;
    assert_eq!(site.builds_of(request).await.len(), 1);
    let steps = site.steps(&build).await;
    assert_eq!(build.results, Some(Results::Success), "{steps:#?}");
    // Each began with the property as it was then, and goes on with it.
    for (step, colour) in [
        ("one", "red"),
        ("two", "red"),
        ("three", "green"),
        ("after", "green"),
    ] {
        let log = site.log_text(&site.step(&build, step).await).await;
        let said = log.lines().filter(|it| it.starts_with("ocolour"));
        assert_eq!(said.collect::<Vec<_>>(), [format!("ocolour {colour}")], "{step}");
    }
    let ran = std::fs::read_to_string(format!("{}.ran", hold.display())).unwrap();
    let mut ran: Vec<&str> = ran.lines().collect();
    ran.sort_unstable();
    assert_eq!(ran, ["one", "quick", "three", "two"]);
}
