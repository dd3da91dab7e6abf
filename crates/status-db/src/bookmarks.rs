//! Listeners in the master keep their places in the store.

use async_trait::async_trait;
use weir_status_api::{Bookmarks, Cursor, Event, Result};

use crate::deadline::soon;
use crate::store::Store;
use crate::transition::Transition;

#[async_trait]
impl Bookmarks for Store {
    async fn load(&self, listener: &str) -> Result<Option<Cursor>> {
        Ok(soon(self.inner.backend.bookmark(listener)).await?)
    }

    async fn save(&self, listener: &str, cursor: Cursor) -> Result<()> {
        self.apply(Transition::KeepBookmark(listener.to_owned(), cursor))
            .await?;
        Ok(())
    }

    async fn park(&self, listener: &str, event: &Event, why: &str) -> Result<()> {
        let parked = Transition::ParkEvent(listener.to_owned(), event.cursor, why.to_owned());
        self.apply(parked).await?;
        Ok(())
    }
}
