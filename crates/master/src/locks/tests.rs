use futures::FutureExt;
use weir_config::{LockMode, LockScope};

use super::*;

fn lock(name: &str, scope: LockScope, count: u32, counts: &[(&str, u32)]) -> LockConfig {
    LockConfig {
        name: name.to_owned(),
        scope,
        count,
        counts: counts
            .iter()
            .map(|(worker, count)| ((*worker).to_owned(), *count))
            .collect(),
    }
}

fn exclusive(lock: &str) -> LockAccess {
    access(lock, LockMode::Exclusive)
}

fn counting(lock: &str, count: u32) -> LockAccess {
    access(lock, LockMode::Counting(count))
}

fn access(lock: &str, mode: LockMode) -> LockAccess {
    LockAccess {
        lock: lock.to_owned(),
        mode,
    }
}

fn build(builder: &str, number: i64) -> Arc<Holder> {
    let holder = Holder::new(builder);
    holder.set_number(number);
    holder
}

/// Locks `db` (twice at a time), `net` (once) and, of each worker, `disk` (once, on w2 twice).
fn locks() -> Arc<Locks> {
    Locks::new(&[
        lock("db", LockScope::Master, 2, &[]),
        lock("net", LockScope::Master, 1, &[]),
        lock("disk", LockScope::Worker, 1, &[("w2", 2)]),
    ])
}

fn ask(locks: &Arc<Locks>, who: &str, number: i64, accesses: &[LockAccess]) -> Taken {
    locks.take(&build(who, number), accesses, &[], "w1").unwrap()
}

fn now(taken: Taken) -> Held {
    match taken {
        Taken::Now(held) => held,
        Taken::Later(waiting) => panic!("not at once: {}", waiting.why()),
    }
}

fn later(taken: Taken) -> Waiting {
    match taken {
        Taken::Now(_) => panic!("it was free"),
        Taken::Later(waiting) => waiting,
    }
}

fn granted(waiting: &mut Waiting) -> Option<Held> {
    waiting.granted().now_or_never().flatten()
}

#[test]
fn who_comes_first_is_served_first_and_nobody_is_starved() {
    let locks = locks();
    let reader = now(ask(&locks, "reads", 1, &[counting("db", 1)]));
    let mut writer = later(ask(&locks, "writes", 2, &[exclusive("db")]));
    assert_eq!(writer.why(), "waiting for lock db, held by reads/1");
    // There is room for another reader, but the writer was there before.
    let mut second = later(ask(&locks, "reads", 3, &[counting("db", 1)]));
    let mut third = later(ask(&locks, "reads", 4, &[counting("db", 1)]));
    assert!(granted(&mut writer).is_none() && granted(&mut second).is_none());
    drop(reader);
    let writes = granted(&mut writer).expect("the writer is next");
    assert!(granted(&mut second).is_none());
    assert_eq!(third.why(), "waiting for lock db, held by writes/2");
    drop(writes);
    let _both = (granted(&mut second).unwrap(), granted(&mut third).unwrap());
    let last = later(ask(&locks, "reads", 5, &[counting("db", 2)]));
    assert_eq!(last.why(), "waiting for lock db, held by reads/3, reads/4");
}

#[test]
fn a_set_is_had_at_once_or_not_at_all() {
    let locks = locks();
    let net = now(ask(&locks, "a", 1, &[exclusive("net")]));
    let mut both = later(ask(&locks, "b", 1, &[exclusive("db"), exclusive("net")]));
    // It holds nothing while it waits: a step whose build holds other locks may take what is free.
    let disk = now(locks
        .take(&build("c", 1), &[exclusive("disk")], &[], "w1")
        .unwrap());
    let step = locks.take(&build("c", 1), &[counting("db", 1)], &[exclusive("disk")], "w1");
    let step = now(step.unwrap());
    // One whose build holds none stays behind it.
    let mut other = later(ask(&locks, "d", 1, &[counting("db", 1)]));
    assert_eq!(other.why(), "waiting for lock db, held by c/1");
    drop(net);
    assert!(granted(&mut both).is_none());
    drop(step);
    let held = granted(&mut both).expect("both are free");
    assert!(granted(&mut other).is_none());
    drop((held, disk));
    assert!(granted(&mut other).is_some());
}

#[test]
fn each_worker_has_its_own() {
    let locks = locks();
    let take = |worker: &str| {
        locks
            .take(&build("a", 1), &[counting("disk", 1)], &[], worker)
            .unwrap()
    };
    let _w1 = now(take("w1"));
    let _w2 = (now(take("w2")), now(take("w2")));
    assert!(matches!(take("w1"), Taken::Later(_)));
    assert!(matches!(take("w2"), Taken::Later(_)));
    assert!(matches!(take("w3"), Taken::Now(_)));
}

#[test]
fn who_stops_waiting_lets_the_others_through() {
    let locks = locks();
    let _held = now(ask(&locks, "a", 1, &[counting("db", 1)]));
    let writer = later(ask(&locks, "b", 1, &[exclusive("db")]));
    let mut reader = later(ask(&locks, "c", 1, &[counting("db", 1)]));
    drop(writer);
    let held = granted(&mut reader).expect("nobody is before it");
    // Locks that were given to somebody who is gone before they took them are free again.
    let given = later(ask(&locks, "d", 1, &[counting("db", 1)]));
    drop(held);
    drop(given);
    drop(now(ask(&locks, "e", 1, &[counting("db", 1)])));
}

#[test]
fn what_can_never_be_had_is_told() {
    let locks = locks();
    let never = |accesses: &[LockAccess], own: &[LockAccess]| {
        let taken = locks.take(&build("a", 1), accesses, own, "w1");
        taken.err().map(|it| it.to_string()).unwrap_or_default()
    };
    let own = [counting("db", 1)];
    assert_eq!(never(&own, &own), "lock db is held by the build itself");
    assert_eq!(never(&[exclusive("nothing")], &[]), "there is no lock nothing");
}

#[test]
fn builds_wait_in_the_same_row_as_steps() {
    let locks = locks();
    let step = now(ask(&locks, "a", 1, &[exclusive("net")]));
    let (first, second) = (Holder::new("first"), Holder::new("second"));
    let mut pass = locks.pass();
    assert!(pass.take(&first, &[exclusive("net")], "w1").is_none());
    let place = pass.wait(&first, &[exclusive("net")], "w1").unwrap();
    drop(pass);
    assert_eq!(locks.what(place), "lock net, held by a/1");
    let mut late = later(ask(&locks, "b", 1, &[exclusive("net")]));
    assert!(locks.builds_may_start().now_or_never().is_none());
    drop(step);
    // The step came after the build, which is told.
    assert!(granted(&mut late).is_none());
    assert!(locks.builds_may_start().now_or_never().is_some());
    let mut pass = locks.pass();
    // The one that is asked about first has the first place now.
    let held = pass.take(&second, &[exclusive("net")], "w1").unwrap();
    assert!(pass.take(&first, &[exclusive("net")], "w1").is_none());
    assert!(pass.wait(&first, &[exclusive("net")], "w1").is_some());
    drop(pass);
    drop(held);
    assert!(granted(&mut late).is_none());
    // A build that does not ask again makes room.
    drop(locks.pass());
    assert!(granted(&mut late).is_some());
}

#[test]
fn who_asks_for_more_than_there_is_by_now_gets_all_of_it() {
    let locks = locks();
    // The lock could be held four times when its build began.
    let held = now(ask(&locks, "old", 1, &[counting("db", 4)]));
    let mut reader = later(ask(&locks, "new", 1, &[counting("db", 1)]));
    drop(held);
    let reads = granted(&mut reader).unwrap();
    let mut again = later(ask(&locks, "old", 1, &[counting("db", 4)]));
    assert_eq!(again.why(), "waiting for lock db, held by new/1");
    drop(reads);
    assert!(granted(&mut again).is_some());
    // A build that begins now cannot have so much anywhere, and is in nobody's way.
    let mut pass = locks.pass();
    let builder = Holder::new("new");
    assert!(pass.take(&builder, &[counting("db", 3)], "w1").is_none());
    assert!(pass.wait(&builder, &[counting("db", 3)], "w1").is_none());
}

#[test]
fn locks_of_an_earlier_configuration_are_locks_for_those_who_know_them() {
    let locks = locks();
    locks.learn(&[
        lock("gone", LockScope::Master, 1, &[]),
        lock("net", LockScope::Master, 9, &[]),
    ]);
    let _again = locks.take_back(&build("a", 1), &[exclusive("gone")], "w1");
    let waiting = later(ask(&locks, "b", 1, &[counting("gone", 1)]));
    assert_eq!(waiting.why(), "waiting for lock gone, held by a/1");
    let _once = now(ask(&locks, "a", 1, &[counting("net", 1)]));
    later(ask(&locks, "b", 1, &[counting("net", 1)]));
}

#[test]
fn what_goes_on_has_its_locks_again() {
    let locks = locks();
    let again = locks.take_back(&build("a", 1), &[exclusive("net"), exclusive("gone")], "w1");
    let more = locks.take_back(&build("b", 1), &[exclusive("net")], "w1");
    let mut waiting = later(ask(&locks, "c", 1, &[exclusive("net")]));
    assert_eq!(waiting.why(), "waiting for lock net, held by a/1, b/1");
    drop(again);
    assert!(granted(&mut waiting).is_none());
    drop(more);
    assert!(granted(&mut waiting).is_some());
}

/// A build of a random site: it holds its builder's locks while its steps take theirs.
struct Course {
    holder: Arc<Holder>,
    own: Vec<LockAccess>,
    steps: Vec<Vec<LockAccess>>,
    held: Option<Held>,
    step: Option<Held>,
    waiting: Option<Waiting>,
}

/// A random number below `most`.
fn random(seed: &mut u64, most: u64) -> u64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % most
}

fn random_accesses(seed: &mut u64, names: std::ops::Range<u64>) -> Vec<LockAccess> {
    let mut accesses = vec![];
    for name in names {
        match random(seed, 4) {
            0 => accesses.push(exclusive(&format!("l{name}"))),
            1 => accesses.push(counting(
                &format!("l{name}"),
                u32::try_from(random(seed, 2)).unwrap() + 1,
            )),
            _ => {}
        }
    }
    accesses
}

#[test]
fn nobody_waits_for_ever() {
    for mut seed in 0..40 {
        let configured: Vec<_> = (0..6)
            .map(|it| lock(&format!("l{it}"), LockScope::Master, 2, &[]))
            .collect();
        let locks = Locks::new(&configured);
        // Who holds the lower locks takes the higher ones in its steps, and who holds none takes any: the waits go round
        // in no circle.
        let mut courses: Vec<Course> = (0..8)
            .map(|number| Course {
                holder: build("b", number),
                own: match number % 2 {
                    0 => vec![],
                    _ => random_accesses(&mut seed, 0..3),
                },
                steps: (0..3)
                    .map(|_| random_accesses(&mut seed, (number % 2).unsigned_abs() * 3..6))
                    .collect(),
                held: None,
                step: None,
                waiting: None,
            })
            .collect();
        for _round in 0..10_000 {
            if courses.is_empty() {
                break;
            }
            let at = usize::try_from(random(&mut seed, courses.len() as u64)).unwrap();
            let course = &mut courses[at];
            if course.held.is_none() {
                // All that have not begun ask in their order.
                let mut pass = locks.pass();
                let mut begun = vec![];
                for course in courses.iter_mut().filter(|it| it.held.is_none()) {
                    match pass.take(&course.holder, &course.own, "w1") {
                        Some(held) => begun.push((course, held)),
                        None => {
                            pass.wait(&course.holder, &course.own, "w1");
                        }
                    }
                }
                begun
                    .into_iter()
                    .for_each(|(course, held)| course.held = Some(held));
            } else if let Some(waiting) = &mut course.waiting {
                if let Some(held) = granted(waiting) {
                    course.step = Some(held);
                    course.waiting = None;
                }
            } else if course.step.take().is_some() || course.steps.is_empty() {
                if course.steps.is_empty() {
                    courses.swap_remove(at);
                }
            } else if let Some(wanted) = course.steps.pop() {
                match locks.take(&course.holder, &wanted, &course.own, "w1").unwrap() {
                    Taken::Now(held) => course.step = Some(held),
                    Taken::Later(waiting) => course.waiting = Some(waiting),
                }
            }
            let table = locks.table();
            assert!(table.is_within_bounds(), "seed {seed}");
        }
        assert!(
            courses.is_empty(),
            "{} builds never end, seed {seed}",
            courses.len()
        );
    }
}
