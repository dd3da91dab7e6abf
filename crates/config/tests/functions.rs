#![expect(clippy::unwrap_used, reason = "a test may panic")]
//! Functions of the configuration, called as the master calls them.

#[path = "functions/observers.rs"]
mod observers;

use std::collections::BTreeMap;
use std::path::Path;

use weir_config::{
    Answer, Argument, BuildFacts, Collapse, Function, FunctionError, Lookup, MasterConfig, NextWorker,
    RequestFacts, SchedulerKind, Text,
};
use weir_status_api::{
    BuildRequest, BuildRequestId, BuilderId, BuildsetId, Change, ChangeId, Property, SourceStamp,
    SourceStampId, Timestamp, Worker, WorkerId, WorkerInfo,
};

/// The configuration whose builder has these further arguments, after the text `before`.
fn config(before: &str, arguments: &str) -> MasterConfig {
    let text = format!(
        "{before}\nworker(\"w\", token = \"t\")\n\
         builder(\"b\", workers = [\"w\"], steps = [shell(\"make\")], {arguments})\n"
    );
    weir_config::check(&text, "weir.star", Path::new(".")).unwrap()
}

/// The function that decides which request is next.
fn next_build(before: &str, function: &str) -> Function {
    let config = config(before, &format!("next_build = {function}"));
    config.builders[0].next_build.clone().unwrap()
}

fn worker(id: i64, name: &str) -> Worker {
    Worker {
        id: WorkerId(id),
        name: name.to_owned(),
        configured_on: vec![],
        connected_to: vec![],
        info: WorkerInfo::default(),
        paused: false,
        pause_reason: None,
        away_reason: None,
        graceful: false,
        absence: None,
    }
}

fn request(id: i64, branch: &str) -> RequestFacts {
    RequestFacts {
        request: BuildRequest {
            id: BuildRequestId(id),
            buildset: BuildsetId(1),
            builder: BuilderId(1),
            priority: 0,
            claimed_at: None,
            claimed_by: None,
            complete_at: None,
            results: None,
            submitted_at: Timestamp(5_000_000),
            waited_for: false,
            waiting_for: None,
            properties: BTreeMap::new(),
        },
        builder: "b".to_owned(),
        reason: "why".to_owned(),
        properties: BTreeMap::from([("branch".to_owned(), Property::new(branch, "Change"))]),
        sources: vec![],
        changes: vec![],
    }
}

fn failure<T: std::fmt::Debug>(result: Result<T, FunctionError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_builder_s_functions_decide() {
    let config = config(
        "SLOW = [\"w2\"]\ndef may(worker, request):\n    return worker.name not in SLOW or request.prop(\"branch\") == \"main\"",
        "can_start_build = may,
         next_build = lambda requests: ([r for r in requests if r.prop(\"branch\") == \"main\"] + [None])[0],
         next_worker = lambda workers, request: workers[-1] if request.priority < 1 else None,
         collapse_requests = lambda a, b: a.prop(\"branch\") == b.prop(\"branch\", default = \"none\")",
    );
    let builder = &config.builders[0];
    let workers = [worker(1, "w1"), worker(2, "w2")];
    let requests = [request(1, "dev"), request(2, "main")];
    let may = builder.can_start_build.as_ref().unwrap();
    assert_eq!(may.can_start_build(&workers[0], &requests[0]), Ok(true));
    assert_eq!(may.can_start_build(&workers[1], &requests[0]), Ok(false));
    assert_eq!(may.can_start_build(&workers[1], &requests[1]), Ok(true));
    let next_build = builder.next_build.as_ref().unwrap();
    assert_eq!(next_build.next_build(&requests), Ok(Some(1)));
    assert_eq!(next_build.next_build(&requests[..1]), Ok(None));
    let Some(NextWorker::Chosen(next_worker)) = &builder.next_worker else {
        panic!("{:?}", builder.next_worker);
    };
    assert_eq!(next_worker.next_worker(&workers, &requests[0]), Ok(Some(1)));
    let Some(Collapse::If(collapse)) = &builder.collapse_requests else {
        panic!("{:?}", builder.collapse_requests);
    };
    assert_eq!(collapse.collapse_requests(&requests[0], &requests[1]), Ok(false));
    assert_eq!(collapse.collapse_requests(&requests[0], &requests[0]), Ok(true));
}

#[test]
fn a_failure_has_its_place() {
    let requests = [request(1, "dev")];
    for (before, function, told) in [
        (
            "def first(requests):\n    return requests[7]",
            "first",
            "weir.star:2:12: first(): Index `7` is out of bound",
        ),
        (
            "",
            "lambda requests: requests[0].prio",
            "weir.star:3:86: lambda(): Object of type `facts` has no attribute `prio`, did you mean `prop`?",
        ),
        (
            "",
            "lambda requests: 7",
            "weir.star:3:69: lambda(): must give one of the requests, or None, not a number",
        ),
        (
            "",
            "lambda requests: builder",
            "weir.star:3:69: lambda(): must give plain data, not function",
        ),
        (
            "def stops(requests):\n    fail(\"no\", \"way\")",
            "stops",
            "weir.star:2:5: stops(): fail: no way",
        ),
        (
            "def adds(requests):\n    worker(\"x\", token = \"t\")",
            "adds",
            "weir.star:2:5: adds(): worker() describes the configuration, and cannot be called while the master runs",
        ),
    ] {
        let function = next_build(before, function);
        assert_eq!(failure(function.next_build(&requests)), told);
    }
}

#[test]
fn a_function_that_does_not_end_is_ended() {
    let requests = [request(1, "dev")];
    let loops = next_build(
        "def loops(requests):\n    n = 0\n    for _ in range(1000000):\n        n += 1",
        "loops",
    );
    let told = failure(loops.next_build(&requests));
    assert!(told.starts_with("weir.star:"), "{told}");
    // Where the machine does a lot else, its time is over before its rounds are.
    let limits = [
        "more than 200000 calls and rounds of loops",
        "takes longer than 5 seconds",
    ];
    assert!(
        limits.iter().any(|it| told.contains(&format!("loops(): {it}"))),
        "{told}"
    );
    // Starlark's own functions count no rounds, and do not hear of the deadline.
    let native = next_build("", "lambda requests: max(range(len(requests) * 2000000000))");
    let told = failure(native.next_build(&requests));
    assert!(told.contains("range(): more than 1000000 numbers"), "{told}");
}

#[test]
fn what_a_call_does_to_its_values_stays_in_it() {
    let function = next_build(
        "SEEN = []\ndef grows(requests):\n    requests.append(1)\n    SEEN.append(1)",
        "grows",
    );
    let requests = [request(1, "dev")];
    let told = failure(function.next_build(&requests));
    assert!(
        told.starts_with("weir.star:4:5: grows(): ") && told.contains("mmutable"),
        "{told}"
    );
    assert_eq!(failure(function.next_build(&requests)), told);
}

#[test]
fn functions_are_found_again_by_their_ids() {
    const TEXT: &str = "w = worker(\"w\", token = \"t\")
def order(how):
    def next(requests):
        return requests[how]
    return next
for how in (0, -1):
    builder(f\"b{how}\", workers = [w], steps = [shell(\"make\")], next_build = order(how))
    builder(f\"c{how}\", workers = [w], steps = [shell(\"make\")], next_build = lambda requests: requests[how])
";
    let read = || weir_config::check(TEXT, "weir.star", Path::new(".")).unwrap();
    let (config, again) = (read(), read());
    assert_eq!(config, again);
    let other = weir_config::check(&format!("{TEXT}# more"), "weir.star", Path::new(".")).unwrap();
    let requests = [request(1, "dev"), request(2, "main")];
    let mut ids = vec![];
    for (builder, other) in config.builders.iter().zip(&other.builders) {
        let function = builder.next_build.as_ref().unwrap();
        let found = again.functions.get(function.id()).unwrap();
        assert_eq!(found, function);
        assert_eq!(found.next_build(&requests), function.next_build(&requests));
        // What a function of another text calls may be another.
        assert_ne!(other.next_build.as_ref(), Some(function));
        ids.push((function.id(), function.line()));
    }
    assert_eq!(ids, [("next", 3), ("lambda", 8), ("next#2", 3), ("lambda#2", 8)]);
    let first = config.builders[0].next_build.as_ref().unwrap();
    let last = config.builders[2].next_build.as_ref().unwrap();
    assert_eq!(
        (first.next_build(&requests), last.next_build(&requests)),
        (Ok(Some(0)), Ok(Some(1)))
    );
}

#[test]
fn a_function_outlives_its_configuration_and_gives_any_plain_data() {
    let function = next_build(
        "",
        "lambda x: {\"a\": [x, 1.5, None, True], \"b\": (interpolate(\"%(prop:p)s\"),)}",
    );
    let answer = function.call(vec![Argument::Plain("é".into())]).unwrap();
    let Answer::Dict(items) = answer else {
        panic!("{answer:?}");
    };
    let plain = |value: serde_json::Value| Answer::Plain(value);
    assert_eq!(
        items["a"],
        Answer::List(vec![
            plain("é".into()),
            plain(1.5.into()),
            plain(serde_json::Value::Null),
            plain(true.into()),
        ])
    );
    assert!(matches!(&items["b"], Answer::List(it) if matches!(it[0], Answer::Text(_))));
}

/// A build with some properties, whose functions are called.
struct OfBuild;

impl Lookup for OfBuild {
    fn property(&self, name: &str) -> Option<serde_json::Value> {
        match name {
            "list" => Some(serde_json::json!([1, "two"])),
            "empty" => Some("".into()),
            "text" => Some("t".into()),
            _ => None,
        }
    }

    fn source(&self, _: &str, _: &str) -> Option<serde_json::Value> {
        None
    }

    fn worker(&self, _: &str) -> Option<serde_json::Value> {
        None
    }

    fn call(&self, function: &Function) -> Result<Answer, FunctionError> {
        function.call(vec![Argument::build(&BuildFacts {
            builder: "b".to_owned(),
            number: 3,
            reason: "why".to_owned(),
            properties: BTreeMap::from([("text".to_owned(), Property::new("t", "test"))]),
            sources: vec![],
            worker: worker(1, "w1"),
            changes: vec![],
        })])
    }
}

/// The text that an argument of a step is.
fn text(before: &str, text: &str) -> Text {
    let config = config(before, &format!("env = {{\"A\": {text}}}"));
    config.builders[0].env["A"].clone()
}

#[test]
fn a_text_is_what_a_function_gives() {
    for (argument, expected) in [
        ("lambda build: build.builder + build.prop(\"text\")", "bt"),
        ("lambda build: build.number", "3"),
        ("lambda build: None", ""),
        ("lambda build: interpolate(\"<%(prop:text)s>\")", "<t>"),
        ("lambda build: build.prop(\"none\", \"d\")", "d"),
        ("lambda build: NESTED", "(b)"),
        (
            "interpolate(\"%(kw:a)s\", a = lambda build: build.worker.name)",
            "w1",
        ),
        ("interpolate(\"%(kw:a:-none)s\", a = lambda build: None)", "none"),
        ("interpolate(\"%(kw:a:-none)s\", a = prop(\"missing\"))", "none"),
        ("interpolate(\"%(kw:a:-none)s\", a = prop(\"empty\"))", ""),
        ("interpolate(\"%(kw:a:~none)s\", a = prop(\"empty\"))", "none"),
        (
            "interpolate(\"%(kw:a:+x%(kw:b)s)s\", a = prop(\"text\"), b = prop(\"text\"))",
            "xt",
        ),
        ("interpolate(\"%(kw:a:#?|yes|no)s\", a = prop(\"empty\"))", "no"),
        ("interpolate(\"%(kw:a:?|yes|no)s\", a = prop(\"empty\"))", "yes"),
        (
            "interpolate(\"%(kw:a)s\", a = interpolate(\"%(kw:b)s!\", b = prop(\"list\")))",
            "[1,\"two\"]!",
        ),
    ] {
        let nested = "NESTED = interpolate(\"(%(kw:a)s)\", a = lambda build: build.builder)";
        assert_eq!(
            text(nested, argument).render(&OfBuild).unwrap(),
            expected,
            "{argument}"
        );
    }
    for (argument, told) in [
        (
            "lambda build: [1]",
            "weir.star:3:61: lambda(): must give a string, not a list",
        ),
        (
            "lambda build: True",
            "weir.star:3:61: lambda(): must give a string, not True or False",
        ),
        (
            "interpolate(\"%(kw:a)s\", a = prop(\"missing\"))",
            "there is no property 'missing'; set it, or give a default: %(prop:missing:-default)s",
        ),
        (
            "endless",
            "weir.star:2:1: endless(): more than 16 texts and functions give each other",
        ),
    ] {
        let before =
            "def endless(build):\n    return ENDLESS\nENDLESS = interpolate(\"%(kw:a)s\", a = endless)";
        let before = before.replace("def", "\ndef");
        let told = told.replace(":3:61", ":6:62");
        assert_eq!(
            text(&before, argument).render(&OfBuild).unwrap_err().to_string(),
            told,
            "{argument}"
        );
    }
}

#[test]
fn words_are_spliced_and_values_keep_their_type() {
    let words = |it: &str| text("", it).render_words(&OfBuild).unwrap();
    assert_eq!(
        words("lambda build: [\"a\", [1, None], (prop(\"text\"),)]"),
        ["a", "1", "t"]
    );
    assert_eq!(words("lambda build: None"), [""; 0]);
    assert_eq!(words("prop(\"list\")"), ["[1,\"two\"]"]);
    assert_eq!(words("\"a b\""), ["a b"]);
    let value = |it: &str| text("", it).value(&OfBuild).unwrap();
    assert_eq!(value("prop(\"list\")"), Some(serde_json::json!([1, "two"])));
    assert_eq!(value("prop(\"missing\")"), None);
    assert_eq!(value("prop(\"missing\", \"d\")"), Some("d".into()));
    let answer = serde_json::json!({"a": [true, "t"], "b": null});
    assert_eq!(
        value("lambda build: {\"a\": [True, prop(\"text\")], \"b\": None}"),
        Some(answer)
    );
}

#[test]
fn a_scheduler_looks_at_changes_by_patterns_and_a_function() {
    let admits = |arguments: &str, author: &str, files: &[&str]| {
        let text = format!(
            "worker(\"w\", token = \"t\")\nbuilder(\"b\", workers = [\"w\"], steps = [shell(\"make\")])\n\
             any_branch(\"s\", builders = [\"b\"], {arguments})"
        );
        let config = weir_config::check(&text, "weir.star", Path::new(".")).unwrap();
        let SchedulerKind::AnyBranch { filter, .. } = &config.schedulers[0].kind else {
            panic!("{:?}", config.schedulers);
        };
        filter.admits(&change(author, files)).map_err(|it| it.to_string())
    };
    let quiet = r#"authors = ["*@example.org>"], files = ["src/*", "Makefile"]"#;
    assert_eq!(
        admits(quiet, "A <a@example.org>", &["README", "src/a/b.c"]),
        Ok(true)
    );
    assert_eq!(admits(quiet, "A <a@example.com>", &["src/a/b.c"]), Ok(false));
    assert_eq!(admits(quiet, "A <a@example.org>", &["README"]), Ok(false));
    let few =
        r#"files = ["src/*"], filter = lambda change: len(change.files) < 2 and change.author[7]  == "A""#;
    assert_eq!(admits(few, "Author A", &["src/a"]), Ok(true));
    assert_eq!(admits(few, "Author B", &["src/a"]), Ok(false));
    assert_eq!(admits(few, "Author A", &["src/a", "src/b"]), Ok(false));
    // What no pattern matches is not asked about.
    assert_eq!(admits(few, "A", &["doc"]), Ok(false));
    let told = admits(few, "A", &["src/a"]).unwrap_err();
    assert!(
        told.starts_with("weir.star:3:") && told.contains("lambda(): "),
        "{told}"
    );
}

fn change(author: &str, files: &[&str]) -> Change {
    Change {
        id: ChangeId(1),
        parents: vec![],
        author: author.to_owned(),
        committer: None,
        files: files.iter().map(|it| (*it).to_owned()).collect(),
        comments: String::new(),
        revision: None,
        branch: None,
        category: None,
        revlink: None,
        properties: BTreeMap::new(),
        repository: String::new(),
        project: String::new(),
        codebase: String::new(),
        source_stamp: SourceStamp {
            id: SourceStampId(1),
            revision: None,
            branch: None,
            repository: String::new(),
            project: String::new(),
            codebase: String::new(),
            created_at: Timestamp(0),
            patch: None,
        },
        when: Timestamp(0),
    }
}
