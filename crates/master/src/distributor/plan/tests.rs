use std::time::Instant;

use weir_config::{LockAccess, LockConfig, LockMode, LockScope, NextWorker};
use weir_status_api::{BuildsetId, Timestamp};

use super::super::rules::Rules;
use super::*;

fn config(source: &str) -> MasterConfig {
    weir_config::check(source, "weir.star", std::path::Path::new(".")).unwrap()
}

fn worker(id: i64, name: &str) -> Worker {
    Worker {
        id: WorkerId(id),
        name: name.to_owned(),
        paused: false,
        pause_reason: None,
        away_reason: None,
        graceful: false,
        configured_on: vec![],
        connected_to: vec![MasterId(1)],
        info: Default::default(),
        absence: None,
    }
}

pub(in super::super) fn request(id: i64, builder: i64, priority: i32) -> BuildRequest {
    BuildRequest {
        id: BuildRequestId(id),
        buildset: BuildsetId(1),
        builder: BuilderId(builder),
        priority,
        claimed_at: None,
        claimed_by: None,
        complete_at: None,
        results: None,
        submitted_at: Timestamp(id),
        waited_for: false,
        waiting_for: None,
        properties: Default::default(),
    }
}

fn rules(workers: &[i64], locks: Vec<LockAccess>) -> Rules {
    Rules {
        name: "b".to_owned(),
        workers: workers.iter().copied().map(WorkerId).collect(),
        locks,
        next_worker: NextWorker::LeastBusy,
        asked: None,
        collapse: weir_config::Collapse::Always,
    }
}

/// Which requests begin on which workers.
fn begun(plan: &mut Plan, locks: &Arc<Locks>) -> (Vec<(i64, i64)>, Vec<Begin>) {
    let begun = plan.begin(locks);
    (
        begun.iter().map(|it| (it.request.0, it.worker.0)).collect(),
        begun,
    )
}

const W1_AND_W2: &str = r#"
worker("w1", token = "t", max_builds = 2)
worker("w2", token = "u")
builder("b", workers = ["w1", "w2"], steps = [shell("make")])
"#;

fn two_workers(builders: std::ops::RangeInclusive<i64>) -> (Plan, MasterConfig) {
    let config = config(W1_AND_W2);
    let mut book = Book::default();
    for builder in builders {
        book.add(BuilderId(builder), rules(&[1], vec![]));
    }
    let mut plan = Plan::new(book, MasterId(1));
    plan.update_worker(&worker(1, "w1"), &config);
    (plan, config)
}

#[test]
fn the_most_urgent_goes_first() {
    let (mut plan, _) = two_workers(1..=3);
    let locks = Locks::new(&[]);
    for (id, builder, priority) in [(1, 1, 0), (2, 2, 0), (3, 3, 9)] {
        plan.update_request(&request(id, builder, priority));
    }
    assert_eq!(begun(&mut plan, &locks).0, [(3, 1), (1, 1)]);
    assert!(begun(&mut plan, &locks).0.is_empty());
    // One that became urgent passes those that were before it.
    plan.update_request(&request(4, 1, 0));
    plan.update_request(&request(5, 3, 1));
    plan.release(WorkerId(1), BuilderId(3));
    assert_eq!(begun(&mut plan, &locks).0, [(5, 1)]);
}

#[test]
fn builders_go_in_the_order_that_is_said() {
    let config = config(&format!(
        "master(prioritize_builders = [\"b2\", regex(\"b[13]$\")])\n{W1_AND_W2}{}",
        "[builder(name, workers = [\"w1\"], steps = [shell(\"make\")]) for name in [\"b1\", \"b2\", \"b3\"]]"
    ));
    let ids = weir_status_db::SetupIds {
        builders: [("b1", 1), ("b2", 2), ("b3", 3), ("b", 4)]
            .map(|(name, id)| (name.to_owned(), BuilderId(id)))
            .into(),
        ..Default::default()
    };
    let order = Order::of(&config, &ids);
    let (mut plan, _) = two_workers(1..=4);
    plan.order = order;
    let locks = Locks::new(&[]);
    for (id, builder, priority) in [(1, 4, 9), (2, 1, 0), (3, 3, 1), (4, 2, 0)] {
        plan.update_request(&request(id, builder, priority));
    }
    assert_eq!(begun(&mut plan, &locks).0, [(4, 1), (3, 1)]);
    plan.release(WorkerId(1), BuilderId(2));
    plan.release(WorkerId(1), BuilderId(3));
    assert_eq!(begun(&mut plan, &locks).0, [(2, 1), (1, 1)]);
}

#[test]
fn a_function_says_in_which_order_builders_go() {
    let config = config(&format!(
        "master(prioritize_builders = lambda builders: [it for it in reversed(builders) if it.priority < 9])\n{W1_AND_W2}"
    ));
    let mut plan = Plan::new(Book::default(), MasterId(1));
    plan.update_worker(&worker(1, "w1"), &config);
    for builder in 1..=3 {
        let rules = Rules {
            name: format!("b{builder}"),
            ..rules(&[1], vec![])
        };
        plan.book.add(BuilderId(builder), rules);
    }
    plan.order = Order::of(&config, &Default::default());
    let locks = Locks::new(&[]);
    for (id, builder, priority) in [(1, 1, 0), (2, 2, 0), (3, 3, 9)] {
        plan.update_request(&request(id, builder, priority));
    }
    // Nothing begins before it has answered, whatever comes meanwhile.
    assert!(begun(&mut plan, &locks).0.is_empty());
    let question = plan.order.question().unwrap();
    plan.update_request(&request(4, 1, 0));
    assert!(begun(&mut plan, &locks).0.is_empty() && plan.order.question().is_none());
    plan.order.take(question.ask());
    assert_eq!(begun(&mut plan, &locks).0, [(2, 1), (1, 1)]);
    // The next look asks anew.
    plan.release(WorkerId(1), BuilderId(2));
    plan.release(WorkerId(1), BuilderId(1));
    plan.update_request(&request(5, 1, 0));
    let first = begun(&mut plan, &locks).0;
    let asked = plan.order.question().map(|it| plan.order.take(it.ask()));
    let second = begun(&mut plan, &locks).0;
    assert_eq!((first, asked, second), (vec![], Some(()), vec![(4, 1), (3, 1)]));
}

#[test]
fn a_worker_takes_no_more_builds_than_it_may() {
    let (mut plan, config) = two_workers(1..=3);
    let locks = Locks::new(&[]);
    for id in 1..=6 {
        plan.update_request(&request(id, (id - 1) % 3 + 1, 0));
    }
    assert_eq!(begun(&mut plan, &locks).0, [(1, 1), (2, 1)]);
    // Two builds of one builder would share a folder.
    plan.release(WorkerId(1), BuilderId(2));
    assert_eq!(begun(&mut plan, &locks).0, [(3, 1)]);
    // A worker that is paused while it builds takes nothing when it has room.
    let paused = Worker {
        paused: true,
        ..worker(1, "w1")
    };
    plan.update_worker(&paused, &config);
    plan.release(WorkerId(1), BuilderId(1));
    plan.release(WorkerId(1), BuilderId(3));
    assert!(begun(&mut plan, &locks).0.is_empty());
    plan.update_worker(&worker(1, "w1"), &config);
    assert_eq!(begun(&mut plan, &locks).0, [(4, 1), (5, 1)]);
    // A builder that is not configured any more, and one without workers, wait.
    plan.update_request(&request(7, 9, 100));
    plan.release(WorkerId(1), BuilderId(1));
    assert_eq!(begun(&mut plan, &locks).0, [(6, 1)]);
}

#[test]
fn a_worker_whose_lock_is_taken_is_not_chosen() {
    let config = config(W1_AND_W2);
    let access = LockAccess {
        lock: "disk".to_owned(),
        mode: LockMode::Exclusive,
    };
    let locks = Locks::new(&[LockConfig {
        name: "disk".to_owned(),
        scope: LockScope::Worker,
        count: 1,
        counts: Default::default(),
    }]);
    let mut book = Book::default();
    for builder in 1..=3 {
        book.add(BuilderId(builder), rules(&[1, 2], vec![access.clone()]));
    }
    let mut plan = Plan::new(book, MasterId(1));
    plan.update_worker(&worker(1, "w1"), &config);
    plan.update_worker(&worker(2, "w2"), &config);
    let step = locks.take(&Holder::new("x"), &[access], &[], "w1");
    plan.update_request(&request(1, 1, 0));
    plan.update_request(&request(2, 2, 0));
    let (first, held) = begun(&mut plan, &locks);
    assert_eq!(first, [(1, 2)]);
    let (waits, place) = plan.locked[&BuilderId(2)];
    assert_eq!(waits, BuildRequestId(2));
    assert_eq!(locks.what(place), "lock disk, held by x");
    // One that is more urgent comes before the one that waits already.
    plan.update_request(&request(3, 3, 1));
    assert!(begun(&mut plan, &locks).0.is_empty());
    drop(step);
    let (second, more) = begun(&mut plan, &locks);
    assert_eq!(second, [(3, 1)]);
    plan.release(WorkerId(2), BuilderId(1));
    drop(held);
    assert_eq!(begun(&mut plan, &locks).0, [(2, 2)]);
    drop(more);
    assert!(plan.locked.is_empty());
}

#[test]
fn a_look_at_a_large_site_is_cheap() {
    const BUILDERS: i64 = 200;
    const WORKERS: i64 = 150;
    const REQUESTS: i64 = 25_000;
    const BUILT: usize = 2_000;
    let config = config(W1_AND_W2);
    let all: Vec<i64> = (1..=WORKERS).collect();
    let mut book = Book::default();
    for builder in 1..=BUILDERS {
        book.add(BuilderId(builder), rules(&all, vec![]));
    }
    let mut plan = Plan::new(book, MasterId(1));
    let locks = Locks::new(&[]);
    // While nobody can build, what comes costs nothing.
    let start = Instant::now();
    for id in 1..=REQUESTS {
        plan.update_request(&request(id, id % BUILDERS + 1, 0));
        assert!(plan.begin(&locks).is_empty());
    }
    let arrival = start.elapsed();
    // Two builds on each of the workers at a time.
    for id in 1..=WORKERS {
        plan.update_worker(&worker(id, "w1"), &config);
    }
    let start = Instant::now();
    let mut running: std::collections::VecDeque<Begin> = plan.begin(&locks).into();
    let mut built = running.len();
    while built < BUILT {
        let done = running.pop_front().expect("a build runs");
        plan.release(done.worker, done.builder);
        let next = plan.begin(&locks);
        built += next.len();
        running.extend(next);
    }
    let building = start.elapsed();
    println!("to take {REQUESTS} requests: {arrival:?}, to give {BUILT} of them to workers: {building:?}");
    // Some ten times what it takes without optimisation on a busy machine.
    assert!(
        arrival.as_secs() < 10 && building.as_secs() < 60,
        "{arrival:?}, {building:?}"
    );
}
