//! Event streams: whether somebody may see an event is decided when it comes, not when the stream began.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use weir_status_api::{Cursor, Entity, Error, Event, EventStream, Result, Signal, Timestamp, TokenScope};

use crate::eyes::Seen;
use crate::opened::{Opened, Sight};
use crate::standing::MEMORY;

/// For how long the cursor of hidden events may be kept back, so that they do not come as bookmarks one by one.
const QUIET: Duration = Duration::from_secs(1);

/// The signals of `events` that the caller may see. The stream ends with an error when they lose their standing.
pub(crate) fn watched(opened: Opened, mut events: EventStream) -> EventStream {
    let mut changes = opened.shared.changes();
    async_stream::stream! {
        let mut gate = Gate { opened, checked: None };
        // The cursor of hidden events behind the last signal that went out.
        let mut behind: Option<Cursor> = None;
        let mut recheck = tokio::time::interval(MEMORY);
        let mut quiet = tokio::time::interval(QUIET);
        for interval in [&mut recheck, &mut quiet] {
            interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        }
        loop {
            let passed = tokio::select! {
                biased;
                changed = changes.changed() => match changed {
                    Ok(()) => gate.check().await.map(|()| None),
                    Err(_) => Err(Error::unavailable("the server is stopping")),
                },
                _ = recheck.tick(), if gate.can_lapse() => gate.check().await.map(|()| None),
                _ = quiet.tick(), if behind.is_some() => Ok(behind.take().map(Signal::Bookmark)),
                signal = events.next() => match signal {
                    Some(Ok(signal)) => gate.pass(signal, &mut behind).await,
                    Some(Err(error)) => Err(error),
                    None => break,
                },
            };
            match passed {
                Ok(Some(signal)) => yield Ok(signal),
                Ok(None) => {}
                Err(error) => {
                    yield Err(error);
                    break;
                }
            }
        }
    }
    .boxed()
}

/// Decides for one stream.
struct Gate {
    opened: Opened,
    checked: Option<Checked>,
}

/// What the caller saw when it was last looked at.
struct Checked {
    sight: Arc<Sight>,
    /// Of what this depends on.
    generation: u64,
    /// When their token ends.
    expires_at: Option<Timestamp>,
}

impl Gate {
    /// Looks again whether the caller may still see anything.
    async fn check(&mut self) -> Result<()> {
        self.sight_now().await.map(drop)
    }

    async fn sight_now(&mut self) -> Result<Arc<Sight>> {
        let shared = &self.opened.shared;
        let generation = shared.generation();
        let who = shared.standing(&self.opened.caller).await?;
        who.must_have(TokenScope::Read)?;
        let sight = Arc::new(self.opened.sight_of(&who)?);
        self.checked = Some(Checked {
            sight: Arc::clone(&sight),
            generation,
            expires_at: who.expires_at(),
        });
        Ok(sight)
    }

    /// What the caller sees, as far as this process knows.
    async fn sight(&mut self) -> Result<Arc<Sight>> {
        let shared = &self.opened.shared;
        match &self.checked {
            Some(it)
                if it.generation == shared.generation()
                    && it.expires_at.is_none_or(|end| shared.clock.now() < end) =>
            {
                Ok(Arc::clone(&it.sight))
            }
            _ => self.sight_now().await,
        }
    }

    /// Whether another process can end the caller's standing, or time.
    fn can_lapse(&self) -> bool {
        self.opened.caller.token().is_some()
    }

    /// The signal as the caller sees it; none if there is nothing to tell now.
    async fn pass(&mut self, signal: Signal, behind: &mut Option<Cursor>) -> Result<Option<Signal>> {
        let sight = self.sight().await?;
        let (Sight::Some(eyes), Signal::Event(event)) = (&*sight, &signal) else {
            *behind = None;
            return Ok(Some(signal));
        };
        match &event.entity {
            Entity::Builder(builder) => eyes.shared.catalogue.note(builder),
            // What is seen of it depends on its builders then.
            Entity::Project(_) => eyes.shared.catalogue.must_know(event.cursor),
            _ => {}
        }
        let seen = match &event.entity {
            // When it ended for these eyes, the events of its requests have told; this one tells of the hidden ones.
            Entity::Buildset(it) if it.complete_at.is_some() && eyes.misses_some_of(it.id).await? => {
                Seen::Nothing
            }
            entity => eyes.look(entity).await?,
        };
        let signal = match seen {
            Seen::Nothing => {
                *behind = Some(event.cursor);
                return Ok(None);
            }
            Seen::Whole => signal,
            Seen::Part(entity) => Signal::Event(Arc::new(Event {
                entity: *entity,
                ..Event::clone(event)
            })),
        };
        *behind = None;
        Ok(Some(signal))
    }
}
