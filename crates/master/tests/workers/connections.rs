//! Who may connect, and who is told.

use weir_master::workers::WorkerGone;
use weir_testbed::eventually;
use weir_worker::Error;

use super::house::{House, PATIENCE, Told, Worker, account, hear, script, wait_for};

#[tokio::test]
async fn a_worker_connects_and_tells_of_itself() {
    let house = House::new().await;
    let mut options = house.options("instance-1");
    options.admin = "Ada".to_owned();
    options.version = "7.8.9".to_owned();
    let mut worker = Worker::start(options);
    house.wait_connected().await;
    let info = house.ledger.info.lock().unwrap().clone().unwrap();
    assert_eq!(info.admin.as_deref(), Some("Ada"));
    assert_eq!(info.version.as_deref(), Some("7.8.9"));
    assert_eq!(info.access_uri, None);
    assert_eq!(info.facts["os"], std::env::consts::OS);
    assert!(info.facts.contains_key("cpus") && info.facts.contains_key("arch"));
    // Once it has run something it has had its welcome, and says goodbye.
    assert_eq!(house.run("echo here").await.stdout, "here\n");
    worker.shutdown.cancel();
    worker.ended().await.unwrap();
    let gone = Told::Disconnected("w1".to_owned(), "the worker is shutting down".to_owned());
    eventually("the registry knows", PATIENCE, async || {
        house.told() == [Told::Connected("w1".to_owned()), gone.clone()]
    })
    .await;
    let gone = house.manager.process("w1").await.unwrap_err();
    assert_eq!(
        gone,
        WorkerGone {
            worker: "w1".to_owned()
        }
    );
}

#[tokio::test]
async fn a_wrong_token_and_an_unknown_name_are_refused_alike() {
    let house = House::new().await;
    let mut wrong_token = house.options("instance-1");
    wrong_token.token = "guess".to_owned();
    let mut unknown = house.options("instance-2");
    unknown.name = "nobody".to_owned();
    for (options, name) in [(wrong_token, "w1"), (unknown, "nobody")] {
        let error = Worker::start(options).ended().await.unwrap_err();
        assert!(matches!(&error, Error::Refused { .. }), "{error}");
        let told = format!(
            "the master at http://{} refuses the worker `{name}`: the name or the token is wrong",
            house.address
        );
        assert!(error.to_string().starts_with(&told), "{error}");
    }
    assert_eq!(house.told(), []);
    // Of a name that is not there nothing is told.
    house
        .is_told_of_refusal("a connection from 127.0.0.1 presented the wrong token")
        .await;
}

#[tokio::test]
async fn a_second_worker_of_the_same_name_waits_for_the_first() {
    let house = House::new().await;
    let first = house.worker().await;
    let second = Worker::start(house.options("instance-2"));
    // It is sent away again and again, and the first one is not disturbed.
    for _ in 0..3 {
        assert_eq!(house.run("echo undisturbed").await.stdout, "undisturbed\n");
    }
    assert_eq!(house.told(), [Told::Connected("w1".to_owned())]);
    first.shutdown.cancel();
    eventually("the second takes its place", PATIENCE, async || {
        matches!(
            &house.told()[..],
            [Told::Connected(_), Told::Disconnected(..), Told::Connected(_)]
        )
    })
    .await;
    house.wait_connected().await;
    drop(second);
}

#[tokio::test]
async fn a_registry_that_refuses_is_asked_again() {
    let house = House::new().await;
    *house.ledger.refusal.lock().unwrap() = Some("the disk is full".to_owned());
    let worker = Worker::start(house.options("instance-1"));
    tokio::time::timeout(std::time::Duration::from_millis(100), house.wait_connected())
        .await
        .unwrap_err();
    *house.ledger.refusal.lock().unwrap() = None;
    house.wait_connected().await;
    assert_eq!(house.told(), [Told::Connected("w1".to_owned())]);
    house
        .is_told_of_refusal("it was sent away: the master cannot take the worker now: the disk is full")
        .await;
    drop(worker);
}

#[tokio::test]
async fn a_new_token_sends_the_worker_away() {
    let house = House::new().await;
    let mut worker = house.worker().await;
    let mut command = house.start(script("echo up; sleep 60")).await;
    wait_for(&mut command, "up").await;
    // The others are not disturbed by this.
    house
        .manager
        .set_workers(vec![account("w1", "token-1"), account("w3", "token-3")]);
    assert!(house.manager.is_connected("w1"));
    house.manager.set_workers(vec![account("w1", "another")]);
    assert!(matches!(worker.ended().await, Err(Error::Refused { .. })));
    assert!(!house.manager.is_connected("w1"));
    let why = hear(&mut command).await.lost.unwrap();
    assert!(why.contains("the configuration has it no more"), "{why}");
}

#[tokio::test]
async fn the_master_ends_a_worker() {
    let house = House::new().await;
    let mut worker = house.worker().await;
    house.manager.shut_down_worker("w1").unwrap();
    worker.ended().await.unwrap();
    eventually("it is gone", PATIENCE, async || !house.manager.is_connected("w1")).await;
    assert!(house.manager.shut_down_worker("w1").is_err());
}

#[tokio::test]
async fn a_worker_may_be_ended_as_soon_as_it_is_known() {
    let house = House::new().await;
    *house.ledger.dismissal.lock().unwrap() = Some(house.manager.clone());
    let mut worker = Worker::start(house.options("instance-1"));
    worker.ended().await.unwrap();
    eventually("it is gone", PATIENCE, async || !house.manager.is_connected("w1")).await;
    *house.ledger.dismissal.lock().unwrap() = None;
}

#[tokio::test]
async fn a_master_that_ends_ends_all_sessions() {
    let house = House::new().await;
    let _worker = house.worker().await;
    let mut command = house.start(script("echo up; sleep 60")).await;
    wait_for(&mut command, "up").await;
    house.manager.shutdown().await;
    assert!(!house.manager.is_connected("w1"));
    let why = "the master is shutting down".to_owned();
    assert_eq!(
        house.told()[1..],
        [Told::Disconnected("w1".to_owned(), why.clone())]
    );
    let lost = hear(&mut command).await.lost.unwrap();
    assert!(lost.ends_with(&why), "{lost}");
}

#[tokio::test]
async fn a_worker_that_is_asked_to_end_interrupts_and_delivers() {
    let house = House::new().await;
    let mut worker = house.worker().await;
    let script = script("trap 'echo last words; exit 1' TERM; echo up; while true; do sleep 0.05; done");
    let mut command = house.start(script).await;
    wait_for(&mut command, "up").await;
    worker.shutdown.cancel();
    let heard = hear(&mut command).await;
    assert_eq!(heard.stdout, "last words\n");
    let why = "the worker is shutting down".to_owned();
    assert_eq!(
        heard.outcome,
        Some(weir_master::workers::Outcome::Interrupted(why))
    );
    worker.ended().await.unwrap();
}

#[tokio::test]
async fn addresses_and_tokens_are_checked_before_connecting() {
    let house = House::new().await;
    for (master, expected) in [
        ("ftp://127.0.0.1:1", "is no address such as"),
        ("127.0.0.1:1", "is no address such as"),
        ("", "is no address such as"),
    ] {
        let mut options = house.options("instance-1");
        options.master = master.to_owned();
        let error = Worker::start(options).ended().await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    let mut options = house.options("instance-1");
    options.token = " \n".to_owned();
    assert!(matches!(Worker::start(options).ended().await, Err(Error::Token)));
}
