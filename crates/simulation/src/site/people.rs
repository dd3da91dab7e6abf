//! People who force builds and stop them, cancel requests, pause workers.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use weir_status_api::{
    Build, BuildField, BuildKey, BuildRequest, BuildRequestField, Caller, Command, Control, Error,
    ForceParams, Query, ReadExt, WorkerKey,
};
use weir_status_grpc::GrpcStatus;

use super::{GATEWAY, MASTER, Shared, status};
use crate::chance::Chance;
use crate::here;
use crate::network::HostId;

/// Wants things as long as there is trouble; then puts right what it left, and wants nothing.
pub(super) async fn run(shared: Arc<Shared>, host: HostId) -> Result<(), String> {
    let mut people = People {
        chance: Chance::new(shared.plan.seed, "people"),
        apis: [
            status(&shared.network, host, MASTER)?,
            status(&shared.network, host, GATEWAY)?,
        ],
        caller: Caller::anonymous(),
        shared,
    };
    let plan = people.shared.plan.clone();
    let pause = u64::try_from(plan.trouble.as_millis()).unwrap_or(1) / (plan.forces + 1);
    for number in 0..plan.forces {
        let until = here::now() + people.chance.millis(0..=2 * pause);
        while here::now() < until {
            sleep(people.chance.millis(100..=5000)).await;
            people.meddle().await;
        }
        people.force(number).await;
    }
    while !people.shared.ledger.open().is_calm {
        sleep(Duration::from_secs(1)).await;
    }
    people.tidy().await;
    people.shared.ledger.open().people_are_done = true;
    std::future::pending().await
}

struct People {
    shared: Arc<Shared>,
    chance: Chance,
    apis: [GrpcStatus; 2],
    caller: Caller,
}

impl People {
    fn api(&mut self) -> GrpcStatus {
        self.chance.pick(&self.apis).clone()
    }

    /// Forces a build, and does not rest before there is an answer.
    async fn force(&mut self, number: u64) {
        let key = format!("force {number}");
        let builders = self.shared.plan.builders.iter().map(|it| it.name.clone());
        let builders: Vec<String> = builders.filter(|_| !self.chance.once_in(3)).collect();
        if builders.is_empty() {
            return;
        }
        let force = Command::Force {
            scheduler: "force".to_owned(),
            params: ForceParams {
                builders,
                reason: Some(format!("[{key}]")),
                priority: Some(i32::try_from(self.chance.within(0..=2)).unwrap_or_default()),
                idempotency_key: Some(key.clone()),
                ..ForceParams::default()
            },
        };
        self.shared.ledger.open().forces.insert(key.clone(), None);
        loop {
            match self.api().control(&self.caller, force.clone()).await {
                Ok(outcome) => {
                    self.shared.ledger.open().forces.insert(key, Some(outcome));
                    return;
                }
                Err(Error::Unavailable { .. } | Error::Internal { .. }) => {
                    sleep(self.chance.millis(100..=3000)).await;
                }
                Err(error) => panic!("{key} is refused: {error}"),
            }
        }
    }

    /// Does something that can fail.
    async fn meddle(&mut self) {
        let api = self.api();
        let command = match self.chance.within(0..=9) {
            0 | 1 => self.stop(&api).await,
            2 | 3 => self.cancel(&api).await,
            4 => Some(Command::PauseWorker {
                worker: self.worker(),
                reason: None,
            }),
            5 | 6 => Some(Command::UnpauseWorker {
                worker: self.worker(),
            }),
            7 => Some(Command::StopWorker {
                worker: self.worker(),
                reason: None,
            }),
            8 => Some(Command::KillWorker {
                worker: self.worker(),
                reason: None,
            }),
            _ => None,
        };
        if let Some(command) = command {
            // Whether it was done or not is all the same to them.
            let _ = api.control(&self.caller, command).await;
        }
    }

    fn worker(&mut self) -> WorkerKey {
        let (name, _) = self.chance.pick(&self.shared.plan.workers);
        WorkerKey::Name(name.clone())
    }

    async fn stop(&mut self, api: &GrpcStatus) -> Option<Command> {
        let query = Query::<Build>::new().eq(BuildField::Complete, false);
        let builds = api.page(query).await.ok()?.items;
        let build = (!builds.is_empty()).then(|| self.chance.pick(&builds).id)?;
        Some(Command::StopBuild {
            build: BuildKey::Id(build),
            reason: Some("nobody needs it".to_owned()),
        })
    }

    async fn cancel(&mut self, api: &GrpcStatus) -> Option<Command> {
        let query = Query::<BuildRequest>::new().eq(BuildRequestField::Complete, false);
        let requests = api.page(query).await.ok()?.items;
        let request = (!requests.is_empty()).then(|| self.chance.pick(&requests).id)?;
        Some(Command::CancelRequest {
            request,
            reason: Some("nobody needs it".to_owned()),
        })
    }

    /// Lets all workers work.
    async fn tidy(&mut self) {
        let names: Vec<String> = self
            .shared
            .plan
            .workers
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        for name in names {
            let unpause = Command::UnpauseWorker {
                worker: WorkerKey::Name(name),
            };
            while self.api().control(&self.caller, unpause.clone()).await.is_err() {
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}
