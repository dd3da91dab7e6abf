//! The builders of a worker, as it has them.
//!
//! Over the perspective broker a builder's object runs one command at a time. Where more are to run in a builder's folder,
//! the worker is told of further builders with that folder.

use std::collections::BTreeMap;

use weir_buildbot_wire::pb::PeerObject;
use weir_buildbot_wire::worker::{Builder, Protocol, over_pb};
use weir_buildbot_wire::{Result, Value};

use super::line::To;
use crate::workers::WorkerBuilder;

/// Where the commands of a worker run.
#[derive(Debug)]
pub(super) enum Lanes {
    /// Each in a builder's object.
    Objects(Objects),
    /// Wherever they want.
    Anywhere,
}

/// The builders' objects.
#[derive(Debug, Default)]
pub(super) struct Objects {
    lanes: BTreeMap<String, Lane>,
    /// Whether the worker was not told of all of them.
    is_stale: bool,
    /// How often the worker was told of them.
    edition: u64,
    /// What is of no more use.
    unused: Vec<PeerObject>,
}

/// A builder as the worker has it.
#[derive(Debug)]
struct Lane {
    folder: String,
    object: Option<PeerObject>,
    /// The command that runs in it.
    command: Option<String>,
    /// Whether there is such a builder, and not only more work for one.
    is_configured: bool,
}

impl Lanes {
    pub(super) fn of(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Pb => Self::Objects(Objects {
                is_stale: true,
                ..Objects::default()
            }),
            Protocol::Msgpack => Self::Anywhere,
        }
    }

    /// These are the worker's builders now. Those in which something runs stay until it has ended.
    pub(super) fn configure(&mut self, builders: &[WorkerBuilder]) {
        let Self::Objects(objects) = self else {
            return;
        };
        for lane in objects.lanes.values_mut() {
            lane.is_configured = false;
        }
        for builder in builders {
            objects.lane(&builder.name, &builder.folder).is_configured = true;
        }
        objects.forget_unused();
    }

    /// Takes a place in the builder's folder for a command; none if the worker has to be told of one first.
    pub(super) fn take(&mut self, folder: &str, command: &str) -> Option<To> {
        let Self::Objects(objects) = self else {
            return Some(To::Builder(None));
        };
        let is_free = |lane: &&mut Lane| lane.folder == folder && lane.command.is_none();
        if let Some(lane) = objects.lanes.values_mut().find(is_free) {
            let object = lane.object?;
            lane.command = Some(command.to_owned());
            return Some(To::Builder(Some(object)));
        }
        objects.add(folder);
        None
    }

    /// The place of a command that runs.
    pub(super) fn of_command(&self, command: &str) -> To {
        let Self::Objects(objects) = self else {
            return To::Builder(None);
        };
        let of = |lane: &&Lane| lane.command.as_deref() == Some(command);
        To::Builder(objects.lanes.values().find(of).and_then(|it| it.object))
    }

    /// The place of any builder.
    pub(super) fn any(&self) -> To {
        let Self::Objects(objects) = self else {
            return To::Worker;
        };
        To::Builder(objects.lanes.values().find_map(|it| it.object))
    }

    /// A command has ended.
    pub(super) fn free(&mut self, command: &str) {
        if let Self::Objects(objects) = self {
            for lane in objects.lanes.values_mut() {
                lane.command.take_if(|it| it == command);
            }
            objects.forget_unused();
        }
    }

    /// What the worker is to be told of its builders, and the edition of that; none if it knows.
    pub(super) fn news(&mut self) -> Option<(u64, Vec<Builder>)> {
        let Self::Objects(objects) = self else {
            return None;
        };
        if !std::mem::take(&mut objects.is_stale) {
            return None;
        }
        let builder = |(name, lane): (&String, &Lane)| Builder {
            name: name.clone(),
            dir: lane.folder.clone(),
        };
        objects.edition += 1;
        Some((objects.edition, objects.lanes.iter().map(builder).collect()))
    }

    /// Objects of the worker's that are of no more use, each once.
    pub(super) fn unused(&mut self) -> Vec<PeerObject> {
        match self {
            Self::Objects(objects) => std::mem::take(&mut objects.unused),
            Self::Anywhere => vec![],
        }
    }

    /// What the worker said to that. Only the last edition counts: objects of earlier ones may be given back already.
    ///
    /// # Errors
    /// If it is no list of builders.
    pub(super) fn told(&mut self, edition: u64, answer: Value) -> Result<()> {
        if let Self::Objects(objects) = self
            && objects.edition == edition
        {
            for (name, object) in over_pb::builder_objects(answer)? {
                if let Some(lane) = objects.lanes.get_mut(&name) {
                    lane.object = Some(object);
                }
            }
        }
        Ok(())
    }
}

impl Objects {
    fn lane(&mut self, name: &str, folder: &str) -> &mut Lane {
        let is_stale = &mut self.is_stale;
        self.lanes.entry(name.to_owned()).or_insert_with(|| {
            *is_stale = true;
            Lane {
                folder: folder.to_owned(),
                object: None,
                command: None,
                is_configured: false,
            }
        })
    }

    /// One more in the folder, called as the builder there.
    fn add(&mut self, folder: &str) {
        let builder = self.lanes.iter().find(|(_, it)| it.folder == folder);
        let builder = builder.map_or(folder, |(name, _)| name).to_owned();
        let mut number = 1;
        let mut name = builder.clone();
        while self.lanes.contains_key(&name) {
            number += 1;
            name = format!("{builder} ({number})");
        }
        self.lane(&name, folder);
    }

    /// Builders that are no more end once nothing runs in them. What was added for more work stays: it costs the worker
    /// nothing, and is needed again.
    fn forget_unused(&mut self) {
        let configured = self.lanes.values().filter(|it| it.is_configured);
        let folders: Vec<String> = configured.map(|it| it.folder.clone()).collect();
        let gone = |_: &String, it: &mut Lane| it.command.is_none() && !folders.contains(&it.folder);
        for (_, lane) in self.lanes.extract_if(.., gone) {
            self.is_stale = true;
            self.unused.extend(lane.object);
        }
    }
}
