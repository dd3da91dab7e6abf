//! The import itself: pieces are read beside those that are stored.

use std::collections::{BTreeMap, HashMap};

use tokio::sync::mpsc;
use weir_status_db::{History, Import, Opened};

use crate::closing::Closing;
use crate::error::{Error, Result};
use crate::known::Known;
use crate::note::Note;
use crate::parts::{PARTS, Part, Parts};
use crate::report::{KnownUser, Report, compare, counted};
use crate::source::Source;
use crate::{Options, Progress, schema};

/// How many pieces are read ahead.
const AHEAD: usize = 2;

/// The tables of a store whose ids others refer to.
const REFERRED_TO: [&str; 15] = [
    "masters",
    "projects",
    "codebases",
    "commits",
    "builders",
    "workers",
    "patches",
    "source_stamps",
    "changes",
    "buildsets",
    "build_requests",
    "builds",
    "steps",
    "logs",
    "test_result_sets",
];

type Notes = BTreeMap<&'static str, Note>;
type Counts = BTreeMap<&'static str, i64>;
type Piece = (Part, History, Note);

/// Imports all there is, or goes on with an import of the same that was interrupted.
///
/// # Errors
/// [`Error`] says why not. Nothing is left of it then, unless the same can be gone on with: after faults of a database
/// or a disk.
pub async fn import(options: &Options, mut progress: impl FnMut(Progress<'_>) + Send) -> Result<Report> {
    let mut source = Source::open(&options.from).await?;
    let version = schema::version(&mut source).await?;
    let found = count(&mut source).await?;
    let closing = Closing::find(&mut source, options.cancel_waiting).await?;
    let state = state_of(&source, version, &found, &closing, options);
    let opened = Import::open(&options.database, &options.data_dir, &state, options.at).await?;
    let mut import = match opened {
        Opened::Import(import) => import,
        Opened::Published(said) => {
            return serde_json::from_str(&said).map_err(|error| Error::data("the report", error));
        }
    };
    let report = Report {
        version,
        interrupted_builds: len(closing.builds.len()),
        cancelled_requests: len(closing.cancelled.len()),
        open_requests: closing.open,
        users: users(&mut source).await?,
        ..Report::default()
    };
    let done = run(
        &mut import,
        source,
        options.replace_damaged,
        closing,
        &found,
        report,
        &mut progress,
    )
    .await;
    let done = match done {
        // Rows that came or went meanwhile are a better reason than what they led to.
        Ok(_) | Err(Error::Differs(_)) => unchanged(options, &state).await.and(done),
        Err(error) => Err(error),
    };
    match done {
        Ok(report) => {
            let said = serde_json::to_string(&report).map_err(|error| Error::data("the report", error))?;
            import.publish(&said).await?;
            Ok(report)
        }
        Err(error) if error.can_be_gone_on_with() => Err(error),
        Err(error) => {
            import.discard().await?;
            Err(error)
        }
    }
}

async fn count(source: &mut Source) -> Result<Counts> {
    let mut found = Counts::new();
    for table in counted() {
        found.insert(table, source.count(table).await?);
    }
    Ok(found)
}

/// What tells that a source is the same, and has not changed.
fn state_of(source: &Source, version: i64, found: &Counts, closing: &Closing, options: &Options) -> String {
    let counts: Vec<String> = found
        .iter()
        .map(|(table, rows)| format!("{table} {rows}"))
        .collect();
    format!(
        "{} version {version}, {}, running {}, waiting {}, cancel waiting: {}",
        source.shown(),
        counts.join(", "),
        closing.builds.len(),
        closing.open + len(closing.cancelled.len()),
        options.cancel_waiting
    )
}

/// Looks whether the source is as it was.
async fn unchanged(options: &Options, before: &str) -> Result<()> {
    let mut source = Source::open(&options.from).await?;
    let version = schema::version(&mut source).await?;
    let found = count(&mut source).await?;
    let closing = Closing::find(&mut source, options.cancel_waiting).await?;
    let now = state_of(&source, version, &found, &closing, options);
    let differs = before
        .split(", ")
        .zip(now.split(", "))
        .find(|(was, is)| was != is);
    match differs {
        None => Ok(()),
        Some((was, is)) => Err(Error::Changed(format!("{was} became {is}"))),
    }
}

fn len(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// The people whom Buildbot knew.
async fn users(source: &mut Source) -> Result<Vec<KnownUser>> {
    let mut emails: HashMap<i64, String> = HashMap::new();
    let of_emails = "WHERE t.attr_type = 'email'";
    for mut it in source
        .read("users_info", &["#uid", "attr_data"], of_emails)
        .await?
    {
        emails.insert(it.int(), it.text());
    }
    let columns = ["#uid", "identifier", "bb_username"];
    let found = source.read("users", &columns, "ORDER BY t.uid").await?;
    let user = |mut it: crate::record::Record| {
        let (id, full_name) = (it.int(), it.text());
        KnownUser {
            name: it.opt_text().unwrap_or_else(|| full_name.clone()),
            full_name,
            email: emails.remove(&id),
        }
    };
    Ok(found.into_iter().map(user).collect())
}

async fn run(
    import: &mut Import,
    mut source: Source,
    replace_damaged: bool,
    closing: Closing,
    found: &Counts,
    mut report: Report,
    progress: &mut (impl FnMut(Progress<'_>) + Send),
) -> Result<Report> {
    let mut known = Known::default();
    for table in REFERRED_TO {
        for id in import.ids(table).await? {
            known.add(table, id);
        }
    }
    let last = source
        .read("workers", &["#id"], "ORDER BY t.id DESC LIMIT 1")
        .await?;
    let lost_worker = last.into_iter().next().map_or(0, |mut it| it.int()) + 1;
    let parts = Parts {
        source,
        known,
        closing,
        lost_worker,
        replace_damaged,
        at: import.begun_at(),
    };
    let mut notes = Notes::new();
    for part in PARTS {
        let note = import.note(part.name).map(serde_json::from_str).transpose();
        let note = note.map_err(|error| Error::data("what was noted of the import", error))?;
        notes.insert(part.table, note.unwrap_or_default());
    }
    store(import, parts, &mut notes, found, progress).await?;
    let total = notes.values().map(|note| note.lines).sum();
    let mut indexes = None;
    let settled = import.settle(|left, lines| match left {
        0 => progress(Progress {
            doing: "reading the logs back",
            done: lines,
            total,
        }),
        left => {
            let all = *indexes.get_or_insert(left + 1);
            progress(Progress {
                doing: "making indexes",
                done: len(all - left),
                total: len(all),
            });
        }
    });
    compare(found, &notes, &settled.await?, &mut report)?;
    Ok(report)
}

/// Reads and stores what is left of all parts.
async fn store(
    import: &mut Import,
    parts: Parts,
    notes: &mut Notes,
    found: &Counts,
    progress: &mut (impl FnMut(Progress<'_>) + Send),
) -> Result<()> {
    let total = PARTS.iter().filter_map(|part| found.get(part.table)).sum();
    let (sender, mut pieces) = mpsc::channel(AHEAD);
    let reading = tokio::spawn(read(parts, notes.clone(), sender));
    while let Some(piece) = pieces.recv().await {
        let (part, history, note): Piece = piece?;
        let text = serde_json::to_string(&note).map_err(|error| Error::data(part.table, error))?;
        import.add(history, part.name, text).await?;
        notes.insert(part.table, note);
        progress(Progress {
            doing: part.name,
            done: notes.values().map(|note| note.read).sum(),
            total,
        });
    }
    reading.await.map_err(|error| Error::Ended(error.to_string()))
}

/// Hands on pieces until there are no more, there is an error, or nobody takes them.
async fn read(mut parts: Parts, notes: Notes, sender: mpsc::Sender<Result<Piece>>) {
    for part in PARTS {
        let mut note = notes.get(part.table).cloned().unwrap_or_default();
        while !note.done {
            let piece = parts.next(part, &mut note).await;
            let ends = piece.is_err();
            let piece = piece.map(|history| (part, history, note.clone()));
            if sender.send(piece).await.is_err() || ends {
                return;
            }
        }
    }
}
