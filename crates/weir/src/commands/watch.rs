//! `weir watch`.

use std::sync::Arc;

use clap::Args;
use futures::StreamExt;
use serde_json::json;
use weir_status_api::{Clock, Cursor, Error, Event, Signal, Start, StatusApi, SystemClock, TopicFilter};
use weir_status_http::v2::to_json;

use crate::failure::Failure;
use crate::show::event::line;
use crate::show::names::Names;
use crate::show::outage::Outage;
use crate::show::{Look, say};
use crate::upstream::Upstream;

/// Shows events as they come.
#[derive(Args)]
pub(crate) struct Watch {
    /// Topics, `*` for any one word, e.g. 'builds/*/finished'; all events if none are given.
    #[arg(value_name = "TOPIC")]
    topics: Vec<String>,
    #[command(flatten)]
    upstream: Upstream,
    /// Begin after this event, not with the next one.
    #[arg(
        long,
        value_name = "CURSOR",
        value_parser = clap::value_parser!(i64).range(0..),
        allow_negative_numbers = true
    )]
    since: Option<i64>,
    /// Print a JSON object per line.
    #[arg(long)]
    json: bool,
}

impl Watch {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let api = self.upstream.connect()?;
        let filter = if self.topics.is_empty() {
            TopicFilter::all()
        } else {
            TopicFilter::parse_all(self.topics.iter().map(String::as_str))?
        };
        let resumes = self.upstream.resumes().await?;
        if self.since.is_some() && !resumes {
            return Err(Failure::usage(
                "--since: this master numbers no events, so leave it out",
            ));
        }
        let mut start = self.since.map_or(Start::Now, |it| Start::After(Cursor(it)));
        let mut first = true;
        let mut outage = Outage::default();
        let mut printer = Printer::new(Arc::clone(&api), self.json);
        loop {
            let mut events = match api.watch(filter.clone(), start).await {
                Ok(events) => events,
                Err(error @ Error::Unavailable { .. }) if !first => {
                    outage.wait(&error).await;
                    continue;
                }
                Err(error) => return Err(ended(error)),
            };
            first = false;
            while let Some(signal) = events.next().await {
                match signal {
                    Ok(signal) => {
                        if outage.end() && !resumes {
                            eprintln!(
                                "weir: events may have been missed meanwhile: this master tells them once"
                            );
                        }
                        if let Signal::Event(event) = &signal {
                            printer.print(event).await?;
                        }
                        start = Start::After(signal.cursor());
                    }
                    Err(error @ Error::Unavailable { .. }) => {
                        outage.wait(&error).await;
                        break;
                    }
                    Err(error) => return Err(ended(error)),
                }
            }
        }
    }
}

/// Prints events.
struct Printer {
    api: Arc<dyn StatusApi>,
    json: bool,
    look: Look,
    names: Names,
}

impl Printer {
    fn new(api: Arc<dyn StatusApi>, json: bool) -> Self {
        Self {
            api,
            json,
            look: Look::of_stdout(),
            names: Names::default(),
        }
    }

    async fn print(&mut self, event: &Event) -> Result<(), Failure> {
        if self.json {
            let topics: Vec<String> = event.topics().iter().map(ToString::to_string).collect();
            return say(json!({
                "cursor": event.cursor.0,
                "at_us": event.at.as_micros(),
                "topics": topics,
                "resource": to_json(&event.entity),
            }));
        }
        self.names.learn(&*self.api, &event.entity).await;
        say(line(event, &self.names, SystemClock.now(), self.look))
    }
}

/// Why no more events come, and what to do.
fn ended(error: Error) -> Failure {
    match error {
        Error::CursorExpired { oldest } => Failure::new(format!(
            "the events after that cursor are no longer kept; begin with --since {oldest}"
        )),
        other => other.into(),
    }
}
