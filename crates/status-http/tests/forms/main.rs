//! The exact JSON of each resource: Buildbot's fields, and Weir's beside them.

mod force;

use serde_json::{Value, json};
use weir_status_api::*;
use weir_status_http::v2::{Form, to_json};

const AT: Timestamp = Timestamp(1_700_000_000_250_000);

fn stamp() -> SourceStamp {
    SourceStamp {
        id: SourceStampId(5),
        revision: Some("abc".to_owned()),
        branch: None,
        repository: "https://git.example.org/p".to_owned(),
        project: String::new(),
        codebase: String::new(),
        created_at: AT,
        patch: None,
    }
}

fn stamp_json() -> Value {
    json!({
        "ssid": 5, "revision": "abc", "branch": null, "repository": "https://git.example.org/p", "project": "",
        "codebase": "", "created_at": 1_700_000_000, "created_at_us": 1_700_000_000_250_000_i64, "patch": null,
    })
}

fn properties() -> Properties {
    [("owner".to_owned(), Property::new("ada", "Force Build Form"))].into()
}

#[test]
fn builders_and_schedulers() {
    let builder = Builder {
        id: BuilderId(1),
        name: "linux/x86".to_owned(),
        masters: vec![MasterId(1)],
        description: Some("*all* of it".to_owned()),
        description_format: Some("markdown".to_owned()),
        project: Some(ProjectId(3)),
        tags: vec!["fast".to_owned()],
    };
    assert_eq!(
        builder.to_json(),
        json!({
            "builderid": 1, "name": "linux/x86", "masterids": [1], "description": "*all* of it",
            "description_format": "markdown", "description_html": null, "projectid": 3, "tags": ["fast"],
        })
    );
    let scheduler = Scheduler {
        id: SchedulerId(2),
        name: "all".to_owned(),
        enabled: true,
        master: Some(MasterId(1)),
    };
    assert_eq!(
        scheduler.to_json(),
        json!({"schedulerid": 2, "name": "all", "enabled": true, "master": {"masterid": 1}})
    );
}

#[test]
fn builds_running_and_done() {
    let mut build = Build {
        id: BuildId(17),
        number: 3,
        builder: BuilderId(1),
        request: BuildRequestId(8),
        worker: WorkerId(2),
        master: MasterId(1),
        started_at: AT,
        complete_at: None,
        locks_duration_s: 0,
        results: None,
        state: "building".to_owned(),
        properties: Properties::new(),
    };
    let mut expected = json!({
        "buildid": 17, "number": 3, "builderid": 1, "buildrequestid": 8, "workerid": 2, "masterid": 1,
        "started_at": 1_700_000_000, "started_at_us": 1_700_000_000_250_000_i64, "complete": false,
        "complete_at": null, "locks_duration_s": 0, "results": null, "state_string": "building", "properties": {},
    });
    assert_eq!(build.to_json(), expected);
    build.complete_at = Some(Timestamp::from_secs(1_700_000_060));
    build.results = Some(Results::Warnings);
    build.properties = properties();
    expected["complete"] = json!(true);
    expected["complete_at"] = json!(1_700_000_060);
    expected["complete_at_us"] = json!(1_700_000_060_000_000_i64);
    expected["results"] = json!(1);
    expected["properties"] = json!({"owner": ["ada", "Force Build Form"]});
    assert_eq!(build.to_json(), expected);
}

#[test]
fn an_open_request_has_results_minus_one() {
    let request = BuildRequest {
        id: BuildRequestId(8),
        buildset: BuildsetId(4),
        builder: BuilderId(1),
        priority: 0,
        claimed_at: None,
        claimed_by: None,
        complete_at: None,
        results: None,
        submitted_at: AT,
        waited_for: false,
        waiting_for: None,
        properties: Properties::new(),
    };
    assert_eq!(
        request.to_json(),
        json!({
            "buildrequestid": 8, "buildsetid": 4, "builderid": 1, "priority": 0, "claimed": false, "claimed_at": null,
            "claimed_by_masterid": null, "complete": false, "complete_at": null, "results": -1,
            "submitted_at": 1_700_000_000, "submitted_at_us": 1_700_000_000_250_000_i64, "waited_for": false,
            "waiting_for": null, "properties": null,
        })
    );
}

#[test]
fn buildsets_changes_and_source_stamps() {
    let buildset = Buildset {
        id: BuildsetId(4),
        external_id: None,
        reason: "nightly".to_owned(),
        rebuilt_build: None,
        submitted_at: AT,
        complete_at: None,
        results: None,
        source_stamps: vec![stamp()],
        parent_build: Some(BuildId(9)),
        parent_relationship: Some("Triggered from".to_owned()),
    };
    assert_eq!(
        buildset.to_json(),
        json!({
            "bsid": 4, "external_idstring": null, "reason": "nightly", "rebuilt_buildid": null,
            "submitted_at": 1_700_000_000, "submitted_at_us": 1_700_000_000_250_000_i64, "complete": false,
            "complete_at": null, "results": null, "sourcestamps": [stamp_json()], "parent_buildid": 9,
            "parent_relationship": "Triggered from",
        })
    );
    let change = Change {
        id: ChangeId(6),
        parents: vec![ChangeId(3)],
        author: "Ada <ada@example.org>".to_owned(),
        committer: None,
        files: vec!["src/main.c".to_owned()],
        comments: "Count".to_owned(),
        revision: Some("abc".to_owned()),
        branch: Some("main".to_owned()),
        category: None,
        revlink: None,
        properties: properties(),
        repository: String::new(),
        project: String::new(),
        codebase: String::new(),
        source_stamp: stamp(),
        when: AT,
    };
    assert_eq!(
        change.to_json(),
        json!({
            "changeid": 6, "parent_changeids": [3], "author": "Ada <ada@example.org>", "committer": null,
            "files": ["src/main.c"], "comments": "Count", "revision": "abc", "branch": "main", "category": null,
            "revlink": "", "properties": {"owner": ["ada", "Force Build Form"]}, "repository": "", "project": "",
            "codebase": "", "sourcestamp": stamp_json(), "when_timestamp": 1_700_000_000,
            "when_timestamp_us": 1_700_000_000_250_000_i64,
        })
    );
    let patch = Patch {
        id: PatchId(1),
        level: 1,
        subdir: String::new(),
        author: "ada".to_owned(),
        comment: String::new(),
        body: b"\xff+".to_vec(),
    };
    assert_eq!(
        patch.to_json(),
        json!({
            "patchid": 1, "level": 1, "subdir": "", "author": "ada", "comment": "", "body": null,
            "body_base64": "/ys=",
        })
    );
}

#[test]
fn steps_and_logs() {
    let step = Step {
        id: StepId(30),
        number: 0,
        name: "compile".to_owned(),
        build: BuildId(17),
        started_at: Some(AT),
        locks_acquired_at: None,
        complete_at: None,
        results: None,
        state: "compiling".to_owned(),
        urls: vec![Url {
            name: "report".to_owned(),
            url: "https://example.org/".to_owned(),
        }],
        hidden: false,
    };
    assert_eq!(
        step.to_json(),
        json!({
            "stepid": 30, "number": 0, "name": "compile", "buildid": 17, "started_at": 1_700_000_000,
            "started_at_us": 1_700_000_000_250_000_i64, "locks_acquired_at": null, "complete": false,
            "complete_at": null, "results": null, "state_string": "compiling",
            "urls": [{"name": "report", "url": "https://example.org/"}], "hidden": false,
        })
    );
    let log = Log {
        id: LogId(40),
        name: "err.html".to_owned(),
        slug: "err_html".to_owned(),
        step: StepId(30),
        complete: true,
        num_lines: 2,
        kind: LogKind::Html,
    };
    assert_eq!(
        log.to_json(),
        json!({
            "logid": 40, "name": "err.html", "slug": "err_html", "stepid": 30, "complete": true, "num_lines": 2,
            "type": "h",
        })
    );
}

#[test]
fn workers_and_masters() {
    let mut worker = Worker {
        id: WorkerId(2),
        name: "w".to_owned(),
        configured_on: vec![ConfiguredOn {
            master: MasterId(1),
            builder: BuilderId(1),
        }],
        connected_to: vec![],
        info: WorkerInfo::default(),
        paused: false,
        pause_reason: None,
        away_reason: None,
        graceful: false,
        absence: None,
    };
    let mut expected = json!({
        "workerid": 2, "name": "w", "configured_on": [{"masterid": 1, "builderid": 1}], "connected_to": [],
        "workerinfo": {}, "paused": false, "pause_reason": null, "away_reason": null, "graceful": false,
    });
    assert_eq!(worker.to_json(), expected);
    worker.connected_to = vec![MasterId(1)];
    worker.info.version = Some("1.0".to_owned());
    worker.info.facts = [("os", "linux"), ("host", "a trap")]
        .map(|(name, fact)| (name.into(), fact.into()))
        .into();
    expected["connected_to"] = json!([{"masterid": 1}]);
    expected["workerinfo"] = json!({
        "admin": null, "host": null, "access_uri": null, "version": "1.0", "os": "linux", "fact:host": "a trap",
    });
    assert_eq!(worker.to_json(), expected);
    worker.absence = Some(Absence {
        last_connection: Timestamp(7_000_001),
        notify: vec!["ada@weir.example".to_owned()],
    });
    expected["last_connection"] = json!(7);
    expected["last_connection_us"] = json!(7_000_001);
    expected["notify"] = json!(["ada@weir.example"]);
    assert_eq!(worker.to_json(), expected);
    assert_eq!(Worker::from_json(&expected).unwrap(), worker);
    let master = Master {
        id: MasterId(1),
        name: "host:/weir".to_owned(),
        active: true,
        last_active: Timestamp::from_secs(7),
    };
    let entity: Entity = master.into();
    assert_eq!(
        to_json(&entity),
        json!({
            "masterid": 1, "name": "host:/weir", "active": true, "last_active": 7, "last_active_us": 7_000_000,
        })
    );
}

#[test]
fn projects_and_what_is_below_them() {
    let project = Project {
        id: ProjectId(3),
        name: "The app".to_owned(),
        slug: "app".to_owned(),
        description: None,
        description_format: None,
        active: true,
    };
    assert_eq!(
        project.to_json(),
        json!({
            "projectid": 3, "name": "The app", "slug": "app", "active": true, "description": null,
            "description_format": null, "description_html": null,
        })
    );
    let codebase = Codebase {
        id: CodebaseId(4),
        project: ProjectId(3),
        name: "main".to_owned(),
        slug: "main".to_owned(),
    };
    assert_eq!(
        codebase.to_json(),
        json!({"codebaseid": 4, "projectid": 3, "name": "main", "slug": "main"})
    );
    let branch = Branch {
        id: BranchId(5),
        codebase: CodebaseId(4),
        name: "next".to_owned(),
        commit: Some(CommitId(6)),
        last_moved_at: AT,
    };
    assert_eq!(
        branch.to_json(),
        json!({
            "branchid": 5, "codebaseid": 4, "name": "next", "commitid": 6, "last_timestamp": 1_700_000_000,
            "last_timestamp_us": 1_700_000_000_250_000_i64,
        })
    );
    let commit = Commit {
        id: CommitId(6),
        codebase: CodebaseId(4),
        author: "Ada".to_owned(),
        committer: None,
        comments: "Count".to_owned(),
        when: AT,
        revision: "abc".to_owned(),
        parent: None,
    };
    let mut expected = json!({
        "commitid": 6, "codebaseid": 4, "author": "Ada", "committer": null, "comments": "Count",
        "when_timestamp": 1_700_000_000, "when_timestamp_us": 1_700_000_000_250_000_i64, "revision": "abc",
        "parent_commitid": null,
    });
    assert_eq!(commit.to_json(), expected);
    let graph = CommitGraph {
        common: Some(commit),
        to_first: vec![CommitId(7)],
        to_second: vec![],
    };
    expected = json!({"common": 6, "common_commit": expected, "to1": [7], "to2": []});
    assert_eq!(graph.to_json(), expected);
    let source = ChangeSource {
        id: ChangeSourceId(1),
        name: "poller".to_owned(),
        master: None,
    };
    assert_eq!(
        source.to_json(),
        json!({"changesourceid": 1, "name": "poller", "master": null})
    );
}

#[test]
fn build_data_and_test_results() {
    let data = BuildData {
        build: BuildId(17),
        name: "sizes".to_owned(),
        length: 3,
        source: "measure".to_owned(),
    };
    assert_eq!(
        data.to_json(),
        json!({"buildid": 17, "name": "sizes", "length": 3, "value": null, "source": "measure"})
    );
    let set = TestResultSet {
        id: TestResultSetId(2),
        builder: BuilderId(1),
        build: BuildId(17),
        step: StepId(30),
        description: None,
        category: "pass_fail".to_owned(),
        value_unit: "boolean".to_owned(),
        tests_passed: Some(1),
        tests_failed: None,
        complete: false,
    };
    assert_eq!(
        set.to_json(),
        json!({
            "test_result_setid": 2, "builderid": 1, "buildid": 17, "stepid": 30, "description": null,
            "category": "pass_fail", "value_unit": "boolean", "tests_passed": 1, "tests_failed": null,
            "complete": false,
        })
    );
    let result = TestResult {
        id: TestResultId(9),
        builder: BuilderId(1),
        set: TestResultSetId(2),
        test_name: Some("counts".to_owned()),
        test_code_path: None,
        line: None,
        duration_ns: Some(5),
        value: "1".to_owned(),
    };
    assert_eq!(
        result.to_json(),
        json!({
            "test_resultid": 9, "builderid": 1, "test_result_setid": 2, "test_name": "counts", "test_code_path": null,
            "line": null, "duration_ns": 5, "value": "1",
        })
    );
}

#[test]
fn cells_are_compact() {
    let build = BuildCell {
        id: BuildId(17),
        number: 3,
        started_at: AT,
        complete_at: None,
        results: None,
    };
    let grid = Grid {
        builders: vec![],
        revisions: vec![GridRevision {
            source_stamps: vec![stamp()],
            submitted_at: Timestamp::from_secs(7),
        }],
        cells: vec![
            Cell {
                row: 0,
                builder: BuilderId(1),
                builds: vec![build],
                waiting: vec![],
            },
            Cell {
                row: 0,
                builder: BuilderId(2),
                builds: vec![],
                waiting: vec![BuildRequestId(8)],
            },
        ],
    };
    assert_eq!(
        grid.to_json(),
        json!({
            "builders": [],
            "revisions": [{"sourcestamps": [stamp_json()], "submitted_at": 7, "submitted_at_us": 7_000_000}],
            "cells": [
                {"row": 0, "builderid": 1, "builds": [[17, 3, 1_700_000_000_250_000_i64, null, null]]},
                {"row": 0, "builderid": 2, "builds": [], "waiting": [8]},
            ],
        })
    );
}

#[test]
fn a_buildbot_masters_objects_are_read_to_the_second() {
    let object = json!({
        "buildid": 1, "number": 1, "builderid": 1, "buildrequestid": null, "workerid": 1, "masterid": 1,
        "started_at": 5, "complete": false, "complete_at": null, "locks_duration_s": 0, "results": null,
        "state_string": "starting", "properties": {},
    });
    let build = Build::from_json(&object).expect("a build");
    assert_eq!(build.started_at, Timestamp::from_secs(5));
    assert_eq!(build.request, BuildRequestId(0));
    let error = Build::from_json(&json!({"buildid": "x"})).expect_err("no number");
    assert_eq!(error.to_string(), "`buildid` of a build is not a whole number");
}
