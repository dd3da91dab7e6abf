#![expect(clippy::unwrap_used, reason = "a test may panic")]
//! What a whole configuration gives.

use std::path::Path;
use std::time::Duration;

use weir_config::{
    ChangeFilter, ChangeSource, Command, Consequences, GitPoller, ListenerTerms, MasterConfig,
    PbChangeSource, ReportKind, ReportMode, SchedulerKind, Secret, SourceDefaults, StepKind, Text,
};
use weir_status_api::{ForceField, ForceFieldKind};

fn check(source: &str) -> MasterConfig {
    match weir_config::check(source, "weir.star", Path::new(".")) {
        Ok(config) => config,
        Err(mistakes) => panic!("{mistakes}"),
    }
}

/// One of everything, and a matrix.
const LARGE: &str = include_str!("large.star");

fn large() -> MasterConfig {
    let folder = tempfile::tempdir().unwrap();
    for name in ["linux.token", "hook.secret"] {
        std::fs::write(folder.path().join(name), format!(" {name} \n")).unwrap();
    }
    match weir_config::check(LARGE, "weir.star", folder.path()) {
        Ok(config) => config,
        Err(mistakes) => panic!("{mistakes}"),
    }
}

#[test]
fn a_large_file_gives_all_it_says() {
    insta::assert_debug_snapshot!(large());
}

#[test]
fn a_matrix_makes_a_builder_for_each_combination() {
    let config = large();
    let names: Vec<&str> = config.builders.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "linux-gcc-debug",
            "linux-gcc-release",
            "linux-clang-debug",
            "linux-clang-release",
            "mac-clang-debug",
            "mac-clang-release",
            "docs",
            "files",
        ]
    );
    let builder = config.builder("mac-clang-release").unwrap();
    assert_eq!(builder.workers, ["mac1"]);
    assert_eq!(builder.env["CC"], Text::literal("clang"));
    assert_eq!(builder.properties["mode"], "release");
    let names: Vec<&str> = builder.steps.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(
        names,
        ["git", "configure", "make", "make_1", "revision", "sizes", "clean"]
    );
    let everything = config.scheduler("everything").unwrap();
    assert_eq!(everything.builders.len(), 7);
}

#[test]
fn secrets_come_from_files_beside_the_configuration() {
    let config = large();
    assert_eq!(config.worker("linux1").unwrap().token, Secret::new("linux.token"));
    assert_eq!(config.listeners[0].options["secret"], "hook.secret");
    assert_eq!(config.listeners[0].secrets, [Secret::new("hook.secret")]);
}

#[test]
fn what_is_left_out_has_its_default() {
    let config = check(
        r#"
w = worker("w", token = "t")
b = builder("b", workers = ["w"], steps = [git("https://a/b.git"), shell(["make"])])
git_poller("https://a/b.git")
any_branch("any", builders = [b])
single_branch("one", builders = [b])
periodic("each", builders = [b], interval = 1.5)
force("force", builders = [b], fields = [field_choice("c", ["x", "y"])])
webhook("hook", "https://a/")
"#,
    );
    assert_eq!(config.title, "Weir");
    assert_eq!(config.listen.to_string(), "127.0.0.1:8010");
    assert!(!config.policy.anonymous_control && !config.plain_text_beyond_loopback);
    assert_eq!(config.worker_grace, Duration::from_secs(60));
    assert_eq!(config.workers[0].max_builds, None);
    assert_eq!(config.workers[0].missing_timeout, Some(Duration::from_secs(3600)));
    assert!(config.workers[0].notify_on_missing.is_empty());
    assert_eq!(config.builders[0].project, None);
    assert_eq!(config.builders[0].workdir, Text::literal("build"));
    let [git, make] = config.builders[0].steps.as_slice() else {
        panic!("{:?}", config.builders);
    };
    assert_eq!(git.consequences, Consequences::default());
    assert!(!git.always_run && git.decode_rc.is_empty());
    assert_eq!(make.idle_timeout, Some(Duration::from_secs(1200)));
    assert_eq!(make.total_timeout, None);
    assert_eq!(
        make.kind,
        StepKind::Shell {
            command: Command::Argv(vec![Text::literal("make")]),
            tests: None,
        }
    );
    assert_eq!(
        config.change_sources,
        [ChangeSource::GitPoller(GitPoller {
            name: "https://a/b.git".to_owned(),
            repository: "https://a/b.git".to_owned(),
            branches: vec![],
            poll_interval: Duration::from_secs(60),
            project: String::new(),
            codebase: String::new(),
            category: None,
        })]
    );
    let kinds: Vec<SchedulerKind> = config.schedulers.into_iter().map(|it| it.kind).collect();
    assert_eq!(
        kinds,
        [
            SchedulerKind::AnyBranch {
                tree_stable: Duration::ZERO,
                filter: ChangeFilter::default(),
                codebases: vec![],
            },
            SchedulerKind::SingleBranch {
                branch: None,
                tree_stable: Duration::ZERO,
                filter: ChangeFilter::default(),
                codebases: vec![],
            },
            SchedulerKind::Periodic {
                interval: Duration::from_millis(1500),
                sources: vec![SourceDefaults::default()],
            },
            SchedulerKind::Force {
                button: "force".to_owned(),
                label: "force".to_owned(),
                reason: "force build".to_owned(),
                source: SourceDefaults::default(),
                fields: vec![ForceField {
                    name: "c".to_owned(),
                    label: "c".to_owned(),
                    kind: ForceFieldKind::Choice(vec!["x".to_owned(), "y".to_owned()]),
                    default: "x".into(),
                    required: false,
                }],
            },
        ]
    );
    let hook = &config.listeners[0];
    assert_eq!(hook.kind, "webhook");
    assert_eq!(hook.options, [("url", "https://a/".into())].into());
    assert_eq!((hook.reporting.as_ref(), hook.secrets.len()), (None, 0));
    assert_eq!(hook.terms, ListenerTerms::default());
}

#[test]
fn none_lifts_the_idle_timeout() {
    let config = check(
        "worker('w', token = 't')\nbuilder('b', workers = ['w'], steps = [shell('make', idle_timeout = None)])",
    );
    assert_eq!(config.builders[0].steps[0].idle_timeout, None);
}

#[test]
fn a_slug_is_made_of_the_name() {
    let config = check(
        r#"
w = worker("w", token = "t", missing_timeout = None)
p = project("9 Gauges & more")
c = codebase("the code", project = p)
git_poller("/srv/a", codebase = c)
git_poller("/srv/b", project = p, codebase = c.name)
builder("b", workers = [w], steps = [shell("make")], project = p, description = "d")
"#,
    );
    assert_eq!(config.workers[0].missing_timeout, None);
    let project = config.project("9 Gauges & more").unwrap();
    assert_eq!(project.slug, "__Gauges___more");
    assert_eq!(config.builders[0].project.as_deref(), Some("9 Gauges & more"));
    let description = config.builders[0].description.as_ref().unwrap();
    assert_eq!(description.format.as_deref(), Some("markdown"));
    for source in &config.change_sources {
        let ChangeSource::GitPoller(poller) = source else {
            panic!("{source:?}");
        };
        assert_eq!(
            config.codebase(&poller.project, &poller.codebase).unwrap().slug,
            "the_code"
        );
    }
}

#[test]
fn who_tells_of_changes_has_a_password() {
    let config = check(
        r#"
w = worker("w", token = "t")
builder("b", workers = [w], steps = [shell("make")])
pb_change_source("change", password = "river", prefix = "trunk/")
pb_change_source("hook", password = "weir", name = "the hook")
"#,
    );
    let expected = |name: &str, user: &str, password: &str, prefix: Option<&str>| {
        ChangeSource::Pb(PbChangeSource {
            name: name.to_owned(),
            user: user.to_owned(),
            password: Secret::new(password),
            prefix: prefix.map(str::to_owned),
        })
    };
    assert_eq!(
        config.change_sources,
        [
            expected("change", "change", "river", Some("trunk/")),
            expected("the hook", "hook", "weir", None)
        ]
    );
}

#[test]
fn names_may_be_used_before_what_they_name() {
    let config = check(
        "force('f', builders = ['b'])\nbuilder('b', workers = ['w'], steps = [shell('make')])\nworker('w', token = 't')",
    );
    assert_eq!(config.schedulers[0].builders, ["b"]);
}

#[test]
fn every_way_to_bind_a_name_is_known() {
    let config = check(
        r#"
def outer(a, b: int = 1, *args: typing.Any, c = None, **kwargs) -> str:
    def inner():
        return later + a
    x, (y, z) = 1, (2, 3)
    for i, (j, k) in enumerate([(1, 2)]):
        x += i + j + k + y + z
        if x > 3:
            found = "found"
        else:
            found = "lost"
    return inner() + found + f"{a}{b}{x}" + "".join([n for n in kwargs if n])

later = "later"
(left, right) = ("l", "r")
table = {"k": [1, 2]}
table["k"][0] += 1
square = lambda v, w = 2: v * w
if square(2) == 4:
    chosen = "yes"
else:
    chosen = "no"
for index in range(2):
    last = index
names = [str(n) + m for n in [1, 2] for m in ["a", "b"] if n != last + 5]
record_ = struct(a = 1, b = set([1]))
w = worker("w", token = "t")
builder(
    "b" + left + right + chosen,
    workers = [w for _ in range(1)],
    steps = [shell(outer("a", c = 1, d = 2)), shell(["make"] + names + [str(record_.a)] + map(str, [1]))],
)
"#,
    );
    assert_eq!(config.builders[0].name, "blryes");
}

#[test]
fn a_file_of_listeners_gives_them() {
    let source = "[webhook(name, f'https://a/{name}', secret = 's') for name in ['a', 'b']]";
    let listeners = weir_config::check_listeners(source, "listeners.star", Path::new(".")).unwrap();
    let urls: Vec<&str> = listeners
        .iter()
        .map(|it| it.options["url"].as_str().unwrap())
        .collect();
    assert_eq!(urls, ["https://a/a", "https://a/b"]);
}

#[test]
fn reports_are_as_they_are_said() {
    let source = r#"
master(title = "Project", web_url = "https://ci.example.org")
w = worker("w", token = "t")
b = builder("b", workers = [w], steps = [shell("make")])
http_push(
    "board",
    "https://a/",
    reports = [
        build_report(mode = "warnings", start = True, builders = [b, "c*"], tags = regex("r.*"), attach_logs = True),
        step_report(steps = ["compile*"], mode = ["problem", "change"], excerpt_lines = 10, attach_patch = True),
        worker_report(subject = "{{ worker.name }}"),
    ],
    rate = "10/m",
    at_once = 4,
    give_up_after = "1h",
    timeout = "5s",
)
"#;
    let config = check(source);
    let board = &config.listeners[0];
    assert_eq!(
        board.options,
        [("url", "https://a/".into()), ("timeout", 5.0.into())].into()
    );
    assert_eq!(board.terms.rate, Some((10, Duration::from_secs(60))));
    assert_eq!(board.terms.at_once, Some(4));
    assert_eq!(board.terms.give_up_after, Some(Duration::from_secs(3600)));
    let reporting = board.reporting.as_ref().unwrap();
    assert_eq!(reporting.title, "Project");
    assert_eq!(reporting.web_url.as_deref(), Some("https://ci.example.org/"));
    let [build, step, worker] = reporting.reports.as_slice() else {
        panic!("{reporting:?}");
    };
    assert_eq!(build.modes, [ReportMode::Failing, ReportMode::Warnings]);
    assert_eq!(
        build.kind,
        ReportKind::Build {
            start: true,
            finish: true
        }
    );
    assert!(weir_config::any_admits(&build.builders, "c2") && !weir_config::any_admits(&build.builders, "d"));
    assert!(weir_config::any_admits(&build.tags, "release"));
    assert_eq!(
        (build.attach_logs.as_deref(), build.attach_most),
        (Some([].as_slice()), 1 << 20)
    );
    assert_eq!(step.modes, [ReportMode::Problem, ReportMode::Change]);
    assert!(step.attach_patch && step.attach_logs.is_none() && step.excerpt_lines == 10);
    assert_eq!(worker.templates["subject"].source, "{{ worker.name }}");
    assert_eq!(
        worker.templates["subject"].name,
        "subject of worker_report, weir.star:11"
    );
}

#[test]
fn the_books_examples_have_no_mistake() {
    const BOOK: &str = concat!(
        include_str!("../../../docs/src/configuration.md"),
        include_str!("../../../docs/src/custom-steps.md"),
        include_str!("../../../docs/src/reports.md")
    );
    let folder = tempfile::tempdir().unwrap();
    for name in ["worker.token", "chat.secret"] {
        std::fs::write(folder.path().join(name), name).unwrap();
    }
    let mut found = vec![];
    for block in BOOK.split("```python\n").skip(1) {
        let source = block.split("```").next().unwrap();
        let file = source.lines().next().unwrap().trim_start_matches("# ");
        found.push(file);
        let mistakes = match file {
            "listeners.star" => weir_config::check_listeners(source, file, folder.path()).err(),
            _ => weir_config::check(source, file, folder.path()).err(),
        };
        if let Some(mistakes) = mistakes {
            panic!("{mistakes}");
        }
    }
    let of = |name: &str| found.iter().filter(|it| **it == name).count();
    assert_eq!(of("listeners.star"), 1);
    assert_eq!(
        of("weir.star"),
        found.len() - 1,
        "each example names its file: {found:?}"
    );
    assert!(found.len() > 8, "the book has examples: {found:?}");
}

#[test]
fn rules_say_who_may_do_what() {
    use weir_access::Action;
    let config = check(
        r#"
w = worker("w", token = "t")
b = builder("b", workers = ["w"], steps = [shell(["make"])], tags = ["web"])
user("ada", token = "of-ada", roles = ["admin"], groups = ["web"], email = "ada@weir.example")
user("eva")
role("deploy", users = ["eva"], groups = ["web"])
allow("read", builders = [b, "nightly-*"], anonymous = True)
allow("control", tags = ["web"], roles = ["deploy"])
allow(["workers", "tokens"], users = ["ada"])
"#,
    );
    let policy = &config.policy;
    assert_eq!(policy.users[0].email.as_deref(), Some("ada@weir.example"));
    assert!(policy.users[0].token_hash.is_some() && policy.users[1].token_hash.is_none());
    assert!(!format!("{policy:?}").contains("of-ada"));
    assert_eq!(policy.roles[0].groups, ["web"]);
    let [read, control, both] = policy.rules.as_slice() else {
        panic!("{:?}", policy.rules);
    };
    assert_eq!(read.on.builders, ["b", "nightly-*"]);
    assert!(read.to.anonymous);
    // One for some builders is about builders only.
    assert!(control.actions.contains(&Action::Stop) && !control.actions.contains(&Action::Workers));
    assert_eq!(both.actions, [Action::Workers, Action::Tokens].into());
}

#[test]
fn a_configuration_is_read_again_without_the_files_that_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("w.token");
    std::fs::write(&token, "hunter2").unwrap();
    let text = r#"
master(worker_grace = "90s")
w = worker("w", token_file = "w.token")
builder("b", workers = [w], steps = [shell("make")])
"#;
    let config = weir_config::check(text, "weir.star", folder.path()).unwrap();
    assert_eq!(config.worker_grace, Duration::from_secs(90));
    assert_eq!(config.source.text, text);
    assert!(
        !format!("{config:?}").contains("worker_grace = "),
        "a text may hold tokens"
    );
    std::fs::remove_file(token).unwrap();
    let again = weir_config::check_again(&config.source).unwrap();
    assert_eq!(again.builders, config.builders);
    assert_eq!(again.workers[0].token, Secret::new(""));
}

#[test]
fn steps_of_a_group_stand_behind_each_other() {
    let config = check(
        r#"
w = worker("w", token = "t")
checks = parallel("checks", steps = [shell("make a"), shell("make b", name = "make a")], max = 2, stop_others = True)
builder("b", workers = [w], steps = [shell("make a"), checks, parallel("one", steps = [shell("make c")]), shell("make d")])
"#,
    );
    let steps = config.builders[0].steps.iter().map(|it| {
        let group = it.group.as_ref();
        let group = group.map(|it| (it.name.as_str(), it.max, it.stop_others, it.is_first));
        (it.name.as_str(), group)
    });
    assert_eq!(
        steps.collect::<Vec<_>>(),
        [
            ("make a", None),
            ("make a_1", Some(("checks", Some(2), true, true))),
            ("make a_2", Some(("checks", Some(2), true, false))),
            ("make c", Some(("one", None, false, true))),
            ("make d", None),
        ]
    );
}
