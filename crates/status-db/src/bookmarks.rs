//! Listeners in the master keep their places in the store.

use std::sync::Arc;

use weir_status_api::{Caller, StatusBookmarks};

use crate::store::Store;

impl Store {
    /// The bookmarks of listeners that run beside the store in the process `holder`, for people `master NAME`. No two that
    /// run at once have the same; the next life of a process has it again, and so goes on holding its listeners.
    pub fn bookmarks(&self, holder: impl Into<String>) -> StatusBookmarks {
        let holder = holder.into();
        // The store lets everybody; it is for what is above it to refuse.
        StatusBookmarks::new(
            Arc::new(self.clone()),
            Caller::anonymous(),
            holder.clone(),
            holder,
        )
    }
}
