//! What a worker does to files without a program.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod stage;

mod files {
    mod downloads;
    mod ends;
    mod folders;
    mod uploads;
}

use std::fs;
use std::path::Path;

use stage::{Peer, Stage, resume};
use weir_worker_protocol::v1::{
    Download, Finished, FromCommand, Output, Paths, Piece, StartCommand, Stream, Upload, finished::Outcome,
    from_command::News, start_command::What, to_worker,
};

const WINDOW: u64 = 256 * 1024;

fn command(id: &str, what: What) -> StartCommand {
    StartCommand {
        command_id: id.to_owned(),
        what: Some(what),
        workdir: "b/build".to_owned(),
        interrupt_grace_ms: 5_000,
        window_bytes: WINDOW,
        ..StartCommand::default()
    }
}

/// What came of a command.
#[derive(Debug, Default)]
struct Heard {
    data: Vec<u8>,
    header: String,
    outcome: Option<Outcome>,
}

impl Heard {
    fn take(&mut self, news: &FromCommand) {
        match news.news.as_ref().unwrap() {
            News::Output(Output { stream, data, .. }) if *stream == Stream::Data as i32 => {
                self.data.extend_from_slice(data);
            }
            News::Output(Output { data, .. }) => self.header += std::str::from_utf8(data).unwrap(),
            News::Finished(Finished { outcome, .. }) => self.outcome = outcome.clone(),
            News::Read(_) => {}
        }
    }
}

/// Starts the command and plays the master to its end, which has `file` for it.
async fn play(peer: &mut Peer, command: StartCommand, file: Result<&[u8], &str>) -> Heard {
    let id = command.command_id.clone();
    peer.send(to_worker::Message::Start(command)).await;
    let mut heard = Heard::default();
    play_on(peer, &id, file, &mut heard).await;
    heard
}

async fn play_on(peer: &mut Peer, id: &str, file: Result<&[u8], &str>, heard: &mut Heard) {
    while heard.outcome.is_none() {
        let news = peer.news().await;
        heard.take(&news);
        if let Some(News::Read(read)) = &news.news {
            give(peer, id, file, read.offset).await;
        }
        peer.acknowledge(id, news.sequence).await;
    }
}

async fn give(peer: &Peer, id: &str, file: Result<&[u8], &str>, offset: u64) {
    let rest = file
        .unwrap_or_default()
        .get(offset as usize..)
        .unwrap_or_default();
    let piece = Piece {
        command_id: id.to_owned(),
        offset,
        data: rest[..rest.len().min(100_000)].to_vec().into(),
        failure: file.err().unwrap_or_default().to_owned(),
    };
    peer.send(to_worker::Message::Piece(piece)).await;
}

/// Runs one command after the other on one worker.
struct Scene {
    stage: Stage,
    peer: Peer,
    number: u32,
}

impl Scene {
    async fn new() -> Self {
        let mut stage = Stage::new();
        // It ends with the runtime.
        let _ = stage.worker();
        let (peer, _) = stage.welcome_peer(vec![]).await;
        fs::create_dir_all(stage.dir.path().join("b/build")).unwrap();
        Self {
            stage,
            peer,
            number: 0,
        }
    }

    /// The connection is lost, and the worker comes back; the master has the command's messages up to `received`.
    async fn lose_connection(self, id: &str, received: u64) -> Self {
        let Self {
            mut stage,
            peer,
            number,
        } = self;
        drop(peer);
        let (peer, _) = stage.welcome_peer(resume(id, received)).await;
        Self { stage, peer, number }
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.stage.dir.path().join("b/build").join(path)
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    async fn run(&mut self, what: What) -> Heard {
        self.run_with(what, Err("there is none")).await
    }

    async fn run_with(&mut self, what: What, file: Result<&[u8], &str>) -> Heard {
        self.number += 1;
        let command = command(&format!("c{}", self.number), what);
        play(&mut self.peer, command, file).await
    }

    async fn code(&mut self, what: What) -> i32 {
        let heard = self.run(what).await;
        exit_code(&heard)
    }
}

fn exit_code(heard: &Heard) -> i32 {
    match heard.outcome {
        Some(Outcome::ExitCode(code)) => code,
        _ => panic!("{heard:?}"),
    }
}

fn paths(paths: &[&str]) -> Paths {
    let paths = paths.iter().map(|it| (*it).to_owned()).collect();
    Paths { paths }
}

fn upload(path: &str) -> Upload {
    Upload {
        path: path.to_owned(),
        ..Upload::default()
    }
}

fn download(path: &str) -> Download {
    Download {
        path: path.to_owned(),
        ..Download::default()
    }
}

/// Bytes that are different everywhere.
fn bytes(many: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(many).collect()
}

fn is_empty(folder: &Path) -> bool {
    folder.read_dir().unwrap().next().is_none()
}
