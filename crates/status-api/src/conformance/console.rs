//! Cases: changes by builders.

use super::busy::Busy;
use super::stage::Stage;
use crate::{BuilderChoice, Cell, ChangeId, Console, ConsoleQuery, Results, View};

fn query(builders: BuilderChoice) -> ConsoleQuery {
    ConsoleQuery {
        builders,
        branch: None,
        codebase: None,
        before: None,
        changes: 100,
    }
}

async fn console(busy: &Busy<'_>, query: ConsoleQuery) -> Console {
    match busy.scene.view(query).await {
        View::Console(console) => console,
        other => panic!("a console was asked for, not {other:?}"),
    }
}

/// What stands of a builder beside a change.
fn cell<'a>(busy: &Busy<'_>, console: &'a Console, change: ChangeId, builder: &str) -> Option<&'a Cell> {
    let row = console.changes.iter().position(|it| it.id == change);
    let row = row.expect("the change is shown") as u32;
    let builder = busy.scene.builder(builder);
    console
        .cells
        .iter()
        .find(|it| it.row == row && it.builder == builder)
}

/// The builds that stand there, by builder and number.
fn builds(busy: &Busy<'_>, console: &Console, change: usize, builder: &str) -> Vec<String> {
    let cell = cell(busy, console, busy.changes[change], builder);
    let builds = cell.map_or(&[][..], |cell| &cell.builds);
    builds.iter().map(|build| busy.scene.named(build.id)).collect()
}

pub(super) async fn nothing_going_on(stage: &dyn Stage) {
    let scene = Busy::idle(stage).await;
    let all = query(BuilderChoice::default());
    scene.must_show(vec![("an idle master".to_owned(), all)]).await;
}

pub(super) async fn builders_by_choice(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    let choices = busy.choices().into_iter();
    let queries = choices.map(|(name, choice)| (name.to_owned(), query(choice)));
    busy.scene.must_show(queries.collect()).await;
}

pub(super) async fn branches_and_codebases(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    let mut queries = vec![];
    for branch in [None, Some("main"), Some("topic/ü"), Some("Main"), Some("")] {
        for codebase in [None, Some(""), Some("libs"), Some("Libs")] {
            let asked = ConsoleQuery {
                branch: branch.map(str::to_owned),
                codebase: codebase.map(str::to_owned),
                ..query(BuilderChoice::default())
            };
            queries.push((format!("branch {branch:?}, codebase {codebase:?}"), asked));
        }
    }
    busy.scene.must_show(queries).await;
}

pub(super) async fn limits(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    let limits = [0, 1, 2, 200, u32::MAX].into_iter();
    let queries = limits.map(|changes| {
        let asked = ConsoleQuery {
            changes,
            ..query(BuilderChoice::default())
        };
        (format!("{changes} changes"), asked)
    });
    busy.scene.must_show(queries.collect()).await;
}

pub(super) async fn paging_by_change(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    let mut asked = ConsoleQuery {
        changes: 2,
        ..query(BuilderChoice::default())
    };
    let mut walked = vec![];
    for _ in 0..100 {
        let part = console(&busy, asked.clone()).await;
        let Some(last) = part.changes.last() else { break };
        asked.before = Some(last.id);
        walked.extend(part.changes.iter().map(|change| change.id));
    }
    let newest_first: Vec<ChangeId> = busy.changes.iter().rev().copied().collect();
    assert_eq!(walked, newest_first, "the changes, by two");
}

pub(super) async fn a_build_of_several_changes_stands_beside_each(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    let shown = console(&busy, query(BuilderChoice::default())).await;
    for change in [1, 2] {
        let found = builds(&busy, &shown, change, "b");
        assert_eq!(found, [busy.scene.named(busy.running)], "beside change {change}");
    }
}

pub(super) async fn builds_of_the_source_stamp_alone(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    let shown = console(&busy, query(BuilderChoice::default())).await;
    // The second buildset lists no change and builds the source of the first.
    assert_eq!(builds(&busy, &shown, 0, "a"), ["a 2", "a 1"]);
    assert_eq!(builds(&busy, &shown, 0, "b"), ["b 2", "b 1"]);
}

pub(super) async fn lost_builds_stand_beside_those_that_follow(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    let shown = console(&busy, query(BuilderChoice::default())).await;
    assert_eq!(builds(&busy, &shown, 1, "a"), ["a 4", "a 3"]);
}

pub(super) async fn requests_wait_until_a_build_runs(stage: &dyn Stage) {
    let mut busy = Busy::play(stage).await;
    let asked = busy.buildset(vec![busy.source(4)], &[4], &["b"]).await[0];
    let waits = |shown: &Console| {
        let cell = cell(&busy, shown, busy.changes[4], "b");
        cell.is_some_and(|cell| cell.waiting == [asked])
    };
    let all = || query(BuilderChoice::default());
    let shown = console(&busy, all()).await;
    assert!(waits(&shown), "an open request waits");
    busy.scene.claim(asked).await;
    let build = busy.scene.start(asked, "w1", crate::Properties::new()).await;
    let shown = console(&busy, all()).await;
    let named = busy.scene.named(build);
    assert_eq!(builds(&busy, &shown, 4, "b"), [named], "its build runs");
    busy.scene.finish(build, Results::Retry).await;
    let shown = console(&busy, all()).await;
    let cell = cell(&busy, &shown, busy.changes[4], "b").expect("a cell");
    assert_eq!(
        cell.waiting,
        [asked],
        "a request whose build was lost waits again"
    );
}

pub(super) async fn a_cell_is_bounded(stage: &dyn Stage) {
    let mut busy = Busy::play(stage).await;
    for _ in 0..22 {
        let asked = busy.buildset(vec![busy.source(5)], &[5], &["a"]).await;
        busy.build(asked[0], "w2", Results::Success).await;
    }
    let shown = console(&busy, query(BuilderChoice::default())).await;
    let found = builds(&busy, &shown, 5, "a");
    assert_eq!(found.len(), 20, "a cell has its 20 newest builds");
}
