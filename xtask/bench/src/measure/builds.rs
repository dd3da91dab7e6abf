//! Builds, as many as the server gets done.

use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt, TryStreamExt};

use crate::Result;
use crate::events::Audience;
use crate::site::Site;

/// Builds forced at a time.
const AT_ONCE: usize = 8;
/// How long all of them may take.
const PATIENCE: Duration = Duration::from_secs(240);

/// What came of it.
pub(crate) struct Builds {
    /// Builds ended in a second, from the first command to the last end.
    pub(crate) per_second: f64,
    /// CPU time of the server for each build.
    pub(crate) cpu: Duration,
}

/// Forces `count` builds of the plain builders in turn, and waits for the end of the last.
pub(crate) async fn measure(site: &Site, count: usize) -> Result<Builds> {
    let client = site.client();
    client.settled().await?;
    let builders = client.plain_builders().await?;
    let mut audience = Audience::one(client.base(), "builds/*/finished").await?;
    let before = site.usage()?.cpu_s;
    let begun = Instant::now();
    let force = stream::iter(builders.into_iter().cycle().take(count))
        .map(async |builder| client.force(builder).await)
        .buffer_unordered(AT_ONCE)
        .try_for_each(async |_| Ok(()));
    let ended = async {
        for done in 0..count {
            if audience.next().await.is_none() {
                return Err(format!(
                    "the stream of events ended after {done} of {count} builds"
                ));
            }
        }
        Ok(begun.elapsed())
    };
    let both = async { tokio::try_join!(force, ended) };
    let ((), took) = tokio::time::timeout(PATIENCE, both)
        .await
        .map_err(|_| format!("{count} builds do not end in {} s", PATIENCE.as_secs()))??;
    let cpu = (site.usage()?.cpu_s - before).max(0.0) / count as f64;
    Ok(Builds {
        per_second: count as f64 / took.as_secs_f64(),
        cpu: Duration::from_secs_f64(cpu),
    })
}
