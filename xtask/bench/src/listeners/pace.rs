//! Builds: as many as there can be, or so many a second.

use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;

use super::site::{BUILDERS, Site};
use crate::Result;

/// How long all builds may take, and then all deliveries of them.
pub(super) const PATIENCE: Duration = Duration::from_secs(3600);

/// Asks for builds until so many more have ended; `goes_on` is asked now and then, with how many have.
pub(super) async fn build(
    site: &Site,
    builds: u64,
    goes_on: &mut (dyn FnMut(u64) -> bool + Send),
) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let before = site.ended().await?;
    loop {
        // A master that is just killed answers nothing.
        if let Ok(ended) = site.ended().await {
            if ended >= before + builds || !goes_on(ended - before) {
                return Ok(());
            }
            if let Ok(open) = site.open().await
                && open < 2 * BUILDERS
            {
                let _ = site.client().force_all("all").await;
            }
        }
        if Instant::now() > deadline {
            return Err(format!("{builds} builds do not end in {} s", PATIENCE.as_secs()));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Asks for so many builds a second, one after the other, for so long.
pub(super) async fn pace(site: &Site, a_second: u32, long: Duration) -> Result<()> {
    let builders = site.builders().await?;
    let mut every = tokio::time::interval(Duration::from_secs(1) / a_second);
    every.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let builds = u64::from(a_second) * long.as_secs();
    for (_, builder) in (0..builds).zip(builders.iter().cycle()) {
        every.tick().await;
        site.client().force_one("all", *builder).await?;
    }
    Ok(())
}
