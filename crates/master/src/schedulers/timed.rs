//! Buildsets by the clock: `periodic`, `nightly` and `nightly_triggerable`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use weir_config::{NightlyChanges, SchedulerKind, SourceDefaults, Times};
use weir_status_api::{Change, ChangeField, ChangeId, Key, Op, Query, ReadExt, SourceStampId, Timestamp};
use weir_status_db::{BuildsetSource, NewBuildset};

use super::trigger::{self, LastTrigger};
use super::{Context, LONGEST_SLEEP, new_stamp};
use crate::error::{Error, Result};

/// How far the last time may lie ahead of a clock that went back. One that lies further ahead was made by a clock
/// that was wrong, and would keep the scheduler from its work for as long.
const BELIEVED_AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// A scheduler that goes by the clock.
pub(super) struct Timed<'c> {
    context: &'c Context,
    when: When<'c>,
    what: What<'c>,
    state: State,
}

enum When<'c> {
    Interval(Duration),
    Times(&'c Times),
}

enum What<'c> {
    /// The newest there is.
    Newest(&'c [SourceDefaults]),
    /// What changed.
    Changes(&'c [SourceDefaults], &'c NightlyChanges),
    /// What a build triggered.
    Triggered(&'c [SourceDefaults]),
}

/// What it keeps in the store.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    /// When its last time came, whatever came of it.
    last_at: Timestamp,
    /// The times that it went by then.
    #[serde(default)]
    times: Option<String>,
    /// The newest change that it has built or passed over; none if it has built without regard to changes.
    #[serde(default)]
    seen: Option<i64>,
    /// Whether it builds at its next time even without a change.
    #[serde(default)]
    must_build: bool,
    /// The source stamp of the newest change of each codebase.
    #[serde(default)]
    newest: BTreeMap<String, i64>,
    /// The key of the last trigger that it has built.
    #[serde(default)]
    triggered: Option<String>,
}

impl<'c> Timed<'c> {
    /// Takes up its work where its kept state says that it was left. An interval that was never begun is over at
    /// once; the first of several times comes when it comes.
    pub(super) async fn load(context: &'c Context) -> Result<Self> {
        let (when, what) = match &context.config.kind {
            SchedulerKind::Periodic { interval, sources } => {
                (When::Interval(*interval), What::Newest(sources))
            }
            SchedulerKind::Nightly {
                times,
                sources,
                changes,
            } => (
                When::Times(times),
                match changes {
                    Some(changes) => What::Changes(sources, changes),
                    None => What::Newest(sources),
                },
            ),
            SchedulerKind::NightlyTriggerable { times, sources } => {
                (When::Times(times), What::Triggered(sources))
            }
            other => return Err(Error::Answer(format!("{other:?} for a scheduler by the clock"))),
        };
        let now = context.clock.now();
        let kept: Option<State> = context.kept().await?;
        let is_known = kept.is_some();
        let mut state = kept.unwrap_or(State {
            last_at: match when {
                When::Interval(interval) => Timestamp(now.0.saturating_sub_unsigned(micros(interval))),
                When::Times(_) => now,
            },
            times: None,
            seen: None,
            must_build: false,
            newest: BTreeMap::new(),
            triggered: None,
        });
        if state.last_at > now.plus(BELIEVED_AHEAD) {
            state.last_at = now;
        }
        let mut scheduler = Self {
            context,
            when,
            what,
            state,
        };
        scheduler.begin(now, is_known).await?;
        Ok(scheduler)
    }

    /// What holds from now on is kept at once: a time that comes while the master is down has come.
    async fn begin(&mut self, now: Timestamp, is_known: bool) -> Result<()> {
        let before = self.state.clone();
        if let When::Times(times) = &self.when {
            let times = Some(times.to_string());
            if self.state.times != times {
                // Times of another configuration than the last that ran were never missed.
                self.state.last_at = now;
                self.state.times = times;
            }
        }
        if matches!(self.what, What::Changes(..)) && self.state.seen.is_none() {
            // What it built before, if anything, it built without regard to changes; so the first time counts.
            let newest = Query::<Change>::new().descending(ChangeField::Id).limit(1);
            let newest = self.context.store.page(newest).await?;
            self.state.seen = Some(newest.items.first().map_or(0, |it| it.id.0));
            self.state.must_build = true;
        }
        let by_times = matches!(self.when, When::Times(_));
        let changed = self.state.times != before.times || self.state.seen != before.seen;
        if by_times && (changed || !is_known) {
            self.context.keep(&self.state).await?;
        }
        Ok(())
    }

    /// Runs until something fails. Of all times that came while the master was down, one counts.
    pub(super) async fn run(mut self) -> Result<()> {
        loop {
            let due = match &self.when {
                When::Interval(interval) => Some(self.state.last_at.plus(*interval)),
                When::Times(times) => times.next_after(self.state.last_at),
            };
            let now = self.context.clock.now();
            match due {
                Some(due) if due <= now => self.fire(due, now).await?,
                Some(due) => tokio::time::sleep(due.since(now).min(LONGEST_SLEEP)).await,
                None => std::future::pending().await,
            }
        }
    }

    /// Does what is due. A disabled scheduler lets its times pass.
    async fn fire(&mut self, due: Timestamp, now: Timestamp) -> Result<()> {
        let mut after = State {
            last_at: now,
            ..self.state.clone()
        };
        let buildset = if self.context.enabled().await? {
            self.due(due, &mut after).await?
        } else {
            None
        };
        match buildset {
            Some(mut buildset) => {
                buildset.state = Some(self.context.state(&after)?);
                self.context.submit(buildset).await?;
            }
            None => self.context.keep(&after).await?,
        }
        self.state = after;
        Ok(())
    }

    /// The buildset that is due, if one is; the state after it.
    async fn due(&self, due: Timestamp, after: &mut State) -> Result<Option<NewBuildset>> {
        match self.what {
            What::Newest(sources) => {
                after.seen = None;
                let mut buildset = self.buildset(after)?;
                buildset.sources = sources
                    .iter()
                    .map(|it| BuildsetSource::New(new_stamp(it)))
                    .collect();
                Ok(Some(buildset))
            }
            What::Changes(sources, wanted) => self.changed(sources, wanted, due, after).await,
            What::Triggered(sources) => self.triggered(sources, after).await,
        }
    }

    fn buildset(&self, after: &State) -> Result<NewBuildset> {
        let reason = format!(
            "The scheduler `{}` triggered this build",
            self.context.config.name
        );
        Ok(self.context.buildset(reason, self.context.state(after)?))
    }

    /// The changes since the last build, each codebase at its newest; nothing if there are none, unless it must.
    async fn changed(
        &self,
        sources: &[SourceDefaults],
        wanted: &NightlyChanges,
        due: Timestamp,
        after: &mut State,
    ) -> Result<Option<NewBuildset>> {
        let before = (after.seen, after.newest.clone());
        let (found, is_important) = self.find_changes(sources, wanted, after).await?;
        let always = wanted.always_at.as_ref().is_some_and(|it| it.has(due));
        if !is_important && !after.must_build && !always {
            if !found.is_empty() {
                // They are built with the next that is important.
                (after.seen, after.newest) = before;
            }
            return Ok(None);
        }
        after.must_build = false;
        let mut buildset = self.buildset(after)?;
        buildset.sources = sources
            .iter()
            .map(|own| {
                let known = match sources {
                    [_] if found.is_empty() => None,
                    [_] => after.newest.values().next(),
                    _ => after.newest.get(&own.codebase),
                };
                match known {
                    Some(stamp) => BuildsetSource::Stamp(SourceStampId(*stamp)),
                    None => BuildsetSource::New(new_stamp(own)),
                }
            })
            .collect();
        if let Some(newest) = found.last() {
            let newest: Change = self.context.store.one(Key::Change(*newest)).await?.value;
            for (name, property) in newest.properties {
                buildset.properties.entry(name).or_insert(property);
            }
        }
        buildset.changes = found;
        Ok(Some(buildset))
    }

    /// The changes after the last that it has seen, and whether one is important; notes the newest of each codebase.
    async fn find_changes(
        &self,
        sources: &[SourceDefaults],
        wanted: &NightlyChanges,
        after: &mut State,
    ) -> Result<(Vec<ChangeId>, bool)> {
        let seen = after.seen.unwrap_or_default();
        let query = Query::<Change>::new()
            .filter(ChangeField::Id, Op::Gt, vec![seen.into()])
            .ascending(ChangeField::Id);
        let (mut found, mut is_important) = (vec![], false);
        let mut pages = self.context.store.pages(query);
        while let Some(page) = pages.next().await? {
            for change in &page.items {
                after.seen = Some(change.id.0);
                if is_of(sources, wanted, change) && self.context.admits(&wanted.filter, change) {
                    if sources.len() == 1 {
                        after.newest.clear();
                    }
                    after
                        .newest
                        .insert(change.codebase.clone(), change.source_stamp.id.0);
                    found.push(change.id);
                    is_important = is_important || self.context.is_important(&wanted.filter, change);
                }
            }
        }
        Ok((found, is_important))
    }

    /// What a build triggered last, unless that is built already.
    async fn triggered(&self, sources: &[SourceDefaults], after: &mut State) -> Result<Option<NewBuildset>> {
        let last: Option<LastTrigger> = self.context.kept_as(&self.context.trigger_owner()).await?;
        let Some(last) = last.filter(|it| after.triggered.as_ref() != Some(&it.key)) else {
            return Ok(None);
        };
        after.triggered = Some(last.key.clone());
        let mut buildset = self.buildset(after)?;
        trigger::fill(&self.context.store, &mut buildset, sources, last.into_wish()).await?;
        // Nobody waits for what comes in the night.
        buildset.waited_for = false;
        Ok(Some(buildset))
    }
}

/// Whether the change is one of what is built.
fn is_of(sources: &[SourceDefaults], wanted: &NightlyChanges, change: &Change) -> bool {
    let branch = match sources {
        [_] => &wanted.branch,
        several => match several.iter().find(|it| it.codebase == change.codebase) {
            Some(own) => &own.branch,
            None => return false,
        },
    };
    branch
        .as_ref()
        .is_none_or(|it| change.branch.as_ref() == Some(it))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
