//! Where the listeners of `weir listen` have their places.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;
use weir_listeners::FileBookmarks;
use weir_status_api::{Bookmarks, Error, Event, Place, Result, StatusBookmarks};

use crate::failure::Failure;
use crate::hosts;
use crate::upstream::Upstream;

/// How long it may take to find out whether the master keeps places.
const PATIENCE: Duration = Duration::from_secs(5);

/// Those in the folder, or else those that the master keeps.
///
/// # Errors
/// If the folder cannot be used, or the master keeps none for us.
pub(crate) async fn places(
    upstream: &Upstream,
    folder: Option<&Path>,
    a_listener: &str,
    its_kind: &str,
) -> std::result::Result<Arc<dyn Bookmarks>, Failure> {
    if let Some(folder) = folder {
        return Ok(Arc::new(FileBookmarks::open(folder).map_err(Failure::new)?));
    }
    let holder = uuid::Uuid::new_v4().to_string();
    let on = format!("weir listen on {}, process {}", hosts::own(), std::process::id());
    let kept = StatusBookmarks::new(upstream.connect()?, upstream.caller()?, holder, on);
    // Later it would be a line in a log that nobody reads. A master that is away now says nothing of it.
    match timeout(PATIENCE, kept.hold(a_listener, its_kind)).await {
        Ok(Err(Error::PermissionDenied { .. })) => Err(Failure::usage(
            "the master keeps no places for whoever asks here; present a token that may `listen` with --token-file, or keep \
             them in a folder with --data",
        )),
        Ok(Err(error @ Error::NotSupported { .. })) => Err(Failure::usage(format!("{error} with --data"))),
        _ => Ok(Arc::new(kept)),
    }
}

/// Places that nobody keeps: what is not delivered is printed.
pub(crate) struct NoPlaces;

#[async_trait]
impl Bookmarks for NoPlaces {
    async fn load(&self, _: &str) -> Result<Option<Place>> {
        Ok(None)
    }

    async fn save(&self, _: &str, _: &Place) -> Result<()> {
        Ok(())
    }

    async fn park(&self, listener: &str, event: &Event, why: &str) -> Result<()> {
        let topic = event
            .topics()
            .first()
            .map(ToString::to_string)
            .unwrap_or_default();
        println!(
            "{listener}: {topic} ({}) would be a dead letter: {why}\n",
            event.cursor
        );
        Ok(())
    }

    async fn keep_state(&self, _: &str, _: &serde_json::Value) -> Result<()> {
        Ok(())
    }
}
