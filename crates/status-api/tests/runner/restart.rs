//! What becomes of events when runners are killed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use weir_status_api::{Cursor, Error, Place, Runner, RunnerOptions};

use crate::world::{Destination, Events, Memory, Said, later, options, run, until};

/// A number below `of` that looks like chance.
fn chance(seed: &mut u64, of: u64) -> u64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % of
}

#[tokio::test(start_paused = true)]
async fn whenever_it_is_killed_only_what_was_on_its_way_comes_twice() {
    const AT_ONCE: usize = 4;
    for mut seed in 0..30 {
        let (events, memory) = (Events::new(), Memory::new());
        // Now and then it takes nothing for a moment.
        let destination = Destination::new(|event, _, tries| match event % 7 {
            0 if tries < 3 => later(),
            _ => Said::Takes,
        });
        let mut kills = 0;
        let options = RunnerOptions {
            at_once: AT_ONCE,
            ..options()
        };
        let mut runner = run(&destination, &events, &memory, options);
        for _ in 0..40 {
            events.add_all((0..10).map(|_| chance(&mut seed, 30) as i64));
            sleep(Duration::from_millis(chance(&mut seed, 60))).await;
            runner.abort();
            let _ = runner.await;
            kills += 1;
            runner = run(&destination, &events, &memory, options);
        }
        until("all is told", || memory.place() == Place::after(Cursor(400))).await;
        let came = destination.came();
        let times = came.times();
        assert_eq!(times.len(), 400, "with seed {seed}");
        let repeats: usize = times.values().map(|it| it - 1).sum();
        assert!(repeats <= kills * AT_ONCE, "{repeats} repeats with seed {seed}");
        came.assert_in_order();
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_done_beyond_a_gap_is_not_told_again() {
    let (events, memory) = (Events::new(), Memory::new());
    let up = Instant::now() + Duration::from_secs(3600);
    let destination = Destination::new(move |_, build, _| match build {
        1 if Instant::now() < up => Said::After(Duration::from_secs(3600), Ok(())),
        _ => Said::Takes,
    });
    events.add_all([1, 2, 3, 4, 1, 5]);
    let runner = run(&destination, &events, &memory, options());
    let wanted = Place {
        after: Cursor(0),
        done: [2, 3, 4, 6].map(Cursor).to_vec(),
    };
    until("the others are done", || memory.place() == wanted).await;
    runner.abort();
    let _ = runner.await;
    let _runner = run(&destination, &events, &memory, options());
    until("all is done", || memory.place() == Place::after(Cursor(6))).await;
    let once: BTreeMap<i64, usize> = (1..=6).map(|it| (it, 1)).collect();
    assert_eq!(destination.came().times(), once);
}

#[tokio::test(start_paused = true)]
async fn what_is_on_its_way_comes_to_an_end_when_it_is_stopped() {
    let (events, memory) = (Events::new(), Memory::new());
    let memory = memory.of("first", Duration::from_secs(60));
    let destination = Destination::new(|_, _, _| Said::After(Duration::from_secs(2), Ok(())));
    events.add_all(1..=100);
    let runner = Runner::new(
        Arc::new(destination.clone()),
        Arc::new(events.clone()),
        Arc::new(memory.clone()),
        options(),
    );
    runner.run_until(sleep(Duration::from_secs(5))).await;
    let told = destination.came().taken.len();
    assert_eq!(told, destination.came().tries.len());
    assert!(told >= 16, "{told}");
    assert_eq!(memory.place(), Place::after(Cursor(told as i64)));
    assert!(memory.kept().hold.is_none(), "it is still held");
}

#[tokio::test(start_paused = true)]
async fn what_fails_while_it_is_stopped_is_left_for_the_next_time() {
    let (events, memory) = (Events::new(), Memory::new());
    let destination = Destination::new(|event, _, _| match event {
        1 => later(),
        _ => Said::After(Duration::from_secs(5), Ok(())),
    });
    events.add_all([1, 2]);
    let runner = Runner::new(
        Arc::new(destination.clone()),
        Arc::new(events.clone()),
        Arc::new(memory.clone()),
        options(),
    );
    let begun = Instant::now();
    // The pause of the one ends while the other is on its way.
    runner.run_until(sleep(Duration::from_millis(50))).await;
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    assert_eq!(destination.came().taken, [(2, 2)]);
    assert_eq!(
        memory.place(),
        Place {
            after: Cursor(0),
            done: vec![Cursor(2)]
        }
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_is_taken_up_although_a_delivery_hangs() {
    let (events, memory) = (Events::new(), Memory::new());
    let destination = Destination::new(|event, _, tries| match (event, tries) {
        (1, 1) => Said::After(Duration::from_secs(250), Ok(())),
        _ => Said::Takes,
    });
    events.add(1);
    let _runner = run(&destination, &events, &memory, options());
    sleep(Duration::from_secs(1)).await;
    events.cut();
    events.add_all(2..=20);
    let begun = Instant::now();
    until("the others are told", || destination.came().times().len() == 20).await;
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    until("all is done", || memory.place() == Place::after(Cursor(20))).await;
}

#[tokio::test(start_paused = true)]
async fn a_try_that_is_cut_off_keeps_no_other_from_trying() {
    let (events, memory) = (Events::new(), Memory::new());
    // The one that tries whether it takes again hangs.
    let destination = Destination::new(|_, _, tries| match tries {
        1..=3 => later(),
        4 => Said::After(Duration::from_secs(250), Ok(())),
        _ => Said::Takes,
    });
    events.add(1);
    let _runner = run(&destination, &events, &memory, options());
    until("it hangs", || destination.came().tries.len() == 4).await;
    events.cut();
    until("all is told", || memory.place() == Place::after(Cursor(1))).await;
    assert_eq!(destination.came().tries.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_its_turn_is_not_waited_for_when_it_is_stopped() {
    let (events, memory) = (Events::new(), Memory::new());
    let destination = Destination::new(|_, _, _| later());
    events.add_all(1..=20);
    let runner = Runner::new(
        Arc::new(destination.clone()),
        Arc::new(events.clone()),
        Arc::new(memory.clone()),
        options(),
    );
    let begun = Instant::now();
    // Nothing is asked of it for most of a minute by then.
    runner.run_until(sleep(Duration::from_secs(300))).await;
    assert!(
        begun.elapsed() < Duration::from_millis(300_100),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(memory.place(), Place::default());
}

#[tokio::test(start_paused = true)]
async fn a_place_that_cannot_be_kept_for_a_while_loses_nothing() {
    let (events, memory) = (Events::new(), Memory::new());
    let destination = Destination::new(|event, _, _| {
        let long = Duration::from_millis(5 * event.unsigned_abs() % 40);
        Said::After(long, Ok(()))
    });
    memory.kept().failures = (0..20).map(|_| Error::unavailable("the disk is full")).collect();
    events.add_all(1..=50);
    let _runner = run(&destination, &events, &memory, options());
    until("all is told", || memory.place() == Place::after(Cursor(50))).await;
    let times = destination.came().times();
    assert_eq!(times.len(), 50);
    // What was on its way when the place could not be kept has arrived, and is known.
    assert_eq!(destination.came().tries.len(), 50);
}

#[tokio::test(start_paused = true)]
async fn what_stands_in_the_way_is_parked_although_streams_break_all_the_time() {
    let (events, memory) = (Events::new(), Memory::new());
    let destination = Destination::new(|event, _, _| if event == 1 { later() } else { Said::Takes });
    events.add(1);
    let _runner = run(&destination, &events, &memory, options());
    for event in 2..=15 {
        sleep(Duration::from_secs(15)).await;
        events.cut();
        events.add(event);
        let added = Instant::now();
        until("it is told", || destination.came().times().contains_key(&event)).await;
        // What broke after a while is taken up at once; the destination may seem to be down.
        let long = added.elapsed();
        assert!(long < Duration::from_secs(15), "{long:?}");
    }
    assert_eq!(memory.parked().into_keys().collect::<Vec<_>>(), [1]);
    until("all is done", || memory.place() == Place::after(Cursor(15))).await;
}
