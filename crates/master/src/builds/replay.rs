//! What a step's record gives when the step's code is run again after a crash at any moment.

#[path = "observe/replay.rs"]
mod observe;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use weir_config::{LogTerms, StepConfig};
use weir_status_api::{Log, LogField, LogKey, Query, Read, ReadExt, StepId, SystemClock};
use weir_status_db::{
    Applied, BuilderSetup, BuildsetSource, Database, NewBuildData, NewBuildset, NewSourceStamp, Options,
    Setup, Store, Transition,
};

use super::checkpoint::{CommandRecord, Ending};
use super::command::End;
use super::journal::Left;
use super::left::log_of;
use super::log::{Channel, LogWriter};
use super::secrets::Secrets;
use super::secrets::tests::keeping;
use crate::workers::Outcome;

/// What the step's commands write, piece by piece.
const COMMANDS: [&[(Channel, &str)]; 4] = [
    &[
        (Channel::Header, "make\n"),
        (Channel::Stdout, "one\ntw"),
        (Channel::Stderr, "wrong"),
        (Channel::Stdout, "o\r"),
        (Channel::Stdout, "\nthree"),
    ],
    &[],
    &[
        (Channel::Stdout, "gr\u{fc}n \u{2713}"),
        (Channel::File(0), "first\nthe "),
        (Channel::Stdout, "\n"),
        (Channel::File(0), "sesame-op"),
        (Channel::Header, "ended"),
        (Channel::File(0), "en-the-door\r"),
    ],
    &[
        (Channel::Data, "a file, "),
        (Channel::Stdout, "the ses"),
        (Channel::Data, "piece "),
        (Channel::Stderr, "say: s"),
        (Channel::Data, "by piece"),
        (Channel::Stdout, "ame-open"),
        (Channel::Stderr, "o it is\nses"),
        (Channel::Stdout, "-the-door, a ses"),
        (Channel::File(0), "\nlast"),
        (Channel::Stdout, "sion\nsesame"),
    ],
];

/// The value of the secret `key`.
const KEY: &str = "sesame-open-the-door";

/// How often the step may still commit before the master is killed.
struct Fuel {
    left: usize,
    /// How many bytes its worker keeps for it.
    patience: u64,
}

impl Fuel {
    fn burn(&mut self) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        Some(())
    }
}

struct Site {
    folder: TempDir,
    secrets: Arc<Secrets>,
    store: Store,
    build: weir_status_api::BuildId,
    step: StepId,
    /// What the commands send, as it is in the files of each.
    files: Mutex<BTreeMap<usize, String>>,
}

async fn site() -> Site {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(Options {
        database: Database::Sqlite,
        data_dir: folder.path().to_owned(),
        clock: std::sync::Arc::new(SystemClock),
    })
    .await
    .unwrap();
    let name = "here".to_owned();
    let Applied::Master(master) = store.apply(Transition::StartMaster { name }).await.unwrap() else {
        panic!("no master")
    };
    let setup = Setup {
        builders: vec![BuilderSetup {
            name: "b".to_owned(),
            workers: vec!["w".to_owned()],
            ..BuilderSetup::default()
        }],
        workers: vec!["w".to_owned()],
        ..Setup::default()
    };
    let Applied::Setup(ids) = store.apply(Transition::Configure(master, setup)).await.unwrap() else {
        panic!("no setup")
    };
    let buildset = NewBuildset {
        reason: String::new(),
        external_id: None,
        sources: vec![BuildsetSource::New(NewSourceStamp::default())],
        changes: vec![],
        builders: vec![ids.builders["b"]],
        properties: Default::default(),
        priority: 0,
        waited_for: false,
        parent: None,
        rebuilt_build: None,
        state: None,
    };
    let Applied::Buildset(_, requests) = store
        .apply(Transition::AddBuildset(Box::new(buildset)))
        .await
        .unwrap()
    else {
        panic!("no buildset")
    };
    let request = requests[&ids.builders["b"]];
    let begin = vec![
        Transition::Claim(request, master),
        Transition::StartBuild {
            request,
            worker: ids.workers["w"],
            master,
            properties: Default::default(),
            configuration: None,
        },
    ];
    let Some(Applied::Build(build, _)) = store.apply_all(begin).await.unwrap().pop() else {
        panic!("no build")
    };
    let Applied::Step(step) = store
        .apply(Transition::AddStep(build, "s".to_owned()))
        .await
        .unwrap()
    else {
        panic!("no step")
    };
    let secrets = keeping(folder.path(), &[("key", KEY)]);
    secrets.get("key").unwrap();
    Site {
        folder,
        secrets: Arc::new(secrets),
        store,
        build,
        step,
        files: Mutex::default(),
    }
}

/// The code of a step; none if it was killed.
async fn code(site: &Site, log: &mut LogWriter, fuel: &mut Fuel) -> Option<()> {
    log.say("it begins");
    for (number, pieces) in COMMANDS.iter().enumerate() {
        let end = match log.journal.ask() {
            Some(end) => end,
            None => follow(site, log, number, pieces, fuel).await?,
        };
        let End::Outcome(Outcome::Exited(code)) = end else {
            panic!("{end:?}");
        };
        assert_eq!(code, number as i32);
        log.say(&format!("command {number} ended"));
    }
    fuel.burn()?;
    let set = Transition::SetBuildData(NewBuildData {
        build: site.build,
        name: "data".to_owned(),
        value: b"value".to_vec(),
        source: "s".to_owned(),
    });
    log.once(vec![set]).await.unwrap();
    log.say("it ends");
    fuel.burn()?;
    log.end_logs().await.unwrap();
    Some(())
}

/// Runs a command, as its worker sends what is not stored.
async fn follow(
    site: &Site,
    log: &mut LogWriter,
    number: usize,
    pieces: &[(Channel, &str)],
    fuel: &mut Fuel,
) -> Option<End> {
    if log.journal.command().is_none() {
        log.journal.record.commands.push(CommandRecord {
            id: number.to_string(),
            instance: "process".to_owned(),
            ..CommandRecord::default()
        });
        fuel.burn()?;
        log.commit(vec![], None).await.unwrap();
    }
    log.go_on();
    let stored = log.journal.command().unwrap().received;
    let in_file = log.journal.command().unwrap().file_stored;
    let mut file = site.files.lock().unwrap().remove(&number).unwrap_or_default();
    file.truncate(in_file as usize);
    for (place, (channel, piece)) in pieces.iter().enumerate().skip(stored as usize) {
        let channel = match channel {
            Channel::File(_) => log.file("report").await.unwrap(),
            channel => *channel,
        };
        let sequence = place as u64 + 1;
        if channel == Channel::Data {
            let fresh = log.take_data(sequence, piece.as_bytes());
            file.push_str(std::str::from_utf8(fresh).unwrap());
            // It is on disk before that is known.
            site.files.lock().unwrap().insert(number, file.clone());
            log.journal.command_mut().unwrap().file_stored = file.len() as u64;
        } else {
            let seen = log.take(sequence, channel, piece.as_bytes());
            log.write(channel, &seen);
        }
        log.spare_worker(fuel.patience);
        fuel.burn()?;
        log.commit(vec![], None).await.unwrap();
    }
    site.files.lock().unwrap().insert(number, file);
    let end = End::Outcome(Outcome::Exited(number as i32));
    for (channel, rest) in log.end_streams(Some(pieces.len() as u64)) {
        log.write(channel, &rest);
    }
    log.close_lines();
    log.journal.command_mut().unwrap().ending = Some(Ending::of(&end));
    fuel.burn()?;
    log.commit(vec![], None).await.unwrap();
    Some(end)
}

/// What is in the step's logs, and in the files.
async fn text(site: &Site) -> String {
    let logs = Query::<Log>::new()
        .eq(LogField::Step, site.step)
        .ascending(LogField::Id);
    let mut text = String::new();
    for log in site.store.page(logs).await.unwrap().items {
        let content = site.store.log_content(LogKey::Id(log.id), 0, 1000).await.unwrap();
        text.push_str(&format!("{}:\n{}", log.name, content.value.content));
    }
    let files = site.files.lock().unwrap();
    text.extend(
        files
            .values()
            .filter(|it| !it.is_empty())
            .map(|it| format!("file: {it}\n")),
    );
    text
}

/// Where the master's data has the text.
fn found(site: &Site, text: &[u8]) -> Vec<std::path::PathBuf> {
    let mut found = vec![];
    let mut folders = vec![site.folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                // There they are meant to be.
                folders.extend((!path.ends_with("secrets")).then_some(path));
            } else if std::fs::read(&path)
                .unwrap()
                .windows(text.len())
                .any(|it| it == text)
            {
                found.push(path);
            }
        }
    }
    found
}

/// What the step's logs are like.
#[derive(Clone, Copy, Default)]
struct Given<'g> {
    terms: LogTerms,
    /// The step whose observer sees them.
    observed: Option<&'g StepConfig>,
}

impl From<LogTerms> for Given<'_> {
    fn from(terms: LogTerms) -> Self {
        Self {
            terms,
            observed: None,
        }
    }
}

async fn start(site: &Site, given: Given<'_>) -> LogWriter {
    let terms = (Arc::clone(&site.secrets), given.terms);
    let log = LogWriter::start_step(site.store.clone(), site.step, true, None, terms, &[], None);
    observed(site, log.await.unwrap(), given)
}

fn observed(site: &Site, mut log: LogWriter, given: Given<'_>) -> LogWriter {
    if let Some(step) = given.observed {
        log.be_observed(step, site.build, &Default::default());
    }
    log
}

/// The step's logs at the end, and how often it stores something.
async fn whole<'g>(given: impl Into<Given<'g>>) -> (String, usize) {
    let site = site().await;
    let mut fuel = Fuel {
        left: usize::MAX,
        patience: u64::MAX,
    };
    let mut log = start(&site, given.into()).await;
    code(&site, &mut log, &mut fuel).await.unwrap();
    (text(&site).await, usize::MAX - fuel.left)
}

/// The step's logs at the end, with masters that are killed before a commit.
async fn killed<'g>(given: impl Into<Given<'g>>, crash: usize, patience: u64) -> String {
    let site = site().await;
    let given = given.into();
    let mut log = start(&site, given).await;
    let mut fuel = Fuel {
        left: crash,
        patience,
    };
    assert!(code(&site, &mut log, &mut fuel).await.is_none());
    // Twice: what is replayed is replayed again.
    for left in [crash / 2, usize::MAX] {
        let shown = found(&site, b"sesame-");
        assert!(shown.is_empty(), "{shown:?} {crash}");
        let kept = site.store.checkpoint(site.step).await.unwrap().unwrap();
        let kept = Left::new(log_of(&site.store, site.step).await.unwrap(), kept).unwrap();
        let terms = (Arc::clone(&site.secrets), given.terms);
        log = LogWriter::resume(site.store.clone(), site.step, kept, terms);
        log = observed(&site, log, given);
        let ended = code(&site, &mut log, &mut Fuel { left, patience }).await;
        assert!(ended.is_some() || left < usize::MAX, "{crash}");
    }
    text(&site).await
}

#[tokio::test]
async fn a_crash_at_any_moment_changes_nothing() {
    let terms = LogTerms::default();
    let (expected, commits) = whole(terms).await;
    assert_eq!(
        expected,
        "stdio:\nhit begins\nhmake\noone\notwo\nothree\newrong\nhcommand 0 ended\nhcommand 1 ended\n\
         ogr\u{fc}n \u{2713}\nhended\nhcommand 2 ended\nesay: so it is\nothe <key>, a session\nosesame\neses\n\
         hcommand 3 ended\nhit ends\nreport:\nofirst\nothe <key>\nolast\nfile: a file, piece by piece\n"
    );
    for crash in 0..commits {
        let text = killed(terms, crash, u64::MAX).await;
        assert_eq!(text, expected, "killed before commit {crash}");
    }
}

#[tokio::test]
async fn what_a_worker_does_not_keep_stays_hidden_after_a_crash() {
    let terms = LogTerms::default();
    let (expected, commits) = whole(terms).await;
    for crash in commits - 10..commits {
        let text = killed(terms, crash, 0).await;
        let shown = ["a <key>sion", "say: <key>o it", "e<key>\n", "o<key>\n"]
            .into_iter()
            .zip(["a session", "say: so it", "eses\n", "osesame\n"])
            .fold(text, |text, (hidden, shown)| text.replace(hidden, shown));
        assert_eq!(shown, expected, "killed before commit {crash}");
    }
}

#[tokio::test]
async fn a_log_with_a_limit_is_the_same_after_a_crash() {
    let terms = LogTerms {
        max_size: Some(Some(10)),
        max_tail_size: Some(Some(16)),
        encoding: None,
    };
    let (expected, commits) = whole(terms).await;
    let ends = "are left out here, 57 bytes, then comes its end\nosesame\neses\nreport:\nofirst\n";
    assert!(expected.contains(ends), "{expected}");
    for crash in (0..commits).step_by(3) {
        let text = killed(terms, crash, u64::MAX).await;
        assert_eq!(text, expected, "killed before commit {crash}");
    }
}
