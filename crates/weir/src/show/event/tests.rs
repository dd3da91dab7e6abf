use weir_status_api::*;

use super::super::fixtures::{NOW, ago, build, builder, request, step, worker};
use super::*;

fn event(cursor: i64, verb: Verb, entity: impl Into<Entity>) -> Event {
    Event {
        cursor: Cursor(cursor),
        at: ago(1000 - cursor),
        verb,
        entity: entity.into(),
    }
}

fn lines(events: &[Event], look: Look) -> String {
    let mut names = Names::default();
    for event in events {
        names.put(&event.entity);
    }
    let lines: Vec<String> = events.iter().map(|it| line(it, &names, NOW, look)).collect();
    lines.join("\n")
}

fn source_stamp(revision: Option<&str>) -> SourceStamp {
    SourceStamp {
        id: SourceStampId(1),
        revision: revision.map(str::to_owned),
        branch: Some("main".to_owned()),
        repository: "https://weir.example/weir.git".to_owned(),
        project: String::new(),
        codebase: String::new(),
        created_at: NOW,
        patch: None,
    }
}

fn change() -> Change {
    Change {
        id: ChangeId(4),
        parents: vec![],
        author: "Ada <ada@weir.example>".to_owned(),
        committer: None,
        files: vec![],
        comments: "Raise the \x1b[5mweir\n\nBy a metre.".to_owned(),
        revision: Some("c0ffee".to_owned()),
        branch: None,
        category: None,
        revlink: None,
        properties: Properties::new(),
        repository: String::new(),
        project: String::new(),
        codebase: String::new(),
        source_stamp: source_stamp(None),
        when: NOW,
    }
}

fn setup() -> Vec<Event> {
    let mut removed = builder(2, "old");
    removed.masters.clear();
    let mut paused = worker(2, "w2");
    paused.paused = true;
    paused.pause_reason = Some("new disk".to_owned());
    let mut ends = worker(3, "w3");
    ends.graceful = true;
    let mut away = worker(4, "w4");
    away.connected_to.clear();
    away.away_reason = Some("the connection\nbroke".to_owned());
    let mut both = away.clone();
    (both.paused, both.pause_reason) = (true, Some("new disk".to_owned()));
    let master = Master {
        id: MasterId(1),
        name: "pool:/srv/weir".to_owned(),
        active: true,
        last_active: NOW,
    };
    let scheduler = |name: &str, enabled| Scheduler {
        id: SchedulerId(1),
        name: name.to_owned(),
        enabled,
        master: None,
    };
    let force = ForceScheduler {
        name: "force".to_owned(),
        button_name: "Go".to_owned(),
        label: "Force".to_owned(),
        builder_names: vec!["linux".to_owned()],
        enabled: true,
        defaults: ForceDefaults::default(),
        properties: Properties::new(),
        fields: vec![],
    };
    vec![
        event(1, Verb::Started, master),
        event(2, Verb::Started, builder(1, "linux")),
        event(3, Verb::Update, removed),
        event(4, Verb::Connected, worker(1, "w1")),
        event(5, Verb::StateUpdated, paused),
        event(6, Verb::StateUpdated, ends),
        event(7, Verb::Updated, scheduler("nightly", true)),
        event(8, Verb::Updated, scheduler("nightly", false)),
        event(9, Verb::Updated, force),
        event(9, Verb::Disconnected, away),
        event(9, Verb::StateUpdated, both),
    ]
}

fn work() -> Vec<Event> {
    let buildset = |results: Option<Results>| Buildset {
        id: BuildsetId(5),
        external_id: None,
        reason: "to see".to_owned(),
        rebuilt_build: None,
        submitted_at: NOW,
        complete_at: results.map(|_| NOW),
        results,
        source_stamps: vec![],
        parent_build: None,
        parent_relationship: None,
    };
    let mut done = step(1, "compile");
    done.results = Some(Results::Warnings);
    done.state = "3 warnings".to_owned();
    let log = |lines| Log {
        id: LogId(7),
        name: "stdio".to_owned(),
        slug: "stdio".to_owned(),
        step: StepId(101),
        complete: false,
        num_lines: lines,
        kind: LogKind::Stdio,
    };
    let properties = PropertiesUpdate {
        build: BuildId(1001),
        changed: ["buildnumber", "got_revision"]
            .map(|it| (it.to_owned(), Property::new(1, "Build")))
            .into(),
    };
    vec![
        event(10, Verb::New, change()),
        event(11, Verb::New, source_stamp(Some("c0ffee"))),
        event(12, Verb::New, source_stamp(None)),
        event(13, Verb::New, buildset(None)),
        event(14, Verb::New, request(6, 1)),
        event(15, Verb::New, build(1, 1, None)),
        event(16, Verb::Update, Entity::Properties(properties)),
        event(17, Verb::New, step(1, "compile")),
        event(18, Verb::New, log(0)),
        event(19, Verb::Append, log(1)),
        event(20, Verb::Finished, done),
        event(21, Verb::Finished, build(1, 1, Some(Results::Success))),
        event(22, Verb::Complete, buildset(Some(Results::Success))),
    ]
}

fn sources() -> Vec<Event> {
    let source = |master| ChangeSource {
        id: ChangeSourceId(1),
        name: "git".to_owned(),
        master,
    };
    let project = Project {
        id: ProjectId(1),
        name: "The\u{1b}weir".to_owned(),
        slug: "weir".to_owned(),
        description: None,
        description_format: None,
        active: true,
    };
    let codebase = Codebase {
        id: CodebaseId(2),
        project: ProjectId(1),
        name: "docs".to_owned(),
        slug: "docs".to_owned(),
    };
    let branch = Branch {
        id: BranchId(3),
        codebase: CodebaseId(2),
        name: "main".to_owned(),
        commit: None,
        last_moved_at: NOW,
    };
    let commit = Commit {
        id: CommitId(4),
        codebase: CodebaseId(2),
        author: "Ada".to_owned(),
        committer: None,
        comments: "Lower it\n\nAgain.".to_owned(),
        when: NOW,
        revision: "c0ffee".to_owned(),
        parent: None,
    };
    vec![
        event(31, Verb::New, source(Some(MasterId(1)))),
        event(32, Verb::Stopped, source(None)),
        event(33, Verb::New, project),
        event(34, Verb::New, codebase),
        event(35, Verb::Update, branch),
        event(36, Verb::New, commit),
    ]
}

fn outcomes() -> Vec<Event> {
    let data = BuildData {
        build: BuildId(1001),
        name: "coverage".to_owned(),
        length: 2_048,
        source: "test".to_owned(),
    };
    let set = |tests_passed, tests_failed| TestResultSet {
        id: TestResultSetId(5),
        builder: BuilderId(1),
        build: BuildId(1001),
        step: StepId(101),
        description: None,
        category: "pass_fail".to_owned(),
        value_unit: "boolean".to_owned(),
        tests_passed,
        tests_failed,
        complete: tests_passed.is_some(),
    };
    let result = TestResult {
        id: TestResultId(6),
        builder: BuilderId(1),
        set: TestResultSetId(5),
        test_name: None,
        test_code_path: Some("src/lib.rs".to_owned()),
        line: None,
        duration_ns: None,
        value: "1".to_owned(),
    };
    vec![
        event(37, Verb::New, build(1, 1, None)),
        event(38, Verb::New, step(1, "compile")),
        event(39, Verb::New, data),
        event(40, Verb::New, set(None, None)),
        event(41, Verb::Completed, set(Some(7), Some(1))),
        event(42, Verb::New, result),
    ]
}

fn listeners() -> Vec<Event> {
    let listener = |held_by: Option<&str>, waiting: Option<&str>, dead_letters| ListenerStatus {
        id: ListenerId(2),
        name: "mail".to_owned(),
        kind: "mail".to_owned(),
        held_by: held_by.map(str::to_owned),
        held_until: None,
        waiting: waiting.is_some(),
        waiting_reason: waiting.map(str::to_owned),
        waiting_since: None,
        place: Some(Cursor(40)),
        dead_letters,
    };
    let letter = |again| DeadLetter {
        id: DeadLetterId(5),
        listener: ListenerId(2),
        event: Box::new(work()[0].clone()),
        why: "404 Not\nFound".to_owned(),
        parked_at: Timestamp(0),
        again,
    };
    vec![
        event(50, Verb::New, listener(None, None, 0)),
        event(
            51,
            Verb::Updated,
            listener(Some("master m1"), Some("no answer"), 1),
        ),
        event(52, Verb::New, letter(false)),
        event(53, Verb::Updated, letter(true)),
        event(54, Verb::Updated, listener(Some("master m1"), None, 2)),
        event(55, Verb::Deleted, listener(None, None, 2)),
    ]
}

fn controls() -> Vec<Event> {
    let targets = [
        (ControlTarget::Build(BuildId(1001)), ControlAction::Stop, None),
        (
            ControlTarget::BuildRequest(BuildRequestId(6)),
            ControlAction::Cancel,
            Some("too late"),
        ),
        (
            ControlTarget::Worker(WorkerId(1)),
            ControlAction::Pause,
            Some("new\ndisk"),
        ),
        (
            ControlTarget::Listener(ListenerId(2)),
            ControlAction::Replay,
            Some("dead letter 5"),
        ),
    ];
    let record = |(target, action, reason): (_, _, Option<&str>)| ControlRecord {
        target,
        action,
        reason: reason.map(str::to_owned),
        caller: "ben".to_owned(),
    };
    targets
        .map(|it| event(30, Verb::Requested, Entity::Control(record(it))))
        .to_vec()
}

#[test]
fn each_kind_of_event_has_its_line() {
    let events = [setup(), work(), controls(), sources(), outcomes(), listeners()].concat();
    for kind in Kind::ALL {
        assert!(
            events
                .iter()
                .any(|it| format!("{:?}", it.entity).starts_with(&format!("{kind:?}("))),
            "{kind:?} is missing"
        );
    }
    insta::assert_snapshot!("event_lines", lines(&events, Look::default()));
}

#[test]
fn what_has_no_name_is_told_by_its_id() {
    insta::assert_snapshot!("event_lines_without_names", lines(&work()[4..9], Look::default()));
}

#[test]
fn people_see_results_in_colours() {
    let look = Look {
        terminal: true,
        colours: true,
        redraws: true,
        width: None,
    };
    let shown = lines(&work()[11..12], look);
    insta::assert_snapshot!("event_line_in_colours", shown.replace('\x1b', "ESC"));
}
