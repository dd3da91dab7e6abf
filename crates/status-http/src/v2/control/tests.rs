use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, json};
use weir_status_api::{
    BuildId, BuildRequestId, BuilderId, BuildsetId, ChangeId, ChangeParams, Command, Configuration,
    ConfigurationChange, ConfigurationPart, Cursor, DeadLetterChoice, DeadLetterId, Difference, Error,
    ForceParams, ListenAsk, ListenerId, MasterId, Outcome, Place, Reconfigured, SchedulerId, Timestamp,
    WorkerId,
};

use super::*;
use crate::v2::Endpoint;

fn values() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        any::<bool>().prop_map(|it| json!(it)),
        any::<i64>().prop_map(|it| json!(it)),
        ".{0,9}".prop_map(|it| json!(it)),
    ]
}

fn force_params() -> impl Strategy<Value = ForceParams> {
    let set = || option::of(".{1,9}");
    let text = || option::of(".{0,9}");
    (
        vec(".{1,9}", 0..3),
        text(),
        option::of(any::<i32>()),
        (set(), set(), text(), text()),
        btree_map("own_[a-z]{1,6}", values(), 0..4),
    )
        .prop_map(
            |(builders, reason, priority, (branch, revision, repository, project), values)| ForceParams {
                builders,
                reason,
                priority,
                branch,
                revision,
                repository,
                project,
                values,
                idempotency_key: None,
            },
        )
}

fn changes() -> impl Strategy<Value = ChangeParams> {
    let text = || option::of(".{0,9}");
    (
        (".{0,9}", text(), vec(".{0,9}", 0..3), ".{0,9}"),
        (text(), text(), text(), text()),
        btree_map(".{1,6}", values(), 0..3),
        (".{0,9}", ".{0,9}", ".{0,9}"),
        option::of(any::<i64>()),
    )
        .prop_map(|(who, what, properties, source, when)| {
            let (author, committer, files, comments) = who;
            let (revision, branch, category, revlink) = what;
            let (repository, project, codebase) = source;
            ChangeParams {
                author,
                committer,
                files,
                comments,
                revision,
                branch,
                category,
                revlink,
                properties,
                repository,
                project,
                codebase,
                when: when.map(Timestamp),
            }
        })
}

fn letters() -> impl Strategy<Value = DeadLetterChoice> {
    let id = || 1..i64::MAX;
    prop_oneof![
        id().prop_map(|id| DeadLetterChoice::One(DeadLetterId(id))),
        (id(), id()).prop_map(|(id, first)| DeadLetterChoice::Of {
            listener: ListenerId(id).into(),
            first: Cursor(first),
        }),
    ]
}

fn places() -> impl Strategy<Value = Place> {
    (any::<i64>(), proptest::collection::vec(any::<i64>(), 0..3)).prop_map(|(after, done)| Place {
        after: Cursor(after),
        done: done.into_iter().map(Cursor).collect(),
    })
}

fn asks() -> impl Strategy<Value = ListenAsk> {
    let id = || 1..i64::MAX;
    prop_oneof![
        (".{0,9}", ".{0,9}", any::<u32>()).prop_map(|(kind, on, seconds)| ListenAsk::Hold {
            kind,
            on,
            seconds
        }),
        Just(ListenAsk::Release),
        Just(ListenAsk::Recall),
        (places(), any::<i64>()).prop_map(|(place, rewinds)| ListenAsk::KeepPlace { place, rewinds }),
        option::of(".{0,9}").prop_map(|waiting| ListenAsk::Note { waiting }),
        (id(), ".{0,9}").prop_map(|(event, why)| ListenAsk::Park {
            event: Cursor(event),
            why
        }),
        id().prop_map(|id| ListenAsk::Unpark {
            letter: DeadLetterId(id)
        }),
        Just(ListenAsk::KeepState {
            state: json!([{"a": null}])
        }),
        Just(ListenAsk::KeepState { state: json!(null) }),
    ]
}

fn commands() -> impl Strategy<Value = Command> {
    let reason = || option::of(".{0,9}");
    let id = || 1..i64::MAX;
    prop_oneof![
        (id(), reason()).prop_map(|(id, reason)| Command::StopBuild {
            build: BuildId(id).into(),
            reason
        }),
        id().prop_map(|id| Command::Rebuild {
            build: BuildId(id).into()
        }),
        (id(), reason()).prop_map(|(id, reason)| Command::CancelRequest {
            request: BuildRequestId(id),
            reason
        }),
        (id(), reason()).prop_map(|(id, reason)| Command::PauseWorker {
            worker: WorkerId(id).into(),
            reason
        }),
        id().prop_map(|id| Command::UnpauseWorker {
            worker: WorkerId(id).into()
        }),
        ("[a-z]{1,8}", reason()).prop_map(|(name, reason)| Command::StopWorker {
            worker: name.as_str().into(),
            reason
        }),
        (id(), any::<i32>()).prop_map(|(id, priority)| Command::SetPriority {
            request: BuildRequestId(id),
            priority
        }),
        (id(), reason()).prop_map(|(id, reason)| Command::KillWorker {
            worker: WorkerId(id).into(),
            reason
        }),
        id().prop_map(|id| Command::Reconfigure { master: MasterId(id) }),
        id().prop_map(|id| Command::DescribeConfiguration { master: MasterId(id) }),
        (id(), any::<bool>()).prop_map(|(id, enabled)| Command::EnableScheduler {
            scheduler: SchedulerId(id).into(),
            enabled
        }),
        changes().prop_map(|change| Command::AddChange { change }),
        (".{1,9}", ".{1,9}", asks()).prop_map(|(listener, holder, ask)| Command::Listen {
            listener,
            holder,
            ask
        }),
        letters().prop_map(|letters| Command::DeliverAgain { letters }),
        letters().prop_map(|letters| Command::DropDeadLetters { letters }),
        ("[a-z]{1,8}", id()).prop_map(|(listener, first)| Command::RewindListener {
            listener: listener.as_str().into(),
            first: Cursor(first),
        }),
        "[a-z]{1,8}".prop_map(|listener| Command::ForgetListener {
            listener: listener.as_str().into(),
        }),
    ]
}

proptest! {
    #[test]
    fn a_command_comes_back(command in commands()) {
        let (path, method, params) = write_command(&command, "");
        let endpoint = Endpoint::parse(&path.unwrap()).unwrap();
        prop_assert_eq!(asked(&endpoint, method, &params), Ok(Asked::Command(command)));
    }

    #[test]
    fn a_force_comes_back(params in force_params(), codebase in "(|main)") {
        let written = force_to_params(&params, &codebase);
        let read = ForceRequest::parse(&written, &codebase).unwrap();
        prop_assert_eq!(read, ForceRequest { builder: None, params });
    }

    #[test]
    fn no_body_makes_it_panic(body in vec(any::<u8>(), 0..60)) {
        let _ = RpcRequest::parse(&body);
    }
}

#[test]
fn outcomes_and_errors_come_back() {
    let made = Outcome::Buildset {
        buildset: BuildsetId(7),
        requests: [
            (BuilderId(1), BuildRequestId(8)),
            (BuilderId(2), BuildRequestId(9)),
        ]
        .into(),
    };
    let answer = rpc_answer(&json!(1), &Ok(made.clone()));
    assert_eq!(
        answer.body,
        json!({"id": 1, "jsonrpc": "2.0", "result": [7, {"1": 8, "2": 9}]})
    );
    assert_eq!(rpc_error_from(answer.status, &answer.body), None);
    assert_eq!(outcome_from(&answer.body), Ok(made));
    let told = Outcome::Change { change: ChangeId(5) };
    let answer = rpc_answer(&json!(1), &Ok(told.clone()));
    assert_eq!(answer.body["result"], json!({"changeid": 5}));
    assert_eq!(outcome_from(&answer.body), Ok(told));

    let change = ConfigurationChange {
        kind: "builder".to_owned(),
        name: "tests".to_owned(),
        difference: Difference::Changed,
        fields: vec!["steps".to_owned()],
    };
    let part = ConfigurationPart {
        kind: "builder".to_owned(),
        name: "tests".to_owned(),
        fields: [("steps".to_owned(), "0123".to_owned())].into(),
    };
    for outcome in [
        Outcome::Done,
        Outcome::HeldByAnother {
            on: "master m1".to_owned(),
        },
        Outcome::Recalled {
            place: None,
            rewinds: 0,
            state: None,
        },
        Outcome::Recalled {
            place: Some(Place {
                after: Cursor(3),
                done: vec![Cursor(5)],
            }),
            rewinds: 2,
            state: Some(json!(null)),
        },
        Outcome::Reconfigured {
            report: Reconfigured {
                changes: vec![change],
                unlisted: 3,
                restart: vec!["`listen` stays".to_owned()],
            },
        },
        Outcome::Configuration {
            configuration: Configuration {
                salt: "s".to_owned(),
                parts: vec![part],
            },
        },
    ] {
        let answer = rpc_answer(&json!(1), &Ok(outcome.clone()));
        assert_eq!(outcome_from(&answer.body), Ok(outcome));
    }

    let error = Error::InvalidInput {
        fields: [("main_branch".to_owned(), "is missing".to_owned())].into(),
    };
    let answer = rpc_answer(&json!("a"), &Err(error.clone()));
    assert_eq!(answer.status, 400);
    assert_eq!(answer.body["error"]["code"], -32602);
    assert_eq!(
        answer.body["error"]["message"],
        json!({"main_branch": "is missing"})
    );
    assert_eq!(rpc_error_from(400, &answer.body), Some(error));
}

#[test]
fn a_buildbot_masters_errors_are_understood() {
    let body =
        json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": {"reason": "is required"}}});
    let fields = [("reason".to_owned(), "is required".to_owned())].into();
    assert_eq!(rpc_error_from(400, &body), Some(Error::InvalidInput { fields }));
    let body =
        json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32600, "message": "you need to have role 'x'"}});
    let why = "you need to have role 'x'".to_owned();
    assert_eq!(rpc_error_from(403, &body), Some(Error::PermissionDenied { why }));
}

#[test]
fn what_is_no_call_is_told_why() {
    let refused = |body: &str| {
        let error = RpcRequest::parse(body.as_bytes()).unwrap_err();
        assert_eq!(error.status, 400);
        assert!(error.body.get("id").is_none());
        (
            error.body["error"]["code"].as_i64().unwrap(),
            error.body["error"]["message"].to_string(),
        )
    };
    assert_eq!(refused("{").0, -32700);
    assert_eq!(refused("[]").0, -32600);
    assert_eq!(
        refused(r#"{"jsonrpc":"2.0","method":"stop","id":1}"#),
        (-32600, "\"missing key 'params'\"".to_owned())
    );
    assert_eq!(
        refused(r#"{"jsonrpc":"1.0","method":"stop","id":1,"params":{}}"#).0,
        -32600
    );
    assert_eq!(
        refused(r#"{"jsonrpc":"2.0","method":"stop","id":1,"params":[]}"#).0,
        -32600
    );
}

#[test]
fn a_form_of_the_web_is_read() {
    let params = json!({
        "builderid": "3", "owner": "someone", "username": "", "reason": ["nightly"], "priority": "5",
        "branch": "", "project": "p", "repository": "r", "revision": "abc", "depth": [2],
    });
    let Value::Object(params) = params else {
        unreachable!()
    };
    let read = ForceRequest::parse(&params, "").unwrap();
    assert_eq!(read.builder, Some(BuilderId(3)));
    let expected = ForceParams {
        reason: Some("nightly".to_owned()),
        priority: Some(5),
        revision: Some("abc".to_owned()),
        repository: Some("r".to_owned()),
        project: Some("p".to_owned()),
        values: [("depth".to_owned(), json!(2))].into(),
        ..ForceParams::default()
    };
    assert_eq!(read.params, expected);
    let wrong: Map<String, Value> = [("priority".to_owned(), json!("high"))].into_iter().collect();
    assert!(matches!(
        ForceRequest::parse(&wrong, ""),
        Err(Error::InvalidInput { .. })
    ));
}
