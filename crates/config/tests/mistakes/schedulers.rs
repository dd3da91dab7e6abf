//! Mistakes in schedulers and cancellers.

use crate::told_after_whole;

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
