//! A store with some of everything in it, with missing and with equal values.

use std::collections::BTreeMap;

use weir_status_api::{LogKind, Property, Results};
use weir_status_db::{
    Applied, BuildsetSource, CodebaseSetup, NewBuildset, NewChange, NewCommit, NewLog, NewSourceStamp,
    NewTestResult, NewTestResultSet, ProjectSetup, Transition,
};

use crate::rig::{Rig, new_buildset, setup};

fn change(number: usize) -> NewChange {
    let some = |text: &str, every: usize| (number.is_multiple_of(every)).then(|| text.to_owned());
    NewChange {
        author: ["Zoë <z@example.org>", "anna", "Anna", "100%", "a_b"][number % 5].to_owned(),
        committer: some("bot", 3),
        comments: match number % 6 {
            // Texts that differ only beyond what an index holds of them.
            0 => format!("{}{}", "ö".repeat(100), number % 4),
            _ => format!("Change number {}\n\nwith 100% of `it's` \\ text", number / 2),
        },
        revision: Some(format!("{:04x}", number * 77 % 40)),
        branch: some("main", 2),
        category: some("nightly", 4),
        repository: "https://example.org/weir.git".to_owned(),
        when: weir_status_api::Timestamp::from_secs(1_000_000 + (number as i64 * 13) % 7),
        ..NewChange::default()
    }
}

/// A project with a codebase, and commits and branches of it.
async fn projects(rig: &Rig) {
    let mut setup = setup();
    for slug in ["weir", "other"] {
        setup.projects.push(ProjectSetup {
            name: "Weir".to_owned(),
            slug: slug.to_owned(),
            description: (slug == "other").then(|| "Another".to_owned()),
            ..ProjectSetup::default()
        });
        setup.codebases.push(CodebaseSetup {
            project: slug.to_owned(),
            name: "Main".to_owned(),
            slug: "main".to_owned(),
        });
    }
    setup.builders[0].project = Some("weir".to_owned());
    setup.change_sources = vec!["poller".to_owned(), "Hook".to_owned()];
    let Applied::Setup(ids) = rig.apply(Transition::Configure(rig.master, setup)).await else {
        panic!("a setup")
    };
    let codebases: Vec<_> = ids.codebases.into_values().collect();
    let mut parent = None;
    for number in 0..12 {
        let codebase = codebases[number % 2];
        let change = change(number);
        let new = Transition::AddCommit(NewCommit {
            codebase,
            author: change.author,
            committer: change.committer,
            comments: change.comments,
            when: change.when,
            revision: format!("r{number}"),
            parent: parent.filter(|_| number % 2 == 0),
        });
        let Applied::Commit(id) = rig.apply(new).await else {
            panic!("a commit")
        };
        if number % 2 == 0 {
            parent = Some(id);
        }
        let name = format!("branch {}", number % 5);
        let head = Some(id).filter(|_| number % 3 > 0);
        rig.apply(Transition::MoveBranch { codebase, name, head }).await;
    }
}

/// Results of a step.
async fn results(rig: &Rig, step: weir_status_api::StepId, number: usize) {
    let new = Transition::AddTestResultSet(NewTestResultSet {
        step,
        description: (number.is_multiple_of(2)).then(|| "of the whole".to_owned()),
        category: ["pass_fail", "performance"][number % 2].to_owned(),
        value_unit: "boolean".to_owned(),
    });
    let Applied::TestResultSet(set) = rig.apply(new).await else {
        panic!("a set")
    };
    let results = (0..4).map(|test| NewTestResult {
        test_name: (test != 1).then(|| format!("{}{}", "a::".repeat(40), (test + number) % 3)),
        test_code_path: (test < 2).then(|| "src/lib.rs".to_owned()),
        line: (test == 0).then_some(number as i64),
        duration_ns: (test > 1).then_some(1000),
        value: (test % 2).to_string(),
    });
    rig.apply(Transition::AddTestResults(set, results.collect()))
        .await;
    if number.is_multiple_of(3) {
        let failed = Some(number as i64);
        rig.apply(Transition::FinishTestResultSet {
            set,
            passed: None,
            failed,
        })
        .await;
    }
}

/// Fills the store of the rig.
pub(crate) async fn fill(rig: &Rig) {
    projects(rig).await;
    let mut changes = vec![];
    for number in 0..30 {
        let Applied::Change(id) = rig.apply(Transition::AddChange(Box::new(change(number)))).await else {
            panic!("a change")
        };
        changes.push(id);
    }
    for (number, change) in changes.into_iter().take(25).enumerate() {
        let source = NewSourceStamp {
            revision: (number.is_multiple_of(3)).then(|| format!("r{}", number % 4)),
            repository: "https://example.org/weir.git".to_owned(),
            ..NewSourceStamp::default()
        };
        let new = NewBuildset {
            reason: format!("reason {}", number % 4),
            external_id: (number.is_multiple_of(5)).then(|| format!("x{number}")),
            sources: vec![BuildsetSource::New(source)],
            changes: vec![change],
            priority: (number % 3) as i32 - 1,
            waited_for: number.is_multiple_of(2),
            properties: BTreeMap::from([("reason".to_owned(), Property::new(number, "Test"))]),
            ..new_buildset(rig.builders.to_vec())
        };
        let Applied::Buildset(_, requests) = rig.apply(Transition::AddBuildset(Box::new(new))).await else {
            panic!("a buildset")
        };
        let first = requests[&rig.builders[0]];
        match number % 5 {
            0 => {}
            1 => assert!(rig.claim(first).await),
            2 => drop(
                rig.apply(Transition::CompleteRequest(first, Results::Skipped))
                    .await,
            ),
            _ => build(rig, first, number).await,
        }
    }
}

/// Builds the request, wholly or not.
async fn build(rig: &Rig, request: weir_status_api::BuildRequestId, number: usize) {
    assert!(rig.claim(request).await);
    let start = Transition::StartBuild {
        request,
        worker: rig.worker,
        master: rig.master,
        properties: BTreeMap::from([("n".to_owned(), Property::new(number, "Test"))]),
        configuration: None,
    };
    let Applied::Build(build, _) = rig.apply(start).await else {
        panic!("a build")
    };
    for name in ["git", "make all"] {
        let Applied::Step(step) = rig.apply(Transition::AddStep(build, name.to_owned())).await else {
            panic!("a step")
        };
        if number.is_multiple_of(4) {
            continue;
        }
        rig.apply(Transition::StartStep(step)).await;
        let new = NewLog {
            step,
            name: "stdio".to_owned(),
            kind: LogKind::Stdio,
        };
        let Applied::Log(log) = rig.apply(Transition::AddLog(new)).await else {
            panic!("a log")
        };
        rig.apply(Transition::AppendLog(log, "oline\n".repeat(1 + number % 3)))
            .await;
        results(rig, step, number).await;
        if number % 4 != 1 {
            let finish = Transition::FinishStep {
                step,
                results: Results::ALL[number % 3],
                state: format!("'{name}'"),
                hidden: number.is_multiple_of(2),
            };
            rig.apply(finish).await;
        }
    }
    if number % 4 > 1 {
        let finish = Transition::FinishBuild {
            build,
            results: Results::ALL[number % 3],
            state: "done".to_owned(),
        };
        rig.apply(finish).await;
    }
}
