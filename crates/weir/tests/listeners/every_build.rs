//! Every build arrives, from the master and from a process of its own, although both are killed.

use std::path::PathBuf;

use axum::http::StatusCode;
use weir_testbed::Process;

use crate::receiver::{Answer, Receiver};
use crate::site::{SOON, Site};
use crate::{build, config, webhook};

/// A receiver that refuses every third delivery once.
async fn receiver() -> Receiver {
    let receiver = Receiver::start().await;
    receiver.answers(|number, _| match (number + 1).is_multiple_of(3) {
        true => Answer::Status(StatusCode::SERVICE_UNAVAILABLE),
        false => Answer::Status(StatusCode::OK),
    });
    receiver
}

/// A process of its own that tells the receiver, and keeps its places in a folder.
struct Elsewhere {
    file: PathBuf,
    places: PathBuf,
}

impl Elsewhere {
    fn of(site: &Site, receiver: &Receiver) -> Self {
        let file = site.path("listeners.star");
        std::fs::write(&file, webhook(&receiver.url)).unwrap();
        let places = site.path("places");
        Self { file, places }
    }

    fn start(&self, site: &Site) -> Process {
        let [file, places] = [&self.file, &self.places].map(|it| it.to_str().unwrap());
        site.start_weir(&["listen", "--config", file, "--data", places])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_in_the_master_gets_every_build() {
    let receiver = receiver().await;
    let mut site = Site::start(&config(&webhook(&receiver.url))).await;
    let _worker = site.worker("w1");
    let mut expected = vec![build(&site).await, build(&site).await];
    // Whatever was delivered by then: after the kill, nothing is missing.
    site.kill_and_restart().await;
    expected.push(build(&site).await);
    receiver.knows(&expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_elsewhere_gets_every_build() {
    let receiver = receiver().await;
    let mut site = Site::start(&config("")).await;
    let listener = Elsewhere::of(&site, &receiver);
    let mut running = listener.start(&site);
    running.line(SOON, |line| line.contains("listening")).await;
    let _worker = site.worker("w1");
    let mut expected = vec![build(&site).await];
    receiver.knows(&expected).await;
    // Killed, it misses a build, and the master goes away in between as well.
    running.kill();
    running.ended(SOON).await;
    expected.push(build(&site).await);
    site.kill_and_restart().await;
    let _again = listener.start(&site);
    expected.push(build(&site).await);
    receiver.knows(&expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_ahead_of_a_new_master_begins_anew() {
    let receiver = receiver().await;
    let site = Site::start(&config("")).await;
    let listener = Elsewhere::of(&site, &receiver);
    std::fs::create_dir(&listener.places).unwrap();
    std::fs::write(listener.places.join("hook.cursor"), "1000000\n").unwrap();
    let mut running = listener.start(&site);
    running.line(SOON, |line| line.contains("made anew")).await;
    let _worker = site.worker("w1");
    // A pause may still be running; what is built from now on arrives all the same.
    let expected = vec![build(&site).await];
    receiver.knows(&expected).await;
}
