//! Connections that are cut anywhere, and workers that say anything.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncWriteExt as _, duplex};
use weir_buildbot_wire::worker::{Command, FailureReason, FromWorker, Text, Update};
use weir_buildbot_wire::{Failure, Value};
use weir_master::workers::{CommandEvent, FileCommand, RunningCommand, Settings};

use super::super::house::{House, PATIENCE, script, settings};
use super::super::puppet::Puppet;
use super::{files, house, house_with, in_b1, wait_gone};

/// Logs in, runs a command and sends a file, as far as the connection reaches. Gives how many bytes it has said.
async fn session(house: &House, reaches: usize) -> usize {
    let mut worker = Puppet::new(&house.manager, "w1", "token-1");
    worker.reaches = reaches;
    worker.until("it is in", |it| it.is_in || it.is_cut).await;
    let upload = FileCommand::UploadFile {
        path: "a.bin".to_owned(),
        max_bytes: None,
    };
    let mut commands = vec![];
    for spec in [in_b1(script("make")), files(upload)] {
        if worker.is_cut {
            break;
        }
        // It may be cut in this moment.
        let Some(mut command) = house.try_start(spec).await else {
            break;
        };
        worker
            .until("a command is started", |it| !it.started.is_empty() || it.is_cut)
            .await;
        if let Some(started) = worker.started.pop_front() {
            if let Command::UploadFile(upload) = &started.command {
                let writer = worker.object(upload.writer.unwrap());
                worker.tell(writer, FromWorker::Write(vec![7; 100]));
                worker.tell(writer, FromWorker::Close);
            }
            worker.print(started.object, "out\n");
            worker.finish(started.object, 0);
        }
        tokio::select! {
            () = hear_end(&mut command) => {}
            () = worker.until("the command ends", |it| it.is_cut) => commands.push(command),
        }
    }
    let said = worker.said;
    worker.leave().await;
    // Their owners are told all the same.
    for mut command in commands {
        hear_end(&mut command).await;
    }
    said
}

const fn is_last(event: &CommandEvent) -> bool {
    matches!(event, CommandEvent::Finished { .. } | CommandEvent::Lost(_))
}

async fn hear_end(command: &mut RunningCommand) {
    let all = async { while !is_last(&command.next().await) {} };
    tokio::time::timeout(PATIENCE, all).await.unwrap();
}

#[tokio::test]
async fn a_session_cut_at_any_byte_harms_nobody() {
    let house = house().await;
    let length = session(&house, usize::MAX).await;
    assert!(length > 1000, "{length}");
    for reaches in 0..length {
        session(&house, reaches).await;
        wait_gone(&house).await;
    }
    assert_eq!(session(&house, usize::MAX).await, length);
}

#[tokio::test]
async fn whatever_bytes_come_before_a_login_are_no_harm() {
    let house = house_with(Settings {
        hello_timeout: Duration::from_millis(200),
        ..settings()
    })
    .await;
    let peer = ([127, 0, 0, 1], 1).into();
    for bytes in [
        &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        &[0xff; 5000],
        &[0x7f; 5000],
    ] {
        let (mut ours, theirs) = duplex(1 << 20);
        ours.write_all(bytes).await.unwrap();
        let buildbot = house.manager.buildbot();
        let served = buildbot.serve_pb(theirs, peer);
        tokio::time::timeout(PATIENCE, served).await.unwrap();
    }
    assert_eq!(house.told(), []);
}

/// A number below `most` (xorshift).
fn chance(state: &mut u64, most: u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state % most
}

/// Something that a worker could say, whether or not it should.
fn anything(state: &mut u64) -> FromWorker {
    let text = Text::new("x".repeat(chance(state, 70_000) as usize));
    let update = match chance(state, 9) {
        0 => Update::Stdout(text),
        1 => Update::Header(text),
        2 => Update::ReturnCode(Some(chance(state, 3) as i64 - 1)),
        3 => Update::ReturnCode(Some(i64::MAX)),
        4 => Update::Elapsed(-1.0),
        5 => Update::Files(vec![String::new(), "a\0b".to_owned()]),
        6 => Update::FailureReason(FailureReason::Other("boredom".to_owned())),
        7 => Update::Log {
            name: "nobody asked".to_owned(),
            text,
        },
        _ => Update::Other {
            key: "later".to_owned(),
            value: Value::List(vec![Value::None]),
        },
    };
    match chance(state, 12) {
        0 => FromWorker::Keepalive,
        1 => FromWorker::Complete(None),
        2 => FromWorker::Complete(Some(Failure::runtime_error("why not"))),
        3 => FromWorker::Write(vec![0; chance(state, 100_000) as usize]),
        4 => FromWorker::Close,
        5 => FromWorker::Unpack,
        6 => FromWorker::Read(chance(state, u64::MAX)),
        7 => FromWorker::SetTimes {
            accessed: f64::NAN,
            modified: f64::INFINITY,
        },
        _ => FromWorker::Update {
            updates: vec![update],
            number: chance(state, 5) as i64,
        },
    }
}

#[tokio::test]
async fn whatever_a_worker_says_its_command_ends_and_the_next_one_works() {
    let house = house().await;
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..60 {
        let mut worker = Puppet::let_in(&house.manager).await;
        let upload = FileCommand::UploadDir {
            path: "d".to_owned(),
            max_bytes: None,
            gzip: true,
        };
        let spec = if chance(&mut state, 2) == 0 {
            in_b1(script("make"))
        } else {
            files(upload)
        };
        let mut command = house.start(spec).await;
        let started = worker.next_command().await;
        for _ in 0..chance(&mut state, 40) {
            let message = anything(&mut state);
            // Also to what it was never given.
            let object = match chance(&mut state, 4) {
                0 => worker.object(chance(&mut state, 10)),
                1 => worker.avatar.unwrap(),
                _ => started.object,
            };
            worker.tell(object, message);
        }
        worker.finish(started.object, 0);
        let told = async {
            loop {
                match command.next().await {
                    CommandEvent::Output { sequence, .. } => command.acknowledge(sequence),
                    CommandEvent::Read { offset, .. } => command.feed(offset, Ok(Bytes::new())),
                    event => break assert!(is_last(&event)),
                }
            }
        };
        tokio::select! {
            () = told => {}
            () = worker.until("the command ends", |_| false) => unreachable!("it never does"),
        }
        worker.leave().await;
        wait_gone(&house).await;
    }
}
