//! Cases: who holds a listener, where it is in the events, and when it is forgotten.

use std::sync::Arc;

use serde_json::json;

use super::check::newest;
use super::control::{asked, must_record, ordered};
use super::keyed::NO;
use super::scene::Scene;
use super::scene_listener::{HOLDER, MAIL, ON, recall};
use super::stage::Stage;
use super::story::{Story, setup};
use crate::{
    Caller, Clock, Command, ControlAction, ControlTarget, Cursor, DeadLetter, DeadLetterChoice, DeadLetterId,
    Error, Event, Key, ListenAsk, ListenerId, ListenerStatus, Outcome, Place, Query, ReadExt, Result,
};

/// Another runner than that of the scene.
const OTHER: &str = "another-text";

pub(super) async fn scene(stage: &dyn Stage) -> Scene<'_> {
    let mut scene = Scene::new(stage, setup()).await;
    scene.hold(MAIL, "mail").await;
    scene
}

pub(super) async fn ask(scene: &Scene<'_>, holder: &str, ask: ListenAsk) -> Result<Outcome> {
    let command = Command::Listen {
        listener: MAIL.to_owned(),
        holder: holder.to_owned(),
        ask,
    };
    scene.api.control(&Caller::anonymous(), command).await
}

fn hold(on: &str, seconds: u32) -> ListenAsk {
    ListenAsk::Hold {
        kind: "mail".to_owned(),
        on: on.to_owned(),
        seconds,
    }
}

fn keep(after: i64, rewinds: i64) -> ListenAsk {
    let place = Place::after(Cursor(after));
    ListenAsk::KeepPlace { place, rewinds }
}

/// All that another runner could harm.
fn harms() -> Vec<ListenAsk> {
    let why = || "no".to_owned();
    vec![
        keep(1, 0),
        ListenAsk::Note { waiting: Some(why()) },
        ListenAsk::Park {
            event: Cursor(1),
            why: why(),
        },
        ListenAsk::Unpark {
            letter: DeadLetterId(1),
        },
        ListenAsk::KeepState { state: json!(1) },
        ListenAsk::Release,
    ]
}

pub(super) async fn one_runner_holds_a_listener(stage: &dyn Stage) {
    let scene = scene(stage).await;
    let before = newest(&*scene.api).await;
    let theirs = ask(&scene, OTHER, hold("weir listen", 60)).await;
    assert_eq!(theirs, Ok(Outcome::HeldByAnother { on: ON.to_owned() }));
    for harm in harms() {
        let got = ask(&scene, OTHER, harm.clone()).await;
        assert!(
            matches!(got, Err(Error::Conflict { .. })),
            "{harm:?} gives {got:?}"
        );
    }
    assert_eq!(
        newest(&*scene.api).await,
        before,
        "what is refused leaves no event"
    );
    let held: ListenerStatus = scene.look(Key::Listener(MAIL.into())).await;
    assert_eq!(held.held_by.as_deref(), Some(ON));
}

pub(super) async fn a_hold_ends_by_itself(stage: &dyn Stage) {
    let scene = scene(stage).await;
    assert_eq!(ask(&scene, HOLDER, hold(ON, 60)).await, Ok(Outcome::Done));
    scene.writer.clock().advance(std::time::Duration::from_secs(59));
    let still = ask(&scene, OTHER, hold("weir listen", 60)).await;
    assert!(matches!(still, Ok(Outcome::HeldByAnother { .. })), "{still:?}");
    scene.writer.clock().advance(std::time::Duration::from_secs(2));
    // The runner may still be there: what it does is right until another one has the listener.
    assert_eq!(ask(&scene, HOLDER, keep(1, 0)).await, Ok(Outcome::Done));
    assert_eq!(
        ask(&scene, OTHER, hold("weir listen", 60)).await,
        Ok(Outcome::Done)
    );
    for harm in harms() {
        let got = ask(&scene, HOLDER, harm.clone()).await;
        assert!(
            matches!(got, Err(Error::Conflict { .. })),
            "{harm:?} gives {got:?}"
        );
    }
    let held: ListenerStatus = scene.look(Key::Listener(MAIL.into())).await;
    assert_eq!(held.held_by.as_deref(), Some("weir listen"));
}

pub(super) async fn who_releases_it_lets_others_hold_it_at_once(stage: &dyn Stage) {
    let mut scene = scene(stage).await;
    scene.release(MAIL).await;
    let free: ListenerStatus = scene.look(Key::Listener(MAIL.into())).await;
    let now = scene.writer.clock().now();
    assert_eq!(
        (free.held_by, free.held_until),
        (None, Some(now)),
        "since when nobody runs it"
    );
    // What it still had on its way comes too late.
    for late in harms() {
        let released = matches!(late, ListenAsk::Release);
        let answer = ask(&scene, HOLDER, late.clone()).await;
        let as_it_has_to_be = match released {
            true => answer == Ok(Outcome::Done),
            false => matches!(answer, Err(Error::Conflict { .. })),
        };
        assert!(as_it_has_to_be, "{late:?}: {answer:?}");
    }
    assert_eq!(
        ask(&scene, OTHER, hold("weir listen", 60)).await,
        Ok(Outcome::Done)
    );
}

pub(super) async fn what_comes_all_the_time_has_no_event(stage: &dyn Stage) {
    let scene = scene(stage).await;
    let before = newest(&*scene.api).await;
    for again in [
        hold(ON, 60),
        keep(1, 0),
        keep(2, 0),
        ListenAsk::Note { waiting: None },
    ] {
        assert_eq!(ask(&scene, HOLDER, again).await, Ok(Outcome::Done));
    }
    assert_eq!(
        newest(&*scene.api).await,
        before,
        "nothing happened that anybody must hear of"
    );
    let read: ListenerStatus = scene.look(Key::Listener(MAIL.into())).await;
    assert_eq!(read.place, Some(Cursor(2)));
}

pub(super) async fn places_and_states_are_kept(stage: &dyn Stage) {
    let scene = scene(stage).await;
    let nothing = Outcome::Recalled {
        place: None,
        rewinds: 0,
        state: None,
    };
    assert_eq!(recall(&scene, MAIL).await, nothing);
    let place = Place {
        after: Cursor(2),
        done: vec![Cursor(4), Cursor(7)],
    };
    for state in [json!(null), json!([1]), json!({"a": {"b": ["ä", 0.5, true]}})] {
        let kept = ListenAsk::KeepState { state: state.clone() };
        assert_eq!(ask(&scene, HOLDER, kept).await, Ok(Outcome::Done));
        let kept = ListenAsk::KeepPlace {
            place: place.clone(),
            rewinds: 0,
        };
        assert_eq!(ask(&scene, HOLDER, kept).await, Ok(Outcome::Done));
        let expected = Outcome::Recalled {
            place: Some(place.clone()),
            rewinds: 0,
            state: Some(state),
        };
        assert_eq!(recall(&scene, MAIL).await, expected);
    }
}

pub(super) async fn a_listener_that_is_not_known_is_not_found(stage: &dyn Stage) {
    let scene = Scene::new(stage, setup()).await;
    let asks = harms().into_iter().chain([ListenAsk::Recall]);
    for unknown in asks {
        let got = ask(&scene, HOLDER, unknown.clone()).await;
        assert!(
            matches!(got, Err(Error::NotFound { .. })),
            "{unknown:?} gives {got:?}"
        );
    }
    let all = scene.api.page(Query::<ListenerStatus>::new()).await;
    assert_eq!(all.expect("a page").items, [], "none is made");
}

pub(super) async fn a_rewound_listener_must_load_its_place(stage: &dyn Stage) {
    let scene = scene(stage).await;
    let (place, rewinds) = (Place::after(Cursor(5)), 0);
    let kept = ask(&scene, HOLDER, ListenAsk::KeepPlace { place, rewinds }).await;
    assert_eq!(kept, Ok(Outcome::Done));
    let rewind = |first| Command::RewindListener {
        listener: MAIL.into(),
        first: Cursor(first),
    };
    let (outcome, events) = ordered(&scene, &*scene.api, &Caller::anonymous(), rewind(3)).await;
    assert_eq!(outcome, Ok(Outcome::Done));
    let id = scene.listener(MAIL).id;
    let told = asked(
        ControlTarget::Listener(id),
        ControlAction::Replay,
        Some("all events from 3 on"),
    );
    must_record(&events, &told);
    let late = ask(&scene, HOLDER, keep(6, 0)).await;
    assert!(
        matches!(late, Err(Error::Conflict { .. })),
        "an old place is refused: {late:?}"
    );
    let back = |after, rewinds| Outcome::Recalled {
        place: Some(Place::after(Cursor(after))),
        rewinds,
        state: None,
    };
    assert_eq!(recall(&scene, MAIL).await, back(2, 1));
    assert_eq!(ask(&scene, HOLDER, keep(4, 1)).await, Ok(Outcome::Done));
    // A place that is not as far yet stays.
    let before = newest(&*scene.api).await;
    for command in [rewind(5), rewind(9)] {
        let done = scene.api.control(&Caller::anonymous(), command).await;
        assert_eq!(done, Ok(Outcome::Done));
    }
    assert_eq!(recall(&scene, MAIL).await, back(4, 1));
    assert_eq!(newest(&*scene.api).await, before);
}

pub(super) async fn what_is_no_longer_kept_cannot_come_again(stage: &dyn Stage) {
    if !stage.abilities().expire_events {
        return;
    }
    let scene = scene(stage).await;
    assert_eq!(ask(&scene, HOLDER, keep(6, 0)).await, Ok(Outcome::Done));
    scene.writer.expire_events(Cursor(3)).await;
    let rewind = Command::RewindListener {
        listener: MAIL.into(),
        first: Cursor(3),
    };
    let got = scene.api.control(&Caller::anonymous(), rewind).await;
    assert_eq!(got, Err(Error::CursorExpired { oldest: Cursor(3) }));
    let park = ListenAsk::Park {
        event: Cursor(3),
        why: "no".to_owned(),
    };
    let got = ask(&scene, HOLDER, park).await;
    assert_eq!(got, Err(Error::CursorExpired { oldest: Cursor(3) }));
}

pub(super) async fn who_is_held_is_not_forgotten(stage: &dyn Stage) {
    let mut scene = scene(stage).await;
    scene.park(MAIL, Cursor(2), "no").await;
    let before = newest(&*scene.api).await;
    let got = forget(&scene).await;
    let Err(Error::Conflict { why }) = &got else {
        panic!("it is forgotten: {got:?}")
    };
    assert!(why.contains(MAIL) && why.contains(ON), "{why}");
    assert_eq!(
        newest(&*scene.api).await,
        before,
        "what is refused leaves no event"
    );
    // Its runner is gone without a word.
    scene.writer.clock().advance(std::time::Duration::from_secs(3601));
    assert_eq!(forget(&scene).await, Ok(Outcome::Done));
}

async fn forget(scene: &Scene<'_>) -> Result<Outcome> {
    let listener = MAIL.into();
    let command = Command::ForgetListener { listener };
    scene.api.control(&Caller::anonymous(), command).await
}

pub(super) async fn a_forgotten_listener_is_gone_and_begins_as_a_new_one(stage: &dyn Stage) {
    let mut scene = scene(stage).await;
    let letters = [
        scene.park(MAIL, Cursor(2), "no").await,
        scene.park(MAIL, Cursor(3), "no").await,
    ];
    assert_eq!(ask(&scene, HOLDER, keep(5, 0)).await, Ok(Outcome::Done));
    let state = json!({"room": 1});
    assert_eq!(
        ask(&scene, HOLDER, ListenAsk::KeepState { state }).await,
        Ok(Outcome::Done)
    );
    scene.hold("other", "mail").await;
    let of_other = scene.park("other", Cursor(2), "no").await.expect("a dead letter");
    scene.release(MAIL).await;
    let gone = scene.listener(MAIL).id;
    let command = Command::ForgetListener {
        listener: MAIL.into(),
    };
    let (outcome, events) = ordered(&scene, &*scene.api, &Caller::anonymous(), command).await;
    assert_eq!(outcome, Ok(Outcome::Done));
    let told = asked(
        ControlTarget::Listener(gone),
        ControlAction::Drop,
        Some("the listener `mail`, with 2 dead letters"),
    );
    must_record(&events, &told);
    for letter in letters.map(|it| it.expect("a dead letter")) {
        must_delete(&events, &format!("dead_letters/{letter}/deleted"));
        let read = scene.api.get(Key::DeadLetter(letter)).await;
        assert!(matches!(read, Err(Error::NotFound { .. })), "{read:?}");
    }
    must_delete(&events, &format!("listeners/{gone}/deleted"));
    for key in [Key::Listener(MAIL.into()), Key::Listener(gone.into())] {
        let read = scene.api.get(key).await;
        assert!(matches!(read, Err(Error::NotFound { .. })), "{read:?}");
    }
    let other: DeadLetter = scene.look(Key::DeadLetter(of_other)).await;
    assert_eq!(other.id, of_other, "those of others stay");

    assert_eq!(
        ask(&scene, OTHER, hold("weir listen", 60)).await,
        Ok(Outcome::Done)
    );
    let new: ListenerStatus = scene.look(Key::Listener(MAIL.into())).await;
    assert_ne!(new.id, gone, "ids are not given twice");
    assert_eq!((new.place, new.dead_letters), (None, 0));
    let nothing = Outcome::Recalled {
        place: None,
        rewinds: 0,
        state: None,
    };
    assert_eq!(recall(&scene, MAIL).await, nothing);
}

fn must_delete(events: &[Arc<Event>], topic: &str) {
    let told = events
        .iter()
        .flat_map(|event| event.topics())
        .any(|it| it.to_string() == topic);
    assert!(told, "{topic} is an event");
}

pub(super) async fn wishes_for_nothing_are_not_found(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let before = newest(&*scene.api).await;
    let one = || DeadLetterChoice::One(DeadLetterId(NO));
    let of = || DeadLetterChoice::Of {
        listener: ListenerId(NO).into(),
        first: Cursor::ZERO,
    };
    for command in [
        Command::DeliverAgain { letters: one() },
        Command::DeliverAgain { letters: of() },
        Command::DropDeadLetters { letters: one() },
        Command::DropDeadLetters { letters: of() },
        Command::RewindListener {
            listener: "nobody's".into(),
            first: Cursor(1),
        },
        Command::ForgetListener {
            listener: "nobody's".into(),
        },
    ] {
        let name = format!("{command:?}");
        let got = scene.api.control(&Caller::anonymous(), command).await;
        assert!(matches!(got, Err(Error::NotFound { .. })), "{name} gives {got:?}");
    }
    assert_eq!(
        newest(&*scene.api).await,
        before,
        "what is refused leaves no event"
    );
}
