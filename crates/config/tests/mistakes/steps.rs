//! Mistakes in steps: their arguments, functions, secrets and logs.

use crate::told_after_whole;

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
            "observers",
            r#"builder("x", workers = [w], steps = [shell("make", observe = lambda line: None, warning_pattern = 3, max_warn_count = -1), sequence(["a"], observe = "x"), master_shell("make", max_warn_count = 3), set_property("a", command = "b", observe = lambda lines, kept: None), shell("make", warning_patern = regex("a"))])"#
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
            "files",
            r#"make_directory()
make_directory("")
copy_directory("a")
file_exists(["a"])
upload_file("a", "b", "c")
upload_file("a", to = "../b", mode = 0o1777, max_size = "1MB")
upload_file("a", to = "b", url_text = "c", compress = True)
upload_file("a", to = "b", url = 1, keep_times = "yes")
upload_files("*.log", to = "b", glob = 1)
upload_files([], to = "b")
upload_directory("a", to = "/srv/../etc", mode = 0o644)
download_file("a")
download_text("%(prop:a)s", to = "b")
download_json(w, to = "b")
download_properties(mode = "0644")"#
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
    upload_file("a", to = "b", url = secret("a"), url_text = interpolate("%(secret:a)s")),
    download_text(secret("a"), to = "a"),
    download_json(secret("a"), to = "a"),
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
secrets_from_vault("https://v", token = "s.token")
secrets_from_vault("https://v", role_id = "r")
secrets_from_vault("https://v", token_env = "T", secret_id_file = "none", role_mount = "a/../b")
secrets_from_vault("https://v", token_env = "T", role_id = "r", secret_id_file = "/etc/passwd")"#
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
        (
            "files of a sequence",
            r#"builder("x", workers = [w], steps = [sequence([command("make", log = "a")], logfiles = {"a": "a.log"})])"#
        ),
    ]));
}
