//! `weir watch`.

use std::io::Write;

use clap::Args;
use futures::StreamExt;
use serde_json::json;
use weir_status_api::{Cursor, Error, Event, Signal, Start, TopicFilter};
use weir_status_http::v2::to_json;

use crate::failure::Failure;
use crate::show::event::line;
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
    #[arg(long, value_name = "CURSOR")]
    since: Option<Cursor>,
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
        let mut start = self.since.map_or(Start::Now, Start::After);
        let mut first = true;
        loop {
            let mut events = match api.watch(filter.clone(), start).await {
                Ok(events) => events,
                Err(error @ Error::Unavailable { .. }) if !first => {
                    lost(&error).await;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            first = false;
            while let Some(signal) = events.next().await {
                match signal {
                    Ok(signal) => {
                        if let Signal::Event(event) = &signal {
                            self.print(event)?;
                        }
                        start = Start::After(signal.cursor());
                    }
                    Err(error @ Error::Unavailable { .. }) => {
                        lost(&error).await;
                        break;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }

    fn print(&self, event: &Event) -> Result<(), Failure> {
        let line = if self.json {
            let topics: Vec<String> = event.topics().iter().map(ToString::to_string).collect();
            json!({
                "cursor": event.cursor.0,
                "at_us": event.at.as_micros(),
                "topics": topics,
                "resource": to_json(&event.entity),
            })
            .to_string()
        } else {
            line(event)
        };
        writeln!(std::io::stdout(), "{line}")?;
        Ok(())
    }
}

/// Says that the master is away, and waits a little.
async fn lost(error: &Error) {
    eprintln!("weir: {error}; trying again");
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
}
