//! Watches, over server-sent events.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Response;
use serde_json::Value;
use weir_status_api::{Cursor, Error, EventStream, Result, Signal, Start, TopicFilter, Watch};

use super::HttpStatus;
use super::http::{bad_form, unreachable};
use super::sse::{SseEvent, SseParser};
use crate::v2;

#[async_trait]
impl Watch for HttpStatus {
    async fn watch(&self, filter: TopicFilter, start: Start) -> Result<EventStream> {
        if self.is_buildbot().await? {
            return self.watch_buildbot(filter, start).await;
        }
        let url = format!("{}sse/listen?{}", self.base, v2::write_watch(&filter, start));
        let request = self.authorized(self.client.get(url));
        let request = request.header("accept", "text/event-stream").send();
        let response = match tokio::time::timeout(self.options.timeout, request).await {
            Ok(response) => response.map_err(unreachable)?,
            Err(_) => {
                return Err(Error::unavailable(
                    "the server did not open the event stream in time",
                ));
            }
        };
        if !response.status().is_success() {
            return Err(self.refused(response).await?);
        }
        Ok(Box::pin(self.clone().signals(response)))
    }
}

impl HttpStatus {
    /// The stream's signals. It ends with an error always: a watch has no end of its own.
    fn signals(self, mut response: Response) -> impl futures::Stream<Item = Result<Signal>> + Send {
        async_stream::try_stream! {
            let mut parser = SseParser::default();
            loop {
                let events = self.next_events(&mut response, &mut parser).await?;
                for event in events {
                    if let Some(signal) = signal(&event)? {
                        yield signal;
                    }
                }
            }
        }
    }

    async fn next_events(&self, response: &mut Response, parser: &mut SseParser) -> Result<Vec<SseEvent>> {
        let lost = |why: &str| Error::unavailable(format!("the event stream {why}"));
        let piece = match tokio::time::timeout(self.options.silence, response.chunk()).await {
            Ok(piece) => piece.map_err(unreachable)?.ok_or_else(|| lost("ended"))?,
            Err(_) => return Err(lost("was silent for too long")),
        };
        let events = parser.push(&piece, self.options.max_answer);
        events.map_err(|_| Error::internal("an event of the server has too many bytes"))
    }
}

/// What an event of the stream tells; none for a handshake, and for what this version does not know.
fn signal(event: &SseEvent) -> Result<Option<Signal>> {
    let data = || -> Result<Value> {
        let data = serde_json::from_str(&event.data);
        data.map_err(|error| Error::internal(format!("an event of the server is no JSON: {error}")))
    };
    if event.event == "error" {
        return Err(v2::error_from(500, &data()?));
    }
    let Some(cursor) = event.id.as_deref().and_then(|id| id.parse::<Cursor>().ok()) else {
        return Ok(None);
    };
    match event.event.as_str() {
        "event" => {
            let known = v2::event_from_json(cursor, &data()?).map_err(bad_form)?;
            // An event of a kind that this version does not know still moves the cursor on.
            Ok(Some(known.map_or(Signal::Bookmark(cursor), |event| {
                Signal::Event(Arc::new(event))
            })))
        }
        "bookmark" => Ok(Some(Signal::Bookmark(cursor))),
        _ => Ok(None),
    }
}
