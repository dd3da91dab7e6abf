//! Cases: how two commits are related.

use super::stage::Stage;
use super::story::Story;
use crate::{CommitGraph, CommitGraphQuery, CommitId, Error, View, ViewQuery};

async fn graph(story: &Story<'_>, first: CommitId, second: CommitId) -> CommitGraph {
    match story.scene.view(CommitGraphQuery { first, second }).await {
        View::CommitGraph(graph) => graph,
        other => panic!("a graph of commits was asked for, not {other:?}"),
    }
}

async fn must_be(story: &Story<'_>, pair: (usize, usize), expected: (Option<usize>, &[usize], &[usize])) {
    let ids = |places: &[usize]| places.iter().map(|at| story.commits[*at]).collect::<Vec<_>>();
    let got = graph(story, story.commits[pair.0], story.commits[pair.1]).await;
    let common = got.common.map(|commit| commit.id);
    let (wanted, first, second) = expected;
    assert_eq!(common, wanted.map(|at| story.commits[at]), "the common commit");
    assert_eq!(got.to_first, ids(first), "the way to the first");
    assert_eq!(got.to_second, ids(second), "the way to the second");
}

pub(super) async fn of_two_that_part(stage: &dyn Stage) {
    let story = Story::tell(stage).await;
    must_be(&story, (2, 3), (Some(1), &[2], &[3])).await;
    must_be(&story, (3, 2), (Some(1), &[3], &[2])).await;
}

pub(super) async fn of_one_that_follows_the_other(stage: &dyn Stage) {
    let story = Story::tell(stage).await;
    must_be(&story, (0, 3), (Some(0), &[], &[1, 3])).await;
    must_be(&story, (3, 1), (Some(1), &[3], &[])).await;
}

pub(super) async fn of_one_with_itself(stage: &dyn Stage) {
    let story = Story::tell(stage).await;
    must_be(&story, (2, 2), (Some(2), &[], &[])).await;
}

pub(super) async fn of_two_that_share_nothing(stage: &dyn Stage) {
    let mut story = Story::tell(stage).await;
    let main = story.scene.codebase("weir", "main");
    let when = story.scene.tick();
    let alone = super::scene_outcome::commit(main, "alone", None, when);
    let alone = story.scene.commit(alone).await;
    let got = graph(&story, story.commits[1], alone).await;
    assert_eq!(got.common, None, "nothing is common");
    assert_eq!(got.to_first, story.commits[..2], "the whole way");
    assert_eq!(got.to_second, [alone], "the whole way");
}

pub(super) async fn of_a_long_line(stage: &dyn Stage) {
    let mut story = Story::tell(stage).await;
    let main = story.scene.codebase("weir", "main");
    let mut line = vec![story.commits[0]];
    for number in 0..60 {
        let when = story.scene.tick();
        let next = super::scene_outcome::commit(main, &format!("{number:040}"), line.last().copied(), when);
        line.push(story.scene.commit(next).await);
    }
    let got = graph(&story, line[60], story.commits[3]).await;
    assert_eq!(got.to_first, line[1..], "the way, the oldest first");
}

pub(super) async fn of_what_is_not_there(stage: &dyn Stage) {
    let story = Story::tell(stage).await;
    let (there, no) = (story.commits[0], CommitId(987_654_321));
    for (first, second) in [(there, no), (no, there), (no, no)] {
        let asked = CommitGraphQuery { first, second };
        let got = story.scene.api.view(ViewQuery::CommitGraph(asked)).await;
        assert!(
            matches!(got, Err(Error::NotFound { .. })),
            "a commit that is not there is not found, but gives {got:?}"
        );
    }
}

pub(super) async fn of_two_codebases(stage: &dyn Stage) {
    let story = Story::tell(stage).await;
    let docs = story.scene.codebase("docs", "main");
    let commits = story.scene.world.all::<crate::Commit>();
    let other = commits.iter().find(|it| it.codebase == docs).expect("another").id;
    let asked = CommitGraphQuery {
        first: story.commits[0],
        second: other,
    };
    let got = story.scene.api.view(ViewQuery::CommitGraph(asked)).await;
    assert!(
        matches!(got, Err(Error::InvalidQuery { .. })),
        "commits of two codebases are refused, but give {got:?}"
    );
}
