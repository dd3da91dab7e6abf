//! A worker against a master that follows a script, message by message.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod stage;

use std::time::Duration;

use stage::{PATIENCE, Stage, resume, stdout};
use tokio::time::timeout;
use tonic::Status;
use weir_worker::Error;
use weir_worker_protocol::WINDOW_SLACK;
use weir_worker_protocol::v1::{
    Finished, Interrupt, Ping, finished::Outcome, from_command::News, from_worker, to_worker,
};

#[tokio::test]
async fn it_greets_with_its_token_and_answers_pings() {
    let mut stage = Stage::new();
    let (_task, shutdown) = stage.worker();
    let mut peer = stage.peer().await;
    assert_eq!(peer.authorization, "Bearer the token");
    let hello = peer.hello().await;
    assert_eq!((&hello.name[..], &hello.instance[..]), ("w1", "instance-1"));
    assert_eq!(hello.commands, []);
    peer.welcome(vec![]).await;
    peer.send(to_worker::Message::Ping(Ping { number: 7 })).await;
    assert!(matches!(peer.next().await, from_worker::Message::Pong(pong) if pong.number == 7));
    shutdown.cancel();
    assert!(matches!(peer.next().await, from_worker::Message::Goodbye(_)));
    assert!(peer.is_closed().await);
}

#[tokio::test]
async fn what_is_not_acknowledged_is_sent_again() {
    let mut stage = Stage::new();
    let (_task, _shutdown) = stage.worker();
    let (mut peer, _) = stage.welcome_peer(vec![]).await;
    peer.start("c1", "printf abc; printf def >&2; exit 4", 1_000_000)
        .await;
    let first = peer.all_news().await;
    let sequences: Vec<u64> = first.iter().map(|it| it.sequence).collect();
    assert_eq!(sequences, (1..=first.len() as u64).collect::<Vec<_>>());
    assert_eq!(stdout(&first), b"abc");
    peer.acknowledge("c1", 1).await;
    peer.send(to_worker::Message::Ping(Ping { number: 1 })).await;
    peer.next().await;
    drop(peer);

    let (mut peer, hello) = stage.welcome_peer(resume("c1", 2)).await;
    let [held] = &hello.commands[..] else {
        panic!("{hello:?}");
    };
    let last = first.len() as u64;
    assert_eq!((held.acknowledged, held.last), (1, last));
    assert_eq!(peer.all_news().await, first[2..]);
    peer.acknowledge("c1", last).await;
    peer.send(to_worker::Message::Ping(Ping { number: 2 })).await;
    peer.next().await;
    drop(peer);

    let (_peer, hello) = stage.welcome_peer(vec![]).await;
    assert_eq!(hello.commands, []);
}

#[tokio::test]
async fn a_command_that_the_master_does_not_resume_ends() {
    let mut stage = Stage::new();
    let (_task, _shutdown) = stage.worker();
    let (mut peer, _) = stage.welcome_peer(vec![]).await;
    let script = "trap 'touch ended; exit' TERM; echo up; while true; do sleep 0.02; done";
    peer.start("c1", script, 1_000_000).await;
    while stdout(&[peer.news().await]).is_empty() {}
    drop(peer);
    let (peer, hello) = stage.welcome_peer(vec![]).await;
    assert_eq!(hello.commands.len(), 1);
    let ended = stage.dir.path().join("ended");
    timeout(PATIENCE, async {
        while !ended.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    drop(peer);
    let (_peer, hello) = stage.welcome_peer(vec![]).await;
    assert_eq!(hello.commands, []);
}

#[tokio::test]
async fn a_master_that_acknowledges_nothing_gets_one_window() {
    const WINDOW: usize = 300_000;
    let mut stage = Stage::new();
    let (_task, _shutdown) = stage.worker();
    let (mut peer, _) = stage.welcome_peer(vec![]).await;
    peer.start("c1", "yes | head -c 3000000", WINDOW as u64).await;
    let (mut count, mut last) = (0, 0);
    while let Ok(message) = timeout(Duration::from_millis(500), peer.inbound.message()).await {
        let Some(from_worker::Message::Command(news)) = message.unwrap().unwrap().message else {
            panic!("not news");
        };
        last = news.sequence;
        count += stdout(&[news]).len();
    }
    assert!((WINDOW / 2..WINDOW + WINDOW_SLACK).contains(&count), "{count}");
    peer.send(to_worker::Message::Ping(Ping { number: 1 })).await;
    assert!(matches!(peer.next().await, from_worker::Message::Pong(_)));
    loop {
        peer.acknowledge("c1", last).await;
        let news = peer.news().await;
        last = news.sequence;
        count += stdout(std::slice::from_ref(&news)).len();
        if let Some(News::Finished(Finished { outcome, .. })) = news.news {
            assert_eq!(outcome, Some(Outcome::ExitCode(0)));
            break;
        }
    }
    assert_eq!(count, 3_000_000);
}

#[tokio::test]
async fn a_command_is_started_once() {
    let mut stage = Stage::new();
    let (_task, _shutdown) = stage.worker();
    let (mut peer, _) = stage.welcome_peer(vec![]).await;
    for _ in 0..2 {
        peer.start("c1", "echo run >>runs; sleep 0.1", 1_000_000).await;
    }
    peer.all_news().await;
    assert_eq!(
        std::fs::read_to_string(stage.dir.path().join("runs")).unwrap(),
        "run\n"
    );
    // An interrupt that comes too late, or for nobody, changes nothing.
    for command_id in ["c1", "c2"] {
        let interrupt = Interrupt {
            command_id: command_id.to_owned(),
            reason: String::new(),
        };
        peer.send(to_worker::Message::Interrupt(interrupt)).await;
    }
    peer.send(to_worker::Message::Ping(Ping { number: 1 })).await;
    assert!(matches!(peer.next().await, from_worker::Message::Pong(_)));
}

#[tokio::test]
async fn a_master_that_breaks_the_protocol_is_left() {
    let mut stage = Stage::new();
    let (_task, _shutdown) = stage.worker();
    let mut peer = stage.peer().await;
    peer.hello().await;
    peer.send(to_worker::Message::Ping(Ping { number: 1 })).await;
    assert!(peer.is_closed().await);

    let (mut peer, _) = stage.welcome_peer(vec![]).await;
    peer.start("c1", "true", 1_000_000).await;
    peer.all_news().await;
    peer.acknowledge("c1", 99).await;
    assert!(peer.is_closed().await);
    // What it did not acknowledge is not lost by that.
    let (_peer, hello) = stage.welcome_peer(vec![]).await;
    assert_eq!(hello.commands.len(), 1);
}

#[tokio::test]
async fn it_comes_again_unless_it_is_refused_for_good() {
    let mut stage = Stage::new();
    stage.refusals.lock().unwrap().extend([
        Status::already_exists("another process is connected as the worker `w1`"),
        Status::unavailable("the master is shutting down"),
        Status::unimplemented("what worker?"),
        Status::internal("oops"),
    ]);
    let (task, _shutdown) = stage.worker();
    let (peer, _) = stage.welcome_peer(vec![]).await;
    let why = Status::invalid_argument("too new");
    peer.outbound.send(Err(why)).await.unwrap();
    let error = timeout(PATIENCE, task).await.unwrap().unwrap().unwrap_err();
    assert!(
        matches!(&error, Error::Protocol { why, .. } if why == "too new"),
        "{error}"
    );
}

#[tokio::test]
async fn it_ends_in_time_while_there_is_no_master() {
    let stage = Stage::new();
    stage.server.abort();
    let (task, shutdown) = stage.worker();
    shutdown.cancel();
    timeout(PATIENCE, task).await.unwrap().unwrap().unwrap();
}
