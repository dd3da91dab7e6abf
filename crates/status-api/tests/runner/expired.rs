//! What is no longer kept.

use weir_status_api::{Cursor, ListenerError, Place};

use crate::world::{Destination, Events, Memory, Said, event, options, run, until};

fn refused() -> Said {
    let refused = ListenerError::Never("no such place".to_owned());
    Said::After(std::time::Duration::ZERO, Err(refused))
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_that_is_dropped_meanwhile_puts_no_place_back() {
    let (events, memory) = (Events::new(), Memory::new());
    let people = memory.clone();
    let destination = Destination::new(move |number, _, _| match number {
        1 => {
            people.kept().letters.clear();
            refused()
        }
        _ => Said::Takes,
    });
    events.add_all(1..=9);
    memory
        .kept()
        .places
        .insert("it".to_owned(), Place::after(Cursor(5)));
    memory.kept().oldest = Cursor(3);
    let letter = (event(Cursor(1), 1), "no".to_owned(), true);
    memory.kept().letters.insert(1, letter);
    let _runner = run(&destination, &events, &memory, options());
    until("all is told", || memory.place() == Place::after(Cursor(9))).await;
    events.add(10);
    until("it is told", || memory.place() == Place::after(Cursor(10))).await;
    let came = destination.came();
    assert_eq!(came.times(), (6..=10).map(|it| (it, 1)).collect());
    assert_eq!(came.tries.iter().filter(|it| it.1 == 1).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_no_longer_kept_is_given_up_alone() {
    let (events, memory) = (Events::new(), Memory::new());
    let destination = Destination::new(|event, _, _| if event == 1 { refused() } else { Said::Takes });
    memory.kept().oldest = Cursor(3);
    events.add_all(1..=9);
    let _runner = run(&destination, &events, &memory, options());
    until("all is told", || memory.place() == Place::after(Cursor(9))).await;
    assert_eq!(destination.came().times(), (2..=9).map(|it| (it, 1)).collect());
    assert!(memory.parked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_done_beyond_what_is_no_longer_kept_stays_so() {
    let (events, memory) = (Events::new(), Memory::new());
    let destination = Destination::new(|_, _, _| Said::Takes);
    let place = Place {
        after: Cursor(1),
        done: vec![Cursor(3), Cursor(6)],
    };
    memory.kept().places.insert("it".to_owned(), place);
    events.add_all(1..=9);
    events.expire(4);
    let _runner = run(&destination, &events, &memory, options());
    until("all is told", || memory.place() == Place::after(Cursor(9))).await;
    let told: Vec<i64> = destination.came().times().into_keys().collect();
    assert_eq!(told, [5, 7, 8, 9]);
}
