//! What a bot remembers over restarts.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use weir_status_api::{BuildId, Cursor, Desk, Result, Results, WorkerId};

use super::Refusal;

/// How many places are remembered.
const MOST_PLACES: usize = 1000;

/// How many builds are watched at one place.
pub(super) const MOST_WATCHED: usize = 100;

/// The member of the listener's state that is the bot's.
const MEMBER: &str = "bot";

macro_rules! wanted {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// What a place can be told of; Buildbot's names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub(super) enum Wanted { $($(#[$doc])* $name,)+ }

        impl Wanted {
            pub(super) const ALL: [Self; [$($text),+].len()] = [$(Self::$name),+];

            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

wanted! {
    /// A build that begins.
    Started = "started",
    /// A build that ends.
    Finished = "finished",
    /// One that ends with this.
    Success = "success",
    /// One that ends with this.
    Warnings = "warnings",
    /// One that ends with this.
    Failure = "failure",
    /// One that ends with this.
    Exception = "exception",
    /// One that ends with this.
    Cancelled = "cancelled",
    /// One that ends with this.
    Skipped = "skipped",
    /// One that ends with this.
    Retry = "retry",
    /// One that fails after one that did not.
    Problem = "problem",
    /// One that does not fail after one that did.
    Recovery = "recovery",
    /// One that ends better than the one before.
    Better = "better",
    /// One that ends worse than the one before.
    Worse = "worse",
    /// A worker that is missing or back.
    Worker = "worker",
}

impl Wanted {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// The one for builds that end so.
    pub(super) fn of(results: Results) -> Self {
        match results {
            Results::Success => Self::Success,
            Results::Warnings => Self::Warnings,
            Results::Failure => Self::Failure,
            Results::Exception => Self::Exception,
            Results::Cancelled => Self::Cancelled,
            Results::Skipped => Self::Skipped,
            Results::Retry => Self::Retry,
        }
    }
}

/// What a place asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Place {
    events: BTreeSet<Wanted>,
    watched: BTreeSet<BuildId>,
    muted: bool,
}

impl Place {
    pub(super) fn events(&self) -> Vec<Wanted> {
        self.events.iter().copied().collect()
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    places: BTreeMap<String, Place>,
    missing: BTreeSet<WorkerId>,
    after: Option<Cursor>,
    mark: Option<String>,
    /// The channels that it was told to join, as they were written, by their keys.
    channels: BTreeMap<String, String>,
}

/// An event that is not told of at all its places.
#[derive(Debug)]
struct Untold {
    /// At how many of them.
    places: usize,
    /// The build that ended with it.
    ended: Option<BuildId>,
}

/// It.
#[derive(Debug)]
pub(super) struct Memory {
    kept: Kept,
    /// Up to where events were looked at.
    after: Option<Cursor>,
    /// Those up to there that are not told of everywhere.
    untold: BTreeMap<Cursor, Untold>,
    /// What else the listener kept.
    others: Map<String, Value>,
}

impl Memory {
    /// What was kept.
    pub(super) async fn read(desk: &Desk) -> Result<Self> {
        let mut others = match desk.state().await? {
            Some(Value::Object(members)) => members,
            _ => Map::new(),
        };
        let kept = others.remove(MEMBER).map(serde_json::from_value).transpose();
        let kept = kept.unwrap_or_else(|error| {
            tracing::warn!(%error, "what the bot kept is of another version; it begins anew");
            None
        });
        let kept: Kept = kept.unwrap_or_default();
        Ok(Self {
            after: kept.after,
            untold: BTreeMap::new(),
            kept,
            others,
        })
    }

    /// Keeps it. After a restart, all is told again from the first event on that is not told of everywhere.
    pub(super) async fn keep(&mut self, desk: &Desk) -> Result<()> {
        let untold = self.untold.first_key_value();
        self.kept.after = untold.map(|(first, _)| Cursor(first.0 - 1)).or(self.after);
        self.kept.places.retain(|_, it| *it != Place::default());
        let mut state = self.others.clone();
        let kept = serde_json::to_value(&self.kept).map_err(weir_status_api::Error::internal)?;
        state.insert(MEMBER.to_owned(), kept);
        desk.keep_state(&Value::Object(state)).await
    }

    pub(super) fn place(&self, name: &str) -> Place {
        self.kept.places.get(name).cloned().unwrap_or_default()
    }

    fn place_mut(&mut self, name: &str) -> std::result::Result<&mut Place, Refusal> {
        if self.kept.places.len() >= MOST_PLACES && !self.kept.places.contains_key(name) {
            return Err(Refusal::Cannot("I remember too many places already.".to_owned()));
        }
        Ok(self.kept.places.entry(name.to_owned()).or_default())
    }

    pub(super) fn is_muted(&self, place: &str) -> bool {
        self.kept.places.get(place).is_some_and(|it| it.muted)
    }

    pub(super) fn muted(&self) -> BTreeSet<String> {
        let muted = self.kept.places.iter().filter(|(_, it)| it.muted);
        muted.map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn mute(&mut self, place: &str, muted: bool) -> std::result::Result<(), Refusal> {
        self.place_mut(place)?.muted = muted;
        Ok(())
    }

    pub(super) fn want(&mut self, place: &str, events: &[Wanted]) -> std::result::Result<(), Refusal> {
        self.place_mut(place)?.events.extend(events);
        Ok(())
    }

    pub(super) fn want_no_more(&mut self, place: &str, events: &[Wanted]) {
        if let Some(place) = self.kept.places.get_mut(place) {
            place.events.retain(|it| !events.contains(it));
        }
    }

    /// Watches the build for the place; false if it watches too many already.
    pub(super) fn watch(&mut self, place: &str, build: BuildId) -> std::result::Result<bool, Refusal> {
        let watched = &mut self.place_mut(place)?.watched;
        if watched.len() >= MOST_WATCHED && !watched.contains(&build) {
            return Ok(false);
        }
        watched.insert(build);
        Ok(true)
    }

    /// The places that want one of the events, and are not muted.
    pub(super) fn who_wants(&self, events: &[Wanted]) -> Vec<String> {
        self.talkative(|place| events.iter().any(|it| place.events.contains(it)))
    }

    /// The places that watch the build, and are not muted.
    pub(super) fn who_watches(&self, build: BuildId) -> Vec<String> {
        self.talkative(|place| place.watched.contains(&build))
    }

    fn talkative(&self, wants: impl Fn(&Place) -> bool) -> Vec<String> {
        let places = self
            .kept
            .places
            .iter()
            .filter(|(_, place)| !place.muted && wants(place));
        places.map(|(name, _)| name.clone()).collect()
    }

    /// Watches the build no longer; whether somebody did.
    pub(super) fn unwatch(&mut self, build: BuildId) -> bool {
        let mut watched = false;
        for place in self.kept.places.values_mut() {
            watched |= place.watched.remove(&build);
        }
        watched
    }

    pub(super) fn channels(&self) -> &BTreeMap<String, String> {
        &self.kept.channels
    }

    pub(super) fn join(&mut self, key: String, name: String) {
        self.kept.channels.insert(key, name);
    }

    /// Forgets a channel, and what is told there; whether it was told to join it.
    pub(super) fn leave(&mut self, key: &str) -> bool {
        let was_there = self.kept.channels.remove(key).is_some();
        if was_there {
            self.kept.places.remove(key);
        }
        was_there
    }

    /// Whether any place is told of anything.
    pub(super) fn is_of_use(&self) -> bool {
        self.kept
            .places
            .values()
            .any(|it| !it.events.is_empty() || !it.watched.is_empty())
    }

    /// Notes that the worker is missing.
    pub(super) fn miss(&mut self, worker: WorkerId) {
        self.kept.missing.insert(worker);
    }

    /// Notes that the worker is there; whether it was missing.
    pub(super) fn is_back(&mut self, worker: WorkerId) -> bool {
        self.kept.missing.remove(&worker)
    }

    /// Up to where events were looked at.
    pub(super) fn after(&self) -> Option<Cursor> {
        self.after
    }

    pub(super) fn set_after(&mut self, cursor: Option<Cursor>) {
        self.after = cursor;
    }

    /// Notes that the event is to be told of at so many places; `ended` is the build that ended with it.
    pub(super) fn tells(&mut self, event: Cursor, places: usize, ended: Option<BuildId>) {
        self.untold.insert(event, Untold { places, ended });
    }

    /// Notes that the event is told of at one of its places; whether that was the last one.
    pub(super) fn told_one(&mut self, event: Cursor) -> bool {
        let Some(untold) = self.untold.get_mut(&event) else {
            return false;
        };
        untold.places = untold.places.saturating_sub(1);
        if untold.places > 0 {
            return false;
        }
        if let Some(build) = untold.ended {
            self.unwatch(build);
        }
        self.untold.remove(&event);
        true
    }

    pub(super) fn mark(&self) -> Option<String> {
        self.kept.mark.clone()
    }

    pub(super) fn set_mark(&mut self, mark: String) {
        self.kept.mark = Some(mark);
    }
}
