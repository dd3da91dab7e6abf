//! Word of events that other processes committed, as soon as they have.
//!
//! It is a hint and no more: the events are rows, and a slow poll finds those of which no word came.

use std::pin::pin;
use std::time::Duration;

use futures::{StreamExt, stream};
use tokio::time::{sleep, timeout};
use tokio_postgres::{AsyncMessage, NoTls};
use weir_status_api::Cursor;

use crate::backend::PATIENCE;

/// Where masters tell each other.
pub(super) const CHANNEL: &str = "weir_events";

/// How long to wait before another attempt to listen: at first, and at the most.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];

/// Hands on the cursor of the newest event of each commit that it is told of; listens again where the connection is
/// lost. Never ends by itself.
pub(crate) async fn follow(url: String, told: impl Fn(Cursor) + Send) {
    let mut pause = PAUSES[0];
    loop {
        match listen(&url, &told).await {
            // It worked for a while.
            Ok(why) => {
                tracing::debug!(why, "word of others' events is lost for now");
                pause = PAUSES[0];
            }
            Err(why) => tracing::debug!(why, "others' events come by the poll only, for now"),
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSES[1]);
    }
}

/// Listens until the connection ends, and says why it did.
///
/// # Errors
/// Why it could not listen.
async fn listen(url: &str, told: &(impl Fn(Cursor) + Send)) -> Result<String, String> {
    let connecting = timeout(PATIENCE, tokio_postgres::connect(url, NoTls));
    let connected = connecting.await.map_err(|_| "no connection in time".to_owned())?;
    let (client, mut connection) = connected.map_err(|error| error.to_string())?;
    let mut messages = stream::poll_fn(|cx| connection.poll_message(cx));
    let sql = format!("LISTEN {CHANNEL}");
    let mut listening = pin!(client.batch_execute(&sql));
    let mut listens = false;
    loop {
        tokio::select! {
            done = &mut listening, if !listens => {
                done.map_err(|error| error.to_string())?;
                listens = true;
            }
            message = messages.next() => match message {
                Some(Ok(AsyncMessage::Notification(word))) => {
                    if let Ok(newest) = word.payload().parse() {
                        told(newest);
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Ok(error.to_string()),
                None => return Ok("the server closed the connection".to_owned()),
            },
        }
    }
}
