//! A log file has each event once, whatever happens to whoever writes it.

use std::path::{Path, PathBuf};

use serde_json::Value;
use weir_listeners::{LogFile, LogFileOptions, Outlet};
use weir_status_api::{Listener as _, ListenerError, Results, Verb};

use super::world::{World, build, ended, printing};

fn options(folder: &Path) -> LogFileOptions {
    LogFileOptions {
        path: folder.join("logs/events.jsonl"),
        ..LogFileOptions::default()
    }
}

fn open(options: LogFileOptions) -> LogFile {
    LogFile::new("log".to_owned(), options, &Outlet::open()).unwrap()
}

fn cursors(path: PathBuf) -> Vec<i64> {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "{text}");
    let cursor = |line: &str| serde_json::from_str::<Value>(line).unwrap()["cursor"].as_i64();
    text.lines().map(|line| cursor(line).unwrap()).collect()
}

/// Tells the listener of the beginnings of that many builds.
async fn tell(log: &LogFile, world: &World, count: i64) {
    for number in 0..count {
        let event = world.tell(Verb::New, build(number));
        log.on_event(&event, world).await.unwrap();
    }
}

#[tokio::test]
async fn an_event_is_a_line_of_json() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let log = open(options(folder.path()));
    let event = world.tell(Verb::Finished, ended(build(3), Results::Failure));
    log.on_event(&event, world.as_ref()).await.unwrap();
    let text = std::fs::read_to_string(options(folder.path()).path).unwrap();
    let line: Value = serde_json::from_str(text.strip_suffix('\n').unwrap()).unwrap();
    assert_eq!(line["delivery"], "log-1");
    assert_eq!(line["topic"], "builds/3/finished");
    assert_eq!(line["cursor"], 1);
    assert_eq!(line["resource"]["results"], 2);
}

#[tokio::test]
async fn an_event_that_comes_again_is_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let event = world.tell(Verb::New, build(1));
    let log = open(options(folder.path()));
    log.on_event(&event, world.as_ref()).await.unwrap();
    log.on_event(&event, world.as_ref()).await.unwrap();
    drop(log);
    let log = open(options(folder.path()));
    log.on_event(&event, world.as_ref()).await.unwrap();
    tell(&log, &world, 1).await;
    assert_eq!(cursors(options(folder.path()).path), [1, 2]);
}

#[tokio::test]
async fn a_torn_last_line_is_cut_off_and_written_whole() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    tell(&open(options(folder.path())), &world, 2).await;
    let path = options(folder.path()).path;
    let text = std::fs::read_to_string(&path).unwrap();
    let first = text.find('\n').unwrap();
    for end in first..text.len() - 1 {
        std::fs::write(&path, &text[..=end]).unwrap();
        let log = open(options(folder.path()));
        let again = world.tell(Verb::Started, build(5));
        let event = weir_status_api::Event {
            cursor: weir_status_api::Cursor(2),
            ..(*again).clone()
        };
        log.on_event(&event, world.as_ref()).await.unwrap();
        assert_eq!(cursors(path.clone()), [1, 2], "cut after {end} bytes");
    }
    // Not one whole line is left either.
    std::fs::write(&path, &text[..first / 2]).unwrap();
    let log = open(options(folder.path()));
    tell(&log, &world, 1).await;
    assert_eq!(cursors(path).len(), 1);
}

#[tokio::test]
async fn full_files_are_kept_so_many_and_their_lines_known() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let small = || LogFileOptions {
        max_bytes: 4096,
        keep: 2,
        ..options(folder.path())
    };
    let log = open(small());
    tell(&log, &world, 60).await;
    let path = small().path;
    let mut names: Vec<_> = std::fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["events.jsonl", "events.jsonl.1", "events.jsonl.2"]);
    let (full, older) = (path.with_added_extension("1"), path.with_added_extension("2"));
    let all: Vec<i64> = [&older, &full, &path]
        .into_iter()
        .flat_map(|it| {
            assert!(
                std::fs::metadata(it).unwrap().len() <= 4096,
                "{it:?} is too large"
            );
            cursors(it.clone())
        })
        .collect();
    assert_eq!(all.last(), Some(&60));
    assert!(all.windows(2).all(|it| it[0] + 1 == it[1]), "{all:?}");

    // A line of the file that is full is known after a restart too.
    let known = *cursors(full).last().unwrap();
    let log = open(small());
    let event = weir_status_api::Event {
        cursor: weir_status_api::Cursor(known),
        ..(*world.tell(Verb::New, build(1))).clone()
    };
    log.on_event(&event, world.as_ref()).await.unwrap();
    assert_eq!(cursors(path).last(), Some(&60));
}

#[tokio::test]
async fn none_is_kept_if_none_shall_be() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let log = open(LogFileOptions {
        max_bytes: 4096,
        keep: 0,
        ..options(folder.path())
    });
    tell(&log, &world, 40).await;
    let path = options(folder.path()).path;
    assert_eq!(cursors(path.clone()).last(), Some(&40));
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_come_at_once_are_all_written() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let log = std::sync::Arc::new(open(options(folder.path())));
    let mut deliveries = tokio::task::JoinSet::new();
    for number in 1..=200 {
        let event = world.tell(Verb::New, build(number));
        let (log, world) = (std::sync::Arc::clone(&log), std::sync::Arc::clone(&world));
        deliveries.spawn(async move { log.on_event(&event, world.as_ref()).await });
    }
    let results = deliveries.join_all().await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    let mut written = cursors(options(folder.path()).path);
    written.sort_unstable();
    assert_eq!(written, (1..=200).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_cannot_be_written_now_is_written_later() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let log = open(options(folder.path()));
    let in_the_way = folder.path().join("logs");
    std::fs::write(&in_the_way, "").unwrap();
    let event = world.tell(Verb::New, build(1));
    let answer = log.on_event(&event, world.as_ref()).await;
    let Err(ListenerError::Later(why)) = answer else {
        panic!("{answer:?}");
    };
    assert!(why.contains("events.jsonl cannot be written"), "{why}");
    std::fs::remove_file(&in_the_way).unwrap();
    log.on_event(&event, world.as_ref()).await.unwrap();
    assert_eq!(cursors(options(folder.path()).path), [1]);
}

#[tokio::test]
async fn a_dry_run_prints_the_line_and_writes_none() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let (outlet, printed) = printing();
    let log = LogFile::new("log".to_owned(), options(folder.path()), &outlet).unwrap();
    tell(&log, &world, 1).await;
    assert!(printed.lock().unwrap()[0].contains("\"delivery\":\"log-1\""));
    assert!(!options(folder.path()).path.exists());
}

#[test]
fn wrong_options_are_told() {
    let wrong = |change: fn(&mut LogFileOptions)| {
        let mut options = options(Path::new("/nowhere"));
        change(&mut options);
        LogFile::new("log".to_owned(), options, &Outlet::open())
            .unwrap_err()
            .option
    };
    assert_eq!(wrong(|it| it.path = PathBuf::new()), "path");
    assert_eq!(wrong(|it| it.max_bytes = 100), "max_bytes");
    assert_eq!(wrong(|it| it.keep = 1001), "keep");
    assert_eq!(wrong(|it| it.events = vec!["builds//x".to_owned()]), "events");
}
