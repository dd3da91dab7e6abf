//! What a command can ask for: a terminal, a signal of its own, files that are followed.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod stage;

use std::collections::BTreeMap;

use stage::{Stage, command, stdout};
use weir_worker_protocol::v1::{
    Finished, FromCommand, Interrupt, Output, StartCommand, Stream, WatchedFile, finished::Outcome,
    from_command::News, to_worker,
};

async fn run(command: StartCommand) -> (Stage, Vec<FromCommand>) {
    let mut stage = Stage::new();
    let (_task, _shutdown) = stage.worker();
    let (mut peer, _) = stage.welcome_peer(vec![]).await;
    peer.send(to_worker::Message::Start(command)).await;
    let all = peer.all_news().await;
    (stage, all)
}

fn outcome(all: &[FromCommand]) -> Outcome {
    match &all.last().unwrap().news {
        Some(News::Finished(Finished {
            outcome: Some(outcome),
            ..
        })) => outcome.clone(),
        other => panic!("{other:?}"),
    }
}

/// What came of each file.
fn files(all: &[FromCommand]) -> BTreeMap<&str, String> {
    let mut files = BTreeMap::new();
    for it in all {
        if let Some(News::Output(Output { stream, data, file })) = &it.news
            && *stream == Stream::File as i32
        {
            *files.entry(file.as_str()).or_default() += std::str::from_utf8(data).unwrap();
        }
    }
    files
}

fn watched(name: &str, path: &str, follow: bool) -> WatchedFile {
    WatchedFile {
        name: name.to_owned(),
        path: path.to_owned(),
        follow,
    }
}

#[tokio::test]
async fn a_terminal_takes_input_and_changes_nothing() {
    let script = "[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo tty; stty size; cat; printf 'e\\n' >&2";
    let (_stage, all) = run(StartCommand {
        pty: true,
        stdin: "one\ntwo\n".into(),
        ..command("c1", script)
    })
    .await;
    let text = String::from_utf8(stdout(&all)).unwrap();
    assert_eq!(text, "tty\n24 80\none\ntwo\ne\n");
    assert_eq!(outcome(&all), Outcome::ExitCode(0));
}

#[tokio::test]
async fn the_input_of_a_terminal_ends_within_a_line_and_without_one() {
    for input in ["", "a", "a\n", "a\nb"] {
        let (_stage, all) = run(StartCommand {
            pty: true,
            stdin: input.into(),
            total_timeout_ms: 5_000,
            ..command("c1", "cat")
        })
        .await;
        assert_eq!(stdout(&all), input.as_bytes());
        assert_eq!(outcome(&all), Outcome::ExitCode(0), "{input:?}");
    }
}

#[tokio::test]
async fn a_command_ends_by_the_signal_it_asks_for() {
    let script = "trap 'echo int; exit 3' INT; trap '' TERM; echo up; while true; do sleep 0.02; done";
    for pty in [false, true] {
        let mut stage = Stage::new();
        let (_task, _shutdown) = stage.worker();
        let (mut peer, _) = stage.welcome_peer(vec![]).await;
        let start = StartCommand {
            stop_signal: "INT".to_owned(),
            interrupt_grace_ms: 60_000,
            pty,
            ..command("c1", script)
        };
        peer.send(to_worker::Message::Start(start)).await;
        while stdout(&[peer.news().await]).is_empty() {}
        let interrupt = Interrupt {
            command_id: "c1".to_owned(),
            reason: "enough".to_owned(),
        };
        peer.send(to_worker::Message::Interrupt(interrupt)).await;
        let all = peer.all_news().await;
        assert_eq!(stdout(&all), b"int\n");
        assert_eq!(outcome(&all), Outcome::Interrupted("enough".to_owned()));
    }
}

#[tokio::test]
async fn a_signal_that_there_is_not_starts_nothing() {
    let (stage, all) = run(StartCommand {
        stop_signal: "NONE".to_owned(),
        ..command("c1", "touch ran")
    })
    .await;
    let why = "there is no signal `NONE` on this worker".to_owned();
    assert_eq!(outcome(&all), Outcome::CouldNotStart(why));
    assert!(!stage.dir.path().join("ran").exists());
}

#[tokio::test]
async fn files_are_followed_from_when_they_change() {
    let mut stage = Stage::new();
    let (_task, _shutdown) = stage.worker();
    let (mut peer, _) = stage.welcome_peer(vec![]).await;
    for name in ["old", "grows", "tail"] {
        std::fs::write(stage.dir.path().join(name), "before\n").unwrap();
    }
    let script = "echo a >>grows; echo b >>tail; mkdir sub; echo late >sub/late
        while [ ! -e go ]; do sleep 0.02; done
        echo replaced >new; mv new grows; head -c 200000 /dev/zero | tr '\\0' x >sub/large";
    let start = StartCommand {
        files: vec![
            watched("old", "old", false),
            watched("grows", "grows", false),
            watched("tail", "tail", true),
            watched("late", "./sub/late", false),
            watched("large", "sub/large", false),
            watched("never", "never", false),
        ],
        ..command("c1", script)
    };
    peer.send(to_worker::Message::Start(start)).await;
    // While it runs.
    let mut all = Vec::new();
    while files(&all).len() < 3 {
        all.push(peer.news().await);
    }
    assert!(!stage.dir.path().join("new").exists());
    std::fs::write(stage.dir.path().join("go"), "").unwrap();
    all.extend(peer.all_news().await);
    let large = "x".repeat(200_000);
    let expected = BTreeMap::from([
        ("grows", "before\na\nreplaced\n".to_owned()),
        ("tail", "b\n".to_owned()),
        ("late", "late\n".to_owned()),
        ("large", large),
    ]);
    assert!(files(&all) == expected, "{:?}", files(&all).keys());
    assert_eq!(outcome(&all), Outcome::ExitCode(0));
}

#[tokio::test]
async fn a_file_stays_in_the_workers_folder() {
    for path in ["../x", "/etc/hostname", ""] {
        let (_stage, all) = run(StartCommand {
            files: vec![watched("x", path, false)],
            ..command("c1", "true")
        })
        .await;
        assert!(matches!(outcome(&all), Outcome::CouldNotStart(_)), "{path}");
    }
    let (_stage, all) = run(StartCommand {
        files: vec![watched("x", "link", false)],
        ..command("c1", "ln -s /etc/passwd link")
    })
    .await;
    assert!(files(&all).is_empty(), "{all:?}");
    assert_eq!(outcome(&all), Outcome::ExitCode(0));
}
