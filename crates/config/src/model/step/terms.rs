//! How a command runs and ends.

use std::time::Duration;

use crate::text::Text;

/// How the commands of a step run and end, beyond their limits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Terms {
    /// They run on a terminal of their own (Buildbot's `usePTY`).
    pub pty: bool,
    /// The signal that asks them to end, without `SIG` (Buildbot's `interruptSignal`); SIGTERM if none.
    pub stop_signal: Option<String>,
    /// How long they have then until they are killed (Buildbot's `sigtermTime`); 10 s if none.
    pub stop_grace: Option<Duration>,
    /// Their standard input (Buildbot's `initialStdin`); empty if none.
    pub stdin: Option<Text>,
}
