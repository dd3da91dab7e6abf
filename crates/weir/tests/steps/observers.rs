//! Observers see the output of a step while it runs.

use serde_json::json;
use weir_status_api::{Properties, PropertiesOf, Read, Results, Step};
use weir_testbed::eventually;

use super::{logs, shown};
use crate::site::{SOON, Site};

const CONFIG: &str = r#"
master(anonymous_control = True)
w1 = worker("w1", token_file = "w1.token")

def progress(lines, kept):
    done = kept or 0
    wrong = []
    for line in lines:
        if line.stream == "stderr":
            wrong.append(line.text)
        elif line.text.startswith("ok "):
            done += 1
    said = {
        "keep": done,
        "state": "%d of 3 tests" % done,
        "properties": {"done": done},
        "urls": {"report": "https://example.org/%d" % done},
    }
    if wrong:
        said["logs"] = {"wrong": wrong}
        said["results"] = "failure"
    return said

def count(lines, kept):
    warnings = (kept or 0) + len([it for it in lines if "warning" in it.text])
    return {"keep": warnings, "warnings": warnings}

def no_test(lines, kept, end):
    if end and not kept and end.results == "success" and end.exit_code == 0:
        return {"results": "warnings", "state": "no test", "logs": {"why": "nothing was said"}}
    return {"keep": [it.text for it in lines]} if lines else None

def endless(lines, kept):
    for i in range(1000000):
        pass

SOFT = {"halt_on_failure": False, "flunk_on_failure": False}
WARNING = regex("(?i).*warning[: ]")

builder(
    "observed",
    workers = [w1],
    steps = [
        shell("echo ok 1; echo ok 2; while [ ! -e '@HOLD@' ]; do sleep 0.1; done; echo not so >&2; printf 'ok 3'", name = "tests", observe = progress, **SOFT),
        shell("echo a.c:1: warning: one; echo fine; echo Warning two >&2", name = "compile", warning_pattern = WARNING),
        shell("echo warnings: none", name = "clean", warning_pattern = WARNING),
        shell("echo warning: x", name = "strict", warning_pattern = "warning:*", max_warn_count = 0, **SOFT),
        sequence(["echo warning", command("echo warning", log = "more")], observe = count),
        master_shell("echo warning; exit 1", name = "here", observe = count, **SOFT),
        # What the first try said counts no more.
        shell("echo warning: $(ls); test -e tried || { touch tried; exit 1; }", name = "tries", workdir = "tries", retries = 1, warning_pattern = WARNING),
        shell("seq 5000", name = "many", observe = lambda lines, kept: {"keep": (kept or []) + [len(lines)], "properties": {"at most": max((kept or []) + [len(lines)]), "all": sum_of((kept or []) + [len(lines)])}}),
        shell("true", name = "none", observe = no_test),
        shell("echo x", name = "some", observe = no_test),
        shell("echo x; sleep 1; echo y", name = "mistaken", observe = lambda lines, kept: {"stat": "x"}, **SOFT),
        shell("echo x", name = "endless", always_run = True, observe = endless),
    ],
)

def sum_of(numbers):
    sum = 0
    for it in numbers:
        sum += it
    return sum

force("force", builders = ["observed"])
"#;

async fn properties(site: &Site, build: &weir_status_api::Build) -> Properties {
    let of = PropertiesOf::Build(build.id.into());
    site.api().properties(of).await.unwrap().value
}

fn urls(step: &Step) -> Vec<(&str, &str)> {
    let urls = step.urls.iter();
    urls.map(|it| (it.name.as_str(), it.url.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn observers_tell_of_steps_while_they_run() {
    let hold = tempfile::tempdir().unwrap().keep().join("hold");
    let site = Site::start(&CONFIG.replace("@HOLD@", hold.to_str().unwrap())).await;
    let _worker = site.worker("w1");
    let request = site.force("observed").await;
    let build = site.begun(request).await;
    let step = eventually("the step tells how far it is", SOON, async || {
        let step = site.steps(&build).await.into_iter().next()?;
        (step.state == "2 of 3 tests").then_some(step)
    })
    .await;
    assert_eq!(urls(&step), [("report", "https://example.org/2")]);
    assert_eq!(properties(&site, &build).await["done"].value, json!(2));
    std::fs::write(&hold, "").unwrap();
    let build = site.finished(request).await;
    let steps = site.steps(&build).await;
    use Results::{Exception, Failure, Success, Warnings};
    let ends: Vec<_> = shown(&steps)
        .into_iter()
        .map(|(name, results, state)| (name, results, state.rsplit_once("', ").map_or("", |it| it.1)))
        .collect();
    assert_eq!(
        ends[..10],
        [
            ("tests", Failure, "3 of 3 tests"),
            ("compile", Warnings, "2 warnings"),
            ("clean", Success, ""),
            ("strict", Failure, "1 warning, more than 0"),
            ("sequence", Warnings, ""),
            ("here", Failure, ""),
            ("tries", Warnings, "1 warning"),
            ("many", Success, ""),
            ("none", Warnings, "no test"),
            ("some", Success, ""),
        ]
    );
    assert_eq!(steps[4].state, "2 commands, 2 warnings");
    assert_eq!(
        steps[5].state,
        "'echo warning; exit 1' (failure, exit code 1), 1 warning"
    );
    assert_eq!(urls(&steps[0]), [("report", "https://example.org/3")]);
    assert_eq!(logs(&site, &steps[0]).await["wrong"], "onot so\n");
    let warnings = &logs(&site, &steps[1]).await["warnings"];
    let mut warnings: Vec<&str> = warnings.lines().collect();
    // The two streams of a command may come in either order.
    warnings.sort_unstable();
    assert_eq!(warnings, ["oWarning two", "oa.c:1: warning: one"]);
    assert_eq!(logs(&site, &steps[8]).await["why"], "onothing was said\n");
    assert!(!logs(&site, &steps[2]).await.contains_key("warnings"));
    let properties = properties(&site, &build).await;
    assert_eq!(properties["done"].value, json!(3));
    assert_eq!(properties["done"].source, "tests");
    assert_eq!(properties["warnings-count"].value, json!(7));
    assert_eq!(properties["all"].value, json!(5000));
    assert!(
        properties["at most"].value.as_i64().unwrap() <= 1000,
        "{properties:?}"
    );
    for (step, told) in [
        (
            &steps[10],
            "lambda(): gives a dict with the unknown key 'stat'; did you mean 'state'?",
        ),
        (
            &steps[11],
            "endless(): more than 200000 calls and rounds of loops",
        ),
    ] {
        assert_eq!(step.results, Some(Exception), "{step:?}");
        assert!(
            step.state.contains(told) && step.state.contains("weir.star:"),
            "{step:?}"
        );
        let log = &logs(&site, step).await["stdio"];
        // It is said once, and the command runs to its end.
        assert_eq!(log.matches(told).count(), 1, "{log}");
        assert!(log.contains("hprogram finished with exit code 0"), "{log}");
    }
}
