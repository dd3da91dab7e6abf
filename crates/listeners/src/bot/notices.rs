//! What the bot says by itself.

use std::time::Duration;

use futures::StreamExt as _;
use tokio::sync::mpsc;
use weir_status_api::{
    Build, BuildField, Builder, BuilderKey, Cursor, Entity, Error, Event, Key, Query, ReadExt as _, Results,
    Signal, Start, TopicFilter, Verb, Worker,
};

use super::memory::Wanted;
use super::queues::Notice;
use super::{Bot, Line, Voice, went, words};

/// What can be told of.
const TOPICS: [&str; 4] = [
    "builds/*/new",
    "builds/*/finished",
    "workers/*/missing",
    "workers/*/connected",
];

/// How long to wait before events are watched again, if that failed.
const WATCH_AGAIN: Duration = Duration::from_secs(5);

/// How many notices wait to be given to their places.
const MOST_NOTICES: usize = 16;

impl Bot {
    /// Tells places of what they want to be told of, without end.
    pub async fn tell(&self, voice: &dyn Voice) {
        let filter = match TopicFilter::parse_all(TOPICS) {
            Ok(filter) => filter,
            Err(error) => return tracing::error!(%error, "the bot's topics are wrong"),
        };
        let (notices, noticed) = mpsc::channel(MOST_NOTICES);
        tokio::join!(
            self.watch_without_end(&filter, &notices),
            self.say_notices(voice, noticed)
        );
    }

    /// Watches events, and gives on what there is to say of them.
    async fn watch_without_end(&self, filter: &TopicFilter, notices: &mpsc::Sender<(Cursor, Notice)>) {
        loop {
            let from = self.memory.lock().await.after();
            if let Err(error) = self.watch_from(filter, notices).await {
                // The second is a place in the future: of a store that is not there any more.
                if from.is_some() && matches!(error, Error::CursorExpired { .. } | Error::InvalidQuery { .. })
                {
                    tracing::warn!(%error, "what happened while the bot was away cannot be told");
                    self.memory.lock().await.set_after(None);
                    continue;
                }
                tracing::warn!(%error, "the bot cannot watch events; trying again");
            }
            tokio::time::sleep(WATCH_AGAIN).await;
        }
    }

    /// Watches events from where it was, until there are no more.
    async fn watch_from(
        &self,
        filter: &TopicFilter,
        notices: &mpsc::Sender<(Cursor, Notice)>,
    ) -> Result<(), Error> {
        let mut events = {
            // Nobody subscribes between the choice of where to begin and the beginning.
            let mut memory = self.memory.lock().await;
            // With nobody to tell, nothing of the past matters.
            if !memory.is_of_use() {
                memory.set_after(None);
            }
            let start = memory.after().map_or(Start::Now, Start::After);
            self.desk.api().watch(filter.clone(), start).await?
        };
        while let Some(signal) = events.next().await {
            let signal = signal?;
            let notice = match &signal {
                Signal::Event(event) => self.notice_of(event).await?,
                Signal::Bookmark(_) => None,
            };
            self.looked_at(&signal, notice.as_ref()).await;
            if let Some(notice) = notice
                && notices.send((signal.cursor(), notice)).await.is_err()
            {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Notes that events are looked at up to here. With nothing to tell, nobody watches the build of this one any more.
    async fn looked_at(&self, signal: &Signal, notice: Option<&Notice>) {
        let mut memory = self.memory.lock().await;
        memory.set_after(Some(signal.cursor()));
        let ended = match signal {
            Signal::Event(event) => match &event.entity {
                Entity::Build(build) => build.complete_at.is_some().then_some(build.id),
                _ => None,
            },
            Signal::Bookmark(_) => None,
        };
        if let Some(notice) = notice {
            return memory.tells(signal.cursor(), notice.places.len(), ended);
        }
        if ended.is_some_and(|build| memory.unwatch(build))
            && let Err(error) = memory.keep(&self.desk).await
        {
            tracing::warn!(%error, "how far the bot has told cannot be kept");
        }
    }

    /// What there is to say about the event, if somebody wants to hear it.
    async fn notice_of(&self, event: &Event) -> Result<Option<Notice>, Error> {
        match (&event.entity, event.verb) {
            (Entity::Build(build), Verb::New) => self.started(build).await,
            (Entity::Build(build), Verb::Finished) => self.finished(build).await,
            (Entity::Worker(worker), Verb::Missing) => Ok(self.missing(worker).await),
            (Entity::Worker(worker), Verb::Connected) => Ok(self.connected(worker).await),
            _ => Ok(None),
        }
    }

    async fn started(&self, build: &Build) -> Result<Option<Notice>, Error> {
        let places = self.memory.lock().await.who_wants(&[Wanted::Started]);
        let Some(builder) = self.told_of(build, places.is_empty(), false).await? else {
            return Ok(None);
        };
        let line = Line::plain(format!("Build {} has begun.", self.named(&builder, build.number)));
        Ok(Some(Notice { places, line }))
    }

    async fn finished(&self, build: &Build) -> Result<Option<Notice>, Error> {
        let mut wanted = vec![Wanted::Finished];
        wanted.extend(build.results.map(Wanted::of));
        if let Some(now) = build.results
            && let Some(before) = self.results_before(build).await?
        {
            wanted.extend(compared(before, now));
        }
        let (subscribed, watched) = {
            let memory = self.memory.lock().await;
            (memory.who_wants(&wanted), memory.who_watches(build.id))
        };
        let mut places = subscribed;
        let Some(builder) = self
            .told_of(build, places.is_empty() && watched.is_empty(), true)
            .await?
        else {
            return Ok(None);
        };
        // Tags choose what is subscribed to; who watches a build wants that one.
        if !self.is_tagged(&builder) {
            places.clear();
        }
        places.extend(watched);
        places.sort();
        places.dedup();
        let state = match build.results {
            Some(Results::Success) | None => String::new(),
            Some(_) => format!(": {}", words::shortened(&build.state, 200)),
        };
        let text = format!(
            "Build {} {}{state}.",
            self.named(&builder, build.number),
            went(build.results)
        );
        let line = Line::with(text, build.results);
        Ok((!places.is_empty()).then_some(Notice { places, line }))
    }

    async fn missing(&self, worker: &Worker) -> Option<Notice> {
        let mut memory = self.memory.lock().await;
        memory.miss(worker.id);
        let places = memory.who_wants(&[Wanted::Worker]);
        let seen = worker
            .absence
            .as_ref()
            .map(|it| format!("; it was seen last at {}", it.last_connection.to_iso()));
        let name = words::shortened(&worker.name, 100);
        let line = Line::plain(format!("Worker {name} is missing{}.", seen.unwrap_or_default()));
        (!places.is_empty()).then_some(Notice { places, line })
    }

    async fn connected(&self, worker: &Worker) -> Option<Notice> {
        let mut memory = self.memory.lock().await;
        if !memory.is_back(worker.id) {
            return None;
        }
        let places = memory.who_wants(&[Wanted::Worker]);
        let line = Line::plain(format!("Worker {} is back.", words::shortened(&worker.name, 100)));
        (!places.is_empty()).then_some(Notice { places, line })
    }

    /// The build's builder, unless nobody is to be told of it.
    async fn told_of(&self, build: &Build, nobody: bool, any: bool) -> Result<Option<Builder>, Error> {
        if nobody {
            return Ok(None);
        }
        let key = Key::Builder(BuilderKey::Id(build.builder));
        match self.desk.api().one::<Builder>(key).await {
            Ok(found) => Ok(Some(found.value).filter(|it| any || self.is_tagged(it))),
            // It is hidden, or gone with its history.
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn is_tagged(&self, builder: &Builder) -> bool {
        let tags = &self.options.tags;
        tags.is_empty() || builder.tags.iter().any(|it| tags.contains(it))
    }

    /// How the builder's build before this one ended.
    async fn results_before(&self, build: &Build) -> Result<Option<Results>, Error> {
        let query = Query::<Build>::new()
            .eq(BuildField::Builder, build.builder)
            .eq(BuildField::Complete, true)
            .filter(
                BuildField::Number,
                weir_status_api::Op::Lt,
                vec![build.number.into()],
            )
            .descending(BuildField::Number)
            .limit(1);
        Ok(self
            .desk
            .api()
            .page(query)
            .await?
            .items
            .pop()
            .and_then(|it| it.results))
    }
}

/// What a build is called that ended `now` after one that ended so `before`.
fn compared(before: Results, now: Results) -> Vec<Wanted> {
    // Buildbot's order for this; it leaves out builds that are built again.
    let order = [
        Results::Skipped,
        Results::Success,
        Results::Warnings,
        Results::Failure,
        Results::Cancelled,
        Results::Exception,
    ];
    let place = |results| order.iter().position(|it| *it == results);
    let (Some(was), Some(is)) = (place(before), place(now)) else {
        return vec![];
    };
    let well = |it| matches!(it, Results::Success | Results::Warnings);
    let badly = |it| matches!(it, Results::Failure | Results::Exception);
    let cases = [
        (is < was, Wanted::Better),
        (is > was, Wanted::Worse),
        (well(before) && badly(now), Wanted::Problem),
        (badly(before) && well(now), Wanted::Recovery),
    ];
    cases.into_iter().filter(|it| it.0).map(|it| it.1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_are_compared_with_the_one_before() {
        use Results::*;
        assert_eq!(compared(Success, Failure), [Wanted::Worse, Wanted::Problem]);
        assert_eq!(compared(Exception, Warnings), [Wanted::Better, Wanted::Recovery]);
        assert_eq!(compared(Failure, Failure), []);
        assert_eq!(compared(Retry, Failure), []);
    }
}
