//! What a recorded session has shown, and what every one of them has to.

use std::collections::{BTreeMap, BTreeSet};

use weir_buildbot_wire::worker::{
    Abilities, Command, FailureReason, FromWorker, Protocol, StartCommand, Update, WorkerInfo, WorkerObject,
};
use weir_buildbot_wire::{Error, Failure};

/// What a session has shown.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) info: Option<WorkerInfo>,
    pub(crate) commands: Vec<Command>,
    /// Names of those that we write to the byte as Buildbot's master has written them.
    pub(crate) exact: Vec<String>,
    /// Whether a command was interrupted.
    pub(crate) has_interrupted: bool,
    pub(crate) updates: Vec<Update>,
    pub(crate) failures: Vec<Failure>,
    pub(crate) uploaded: Vec<u8>,
    pub(crate) has_times: bool,
    pub(crate) has_archive: bool,
    /// How many bytes of a download were asked for at once.
    pub(crate) reads: BTreeSet<u64>,
}

impl Seen {
    pub(crate) fn command(&mut self, start: &StartCommand, worker: &Abilities) {
        let command = match Command::read(&start.command) {
            Ok(command) => command,
            Err(error) => {
                assert_eq!(error, Error::NotInProtocol("the command nosuch".into()));
                return;
            }
        };
        let again = command.spell(worker).unwrap();
        assert_eq!(
            Command::read(&again).unwrap(),
            without_workdir(&command, worker.protocol)
        );
        if again == start.command {
            self.exact.push(again.name);
        }
        self.commands.push(command);
    }

    pub(crate) fn said(&mut self, object: WorkerObject, message: FromWorker) {
        match message {
            FromWorker::Update { updates, .. } => self.updates.extend(updates),
            FromWorker::Complete(failure) => self.failures.extend(failure),
            FromWorker::Write(bytes) if object == WorkerObject::FileWriter => self.uploaded.extend(bytes),
            FromWorker::SetTimes { accessed, modified } => {
                self.has_times = accessed >= modified && modified > 1e9;
            }
            FromWorker::Unpack => self.has_archive = true,
            FromWorker::Read(length) => drop(self.reads.insert(length)),
            _ => {}
        }
    }

    /// What the build of the recording has in it, whatever the protocol is and how old the worker.
    pub(crate) fn check(&self, version: &str) {
        let info = self.info.as_ref().expect("the worker's info");
        assert_eq!(info.version.as_deref(), Some(version));
        assert_eq!(info.system.as_deref(), Some("posix"));
        assert!(info.numcpus.is_some() && info.host.is_some() && !info.environ.is_empty());

        let kinds = self.commands.iter().map(std::mem::discriminant);
        let kinds: BTreeSet<String> = kinds.map(|it| format!("{it:?}")).collect();
        assert_eq!(kinds.len(), 11, "every kind of command");
        assert!(self.has_interrupted);
        assert_eq!(self.uploaded, b"log1\n");
        assert!(self.has_times && self.has_archive);
        assert!(!self.reads.is_empty());
        self.check_updates();
    }

    fn check_updates(&self) {
        use Update::{Elapsed, Files, Log, Other, ReturnCode, Stat, Stderr, Stdout};
        assert!(self.has(|it| matches!(it, Stdout(text) if text.text == "hi\n")));
        assert!(self.has(|it| matches!(it, Stdout(text) if text.text == "grüße\n")));
        assert!(self.has(|it| matches!(it, Stderr(text) if text.text == "err\n")));
        assert!(self.has(|it| matches!(it, Log { name, text } if name == "my" && text.text == "log1\n")));
        for code in [0, 3, -1, 2] {
            assert!(self.has(|it| *it == ReturnCode(Some(code))), "{code}");
        }
        assert!(self.has(|it| matches!(it, Elapsed(seconds) if *seconds > 0.0)));
        let ends = |it: &String| it.ends_with("my.log");
        assert!(self.has(|it| matches!(it, Files(files) if files.iter().any(ends))));
        assert!(self.has(|it| matches!(it, Stat(stat) if stat.links == 1 && !stat.is_dir())));
        assert!(!self.has(|it| matches!(it, Other { .. })));
    }

    pub(crate) fn has(&self, wanted: impl Fn(&Update) -> bool) -> bool {
        self.updates.iter().any(wanted)
    }

    /// Whether a command was ended for this reason.
    pub(crate) fn has_reason(&self, reason: &FailureReason) -> bool {
        self.has(|it| matches!(it, Update::FailureReason(it) if it == reason))
    }
}

/// Over msgpack a path is whole, so there is no directory in which it begins.
fn without_workdir(command: &Command, protocol: Protocol) -> Command {
    let mut command = command.clone();
    if let (Command::Stat(it), Protocol::Msgpack) = (&mut command, protocol) {
        it.workdir = None;
    }
    command
}

/// How many commands of each name there are.
pub(crate) fn counted(names: &[String]) -> Vec<(&str, usize)> {
    let mut counts = BTreeMap::new();
    for name in names {
        *counts.entry(name.as_str()).or_default() += 1;
    }
    counts.into_iter().collect()
}
