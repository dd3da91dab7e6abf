//! Nobody waits for a destination that hangs.

use std::time::Duration;

use weir_status_api::Results;

use crate::receiver::Receiver;
use crate::shown::kept;
use crate::site::Site;
use crate::{build, config, hook};

/// How long the master may take to end on a busy machine: what is on its way has ten seconds of it.
const END: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_hangs_keeps_no_other_listener_and_no_build_from_going_on() {
    let (hung, prompt) = (Receiver::start().await, Receiver::start().await);
    hung.hangs();
    let hooks = hook("hung", &hung.url, "at_once = 2") + &hook("prompt", &prompt.url, "");
    let mut site = Site::start(&config(&hooks)).await;
    let worker = site.worker("w1");
    let mut builds = vec![];
    for _ in 0..4 {
        builds.push(build(&site).await);
        // Each is told before the next is asked for, while nothing comes back from the other.
        prompt.knows(&builds).await;
    }
    assert_eq!(prompt.taken(), builds);
    kept(&site, "prompt", prompt.ids().last().unwrap()).await;
    // As many as may be on their way are, once each.
    let on_their_way = hung.has(2).await;
    assert_eq!(on_their_way.len(), 2, "{on_their_way:#?}");

    // The master's end waits some seconds, and no longer.
    site.master.terminate();
    assert!(site.master.ended(END).await.success());
    hung.takes();
    site.restart().await;
    drop(worker);
    let _worker = site.worker("w1");
    hung.knows(&builds).await;
    let after = site.finished(site.force("other").await).await;
    assert_eq!(after.results, Some(Results::Success), "{after:?}");
    builds.push(after.id.0);
    prompt.knows(&builds).await;
    hung.knows(&builds).await;
    assert_eq!(prompt.taken(), builds, "something came twice");
    let mut ids = hung.ids();
    assert_eq!(ids.len(), 7, "only what was on its way comes twice: {ids:?}");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5, "{ids:?}");
}
