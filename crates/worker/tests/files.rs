//! What a worker does to files without a program.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod stage;

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use prost::Message;
use stage::{Peer, Stage, resume};
use weir_worker_protocol::WINDOW_SLACK;
use weir_worker_protocol::v1::{
    CopyDir, Download, FileFacts, Finished, FromCommand, Interrupt, Output, Paths, Piece, StartCommand,
    Stream, Timeout, Upload, finished::Outcome, from_command::News, start_command::What, to_worker,
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

#[tokio::test]
async fn folders_are_made_and_removed() {
    let mut scene = Scene::new().await;
    for _ in 0..2 {
        let heard = scene
            .run(What::MakeDirs(paths(&["a/b", "../c", "with space"])))
            .await;
        assert_eq!(exit_code(&heard), 0);
        let expected = "mkdir -p a/b ../c 'with space'\n in dir ";
        assert!(heard.header.starts_with(expected), "{}", heard.header);
        assert!(heard.header.contains("\nfinished with exit code 0\nelapsedTime="));
    }
    assert!(scene.path("a/b").is_dir() && scene.path("../c").is_dir());
    scene.write("a/b/file", "x");
    symlink("/etc", scene.path("a/link")).unwrap();
    fs::set_permissions(scene.path("a/b"), Permissions::from_mode(0o500)).unwrap();
    for _ in 0..2 {
        assert_eq!(
            scene
                .code(What::RemoveDirs(paths(&["a", "with space", "../c"])))
                .await,
            0
        );
    }
    assert!(is_empty(&scene.path("")));
    assert!(Path::new("/etc").is_dir());
    // The command's folder too, since the next command makes it.
    assert_eq!(scene.code(What::RemoveDirs(paths(&["."]))).await, 0);
    assert!(!scene.path("").exists());
    assert_eq!(scene.code(What::MakeDirs(paths(&["a"]))).await, 0);
}

#[tokio::test]
async fn nothing_outside_of_the_workers_folder_is_touched() {
    let mut scene = Scene::new().await;
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("file"), "x").unwrap();
    symlink(outside.path(), scene.path("out")).unwrap();
    let absolute = outside.path().to_str().unwrap();
    for path in ["../../../x", "out/file", "../..", "../../.weir", absolute] {
        assert_eq!(
            scene.code(What::MakeDirs(paths(&[path, "out/new"]))).await,
            1,
            "{path}"
        );
        let heard = scene.run(What::RemoveDirs(paths(&[path]))).await;
        assert_eq!(exit_code(&heard), 1, "{path}");
        let said = ["leads out of the worker's folder", "is the worker's own"];
        assert!(
            said.iter().any(|it| heard.header.contains(it)),
            "{}",
            heard.header
        );
        let copy = CopyDir {
            from: ".".to_owned(),
            to: path.to_owned(),
        };
        assert_ne!(scene.code(What::CopyDir(copy)).await, 0, "{path}");
    }
    for what in [
        What::RemoveFile("out/file".to_owned()),
        What::Stat("out/file".to_owned()),
        What::ListDir("out".to_owned()),
        What::UploadFile(upload("out/file")),
        What::UploadDir(upload("out")),
        What::DownloadFile(download("out/file")),
    ] {
        let heard = scene.run(what.clone()).await;
        assert_eq!((exit_code(&heard), heard.data), (1, vec![]), "{what:?}");
    }
    assert_eq!(fs::read(outside.path().join("file")).unwrap(), b"x");
    assert_eq!(outside.path().read_dir().unwrap().count(), 1);
    // The link itself can go.
    assert_eq!(scene.code(What::RemoveDirs(paths(&["out"]))).await, 0);
    assert!(is_empty(&scene.path("")));
}

#[tokio::test]
async fn a_copy_is_as_what_it_is_a_copy_of() {
    let mut scene = Scene::new().await;
    scene.write("from/sub/run", "#!/bin/sh");
    scene.write("from/sub/empty", "");
    symlink("nowhere", scene.path("from/link")).unwrap();
    fs::set_permissions(scene.path("from/sub/run"), Permissions::from_mode(0o751)).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for path in ["from/sub/run", "from/sub"] {
        fs::File::open(scene.path(path))
            .unwrap()
            .set_modified(time)
            .unwrap();
    }
    fs::set_permissions(scene.path("from/sub"), Permissions::from_mode(0o550)).unwrap();
    let copy = |from: &str, to: &str| {
        What::CopyDir(CopyDir {
            from: from.to_owned(),
            to: to.to_owned(),
        })
    };
    assert_eq!(scene.code(copy("from", "new/to")).await, 0);
    assert_eq!(
        fs::read_link(scene.path("new/to/link")).unwrap(),
        Path::new("nowhere")
    );
    for (path, mode) in [("new/to/sub/run", 0o751), ("new/to/sub", 0o550)] {
        let metadata = fs::metadata(scene.path(path)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, mode);
        assert_eq!(metadata.modified().unwrap(), time, "{path}");
    }
    assert_eq!(fs::read(scene.path("new/to/sub/run")).unwrap(), b"#!/bin/sh");
    // It is not mixed with what is there, and what is no folder is not copied.
    let codes = [
        scene.code(copy("from", "new/to")).await,
        scene.code(copy("from/sub/run", "other")).await,
        scene.code(copy("none", "other")).await,
        scene.code(copy(".", "below/it")).await,
    ];
    assert_eq!(codes, [17, 20, 2, 1]);
    let mut left: Vec<_> = scene
        .path("")
        .read_dir()
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["from", "new"]);
}

#[tokio::test]
async fn files_are_told_of() {
    let mut scene = Scene::new().await;
    scene.write("a/one.log", "12345");
    scene.write("a/b/two.log", "");
    fs::set_permissions(scene.path("a/one.log"), Permissions::from_mode(0o640)).unwrap();
    let heard = scene.run(What::Stat("a/one.log".to_owned())).await;
    let facts = FileFacts::decode(&*heard.data).unwrap();
    assert_eq!((facts.mode, facts.size), (0o100_640, 5));
    let age = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() as i64 - facts.modified;
    assert!((0..100).contains(&age) && facts.accessed > 0, "{facts:?}");
    let heard = scene.run(What::Glob("**/*.log".to_owned())).await;
    assert_eq!(heard.data, b"a/b/two.log\0a/one.log\0");
    let heard = scene.run(What::Glob("*.none".to_owned())).await;
    assert_eq!((exit_code(&heard), heard.data), (0, vec![]));
    let heard = scene.run(What::ListDir("a".to_owned())).await;
    assert_eq!(heard.data, b"b\0one.log\0");
    assert_eq!(scene.code(What::RemoveFile("a/one.log".to_owned())).await, 0);
    // What is not there, and what is something else.
    let codes = [
        scene.code(What::RemoveFile("a/one.log".to_owned())).await,
        scene.code(What::Stat("none".to_owned())).await,
        scene.code(What::ListDir("a/b/two.log".to_owned())).await,
        scene.code(What::RemoveFile("a/b".to_owned())).await,
    ];
    assert_eq!(codes, [2, 2, 20, 21]);
}

#[tokio::test]
async fn a_file_is_sent() {
    let mut scene = Scene::new().await;
    for many in [0, 1, 65_536, 1_000_000] {
        let file = bytes(many);
        scene.write("file", &file);
        let heard = scene.run(What::UploadFile(upload("file"))).await;
        assert_eq!(exit_code(&heard), 0);
        assert!(heard.data == file, "{many}");
        let limited = |max_bytes: usize| {
            What::UploadFile(Upload {
                max_bytes: max_bytes as u64,
                ..upload("file")
            })
        };
        if many > 1 {
            let heard = scene.run(limited(many - 1)).await;
            assert_eq!(exit_code(&heard), 1);
            assert!(heard.data == file[..many - 1]);
            assert!(heard.header.contains("file is larger than"), "{}", heard.header);
            assert_eq!(scene.code(limited(many)).await, 0);
        }
    }
    fs::create_dir(scene.path("folder")).unwrap();
    let codes = [
        scene.code(What::UploadFile(upload("none"))).await,
        scene.code(What::UploadFile(upload("folder"))).await,
        scene.code(What::UploadDir(upload("none"))).await,
        scene.code(What::UploadDir(upload("file"))).await,
    ];
    assert_eq!(codes, [2, 21, 2, 20]);
}

/// What is in an archive: the kind, the mode and the bytes or the target of each.
fn contents(archive: impl Read) -> BTreeMap<String, (tar::EntryType, u32, Vec<u8>)> {
    let mut contents = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let header = entry.header();
        let (kind, mode) = (header.entry_type(), header.mode().unwrap() & 0o777);
        let mut bytes = vec![];
        match entry.link_name_bytes() {
            Some(link) => bytes = link.to_vec(),
            None => drop(entry.read_to_end(&mut bytes).unwrap()),
        }
        contents.insert(name, (kind, mode, bytes));
    }
    contents
}

#[tokio::test]
async fn a_folder_is_sent_as_an_archive() {
    let mut scene = Scene::new().await;
    let large = bytes(1_500_001);
    let long = format!("from/{}/{}", "long".repeat(30), "name".repeat(60));
    scene.write("from/large", &large);
    scene.write("from/sub/zeros", vec![0; 9_000_000]);
    scene.write(&long, "long");
    symlink("../nowhere", scene.path("from/sub/link")).unwrap();
    fs::create_dir(scene.path("from/empty")).unwrap();
    fs::set_permissions(scene.path("from/large"), Permissions::from_mode(0o741)).unwrap();
    let mut all = vec![];
    for gzip in [false, true] {
        let what = What::UploadDir(Upload {
            gzip,
            ..upload("from")
        });
        let heard = scene.run(what).await;
        assert_eq!(exit_code(&heard), 0);
        all.push(match gzip {
            true => contents(flate2::read::GzDecoder::new(&*heard.data)),
            false => contents(&*heard.data),
        });
        if gzip {
            assert!(heard.data.len() < 1_700_000, "{}", heard.data.len());
        }
    }
    assert!(all[0] == all[1]);
    let of = |name: &str| &all[0][name];
    assert!(of("large").1 == 0o741 && of("large").2 == large);
    assert!(of("sub/zeros").2 == vec![0; 9_000_000]);
    assert_eq!(of(long.strip_prefix("from/").unwrap()).2, b"long");
    assert_eq!(
        (of("sub/link").0, &*of("sub/link").2),
        (tar::EntryType::Symlink, &b"../nowhere"[..])
    );
    assert_eq!(of("empty").0, tar::EntryType::Directory);
    assert_eq!(all[0].len(), 7);
    // A limit is one on the archive.
    let what = What::UploadDir(Upload {
        max_bytes: 100_000,
        ..upload("from")
    });
    let heard = scene.run(what).await;
    assert_eq!((exit_code(&heard), heard.data.len()), (1, 100_000));
}

#[tokio::test]
async fn a_slow_master_stops_an_upload() {
    let mut scene = Scene::new().await;
    let file = bytes(3_000_000);
    scene.write("file", &file);
    let start = command("slow", What::UploadFile(upload("file")));
    scene.peer.send(to_worker::Message::Start(start)).await;
    let mut heard = Heard::default();
    let mut last = 0;
    let most = WINDOW as usize + WINDOW_SLACK;
    while heard.data.len() < file.len() {
        let before = heard.data.len();
        // Nothing is acknowledged until the window is full.
        while heard.data.len() - before < WINDOW as usize - 100_000 && heard.data.len() < file.len() {
            let news = scene.peer.news().await;
            last = news.sequence;
            heard.take(&news);
        }
        assert!(heard.data.len() - before <= most);
        scene.peer.acknowledge("slow", last).await;
    }
    play_on(&mut scene.peer, "slow", Err(""), &mut heard).await;
    assert_eq!(exit_code(&heard), 0);
    assert!(heard.data == file);
}

#[tokio::test]
async fn an_upload_goes_on_after_lost_connections_and_leaves_the_journal_alone() {
    let mut scene = Scene::new().await;
    let file = bytes(3_000_000);
    scene.write("file", &file);
    let start = command("u", What::UploadFile(upload("file")));
    scene.peer.send(to_worker::Message::Start(start)).await;
    let mut heard = Heard::default();
    for round in 1..=8 {
        let mut received = 0;
        while heard.data.len() < 300_000 * round {
            let news = scene.peer.news().await;
            received = news.sequence;
            heard.take(&news);
            // The last ones are not acknowledged, but not sent again either.
            if heard.data.len() < 300_000 * round - 50_000 {
                scene.peer.acknowledge("u", received).await;
            }
        }
        scene = scene.lose_connection("u", received).await;
        assert!(size_of(&scene.stage.dir.path().join(".weir/journal")) < 2 * WINDOW);
        scene.peer.acknowledge("u", received).await;
    }
    play_on(&mut scene.peer, "u", Err(""), &mut heard).await;
    assert_eq!(exit_code(&heard), 0);
    assert!(heard.data == file);
}

/// How many bytes are in the files of a folder.
fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = folder.read_dir() else {
        return 0;
    };
    let sizes = entries.map(|it| {
        let path = it.unwrap().path();
        match path.is_dir() {
            true => size_of(&path),
            // It may be removed meanwhile.
            false => path.metadata().map_or(0, |it| it.len()),
        }
    });
    sizes.sum()
}

#[tokio::test]
async fn a_file_is_taken() {
    let mut scene = Scene::new().await;
    for many in [0, 1, 100_000, 1_000_000] {
        let file = bytes(many);
        let what = What::DownloadFile(Download {
            mode: Some(0o751),
            max_bytes: 1_000_000,
            ..download("new/folder/file")
        });
        let heard = scene.run_with(what, Ok(&file)).await;
        assert_eq!(exit_code(&heard), 0, "{}", heard.header);
        assert!(fs::read(scene.path("new/folder/file")).unwrap() == file, "{many}");
        let metadata = fs::metadata(scene.path("new/folder/file")).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o751);
    }
    // What is not given as a whole changes nothing.
    let large = bytes(1_000_000);
    let what = What::DownloadFile(Download {
        max_bytes: 999_999,
        ..download("new/folder/file")
    });
    let heard = scene.run_with(what, Ok(&large)).await;
    assert_eq!(exit_code(&heard), 1);
    assert!(
        heard.header.contains("larger than 999999 bytes"),
        "{}",
        heard.header
    );
    let heard = scene
        .run_with(What::DownloadFile(download("other")), Err("it is not there"))
        .await;
    assert_eq!(exit_code(&heard), 1);
    assert!(
        heard.header.contains("does not give other: it is not there"),
        "{}",
        heard.header
    );
    let heard = scene
        .run_with(What::DownloadFile(download("new")), Ok(&large))
        .await;
    assert_eq!(exit_code(&heard), 21);
    let heard = scene
        .run_with(What::DownloadFile(download("new/folder/file/x")), Ok(&large))
        .await;
    assert_eq!(exit_code(&heard), 17);
    assert!(fs::read(scene.path("new/folder/file")).unwrap() == large);
    assert_eq!(scene.path("new/folder").read_dir().unwrap().count(), 1);
    assert_eq!(scene.path("").read_dir().unwrap().count(), 1);
}

#[tokio::test]
async fn a_download_goes_on_after_lost_connections() {
    let mut scene = Scene::new().await;
    let file = bytes(900_000);
    let start = command("d", What::DownloadFile(download("file")));
    scene.peer.send(to_worker::Message::Start(start)).await;
    let mut heard = Heard::default();
    let mut asked = vec![];
    while heard.outcome.is_none() {
        let news = scene.peer.news().await;
        let Some(News::Read(read)) = &news.news else {
            heard.take(&news);
            scene.peer.acknowledge("d", news.sequence).await;
            continue;
        };
        // It has what it asked for before.
        let stored = news.sequence - 1;
        scene.peer.acknowledge("d", stored).await;
        let is_new = !asked.contains(&read.offset);
        asked.push(read.offset);
        if is_new {
            // The answer is lost with the connection, so that it is asked again.
            scene = scene.lose_connection("d", stored).await;
            continue;
        }
        // One that nobody asks for, and one that comes twice, change nothing.
        let other = read.offset + 50_000;
        for offset in [other, read.offset, read.offset, other] {
            give(&scene.peer, "d", Ok(&file), offset).await;
        }
    }
    assert_eq!(exit_code(&heard), 0);
    assert!(fs::read(scene.path("file")).unwrap() == file);
    let offsets: Vec<u64> = (0..=9).flat_map(|it| [it * 100_000; 2]).collect();
    assert_eq!(asked, offsets);
}

#[tokio::test]
async fn what_is_under_way_is_interrupted() {
    let mut scene = Scene::new().await;
    scene.write("file", bytes(3_000_000));
    for (number, what) in [
        What::UploadFile(upload("file")),
        What::UploadDir(upload(".")),
        What::DownloadFile(download("new")),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("interrupted-{number}");
        scene
            .peer
            .send(to_worker::Message::Start(command(&id, what)))
            .await;
        let mut heard = Heard::default();
        loop {
            let news = scene.peer.news().await;
            heard.take(&news);
            if !heard.data.is_empty() || matches!(news.news, Some(News::Read(_))) {
                break;
            }
        }
        let interrupt = Interrupt {
            command_id: id.clone(),
            reason: "enough".to_owned(),
        };
        scene.peer.send(to_worker::Message::Interrupt(interrupt)).await;
        play_on(&mut scene.peer, &id, Err(""), &mut heard).await;
        assert_eq!(
            heard.outcome,
            Some(Outcome::Interrupted("enough".to_owned())),
            "{number}"
        );
        assert!(
            heard.header.contains("command interrupted (enough)"),
            "{}",
            heard.header
        );
        assert_eq!(scene.path("").read_dir().unwrap().count(), 1, "{number}");
    }
}

#[tokio::test]
async fn a_command_keeps_its_time_but_may_be_silent() {
    let mut scene = Scene::new().await;
    let start = StartCommand {
        total_timeout_ms: 200,
        idle_timeout_ms: 1,
        ..command("late", What::DownloadFile(download("new")))
    };
    scene.peer.send(to_worker::Message::Start(start)).await;
    let mut heard = Heard::default();
    while heard.outcome.is_none() {
        heard.take(&scene.peer.news().await);
    }
    assert_eq!(heard.outcome, Some(Outcome::TimedOut(Timeout::Total.into())));
    assert!(is_empty(&scene.path("")));
}
