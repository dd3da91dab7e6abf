//! The watch of a gateway lags or is lost.

use std::sync::Arc;
use std::time::Duration;

use weir_status_api::SchedulerId;
use weir_status_api::conformance::{Stage, Writer};
use weir_status_db::Database;
use weir_testbed::eventually;
use weir_web::Options;

use crate::api::{Counted, Flow, Gateway};
use crate::stage::StoreStage;
use crate::writes::World;

const SOON: Duration = Duration::from_secs(10);

struct Scene {
    stage: StoreStage,
    counted: Arc<Counted>,
    gateway: Gateway,
}

impl Scene {
    /// A gateway that keeps answers, and that nobody tells what is new but its watch.
    async fn new() -> Self {
        let stage = StoreStage::open(Database::Sqlite).await;
        World::new(&stage.writer).await;
        let counted = Counted::over(stage.api());
        let gateway = Gateway::over(counted.clone(), Options::default());
        let scene = Self {
            stage,
            counted,
            gateway,
        };
        scene.keeps("forceschedulers/force").await;
        scene.keeps("workers").await;
        scene
    }

    /// Waits until the answer is kept.
    async fn keeps(&self, path: &str) {
        eventually("the answer is kept", SOON, async || {
            let before = self.counted.reads();
            self.gateway.json(path).await;
            self.counted.reads() == before
        })
        .await;
    }

    async fn enabled(&self) -> bool {
        let answer = self.gateway.json("forceschedulers/force").await;
        answer.body.contains(r#""enabled":true"#)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_in_the_next_answer_however_late_its_event_is() {
    let scene = Scene::new().await;
    scene.counted.flow.send_replace(Flow::Held);
    let before = scene.counted.reads();
    assert!(scene.enabled().await);
    assert_eq!(
        scene.counted.reads(),
        before,
        "what is kept is given while nothing is known to have changed"
    );
    for enabled in [false, true, false, true] {
        let params = format!(r#"{{"enabled":{enabled}}}"#);
        let done = scene.gateway.command("schedulers/1", "enable", &params).await;
        assert_eq!(done.status, 200, "{}", done.body);
        assert_eq!(scene.enabled().await, enabled);
    }
    scene.counted.flow.send_replace(Flow::Free);
    scene.keeps("forceschedulers/force").await;
    assert!(scene.enabled().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_older_is_given_than_what_was_told_before() {
    let scene = Scene::new().await;
    scene.counted.flow.send_replace(Flow::Held);
    let scheduler = SchedulerId(1);
    scene.stage.writer.enable_scheduler(scheduler, false).await;
    // Another answer tells of the new cursor; from then on the old one must not be given.
    let told = scene.gateway.json("builders/1").await;
    assert_eq!(told.cursor(), Some(scene.stage.writer.store.newest()));
    assert!(!scene.enabled().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_kept_is_given_while_the_watch_is_lost() {
    let scene = Scene::new().await;
    scene.counted.flow.send_replace(Flow::Cut);
    eventually("nothing is kept", SOON, async || {
        let before = scene.counted.reads();
        scene.gateway.json("workers").await;
        scene.counted.reads() > before
    })
    .await;
    // Often, since an answer that has just been made must not be given to who asks next.
    for round in 1..=51 {
        let (scheduler, enabled) = (SchedulerId(1), round % 2 == 0);
        scene.stage.writer.enable_scheduler(scheduler, enabled).await;
        assert_eq!(scene.enabled().await, enabled);
    }
    scene.counted.flow.send_replace(Flow::Free);
    scene.keeps("forceschedulers/force").await;
    assert!(!scene.enabled().await);
}
