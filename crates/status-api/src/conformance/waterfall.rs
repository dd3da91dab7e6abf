//! Cases: what was done when.

use std::time::Duration;

use super::busy::Busy;
use super::stage::Stage;
use crate::{
    Build, BuilderChoice, Change, Clock, Error, Timestamp, View, ViewQuery, Waterfall, WaterfallQuery,
};

/// All that ever was.
fn query(builders: BuilderChoice, busy: &Busy<'_>) -> WaterfallQuery {
    WaterfallQuery {
        builders,
        from: Timestamp::from_secs(0),
        to: busy.scene.writer.clock().now().plus(Duration::from_secs(1)),
        steps: true,
        limit: 1_000,
    }
}

async fn waterfall(busy: &Busy<'_>, query: WaterfallQuery) -> Waterfall {
    match busy.scene.view(query).await {
        View::Waterfall(waterfall) => waterfall,
        other => panic!("a waterfall was asked for, not {other:?}"),
    }
}

pub(super) async fn nothing_going_on(stage: &dyn Stage) {
    let scene = Busy::idle(stage).await;
    let query = WaterfallQuery {
        builders: BuilderChoice::default(),
        from: Timestamp::from_secs(1),
        to: Timestamp::from_secs(2_000_000_000),
        steps: true,
        limit: 10,
    };
    scene.must_show(vec![("an idle master".to_owned(), query)]).await;
}

pub(super) async fn builders_by_choice(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    let choices = busy.choices().into_iter();
    let queries = choices.map(|(name, choice)| (name.to_owned(), query(choice, &busy)));
    busy.scene.must_show(queries.collect()).await;
}

/// The moments at which something begins or ends, and those just before and after.
fn moments(busy: &Busy<'_>) -> Vec<Timestamp> {
    let builds = busy.scene.world.all::<Build>().into_iter();
    let changes = busy.scene.world.all::<Change>().into_iter();
    let mut moments: Vec<Timestamp> = builds
        .flat_map(|build| [Some(build.started_at), build.complete_at])
        .flatten()
        .chain(changes.map(|change| change.when))
        .collect();
    moments.sort();
    moments.dedup();
    moments
}

/// The least that a binding tells apart.
fn least(stage: &dyn Stage) -> i64 {
    match stage.abilities().sub_second_times {
        true => 1,
        false => 1_000_000,
    }
}

pub(super) async fn ranges_end_before_their_end(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    let least = least(stage);
    let mut queries = vec![];
    for at in moments(&busy) {
        for by in [-least, 0, least] {
            let at = Timestamp(at.0 + by);
            let all = || query(BuilderChoice::default(), &busy);
            queries.push((format!("from {at}"), WaterfallQuery { from: at, ..all() }));
            queries.push((format!("to {at}"), WaterfallQuery { to: at, ..all() }));
            let (from, to) = (at, Timestamp(at.0 + least));
            queries.push((format!("at {at} only"), WaterfallQuery { from, to, ..all() }));
        }
    }
    busy.scene.must_show(queries).await;
}

pub(super) async fn a_build_that_crosses_the_whole_range(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    busy.scene
        .writer
        .clock()
        .advance(Duration::from_secs(40 * 24 * 3600));
    let from = busy.scene.tick();
    let to = from.plus(Duration::from_secs(10));
    let all = query(BuilderChoice::default(), &busy);
    let shown = waterfall(&busy, WaterfallQuery { from, to, ..all }).await;
    let builds: Vec<_> = shown.builds.iter().map(|build| build.id).collect();
    assert_eq!(builds, [busy.running], "a build that has run for long");
    assert_eq!(shown.complete_from, from, "there was no more");
}

pub(super) async fn long_builds_that_ended_within_the_range(stage: &dyn Stage) {
    let mut busy = Busy::play(stage).await;
    let day = Duration::from_secs(24 * 3600);
    for length in [
        Duration::from_secs(700),
        Duration::from_secs(20_000),
        day * 2,
        day * 6,
    ] {
        let asked = busy.buildset(vec![busy.source(0)], &[0], &["a"]).await;
        busy.scene.claim(asked[0]).await;
        let build = busy.scene.start(asked[0], "w2", crate::Properties::new()).await;
        busy.scene.writer.clock().advance(length);
        let before_its_end = busy.scene.tick();
        busy.scene.finish(build, crate::Results::Success).await;
        let all = query(BuilderChoice::default(), &busy);
        let shown = waterfall(
            &busy,
            WaterfallQuery {
                from: before_its_end,
                ..all
            },
        )
        .await;
        let is_there = shown.builds.iter().any(|it| it.id == build);
        assert!(
            is_there,
            "a build that took {length:?} and ended within the range"
        );
    }
}

pub(super) async fn steps_if_they_are_wanted(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    let all = || query(BuilderChoice::default(), &busy);
    let without = waterfall(
        &busy,
        WaterfallQuery {
            steps: false,
            ..all()
        },
    )
    .await;
    assert_eq!(without.steps, [], "steps that nobody asked for");
    let with = waterfall(&busy, all()).await;
    let names: Vec<&str> = with.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(
        names,
        ["compile", "test"],
        "the steps that began, hidden ones too"
    );
}

pub(super) async fn limits(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    let all = || query(BuilderChoice::default(), &busy);
    let limits = [0, 1, 2, 3, 5, 8, 10_000, u32::MAX].into_iter();
    let limits = limits.map(|limit| (format!("limit {limit}"), WaterfallQuery { limit, ..all() }));
    let (from, to) = (Timestamp(i64::MIN), Timestamp(i64::MAX));
    let ever = ("all of time".to_owned(), WaterfallQuery { from, to, ..all() });
    busy.scene.must_show(limits.chain([ever]).collect()).await;
}

pub(super) async fn paging_by_range_shows_all(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    let whole = waterfall(&busy, query(BuilderChoice::default(), &busy)).await;
    // The last one of a part stands in the next part too: with a limit of 1 there would be no next one.
    for limit in [2, 3, 5] {
        let (mut builds, mut changes) = (vec![], vec![]);
        let mut asked = WaterfallQuery {
            limit,
            ..query(BuilderChoice::default(), &busy)
        };
        for _ in 0..1_000 {
            let part = waterfall(&busy, asked.clone()).await;
            let from = part.complete_from;
            assert!(from < asked.to, "a part of the range is whole");
            let begun = part.builds.into_iter().filter(|build| build.started_at >= from);
            builds.extend(begun.map(|build| build.id));
            changes.extend(
                part.changes
                    .into_iter()
                    .filter(|it| it.when >= from)
                    .map(|it| it.id),
            );
            if from == asked.from {
                break;
            }
            asked.to = from;
        }
        let all: Vec<_> = whole.builds.iter().map(|build| build.id).collect();
        assert_eq!(builds, all, "builds by ranges of {limit}");
        let all: Vec<_> = whole.changes.iter().map(|change| change.id).collect();
        assert_eq!(changes, all, "changes by ranges of {limit}");
    }
}

pub(super) async fn empty_ranges_are_refused(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    let all = query(BuilderChoice::default(), &busy);
    for to in [all.from, Timestamp(all.from.0 - 1_000_000)] {
        let asked = ViewQuery::Waterfall(WaterfallQuery { to, ..all.clone() });
        let got = busy.scene.api.view(asked).await;
        assert!(
            matches!(&got, Err(Error::InvalidQuery { field, .. }) if field == "to"),
            "a range that ends at {to} is refused, but gives {got:?}"
        );
    }
}
