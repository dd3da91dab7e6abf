//! Cases: what runs, what waits and why, what is broken.

use super::busy::{Busy, GONE};
use super::stage::Stage;
use crate::{BuildRequest, Builder, BuilderChoice, Home, HomeQuery, View, WaitReason};

fn query(builders: BuilderChoice, limit: u32) -> HomeQuery {
    HomeQuery { builders, limit }
}

async fn home(busy: &Busy<'_>, builders: BuilderChoice) -> Home {
    match busy.scene.view(query(builders, 100)).await {
        View::Home(home) => home,
        other => panic!("a home was asked for, not {other:?}"),
    }
}

pub(super) async fn nothing_going_on(stage: &dyn Stage) {
    let scene = Busy::idle(stage).await;
    scene
        .must_show(vec![(
            "an idle master".to_owned(),
            query(BuilderChoice::default(), 100),
        )])
        .await;
}

pub(super) async fn builders_by_choice(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    let choices = busy.choices().into_iter();
    let queries = choices.map(|(name, choice)| (name.to_owned(), query(choice, 100)));
    busy.scene.must_show(queries.collect()).await;
}

pub(super) async fn limits(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    let limits = [0, 1, 2, 3, 5, 10_000, u32::MAX].into_iter();
    let all = BuilderChoice::default;
    let queries = limits.map(|limit| (format!("limit {limit}"), query(all(), limit)));
    busy.scene.must_show(queries.collect()).await;
}

pub(super) async fn what_runs_with_its_step_and_worker(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    let home = home(&busy, BuilderChoice::default()).await;
    let [running] = home.running.as_slice() else {
        panic!("one build runs, not {:?}", home.running)
    };
    assert_eq!(running.build.id, busy.running);
    let step = running.step.as_ref().map(|step| step.name.as_str());
    assert_eq!(
        step,
        Some("test"),
        "the step that runs, not one that ended or has not begun"
    );
    let workers: Vec<&str> = home.workers.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(workers, ["w1"], "the workers of what runs");
}

pub(super) async fn what_waits_and_why(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    let choice = BuilderChoice {
        removed_too: true,
        ..BuilderChoice::default()
    };
    let home = home(&busy, choice).await;
    let named = home.waiting.iter().map(|it| {
        let builder: Builder = busy.scene.world.one(it.request.builder.0);
        (builder.name, it.why)
    });
    let expected = [
        ("C 100%", WaitReason::Paused),
        ("a", WaitReason::Ready),
        ("b", WaitReason::Busy),
        ("b", WaitReason::Starting),
        ("C 100%", WaitReason::Paused),
        ("a", WaitReason::Ready),
        ("d", WaitReason::NoWorker),
        ("e", WaitReason::NotConnected),
        (GONE, WaitReason::NoMaster),
    ];
    let expected = expected.map(|(name, why)| (name.to_owned(), why));
    let mut named: Vec<_> = named.collect();
    let mut sorted = expected.to_vec();
    let by_name = |it: &(String, WaitReason)| (it.0.clone(), it.1.name());
    named.sort_by_key(by_name);
    sorted.sort_by_key(by_name);
    assert_eq!(named, sorted, "what waits (left) and why");
}

pub(super) async fn what_only_a_master_knows(stage: &dyn Stage) {
    let mut busy = Busy::play(stage).await;
    let reasons = async |busy: &Busy<'_>| -> Vec<WaitReason> {
        let mut whys: Vec<WaitReason> = home(busy, BuilderChoice::default())
            .await
            .waiting
            .iter()
            .map(|it| it.why)
            .collect();
        whys.sort_by_key(|it| it.name());
        whys
    };
    let locked = |whys: &[WaitReason]| whys.iter().filter(|it| **it == WaitReason::Locked).count();
    let waiting = home(&busy, BuilderChoice::default()).await.waiting;
    for waiting in &waiting {
        if waiting.why != WaitReason::Starting {
            busy.scene
                .wait_for(waiting.request.id, Some("lock db, held by a/1"))
                .await;
        }
    }
    let told = reasons(&busy).await;
    let could: usize = waiting
        .iter()
        .filter(|it| matches!(it.why, WaitReason::Ready | WaitReason::Busy))
        .count();
    assert!(
        could > 0 && locked(&told) == could,
        "who could be built waits for a lock: {told:?}"
    );
    busy.scene
        .must_show(vec![(
            "requests that wait for a lock".to_owned(),
            query(BuilderChoice::default(), 100),
        )])
        .await;
    for waiting in waiting.iter().filter(|it| it.why != WaitReason::Starting) {
        busy.scene.wait_for(waiting.request.id, None).await;
    }
    assert_eq!(
        locked(&reasons(&busy).await),
        0,
        "and not any more when that is over"
    );
}

pub(super) async fn what_goes_first(stage: &dyn Stage) {
    let mut busy = Busy::play(stage).await;
    for (place, priority) in [(0, -5), (1, 7), (2, 7), (3, i32::MAX)] {
        let open = busy.scene.world.all::<BuildRequest>().into_iter();
        let open: Vec<_> = open.filter(|it| it.complete_at.is_none()).collect();
        busy.scene.prioritize(open[place].id, priority).await;
    }
    let home = home(&busy, BuilderChoice::default()).await;
    let priorities: Vec<i32> = home.waiting.iter().map(|it| it.request.priority).collect();
    assert!(
        priorities.is_sorted_by(|one, two| one >= two),
        "{priorities:?}: the highest goes first"
    );
}

pub(super) async fn what_ended_last(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    let home = home(&busy, BuilderChoice::default()).await;
    let ends: Vec<_> = home.recent.iter().map(|build| build.complete_at).collect();
    assert!(ends.iter().all(Option::is_some), "recent builds have ended");
    assert!(
        ends.is_sorted_by(|one, two| one > two),
        "the last to end comes first"
    );
    assert_eq!(busy.scene.named(home.recent[0].id), "a 7");
}

pub(super) async fn what_is_broken_and_since_when(stage: &dyn Stage) {
    let busy = Busy::play(stage).await;
    let choice = BuilderChoice {
        removed_too: true,
        ..BuilderChoice::default()
    };
    let home = home(&busy, choice).await;
    let broken = home.broken.iter().map(|it| {
        let named = |id| busy.scene.named(id);
        (named(it.last.id), named(it.since.id), it.last_good.map(named))
    });
    let text = |text: &str| text.to_owned();
    assert_eq!(
        broken.collect::<Vec<_>>(),
        [
            // Lost, skipped and cancelled builds are passed over.
            (text("a 4"), text("a 2"), Some(text("a 1"))),
            (text("b 2"), text("b 2"), Some(text("b 1"))),
            (text("gone 1"), text("gone 1"), None),
        ],
        "the last build that tells, the first bad one, the last good one"
    );
}
