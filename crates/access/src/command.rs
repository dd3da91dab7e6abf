//! Commands: who may ask for which, of what.

use std::sync::Arc;

use weir_status_api::{
    BuildRequest, BuilderId, BuilderKey, Command, DeadLetterChoice, Entity, Error, ForceParams,
    ForceScheduler, Key, Outcome, ReadExt, Result, Scheduler, TokenScope,
};

use crate::eyes::Eyes;
use crate::opened::{Opened, Sight, denied, missing};
use crate::policy::{Action, Grant, Limit};
use crate::standing::Standing;

/// What the command asks for.
pub(crate) const fn action_of(command: &Command) -> Action {
    match command {
        Command::Force { .. } => Action::Force,
        Command::Rebuild { .. } => Action::Rebuild,
        Command::StopBuild { .. } => Action::Stop,
        Command::CancelRequest { .. } => Action::Cancel,
        Command::SetPriority { .. } => Action::Priority,
        Command::PauseWorker { .. }
        | Command::UnpauseWorker { .. }
        | Command::StopWorker { .. }
        | Command::KillWorker { .. } => Action::Workers,
        Command::EnableScheduler { .. } => Action::Schedulers,
        Command::AddChange { .. } => Action::Changes,
        Command::Reconfigure { .. } | Command::DescribeConfiguration { .. } => Action::Reconfigure,
        Command::Listen { .. } => Action::Listen,
        Command::DeliverAgain { .. }
        | Command::DropDeadLetters { .. }
        | Command::RewindListener { .. }
        | Command::ForgetListener { .. } => Action::Replay,
    }
}

impl Opened {
    /// Carries out the command for the caller, if they may.
    pub(crate) async fn carry_out(&self, command: Command) -> Result<Outcome> {
        let who = self.shared.standing(&self.caller).await?;
        who.must_have(TokenScope::Control)?;
        let action = action_of(&command);
        let grant = self.shared.policy().grant(action, &who);
        if grant == Grant::Nothing {
            return Err(denied(action, &who));
        }
        let sight = self.sight_of(&who)?;
        if grant == Grant::Everything && matches!(sight, Sight::All) {
            return self.shared.api.control(&who.caller(), command).await;
        }
        let desk = Desk {
            opened: self,
            who: &who,
            action,
            limits: match grant {
                Grant::Some(limits) => Some(self.eyes(limits)),
                _ => None,
            },
            eyes: match sight {
                Sight::Some(eyes) => Some(eyes),
                Sight::All => None,
            },
        };
        desk.carry_out(command).await
    }

    fn eyes(&self, limits: Arc<[Limit]>) -> Eyes {
        Eyes {
            shared: Arc::clone(&self.shared),
            limits,
        }
    }
}

/// Where one command is looked at of somebody who sees, or may do this to, some builders only.
struct Desk<'a> {
    opened: &'a Opened,
    who: &'a Standing,
    action: Action,
    /// The builders to which they may do it; all if none.
    limits: Option<Eyes>,
    /// The builders that they see; all if none.
    eyes: Option<Eyes>,
}

impl Desk<'_> {
    async fn carry_out(&self, command: Command) -> Result<Outcome> {
        match command {
            Command::Force { scheduler, params } => self.force(scheduler, params).await,
            Command::Rebuild { ref build } | Command::StopBuild { ref build, .. } => {
                let key = Key::Build(build.clone());
                let Entity::Build(build) = self.target(key.clone()).await? else {
                    return Err(Error::not_found(key));
                };
                self.must_reach(build.builder).await?;
                self.go(command).await
            }
            Command::CancelRequest { request, .. } | Command::SetPriority { request, .. } => {
                let key = Key::BuildRequest(request);
                let api = &self.opened.shared.api;
                let request = api.one::<BuildRequest>(key.clone()).await?.value;
                self.must_see(request.builder, key).await?;
                self.must_reach(request.builder).await?;
                self.go(command).await
            }
            Command::EnableScheduler { ref scheduler, .. } => {
                let key = Key::Scheduler(scheduler.clone());
                let found = self.opened.shared.api.one::<Scheduler>(key.clone()).await?.value;
                if let Some(eyes) = &self.eyes
                    && !eyes.sees_scheduler(&found.name).await?
                {
                    return Err(Error::not_found(key));
                }
                self.go(command).await
            }
            Command::PauseWorker { .. }
            | Command::UnpauseWorker { .. }
            | Command::StopWorker { .. }
            | Command::KillWorker { .. }
            | Command::AddChange { .. }
            | Command::Reconfigure { .. }
            | Command::DescribeConfiguration { .. }
            | Command::Listen { .. }
            | Command::RewindListener { .. }
            | Command::ForgetListener { .. } => self.go(command).await,
            Command::DeliverAgain { ref letters } | Command::DropDeadLetters { ref letters } => {
                // Of a listener's all may be hidden ones too; who may replay, may replay those.
                if let DeadLetterChoice::One(letter) = letters {
                    self.target(Key::DeadLetter(*letter)).await?;
                }
                self.go(command).await
            }
        }
    }

    async fn go(&self, command: Command) -> Result<Outcome> {
        self.opened.shared.api.control(&self.who.caller(), command).await
    }

    /// What the key names, if they see it.
    async fn target(&self, key: Key) -> Result<Entity> {
        let entity = self.opened.shared.api.get(key.clone()).await;
        let entity = entity.map_err(|error| missing(error, &key))?.value;
        let seen = match &self.eyes {
            Some(eyes) => eyes.show(entity).await?,
            None => Some(entity),
        };
        seen.ok_or_else(|| Error::not_found(key))
    }

    /// What belongs to a builder that they do not see does not exist for them.
    async fn must_see(&self, builder: BuilderId, key: Key) -> Result<()> {
        match &self.eyes {
            Some(eyes) if !eyes.sees_builder(builder).await? => Err(Error::not_found(key)),
            _ => Ok(()),
        }
    }

    /// They must be allowed to do it to the builder, which they see.
    async fn must_reach(&self, builder: impl Into<BuilderKey>) -> Result<()> {
        match &self.limits {
            Some(limits) if !limits.sees_builder(builder).await? => Err(denied(self.action, self.who)),
            _ => Ok(()),
        }
    }

    async fn force(&self, name: String, mut params: ForceParams) -> Result<Outcome> {
        let Entity::ForceScheduler(scheduler) = self.target(Key::ForceScheduler(name.clone())).await? else {
            return Err(Error::not_found(Key::ForceScheduler(name)));
        };
        if let ([], [only]) = (params.builders.as_slice(), scheduler.builder_names.as_slice()) {
            params.builders.push(only.clone());
        }
        let asked = params.builders.clone();
        for builder in &mut params.builders {
            if scheduler.builder_names.contains(builder) {
                self.must_reach(builder.as_str()).await?;
            } else {
                // No builder has this name. The scheduler may start the one that was asked for, and must not.
                builder.clear();
            }
        }
        let command = Command::Force {
            scheduler: name,
            params,
        };
        let outcome = self.go(command).await;
        outcome.map_err(|error| without_hidden(error, &scheduler, &asked))
    }
}

/// The error in the words that it had if the scheduler had the seen builders only.
fn without_hidden(error: Error, scheduler: &ForceScheduler, asked: &[String]) -> Error {
    let Error::InvalidInput { mut fields } = error else {
        return error;
    };
    if let Some(why) = fields.get_mut("builders") {
        let unknown = asked
            .iter()
            .rev()
            .find(|it| !scheduler.builder_names.contains(it));
        *why = match unknown.or(asked.last()) {
            Some(name) => format!("`{}` has no builder `{name}`", scheduler.name),
            None => format!("choose one or more of {}", scheduler.builder_names.join(", ")),
        };
    }
    Error::InvalidInput { fields }
}
