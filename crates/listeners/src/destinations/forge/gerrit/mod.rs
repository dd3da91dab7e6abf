//! Gerrit: reviews of changes, and the verifications of its plugin verify-status.

mod change;
mod review;
mod ssh;
mod verify_status;

use super::place::Kind;

pub use review::{Gerrit, GerritOptions};
pub use verify_status::{GerritVerifyStatus, GerritVerifyStatusOptions};

/// Everybody has their own. A repository can be in folders, and `a/` stands before them where one logs in.
const KIND: Kind = Kind {
    url: None,
    hosts: &[],
    path: |path| {
        let path = match path.split_first() {
            Some((first, rest)) if first == "a" && !rest.is_empty() => rest.to_vec(),
            _ => path,
        };
        Some(path).filter(|it| !it.is_empty())
    },
};
