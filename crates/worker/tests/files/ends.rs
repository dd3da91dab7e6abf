//! What is interrupted, and what takes too long.

use weir_worker_protocol::v1::{
    Interrupt, StartCommand, Timeout, finished::Outcome, from_command::News, start_command::What, to_worker,
};

use crate::{Heard, Scene, bytes, command, download, is_empty, play_on, upload};

#[tokio::test]
async fn what_is_under_way_is_interrupted() {
    let mut scene = Scene::new().await;
    scene.write("file", bytes(3_000_000));
    for (number, what) in [
        What::UploadFile(upload("file")),
        What::UploadDir(upload(".")),
        What::DownloadFile(download("new")),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("interrupted-{number}");
        scene
            .peer
            .send(to_worker::Message::Start(command(&id, what)))
            .await;
        let mut heard = Heard::default();
        loop {
            let news = scene.peer.news().await;
            heard.take(&news);
            if !heard.data.is_empty() || matches!(news.news, Some(News::Read(_))) {
                break;
            }
        }
        let interrupt = Interrupt {
            command_id: id.clone(),
            reason: "enough".to_owned(),
        };
        scene.peer.send(to_worker::Message::Interrupt(interrupt)).await;
        play_on(&mut scene.peer, &id, Err(""), &mut heard).await;
        assert_eq!(
            heard.outcome,
            Some(Outcome::Interrupted("enough".to_owned())),
            "{number}"
        );
        assert!(
            heard.header.contains("command interrupted (enough)"),
            "{}",
            heard.header
        );
        assert_eq!(scene.path("").read_dir().unwrap().count(), 1, "{number}");
    }
}

#[tokio::test]
async fn a_command_keeps_its_time_but_may_be_silent() {
    let mut scene = Scene::new().await;
    let start = StartCommand {
        total_timeout_ms: 200,
        idle_timeout_ms: 1,
        ..command("late", What::DownloadFile(download("new")))
    };
    scene.peer.send(to_worker::Message::Start(start)).await;
    let mut heard = Heard::default();
    while heard.outcome.is_none() {
        heard.take(&scene.peer.news().await);
    }
    assert_eq!(heard.outcome, Some(Outcome::TimedOut(Timeout::Total.into())));
    assert!(is_empty(&scene.path("")));
}
