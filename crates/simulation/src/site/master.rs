//! The master, and the source of its changes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use weir_master::{Master, Options};
use weir_status_api::{Clock, OpenToAll};
use weir_status_db::{Database, NewChange, Store, Transition};

use super::{DATA, MASTER, Shared, serve};
use crate::chance::Chance;
use crate::here;

/// Runs the master until it is killed. A store that it cannot open or write ends it.
pub(super) async fn run(shared: Arc<Shared>, life: u32) -> Result<(), String> {
    let clock: Arc<dyn Clock> = shared.clock.clone();
    let store = Store::open(weir_status_db::Options {
        database: Database::Sqlite,
        data_dir: Path::new(DATA).join("data"),
        clock: Arc::clone(&clock),
    });
    let store = store.await.map_err(|error| error.to_string())?;
    let config = weir_config::check(&shared.plan.config, "weir.star", Path::new("."));
    let master = Master::start(Options {
        name: "here".to_owned(),
        config: config.map_err(|mistakes| mistakes.to_string())?,
        store: store.clone(),
        cache: Path::new(DATA).join("cache"),
        steps: Path::new(DATA).join("steps"),
        clock,
    });
    let master = master.await.map_err(|error| error.to_string())?;
    tokio::spawn(changes(Arc::clone(&shared), store.clone(), life));
    let access = Arc::new(OpenToAll(Arc::new(store)));
    let routes =
        weir_status_grpc::routes(access, CancellationToken::new()).add_service(master.workers().service());
    serve(&shared.network, MASTER, routes).await
}

/// Hands the changes in that have not come yet. One whose answer was lost with the master comes once more, under
/// another name.
async fn changes(shared: Arc<Shared>, store: Store, life: u32) {
    let plan = &shared.plan;
    let mut chance = Chance::new(plan.seed, &format!("changes {life}"));
    let pause = u64::try_from(plan.trouble.as_millis()).unwrap_or(1) / (plan.changes + 1) + 1;
    loop {
        sleep(chance.millis(0..=2 * pause)).await;
        let revision = {
            let mut ledger = shared.ledger.open();
            let taken = ledger.changes.values().filter(|taken| **taken).count() as u64;
            if taken >= plan.changes {
                return;
            }
            let revision = format!("r{}", ledger.changes.len());
            ledger.changes.insert(revision.clone(), false);
            revision
        };
        let change = NewChange {
            author: "Ada <ada@weir.example>".to_owned(),
            comments: revision.clone(),
            revision: Some(revision.clone()),
            branch: Some("main".to_owned()),
            repository: "/srv/code".to_owned(),
            when: shared.clock.now(),
            ..NewChange::default()
        };
        let add = Transition::AddChange(Box::new(change));
        while let Err(error) = store.apply(add.clone()).await {
            if !error.is_temporary() {
                panic!("a change is not taken at {:?}: {error}", here::now());
            }
            sleep(Duration::from_secs(1)).await;
        }
        shared.ledger.open().changes.insert(revision, true);
    }
}
