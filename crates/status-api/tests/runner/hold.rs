//! Two runners of one listener.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, advance, sleep};
use weir_status_api::{Cursor, Place};

use crate::world::{Destination, Events, Memory, Said, options, run, until};

const LEASE: Duration = Duration::from_secs(30);

#[tokio::test(start_paused = true)]
async fn only_one_of_two_tells_and_the_other_takes_over() {
    let (events, memory) = (Events::new(), Memory::new());
    let destinations = [(); 2].map(|()| Destination::new(|_, _, _| Said::Takes));
    let [first, second] = ["first", "second"].map(|it| memory.of(it, LEASE));
    let one = run(&destinations[0], &events, &first, options());
    sleep(Duration::from_millis(10)).await;
    let _other = run(&destinations[1], &events, &second, options());
    for event in 1..=600 {
        events.add(event);
        sleep(Duration::from_millis(500)).await;
    }
    assert_eq!(destinations[0].came().taken.len(), 600);
    assert!(destinations[1].came().tries.is_empty());

    // The first is gone without a word.
    one.abort();
    let gone = Instant::now();
    events.add_all(601..=700);
    until("the other has told", || {
        memory.place() == Place::after(Cursor(700))
    })
    .await;
    assert!(
        gone.elapsed() <= LEASE + Duration::from_secs(6),
        "{:?}",
        gone.elapsed()
    );
    let mut times: BTreeMap<i64, usize> = destinations[0].came().times();
    times.extend(destinations[1].came().times());
    assert_eq!(times, (1..=700).map(|it| (it, 1)).collect());
}

#[tokio::test(start_paused = true)]
async fn who_lost_its_hold_tells_nothing_more() {
    let (events, memory) = (Events::new(), Memory::new());
    let destination = Destination::new(|_, _, _| Said::Takes);
    let held = memory.of("first", LEASE);
    let _runner = run(&destination, &events, &held, options());
    events.add_all(1..=10);
    until("all is told", || memory.place() == Place::after(Cursor(10))).await;
    // Somebody takes it away, as an operator might.
    memory.kept().hold = Some(("other".to_owned(), Instant::now() + 20 * LEASE));
    sleep(LEASE / 2).await;
    events.add_all(11..=30);
    sleep(10 * LEASE).await;
    assert_eq!(destination.came().tries.len(), 10);
    until("it is free again", || memory.place() == Place::after(Cursor(30))).await;
}

#[tokio::test(start_paused = true)]
async fn who_was_halted_for_longer_than_it_holds_tells_nothing_more() {
    let (events, memory) = (Events::new(), Memory::new());
    let destination = Destination::new(|_, _, _| Said::Takes);
    let held = memory.of("first", LEASE);
    let _runner = run(&destination, &events, &held, options());
    events.add_all(1..=3);
    until("all is told", || memory.place() == Place::after(Cursor(3))).await;
    // It wakes with an event before it, and does not know yet that another has the listener.
    memory.kept().hold = Some(("other".to_owned(), Instant::now() + 20 * LEASE));
    events.add(4);
    advance(2 * LEASE).await;
    sleep(10 * LEASE).await;
    assert_eq!(destination.came().tries.len(), 3);
    until("it is free again", || memory.place() == Place::after(Cursor(4))).await;
    assert_eq!(destination.came().tries.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_put_back_makes_all_after_it_come_again() {
    let (events, memory) = (Events::new(), Memory::new());
    let destination = Destination::new(|_, _, _| Said::Takes);
    let held = memory.of("first", LEASE);
    let _runner = run(&destination, &events, &held, options());
    events.add_all(1..=10);
    until("all is told", || memory.place() == Place::after(Cursor(10))).await;
    // As a replay does it: the place goes back, and the runner does not hold for a moment.
    memory
        .kept()
        .places
        .insert("it".to_owned(), Place::after(Cursor(5)));
    memory.kept().hold = Some(("a replay".to_owned(), Instant::now() + LEASE));
    until("it is told again", || {
        memory.place() == Place::after(Cursor(10)) && destination.came().taken.len() == 15
    })
    .await;
    let times = destination.came().times();
    assert!(
        (1..=5).all(|it| times[&it] == 1) && (6..=10).all(|it| times[&it] == 2),
        "{times:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn who_may_have_lost_its_hold_attends_no_more() {
    let memory = Memory::new();
    let events = [(); 2].map(|()| Events::new());
    let destinations = [(); 2].map(|()| Destination::new(|_, _, _| Said::Takes));
    let [first, second] = ["first", "second"].map(|it| memory.of(it, LEASE));
    let _one = run(&destinations[0], &events[0], &first, options());
    until("the first attends", || destinations[0].came().attends).await;
    // It reaches nothing any more, and is told nothing.
    memory.kept().away = Some("first".to_owned());
    events[0].cut();
    let _other = run(&destinations[1], &events[1], &second, options());
    until("the other attends", || destinations[1].came().attends).await;
    assert!(!destinations[0].came().attends);
    // It comes back when the other is gone.
    memory.kept().away = Some("second".to_owned());
    events[1].cut();
    until("the first attends again", || destinations[0].came().attends).await;
    assert!(!destinations[1].came().attends);
}
