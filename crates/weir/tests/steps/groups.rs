//! Steps that run at the same time.

use weir_status_api::*;
use weir_testbed::eventually;

use super::shown;
use super::site::{SOON, Site};

const CONFIG: &str = r#"
master(anonymous_control = True)
w1 = worker("w1", token_file = "w1.token", max_builds = 10)
exclusive = lock("one").exclusive()

def meet(name, *others):
    wait = ["while [ ! -e %s ]; do sleep 0.05; done; " % it for it in others]
    return "touch %s; " % name + "".join(wait)

def alone(name, **kwargs):
    return shell("mkdir busy && sleep 0.1 && rmdir busy && echo %s >> order" % name, name = name, **kwargs)

builders = [
    builder("together", workers = [w1], steps = [
        set_property("colour", "red"),
        parallel("all", steps = [
            set_property("colour", command = meet("one", "two", "three") + "echo green", name = "one"),
            shell(meet("two", "one", "three") + "exit 3", name = "two", decode_rc = {3: "warnings"}),
            sequence([meet("three", "one", "two"), interpolate("echo %(prop:colour)s")], name = "three"),
            shell("false", name = "never", do_if = False),
        ]),
        shell(interpolate("test %(prop:colour)s = green"), name = "after"),
    ]),
    builder("in turn", workers = [w1], steps = [
        parallel("turns", steps = [alone(it) for it in "abc".elems()], max = 1),
        parallel("locked", steps = [alone(it, locks = [exclusive]) for it in "de".elems()]),
        shell("test \"$(head -n 3 order | tr -d '\\n')\" = abc", name = "order"),
    ]),
    builder("halts", workers = [w1], steps = [
        parallel("some", steps = [shell("exit 1", name = "fails"), shell("sleep 0.3", name = "goes on"), shell("true", name = "later")], max = 2),
        shell("true", name = "after"),
        shell("true", name = "always", always_run = True),
    ]),
    builder("stops", workers = [w1], steps = [
        parallel("some", max = 3, stop_others = True, steps = [
            shell("while [ ! -e up ]; do sleep 0.05; done; exit 1", name = "fails"),
            shell("touch up; exec sleep 600", name = "long"),
            shell("while [ ! -e up ]; do sleep 0.05; done; sleep 0.5", name = "kept", always_run = True),
            shell("true", name = "later"),
        ]),
        shell("true", name = "after"),
    ]),
    builder("long", workers = [w1], steps = [
        parallel("both", steps = [shell("exec sleep 600", name = "one"), shell("exec sleep 600", name = "two")]),
    ]),
]
force("force", builders = builders)
"#;

/// The steps' names and results.
fn ended(steps: &[Step]) -> Vec<(&str, Results)> {
    shown(steps)
        .into_iter()
        .map(|(name, results, _)| (name, results))
        .collect()
}

async fn they_see_each_other_run(site: &Site) {
    use Results::{Skipped, Success, Warnings};
    let build = site.finished(site.force("together").await).await;
    let steps = site.steps(&build).await;
    assert_eq!(build.results, Some(Warnings), "{steps:#?}");
    assert_eq!(
        ended(&steps),
        [
            ("set colour", Success),
            ("one", Success),
            ("two", Warnings),
            ("three", Success),
            ("never", Skipped),
            ("after", Success),
        ]
    );
    let numbers: Vec<i64> = steps.iter().map(|it| it.number).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
    // It began when the property had not changed yet.
    let log = site.log_text(&steps[3]).await;
    assert!(log.contains("\nored\n"), "{log}");
}

async fn they_take_turns(site: &Site) {
    let build = site.finished(site.force("in turn").await).await;
    let steps = site.steps(&build).await;
    assert_eq!(build.results, Some(Results::Success), "{steps:#?}");
}

async fn a_failure_ends_what_follows_or_the_others_too(site: &Site) {
    use Results::{Cancelled, Failure, Skipped, Success};
    let build = site.finished(site.force("halts").await).await;
    assert_eq!(build.results, Some(Failure), "{build:?}");
    let steps = site.steps(&build).await;
    let expected = [
        ("fails", Failure),
        ("goes on", Success),
        ("later", Success),
        ("after", Skipped),
        ("always", Success),
    ];
    assert_eq!(ended(&steps), expected, "{steps:#?}");
    let build = site.finished(site.force("stops").await).await;
    assert_eq!(build.results, Some(Failure), "{build:?}");
    assert_eq!(build.state, "failed fails (failure)");
    let steps = site.steps(&build).await;
    let expected = [
        ("fails", Failure),
        ("long", Cancelled),
        ("kept", Success),
        ("later", Skipped),
        ("after", Skipped),
    ];
    assert_eq!(ended(&steps), expected, "{steps:#?}");
    assert_eq!(steps[1].state, "step fails of some ended as failure");
    assert_eq!(steps[3].state, "not run: step fails of some ended as failure");
}

async fn a_stop_ends_all(site: &Site) {
    let request = site.force("long").await;
    let build = site.begun(request).await;
    eventually("both run", SOON, async || {
        let steps = site.steps(&build).await;
        steps.len() == 2 && steps.iter().all(|it| it.started_at.is_some())
    })
    .await;
    let api = site.api();
    api.stop_build(&Caller::anonymous(), build.id.into(), "enough")
        .await
        .unwrap();
    let build = site.finished(request).await;
    let steps = site.steps(&build).await;
    assert_eq!(build.results, Some(Results::Cancelled), "{build:?}");
    let ended = steps.iter().map(|it| it.results);
    assert_eq!(ended.collect::<Vec<_>>(), [Some(Results::Cancelled); 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_of_a_group_run_at_the_same_time() {
    let site = Site::start(CONFIG).await;
    let _worker = site.worker("w1");
    site.worker_connected("w1", true).await;
    tokio::join!(
        they_see_each_other_run(&site),
        they_take_turns(&site),
        a_failure_ends_what_follows_or_the_others_too(&site),
        a_stop_ends_all(&site),
    );
}
