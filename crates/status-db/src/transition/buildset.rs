//! Buildsets to be made, and whose wish they carry out.

use weir_status_api::{BuildId, BuilderId, BuildsetId, ChangeId, Properties, SourceStampId};

use super::{KeptState, NewSourceStamp};

/// What a buildset builds: new sources, or those of changes and buildsets that exist.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a buildset has few")]
pub enum BuildsetSource {
    /// This source; an equal stamp is shared.
    New(NewSourceStamp),
    /// A source stamp that exists.
    Stamp(SourceStampId),
    /// All source stamps of a buildset that exists, and its changes beside the new one's own.
    Of(BuildsetId),
}

/// A buildset to be made, with one request per builder.
#[derive(Clone, Debug, PartialEq)]
pub struct NewBuildset {
    /// Why.
    pub reason: String,
    /// An id from outside.
    pub external_id: Option<String>,
    /// What it builds.
    pub sources: Vec<BuildsetSource>,
    /// The changes that it builds: the blame list of its builds.
    pub changes: Vec<ChangeId>,
    /// The builders.
    pub builders: Vec<BuilderId>,
    /// What its builds start with.
    pub properties: Properties,
    /// Priority of its requests.
    pub priority: i32,
    /// Whether a build waits for it.
    pub waited_for: bool,
    /// The build that triggered it, and how.
    pub parent: Option<(BuildId, String)>,
    /// The build it repeats.
    pub rebuilt_build: Option<BuildId>,
    /// Its scheduler's state after it.
    pub state: Option<KeptState>,
}

/// Which wish a force carries out: nothing is made for the same one again within a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForceKey {
    /// Whose wish it is.
    pub caller: String,
    /// The force scheduler.
    pub scheduler: String,
    /// What the caller's program made up for this one wish.
    pub key: String,
}
