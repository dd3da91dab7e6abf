//! Steps that functions have added to a build outlive their master.

use weir_status_api::Results;
use weir_testbed::eventually;

use super::site::{SOON, Site};

const CONFIG: &str = r#"
master(anonymous_control = True, worker_grace = "1m")
w1 = worker("w1", token_file = "w1.token")

def again(step):
    return [shell("echo %s" % ",".join([it.name for it in step.ran]), name = "last")]

def plan(step):
    # The command says something else each time that it runs.
    names = step.stdout.split()
    return [shell("echo %s >> @HOLD@.ran; echo up; while [ ! -e @HOLD@ ]; do sleep 0.1; done" % it, name = it) for it in names] + [
        parallel("both", steps = [shell("true", name = "both"), shell("true", name = "both")]),
        generate("again", again),
    ]

b = builder("grows", workers = [w1], steps = [
    shell("true", name = "before"),
    generate("plan", plan, command = "echo planned >> @HOLD@.planned; echo first-$(wc -l < @HOLD@.planned) second"),
    shell("true", name = "after"),
])
force("force", builders = [b])
"#;

#[tokio::test(flavor = "multi_thread")]
async fn added_steps_outlive_their_master() {
    let folder = tempfile::tempdir().unwrap();
    let hold = folder.path().join("hold");
    let config = CONFIG.replace("@HOLD@", hold.to_str().unwrap());
    let mut site = Site::start(&config).await;
    let _worker = site.worker("w1");
    let request = site.force("grows").await;
    let build = site.begun(request).await;
    // The first of the steps that were added runs, the others are there.
    site.has_lines(&build, "first-1", 1).await;
    eventually("it runs", SOON, async || {
        let step = site.step(&build, "first-1").await;
        site.log_text(&step).await.contains("\noup\n")
    })
    .await;
    site.master.kill();
    site.master.ended(SOON).await;
    // What is configured now has nothing to say in this build.
    let changed = config.replace("step.stdout.split()", "[\"other\"]");
    std::fs::write(site.path("weir.star"), changed).unwrap();
    site.restart().await;
    std::fs::write(&hold, "").unwrap();
    let build = site.finished(request).await;
    assert_eq!(site.builds_of(request).await.len(), 1);
    let steps = site.steps(&build).await;
    assert_eq!(build.results, Some(Results::Success), "{steps:#?}");
    let names: Vec<&str> = steps.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "before", "plan", "first-1", "second", "both", "both_1", "again", "last", "after"
        ]
    );
    let numbers: Vec<i64> = steps.iter().map(|it| it.number).collect();
    assert_eq!(numbers, (0..9).collect::<Vec<_>>());
    let log = site.log_text(&steps[7]).await;
    assert!(
        log.contains("\nobefore,plan,first-1,second,both,both_1\n"),
        "{log}"
    );
    let read = |name: &str| std::fs::read_to_string(format!("{}.{name}", hold.display())).unwrap();
    assert_eq!(read("planned"), "planned\n");
    assert_eq!(read("ran"), "first-1\nsecond\n");
}
