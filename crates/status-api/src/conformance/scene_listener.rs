//! The part of a scene that is about listeners: runners and people ask for all of it, through the API.

use serde_json::json;

use super::check::{next_event, patiently, watch};
use super::scene::Scene;
use crate::{
    Caller, Clock, Command, Cursor, DeadLetter, DeadLetterChoice, DeadLetterField, DeadLetterId, Entity,
    Event, Key, ListenAsk, ListenerStatus, Outcome, Place, Query, ReadExt, Start, Timestamp, TopicFilter,
};

/// A listener that waits, with dead letters.
pub(super) const MAIL: &str = "mail";
/// Listeners; the name of one would hurt in a path, a pattern or a query.
pub(super) const LISTENERS: [&str; 3] = [MAIL, "chät/100%_x?&=\"'", "Mail"];
/// The runner of all of them.
pub(super) const HOLDER: &str = "a-text-of-a-runner";
/// The same, for people.
pub(super) const ON: &str = "master m1";

impl Scene<'_> {
    /// Listeners that are held, released and waiting, and dead letters that somebody asked for again or not; one of the
    /// last, of [`MAIL`].
    pub(super) async fn listeners(&mut self) -> DeadLetterId {
        let [mail, chat, other] = LISTENERS;
        for (name, kind) in [(mail, "mail"), (chat, "chat"), (other, "webhook")] {
            self.hold(name, kind).await;
        }
        let place = Place {
            after: Cursor(3),
            done: vec![Cursor(5), Cursor(9)],
        };
        let rewinds = 0;
        self.ask(mail, ListenAsk::KeepPlace { place, rewinds }).await;
        let state = json!({"room": ["ä", 1]});
        self.ask(mail, ListenAsk::KeepState { state }).await;
        self.note(mail, Some("the relay answers: 421 é")).await;
        self.note(chat, Some("no answer")).await;
        self.note(chat, None).await;
        let first = self.park(mail, Cursor(2), "404 Not Found").await;
        self.park(mail, Cursor(4), "no such room: \"ü\" 100%").await;
        self.park(chat, Cursor(2), "404 Not Found").await;
        let again = self.park(chat, Cursor(6), "No").await;
        let first = first.expect("the event of a worker becomes a dead letter");
        self.deliver_again(again.expect("the event of a worker becomes a dead letter"))
            .await;
        self.deliver_again(first).await;
        self.park(mail, Cursor(2), "410 Gone").await;
        self.release(other).await;
        first
    }

    /// The listener of that name.
    pub(super) fn listener(&self, name: &str) -> ListenerStatus {
        let mut all = self.world.all::<ListenerStatus>().into_iter();
        all.find(|it| it.name == name)
            .expect("the scene has the listener")
    }

    /// The runner asks for something, which must be done.
    pub(super) async fn ask(&self, listener: &str, ask: ListenAsk) {
        let command = Command::Listen {
            listener: listener.to_owned(),
            holder: HOLDER.to_owned(),
            ask,
        };
        self.asked(command).await;
    }

    async fn asked(&self, command: Command) {
        self.tick();
        let done = self.api.control(&Caller::anonymous(), command.clone()).await;
        assert_eq!(done, Ok(Outcome::Done), "{command:?}");
    }

    /// The runner holds a listener for an hour.
    pub(super) async fn hold(&mut self, name: &str, kind: &str) {
        let ask = ListenAsk::Hold {
            kind: kind.to_owned(),
            on: ON.to_owned(),
            seconds: 3600,
        };
        self.ask(name, ask).await;
        let mut all = self.world.all::<ListenerStatus>().into_iter();
        let known = all.find(|it| it.name == name);
        let held = match known {
            Some(known) => ListenerStatus {
                kind: kind.to_owned(),
                held_by: Some(ON.to_owned()),
                ..known
            },
            None => ListenerStatus {
                id: self.look::<ListenerStatus>(Key::Listener(name.into())).await.id,
                name: name.to_owned(),
                kind: kind.to_owned(),
                held_by: Some(ON.to_owned()),
                held_until: None,
                waiting: false,
                waiting_reason: None,
                waiting_since: None,
                place: None,
                dead_letters: 0,
            },
        };
        self.world.put(held);
    }

    /// The runner ends.
    pub(super) async fn release(&mut self, name: &str) {
        self.ask(name, ListenAsk::Release).await;
        let held_by = None;
        self.world.put(ListenerStatus {
            held_by,
            ..self.listener(name)
        });
    }

    /// The listener fares well, or waits.
    pub(super) async fn note(&mut self, name: &str, waiting: Option<&str>) {
        let waiting = waiting.map(str::to_owned);
        let ask = ListenAsk::Note {
            waiting: waiting.clone(),
        };
        self.ask(name, ask).await;
        let now = self.now();
        let before = self.listener(name);
        self.world.put(ListenerStatus {
            waiting: waiting.is_some(),
            waiting_since: waiting.is_some().then(|| before.waiting_since.unwrap_or(now)),
            waiting_reason: waiting,
            ..before
        });
    }

    /// The listener cannot deliver the event; none if that is about listeners.
    pub(super) async fn park(&mut self, name: &str, event: Cursor, why: &str) -> Option<DeadLetterId> {
        let event = self.event(event).await;
        let ask = ListenAsk::Park {
            event: event.cursor,
            why: why.to_owned(),
        };
        self.ask(name, ask).await;
        let of = self.listener(name);
        let mut known = self.world.all::<DeadLetter>().into_iter();
        let known = known.find(|it| it.listener == of.id && it.event.cursor == event.cursor);
        let parked = match known {
            Some(known) => known,
            None if is_about_listeners(&event.entity) => return None,
            None => {
                let newest = Query::<DeadLetter>::new()
                    .eq(DeadLetterField::Listener, of.id)
                    .descending(DeadLetterField::Id)
                    .limit(1);
                let page = self.api.page(newest).await.expect("dead letters are listed");
                let letter = page.items.into_iter().next().expect("a dead letter is there");
                self.world.put(ListenerStatus {
                    dead_letters: of.dead_letters + 1,
                    ..of
                });
                DeadLetter {
                    id: letter.id,
                    listener: letter.listener,
                    event: Box::new(event),
                    why: String::new(),
                    parked_at: self.now(),
                    again: false,
                }
            }
        };
        let id = parked.id;
        self.world.put(DeadLetter {
            why: why.to_owned(),
            parked_at: self.now(),
            again: false,
            ..parked
        });
        Some(id)
    }

    /// Somebody asks to deliver a dead letter again.
    pub(super) async fn deliver_again(&mut self, letter: DeadLetterId) {
        let letters = DeadLetterChoice::One(letter);
        self.asked(Command::DeliverAgain { letters }).await;
        let letter: DeadLetter = self.world.one(letter.0);
        self.world.put(DeadLetter {
            again: true,
            ..letter
        });
    }

    /// Somebody forgets a dead letter.
    pub(super) async fn forget(&mut self, letter: DeadLetterId) {
        let letters = DeadLetterChoice::One(letter);
        self.asked(Command::DropDeadLetters { letters }).await;
        let letter: DeadLetter = self.world.one(letter.0);
        let of: ListenerStatus = self.world.one(letter.listener.0);
        self.world.remove(&letter.into());
        self.world.put(ListenerStatus {
            dead_letters: of.dead_letters - 1,
            ..of
        });
    }

    fn now(&self) -> Timestamp {
        self.writer.clock().now()
    }

    /// The event at that place.
    pub(super) async fn event(&self, cursor: Cursor) -> Event {
        let before = Start::After(Cursor(cursor.0 - 1));
        let mut stream = watch(&*self.api, &TopicFilter::all(), before).await;
        let event = next_event(&mut stream).await;
        assert_eq!(event.cursor, cursor, "events are dense");
        (*event).clone()
    }
}

fn is_about_listeners(entity: &Entity) -> bool {
    match entity {
        Entity::Listener(_) | Entity::DeadLetter(_) => true,
        Entity::Control(record) => matches!(record.target, crate::ControlTarget::Listener(_)),
        _ => false,
    }
}

/// What is kept of a listener.
pub(super) async fn recall(scene: &Scene<'_>, name: &str) -> Outcome {
    let command = || Command::Listen {
        listener: name.to_owned(),
        holder: HOLDER.to_owned(),
        ask: ListenAsk::Recall,
    };
    patiently("a recall", async || {
        scene.api.control(&Caller::anonymous(), command()).await
    })
    .await
}
