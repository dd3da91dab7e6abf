//! Cases: what a listener could not deliver.

use futures::{StreamExt, stream};

use super::check::newest;
use super::commands::SCHEDULER;
use super::control::{asked, must_record, ordered};
use super::listeners::{ask, scene};
use super::scene_listener::{HOLDER, MAIL};
use super::stage::Stage;
use crate::{
    Caller, Command, ControlAction, ControlTarget, Cursor, DeadLetter, DeadLetterChoice, Error, Key,
    ListenAsk, ListenerStatus, MAX_DEAD_LETTERS, Outcome, Query, ReadExt, SchedulerKey,
};

pub(super) async fn a_dead_letter_outlives_its_event(stage: &dyn Stage) {
    if !stage.abilities().expire_events {
        return;
    }
    let mut scene = scene(stage).await;
    let event = scene.event(Cursor(2)).await;
    let letter = scene.park(MAIL, Cursor(2), "no").await.expect("a dead letter");
    scene.writer.expire_events(Cursor(4)).await;
    let kept: DeadLetter = scene.look(Key::DeadLetter(letter)).await;
    assert_eq!(*kept.event, event);
    let again = ListenAsk::Park {
        event: Cursor(2),
        why: "still not".to_owned(),
    };
    assert_eq!(ask(&scene, HOLDER, again).await, Ok(Outcome::Done));
    let kept: DeadLetter = scene.look(Key::DeadLetter(letter)).await;
    assert_eq!((*kept.event, kept.why.as_str()), (event, "still not"));
}

pub(super) async fn an_event_is_one_dead_letter(stage: &dyn Stage) {
    let mut scene = scene(stage).await;
    let letter = scene.park(MAIL, Cursor(2), "no").await.expect("a dead letter");
    scene.deliver_again(letter).await;
    let asked: DeadLetter = scene.look(Key::DeadLetter(letter)).await;
    assert!(asked.again);
    assert_eq!(scene.park(MAIL, Cursor(2), "still not").await, Some(letter));
    let listed = scene
        .api
        .page(Query::<DeadLetter>::new())
        .await
        .expect("dead letters")
        .items;
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!((listed[0].why.as_str(), listed[0].again), ("still not", false));
    let of: ListenerStatus = scene.look(Key::Listener(MAIL.into())).await;
    assert_eq!(of.dead_letters, 1);
}

pub(super) async fn a_full_box_takes_no_other_until_one_goes(stage: &dyn Stage) {
    let scene = scene(stage).await;
    let begin = newest(&*scene.api).await;
    let scheduler = SchedulerKey::Id(scene.ids.schedulers[SCHEDULER]);
    for number in 0..=MAX_DEAD_LETTERS {
        let (scheduler, enabled) = (scheduler.clone(), number % 2 == 1);
        let command = Command::EnableScheduler { scheduler, enabled };
        let done = scene.api.control(&Caller::anonymous(), command).await;
        assert_eq!(done, Ok(Outcome::Done));
    }
    let park = |number: usize| ListenAsk::Park {
        event: Cursor(begin.0 + 1 + number as i64),
        why: "no".to_owned(),
    };
    let (scene, park) = (&scene, &park);
    let parked = stream::iter(0..MAX_DEAD_LETTERS).map(|number| ask(scene, HOLDER, park(number)));
    let parked: Vec<_> = parked.buffer_unordered(16).collect().await;
    assert!(parked.iter().all(|it| *it == Ok(Outcome::Done)), "{parked:?}");

    let before = newest(&*scene.api).await;
    let refused = ask(scene, HOLDER, park(MAX_DEAD_LETTERS)).await;
    let Err(Error::TooMany { why }) = &refused else {
        panic!("another is kept: {refused:?}")
    };
    assert_eq!(why, "1000 dead letters are kept: deliver them again or drop them");
    assert_eq!(
        newest(&*scene.api).await,
        before,
        "what is refused leaves no event"
    );
    // One that is kept already has its place.
    assert_eq!(ask(scene, HOLDER, park(0)).await, Ok(Outcome::Done));
    let listed = Query::<DeadLetter>::new().limit(1);
    let letter = scene.api.page(listed).await.expect("dead letters").items[0].id;
    assert_eq!(
        ask(scene, HOLDER, ListenAsk::Unpark { letter }).await,
        Ok(Outcome::Done)
    );
    assert_eq!(
        ask(scene, HOLDER, park(MAX_DEAD_LETTERS)).await,
        Ok(Outcome::Done)
    );
    let of: ListenerStatus = scene.look(Key::Listener(MAIL.into())).await;
    assert_eq!(of.dead_letters, MAX_DEAD_LETTERS as i64);
}

pub(super) async fn what_was_delivered_is_no_dead_letter(stage: &dyn Stage) {
    let mut scene = scene(stage).await;
    let letter = scene.park(MAIL, Cursor(2), "no").await.expect("a dead letter");
    for _ in 0..2 {
        assert_eq!(
            ask(&scene, HOLDER, ListenAsk::Unpark { letter }).await,
            Ok(Outcome::Done)
        );
    }
    let gone = scene.api.get(Key::DeadLetter(letter)).await;
    assert!(matches!(gone, Err(Error::NotFound { .. })), "{gone:?}");
    let of: ListenerStatus = scene.look(Key::Listener(MAIL.into())).await;
    assert_eq!(of.dead_letters, 0);
}

pub(super) async fn what_is_about_listeners_is_no_dead_letter(stage: &dyn Stage) {
    let mut scene = scene(stage).await;
    let made = newest(&*scene.api).await;
    assert_eq!(
        scene.park(MAIL, made, "no").await,
        None,
        "the event of the listener itself"
    );
    assert_eq!(
        newest(&*scene.api).await,
        made,
        "nothing is told: a listener of all events would hear of it"
    );
    let letter = scene.park(MAIL, Cursor(2), "no").await.expect("a dead letter");
    scene.deliver_again(letter).await;
    let last = newest(&*scene.api).await;
    for cursor in made.0 + 1..=last.0 {
        assert_eq!(scene.park(MAIL, Cursor(cursor), "no").await, None);
    }
    assert_eq!(newest(&*scene.api).await, last);
}

pub(super) async fn some_are_delivered_again_or_forgotten(stage: &dyn Stage) {
    let mut scene = scene(stage).await;
    for event in [2, 3, 4] {
        scene.park(MAIL, Cursor(event), "no").await;
    }
    let of = |first| DeadLetterChoice::Of {
        listener: MAIL.into(),
        first: Cursor(first),
    };
    let id = scene.listener(MAIL).id;
    let commands = [
        (
            Command::DeliverAgain { letters: of(3) },
            ControlAction::Replay,
            "2 dead letters",
        ),
        (
            Command::DropDeadLetters { letters: of(4) },
            ControlAction::Drop,
            "dead letter 3",
        ),
    ];
    let [_, _, last] = &scene.world.all::<DeadLetter>()[..] else {
        panic!("there are three dead letters")
    };
    for (command, action, why) in commands {
        let (outcome, events) = ordered(&scene, &*scene.api, &Caller::anonymous(), command).await;
        assert_eq!(outcome, Ok(Outcome::Done));
        let why = why.replace("letter 3", &format!("letter {}", last.id));
        must_record(&events, &asked(ControlTarget::Listener(id), action, Some(&why)));
    }
    let left = scene
        .api
        .page(Query::<DeadLetter>::new())
        .await
        .expect("dead letters")
        .items;
    let left: Vec<_> = left.iter().map(|it| (it.event.cursor.0, it.again)).collect();
    assert_eq!(left, [(2, false), (3, true)]);
    let of: ListenerStatus = scene.look(Key::Listener(MAIL.into())).await;
    assert_eq!(of.dead_letters, 2);
}
