#![expect(clippy::unwrap_used, reason = "a test may panic")]
//! What a broken configuration is told: place, what was expected, and a way out.

/// Compares with the snapshot of the test's name; the files are in it, so the expression is not.
macro_rules! snapshot {
    ($told:expr) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!($told) })
    };
}

mod schedulers;
mod steps;

use std::fmt::Write as _;
use std::path::Path;

/// A file that is whole, for mistakes to be added to.
const WHOLE: &str = r#"w = worker("w", token = "t")
b = builder("b", workers = [w], steps = [shell("make")])
"#;

/// The mistakes of each case's file, under the file itself.
fn told(cases: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut out = String::new();
    for (case, source) in cases {
        let mistakes = match weir_config::check(source, "weir.star", folder.path()) {
            Ok(_) => panic!("{case}: this has no mistake:\n{source}"),
            Err(mistakes) => mistakes.to_string(),
        };
        let mistakes = mistakes.replace(&folder.path().display().to_string(), "FOLDER");
        writeln!(out, "## {case}\n{}\n--\n{mistakes}\n", source.trim_end()).unwrap();
    }
    out
}

/// As [`told`], each case after [`WHOLE`], whose two lines are not shown.
fn told_after_whole(cases: &[(&str, &str)]) -> String {
    let sources: Vec<(&str, String)> = cases
        .iter()
        .map(|(case, source)| (*case, format!("{WHOLE}{source}")))
        .collect();
    let borrowed: Vec<(&str, &str)> = sources.iter().map(|(case, it)| (*case, it.as_str())).collect();
    told(&borrowed).replace(WHOLE, "")
}

#[test]
fn arguments() {
    snapshot!(told_after_whole(&[
        (
            "misspelt argument",
            r#"builder("x", workrs = [w], workers = [w], steps = [shell("make")])"#
        ),
        (
            "argument like none",
            r#"user("ada", token = "t", colour = "red")"#
        ),
        ("missing arguments", "builder()"),
        ("by position", r#"builder("x", [w], [shell("make")])"#),
        ("twice", r#"user("ada", name = "bob", token = "t")"#),
        (
            "wrong types",
            r#"builder(name = 1, workers = "w", steps = shell("make"), env = ["A"], tags = [1, "a", None])"#
        ),
        (
            "wrong items",
            "builder(\n    \"x\",\n    workers = [w, 3],\n    steps = [\n        shell(\"make\"),\n        \"make\",\n        [shell(\"test\")],\n    ],\n)"
        ),
        (
            "value of another kind",
            r#"builder("x", workers = [b], steps = [shell("make")], properties = {"w": w})"#
        ),
        (
            "flags",
            r#"builder("x", workers = [w], steps = [shell("make", halt_on_failure = "yes", always_run = 1)])"#
        ),
        (
            "keys",
            r#"builder("x", workers = [w], steps = [shell("make", env = {1: "a", "A=": "b", "C": 3})])"#
        ),
        (
            "properties within themselves",
            "l = [1]\nl.append(l)\nworker('v', token = 't', properties = {'a': l})",
        ),
        (
            "nested properties",
            r#"worker("v", token = "t", properties = {"a": {"b": [1, interpolate("x")]}})"#
        ),
    ]));
}

#[test]
fn rules() {
    snapshot!(told_after_whole(&[
        ("no action", "allow()"),
        ("misspelt action", r#"allow("forse")"#),
        ("action like none", r#"allow(["read", "fly"], anonymous = True)"#),
        (
            "names of nothing",
            r#"user("ada", roles = ["admin"], groups = ["web"])
role("deploy", users = ["adda"], groups = ["wob"])
allow("stop", builders = [b, "x-*", "c"], roles = ["admim"], users = ["bob"], groups = ["ops"])"#
        ),
        (
            "empty lists, which would open all",
            "allow(\"read\", builders = [], roles = [])"
        ),
        (
            "builders for what is about none",
            r#"allow("workers", builders = [b])"#
        ),
        (
            "everybody and somebody",
            r#"allow("read", anonymous = True, roles = ["admin"])
user("ada", roles = ["admin"])"#
        ),
        ("tokens for nobody", r#"allow("tokens", anonymous = True)"#),
        (
            "no hash",
            r#"user("ada", password_hash = "hunter2")
user("eva", password_hash = "$2b$12$abcdefghijklmnopqrstuuGbSyYvJYZ0NaBq")"#
        ),
        ("same role", "role(\"a\", groups = [])\nrole(\"a\", groups = [])"),
    ]));
}

#[test]
fn retention() {
    snapshot!(told_after_whole(&[
        ("nothing", "retention()"),
        (
            "no duration",
            r#"retention(builds = 90, logs = "a month", events = None)"#
        ),
        ("too short", r#"retention(events = "5m")"#),
        ("no number", r#"retention(builds_per_builder = 0)"#),
        (
            "less than the least",
            "retention(builds_per_builder = 5, least_per_builder = 10)"
        ),
        ("twice", "retention(builds = \"90d\")\nretention(logs = \"30d\")"),
    ]));
}

#[test]
fn projects() {
    snapshot!(told_after_whole(&[
        (
            "no such project",
            r#"project("gauge")
builder("x", workers = [w], steps = [shell("make")], project = "guage")
codebase("code", project = "website")
allow("read", projects = ["gauge", "gouge", "g*"], anonymous = True)"#
        ),
        (
            "none at all",
            r#"builder("x", workers = [w], steps = [shell("make")], project = "a")"#
        ),
        (
            "same name",
            r#"project("a b")
project("a b")
project("a_b")
project("c", slug = "a_b")
codebase("code", project = "c")
codebase("code", project = "a_b")
codebase("code", project = "c")
codebase("code!", project = "c", slug = "code")"#
        ),
        (
            "values",
            r#"project("p", slug = "a b", description = 1, description_format = "markdwon")
builder("x", workers = [w], steps = [shell("make")], description = "d", description_format = "html", project = b)
codebase("code")
codebase("code", project = [])"#
        ),
        (
            "codebase of another project",
            r#"p = project("p")
c = codebase("c", project = p)
git_poller("/srv/a", project = "q", codebase = c)
git_poller("/srv/b", project = c, codebase = p)"#
        ),
        (
            "missing workers",
            r#"worker("a", token = "t", missing_timeout = 0, notify_on_missing = "ada@weir.example")
worker("b", token = "t", missing_timeot = None, notify_on_missing = [1])"#
        ),
    ]));
}

#[test]
fn names() {
    let long = "n".repeat(71);
    let long = format!(r#"builder("{long}", workers = [w], steps = [shell("make", name = "{long}")])"#);
    snapshot!(told_after_whole(&[
        (
            "same name",
            r#"worker("w", token = "u")
builder("b", workers = [w], steps = [shell("make")])
force("f", builders = [b])
periodic("f", builders = [b], interval = "1h")
git_poller("/srv/a")
git_poller("/srv/a")
pb_change_source("w", password = "river")
pb_change_source("x", password = "river")
pb_change_source("x", password = "river", name = "y")
pb_change_source("z")
user("ada", token = "1")
user("ada", token = "2")
user("bob", token = "1")
webhook("h", "http://a/")
webhook("h", "http://b/")
master()
master()"#
        ),
        (
            "no such worker",
            r#"builder("x", workers = ["ww"], steps = [shell("make")])"#
        ),
        (
            "no such worker, none near",
            r#"builder("x", workers = [
    "w",
    "windows",
], steps = [shell("make")])"#
        ),
        ("no such builder", r#"any_branch("s", builders = ["b", "bb"])"#),
        ("too long", &long),
        (
            "characters",
            r#"worker("my worker", token = "t")
builder("_x\n", workers = [w], steps = [shell("make", name = "a/b")])
builder("_x", workers = [w], steps = [shell("make")])
force("force all", builders = [b])"#
        ),
        (
            "misspelt function",
            r#"bulder("x", workers = [w], steps = [shell("make")])
force("f", builders = ["x", b])
gti_poller("/srv/a")
work_er = 1"#
        ),
        ("functions of Python's", "print(w)\nopen('a')"),
        (
            "misspelt variable",
            "force(\"f\", builders = [b])\nfor name in namse:\n    user(name, token = names[0])\nnames = [1]"
        ),
    ]));
}

#[test]
fn workers_of_buildbot() {
    snapshot!(told(&[
        ("beyond", "master(buildbot_pb = \"0.0.0.0:9989\")\n"),
        (
            "no certificate",
            "master(buildbot_msgpack = [\"127.0.0.1:1\", \"tls:0.0.0.0:9990\"])\n"
        ),
        ("no address", "master(buildbot_pb = [\"9989\"])\n"),
        ("no text", "master(buildbot_pb = 9989)\n"),
        ("two secrets", "worker(\"w\", token = \"t\", password = \"p\")\n"),
        (
            "two passwords",
            "worker(\"w\", password = \"p\", password_file = \"p\")\n"
        ),
        ("empty", "worker(\"w\", password = \"\")\n"),
        ("two lines", "worker(\"w\", password = \"a\\nb\")\n"),
    ]));
}

#[test]
fn values() {
    snapshot!(told_after_whole(&[
        (
            "durations",
            r#"git_poller("/srv/a", poll_interval = 0)
git_poller("/srv/b", poll_interval = "5 minutes")
periodic("p", builders = [b], interval = -1)
any_branch("a", builders = [b], tree_stable = "4000d")
shell("make", idle_timeout = True)
shell("make", total_timeout = "-5m")"#
        ),
        (
            "numbers",
            r#"worker("a", token = "t", max_builds = 0)
worker("b", token = "t", max_builds = 1.5)"#
        ),
        ("listen", "master(listen = \"8010\")"),
        (
            "listen beyond loopback",
            "master(\n    title = \"T\",\n    listen = \"0.0.0.0:8010\",\n)"
        ),
        (
            "half of TLS",
            r#"master(listen = "0.0.0.0:8010", tls_key = "server.key")"#
        ),
        (
            "TLS without files",
            "master(\n    tls_certificate = \"server.pem\",\n    tls_key = \"server.key\",\n)",
        ),
        (
            "empty",
            r#"builder("x", workers = [], steps = [])
builder("", workers = [w], steps = [shell([]), shell(""), shell(["", "a"])])
force("f", builders = [])"#
        ),
        (
            "repositories",
            r#"git_poller("project")
git_poller("--upload-pack=x:y")
git("../project")"#
        ),
        (
            "folders",
            r#"shell("make", workdir = "/tmp")
shell("make", workdir = "a/../../b")"#
        ),
        (
            "reports",
            r#"http_push("a", "https://a/")
http_push("b", "https://a/", reports = [])
http_push("c", "https://a/", reports = build_report())
http_push("d", "https://a/", reports = ["all"], rate = "often", at_once = 0)
http_push("e", "https://a/", reports = [build_report(mode = "failed"), build_report(mode = ["all"])], adress = 1)
build_report()
http_push("f", "https://a/", reports = [build_report(start = False, finish = False), request_report(added = False, cancelled = False)])
http_push("g", "https://a/", reports = [build_report(builders = ["nowhere", "x*"], schedulers = ["none"]), worker_report(workers = ["gone"])])
http_push("h", "https://a/", reports = [build_report(when = lambda: True, excerpt_lines = 5000, attach_most = "1MiB")])
http_push("i", "https://a/", reports = [build_report(text = "a\n{% if %}", html_file = "nothing.html")])
http_push("j", "https://a/", reports = [build_report(subject = "a", subject_file = "b")])
mail("k", "ci@example.org", "relay", lookup = "example.org", tls = "ssl", reports = [step_report(steps = ["a*"])])
mail("l", "ci@example.org", "relay", to_owners = True, lookup = 3, reports = [buildset_report(combined = 1)])
github_status("m", token = "t", token_file = "t", reports = [build_report()])
webhook("n", "https://a/", reports = [build_report()])
master(web_url = "ci.example.org")"#
        ),
        (
            "webhooks",
            r#"webhook("a", "example.org/hook")
webhook("b", "https:///hook")
webhook("c", "https://a/", events = ["builds//finished"])
webhook("d", "https://a/", events = [])"#
        ),
        (
            "templates",
            r#"shell(interpolate("make %(prop:a"))
shell(interpolate("make %(porp:a)s"))
shell(interpolate("make %(kw:target)s", taget = "all"))
shell("make %(prop:target)s")
shell(interpolate("a", x = 1))
shell(prop("a:b"))"#
        ),
        (
            "fields",
            r#"force("f", builders = [b], fields = [field_text("a"), field_int("a", default = "x"), "b"])
field_choice("c", ["x", "y"], default = "xx")
field_choice("d", [])
field_bool("branch")
force("g", builders = [b], fields = [field_text("a"), field_int("a")])"#
        ),
        (
            "formats of tests",
            r#"shell("make", tests = "libtests")
shell("make", tests = "junti")
shell("make", tests = True)"#
        ),
        (
            "build data",
            r#"build_data()
build_data("a/b", value = "v")
build_data("a", value = "v", command = "make")
build_data("a")
build_data("a", value = 1, command = "make")
build_data("a", value = "%(prop:revision)s")
build_data(".", value = "v")
build_data("..", command = "make")"#
        ),
        (
            "one branch",
            r#"single_branch("s", builders = [b], branch = "release/*")"#
        ),
    ]));
}

#[test]
fn secrets() {
    snapshot!(told_after_whole(&[
        ("none", r#"worker("a")"#),
        ("both", r#"worker("a", token = "t", token_file = "a.token")"#),
        ("no such file", r#"worker("a", token_file = "a.token")"#),
        ("a folder", r#"worker("a", token_file = ".")"#),
        ("empty", r#"worker("a", token = "  ")"#),
        ("two lines", r#"worker("a", token = "a\nb")"#),
    ]));
}

#[test]
fn whole_files() {
    snapshot!(told(&[
        ("nothing", ""),
        ("no builder", r#"worker("w", token = "t")"#),
        ("syntax", "worker(\"w\", token = \"t\"\nbuilder("),
        ("load", "load(\"a.star\", \"a\")"),
        (
            "fail after mistakes",
            "worker(\"w\", tokn = \"t\")\nfail(\"no\", 1)\nworker(\"w\")"
        ),
        (
            "an error of Starlark's own",
            "worker(\"w\", token = \"t\")\nx = 1 + \"a\""
        ),
        (
            "what comes of a mistake is none",
            "w = worker(\"w\")\nb = builder(\"b\", workers = [w, w.name], steps = [shell(w)])\nforce(\"f\", builders = [b])\nwx + 1"
        ),
        ("endless", "for i in range(1000000):\n    pass"),
        ("ranges", "range(-500000, 500000)\nmax(range(2000000000))"),
        ("a range without a step", "range(1, 2, 0)"),
        ("recursion", "def f():\n    f()\nf()"),
        (
            "a mistake in a function",
            r#"w = worker("w", token = "t")
def unit(name):
    return builder(name, workers = [w], steps = [shell("make", evn = {})])

[unit("b%d" % i) for i in range(2)]
unit("c")"#
        ),
        (
            "a mistake in a loop",
            r#"w = worker("w", token = "t")
for name in ["a", "b"]:
    builder(name, workers = [w], stepz = [shell("make")])"#
        ),
        (
            "the same name in a loop",
            r#"w = worker("w", token = "t")
for name in ["a", "a"]:
    builder(name, workers = [w], steps = [shell("make")])"#
        ),
    ]));
}

#[test]
fn listeners() {
    let told = |source: &str| {
        weir_config::check_listeners(source, "listeners.star", Path::new("."))
            .unwrap_err()
            .to_string()
    };
    snapshot!(
        [
            told(""),
            told("webhook(\"a\")"),
            told("worker(\"w\", token = \"t\")"),
            told("webhok(\"a\", \"https://a/\")"),
            told("master(listen = \"127.0.0.1:1\")\nwebhook(\"a\", \"https://a/\")"),
            told("build_report(builders = [\"of the master\"])"),
        ]
        .join("\n")
    );
}

#[test]
fn an_unreadable_file_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("weir.star");
    let told = weir_config::load(&missing).unwrap_err().to_string();
    assert!(
        told.starts_with(&format!("{}: cannot be read: ", missing.display())),
        "{told}"
    );
    let told = weir_config::load(folder.path()).unwrap_err().to_string();
    assert!(told.ends_with(": is no file"), "{told}");
}

#[test]
fn a_mistake_is_told_as_data() {
    let mistakes = weir_config::check("\nuser('ada', tokne = 't')", "a.star", Path::new(".")).unwrap_err();
    let [mistake] = mistakes.diagnostics() else {
        panic!("{mistakes}");
    };
    assert_eq!(mistake.file, "a.star");
    assert_eq!((mistake.line, mistake.column), (2, 13));
    assert_eq!(mistake.message, "user(): unknown argument 'tokne'");
    assert_eq!(mistake.help.as_deref(), Some("did you mean 'token'?"));
}
