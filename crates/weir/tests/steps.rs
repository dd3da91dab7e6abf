//! What the kinds of steps do on a real worker.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "steps/added.rs"]
mod added;
#[path = "steps/groups.rs"]
mod groups;
#[path = "steps/logs.rs"]
mod logs;
#[path = "steps/observers.rs"]
mod observers;
mod site;

use logs::{logs, logs_have_limits_encodings_and_files};
use serde_json::json;
use site::{SOON, Site};
use weir_status_api::*;
use weir_testbed::eventually;

const CONFIG: &str = r#"
master(anonymous_control = True, properties = {"size": "large", "site": "there", "colour": "grey"})
w1 = worker("w1", token_file = "w1.token", properties = {"site": "here"})
builder(
    "properties",
    workers = [w1],
    steps = [
        set_property("version", command = "echo; echo ' 1.2 '"),
        set_property("raw", command = ["printf", " x "], strip = False),
        set_properties({"tag": interpolate("v%(prop:version)s"), "parts": [1, {"two": None}]}),
        shell(interpolate("test '%(prop:tag)s-%(prop:raw)s' = 'v1.2- x '"), name = "use"),
        set_properties(
            command = "echo out; echo err >&2; exit 2",
            extract = lambda rc, stdout, stderr: {"rc": rc, "said": [stdout, stderr], "text": prop("tag")},
            flunk_on_failure = False,
            halt_on_failure = False,
            name = "extract",
        ),
        set_property("never", command = "echo no; exit 1", flunk_on_failure = False, halt_on_failure = False),
        set_property("large", command = "head -c 70000 /dev/zero", flunk_on_failure = False),
    ],
)
builder(
    "tests",
    workers = [w1],
    steps = [
        shell("""mkdir -p 'a b'
cat > 'a b/1.xml' <<'END'
<testsuites><testsuite><testcase classname="c" name="one" file="a.py" line="3" time="1.5"/>
<testcase name="two"><failure/></testcase><testcase name="three"><skipped/></testcase></testsuite></testsuites>
END
printf '<testsuite><testcase name="four"/>' > 'a b/2.xml'"""),
        test_results("junit", files = "a b/*.xml"),
        test_results("tap", files = ["*.tap"], name = "none"),
        test_results("junit", files = "a b/1.xml", on_failed = "failure", name = "strict"),
        shell("printf 'success: a\\nfailure: b [\\nwhy\\n]\\n'", tests = "subunit", name = "subunit", always_run = True),
    ],
)
builder(
    "sequence",
    workers = [w1],
    steps = [
        sequence(
            [
                "echo begins; echo one > trace.log; echo first > kept.log",
                command("echo compiles; echo two > trace.log; echo second >> kept.log; exit 3", log = "compile", halt_on_failure = False, flunk_on_failure = False, warn_on_failure = True),
                command(["echo", "also compiles"], log = "compile"),
                command("echo tests; exit 1", log = "test"),
                "echo is not run",
            ],
            logfiles = {"trace": "trace.log", "kept": {"filename": "kept.log", "follow": True}},
            flunk_on_failure = False,
            halt_on_failure = False,
        ),
        shell("exit 4", name = "codes", decode_rc = {4: "warnings"}),
        shell("exit 5", name = "mere", decode_rc = {5: "warnings"}, warn_on_warnings = False),
        shell("exit 0", name = "zero", decode_rc = {0: "failure"}, warn_on_failure = True, flunk_on_failure = False),
        shell("[ -t 1 ] && [ \"$(cat)\" = hello ]", name = "terminal", pty = True, stdin = "hello", stop_signal = "INT", always_run = True),
    ],
)
builder(
    "tries",
    workers = [w1],
    steps = [
        shell("echo x >> tries; test $(wc -l < tries) = 3", name = "third", retries = 5, retry_delay = "10ms"),
        shell("echo no; exit 1", name = "never", retries = 2, halt_on_failure = False, flunk_on_failure = False),
    ],
)
builder(
    "master",
    workers = [w1],
    steps = [
        master_shell("pwd; echo $A; echo mistake >&2", env = {"A": prop("workername")}, name = "here", workdir = "a b"),
        master_shell("exit 3", name = "codes", decode_rc = {3: "warnings"}),
        master_shell("sleep 600 & echo sleeps; sleep 600", name = "long", total_timeout = "300ms", flunk_on_failure = False, halt_on_failure = False),
        master_shell("sleep 600", name = "silent", idle_timeout = "200ms", flunk_on_failure = False, halt_on_failure = False),
        master_shell(["/no/such/program"], name = "none", flunk_on_failure = False),
    ],
)
builder(
    "conditions",
    workers = [w1],
    properties = {"mode": lambda build: "fast" if build.worker.name == "w1" else "slow", "of": interpolate("%(prop:workername)s")},
    steps = [
        shell(["test", lambda build: [build.prop("mode"), "="], "fast"], name = "words", hide_if = lambda build, results: results == "success"),
        shell("false", name = "left out", do_if = lambda build: build.prop("mode") == "slow", hide_if = ["skipped"]),
        shell(interpolate("test %(prop:of)s = w1"), name = "late", do_if = lambda build: build.prop("mode") == "fast"),
        shell("false", name = "never", do_if = False),
        shell("true", name = "broken", do_if = lambda build: build.prop("mode") + 1),
        shell(interpolate("echo %(prop:nowhere)s"), name = "missing", always_run = True),
    ],
)
builder(
    "child",
    workers = [w1],
    # What is said of all builds goes over it, and what anybody says of this one over both.
    default_properties = {"colour": "pink", "size": "small", "shade": "dark"},
    steps = [shell(interpolate("test '%(prop:colour)s %(prop:size)s %(prop:site)s %(prop:shade)s' = 'red large here dark'"), name = "colour")],
)
builder("slow", workers = [w1], steps = [shell("sleep 600", name = "sleep")])
triggerable("children", builders = ["child"])
triggerable("others", builders = ["child"], properties = {"colour": "green"})
triggerable("slow ones", builders = ["slow"])
builder(
    "parent",
    workers = [w1],
    properties = {"colour": "red"},
    steps = [
        trigger(["children", "others"], wait = True, copy_properties = ["colour"], name = "both"),
        trigger(["others", "children"], wait = True, set_properties = {"colour": "blue"}, unimportant_schedulers = ["others"], flunk_on_failure = False, halt_on_failure = False, name = "blue"),
        trigger(["children"], set_properties = {"colour": prop("colour")}, name = "go on"),
    ],
)
builder("waits", workers = [w1], steps = [trigger(["slow ones"], wait = True)])
builder(
    "logs",
    workers = [w1],
    steps = [
        shell("seq 100000 100009", name = "limited", log_max_size = 21, log_max_tail_size = 14),
        shell("printf 'gr\\374n\\n'", name = "latin", log_encoding = "latin-1"),
        set_property("word", command = "printf 'gr\\374n'", log_encoding = "latin-1"),
        shell(
            "echo begins; echo one > a.log; printf two >> a.log; echo not text > 'b c.log'; echo old >> kept",
            name = "files",
            logfiles = {"a": "a.log", "spaced": interpolate("b %(kw:c)s.log", c = "c"), "never": "never.log", "kept": {"filename": "kept", "follow": True}},
        ),
        shell("printf 'x' > a.log", name = "lazy", logfiles = {"a": "a.log", "never": "never.log"}, lazy_logfiles = True),
        shell("yes", name = "chatty", max_lines = 1000, flunk_on_failure = False, halt_on_failure = False, log_max_size = "1KiB"),
        master_shell("yes", name = "chatty here", max_lines = 1000, flunk_on_failure = False, halt_on_failure = False, log_max_size = "1KiB"),
    ],
)
force("force", builders = ["logs", "parent", "waits", "properties", "tests", "sequence", "tries", "master", "conditions"])
"#;

/// The steps' names, results and states.
fn shown(steps: &[Step]) -> Vec<(&str, Results, &str)> {
    steps
        .iter()
        .map(|it| (it.name.as_str(), it.results.unwrap(), it.state.as_str()))
        .collect()
}

/// The results of a step's tests: names, values, places and durations in milliseconds.
async fn results(site: &Site, step: &Step) -> Vec<(String, String, Option<String>, Option<i64>)> {
    let api = site.api();
    let set = Query::<TestResultSet>::new().eq(TestResultSetField::Step, step.id);
    let set = api.page(set).await.unwrap().items.remove(0);
    assert!(set.complete, "{set:?}");
    let results = Query::<TestResult>::new()
        .eq(TestResultField::Set, set.id)
        .ascending(TestResultField::Id);
    let place = |it: &TestResult| {
        let path = it.test_code_path.as_ref()?;
        Some(format!("{path}:{}", it.line.unwrap_or_default()))
    };
    let results = api.page(results).await.unwrap().items;
    results
        .iter()
        .map(|it| {
            let millis = it.duration_ns.map(|it| it / 1_000_000);
            (
                it.test_name.clone().unwrap_or_default(),
                it.value.clone(),
                place(it),
                millis,
            )
        })
        .collect()
}

async fn steps_set_properties(site: &Site) {
    let build = site.finished(site.force("properties").await).await;
    assert_eq!(build.results, Some(Results::Success), "{build:?}");
    let steps = site.steps(&build).await;
    use Results::{Failure, Success};
    assert_eq!(
        shown(&steps),
        [
            ("set version", Success, "version: 1.2"),
            ("set raw", Success, "raw:  x "),
            ("set_properties", Success, "set 2 properties"),
            ("use", Success, "'test 'v1.2- x ' = 'v1.2- x ''"),
            ("extract", Failure, "set 3 properties"),
            ("set never", Failure, "'echo no; exit 1' (failure, exit code 1)"),
            (
                "set large",
                Failure,
                "the output has more than 65536 bytes, too much for a property"
            ),
        ]
    );
    let properties = PropertiesOf::Build(build.id.into());
    let properties = site.api().properties(properties).await.unwrap().value;
    assert_eq!(properties["version"], Property::new("1.2", "set version"));
    assert_eq!(properties["tag"], Property::new("v1.2", "set_properties"));
    assert_eq!(properties["parts"].value, json!([1, {"two": null}]));
    assert_eq!(properties["rc"].value, json!(2));
    assert_eq!(properties["said"].value, json!(["out\n", "err\n"]));
    assert_eq!(properties["text"].value, json!("v1.2"));
    assert!(!properties.contains_key("never") && !properties.contains_key("large"));
}

async fn steps_read_test_results(site: &Site) {
    let build = site.finished(site.force("tests").await).await;
    assert_eq!(build.results, Some(Results::Failure), "{build:?}");
    let steps = site.steps(&build).await;
    use Results::{Failure, Success, Warnings};
    assert_eq!(
        shown(&steps)[1..],
        [
            (
                "test results",
                Warnings,
                "tests: 2 passed, 1 failed, 1 could not be read"
            ),
            ("none", Warnings, "no file matches"),
            ("strict", Failure, "tests: 1 passed, 1 failed"),
            (
                "subunit",
                Success,
                "'printf 'success: a\\nfailure: b [\\nwhy\\n]\\n'', tests: 1 passed, 1 failed"
            ),
        ]
    );
    let log = site.log_text(&steps[1]).await;
    assert!(
        log.contains("htest results of a b/2.xml: it ends too early\n"),
        "{log}"
    );
    assert!(!log.contains("<testcase"), "files are not for the log: {log}");
    let named = |name: &str, value: &str| (name.to_owned(), value.to_owned(), None, None);
    let one = (
        "c.one".to_owned(),
        "1".to_owned(),
        Some("a.py:3".to_owned()),
        Some(1500),
    );
    assert_eq!(
        results(site, &steps[1]).await,
        [one, named("two", "0"), named("four", "1")]
    );
    assert_eq!(results(site, &steps[4]).await, [named("a", "1"), named("b", "0")]);
}

async fn commands_of_a_sequence_have_logs_and_consequences(site: &Site) {
    let build = site.finished(site.force("sequence").await).await;
    assert_eq!(build.results, Some(Results::Warnings), "{build:?}");
    let steps = site.steps(&build).await;
    use Results::{Failure, Success, Warnings};
    assert_eq!(
        shown(&steps),
        [
            ("sequence", Failure, "'echo tests; exit 1' (failure, exit code 1)"),
            ("codes", Warnings, "'exit 4' (warnings, exit code 4)"),
            ("mere", Warnings, "'exit 5' (warnings, exit code 5)"),
            ("zero", Failure, "'exit 0' (failure, exit code 0)"),
            ("terminal", Success, "'[ -t 1 ] && [ \"$(cat)\" = hello ]'"),
        ]
    );
    let api = site.api();
    let logs = Query::<Log>::new()
        .eq(LogField::Step, steps[0].id)
        .ascending(LogField::Id);
    let mut said = vec![];
    for log in api.page(logs).await.unwrap().items {
        let content = api.log_content(LogKey::Id(log.id), 0, 1000).await.unwrap().value;
        let output = content.content.lines().filter(|it| it.starts_with('o'));
        said.push((log.name, output.collect::<Vec<_>>().join(" ")));
    }
    let expected = [
        ("stdio", "obegins"),
        ("kept", "ofirst osecond"),
        ("trace", "oone otwo"),
        ("compile", "ocompiles oalso compiles"),
        ("test", "otests"),
    ];
    assert_eq!(
        said,
        expected.map(|(name, output)| (name.to_owned(), output.to_owned()))
    );
}

async fn what_fails_is_tried_again(site: &Site) {
    let build = site.finished(site.force("tries").await).await;
    assert_eq!(build.results, Some(Results::Success), "{build:?}");
    let steps = site.steps(&build).await;
    assert_eq!(steps[0].results, Some(Results::Success));
    let log = site.log_text(&steps[0]).await;
    assert!(
        log.contains("(failure, exit code 1); trying again after 10ms, 2 of 5\n"),
        "{log}"
    );
    assert!(!log.contains("3 of 5"), "{log}");
    assert_eq!(steps[1].results, Some(Results::Failure));
    assert_eq!(site.log_text(&steps[1]).await.matches("\nono\n").count(), 3);
}

async fn functions_say_what_runs_and_what_is_hidden(site: &Site) {
    let build = site.finished(site.force("conditions").await).await;
    assert_eq!(build.results, Some(Results::Exception), "{build:?}");
    let steps = site.steps(&build).await;
    let ended: Vec<_> = steps
        .iter()
        .map(|it| (it.name.as_str(), it.results.unwrap(), it.hidden))
        .collect();
    use Results::{Exception, Skipped, Success};
    let expected = [
        ("words", Success, true),
        ("left out", Skipped, true),
        ("late", Success, false),
        ("never", Skipped, false),
        ("broken", Exception, false),
        ("missing", Exception, false),
    ];
    assert_eq!(ended, expected, "{steps:?}");
    assert_eq!(steps[1].state, "not run: its condition does not hold");
    assert!(steps[4].state.contains("weir.star:"), "{}", steps[4].state);
    let missing = &steps[5].state;
    assert!(missing.contains("there is no property 'nowhere'"), "{missing}");
}

async fn steps_run_on_the_master(site: &Site) {
    let build = site.finished(site.force("master").await).await;
    assert_eq!(build.results, Some(Results::Warnings), "{build:?}");
    let steps = site.steps(&build).await;
    use Results::{Failure, Success, Warnings};
    assert_eq!(
        shown(&steps),
        [
            ("here", Success, "'pwd; echo $A; echo mistake >&2'"),
            ("codes", Warnings, "'exit 3' (warnings, exit code 3)"),
            (
                "long",
                Failure,
                "'sleep 600 & echo sleeps; sleep 600' (timed out: it ran for too long)"
            ),
            (
                "silent",
                Failure,
                "'sleep 600' (timed out: no output for too long)"
            ),
            (
                "none",
                Failure,
                "'/no/such/program' (could not start: `/no/such/program` cannot run: No such file or directory (os error 2))"
            ),
        ]
    );
    let folder = site.path("data").join("steps/master/a b").display().to_string();
    let log = site.log_text(&steps[0]).await;
    let expected = [
        &format!("o{folder}\n"),
        "ow1\n",
        "emistake\n",
        "hprogram finished with exit code 0\n",
    ];
    assert!(expected.iter().all(|it| log.contains(*it)), "{log}");
    assert!(site.log_text(&steps[2]).await.contains("osleeps\n"));
}

/// The builds that a build has triggered, oldest first.
async fn triggered(site: &Site, build: &Build) -> Vec<Build> {
    let sets = Query::<Buildset>::new().eq(BuildsetField::ParentBuild, build.id);
    let mut builds = vec![];
    for set in site
        .api()
        .page(sets.ascending(BuildsetField::Id))
        .await
        .unwrap()
        .items
    {
        assert_eq!(set.parent_relationship.as_deref(), Some("Triggered from"));
        let requests = Query::<BuildRequest>::new().eq(BuildRequestField::Buildset, set.id);
        for request in site.api().page(requests).await.unwrap().items {
            builds.push(site.begun(request.id.0).await);
        }
    }
    builds
}

async fn a_step_waits_for_what_it_triggers(site: &Site) {
    let build = site.finished(site.force("parent").await).await;
    assert_eq!(build.results, Some(Results::Success), "{build:?}");
    let steps = site.steps(&build).await;
    use Results::{Failure, Success};
    assert_eq!(
        shown(&steps),
        [
            ("both", Success, "triggered children, others"),
            ("blue", Failure, "children (failure)"),
            ("go on", Success, "triggered children"),
        ]
    );
    let builds = triggered(site, &build).await;
    assert_eq!(builds.len(), 5);
    let links: Vec<_> = steps[0].urls.iter().map(|it| it.url.as_str()).collect();
    let expected: Vec<_> = builds[..2]
        .iter()
        .map(|it| format!("#/builders/{}/builds/{}", it.builder, it.number))
        .collect();
    assert_eq!(links, expected);
    assert_eq!(steps[0].urls[0].name, "children #1");
}

async fn what_a_step_waits_for_is_cancelled_with_it(site: &Site) {
    let build = site.begun(site.force("waits").await).await;
    let slow = eventually("a build is triggered", SOON, async || {
        triggered(site, &build).await.pop()
    })
    .await;
    site.has_lines(&slow, "sleep", 1).await;
    let stop = Command::StopBuild {
        build: build.id.into(),
        reason: Some("enough".to_owned()),
    };
    site.api().control(&Caller::anonymous(), stop).await.unwrap();
    for build in [build, slow] {
        let build = site.finished(build.request.0).await;
        assert_eq!(build.results, Some(Results::Cancelled), "{build:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_do_what_they_are_for() {
    let site = Site::start(CONFIG).await;
    let _worker = site.worker("w1");
    site.worker_connected("w1", true).await;
    steps_set_properties(&site).await;
    steps_read_test_results(&site).await;
    commands_of_a_sequence_have_logs_and_consequences(&site).await;
    what_fails_is_tried_again(&site).await;
    functions_say_what_runs_and_what_is_hidden(&site).await;
    steps_run_on_the_master(&site).await;
    logs_have_limits_encodings_and_files(&site).await;
    a_step_waits_for_what_it_triggers(&site).await;
    what_a_step_waits_for_is_cancelled_with_it(&site).await;
}
