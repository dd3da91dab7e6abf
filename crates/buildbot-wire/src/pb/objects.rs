//! Who holds what of whom.

use std::collections::BTreeMap;

use crate::{Error, Result, Value};

/// An object of this side, which the other may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnObject(pub(crate) u64);

/// An object of the other side, which this one may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerObject(pub(crate) u64);

impl OwnObject {
    /// Its number on this side.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl PeerObject {
    /// Its number on the other side.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The object that the other side has sent as this value.
    ///
    /// # Errors
    /// [`Error::Form`] if it is something else.
    pub fn read(value: &Value) -> Result<Self> {
        match value {
            Value::OfSender(number) => Ok(Self(*number)),
            _ => Err(value.unlike("an object")),
        }
    }
}

impl From<OwnObject> for Value {
    /// What is sent, so that the other side can call the object.
    fn from(object: OwnObject) -> Self {
        Self::OfSender(object.0)
    }
}

impl From<PeerObject> for Value {
    /// What is sent to name the other side's object to itself.
    fn from(object: PeerObject) -> Self {
        Self::OfReceiver(object.0)
    }
}

/// The references in both directions.
#[derive(Debug, Default)]
pub(super) struct Objects {
    /// The last number of this side.
    last: u64,
    /// How often each object of this side was handed over and not given back.
    own: BTreeMap<u64, u64>,
    /// How often each object of the other side was received and not given back.
    peer: BTreeMap<u64, u64>,
}

impl Objects {
    /// A new object of this side, of which the other does not know yet.
    pub(super) fn export(&mut self) -> OwnObject {
        self.last += 1;
        self.own.insert(self.last, 0);
        OwnObject(self.last)
    }

    /// Forgets an object of this side: calls of it fail from now on.
    pub(super) fn withdraw(&mut self, object: OwnObject) {
        self.own.remove(&object.0);
    }

    pub(super) fn has(&self, number: u64) -> bool {
        self.own.contains_key(&number)
    }

    /// The objects of this side that stand in values.
    ///
    /// # Errors
    /// [`Error::NoSuchObject`] if one of them was not exported.
    pub(super) fn sent_with<'v>(&self, values: impl Iterator<Item = &'v Value>) -> Result<Vec<u64>> {
        let mut sent = vec![];
        values.for_each(|it| {
            it.walk(&mut |it| {
                if let Value::OfSender(number) = it {
                    sent.push(*number);
                }
            });
        });
        match sent.iter().find(|it| !self.has(**it)) {
            Some(unknown) => Err(Error::NoSuchObject(*unknown)),
            None => Ok(sent),
        }
    }

    /// Counts what was sent.
    pub(super) fn hand_over(&mut self, objects: Vec<u64>) {
        for number in objects {
            *self.own.entry(number).or_default() += 1;
        }
    }

    /// Counts what came with a value.
    pub(super) fn receive<'v>(
        &mut self,
        values: impl Iterator<Item = &'v Value>,
        limit: usize,
    ) -> Result<()> {
        values.for_each(|it| {
            it.walk(&mut |it| {
                if let Value::OfSender(number) = it {
                    *self.peer.entry(*number).or_default() += 1;
                }
            });
        });
        match self.peer.len() <= limit {
            true => Ok(()),
            false => Err(too_many(limit)),
        }
    }

    /// The other side gave back a reference. Gives the object if it was the last one; an object that was withdrawn may
    /// still be given back.
    pub(super) fn give_back(&mut self, number: u64) -> Result<Option<OwnObject>> {
        if number == 0 || number > self.last {
            return Err(Error::NoSuchObject(number));
        }
        let Some(count) = self.own.get_mut(&number) else {
            return Ok(None);
        };
        *count = count.checked_sub(1).ok_or(Error::NoSuchObject(number))?;
        if *count > 0 {
            return Ok(None);
        }
        self.own.remove(&number);
        Ok(Some(OwnObject(number)))
    }

    /// Forgets an object of the other side, and gives how often it was received.
    pub(super) fn release(&mut self, object: PeerObject) -> u64 {
        self.peer.remove(&object.0).unwrap_or(0)
    }

    /// Forgets one reference to an object of the other side, if there is one.
    pub(super) fn drop_one(&mut self, object: PeerObject) -> bool {
        let Some(count) = self.peer.get_mut(&object.0) else {
            return false;
        };
        *count -= 1;
        if *count == 0 {
            self.peer.remove(&object.0);
        }
        true
    }

    /// How many objects of this side there are.
    pub(super) fn exported(&self) -> usize {
        self.own.len()
    }

    /// How many objects of the other side are held.
    pub(super) fn held(&self) -> usize {
        self.peer.len()
    }
}

pub(super) const fn too_many(limit: usize) -> Error {
    Error::Limit {
        what: "objects",
        limit,
    }
}
