//! What a command says while its master is away.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod stage;

use std::path::PathBuf;
use std::time::Duration;

use stage::{PATIENCE, Peer, Stage, resume, stdout};
use tokio::time::timeout;
use weir_worker::Error;
use weir_worker_protocol::v1::{
    Finished, FromCommand, Output, Stream, finished::Outcome, from_command::News,
};

const WINDOW: u64 = 4 * 1024 * 1024;
const MIB: u64 = 1024 * 1024;

/// Waits for a moment that a file or folder tells of.
async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(timeout(3 * PATIENCE, waiting).await.is_ok(), "never: {what}");
}

/// A command that writes so many numbered lines of 100 bytes, and then makes the file `written`. How far it is, it
/// tells in the file `progress`.
fn script(lines: u64) -> String {
    format!(
        r#"echo begun; awk 'BEGIN {{
            for (i = 1; i <= {lines}; i++) {{
                printf "%099d\n", i
                if (i % 1000 == 0) {{ fflush(); print i >"progress"; close("progress") }}
            }}
        }}'; touch written"#
    )
}

/// Waits until the command has written something and gets no further.
async fn until_it_stands_still(stage: &Stage) {
    let progress = || std::fs::read_to_string(stage.dir.path().join("progress")).unwrap_or_default();
    let (mut last, mut still) = (progress(), 0);
    while still < 10 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = progress();
        still = if now == last && !now.is_empty() {
            still + 1
        } else {
            0
        };
        last = now;
    }
}

fn lines(count: u64) -> Vec<u8> {
    let mut expected = b"begun\n".to_vec();
    for i in 1..=count {
        expected.extend_from_slice(format!("{i:099}\n").as_bytes());
    }
    expected
}

/// Starts a command whose first words the master gets, before it goes.
async fn start_and_leave(stage: &mut Stage, script: &str) -> (Vec<FromCommand>, u64) {
    let (mut peer, _) = stage.welcome_peer(vec![]).await;
    peer.start("c1", script, WINDOW).await;
    let mut got = Vec::new();
    while stdout(&got).is_empty() {
        got.push(peer.news().await);
    }
    let received = got.last().unwrap().sequence;
    peer.acknowledge("c1", received).await;
    stage.is_away(true);
    (got, received)
}

/// Takes everything to the command's end, each message acknowledged.
async fn take_all(peer: &mut Peer, got: &mut Vec<FromCommand>) {
    loop {
        let news = peer.news().await;
        assert_eq!(news.sequence, got.last().unwrap().sequence + 1);
        peer.acknowledge("c1", news.sequence).await;
        let is_last = matches!(news.news, Some(News::Finished(_)));
        got.push(news);
        if is_last {
            break;
        }
    }
}

fn header(all: &[FromCommand]) -> String {
    all.iter()
        .filter_map(|it| match &it.news {
            Some(News::Output(Output { stream, data, .. })) if *stream == Stream::Header as i32 => {
                Some(String::from_utf8_lossy(data).into_owned())
            }
            _ => None,
        })
        .collect()
}

fn exit_code(all: &[FromCommand]) -> Option<i32> {
    match &all.last()?.news {
        Some(News::Finished(Finished {
            outcome: Some(Outcome::ExitCode(code)),
            ..
        })) => Some(*code),
        _ => None,
    }
}

/// The bytes of all files of the journal.
fn journal_bytes(stage: &Stage) -> u64 {
    let Ok(commands) = std::fs::read_dir(stage.dir.path().join(".weir/journal")) else {
        return 0;
    };
    let files = commands.flat_map(|it| std::fs::read_dir(it.unwrap().path()).into_iter().flatten());
    files
        .map(|it| it.unwrap().metadata().map_or(0, |it| it.len()))
        .sum()
}

fn written(stage: &Stage) -> PathBuf {
    stage.dir.path().join("written")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_goes_on_without_its_master_and_nothing_is_lost() {
    const LINES: u64 = 250_000;
    let mut stage = Stage::new();
    let (_task, _shutdown) = stage.worker();
    let (mut got, received) = start_and_leave(&mut stage, &script(LINES)).await;
    until("it writes all", || written(&stage).exists()).await;
    assert!(
        journal_bytes(&stage) > LINES * 100 - 2 * MIB,
        "{}",
        journal_bytes(&stage)
    );
    stage.is_away(false);
    // The master that comes back breaks off in between, once.
    let (mut peer, _) = stage.welcome_peer(resume("c1", received)).await;
    for _ in 0..30 {
        got.push(peer.news().await);
    }
    drop(peer);
    let last = got.last().unwrap().sequence;
    let (mut peer, hello) = stage.welcome_peer(resume("c1", last)).await;
    assert_eq!(hello.commands[0].acknowledged, received);
    take_all(&mut peer, &mut got).await;
    assert!(stdout(&got) == lines(LINES));
    assert_eq!(exit_code(&got), Some(0));
    until("the journal is gone", || {
        let mut commands = std::fs::read_dir(stage.dir.path().join(".weir/journal")).unwrap();
        commands.next().is_none()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_journal_makes_the_command_wait() {
    const LINES: u64 = 100_000;
    let mut stage = Stage::new();
    let (_task, _shutdown) = stage.worker_with_journal(2 * MIB);
    let (mut got, received) = start_and_leave(&mut stage, &script(LINES)).await;
    timeout(3 * PATIENCE, until_it_stands_still(&stage))
        .await
        .unwrap();
    assert!(journal_bytes(&stage) > 2 * MIB - 70_000);
    assert!(!written(&stage).exists(), "it waits");
    assert!(journal_bytes(&stage) <= 2 * MIB);
    stage.is_away(false);
    let (mut peer, _) = stage.welcome_peer(resume("c1", received)).await;
    take_all(&mut peer, &mut got).await;
    assert!(stdout(&got) == lines(LINES));
    assert_eq!(exit_code(&got), Some(0));
    let header = header(&got);
    let said = "the worker's journal is full (2097152 bytes): the command waits until there is room\n";
    assert!(header.contains(said), "{header}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_nothing_makes_the_command_wait() {
    const LINES: u64 = 100_000;
    let mut stage = Stage::new();
    let (_task, _shutdown) = stage.worker();
    let gate = "echo begun; while [ ! -e go ]; do sleep 0.02; done; ";
    let script = gate.to_owned() + script(LINES).strip_prefix("echo begun; ").unwrap();
    let (mut got, received) = start_and_leave(&mut stage, &script).await;
    // Where the journal's folder should be is a file.
    let journal = stage.dir.path().join(".weir/journal");
    std::fs::write(&journal, "").unwrap();
    std::fs::write(stage.dir.path().join("go"), "").unwrap();
    timeout(3 * PATIENCE, until_it_stands_still(&stage))
        .await
        .unwrap();
    assert!(!written(&stage).exists(), "it waits");
    std::fs::remove_file(&journal).unwrap();
    until("it writes all", || written(&stage).exists()).await;
    stage.is_away(false);
    let (mut peer, _) = stage.welcome_peer(resume("c1", received)).await;
    take_all(&mut peer, &mut got).await;
    assert!(stdout(&got) == lines(LINES));
    let header = header(&got);
    assert!(
        header.contains("the worker's journal cannot be written"),
        "{header}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_vanished_ends_the_command() {
    const LINES: u64 = 100_000;
    let mut stage = Stage::new();
    let (_task, _shutdown) = stage.worker();
    let (mut got, received) = start_and_leave(&mut stage, &script(LINES)).await;
    until("it writes all", || written(&stage).exists()).await;
    until("it is on disk", || journal_bytes(&stage) > 8 * MIB).await;
    std::fs::remove_dir_all(stage.dir.path().join(".weir/journal")).unwrap();
    stage.is_away(false);
    let (mut peer, _) = stage.welcome_peer(resume("c1", received)).await;
    take_all(&mut peer, &mut got).await;
    let Some(News::Finished(Finished {
        outcome: Some(Outcome::Interrupted(why)),
        ..
    })) = &got.last().unwrap().news
    else {
        panic!("{:?}", got.last());
    };
    assert!(why.contains("the worker's journal cannot be read"), "{why}");
}

#[tokio::test]
async fn a_folder_has_one_worker_and_no_journal_of_an_earlier_one() {
    let stage = Stage::new();
    stage.is_away(true);
    let left = stage.dir.path().join(".weir/journal/7");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join("00000000000000000001"), "x").unwrap();
    let (first, shutdown) = stage.worker();
    until("the folder is cleared", || !left.exists()).await;
    let (second, _) = stage.worker();
    let error = timeout(PATIENCE, second).await.unwrap().unwrap().unwrap_err();
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    shutdown.cancel();
    timeout(PATIENCE, first).await.unwrap().unwrap().unwrap();
    let (third, shutdown) = stage.worker();
    shutdown.cancel();
    timeout(PATIENCE, third).await.unwrap().unwrap().unwrap();
}
