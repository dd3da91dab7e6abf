//! Commands that no process runs: how long each takes, what it says and how it ends is made up.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message;
use tokio::time::{Instant, sleep_until};

use weir_worker_protocol::v1::{FileFacts, StartCommand, Stream, finished::Outcome, start_command::What};

use crate::command::{End, last_words, reason, say};
use crate::hold::Hold;

/// How often a command says something at most.
const PAUSE: Duration = Duration::from_millis(100);

/// How many bytes it says at once at most.
const AT_ONCE: usize = 32 * 1024;

/// What commands do that are made up. Each is drawn anew, from the seed, the worker's name and how many commands the
/// worker has run: so the same seed gives the same run.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulation {
    /// Seeds what is drawn.
    pub seed: u64,
    /// How long a command takes.
    pub duration: RangeInclusive<Duration>,
    /// How many lines of some 80 bytes it writes.
    pub lines: RangeInclusive<u64>,
    /// Which part of the commands fails, from 0 to 1.
    pub fail: f64,
}

/// What a command that is made up says, if it runs to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    /// What the worker says before.
    pub beginning: String,
    /// Its standard output.
    pub output: String,
    /// What the worker says after.
    pub end: String,
    /// How it ends.
    pub exit_code: i32,
}

/// What one command does.
#[derive(Debug, PartialEq)]
struct Plan {
    duration: Duration,
    lines: u64,
    exit_code: i32,
}

impl Plan {
    fn beginning(&self) -> String {
        let seconds = self.duration.as_secs_f64();
        format!("simulated: nothing runs for {seconds:.3} s\n")
    }

    fn line(&self, number: u64) -> String {
        format!("line {number:>8} of {:>8} {:.<56}\n", self.lines, "")
    }
}

impl Simulation {
    /// What the command with this number of the worker's process, from 0, says if nobody ends it: to compare what
    /// came of it. A `git rev-parse` says a revision before, and an `echo` its words.
    pub fn transcript(&self, worker: &str, number: u64) -> Transcript {
        let plan = self.plan(worker, number);
        Transcript {
            beginning: plan.beginning(),
            output: (1..=plan.lines).map(|number| plan.line(number)).collect(),
            end: last_words(&Outcome::ExitCode(plan.exit_code)),
            exit_code: plan.exit_code,
        }
    }

    /// What the command with this number of the worker does.
    fn plan(&self, worker: &str, number: u64) -> Plan {
        let fraction = |what: &str| {
            let mut hasher = DefaultHasher::new();
            (self.seed, worker, number, what).hash(&mut hasher);
            f64::from(u32::try_from(hasher.finish() >> 32).unwrap_or_default()) / f64::from(u32::MAX)
        };
        let (shortest, longest) = (*self.duration.start(), *self.duration.end());
        let spread = longest.saturating_sub(shortest);
        let (fewest, most) = (*self.lines.start(), *self.lines.end());
        let lines = most.saturating_sub(fewest) as f64 * fraction("lines");
        Plan {
            duration: shortest + spread.mul_f64(fraction("duration")),
            lines: fewest + lines.round() as u64,
            exit_code: i32::from(fraction("result") < self.fail),
        }
    }
}

/// Makes the command up that is the worker's `number`th; everything it says goes to `hold`.
pub(crate) async fn run(
    simulation: &Simulation,
    worker: &str,
    number: u64,
    command: &StartCommand,
    hold: Arc<Hold>,
) {
    let plan = simulation.plan(worker, number);
    let started = Instant::now();
    let end = End::new(&hold, started);
    say(&hold, &plan.beginning());
    let mut interrupt = hold.interrupted();
    let outcome = tokio::select! {
        () = speak(&plan, command, started, &hold) => Outcome::ExitCode(plan.exit_code),
        reason = reason(&mut interrupt) => Outcome::Interrupted(reason),
    };
    say(&hold, &last_words(&outcome));
    end.tell(outcome);
}

/// Says all lines, evenly over the time.
async fn speak(plan: &Plan, command: &StartCommand, started: Instant, hold: &Hold) {
    let mut hasher = DefaultHasher::new();
    command.command_id.hash(&mut hasher);
    if asks_for_a_revision(command) {
        let revision = format!("{:016x}{:016x}{:08x}\n", hasher.finish(), hasher.finish(), 0);
        hold.output(Stream::Stdout, revision.into());
    }
    if let Some(data) = gives(command) {
        hold.output(Stream::Data, data);
    }
    if let Some(words) = echoes(command) {
        // In two pieces, cut anywhere.
        let cut = usize::try_from(hasher.finish() % words.len() as u64).unwrap_or_default();
        for piece in [words.slice(..cut), words.slice(cut..)] {
            if !piece.is_empty() {
                hold.output(Stream::Stdout, piece);
            }
        }
    }
    let mut said = 0;
    loop {
        while !hold.has_room() {
            hold.room().await;
        }
        let elapsed = started.elapsed();
        let is_over = elapsed >= plan.duration;
        let due = if is_over {
            plan.lines
        } else {
            let part = elapsed.as_secs_f64() / plan.duration.as_secs_f64();
            (plan.lines as f64 * part) as u64
        };
        let mut text = String::new();
        while said < due && text.len() < AT_ONCE {
            said += 1;
            text.push_str(&plan.line(said));
        }
        if !text.is_empty() {
            hold.output(Stream::Stdout, Bytes::from(text));
        }
        if said < due {
            continue;
        }
        if is_over {
            return;
        }
        sleep_until((Instant::now() + PAUSE).min(started + plan.duration)).await;
    }
}

/// What `git` says to it becomes a property of the build, so that it must look like a revision.
fn asks_for_a_revision(command: &StartCommand) -> bool {
    match &command.what {
        Some(What::Argv(argv)) => argv
            .words
            .starts_with(&["git".to_owned(), "rev-parse".to_owned()]),
        _ => false,
    }
}

/// What a command about files gives, so that a master can go on by it: every path is that of an empty file, and every folder
/// that is sent is empty.
fn gives(command: &StartCommand) -> Option<Bytes> {
    /// An archive of nothing.
    const EMPTY: [u8; 1024] = [0; 1024];

    match &command.what {
        Some(What::Stat(_)) => {
            let facts = FileFacts {
                mode: 0o100_644,
                ..FileFacts::default()
            };
            Some(facts.encode_to_vec().into())
        }
        Some(What::UploadDir(upload)) if upload.gzip => {
            let mut packed = GzEncoder::new(vec![], Compression::default());
            packed.write_all(&EMPTY).ok()?;
            packed.finish().ok().map(Bytes::from)
        }
        Some(What::UploadDir(_)) => Some(Bytes::from_static(&EMPTY)),
        _ => None,
    }
}

/// The line that an `echo` writes; it goes before all that is made up.
fn echoes(command: &StartCommand) -> Option<Bytes> {
    match &command.what {
        Some(What::Argv(argv)) => match argv.words.split_first() {
            Some((program, words)) if program == "echo" => Some((words.join(" ") + "\n").into()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use weir_worker_protocol::v1::Upload;

    use super::*;

    #[test]
    fn a_seed_gives_the_same_run_and_another_one_another() {
        let simulation = |seed| Simulation {
            seed,
            duration: Duration::from_secs(1)..=Duration::from_secs(5),
            lines: 10..=20,
            fail: 0.25,
        };
        let plans = |seed| {
            (0..1000)
                .map(|it| simulation(seed).plan("w1", it))
                .collect::<Vec<_>>()
        };
        let some = plans(1);
        assert_eq!(some, plans(1));
        assert_ne!(some, plans(2));
        for plan in &some {
            assert!((1.0..=5.0).contains(&plan.duration.as_secs_f64()), "{plan:?}");
            assert!((10..=20).contains(&plan.lines), "{plan:?}");
        }
        let failed = some.iter().filter(|it| it.exit_code != 0).count();
        assert!((200..300).contains(&failed), "{failed}");
        let never = Simulation {
            fail: 0.0,
            ..simulation(1)
        };
        assert!((0..1000).all(|it| never.plan("w1", it).exit_code == 0));
    }

    #[test]
    fn commands_about_files_give_what_a_master_can_read() {
        let given = |what| {
            gives(&StartCommand {
                what: Some(what),
                ..StartCommand::default()
            })
        };
        let facts = FileFacts::decode(given(What::Stat("a".to_owned())).unwrap()).unwrap();
        assert_eq!((facts.mode, facts.size), (0o100_644, 0));
        let upload = |gzip| {
            What::UploadDir(Upload {
                gzip,
                ..Upload::default()
            })
        };
        let plain = given(upload(false)).unwrap();
        let mut unpacked = vec![];
        let packed = given(upload(true)).unwrap();
        flate2::read::GzDecoder::new(&*packed)
            .read_to_end(&mut unpacked)
            .unwrap();
        assert_eq!(unpacked, plain);
        assert_eq!(tar::Archive::new(&*plain).entries().unwrap().count(), 0);
        assert_eq!(given(What::Script("stat a".to_owned())), None);
    }
}
