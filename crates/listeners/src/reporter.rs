//! The listener that makes reports and hands them to a destination.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use weir_status_api::{
    BuildRequestId, Buildset, Cursor, Desk, Entity, Event, Lane, Listener, ListenerError, StatusApi,
    TopicFilter, Turn,
};

use crate::destination::Destination;
use crate::format::TemplateError;
use crate::gather::Gather;
use crate::generate::{Generator, ReportOptions};
use crate::links::Links;
use crate::outlet::Outlet;
use crate::people::People;
use crate::report::Report;

/// Of how many events it is remembered what is delivered of them.
const MOST_REMEMBERED: usize = 1000;

/// How a [`Reporter`] goes about it.
#[derive(Clone, Debug, Default)]
pub struct ReporterOptions {
    /// Its name, under which its place in the events is kept.
    pub name: String,
    /// What it tells.
    pub reports: Vec<ReportOptions>,
    /// Whom it tells beside those whom the destination names.
    pub people: People,
    /// Where people look at things.
    pub links: Links,
    /// The master's title.
    pub title: String,
}

/// Why there can be no such reporter.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReporterError {
    /// It tells nothing.
    #[error("there are no reports")]
    NoReports,
    /// A template is none.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The reports wait for nothing.
    #[error("the reports are told of no events: {0}")]
    Events(#[source] weir_status_api::Error),
}

/// A listener that makes reports of events (Buildbot's `ReporterBase` with its generators), and delivers them in order.
///
/// If one report of an event is not delivered and others are, only what is missing is delivered when the event comes
/// again, as long as the process lives.
pub struct Reporter {
    name: String,
    generators: Vec<Generator>,
    filter: TopicFilter,
    people: People,
    links: Links,
    title: String,
    destination: Arc<dyn Destination>,
    outlet: Outlet,
    /// Which of its reports of an event are done, by their generators' places, while others are not.
    done: Mutex<BTreeMap<Cursor, Vec<usize>>>,
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reporter")
            .field("name", &self.name)
            .field("destination", &self.destination.kind())
            .finish_non_exhaustive()
    }
}

impl Reporter {
    /// One that delivers to `destination`. The secrets of `outlet` are masked in all messages.
    ///
    /// # Errors
    /// [`ReporterError`] if it tells nothing, or a template is none.
    pub fn new(
        options: ReporterOptions,
        destination: Arc<dyn Destination>,
        outlet: &Outlet,
    ) -> Result<Self, ReporterError> {
        let ReporterOptions {
            name,
            reports,
            people,
            links,
            title,
        } = options;
        if reports.is_empty() {
            return Err(ReporterError::NoReports);
        }
        let generators = reports
            .into_iter()
            .map(Generator::new)
            .collect::<Result<Vec<_>, _>>()?;
        let topics: std::collections::BTreeSet<&str> =
            generators.iter().flat_map(Generator::topics).collect();
        Ok(Self {
            name,
            filter: TopicFilter::parse_all(topics).map_err(ReporterError::Events)?,
            generators,
            people,
            links,
            title,
            destination,
            outlet: outlet.clone(),
            done: Mutex::default(),
        })
    }

    /// Makes and delivers what the generator in that place has to tell of the event.
    async fn report(
        &self,
        place: usize,
        event: &Event,
        api: &dyn StatusApi,
        turn: &Turn,
    ) -> Result<(), ListenerError> {
        let gather = Gather {
            api,
            links: &self.links,
        };
        let generator = &self.generators[place];
        let made = generator
            .generate(event, &gather, &self.outlet, &self.title)
            .await?;
        let Some(made) = made else {
            return Ok(());
        };
        let mut report = Report {
            delivery: self.delivery(event.cursor, place),
            cursor: event.cursor,
            at: event.at,
            occasion: made.occasion,
            about: made.about,
            message: made.message,
        };
        report.message.recipients = self.people.recipients(&report.about).await?;
        turn.come().await;
        self.destination.deliver(&report).await
    }

    /// The same each time for one report of one event: by the place of its generator.
    fn delivery(&self, cursor: Cursor, place: usize) -> String {
        match place {
            0 => format!("{}-{cursor}", self.name),
            _ => format!("{}-{cursor}.{}", self.name, place + 1),
        }
    }

    fn done(&self, cursor: Cursor) -> Vec<usize> {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.get(&cursor).cloned().unwrap_or_default()
    }

    /// Remembers what is done of an event; nothing once all is.
    fn remember(&self, cursor: Cursor, places: Vec<usize>) {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        done.remove(&cursor);
        if !places.is_empty() && places.len() < self.generators.len() {
            done.insert(cursor, places);
        }
        while done.len() > MOST_REMEMBERED {
            done.pop_first();
        }
    }
}

#[async_trait]
impl Listener for Reporter {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &str {
        self.destination.kind()
    }

    fn filter(&self) -> TopicFilter {
        self.filter.clone()
    }

    async fn on_event(&self, event: &Event, api: &dyn StatusApi) -> Result<(), ListenerError> {
        self.hear(event, api, &Turn::free()).await
    }

    /// Of most events there is nothing to tell.
    async fn hear(&self, event: &Event, api: &dyn StatusApi, turn: &Turn) -> Result<(), ListenerError> {
        let mut done = self.done(event.cursor);
        let mut refused = None;
        for place in 0..self.generators.len() {
            if done.contains(&place) {
                continue;
            }
            match self.report(place, event, api, turn).await {
                Ok(()) => done.push(place),
                // The others may well be delivered.
                Err(ListenerError::Never(why)) => drop(refused.get_or_insert(why)),
                Err(later) => {
                    self.remember(event.cursor, done);
                    return Err(later);
                }
            }
        }
        self.remember(event.cursor, done);
        refused.map_or(Ok(()), |why| Err(ListenerError::Never(self.outlet.mask(&why))))
    }

    /// What is told of one request is in order: so neither its being asked for nor the beginning of a build comes after
    /// that build's end, nor a build that ran again after the one in its place. Buildsets of the same source are in order.
    fn lane(&self, event: &Event) -> Lane {
        match &event.entity {
            Entity::Build(build) => of_request(build.request),
            Entity::BuildRequest(request) => of_request(request.id),
            Entity::Buildset(buildset) => source_lane(buildset).unwrap_or_else(|| Lane::of(event)),
            _ => Lane::of(event),
        }
    }

    async fn attend(&self, desk: Desk) {
        self.destination.attend(desk).await;
    }
}

fn of_request(request: BuildRequestId) -> Lane {
    Lane::Thing(format!("buildrequests/{request}"))
}

/// That of the buildsets of one commit, or of one source without a revision.
fn source_lane(buildset: &Buildset) -> Option<Lane> {
    let stamps = &buildset.source_stamps;
    let stamp = stamps
        .iter()
        .find(|it| it.revision.is_some())
        .or(stamps.first())?;
    let thing = match &stamp.revision {
        Some(revision) => format!("{}@{revision}", stamp.repository),
        None => stamp.id.to_string(),
    };
    Some(Lane::Thing(format!("sources/{thing}")))
}
