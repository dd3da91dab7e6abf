//! Commands as JSON-RPC 2.0, both ways.

mod change;
mod configuration;
mod force;
mod idempotency;
mod listen;
mod rpc;

use serde_json::{Map, Value, json};
use weir_status_api::{Command, DeadLetterChoice, Error, Key, Kind, Outcome, Result};

use super::key_path;
use super::path::Endpoint;
pub use change::change_from_params;
pub use force::{ForceRequest, force_error_to_field_names, force_error_to_json_names, force_to_params};
pub use idempotency::{IDEMPOTENCY_HEADER, read_idempotency_key, write_idempotency_key};
pub use rpc::{RpcRequest, RpcResponse, outcome_from, rpc_answer, rpc_error_from};

/// What a POST asks for.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one is made for each request, and taken apart at once"
)]
pub enum Asked {
    /// A command, as it is.
    Command(Command),
    /// A force; its scheduler's codebase tells what its parameters mean.
    Force {
        /// The force scheduler's name.
        scheduler: String,
        /// The parameters.
        params: Map<String, Value>,
    },
}

/// What `method` with `params` asks for at a path.
///
/// # Errors
/// [`Error::NotSupported`] if the resource has no such method; [`Error::InvalidInput`] if a parameter is not
/// of its type.
pub fn asked(endpoint: &Endpoint, method: &str, params: &Map<String, Value>) -> Result<Asked> {
    if let (Endpoint::List(Kind::Change, scopes), "add") = (endpoint, method)
        && scopes.is_empty()
    {
        let change = change_from_params(params)?;
        return Ok(Asked::Command(Command::AddChange { change }));
    }
    if let Endpoint::List(Kind::Listener, scopes) = endpoint
        && scopes.is_empty()
    {
        return listen::command(method, params).map(Asked::Command);
    }
    let (Endpoint::One(key) | Endpoint::OneWithin(key, _)) = endpoint else {
        return Err(unsupported(method));
    };
    let reason = || text(params, "reason");
    let command = match (key.clone(), method) {
        (Key::Build(build), "stop") => Command::StopBuild {
            build,
            reason: reason()?,
        },
        (Key::Build(build), "rebuild") => Command::Rebuild { build },
        (Key::BuildRequest(request), "cancel") => Command::CancelRequest {
            request,
            reason: reason()?,
        },
        (Key::BuildRequest(request), "set_priority") => Command::SetPriority {
            request,
            priority: force::needed_priority(params)?,
        },
        (Key::Worker(worker), "pause") => Command::PauseWorker {
            worker,
            reason: reason()?,
        },
        (Key::Worker(worker), "unpause") => Command::UnpauseWorker { worker },
        (Key::Worker(worker), "stop") => Command::StopWorker {
            worker,
            reason: reason()?,
        },
        (Key::Worker(worker), "kill") => Command::KillWorker {
            worker,
            reason: reason()?,
        },
        (Key::Scheduler(scheduler), "enable") => Command::EnableScheduler {
            scheduler,
            enabled: flag(params, "enabled")?,
        },
        (Key::Master(master), "reconfigure") => Command::Reconfigure { master },
        (Key::Master(master), "describe_configuration") => Command::DescribeConfiguration { master },
        (Key::Listener(listener), "replay") => listen::replay(listener, params)?,
        (Key::Listener(listener), "drop") => Command::DropDeadLetters {
            letters: listen::letters_of(listener, params)?,
        },
        (Key::Listener(listener), "forget") => Command::ForgetListener { listener },
        (Key::DeadLetter(letter), "again") => Command::DeliverAgain {
            letters: DeadLetterChoice::One(letter),
        },
        (Key::DeadLetter(letter), "drop") => Command::DropDeadLetters {
            letters: DeadLetterChoice::One(letter),
        },
        (Key::ForceScheduler(scheduler), "force") => {
            return Ok(Asked::Force {
                scheduler,
                params: params.clone(),
            });
        }
        _ => return Err(unsupported(method)),
    };
    Ok(Asked::Command(command))
}

fn unsupported(method: &str) -> Error {
    Error::NotSupported {
        operation: format!("action: {method}"),
        implementer: "this resource".to_owned(),
    }
}

/// A command as it is sent: to what, which method, with which parameters.
///
/// The path is none if its key has no path; see [`key_path`]. `codebase` is that of the scheduler of a force.
pub fn write_command(
    command: &Command,
    codebase: &str,
) -> (Option<String>, &'static str, Map<String, Value>) {
    let reason = |reason: &Option<String>| match reason {
        Some(reason) => object(json!({"reason": reason})),
        None => Map::new(),
    };
    let (method, params) = match command {
        Command::Force { params, .. } => ("force", force_to_params(params, codebase)),
        Command::StopBuild { reason: why, .. } | Command::StopWorker { reason: why, .. } => {
            ("stop", reason(why))
        }
        Command::Rebuild { .. } => ("rebuild", Map::new()),
        Command::CancelRequest { reason: why, .. } => ("cancel", reason(why)),
        Command::SetPriority { priority, .. } => ("set_priority", object(json!({"priority": priority}))),
        Command::PauseWorker { reason: why, .. } => ("pause", reason(why)),
        Command::KillWorker { reason: why, .. } => ("kill", reason(why)),
        Command::UnpauseWorker { .. } => ("unpause", Map::new()),
        Command::EnableScheduler { enabled, .. } => ("enable", object(json!({"enabled": enabled}))),
        Command::AddChange { change } => ("add", change::change_to_params(change)),
        Command::Reconfigure { .. } => ("reconfigure", Map::new()),
        Command::DescribeConfiguration { .. } => ("describe_configuration", Map::new()),
        Command::Listen {
            listener,
            holder,
            ask,
        } => listen::write(listener, holder, ask),
        Command::DeliverAgain { letters } => match letters {
            DeadLetterChoice::One(_) => ("again", Map::new()),
            DeadLetterChoice::Of { first, .. } => ("replay", object(json!({"first": first.0}))),
        },
        Command::DropDeadLetters { letters } => match letters {
            DeadLetterChoice::One(_) => ("drop", Map::new()),
            DeadLetterChoice::Of { first, .. } => ("drop", object(json!({"first": first.0}))),
        },
        Command::RewindListener { first, .. } => {
            ("replay", object(json!({"first": first.0, "everything": true})))
        }
        Command::ForgetListener { .. } => ("forget", Map::new()),
    };
    let path = match command_key(command) {
        Some(key) => key_path(&key),
        None if matches!(command, Command::Listen { .. }) => Some("listeners".to_owned()),
        None => Some("changes".to_owned()),
    };
    (path, method, params)
}

/// What the command is about; none if that is not there yet.
pub fn command_key(command: &Command) -> Option<Key> {
    Some(match command {
        Command::AddChange { .. } | Command::Listen { .. } => return None,
        Command::Force { scheduler, .. } => Key::ForceScheduler(scheduler.clone()),
        Command::StopBuild { build, .. } | Command::Rebuild { build } => Key::Build(build.clone()),
        Command::CancelRequest { request, .. } | Command::SetPriority { request, .. } => {
            Key::BuildRequest(*request)
        }
        Command::PauseWorker { worker, .. }
        | Command::UnpauseWorker { worker }
        | Command::StopWorker { worker, .. }
        | Command::KillWorker { worker, .. } => Key::Worker(worker.clone()),
        Command::EnableScheduler { scheduler, .. } => Key::Scheduler(scheduler.clone()),
        Command::Reconfigure { master } | Command::DescribeConfiguration { master } => Key::Master(*master),
        Command::RewindListener { listener, .. } | Command::ForgetListener { listener } => {
            Key::Listener(listener.clone())
        }
        Command::DeliverAgain { letters } | Command::DropDeadLetters { letters } => match letters {
            DeadLetterChoice::One(letter) => Key::DeadLetter(*letter),
            DeadLetterChoice::Of { listener, .. } => Key::Listener(listener.clone()),
        },
    })
}

/// An outcome as the result of a call: null, the buildset's id and its requests by builder, or an object.
pub fn outcome_to_json(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Done => Value::Null,
        Outcome::Change { change } => json!({"changeid": change.0}),
        Outcome::Buildset { buildset, requests } => {
            let requests = requests
                .iter()
                .map(|(builder, id)| (builder.to_string(), json!(id.0)));
            json!([buildset.0, requests.collect::<Map<_, _>>()])
        }
        Outcome::Reconfigured { report } => configuration::report_to_json(report),
        Outcome::Configuration { configuration } => configuration::to_json(configuration),
        Outcome::HeldByAnother { on } => json!({"held_by": on}),
        Outcome::Recalled {
            place,
            rewinds,
            state,
        } => listen::recalled_to_json(place.as_ref(), *rewinds, state.as_ref()),
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

/// The parameter `name`; a list of one, as forms send it, is that one.
fn parameter<'a>(params: &'a Map<String, Value>, name: &str) -> &'a Value {
    match params.get(name) {
        None => &Value::Null,
        Some(Value::Array(items)) if items.len() == 1 => &items[0],
        Some(value) => value,
    }
}

fn wrong(name: &str, expected: &str) -> Error {
    Error::InvalidInput {
        fields: [(name.to_owned(), format!("{expected} is expected"))].into(),
    }
}

/// A text that need not be there.
fn text(params: &Map<String, Value>, name: &str) -> Result<Option<String>> {
    match parameter(params, name) {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(wrong(name, "text")),
    }
}

fn flag(params: &Map<String, Value>, name: &str) -> Result<bool> {
    match parameter(params, name) {
        Value::Bool(flag) => Ok(*flag),
        _ => Err(wrong(name, "true or false")),
    }
}

#[cfg(test)]
mod tests;
