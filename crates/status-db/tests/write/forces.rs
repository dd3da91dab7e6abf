//! A force with a key is carried out once.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use weir_status_api::conformance::HandClock;
use weir_status_api::{
    Buildset, Caller, ControlExt, Error, ForceDefaults, ForceParams, ForceScheduler, Outcome, Query, ReadExt,
    SchedulerKey,
};
use weir_status_db::{Applied, Database, Options, Store, Transition};
use weir_testbed::Postgres;

use crate::rig::setup;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A store with the force scheduler `by hand`.
async fn open(database: Database, dir: &Path, name: &str, clock: &HandClock) -> Store {
    let options = Options {
        database,
        data_dir: dir.to_owned(),
        clock: Arc::new(clock.clone()),
    };
    let store = Store::open(options).await.unwrap();
    let name = name.to_owned();
    let started = store.apply(Transition::StartMaster { name }).await.unwrap();
    let Applied::Master(master) = started else {
        panic!("{started:?}")
    };
    let mut setup = setup();
    setup.force_schedulers.push(ForceScheduler {
        name: "by hand".to_owned(),
        button_name: "Build".to_owned(),
        label: "By hand".to_owned(),
        builder_names: vec!["debug".to_owned()],
        enabled: true,
        defaults: ForceDefaults::default(),
        properties: Default::default(),
        fields: vec![],
    });
    store.apply(Transition::Configure(master, setup)).await.unwrap();
    store
}

fn keyed(key: &str) -> ForceParams {
    ForceParams {
        idempotency_key: Some(key.to_owned()),
        ..ForceParams::default()
    }
}

async fn force(store: &Store, caller: &str, key: &str) -> Outcome {
    let caller = Caller::named(caller);
    store.force(&caller, "by hand", keyed(key)).await.unwrap()
}

async fn buildsets(store: &Store) -> usize {
    store.page(Query::<Buildset>::new()).await.unwrap().items.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_wish_within_a_day_makes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let clock = HandClock::default();
    let store = open(Database::Sqlite, dir.path(), "here", &clock).await;
    let first = force(&store, "ada", "k1").await;
    assert!(matches!(&first, Outcome::Buildset { requests, .. } if requests.len() == 1));
    assert_eq!(force(&store, "ada", "k1").await, first);
    assert_eq!(buildsets(&store).await, 1);
    // What another asks for, and with another key, is another wish.
    assert_ne!(force(&store, "ben", "k1").await, first);
    assert_ne!(force(&store, "ada", "k2").await, first);
    assert_eq!(buildsets(&store).await, 3);

    clock.advance(DAY - Duration::from_secs(1));
    // The answer stands, though the same force would be refused by now.
    let scheduler = SchedulerKey::Name("by hand".to_owned());
    let enable = |enabled| weir_status_api::Command::EnableScheduler {
        scheduler: scheduler.clone(),
        enabled,
    };
    use weir_status_api::Control;
    let ada = Caller::named("ada");
    store.control(&ada, enable(false)).await.unwrap();
    assert_eq!(force(&store, "ada", "k1").await, first);
    let refused = store.force(&ada, "by hand", keyed("k3")).await.unwrap_err();
    assert!(matches!(refused, Error::Conflict { .. }), "{refused}");
    store.control(&ada, enable(true)).await.unwrap();

    clock.advance(Duration::from_secs(1));
    let anew = force(&store, "ada", "k1").await;
    assert_ne!(anew, first);
    assert_eq!(force(&store, "ada", "k1").await, anew);
    assert_eq!(buildsets(&store).await, 4);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_neither_empty_nor_long() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(Database::Sqlite, dir.path(), "here", &HandClock::default()).await;
    for key in [String::new(), "k".repeat(201)] {
        let refused = store.force(&Caller::named("ada"), "by hand", keyed(&key)).await;
        let Err(Error::InvalidInput { fields }) = refused else {
            panic!("{refused:?}")
        };
        assert!(fields.contains_key("idempotency_key"), "{fields:?}");
    }
    assert_eq!(buildsets(&store).await, 0);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_masters_that_are_asked_at_once_agree() {
    let server = Postgres::start().unwrap();
    let url = server.url();
    let clock = HandClock::default();
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let database = || Database::Postgres(url.clone());
    let one = open(database(), here.path(), "one", &clock).await;
    let two = open(database(), there.path(), "two", &clock).await;
    for number in 0..20 {
        let key = format!("k{number}");
        let (first, second) = tokio::join!(force(&one, "ada", &key), force(&two, "ada", &key));
        assert_eq!(first, second);
    }
    assert_eq!(buildsets(&one).await, 20);
    one.close().await;
    two.close().await;
}
