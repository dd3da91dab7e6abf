//! A runner whose events cannot be parked, since as many are as may be.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use weir_status_api::{Cursor, ListenerError, Place, Standing};

use crate::world::{Destination, Events, Memory, Said, options, run, until};

/// How long it takes until a runner has found out that there is room.
const SOON: Duration = Duration::from_secs(15);

fn never() -> Said {
    let error = ListenerError::Never("no such place".to_owned());
    Said::After(Duration::from_millis(5), Err(error))
}

/// Places where so many events may be parked.
fn memory(room: usize) -> Memory {
    let memory = Memory::new();
    memory.kept().room = Some(room);
    memory
}

fn waits_for_room(memory: &Memory) -> bool {
    let kept = memory.kept();
    matches!(kept.standings.last(), Some(Standing::Waiting { why, .. }) if why == "the box is full")
}

#[tokio::test(start_paused = true)]
async fn it_stops_and_waits_and_goes_on_by_itself_when_there_is_room() {
    let (events, memory) = (Events::new(), memory(2));
    let destination = Destination::new(|event, _, _| if event <= 4 { never() } else { Said::Takes });
    events.add_all(1..=50);
    let _runner = run(&destination, &events, &memory, options());
    until("it waits", || waits_for_room(&memory)).await;
    sleep(Duration::from_secs(24 * 3600)).await;
    // Those that were on their way with it came to their end, and no other.
    let tries = destination.came().tries.len();
    assert!(tries <= options().at_once + 4, "{tries} tries");
    assert_eq!(memory.parked().len(), 2);
    let place = memory.place().after;
    assert!(place < Cursor(4), "its place stays: {place}");
    assert!(waits_for_room(&memory), "a day changes nothing");

    // Somebody drops them.
    memory.kept().letters.clear();
    let begun = Instant::now();
    until("all is done", || memory.place() == Place::after(Cursor(50))).await;
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    let parked: Vec<i64> = memory.parked().into_keys().collect();
    assert_eq!(parked, [3, 4], "they are parked, and not tried again");
    assert_eq!(destination.came().tries.len(), 50);
    assert_eq!(destination.came().taken.len(), 46);
    until("it is known to be well", || {
        memory.kept().standings.last() == Some(&Standing::Well)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_was_parked_is_told_before_what_waits_for_its_room() {
    let (events, memory) = (Events::new(), memory(2));
    let mended = Instant::now() + Duration::from_secs(3600);
    let destination = Destination::new(move |event, _, _| match event {
        1..=4 if Instant::now() < mended => never(),
        _ => Said::Takes,
    });
    // All of one build: what waits is in the very lane of what makes room.
    events.add_all([7; 20]);
    let _runner = run(&destination, &events, &memory, options());
    until("it waits", || waits_for_room(&memory)).await;
    assert_eq!(memory.place().after, Cursor(2));
    sleep(Duration::from_secs(3600)).await;
    memory.kept().letters.values_mut().for_each(|it| it.2 = true);
    until("all is done", || memory.place() == Place::after(Cursor(20))).await;
    assert_eq!(memory.parked().into_keys().collect::<Vec<_>>(), [3]);
    let taken: Vec<i64> = destination.came().taken.iter().map(|it| it.0).collect();
    let expected: Vec<i64> = [1, 2].into_iter().chain(4..=20).collect();
    assert_eq!(taken, expected, "in their order");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_while_it_waits_loses_nothing() {
    let (events, memory) = (Events::new(), memory(1));
    let destination = Destination::new(|event, _, _| if event <= 2 { never() } else { Said::Takes });
    events.add_all([1; 10]);
    let _runner = run(&destination, &events, &memory, options());
    until("it waits", || waits_for_room(&memory)).await;
    for _ in 0..3 {
        events.cut();
        sleep(Duration::from_secs(60)).await;
        assert!(waits_for_room(&memory));
        assert_eq!(memory.place(), Place::after(Cursor(1)));
    }
    memory.kept().room = None;
    until("all is done", || memory.place() == Place::after(Cursor(10))).await;
    assert_eq!(memory.parked().into_keys().collect::<Vec<_>>(), [1, 2]);
    let expected: BTreeMap<i64, usize> = (3..=10).map(|it| (it, 1)).collect();
    assert_eq!(destination.came().times(), expected);
}
