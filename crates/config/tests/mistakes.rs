#![expect(clippy::unwrap_used, reason = "a test may panic")]
//! What a broken configuration is told: place, what was expected, and a way out.

use std::fmt::Write as _;
use std::path::Path;

/// Compares with the snapshot of the test's name; the files are in it, so the expression is not.
macro_rules! snapshot {
    ($told:expr) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!($told) })
    };
}

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
fn functions() {
    snapshot!(told_after_whole(&[
        (
            "no function",
            r#"builder("x", workers = [w], steps = [shell("make")], next_build = "newest", can_start_build = len, collapse_requests = 1)"#
        ),
        (
            "of other parameters",
            "def may(worker):\n    return True\nbuilder(\"x\", workers = [w], steps = [shell(\"make\")], can_start_build = may, next_worker = lambda a, b, c: a, collapse_requests = lambda: True)"
        ),
        (
            "conditions",
            r#"builder("x", workers = [w], steps = [shell("make", do_if = "yes", hide_if = ["skiped", 1]), shell(["make", lambda: "x"], do_if = lambda: True, hide_if = lambda build: True), shell("make", env = {"A": lambda a, b: a}, hide_if = 3)])"#
        ),
        (
            "late properties",
            r#"builder("x", workers = [w], steps = [shell("make")], properties = {"a": lambda: 1, "b": [prop("c")]})"#
        ),
        (
            "where none is taken",
            r#"builder(lambda: "x", workers = [w], steps = [shell("make")], tags = [len, lambda: "a"])"#
        ),
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
fn steps() {
    snapshot!(told_after_whole(&[
        (
            "properties",
            r#"set_property()
set_property("a")
set_property("a", 1, command = "make")
set_property("a", interpolate("%(prop:b"), name = "a/b")
set_property("a:b", "c")
set_property("a", "c", strip = False)
set_property("a", "%(prop:b)s")
set_property("a", w)
set_properties({})
set_properties({"a": shell("make")})
set_properties("a")
set_properties()
set_properties({"a": 1}, command = "make", extract = lambda rc, stdout, stderr: {})
set_properties(command = "make")
set_properties(command = "make", extract = lambda output: {})"#
        ),
        (
            "sequences",
            r#"sequence()
sequence([])
sequence("make")
sequence([command(), "make", ["make"], shell("make")])
sequence([command("make", log = "a", name = "b")])
shell("make", decode_rc = {"1": "warnings"})
shell("make", decode_rc = {1: "warning", 1000000000000: "failure"})
shell("make", decode_rc = {1: 2})"#
        ),
        (
            "groups",
            r#"parallel()
parallel("a/b", steps = [])
parallel("", steps = shell("make"), max = 0, stop_others = 1)
builder("x", workers = [w], steps = [parallel("a", steps = [parallel("b", steps = [shell("make")]), [shell("make")], "make"])])
builder("y", workers = [w], steps = parallel("a", steps = [shell("make")]))
shell(parallel("a", steps = [shell("make")]))"#
        ),
        (
            "functions that give steps",
            r#"def f(step, a, b = 1):
    return []
generate()
generate("a", "f")
generate("a", f, arguments = {"b": 2})
generate("a", f, arguments = {"a": w, "0": 1})
generate("a", f, arguments = {"a": 1, "c": 2})
generate("a", f, arguments = {"a": 1}, contract = 2, command = [])
generate("a", lambda: [])
parallel("p", steps = [shell("make"), generate("a", f, arguments = {"a": 1})])"#
        ),
        (
            "tries",
            r#"shell("make", retries = -1)
shell("make", retries = 101, retry_delay = -1)
shell("make", retries = True, retry_delay = "soon")
master_shell()
master_shell("make", rerun = 1, workdir = "../..")"#
        ),
        (
            "triggers",
            r#"trigger()
trigger([])
trigger("go")
triggerable("go", builders = [b])
force("no", builders = [b])
trigger(["go", "og", "no"])
trigger(["go"], unimportant_schedulers = ["go", "no"])
trigger(["go"], set_properties = {"a": w}, copy_properties = "a", wait = 1, always_use_latest = None)"#
        ),
        (
            "terms of commands",
            r#"shell("make", stop_signal = "TREM", stop_grace = "soon", pty = "yes", stdin = 1)
git("https://example.org/x", stop_signal = "SIGSTOP", pty = True)"#
        ),
        (
            "files of test results",
            r#"test_results("junit")
test_results("xml", files = [])
test_results("junit", files = "")
test_results("tap", files = ["a", 1])
test_results("tap", files = "%(prop:a)s/*.tap", on_missing = "failed")
test_results("tap", files = "*.tap", on_failed = "exception")"#
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
        ("endless", "for i in range(1000000000):\n    pass"),
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

#[test]
fn schedulers() {
    snapshot!(told_after_whole(&[
        (
            "times",
            r#"nightly("a", builders = [b], cron = "0 3 * *")
nightly("b", builders = [b], cron = "0 24 * * *")
nightly("c", builders = [b], cron = "0 3 * * monday")
nightly("d", builders = [b], cron = "0 0 30 feb *")
nightly("e", builders = [b], hour = 24)
nightly("f", builders = [b], hour = [1, "x"])
nightly("g", builders = [b], day_of_week = 7)
nightly("h", builders = [b], day_of_week = "1-5")
nightly("i", builders = [b], day_of_month = 31, month = [4, "jun"])
nightly("j", builders = [b], cron = "0 3 * * *", hour = 3)
nightly("k", builders = [b], cron = "0 3 * * *", timezone = "Europe/Berln")
nightly("l", builders = [b], hour = 3.5)"#
        ),
        (
            "what counts",
            r#"nightly("a", builders = [b], hour = 3, categories = ["c"], always_at = "0 3 * * mon")
nightly("b", builders = [b], hour = 3, only_if_changed = True, always_at = "daily")"#
        ),
        (
            "circles",
            r#"dependent("a", builders = [b], upstream = "c")
dependent("b", builders = [b], upstream = "a")
dependent("c", builders = [b], upstream = "b")
dependent("d", builders = [b], upstream = "a")
dependent("e", builders = [b], upstream = "e")"#
        ),
        (
            "upstream",
            r#"dependent("a", builders = [b], upstream = "weekly")
dependent("b", builders = [b], upstream = b)
dependent("c", builders = [b])"#
        ),
        (
            "codebases",
            r#"any_branch("a", builders = [b], codebases = {"x": {"repo": "/srv/x"}})
any_branch("b", builders = [b], codebases = {"x": {"branch": "*"}, "y": "/srv/y"})
any_branch("c", builders = [b], codebases = {})
any_branch("d", builders = [b], codebases = "x")
periodic("e", builders = [b], interval = 1, codebases = {"x": {}}, branch = "main")
triggerable("f", builders = [b], codebases = ["x"])"#
        ),
        (
            "fields",
            r#"field_text("a", pattern = "[0-9")
field_text("b", pattern = "[0-9]+", default = "x")
field_text("c", max_length = 2, default = "abc")
field_int("d", min = 3, max = 2)
field_int("e", min = 3, default = 2)
field_choice("f", ["x", "y"], multiple = True, default = ["x", "z"])
field_choice("g", ["x", "y"], multiple = True, default = "x")
force("h", builders = [b], fields = [field_group([field_int("n")], name = "g"), field_int("g_n")])
force("i", builders = [b], fields = [field_text("lib_branch")], codebases = {"app": {}, "lib": {}})
force("j", builders = [b], codebases = {"app": {}}, codebase = "app")
field_group([])
force("k", builders = [b], fields = [field_patch("reason"), field_patch("p"), field_text("p_level")])
force("l", builders = [b], codebases = {"app": {}, "lib": {}}, fields = [field_patch("p", codebase = "lip")])
try_jobs("m", fields = [])
try_jobs("n n", builders = [b], codebases = {})"#
        ),
        (
            "priorities and importance",
            r#"any_branch("a", builders = [b], priority = "high", important = ["*.c"])
any_branch("b", builders = [b], priority = 3000000000, only_important = True)
single_branch("c", builders = [b], priority = lambda changes: 1, important = lambda: True)
nightly("d", builders = [b], hour = 3, important = lambda change: True)
force("e", builders = [b], priority = 3)
master(prioritize_builders = "fast")"#
        ),
        (
            "order of builders",
            r#"master(prioritize_builders = ["bb", 1, "x*", lambda x: x])"#
        ),
        (
            "regular expressions",
            r#"any_branch("a", builders = [b], branches = [regex("(a"), regex("a(?=b)"), regex(1)])
any_branch("b", builders = [b], files = regex("a\\"), authors = [regex("((a{99}){99}){99}")])
any_branch("c", builders = [b], branches = [1], projects = "x", categories = [regex()])
single_branch("d", builders = [b], branch = regex("main"))
git_poller("https://example.org/a.git", branches = ["", regex("x")])"#
        ),
        (
            "cancellers",
            r#"old_build_canceller("a", builders = ["bb"])
old_build_canceller("a", builders = [])
failing_buildset_canceller("c", cancel = [b, "bb"])"#
        ),
    ]));
}

#[test]
fn secrets_of_steps() {
    let providers = "secrets_from_env(\"CI_\")\n";
    let file = |text: &str| format!("{providers}{text}");
    snapshot!(told_after_whole(&[
        (
            "nobody has them",
            r#"builder("x", workers = [w], steps = [shell("make", env = {"A": interpolate("%(secret:a)s"), "B": secret("b")})])"#
        ),
        (
            "names and forms",
            &file(
                r#"secret("a:b")
secret("<a>")
secret("../a\n")
secret()
interpolate("%(secret:a:-none)s")
interpolate("%(secret:)s")
shell("echo %(secret:a)s")"#
            )
        ),
        (
            "what is stored",
            &file(
                r#"builder("x", workers = [w], steps = [
    set_property("a", secret("a")),
    set_properties({"a": interpolate("%(kw:a)s", a = secret("a"))}),
    build_data("a", value = interpolate("x%(secret:a)s")),
    trigger([], set_properties = {"a": secret("a")}),
], properties = {"a": secret("a")})"#
            )
        ),
        (
            "files and variables",
            r#"secrets_from_files("secrets")
secrets_from_files()
secrets_from_env("")
secrets_from_env("A-B")
secrets_from_env("1")"#
        ),
        (
            "vaults",
            r#"secrets_from_vault("vault:8200", token_env = "T")
secrets_from_vault("https://v", token_file = "/etc/passwd")
secrets_from_vault("https://v", token_file = "none", version = 3)
secrets_from_vault("https://v")
secrets_from_vault("https://v", token_file = "none", token_env = "T")
secrets_from_vault("https://v", token_env = "T", mount = "/", path = "a/../b")
secrets_from_vault("https://v", token = "s.token")"#
        ),
    ]));
}

#[test]
fn logs() {
    let step =
        |arguments: &str| format!(r#"builder("x", workers = [w], steps = [shell("make", {arguments})])"#);
    snapshot!(told_after_whole(&[
        (
            "sizes",
            &step(r#"log_max_size = "10MB", log_max_tail_size = "2MiB", max_lines = 0"#)
        ),
        ("no sizes", &step("log_max_size = -1, log_max_tail_size = [1]")),
        ("encodings", &step(r#"log_encoding = "utf-16""#)),
        (
            "unknown encodings",
            "master(log_encoding = \"klingon\", log_max_size = 1.5)"
        ),
        (
            "files",
            &step(
                r#"logfiles = {"stdio": "a", "a": "../b", "b": {"file": "c"}, "c": {"follow": True}, "d": 1}, lazy_logfiles = 1"#
            )
        ),
        (
            "too many files",
            &step(r#"logfiles = {str(number): "a" for number in range(21)}"#)
        ),
    ]));
}
