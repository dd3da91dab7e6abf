//! What a worker says about itself when it comes.

use std::collections::BTreeMap;

use weir_buildbot_wire::worker::{Abilities, Protocol, Settings, ToWorker, WorkerInfo};
use weir_buildbot_wire::{Error, Failure, Value};
use weir_worker_protocol::v1::Hello;

use super::connection::{Connection, Parted};
use super::place::Home;

/// What Buildbot's master says to a worker that is in.
const ATTACHED: &str = "attached";
/// The most of a fact that is kept, in characters.
const LONGEST_FACT: usize = 1000;
/// How many facts are kept.
const MOST_FACTS: usize = 60;

/// A worker that told of itself.
#[derive(Debug)]
pub(super) struct Guest {
    /// As one of Weir's own workers would say it.
    pub(super) hello: Hello,
    pub(super) abilities: Abilities,
    pub(super) home: Home,
    /// Whether folders of builders that are no more are to be removed.
    pub(super) removes_leftovers: bool,
}

/// Asks a worker what it is, in the words that it knows.
///
/// # Errors
/// Why the connection is over.
pub(super) async fn ask(connection: &mut Connection, name: &str) -> Result<Guest, Parted> {
    let protocol = connection.line.protocol();
    say(connection, ATTACHED).await?;
    let info = info(connection).await?;
    let abilities = match info.abilities(protocol) {
        Some(abilities) => abilities?,
        None => {
            let commands = needed(connection.ask(ToWorker::GetCommands).await?)?;
            Abilities::read(protocol, &commands)?
        }
    };
    let version = match (&info.version, protocol) {
        (Some(version), _) => version.clone(),
        // The oldest ones do not know.
        (None, Protocol::Pb) => match connection.ask(ToWorker::GetVersion).await? {
            Ok(version) => version.into_text()?,
            Err(_) => String::new(),
        },
        (None, Protocol::Msgpack) => String::new(),
    };
    if protocol == Protocol::Msgpack {
        needed(connection.ask(ToWorker::SetSettings(Settings::default())).await?)?;
    }
    Ok(Guest {
        hello: hello(name, version, protocol, &info),
        abilities,
        home: Home::of(protocol, &info),
        removes_leftovers: info.delete_leftover_dirs,
    })
}

async fn say(connection: &mut Connection, what: &str) -> Result<(), Parted> {
    needed(connection.ask(ToWorker::Print(what.to_owned())).await?).map(drop)
}

async fn info(connection: &mut Connection) -> Result<WorkerInfo, Parted> {
    let info = match connection.ask(ToWorker::GetWorkerInfo).await? {
        Err(failure) if failure.is_no_such_method() => needed(connection.ask(ToWorker::GetSlaveInfo).await?)?,
        answer => needed(answer)?,
    };
    Ok(WorkerInfo::read(info)?)
}

/// The answer to what every worker can answer.
fn needed(answer: Result<Value, Failure>) -> Result<Value, Parted> {
    answer.map_err(|failure| Parted::Protocol(Error::Negotiation(failure.to_string())))
}

fn hello(name: &str, version: String, protocol: Protocol, info: &WorkerInfo) -> Hello {
    let text = |text: &Option<String>| short(text.as_deref().unwrap_or_default());
    let mut facts = BTreeMap::new();
    let mut fact = |name: &str, value: String| {
        if facts.len() < MOST_FACTS && !value.is_empty() {
            facts.insert(short(name), value);
        }
    };
    fact(
        "protocol",
        match protocol {
            Protocol::Pb => "pb".to_owned(),
            Protocol::Msgpack => "msgpack".to_owned(),
        },
    );
    fact("system", text(&info.system));
    fact("basedir", text(&info.basedir));
    fact("cpus", info.numcpus.map_or_else(String::new, |it| it.to_string()));
    for (key, value) in &info.other {
        if let Ok(value) = value.to_text() {
            fact(key, short(&value));
        }
    }
    Hello {
        name: name.to_owned(),
        version: short(&version),
        // A process that comes again is another: it has ended its commands.
        instance: uuid::Uuid::new_v4().to_string(),
        admin: text(&info.admin),
        host: text(&info.host),
        access_uri: text(&info.access_uri),
        facts: facts.into_iter().collect(),
        commands: vec![],
    }
}

fn short(text: &str) -> String {
    text.trim().chars().take(LONGEST_FACT).collect()
}
