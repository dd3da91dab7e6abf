//! Where listeners' places in the events are kept, for listeners that are not in the master.

mod files;
mod status;

pub use files::{FileBookmarks, OpenError};
pub use status::StatusBookmarks;
