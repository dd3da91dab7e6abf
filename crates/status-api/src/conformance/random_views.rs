//! Cases: any view of any history.

use super::dice::Dice;
use super::history::History;
use super::promises::Promises;
use super::stage::Stage;
use crate::{
    Build, Builder, BuilderChoice, Change, Clock, Commit, CommitGraphQuery, ConsoleQuery, GridQuery,
    HomeQuery, Project, Timestamp, ViewQuery, WaterfallQuery,
};

/// Views that are asked for in a case.
const MANY: usize = 40;

fn choice(history: &mut History<'_>) -> BuilderChoice {
    let (world, dice) = (&history.scene.world, &mut history.dice);
    let builders: Vec<_> = world.all::<Builder>().iter().map(|it| it.id).collect();
    let projects: Vec<_> = world.all::<Project>().iter().map(|it| it.id).collect();
    let tags = ["unix", "Fast & loose", "other", "nobody's"].map(str::to_owned);
    let sometimes = dice.once_in(3);
    BuilderChoice {
        builders: if dice.once_in(3) {
            dice.some(&builders, 3)
        } else {
            vec![]
        },
        project: dice.pick(&projects).filter(|_| sometimes),
        tags: if dice.once_in(3) {
            dice.some(&tags, 2)
        } else {
            vec![]
        },
        without_tags: if dice.once_in(4) {
            dice.some(&tags, 2)
        } else {
            vec![]
        },
        removed_too: dice.once_in(2),
    }
}

fn limit(dice: &mut Dice) -> u32 {
    [0, 1, 2, 3, 5, 10, 200, 100_000][dice.below(8)]
}

fn branch(dice: &mut Dice) -> Option<String> {
    [None, None, Some("main"), Some("topic/ü"), Some("Main")][dice.below(5)].map(str::to_owned)
}

fn codebase(dice: &mut Dice) -> Option<String> {
    [None, None, Some(""), Some("libs")][dice.below(4)].map(str::to_owned)
}

pub(super) fn random_home(history: &mut History<'_>) -> ViewQuery {
    HomeQuery {
        builders: choice(history),
        limit: limit(&mut history.dice),
    }
    .into()
}

pub(super) fn random_waterfall(history: &mut History<'_>, stage: &dyn Stage) -> ViewQuery {
    let least = if stage.abilities().sub_second_times {
        1
    } else {
        1_000_000
    };
    let builds = history.scene.world.all::<Build>().into_iter();
    let mut moments: Vec<Timestamp> = builds
        .flat_map(|build| [Some(build.started_at), build.complete_at])
        .flatten()
        .collect();
    moments.push(history.scene.writer.clock().now());
    moments.sort();
    let dice = &mut history.dice;
    let near = |at: Timestamp, dice: &mut Dice| Timestamp(at.0 + (dice.below(3) as i64 - 1) * least);
    let place = dice.below(moments.len());
    let from = near(moments[place], dice);
    let last = moments[place + dice.below(moments.len() - place)];
    let to = near(last, dice).max(Timestamp(from.0 + least));
    let (steps, limit) = (dice.once_in(2), limit(dice));
    WaterfallQuery {
        builders: choice(history),
        from,
        to,
        steps,
        limit,
    }
    .into()
}

pub(super) fn random_grid(history: &mut History<'_>) -> ViewQuery {
    GridQuery {
        builders: choice(history),
        branch: branch(&mut history.dice),
        codebase: codebase(&mut history.dice),
        revisions: limit(&mut history.dice),
    }
    .into()
}

pub(super) fn random_console(history: &mut History<'_>) -> ViewQuery {
    let changes: Vec<_> = history
        .scene
        .world
        .all::<Change>()
        .iter()
        .map(|it| it.id)
        .collect();
    let dice = &mut history.dice;
    let (before, is_given) = (dice.pick(&changes), dice.once_in(3));
    ConsoleQuery {
        branch: branch(dice),
        codebase: codebase(dice),
        before: before.filter(|_| is_given),
        changes: limit(dice),
        builders: choice(history),
    }
    .into()
}

/// How two commits of one codebase are related, if there are any.
pub(super) fn random_commit_graph(history: &mut History<'_>) -> Option<ViewQuery> {
    let commits = history.scene.world.all::<Commit>();
    let first = history.dice.pick(&commits)?;
    let same = commits.into_iter().filter(|it| it.codebase == first.codebase);
    let second = history.dice.pick(&same.collect::<Vec<_>>())?;
    let (first, second) = (first.id, second.id);
    Some(CommitGraphQuery { first, second }.into())
}

async fn must_all_show(
    stage: &dyn Stage,
    number: u64,
    query: impl Fn(&mut History<'_>) -> Option<ViewQuery>,
) {
    let mut history = History::of(stage, Dice::of_case(number), 200).await;
    let replay = history.dice.replay();
    let mut promises = Promises::new();
    for number in 0..MANY {
        let Some(query) = query(&mut history) else {
            continue;
        };
        let shown = async {
            history.scene.view(query).await;
        };
        promises.that(format!("view {number} ({replay})"), shown).await;
        if number % 8 == 7 {
            history.go_on().await;
        }
    }
    promises.must_hold();
}

pub(super) async fn home(stage: &dyn Stage) {
    must_all_show(stage, 11, |history| Some(random_home(history))).await;
}

pub(super) async fn waterfall(stage: &dyn Stage) {
    must_all_show(stage, 12, |history| Some(random_waterfall(history, stage))).await;
}

pub(super) async fn grid(stage: &dyn Stage) {
    must_all_show(stage, 13, |history| Some(random_grid(history))).await;
}

pub(super) async fn console(stage: &dyn Stage) {
    must_all_show(stage, 14, |history| Some(random_console(history))).await;
}

pub(super) async fn commit_graph(stage: &dyn Stage) {
    must_all_show(stage, 15, random_commit_graph).await;
}
