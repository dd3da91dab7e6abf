//! Cases: builders by revisions.

use super::busy::Busy;
use super::stage::Stage;
use crate::{BuilderChoice, Error, Grid, GridQuery, MAX_VIEW_BUILDERS, Results, View, ViewQuery};

fn query(builders: BuilderChoice) -> GridQuery {
    GridQuery {
        builders,
        branch: None,
        codebase: None,
        revisions: 100,
    }
}

async fn grid(busy: &Busy<'_>, query: GridQuery) -> Grid {
    match busy.scene.view(query).await {
        View::Grid(grid) => grid,
        other => panic!("a grid was asked for, not {other:?}"),
    }
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
    for branch in [
        None,
        Some("main"),
        Some("topic/ü"),
        Some("Main"),
        Some("release"),
        Some(""),
    ] {
        for codebase in [None, Some(""), Some("libs"), Some("Libs")] {
            let asked = GridQuery {
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
    let limits = [0, 1, 2, 3, 200, u32::MAX].into_iter();
    let queries = limits.map(|revisions| {
        let asked = GridQuery {
            revisions,
            ..query(BuilderChoice::default())
        };
        (format!("{revisions} revisions"), asked)
    });
    busy.scene.must_show(queries.collect()).await;
}

pub(super) async fn equal_sets_of_source_stamps_are_one_revision(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    let asked = GridQuery {
        codebase: Some("libs".to_owned()),
        ..query(BuilderChoice::default())
    };
    let grid = grid(&busy, asked).await;
    let [revision] = grid.revisions.as_slice() else {
        panic!(
            "two buildsets of equal source are one revision, not {:?}",
            grid.revisions
        )
    };
    assert_eq!(revision.source_stamps.len(), 2, "all its source stamps");
    let b = busy.scene.builder("b");
    let cell = grid
        .cells
        .iter()
        .find(|cell| cell.builder == b)
        .expect("a cell of b");
    assert_eq!(cell.waiting.len(), 2, "the requests of both buildsets wait");
}

pub(super) async fn a_revision_that_is_asked_for_again_comes_first(stage: &dyn Stage) {
    let mut busy = Busy::play(stage).await;
    let before = grid(&busy, query(BuilderChoice::default())).await;
    let last = before.revisions.last().expect("there are revisions").clone();
    let sources = last.source_stamps.clone();
    busy.buildset(sources, &[], &["d"]).await;
    let after = grid(&busy, query(BuilderChoice::default())).await;
    assert_eq!(after.revisions[0].source_stamps, last.source_stamps);
    assert!(
        after.revisions[0].submitted_at > last.submitted_at,
        "when it was last asked for"
    );
    assert_eq!(
        after.revisions.len(),
        before.revisions.len(),
        "it is one revision still"
    );
}

pub(super) async fn a_cell_is_bounded(stage: &dyn Stage) {
    let mut busy = Busy::play(stage).await;
    for _ in 0..4 {
        let asked = busy.buildset(vec![busy.source(0)], &[0], &["a"]).await;
        for _ in 0..6 {
            busy.build(asked[0], "w2", Results::Retry).await;
        }
    }
    let shown = grid(&busy, query(BuilderChoice::default())).await;
    let most = shown.cells.iter().map(|cell| cell.builds.len()).max();
    assert_eq!(most, Some(20), "a cell has its 20 newest builds");
}

pub(super) async fn too_many_builders_are_refused(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    let (some, most) = (busy.scene.builder("a"), MAX_VIEW_BUILDERS as usize);
    let choose = |builders| BuilderChoice {
        builders,
        ..BuilderChoice::default()
    };
    let tag = |number| format!("tag {number}");
    for (field, choice) in [
        ("builders", choose(vec![some; most + 1])),
        (
            "tags",
            BuilderChoice {
                tags: (0..101).map(tag).collect(),
                ..choose(vec![])
            },
        ),
        (
            "tags",
            BuilderChoice {
                without_tags: (0..101).map(tag).collect(),
                ..choose(vec![])
            },
        ),
    ] {
        let got = busy.scene.api.view(ViewQuery::Grid(query(choice))).await;
        assert!(
            matches!(&got, Err(Error::InvalidQuery { field: named, .. }) if named == field),
            "too many {field} are refused, but give {got:?}"
        );
    }
}
