//! What becomes of events while a runner runs.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use weir_status_api::{Cursor, ListenerError, Place, Rate, RunnerOptions, Standing};

use crate::world::{Destination, Events, Memory, Said, event, later, options, run, until};

const HOUR: Duration = Duration::from_secs(3600);

fn each_once(events: i64) -> BTreeMap<i64, usize> {
    (1..=events).map(|it| (it, 1)).collect()
}

#[tokio::test(start_paused = true)]
async fn an_hour_without_the_destination_loses_nothing_and_delays_nobody_else() {
    let (events, memory, others) = (Events::new(), Memory::new(), Memory::new());
    let up = Instant::now() + HOUR;
    let down = Destination::new(move |_, _, _| if Instant::now() < up { later() } else { Said::Takes });
    let well = Destination::new(|_, _, _| Said::Takes);
    let _runners = (
        run(&down, &events, &memory, options()),
        run(&well, &events, &others, options()),
    );
    for event in 0..3000 {
        events.add(event % 100);
        sleep(HOUR / 3000).await;
        assert_eq!(
            well.came().taken.len() as i64,
            event + 1,
            "the other listener is late"
        );
    }
    // While it is down, it is asked now and then.
    assert!(down.came().tries.len() < 200, "{} tries", down.came().tries.len());
    assert!(memory.parked().is_empty());
    assert!(
        matches!(&memory.kept().standings.last(), Some(Standing::Waiting { why, .. }) if why == "it is down")
    );

    until("all is told", || down.came().taken.len() == 3000).await;
    assert!(up.elapsed() < Duration::from_secs(120), "{:?} late", up.elapsed());
    assert_eq!(down.came().times(), each_once(3000));
    down.came().assert_in_order();
    until("it is known to be well", || {
        memory.kept().standings.last() == Some(&Standing::Well)
    })
    .await;
    until("its place is kept", || {
        memory.place() == Place::after(Cursor(3000))
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_one_event_cannot_keeps_no_other_back() {
    let (events, memory) = (Events::new(), Memory::new());
    // Event 3, of build 3, never works.
    let destination = Destination::new(|event, _, _| if event == 3 { later() } else { Said::Takes });
    let _runner = run(&destination, &events, &memory, options());
    let mut told = 0;
    for event in 1..=400 {
        events.add(event % 50);
        sleep(Duration::from_secs(1)).await;
        let taken = destination.came().taken.len();
        assert!(taken >= told, "it stands still");
        told = taken;
    }
    until("the place is kept", || memory.place().after == Cursor(400)).await;
    assert_eq!(memory.parked(), BTreeMap::from([(3, "it is down".to_owned())]));
    destination.came().assert_in_order();
    let late: Vec<i64> = destination
        .came()
        .times()
        .into_keys()
        .filter(|it| *it % 50 == 3)
        .collect();
    // Those of its build came after it was parked.
    assert_eq!(late, [53, 103, 153, 203, 253, 303, 353]);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_parked_at_once() {
    let (events, memory) = (Events::new(), Memory::new());
    let never = || Err(ListenerError::Never("no such place".to_owned()));
    let destination = Destination::new(move |event, _, _| match event {
        2 => Said::After(Duration::ZERO, never()),
        4 => Said::Panics,
        _ => Said::Takes,
    });
    events.add_all([1, 1, 1, 2, 2]);
    let _runner = run(&destination, &events, &memory, options());
    until("all is done", || memory.place() == Place::after(Cursor(5))).await;
    assert_eq!(destination.came().tries.len(), 5);
    let parked = memory.parked();
    assert_eq!(parked[&2], "no such place");
    assert!(parked[&4].contains("it panicked"), "{parked:?}");
    assert_eq!(parked.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_asks_to_be_left_alone_is() {
    let (events, memory) = (Events::new(), Memory::new());
    let after = Duration::from_secs(600);
    let destination = Destination::new(move |event, _, tries| match (event, tries) {
        (1, 1) => Said::After(
            Duration::ZERO,
            Err(ListenerError::After("too many".to_owned(), after)),
        ),
        _ => Said::Takes,
    });
    let begun = Instant::now();
    let _runner = run(
        &destination,
        &events,
        &memory,
        RunnerOptions {
            at_once: 1,
            ..options()
        },
    );
    events.add(1);
    sleep(Duration::from_secs(1)).await;
    events.add_all(2..20);
    until("all is told", || destination.came().taken.len() == 19).await;
    let second = destination.came().tries[1].0 - begun;
    assert!(
        second >= after && second < after + Duration::from_secs(5),
        "{second:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn who_asks_to_be_left_alone_is_whatever_it_says_to_what_is_on_its_way() {
    let (events, memory) = (Events::new(), Memory::new());
    let after = Duration::from_secs(600);
    let destination = Destination::new(move |event, _, tries| match (event, tries) {
        (1, 1) => Said::After(
            Duration::from_millis(20),
            Err(ListenerError::After("too many".to_owned(), after)),
        ),
        (2, 1) => Said::After(Duration::from_millis(50), Ok(())),
        (3..=5, 1) => Said::After(
            Duration::from_millis(60),
            Err(ListenerError::Later("it is down".to_owned())),
        ),
        _ => Said::Takes,
    });
    let begun = Instant::now();
    events.add_all(1..=5);
    let _runner = run(&destination, &events, &memory, options());
    sleep(Duration::from_secs(1)).await;
    events.add_all(6..20);
    until("all is told", || destination.came().taken.len() == 19).await;
    let came = destination.came();
    let (before, behind) = came.tries.split_at(5);
    assert!(before.iter().all(|it| it.0 - begun < Duration::from_millis(10)));
    let soon = after..after + Duration::from_secs(5);
    assert!(
        behind.iter().all(|it| soon.contains(&(it.0 - begun))),
        "{behind:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_fails_at_once_is_one_failure() {
    let (events, memory) = (Events::new(), Memory::new());
    let mended = Instant::now() + Duration::from_millis(100);
    let destination = Destination::new(move |_, _, _| match Instant::now() < mended {
        true => later(),
        false => Said::Takes,
    });
    events.add_all(1..=8);
    let begun = Instant::now();
    let _runner = run(&destination, &events, &memory, options());
    until("all is told", || destination.came().taken.len() == 8).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_destination_that_hangs_is_not_waited_for() {
    let (events, memory) = (Events::new(), Memory::new());
    let destination = Destination::new(|event, _, tries| match (event, tries) {
        (1, 1) => Said::After(24 * HOUR, Ok(())),
        _ => Said::Takes,
    });
    events.add_all([1, 2, 1, 3]);
    let begun = Instant::now();
    let _runner = run(&destination, &events, &memory, options());
    until("the others are told", || destination.came().taken.len() == 2).await;
    assert!(begun.elapsed() < Duration::from_secs(1));
    until("all is told", || destination.came().taken.len() == 4).await;
    assert!(
        begun.elapsed() < Duration::from_secs(310),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(destination.came().times(), each_once(4));
    destination.came().assert_in_order();
}

#[tokio::test(start_paused = true)]
async fn so_many_at_once_and_no_more() {
    for at_once in [1, 5] {
        let (events, memory) = (Events::new(), Memory::new());
        let destination = Destination::new(|_, _, _| Said::Takes);
        events.add_all((0..300).map(|it| it % 17));
        let _runner = run(
            &destination,
            &events,
            &memory,
            RunnerOptions { at_once, ..options() },
        );
        until("all is told", || memory.place().after == Cursor(300)).await;
        assert_eq!(destination.came().most, at_once);
        destination.came().assert_in_order();
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_holds_for_what_is_told_only() {
    let (events, memory) = (Events::new(), Memory::new());
    let destination = Destination::new(|_, _, _| Said::Takes).quiet(|event| event % 10 != 0);
    let rate = Some(Rate {
        times: 5,
        per: Duration::from_secs(60),
    });
    events.add_all(1..=300);
    let begun = Instant::now();
    let _runner = run(
        &destination,
        &events,
        &memory,
        RunnerOptions { rate, ..options() },
    );
    until("all is told", || memory.place() == Place::after(Cursor(300))).await;
    let came = destination.came();
    assert_eq!(came.taken.len(), 30);
    // Five at once, and then one in twelve seconds.
    let last = came.tries[29].0 - begun;
    assert!(
        last >= Duration::from_secs(299) && last < Duration::from_secs(310),
        "{last:?}"
    );
    for pair in came.tries.windows(6) {
        assert!(pair[5].0 - pair[0].0 >= Duration::from_secs(11));
    }
}

#[tokio::test(start_paused = true)]
async fn what_stands_in_the_way_of_too_many_is_parked() {
    let (events, memory) = (Events::new(), Memory::new());
    let destination = Destination::new(|event, _, _| if event == 1 { later() } else { Said::Takes });
    let patient = RunnerOptions {
        tries: u32::MAX,
        ..options()
    };
    events.add_all(1..=5000);
    let _runner = run(&destination, &events, &memory, patient);
    until("all others are told", || {
        memory.place() == Place::after(Cursor(5000))
    })
    .await;
    assert_eq!(memory.parked().into_keys().collect::<Vec<_>>(), [1]);
    assert_eq!(destination.came().taken.len(), 4999);
}

#[tokio::test(start_paused = true)]
async fn after_a_day_an_event_is_parked_whatever_the_destination_does() {
    let (events, memory) = (Events::new(), Memory::new());
    let destination = Destination::new(|_, _, _| later());
    events.add(1);
    let begun = Instant::now();
    let _runner = run(&destination, &events, &memory, options());
    until("it is parked", || !memory.parked().is_empty()).await;
    let after = begun.elapsed();
    assert!(
        after >= 24 * HOUR && after < 24 * HOUR + Duration::from_secs(120),
        "{after:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_parked_is_told_when_somebody_asks_for_it() {
    let (events, memory) = (Events::new(), Memory::new());
    let mended = Instant::now() + HOUR;
    let destination = Destination::new(move |event, _, _| match event {
        2 | 3 if Instant::now() < mended => {
            Said::After(Duration::ZERO, Err(ListenerError::Never("not now".to_owned())))
        }
        _ => Said::Takes,
    });
    events.add_all([1, 2, 2, 4]);
    let _runner = run(&destination, &events, &memory, options());
    until("all is done", || memory.place() == Place::after(Cursor(4))).await;
    assert_eq!(memory.parked().len(), 2);
    let ask = || memory.kept().letters.values_mut().for_each(|it| it.2 = true);
    ask();
    // It is refused again, and waits for people again.
    until("it is parked anew", || {
        memory.kept().letters.values().all(|it| !it.2)
    })
    .await;
    sleep(HOUR).await;
    assert_eq!(destination.came().tries.len(), 6);
    ask();
    until("nothing is parked", || memory.parked().is_empty()).await;
    assert_eq!(destination.came().times(), each_once(4));
    assert_eq!(memory.place(), Place::after(Cursor(4)));
}

#[tokio::test(start_paused = true)]
async fn a_look_that_was_overtaken_tells_nothing_again() {
    let (events, memory) = (Events::new(), Memory::new());
    // It is told while the second look, at three seconds, finds it still wanted.
    let destination = Destination::new(|_, _, _| Said::After(Duration::from_millis(3050), Ok(())));
    memory.kept().look = Duration::from_millis(100);
    let letters = (1..=3).map(|it| (it, (event(Cursor(it), it), "no".to_owned(), true)));
    memory.kept().letters.extend(letters);
    let _runner = run(&destination, &events, &memory, options());
    until("nothing is parked", || memory.parked().is_empty()).await;
    sleep(HOUR).await;
    assert_eq!(destination.came().times(), each_once(3));
}

#[tokio::test(start_paused = true)]
async fn a_look_for_what_is_wanted_again_keeps_no_delivery_waiting() {
    let (events, memory) = (Events::new(), Memory::new());
    memory.kept().look = HOUR;
    let destination = Destination::new(|_, _, _| Said::Takes);
    let _runner = run(&destination, &events, &memory, options());
    // It looks from its beginning on.
    sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    events.add_all([1, 2, 1]);
    until("all is told", || destination.came().taken.len() == 3).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}
