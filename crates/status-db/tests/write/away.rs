//! Why workers are away.

use weir_status_api::{Key, MasterId, ReadExt, Worker, WorkerInfo};
use weir_status_db::{Applied, Database, Transition};
use weir_testbed::Postgres;

use crate::rig::{Rig, shorts};

impl Rig {
    async fn away_reason(&self) -> Option<String> {
        let worker: Worker = self
            .store
            .one(Key::Worker(self.worker.into()))
            .await
            .unwrap()
            .value;
        worker.away_reason
    }

    async fn comes(&self, master: MasterId) {
        let connect = Transition::ConnectWorker(self.worker, master, WorkerInfo::default());
        self.apply(connect).await;
    }

    async fn leaves(&self, master: MasterId, why: &str) {
        self.apply(Transition::DisconnectWorker {
            worker: self.worker,
            master,
            why: why.to_owned(),
        })
        .await;
    }
}

async fn words_fit(rig: Rig) {
    rig.comes(rig.master).await;
    rig.leaves(rig.master, "a\0 b\nc\u{1b}[1m ").await;
    assert_eq!(rig.away_reason().await.as_deref(), Some("a  b c [1m"));
    let refuse = Transition::RefuseWorker(rig.worker, "\u{f6}".repeat(600));
    rig.apply(refuse.clone()).await;
    let cut = rig.away_reason().await.unwrap();
    assert!(
        cut.len() <= 1000 && cut.ends_with("\u{f6}\u{2026}"),
        "{} bytes",
        cut.len()
    );
    // What was cut is known, too.
    let before = rig.cursor().await;
    rig.apply(refuse).await;
    assert_eq!(shorts(&rig.events(before).await), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_words_fit() {
    words_fit(Rig::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_words_fit_on_postgresql() {
    let server = Postgres::start().unwrap();
    words_fit(Rig::on(Database::Postgres(server.url())).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_connected_to_another_master_is_not_away() {
    let rig = Rig::sqlite().await;
    let name = "there".to_owned();
    let Applied::Master(there) = rig.apply(Transition::StartMaster { name }).await else {
        panic!("no master")
    };
    rig.comes(rig.master).await;
    rig.comes(there).await;
    let before = rig.cursor().await;
    rig.leaves(there, "the connection broke").await;
    assert_eq!(
        shorts(&rig.events(before).await),
        ["worker anna disconnected on 1 masters, paused false, graceful false"]
    );
    assert_eq!(rig.away_reason().await, None);
    rig.leaves(rig.master, "it closed the connection").await;
    assert_eq!(
        rig.away_reason().await.as_deref(),
        Some("it closed the connection")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_ends_is_the_reason() {
    let rig = Rig::sqlite().await;
    rig.comes(rig.master).await;
    rig.apply(Transition::StopMaster(rig.master)).await;
    assert_eq!(rig.away_reason().await.as_deref(), Some("its master ended"));

    rig.comes(rig.master).await;
    assert_eq!(rig.away_reason().await, None);
    // It was killed, and begins again.
    let name = "here".to_owned();
    rig.apply(Transition::StartMaster { name }).await;
    assert_eq!(rig.away_reason().await.as_deref(), Some("its master ended"));
}
