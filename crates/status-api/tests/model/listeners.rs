//! Listeners: who holds them, where they are, and what they could not deliver.

use std::collections::BTreeMap;

use serde_json::Value;
use weir_status_api::{
    Caller, ControlAction, ControlTarget, Cursor, DeadLetter, DeadLetterChoice, DeadLetterId, Entity, Error,
    ListenAsk, ListenerId, ListenerKey, ListenerStatus, MAX_DEAD_LETTERS, MAX_LEASE, Outcome, Place, Result,
    Timestamp, Verb,
};

use super::{Fault, State, Transaction};

/// What is kept of a listener and nobody sees.
#[derive(Default)]
pub(super) struct Kept {
    holder: Option<String>,
    done: Vec<Cursor>,
    rewinds: i64,
    state: Option<Value>,
}

impl State {
    pub(super) fn find_listener(&self, key: &ListenerKey) -> Result<&ListenerStatus> {
        let found = self.listeners.iter().find(|it| match key {
            ListenerKey::Id(id) => it.id == *id,
            ListenerKey::Name(name) => it.name == *name,
        });
        found.ok_or_else(|| Error::not_found(key))
    }
}

impl Transaction<'_> {
    /// What a runner asks for.
    pub(super) fn listen(&mut self, name: &str, holder: &str, ask: ListenAsk) -> Result<Outcome> {
        match ask {
            ListenAsk::Hold { kind, on, seconds } => return self.hold(name, holder, kind, on, seconds),
            ListenAsk::Recall => return self.recall(name),
            ListenAsk::KeepPlace { place, rewinds } => self.keep_place(name, holder, place, rewinds)?,
            ListenAsk::Release => {
                let (listener, now) = (self.find_listener(&name.into())?, self.now);
                if listener.held_by.is_some() {
                    let id = self.held(name, holder)?;
                    self.kept.entry(id).or_default().holder = None;
                    self.change(id, |it| (it.held_by, it.held_until) = (None, Some(now)));
                }
            }
            ListenAsk::Note { waiting } => {
                let (id, now) = (self.held(name, holder)?, self.now);
                let known = self.find_listener(&id.into())?;
                if known.waiting_reason != waiting {
                    self.change(id, |it| {
                        it.waiting = waiting.is_some();
                        it.waiting_since = waiting.is_some().then(|| it.waiting_since.unwrap_or(now));
                        it.waiting_reason = waiting;
                    });
                }
            }
            ListenAsk::Park { event, why } => {
                let id = self.held(name, holder)?;
                self.park(id, event, why)?;
            }
            ListenAsk::Unpark { letter } => {
                let id = self.held(name, holder)?;
                if self
                    .dead_letters
                    .iter()
                    .any(|it| it.id == letter && it.listener == id)
                {
                    self.remove(letter);
                    self.change(id, |it| it.dead_letters -= 1);
                }
            }
            ListenAsk::KeepState { state } => {
                let id = self.held(name, holder)?;
                self.kept.entry(id).or_default().state = Some(state);
            }
        }
        Ok(Outcome::Done)
    }

    /// The listener, which that runner holds.
    fn held(&self, name: &str, holder: &str) -> Result<ListenerId> {
        let listener = self.find_listener(&name.into())?;
        let by = self.kept.get(&listener.id).and_then(|it| it.holder.as_deref());
        match by {
            Some(own) if own == holder => Ok(listener.id),
            _ if self.has(Fault::TakesFromAnybody) => Ok(listener.id),
            _ => Err(Error::Conflict {
                why: format!("the listener `{name}` is not held by this runner"),
            }),
        }
    }

    fn made(&mut self, name: &str, kind: &str) -> ListenerId {
        if let Ok(known) = self.find_listener(&name.into()) {
            return known.id;
        }
        self.made += 1;
        let id = ListenerId(self.made);
        let new = ListenerStatus {
            id,
            name: name.to_owned(),
            kind: kind.to_owned(),
            held_by: None,
            held_until: None,
            waiting: false,
            waiting_reason: None,
            waiting_since: None,
            place: None,
            dead_letters: 0,
        };
        self.listeners.push(new.clone());
        self.emit(Verb::New, new);
        id
    }

    fn hold(&mut self, name: &str, holder: &str, kind: String, on: String, seconds: u32) -> Result<Outcome> {
        let (id, now) = (self.made(name, &kind), self.now);
        let shared = self.has(Fault::SharesListeners);
        let kept = self.state.kept.entry(id).or_default();
        let known = self.state.listeners.iter_mut().find(|it| it.id == id);
        let known = known.expect("it was made");
        let is_theirs = kept.holder.as_deref().is_some_and(|it| it != holder);
        if is_theirs && known.held_until.is_some_and(|until| until >= now) && !shared {
            let on = known.held_by.clone().unwrap_or_default();
            return Ok(Outcome::HeldByAnother { on });
        }
        let is_news = kept.holder.as_deref() != Some(holder)
            || known.held_by.as_ref() != Some(&on)
            || known.kind != kind;
        kept.holder = Some(holder.to_owned());
        let lease = i64::from(seconds.min(MAX_LEASE)) * 1_000_000;
        known.held_until = Some(Timestamp(now.0 + lease));
        known.held_by = Some(on);
        known.kind = kind;
        if is_news {
            let known = known.clone();
            self.emit(Verb::Updated, known);
        }
        Ok(Outcome::Done)
    }

    fn recall(&self, name: &str) -> Result<Outcome> {
        let listener = self.find_listener(&name.into())?;
        let empty = Kept::default();
        let kept = self.kept.get(&listener.id).unwrap_or(&empty);
        Ok(Outcome::Recalled {
            place: listener.place.map(|after| Place {
                after,
                done: kept.done.clone(),
            }),
            rewinds: kept.rewinds,
            state: kept.state.clone(),
        })
    }

    fn keep_place(&mut self, name: &str, holder: &str, place: Place, rewinds: i64) -> Result<()> {
        let id = self.held(name, holder)?;
        let careless = self.has(Fault::ForgetsRewinds);
        let kept = self.kept.entry(id).or_default();
        if kept.rewinds != rewinds && !careless {
            return Err(Error::Conflict {
                why: format!("the listener `{name}` was rewound"),
            });
        }
        kept.done = place.done;
        if let Some(known) = self.listeners.iter_mut().find(|it| it.id == id) {
            known.place = Some(place.after);
        }
        if self.has(Fault::TellsOfPlaces) {
            self.change(id, |_| ());
        }
        Ok(())
    }

    fn park(&mut self, listener: ListenerId, cursor: Cursor, why: String) -> Result<()> {
        let (now, twice) = (self.now, self.has(Fault::ParksTwice));
        let same = |it: &&mut DeadLetter| it.listener == listener && it.event.cursor == cursor && !twice;
        if let Some(known) = self.dead_letters.iter_mut().find(same) {
            (known.why, known.parked_at, known.again) = (why, now, false);
            let known = known.clone();
            self.emit(Verb::Updated, known);
            return Ok(());
        }
        if cursor <= self.oldest {
            return Err(Error::CursorExpired { oldest: self.oldest });
        }
        let event = self.events.iter().find(|it| it.cursor == cursor);
        let event = event.ok_or_else(|| Error::not_found(format!("event {cursor}")))?;
        let event = Box::new((**event).clone());
        let is_about_listeners = match &event.entity {
            Entity::Listener(_) | Entity::DeadLetter(_) => true,
            Entity::Control(record) => matches!(record.target, ControlTarget::Listener(_)),
            _ => false,
        };
        if is_about_listeners && !self.has(Fault::ParksWhatIsAboutListeners) {
            return Ok(());
        }
        let theirs = self.dead_letters.iter().filter(|it| it.listener == listener);
        if theirs.count() >= MAX_DEAD_LETTERS && !self.has(Fault::ParksBeyondTheMost) {
            let why = format!("{MAX_DEAD_LETTERS} dead letters are kept: deliver them again or drop them");
            return Err(Error::TooMany { why });
        }
        self.parked += 1;
        let letter = DeadLetter {
            id: DeadLetterId(self.parked),
            listener,
            event,
            why,
            parked_at: now,
            again: false,
        };
        self.dead_letters.push(letter.clone());
        self.emit(Verb::New, letter);
        self.change(listener, |it| it.dead_letters += 1);
        Ok(())
    }

    fn remove(&mut self, letter: DeadLetterId) {
        if let Some(place) = self.dead_letters.iter().position(|it| it.id == letter) {
            let letter = self.dead_letters.remove(place);
            self.emit(Verb::Deleted, letter);
        }
    }

    /// Changes a listener, and tells of it.
    fn change(&mut self, listener: ListenerId, change: impl FnOnce(&mut ListenerStatus)) {
        if let Some(known) = self.listeners.iter_mut().find(|it| it.id == listener) {
            change(known);
            let known = known.clone();
            self.emit(Verb::Updated, known);
        }
    }

    fn chosen(&self, letters: &DeadLetterChoice) -> Result<Vec<DeadLetter>> {
        let all = self.dead_letters.iter();
        match letters {
            DeadLetterChoice::One(id) => match all.clone().find(|it| it.id == *id) {
                Some(letter) => Ok(vec![letter.clone()]),
                None => Err(Error::not_found(format!("dead letter {id}"))),
            },
            DeadLetterChoice::Of { listener, first } => {
                let listener = self.find_listener(listener)?.id;
                let theirs = all.filter(|it| it.listener == listener && it.event.cursor >= *first);
                Ok(theirs.cloned().collect())
            }
        }
    }

    pub(super) fn deliver_again(&mut self, caller: &Caller, letters: &DeadLetterChoice) -> Result<Outcome> {
        let mut asked = self.chosen(letters)?;
        asked.retain(|it| !it.again);
        for letter in &asked {
            if let Some(known) = self.dead_letters.iter_mut().find(|it| it.id == letter.id) {
                known.again = true;
                let known = known.clone();
                self.emit(Verb::Updated, known);
            }
        }
        self.tell_of_letters(caller, ControlAction::Replay, &asked);
        Ok(Outcome::Done)
    }

    pub(super) fn drop_dead_letters(
        &mut self,
        caller: &Caller,
        letters: &DeadLetterChoice,
    ) -> Result<Outcome> {
        let gone = self.chosen(letters)?;
        for letter in &gone {
            self.remove(letter.id);
            self.change(letter.listener, |it| it.dead_letters -= 1);
        }
        self.tell_of_letters(caller, ControlAction::Drop, &gone);
        Ok(Outcome::Done)
    }

    fn tell_of_letters(&mut self, caller: &Caller, action: ControlAction, letters: &[DeadLetter]) {
        let mut of: BTreeMap<ListenerId, Vec<DeadLetterId>> = BTreeMap::new();
        for letter in letters {
            of.entry(letter.listener).or_default().push(letter.id);
        }
        for (listener, ids) in of {
            let reason = match ids.as_slice() {
                [one] => format!("dead letter {one}"),
                several => format!("{} dead letters", several.len()),
            };
            self.record(caller, ControlTarget::Listener(listener), action, Some(reason));
        }
    }

    pub(super) fn forget_listener(&mut self, caller: &Caller, key: &ListenerKey) -> Result<Outcome> {
        let listener = self.find_listener(key)?.clone();
        let is_held = listener.held_until.is_some_and(|it| it >= self.now);
        if let Some(on) = listener.held_by.as_ref().filter(|_| is_held)
            && !self.has(Fault::ForgetsWhoRuns)
        {
            let why = format!("the listener `{}` is held by {on}", listener.name);
            return Err(Error::Conflict { why });
        }
        let id = listener.id;
        let theirs = self.dead_letters.iter().filter(|it| it.listener == id);
        let theirs: Vec<DeadLetterId> = theirs.map(|it| it.id).collect();
        let remembers = self.has(Fault::RemembersTheForgotten);
        for letter in theirs.iter().filter(|_| !remembers) {
            self.remove(*letter);
        }
        self.listeners.retain(|it| it.id != id);
        self.kept.remove(&id);
        let (letters, plural) = (theirs.len(), if theirs.len() == 1 { "" } else { "s" });
        let reason = format!(
            "the listener `{}`, with {letters} dead letter{plural}",
            listener.name
        );
        self.emit(Verb::Deleted, listener);
        self.record(
            caller,
            ControlTarget::Listener(id),
            ControlAction::Drop,
            Some(reason),
        );
        Ok(Outcome::Done)
    }

    pub(super) fn rewind(&mut self, caller: &Caller, key: &ListenerKey, first: Cursor) -> Result<Outcome> {
        let listener = self.find_listener(key)?;
        let (id, after) = (listener.id, Cursor((first.0 - 1).max(0)));
        if listener.place.is_none_or(|place| place <= after) {
            return Ok(Outcome::Done);
        }
        if after < self.oldest {
            return Err(Error::CursorExpired { oldest: self.oldest });
        }
        let kept = self.kept.entry(id).or_default();
        kept.rewinds += 1;
        kept.done.clear();
        self.change(id, |it| it.place = Some(after));
        let reason = format!("all events from {first} on");
        self.record(
            caller,
            ControlTarget::Listener(id),
            ControlAction::Replay,
            Some(reason),
        );
        Ok(Outcome::Done)
    }
}
