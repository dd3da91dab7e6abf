//! Asks the master again and again whether it has anything to do, once all is well.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use weir_status_api::{Build, BuildField, BuildRequest, BuildRequestField, Cursor, Query, ReadExt, Result};
use weir_status_grpc::GrpcStatus;

use super::{MASTER, Shared, status};
use crate::network::HostId;

/// Asks for ever, and writes the answers down.
pub(super) async fn run(shared: Arc<Shared>, host: HostId) -> std::result::Result<(), String> {
    let api = status(&shared.network, host, MASTER)?;
    // Until then something goes on anyway.
    while !shared.ledger.open().is_calm {
        sleep(Duration::from_secs(1)).await;
    }
    loop {
        let idle = ask(&api).await.unwrap_or_default();
        shared.ledger.open().idle = idle;
        sleep(Duration::from_secs(2)).await;
    }
}

/// The newest event, if nothing is open.
async fn ask(api: &GrpcStatus) -> Result<Option<Cursor>> {
    let requests = Query::<BuildRequest>::new()
        .eq(BuildRequestField::Complete, false)
        .limit(1);
    let builds = Query::<Build>::new().eq(BuildField::Complete, false).limit(1);
    let (requests, builds) = (api.page(requests).await?, api.page(builds).await?);
    let is_idle = requests.items.is_empty() && builds.items.is_empty() && requests.cursor == builds.cursor;
    Ok(is_idle.then_some(builds.cursor))
}
