//! People who force builds and stop them, cancel requests, pause workers.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use weir_status_api::{
    Build, BuildField, BuildKey, BuildRequest, BuildRequestField, Caller, Command, Control, Error,
    ForceParams, Query, ReadExt, SchedulerKey, WorkerKey,
};
use weir_status_grpc::GrpcStatus;

use super::{GATEWAY, MASTER, Shared, status};
use crate::chance::Chance;
use crate::here;
use crate::network::HostId;
use crate::plant::Plant;

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
    people.try_all().await;
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
        let builders = self.shared.plan.builders.iter().map(|it| it.name.clone());
        let builders: Vec<String> = builders.filter(|_| !self.chance.once_in(3)).collect();
        if !builders.is_empty() {
            self.force_those(format!("force {number}"), builders).await;
        }
    }

    /// Builds once more on each builder: nothing that is gone holds what they need.
    async fn try_all(&mut self) {
        for builder in self.shared.plan.builders.clone() {
            self.force_those(format!("last of {}", builder.name), vec![builder.name])
                .await;
        }
    }

    async fn force_those(&mut self, key: String, builders: Vec<String>) {
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
                    if self.shared.plant == Some(Plant::DoubledForce) {
                        let _ = self.api().control(&self.caller, forged(&force)).await;
                    }
                    self.shared.ledger.open().forces.insert(key, Some(outcome));
                    return;
                }
                Err(Error::Unavailable { .. } | Error::Internal { .. }) => {
                    sleep(self.chance.millis(100..=3000)).await;
                }
                // A builder is not there now; it will be again.
                Err(Error::InvalidInput { .. } | Error::Conflict { .. })
                    if self.shared.plan.configs.len() > 1 =>
                {
                    sleep(self.chance.millis(500..=3000)).await;
                }
                Err(error) => panic!("{key} is refused: {error}"),
            }
        }
    }

    /// Does something that can fail.
    async fn meddle(&mut self) {
        let api = self.api();
        let command = match self.chance.within(0..=13) {
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
            9 | 10 => self.rebuild(&api).await,
            11 => self.set_priority(&api).await,
            12 => Some(Command::EnableScheduler {
                scheduler: SchedulerKey::Name((*self.chance.pick(&BY_THEMSELVES)).to_owned()),
                enabled: !self.chance.once_in(3),
            }),
            _ => None,
        };
        if let Some(command) = command {
            // Whether it was done or not is all the same to them.
            let _ = api.control(&self.caller, command).await;
        }
    }

    fn worker(&mut self) -> WorkerKey {
        WorkerKey::Name(self.chance.pick(&self.shared.plan.workers).name.clone())
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

    async fn rebuild(&mut self, api: &GrpcStatus) -> Option<Command> {
        let query = Query::<Build>::new().eq(BuildField::Complete, true);
        let builds = api.page(query).await.ok()?.items;
        let build = (!builds.is_empty()).then(|| self.chance.pick(&builds).id)?;
        Some(Command::Rebuild {
            build: BuildKey::Id(build),
        })
    }

    async fn set_priority(&mut self, api: &GrpcStatus) -> Option<Command> {
        let query = Query::<BuildRequest>::new().eq(BuildRequestField::Complete, false);
        let requests = api.page(query).await.ok()?.items;
        let request = (!requests.is_empty()).then(|| self.chance.pick(&requests).id)?;
        Some(Command::SetPriority {
            request,
            priority: i32::try_from(self.chance.within(0..=5)).unwrap_or_default(),
        })
    }

    /// Lets all workers work, and what builds by the clock rest, once the master goes by its last configuration.
    async fn tidy(&mut self) {
        let last = self.shared.plan.configs.len() - 1;
        while self.shared.ledger.open().goes_by != last {
            sleep(Duration::from_secs(1)).await;
        }
        let plan = self.shared.plan.clone();
        let unpause = plan.workers.iter().map(|it| Command::UnpauseWorker {
            worker: WorkerKey::Name(it.name.clone()),
        });
        let by_clock = [
            plan.features.periodic.map(|_| "clock"),
            plan.features.nightly.map(|_| "minutes"),
        ];
        let rest = by_clock
            .into_iter()
            .flatten()
            .map(|name| Command::EnableScheduler {
                scheduler: SchedulerKey::Name(name.to_owned()),
                enabled: false,
            });
        for command in unpause.chain(rest) {
            while self.api().control(&self.caller, command.clone()).await.is_err() {
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// The schedulers that people let rest and work again.
const BY_THEMSELVES: [&str; 3] = ["clock", "minutes", "after"];

/// The same wish once more, as if it were another.
fn forged(force: &Command) -> Command {
    let mut force = force.clone();
    if let Command::Force { params, .. } = &mut force {
        params.idempotency_key = None;
    }
    force
}
