//! What the store keeps of listeners.

use weir_status_api::{
    Bookmarks, Caller, Command, Control, Cursor, DeadLetter, DeadLetterChoice, DeadLetterField, Hold, Key,
    ListenAsk, ListenerStatus, MAX_DEAD_LETTERS, Place, Query, ReadExt,
};
use weir_status_db::{Database, Transition};
use weir_testbed::Postgres;

use crate::rig::{Rig, shorts};

fn park(event: i64) -> Transition {
    Transition::Listen {
        listener: "mail".to_owned(),
        holder: "m1".to_owned(),
        ask: ListenAsk::Park {
            event: Cursor(event),
            why: "no\0 ".to_owned() + &"\u{f6}".repeat(600),
        },
    }
}

impl Rig {
    async fn mail(&self) -> ListenerStatus {
        let mail = self.store.one(Key::Listener("mail".into())).await;
        mail.unwrap().value
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_box_of_dead_letters_takes_no_other_until_one_goes() {
    a_full_box_takes_no_other(Rig::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_box_of_dead_letters_takes_no_other_until_one_goes_on_postgresql() {
    let server = Postgres::start().unwrap();
    a_full_box_takes_no_other(Rig::on(Database::Postgres(server.url())).await).await;
}

async fn a_full_box_takes_no_other(rig: Rig) {
    let bookmarks = rig.store.bookmarks("m1");
    assert!(matches!(bookmarks.hold("mail", "mail").await, Ok(Hold::Ours(_))));
    let mut events = vec![];
    while events.len() <= MAX_DEAD_LETTERS {
        let before = rig.cursor().await;
        let (_, requests) = rig.buildset().await;
        rig.claim(requests[0]).await;
        let happened = rig.events(before).await;
        events.extend(happened.iter().map(|it| it.cursor.0));
    }
    events.truncate(MAX_DEAD_LETTERS + 1);
    let extra = events.pop().unwrap();
    let parked: Vec<Transition> = events.iter().map(|event| park(*event)).collect();
    let before = rig.cursor().await;
    rig.store.apply_all(parked).await.unwrap();
    let last = shorts(&rig.events(before).await).pop();
    assert_eq!(last, Some("listener mail updated, 1000 dead letters".to_owned()));

    let before = rig.cursor().await;
    let event = rig.events(Cursor(extra - 1)).await.remove(0);
    let why = "1000 dead letters are kept: deliver them again or drop them".to_owned();
    let refused = bookmarks.park("mail", &event, "no").await;
    assert_eq!(refused, Err(weir_status_api::Error::TooMany { why }));
    assert_eq!(rig.cursor().await, before, "what is refused leaves no event");
    let known = rig.events(Cursor(events[0] - 1)).await.remove(0);
    bookmarks.park("mail", &known, "still not").await.unwrap();
    assert_eq!(rig.mail().await.dead_letters, MAX_DEAD_LETTERS as i64);

    let oldest = Query::<DeadLetter>::new().ascending(DeadLetterField::Id).limit(2);
    let mut oldest = rig.store.page(oldest).await.unwrap().items;
    assert_eq!(oldest[0].event.cursor.0, events[0], "none has gone");
    bookmarks.unpark("mail", oldest[0].id.0).await.unwrap();
    bookmarks.park("mail", &event, "no").await.unwrap();
    assert_eq!(rig.mail().await.dead_letters, MAX_DEAD_LETTERS as i64);
    let oldest = oldest.remove(1);
    assert!(
        oldest.why.len() <= 1000 && oldest.why.starts_with("no \u{f6}"),
        "{}",
        oldest.why
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_life_of_a_process_goes_on_holding() {
    let rig = Rig::sqlite().await;
    let first = rig.store.bookmarks("master m1");
    assert!(matches!(first.hold("mail", "mail").await, Ok(Hold::Ours(_))));
    first.save("mail", &Place::after(Cursor(1))).await.unwrap();
    drop(first);
    let rig = rig.reopened().await;
    let again = rig.store.bookmarks("master m1");
    assert!(matches!(again.hold("mail", "mail").await, Ok(Hold::Ours(_))));
    assert_eq!(again.load("mail").await, Ok(Some(Place::after(Cursor(1)))));
    let other = rig.store.bookmarks("master m2");
    assert_eq!(
        other.hold("mail", "mail").await,
        Ok(Hold::Theirs("master m1".to_owned()))
    );
}

async fn wishes_come_to_the_runner(rig: Rig) {
    let bookmarks = rig.store.bookmarks("master m1");
    assert_eq!(bookmarks.asked_again("mail").await, Ok(vec![]));
    bookmarks.hold("mail", "mail").await.unwrap();
    let event = rig.events(Cursor::ZERO).await.remove(0);
    bookmarks.park("mail", &event, "404").await.unwrap();
    assert_eq!(bookmarks.asked_again("mail").await, Ok(vec![]));
    let letters = DeadLetterChoice::Of {
        listener: "mail".into(),
        first: Cursor::ZERO,
    };
    let again = Command::DeliverAgain { letters };
    rig.store.control(&Caller::named("ada"), again).await.unwrap();
    // Those from before know for a moment that nobody had asked.
    let later = rig.store.bookmarks("master m1");
    let asked = later.asked_again("mail").await.unwrap();
    assert_eq!(asked.iter().map(|it| &it.event).collect::<Vec<_>>(), [&*event]);
    bookmarks.unpark("mail", asked[0].id).await.unwrap();
    assert_eq!(rig.mail().await.dead_letters, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_ask_for_comes_to_the_runner() {
    wishes_come_to_the_runner(Rig::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_ask_for_comes_to_the_runner_on_postgresql() {
    let server = Postgres::start().unwrap();
    wishes_come_to_the_runner(Rig::on(Database::Postgres(server.url())).await).await;
}
