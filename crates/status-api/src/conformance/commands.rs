//! The commands beside forces: by which keys they can be given, and what they are recorded as.

use super::keyed::{NO, build_keys};
use super::story::Story;
use crate::{
    BuildId, BuildKey, BuildRequestId, Command, ControlAction, ControlTarget, SchedulerId, SchedulerKey,
    WorkerId, WorkerKey,
};

/// A kind of command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    StopBuild,
    Rebuild,
    CancelRequest,
    SetPriority,
    PauseWorker,
    UnpauseWorker,
    StopWorker,
    KillWorker,
    EnableScheduler,
}

/// The worker that is asked.
pub(super) const WORKER: &str = "wörker 2";
/// The scheduler that is disabled.
pub(super) const SCHEDULER: &str = "On push";

/// Calls the macro with the names of the cases of each kind of command.
macro_rules! each_command {
    ($with:ident) => {
        $with!(
            stop_build: StopBuild,
            rebuild: Rebuild,
            cancel_request: CancelRequest,
            set_priority: SetPriority,
            pause_worker: PauseWorker,
            unpause_worker: UnpauseWorker,
            stop_worker: StopWorker,
            kill_worker: KillWorker,
            enable_scheduler: EnableScheduler
        );
    };
}
pub(super) use each_command;

impl Which {
    fn of_build(self, build: BuildKey, reason: Option<&str>) -> Command {
        match self {
            Self::StopBuild => Command::StopBuild {
                build,
                reason: reason.map(str::to_owned),
            },
            _ => Command::Rebuild { build },
        }
    }

    fn of_worker(self, worker: WorkerKey, reason: Option<&str>) -> Command {
        let reason = reason.map(str::to_owned);
        match self {
            Self::PauseWorker => Command::PauseWorker { worker, reason },
            Self::UnpauseWorker => Command::UnpauseWorker { worker },
            Self::StopWorker => Command::StopWorker { worker, reason },
            _ => Command::KillWorker { worker, reason },
        }
    }

    fn of_request(self, request: BuildRequestId, reason: Option<&str>) -> Command {
        match self {
            Self::CancelRequest => Command::CancelRequest {
                request,
                reason: reason.map(str::to_owned),
            },
            _ => Command::SetPriority {
                request,
                priority: 42,
            },
        }
    }

    /// The command about something that is there, by each of its keys.
    pub(super) fn forms(self, story: &Story<'_>, reason: Option<&str>) -> Vec<Command> {
        let scene = &story.scene;
        match self {
            Self::StopBuild | Self::Rebuild => {
                let build = if self == Self::StopBuild {
                    story.running
                } else {
                    story.ended
                };
                let keys = build_keys(scene, build).into_iter();
                keys.map(|key| self.of_build(key, reason)).collect()
            }
            Self::CancelRequest | Self::SetPriority => vec![self.of_request(story.claimed, reason)],
            Self::PauseWorker | Self::UnpauseWorker | Self::StopWorker | Self::KillWorker => {
                let keys = [WorkerKey::Id(scene.worker(WORKER)), WORKER.into()];
                keys.map(|key| self.of_worker(key, reason)).to_vec()
            }
            Self::EnableScheduler => {
                let keys = [
                    SchedulerKey::Id(scene.ids.schedulers[SCHEDULER]),
                    SCHEDULER.into(),
                ];
                keys.map(|scheduler| Command::EnableScheduler {
                    scheduler,
                    enabled: false,
                })
                .to_vec()
            }
        }
    }

    /// The command about what is not there.
    pub(super) fn about_nothing(self) -> Vec<Command> {
        let reason = Some("why");
        match self {
            Self::StopBuild | Self::Rebuild => {
                let keys = [
                    BuildKey::Id(BuildId(NO)),
                    BuildKey::Number(super::story::LINUX.into(), NO),
                    BuildKey::Number("nobody's".into(), 1),
                ];
                keys.map(|key| self.of_build(key, reason)).to_vec()
            }
            Self::CancelRequest | Self::SetPriority => {
                vec![self.of_request(BuildRequestId(NO), reason)]
            }
            Self::PauseWorker | Self::UnpauseWorker | Self::StopWorker | Self::KillWorker => {
                let keys = [WorkerKey::Id(WorkerId(NO)), "nobody's".into(), "WÖRKER 2".into()];
                keys.map(|key| self.of_worker(key, reason)).to_vec()
            }
            Self::EnableScheduler => {
                let keys = [SchedulerKey::Id(SchedulerId(NO)), "nobody's".into()];
                keys.map(|scheduler| Command::EnableScheduler {
                    scheduler,
                    enabled: true,
                })
                .to_vec()
            }
        }
    }

    /// The command about what has ended.
    pub(super) fn about_the_ended(self, story: &Story<'_>) -> Command {
        let build: crate::Build = story.scene.world.one(story.ended.0);
        match self {
            Self::StopBuild => self.of_build(story.ended.into(), Some("too late")),
            _ => self.of_request(build.request, Some("too late")),
        }
    }

    /// What it is recorded as, if it is.
    pub(super) fn recorded(self, story: &Story<'_>) -> Option<(ControlTarget, ControlAction)> {
        let worker = ControlTarget::Worker(story.scene.worker(WORKER));
        match self {
            Self::StopBuild => Some((ControlTarget::Build(story.running), ControlAction::Stop)),
            Self::CancelRequest => Some((ControlTarget::BuildRequest(story.claimed), ControlAction::Cancel)),
            Self::PauseWorker => Some((worker, ControlAction::Pause)),
            Self::UnpauseWorker => Some((worker, ControlAction::Unpause)),
            Self::StopWorker => Some((worker, ControlAction::Stop)),
            Self::KillWorker => Some((worker, ControlAction::Kill)),
            Self::Rebuild | Self::SetPriority | Self::EnableScheduler => None,
        }
    }
}
