//! Steps that functions add to their build.

use weir_status_api::*;

use super::shown;
use super::site::Site;

const CONFIG: &str = r#"
master(anonymous_control = True)
w1 = worker("w1", token_file = "w1.token", max_builds = 10)

def suites(step, prefix):
    return [parallel("suites", steps = [
        set_property("ran-" + it, prefix + it, name = it)
        for it in step.stdout.split()
    ])] + [generate("judge", judge)]

def judge(step):
    ran = sorted([it for it in step.properties if it.startswith("ran-")])
    return [shell("test '%s' = 'ran-a ran-b'" % " ".join(ran), name = "shell"), shell("exit 1", name = "a")]

def endless(step):
    return [generate("endless", endless)] + [shell("true", name = "more") for _ in range(500)]

def wrong(step):
    return [shell("true"), shell("true", nme = "x")]

def none(step):
    return None

builders = [
    builder("grows", workers = [w1], steps = [
        generate("plan", suites, command = "echo a b", arguments = {"prefix": "p-"}),
        shell("true", name = "shell"),
        shell("true", name = "always", always_run = True),
    ]),
    builder("endless", workers = [w1], steps = [generate("endless", endless), shell("true", name = "after")]),
    builder("wrong", workers = [w1], steps = [
        generate("none", none),
        generate("left out", wrong, command = "exit 1", halt_on_failure = False, flunk_on_failure = False),
        generate("wrong", wrong),
        shell("true", name = "after"),
    ]),
]
force("force", builders = builders)
"#;

async fn they_come_behind_the_step_that_gave_them(site: &Site) {
    use Results::{Failure, Skipped, Success};
    let build = site.finished(site.force("grows").await).await;
    let steps = site.steps(&build).await;
    assert_eq!(build.results, Some(Failure), "{steps:#?}");
    assert_eq!(build.state, "failed a_1 (failure)");
    assert_eq!(
        shown(&steps),
        [
            ("plan", Success, "3 steps added"),
            ("a", Success, "ran-a: p-a"),
            ("b", Success, "ran-b: p-b"),
            ("judge", Success, "2 steps added"),
            ("shell_1", Success, "'test 'ran-a ran-b' = 'ran-a ran-b''"),
            ("a_1", Failure, "'exit 1' (failure, exit code 1)"),
            ("shell", Skipped, "not run: an earlier step failed"),
            ("always", Success, "'true'"),
        ]
    );
    let log = site.log_text(&steps[3]).await;
    assert!(log.contains("h[shell(command = \"test "), "{log}");
}

async fn they_are_bounded(site: &Site) {
    let build = site.finished(site.force("endless").await).await;
    assert_eq!(build.results, Some(Results::Exception), "{build:?}");
    let last = Query::<Step>::new()
        .eq(StepField::Build, build.id)
        .descending(StepField::Number)
        .limit(1);
    let last = site.api().page(last).await.unwrap().items.remove(0);
    let shown = (last.name.as_str(), last.number, last.results);
    assert_eq!(shown, ("after", 502, Some(Results::Skipped)));
    assert_eq!(
        site.step(&build, "endless_1").await.state,
        "functions may add 1000 steps to a build; 501 are added, and here come 501"
    );
}

async fn what_is_wrong_with_them_is_told(site: &Site) {
    use Results::{Exception, Failure, Skipped, Success};
    let build = site.finished(site.force("wrong").await).await;
    assert_eq!(build.results, Some(Exception), "{build:?}");
    let steps = site.steps(&build).await;
    let path = site.path("weir.star").display().to_string();
    let line = CONFIG.lines().position(|it| it.contains("nme")).unwrap() + 1;
    let told = format!("{path}:{line}:28: wrong(): shell(): unknown argument 'nme'; did you mean 'name'?");
    assert_eq!(
        shown(&steps),
        [
            ("none", Success, "no step added"),
            ("left out", Failure, "'exit 1' (failure, exit code 1)"),
            ("wrong", Exception, told.as_str()),
            ("after", Skipped, "not run: an earlier step failed"),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_add_steps() {
    let site = Site::start(CONFIG).await;
    let _worker = site.worker("w1");
    site.worker_connected("w1", true).await;
    tokio::join!(
        they_come_behind_the_step_that_gave_them(&site),
        they_are_bounded(&site),
        what_is_wrong_with_them_is_told(&site),
    );
}
