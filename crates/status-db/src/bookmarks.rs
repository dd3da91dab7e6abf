//! Listeners in the master keep their places in the store.

use async_trait::async_trait;
use weir_status_api::{Bookmarks, Event, Place, Result};

use crate::deadline::soon;
use crate::store::Store;
use crate::transition::{KeptState, Transition};

#[async_trait]
impl Bookmarks for Store {
    async fn load(&self, listener: &str) -> Result<Option<Place>> {
        let cursor = soon(self.inner.backend.bookmark(listener)).await?;
        Ok(cursor.map(Place::after))
    }

    async fn save(&self, listener: &str, place: &Place) -> Result<()> {
        self.apply(Transition::KeepBookmark(listener.to_owned(), place.after))
            .await?;
        Ok(())
    }

    async fn park(&self, listener: &str, event: &Event, why: &str) -> Result<()> {
        let parked = Transition::ParkEvent(listener.to_owned(), event.cursor, why.to_owned());
        self.apply(parked).await?;
        Ok(())
    }

    async fn state(&self, listener: &str) -> Result<Option<serde_json::Value>> {
        Ok(self.kept_state(&owner(listener)).await?)
    }

    async fn keep_state(&self, listener: &str, state: &serde_json::Value) -> Result<()> {
        let kept = KeptState {
            owner: owner(listener),
            value: state.clone(),
        };
        self.apply(Transition::KeepState(kept)).await?;
        Ok(())
    }
}

/// Under which name the store keeps what a listener keeps.
fn owner(listener: &str) -> String {
    format!("listener {listener}")
}
