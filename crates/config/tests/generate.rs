#![expect(clippy::unwrap_used, reason = "a test may panic")]
//! Functions that give steps, called as the master calls them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use weir_config::{
    BuildFacts, Condition, GenerateStep, Generated, LockMode, MasterConfig, RanStep, StepFacts, StepKind,
    StepOutput, name_steps,
};
use weir_status_api::{Property, Results, Worker, WorkerId, WorkerInfo};

const BEFORE: &str = "w = worker(\"w\", token = \"t\")\n";

fn check(text: &str) -> MasterConfig {
    let text = format!("{BEFORE}{text}");
    weir_config::check(&text, "weir.star", Path::new(".")).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// The configuration whose builder has one step, which has the function `f` of the text give steps.
fn config(text: &str) -> MasterConfig {
    check(&format!(
        "{text}\nbuilder(\"b\", workers = [w], steps = [generate(\"g\", f)])\n"
    ))
}

fn step_of(config: &MasterConfig) -> &GenerateStep {
    match &config.builders[0].steps[0].kind {
        StepKind::Generate(step) => step,
        other => panic!("{other:?}"),
    }
}

fn facts() -> StepFacts {
    StepFacts {
        build: BuildFacts {
            builder: "b".to_owned(),
            number: 7,
            reason: "why".to_owned(),
            properties: BTreeMap::from([("branch".to_owned(), Property::new("main", "Change"))]),
            sources: vec![],
            worker: Worker {
                id: WorkerId(1),
                name: "w".to_owned(),
                configured_on: vec![],
                connected_to: vec![],
                info: WorkerInfo::default(),
                paused: false,
                pause_reason: None,
                away_reason: None,
                graceful: false,
                absence: None,
            },
            changes: vec![],
        },
        name: "g".to_owned(),
        output: Some(StepOutput {
            exit_code: 3,
            stdout: "a \"b\"\nc\u{7}\\".to_owned(),
            stderr: "e".to_owned(),
        }),
        ran: vec![RanStep {
            name: "before".to_owned(),
            results: Results::Warnings,
            state: "so".to_owned(),
        }],
    }
}

fn generated(config: &MasterConfig) -> Generated {
    let step = step_of(config);
    step.function.generate(&facts(), &step.arguments).unwrap()
}

fn failure(text: &str) -> String {
    let config = config(text);
    let step = step_of(&config);
    step.function
        .generate(&facts(), &step.arguments)
        .unwrap_err()
        .to_string()
}

#[test]
fn a_function_gives_steps() {
    let config = check(
        r#"
db = lock("db", count = 3)
taken = db.counting(2)
go = triggerable("go", builders = ["b"])
NOISE = regex("(?i).*warning")

def see(lines, kept):
    return None

COMMON = [shell(interpolate("echo %(prop:branch)s %(kw:a)s", a = lambda build: "x"), name = "common", do_if = lambda build: False)]
is_main = lambda build: build.prop("branch") == "main"

def later(step):
    return [shell("later")]

def f(step, targets, mode = "fast"):
    if step.contract != 1 or step.exit_code != 3 or step.stderr != "e" or step.prop("branch") != "main":
        fail("told something else")
    if [(it.name, it.results, it.state) for it in step.ran] != [("before", "warnings", "so")]:
        fail("told of other steps")
    return COMMON + [
        shell(["make", step.stdout] + targets, env = {"MODE": mode, "N": prop("number", "1")}, do_if = is_main, decode_rc = {2: "warnings"}, retry_delay = 1.5, observe = see, warning_pattern = NOISE),
        parallel("both", steps = [COMMON[0], sequence([command("a", log = "l"), ["b"]], locks = [taken])], max = 2),
        shell("x", locks = [db.exclusive()]),
        trigger([go, "go"], set_properties = {"a": {"b": [1, None, True]}}),
        sequence(["a"], warning_pattern = regex("w\"+"), max_warn_count = 3, name = "counts"),
        generate("again", later, arguments = {"x": 1} if False else {}),
        set_properties(command = "x", extract = lambda_free),
        git("https://example.org/x", branch = prop("branch")),
    ]

def lambda_free(code, out, err):
    return {}

builder("b", workers = [w], steps = [generate("g", f, command = ["ls"], arguments = {"targets": ["t"]}, contract = 1)])
"#,
    );
    let given = generated(&config);
    let names: Vec<&str> = given.steps.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "common",
            "make",
            "common",
            "sequence",
            "x",
            "trigger",
            "counts",
            "again",
            "set_properties",
            "git"
        ]
    );
    let [common, make, member, sequence, alone, ..] = given.steps.as_slice() else {
        panic!("{names:?}");
    };
    assert!(matches!(&common.do_if, Condition::If(it) if it.do_if(&facts().build) == Ok(false)));
    assert!(matches!(&make.do_if, Condition::If(it) if it.do_if(&facts().build) == Ok(true)));
    assert_eq!(common.kind, member.kind);
    let observers = &make.observers;
    assert_eq!(observers.function.as_ref().map(|it| it.name()), Some("see"));
    assert!(
        observers
            .warnings
            .as_ref()
            .is_some_and(|it| it.admits("a WARNING"))
    );
    let counts = &given.steps[6].observers;
    assert!(counts.warnings.as_ref().is_some_and(|it| it.admits("w\"\"")));
    assert_eq!(counts.most_warnings, Some(3));
    let firsts: Vec<_> = given
        .steps
        .iter()
        .map(|it| it.group.as_ref().map(|it| it.is_first))
        .collect();
    assert_eq!(firsts[1..5], [None, Some(true), Some(false), None]);
    assert_eq!(sequence.locks[0].mode, LockMode::Counting(2));
    assert_eq!(alone.locks[0].mode, LockMode::Exclusive);
    let StepKind::Generate(again) = &given.steps[7].kind else {
        panic!("{:?}", given.steps[7]);
    };
    let later = again.function.generate(&facts(), &again.arguments).unwrap();
    assert_eq!(later.steps[0].name, "later");
    // What is kept gives the same again, also when the text is read anew.
    assert_eq!(
        step_of(&config).function.read_plan(&given.plan).unwrap(),
        given.steps
    );
    let anew = weir_config::check_again(&config.source).unwrap();
    assert_eq!(
        step_of(&anew).function.read_plan(&given.plan).unwrap(),
        given.steps
    );
    let mut steps = given.steps;
    name_steps(
        &mut steps,
        &mut BTreeSet::from(["make".to_owned(), "g".to_owned()]),
    );
    let names: Vec<&str> = steps.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names[..3], ["common", "make_1", "common_1"]);
}

#[test]
fn any_text_is_kept_as_it_is() {
    let config =
        config("def f(step):\n    return [shell([step.stdout], env = {\"A\": step.stdout}, name = \"a\")]");
    let given = generated(&config);
    let StepKind::Shell {
        command: weir_config::Command::Argv(words),
        ..
    } = &given.steps[0].kind
    else {
        panic!("{given:?}");
    };
    assert_eq!(words[0].as_literal(), Some("a \"b\"\nc\u{7}\\"));
    assert_eq!(
        generated(&self::config("def f(step):\n    return None")).steps,
        []
    );
    assert_eq!(generated(&self::config("def f(step):\n    return ()")).steps, []);
}

#[test]
fn what_is_no_step_is_told_with_its_place() {
    for (text, told) in [
        (
            "def f(step):\n    return \"make\"",
            "weir.star:2:1: f(): must give a list of steps, not string",
        ),
        (
            "def f(step):\n    return [shell(\"make\"), [shell(\"x\")]]",
            "weir.star:2:1: f(): must give a list of steps; item 1 is list; join lists of steps with +",
        ),
        (
            "def f(step):\n    return [w]",
            "weir.star:2:1: f(): must give a list of steps; item 0 is a worker",
        ),
        (
            "def f(step):\n    return [\n        shell(\"make\"),\n        shell(\"make\", evn = {}),\n    ]",
            "weir.star:5:9: f(): shell(): unknown argument 'evn'; did you mean 'env'?",
        ),
        (
            "def f(step):\n    return [shell(\"x\", do_if = lambda build: True)]",
            "weir.star:3:13: f(): shell(): 'do_if' must be True, False or a function of (build), not a function made \
             while the build runs: only those of the file's top level can be kept",
        ),
        (
            "def f(step):\n    return [trigger([\"go\"])]",
            "weir.star:3:13: f(): trigger(): 'schedulers' names no triggerable scheduler: there is no 'go'",
        ),
        (
            "def f(step):\n    return [builder(\"x\", workers = [w], steps = [shell(\"make\")])]",
            "weir.star:3:13: f(): builder() describes the configuration, and cannot be called while the master runs",
        ),
        (
            "def f(step):\n    return [shell(\"make\", name = str(i)) for i in range(1001)]",
            "weir.star:2:1: f(): gives 1001 steps; a build takes 1000",
        ),
        (
            "def f(step):\n    return [shell(\"make \" + str(i) * 3000, name = \"a\") for i in range(200)]",
            "weir.star:2:1: f(): gives steps of more than 262144 bytes",
        ),
        (
            "def f(step):\n    return step.prop(\"branch\") + 1",
            "weir.star:3:12: f(): Operation `+` not supported for types `string` and `int`",
        ),
        (
            "def f(step):\n    for i in range(1000000):\n        pass",
            "weir.star:2:1: f(): more than 200000 calls and rounds of loops; is there a loop that hardly ends?",
        ),
    ] {
        assert_eq!(failure(text), told, "{text}");
    }
}

#[test]
fn steps_that_could_wait_for_ever_are_not_added() {
    let text = |locks: &str, taken: &str| {
        format!(
            "db = lock(\"db\", count = 2)\nall = lock(\"all\", scope = \"worker\", count = 2, counts = {{\"w\": 1}})\n\
             def f(step):\n    return [shell(\"make\", locks = [{taken}])]\n\
             builder(\"b\", workers = [w], {locks} steps = [generate(\"g\", f)])"
        )
    };
    let why = |locks: &str, taken: &str| {
        let config = check(&text(locks, taken));
        config.why_not_added(&config.builders[0], &generated(&config).steps)
    };
    assert_eq!(why("", "db.counting(2)"), None);
    let told = why("locks = [all.exclusive()],", "db.counting(2)").unwrap();
    assert_eq!(
        told,
        "step 'make' takes locks, which steps that a function gives can do only where their builder has none"
    );
    let encoded = check(
        "def f(step):\n    return [shell(\"make\", log_encoding = \"latin-1\")]\n\
         builder(\"b\", workers = [w], steps = [generate(\"g\", f)])",
    );
    let told = encoded.why_not_added(&encoded.builders[0], &generated(&encoded).steps);
    assert!(told.unwrap().contains("no configured step of its builder has"));
    let told = why("", "all.counting(2)").unwrap();
    assert!(told.contains("would wait for ever on worker 'w'"), "{told}");
}
