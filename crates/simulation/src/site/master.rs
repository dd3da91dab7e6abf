//! The master, and the source of its changes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use weir_config::MasterConfig;
use weir_master::{Master, Options};
use weir_status_api::{Clock, OpenToAll};
use weir_status_db::{Database, NewChange, Store, Transition};

use super::{DATA, MASTER, Shared, serve};
use crate::chance::Chance;
use crate::plan::{CODEBASES, REPOSITORY};
use crate::plant::Plant;
use crate::{here, trace};

/// Runs the master until it is killed. A store that it cannot open or write ends it.
pub(super) async fn run(shared: Arc<Shared>, life: u32) -> Result<(), String> {
    let data = Path::new(DATA).join("data");
    if let Some(plant) = shared.plant {
        plant.forget(&data);
    }
    let clock: Arc<dyn Clock> = shared.clock.clone();
    let store = Store::open(weir_status_db::Options {
        database: Database::Sqlite,
        data_dir: data,
        clock: Arc::clone(&clock),
    });
    let store = store.await.map_err(|error| error.to_string())?;
    let version = shared.ledger.open().version;
    let master = Master::start(Options {
        name: "here".to_owned(),
        config: config(&shared, version)?,
        store: store.clone(),
        cache: Path::new(DATA).join("cache"),
        steps: Path::new(DATA).join("steps"),
        files: Path::new(DATA).join("files"),
        clock,
    });
    let master = master.await.map_err(|error| error.to_string())?;
    shared.ledger.open().goes_by = version;
    if shared.plant == Some(Plant::Panic) {
        tokio::spawn(async { panic!("this is planted") });
    }
    tokio::spawn(changes(Arc::clone(&shared), store.clone(), life));
    let access = Arc::new(OpenToAll(Arc::new(store)));
    let routes =
        weir_status_grpc::routes(access, CancellationToken::new()).add_service(master.workers().service());
    tokio::spawn(reconfigure(Arc::clone(&shared), master));
    serve(&shared.network, MASTER, routes).await
}

/// The configuration that the master's file has in that version.
fn config(shared: &Shared, version: usize) -> Result<MasterConfig, String> {
    let plan = &shared.plan;
    let (_, text) = &plan.configs[version];
    let text = match shared.plant {
        Some(plant) => plant.config(text, plan.features.secret.as_deref().unwrap_or_default()),
        None => text.clone(),
    };
    weir_config::check(&text, "weir.star", Path::new(".")).map_err(|mistakes| mistakes.to_string())
}

/// Has the master go by one configuration after the other. A life of it that is killed meanwhile begins by the next.
async fn reconfigure(shared: Arc<Shared>, mut master: Master) {
    let first = shared.ledger.open().goes_by;
    for version in first + 1..shared.plan.configs.len() {
        let (due, _) = shared.plan.configs[version];
        sleep(due.saturating_sub(here::now())).await;
        shared.ledger.open().version = version;
        trace::note(format_args!("the configuration is another, version {version}"));
        loop {
            let config = config(&shared, version).expect("it was read before");
            match master.reconfigure(config).await {
                Ok(()) => break,
                Err(error) => trace::note(format_args!("the configuration is not taken: {error}")),
            }
            sleep(Duration::from_secs(1)).await;
        }
        shared.ledger.open().goes_by = version;
    }
    // The master lives as long as this does.
    std::future::pending::<()>().await;
    drop(master);
}

/// Hands the changes in that have not come yet. One whose answer was lost with the master comes once more, under
/// another name.
async fn changes(shared: Arc<Shared>, store: Store, life: u32) {
    let plan = &shared.plan;
    let mut chance = Chance::new(plan.seed, &format!("changes {life}"));
    let pause = u64::try_from(plan.trouble.as_millis()).unwrap_or(1) / (plan.changes + 1) + 1;
    // The schedulers of the first life have seen by then that there is none.
    sleep(Duration::from_secs(3).saturating_sub(here::now())).await;
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
        let mut change = NewChange {
            author: "Ada <ada@weir.example>".to_owned(),
            comments: revision.clone(),
            revision: Some(revision.clone()),
            branch: Some((*chance.pick(&["main", "main", "next"])).to_owned()),
            repository: REPOSITORY.to_owned(),
            when: shared.clock.now(),
            ..NewChange::default()
        };
        if plan.features.codebases {
            change.codebase = (*chance.pick(&CODEBASES)).to_owned();
            change.repository = format!("/srv/{}", change.codebase);
        }
        if shared.plant == Some(Plant::LostChange) {
            shared.ledger.open().changes.insert(revision, true);
            continue;
        }
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
