//! Who connects, and how long it stays.

use std::time::Duration;

use weir_buildbot_wire::Value;
use weir_buildbot_wire::worker::FromWorker;
use weir_master::workers::{CommandSpec, Limit, Outcome, Settings};
use weir_testbed::eventually;

use super::super::house::{PATIENCE, Told, hear, script, settings};
use super::super::puppet::Puppet;
use super::{builds_for, heard, house, house_with, in_b1, wait_gone};

#[tokio::test]
async fn a_worker_tells_what_it_is_and_learns_its_builders() {
    let house = house().await;
    let worker = Puppet::let_in(&house.manager).await;
    assert_eq!(worker.builders(), ["b1"]);
    assert_eq!(worker.printed, ["attached"]);
    assert_eq!(house.told(), [Told::Connected("w1".to_owned())]);
    let info = house.ledger.info.lock().unwrap().clone().unwrap();
    assert_eq!(info.admin.as_deref(), Some("An Admin <admin@example.org>"));
    assert_eq!(info.host.as_deref(), Some("a machine"));
    assert_eq!(info.version.as_deref(), Some("4.3.0"));
    assert_eq!(info.facts.get("protocol").map(String::as_str), Some("pb"));
    assert_eq!(info.facts.get("os_name").map(String::as_str), Some("Debian"));
}

#[tokio::test]
async fn an_old_worker_is_asked_in_its_own_words() {
    let house = house().await;
    let mut worker = Puppet::new(&house.manager, "w1", "token-1");
    worker.info = None;
    worker.until("it is in", |it| it.is_in).await;
    let info = house.ledger.info.lock().unwrap().clone().unwrap();
    assert_eq!(info.version.as_deref(), Some("0.8.3"));
    assert_eq!(info.admin.as_deref(), Some("Old"));
    // It counts no lines, so that the master does.
    let spec = CommandSpec {
        max_lines: Some(2),
        ..in_b1(script("make"))
    };
    let mut command = house.start(spec).await;
    let started = worker.next_command().await;
    worker.print(started.object, "1\n2\n3\n");
    worker
        .until("it is interrupted", |it| !it.interrupted.is_empty())
        .await;
    worker.finish(started.object, -1);
    let heard = heard(&mut worker, &mut command).await;
    assert_eq!(heard.outcome, Some(Outcome::TimedOut(Limit::Lines)));
    house.manager.shut_down_worker("w1").unwrap();
    worker.until("it is told to end", |it| it.is_told_to_end).await;
}

#[tokio::test]
async fn wrong_passwords_and_unknown_names_are_refused_alike() {
    let house = house().await;
    for (name, password) in [("w1", "token-2"), ("w3", "token-1"), ("w3", "")] {
        let mut worker = Puppet::new(&house.manager, name, password);
        worker.until("it is refused", |it| it.refusal.is_some()).await;
        let refusal = worker.refusal.unwrap();
        // With any other failure its process would end.
        assert!(refusal.is_a("twisted.cred.error.UnauthorizedLogin"), "{refusal}");
    }
    assert_eq!(house.told(), []);
    house
        .is_told_of_refusal("a connection from 127.0.0.1 presented the wrong password")
        .await;
}

#[tokio::test]
async fn a_worker_learns_of_other_builders() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    house.manager.set_workers(vec![builds_for(&["b1", "b2"])]);
    worker
        .until("it knows of both", |it| it.builders() == ["b1", "b2"])
        .await;
    // One that is configured no more still ends what it began.
    house.manager.set_workers(vec![builds_for(&["b2"])]);
    let _command = house.start(in_b1(script("make"))).await;
    assert_eq!(worker.next_command().await.builder, "b1");
}

#[tokio::test]
async fn a_lost_connection_loses_its_commands() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let mut command = house.start(in_b1(script("make"))).await;
    worker.next_command().await;
    drop(worker);
    let heard = hear(&mut command).await;
    let lost = heard.lost.unwrap();
    assert!(lost.contains("it closed the connection"), "{lost}");
    wait_gone(&house).await;
    // It comes again, and works.
    let mut worker = Puppet::let_in(&house.manager).await;
    let mut command = house.start(in_b1(script("make"))).await;
    let started = worker.next_command().await;
    worker.finish(started.object, 0);
    assert_eq!(
        self::heard(&mut worker, &mut command).await.outcome,
        Some(Outcome::Exited(0))
    );
}

#[tokio::test]
async fn a_worker_that_stops_answering_is_lost_with_its_command() {
    let house = house_with(Settings {
        buildbot_heartbeat_interval: Duration::from_millis(50),
        buildbot_heartbeat_deadline: Duration::from_millis(400),
        ..settings()
    })
    .await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let mut command = house.start(in_b1(script("make"))).await;
    worker.next_command().await;
    worker.is_stuck = true;
    let heard = heard(&mut worker, &mut command).await;
    let lost = heard.lost.unwrap();
    assert!(lost.contains("no word of it for"), "{lost}");
    worker.until("its connection is cut", |it| it.is_cut).await;
}

#[tokio::test]
async fn a_second_connection_is_sent_away_while_the_first_answers() {
    let house = house().await;
    let mut first = Puppet::let_in(&house.manager).await;
    let mut second = Puppet::new(&house.manager, "w1", "token-1");
    let refused = second.until("it is refused", |it| it.refusal.is_some());
    tokio::select! {
        () = refused => {}
        () = first.until("the first goes on", |it| it.is_cut) => panic!("the first was cut"),
    }
    let refusal = second.refusal.unwrap();
    assert!(!refusal.is_a("twisted.cred.error.UnauthorizedLogin"));
    assert_eq!(refusal.message(), "rejecting duplicate worker");
    assert!(house.manager.is_connected("w1"));
    assert_eq!(*house.ledger.refused.lock().unwrap(), []);
}

#[tokio::test]
async fn a_worker_that_leaves_before_it_told_of_itself_was_refused() {
    let house = house().await;
    let mut worker = Puppet::new(&house.manager, "w1", "token-2");
    worker.until("it is refused", |it| it.refusal.is_some()).await;
    let mut worker = Puppet::new(&house.manager, "w1", "token-1");
    worker.is_stuck = true;
    worker.until("it is asked what it is", |it| it.owes_answers).await;
    worker.leave().await;
    for why in [
        "a connection from 127.0.0.1 presented the wrong password",
        "it did not tell of itself: it closed the connection",
    ] {
        house.is_told_of_refusal(why).await;
    }
    assert_eq!(house.told(), []);
}

#[tokio::test]
async fn a_second_connection_takes_the_place_of_one_that_is_stuck() {
    let house = house_with(Settings {
        duplicate_patience: Duration::from_millis(200),
        ..settings()
    })
    .await;
    let mut first = Puppet::let_in(&house.manager).await;
    let mut command = house.start(in_b1(script("make"))).await;
    first.next_command().await;
    first.is_stuck = true;
    let second = Puppet::let_in(&house.manager).await;
    assert!(second.is_in);
    let lost = hear(&mut command).await.lost.unwrap();
    assert!(lost.contains("it does not answer, and comes anew"), "{lost}");
    first.until("the first is cut", |it| it.is_cut).await;
}

#[tokio::test]
async fn a_worker_asks_to_be_let_go() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let call = worker.tell(worker.avatar.unwrap(), FromWorker::Shutdown);
    assert_eq!(worker.answer(call).await.unwrap(), Value::None);
    let wants = Told::WantsToLeave("w1".to_owned());
    eventually("it is told", PATIENCE, async || house.told().contains(&wants)).await;
    let call = worker.tell(worker.avatar.unwrap(), FromWorker::Keepalive);
    assert_eq!(worker.answer(call).await.unwrap(), Value::None);
    house.manager.shut_down_worker("w1").unwrap();
    worker.until("it is told to end", |it| it.is_told_to_end).await;
    drop(worker);
    wait_gone(&house).await;
    let Some(Told::Disconnected(_, why)) = house.told().pop() else {
        panic!("{:?}", house.told());
    };
    assert_eq!(why, "it ended, as it was told");
}

#[tokio::test]
async fn a_worker_that_is_configured_no_more_is_cut() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    house.manager.set_workers(vec![]);
    worker.until("it is cut", |it| it.is_cut).await;
    let mut worker = Puppet::new(&house.manager, "w1", "token-1");
    worker.until("it is refused", |it| it.refusal.is_some()).await;
}
