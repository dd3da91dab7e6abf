//! Files that are sent, taken and found out about.

use bytes::Bytes;
use weir_buildbot_wire::worker::{Command, FileStat, FromWorker, Update};
use weir_master::workers::{CommandEvent, FileCommand, Outcome, OutputStream, RunningCommand};
use weir_worker_protocol::v1::FileFacts;

use super::super::puppet::Puppet;
use super::{files, house};

/// The data of a command, to its end.
async fn data(worker: &mut Puppet, command: &mut RunningCommand) -> (Vec<u8>, Outcome) {
    let mut data = vec![];
    let all = async {
        loop {
            match command.next().await {
                CommandEvent::Output {
                    stream,
                    bytes,
                    sequence,
                } => {
                    if stream == OutputStream::Data {
                        data.extend_from_slice(&bytes);
                    }
                    command.acknowledge(sequence);
                }
                CommandEvent::Finished { outcome, .. } => break outcome,
                other => panic!("{other:?}"),
            }
        }
    };
    let outcome = tokio::select! {
        outcome = all => outcome,
        () = worker.until("the command ends", |_| false) => unreachable!("it never does"),
    };
    (data, outcome)
}

#[tokio::test]
async fn a_file_is_sent_to_the_master() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let upload = FileCommand::UploadFile {
        path: "out/a.bin".to_owned(),
        max_bytes: Some(1_000_000),
    };
    let mut command = house.start(files(upload)).await;
    let started = worker.next_command().await;
    let Command::UploadFile(upload) = started.command else {
        panic!("{:?}", started.command);
    };
    assert_eq!(
        (upload.path.as_str(), upload.max_size),
        ("build/out/a.bin", Some(1_000_000))
    );
    let writer = worker.object(upload.writer.unwrap());
    let piece = vec![7; 100_000];
    for _ in 0..3 {
        worker.tell(writer, FromWorker::Write(piece.clone()));
    }
    worker.tell(writer, FromWorker::Close);
    worker.finish(started.object, 0);
    let (data, outcome) = data(&mut worker, &mut command).await;
    assert_eq!(outcome, Outcome::Exited(0));
    assert_eq!(data, vec![7; 300_000]);
}

#[tokio::test]
async fn a_file_is_taken_from_the_master() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let download = FileCommand::DownloadFile {
        path: "in.bin".to_owned(),
        max_bytes: None,
        mode: Some(0o640),
    };
    let mut command = house.start(files(download)).await;
    let started = worker.next_command().await;
    let Command::DownloadFile(download) = started.command else {
        panic!("{:?}", started.command);
    };
    assert_eq!(
        (download.path.as_str(), download.mode),
        ("build/in.bin", Some(0o640))
    );
    let reader = worker.object(download.reader.unwrap());
    let file = b"what the file has";
    let mut taken = vec![];
    loop {
        let call = worker.tell(reader, FromWorker::Read(10));
        let asked = async {
            match command.next().await {
                CommandEvent::Read { offset, most, .. } => (usize::try_from(offset).unwrap(), most),
                other => panic!("{other:?}"),
            }
        };
        let (offset, most) = tokio::select! {
            asked = asked => asked,
            () = worker.until("it never ends", |_| false) => unreachable!("it never does"),
        };
        assert_eq!((offset, most), (taken.len(), 10));
        let piece = &file[offset..(offset + most).min(file.len())];
        command.feed(offset as u64, Ok(Bytes::from_static(piece)));
        let piece = worker.answer(call).await.unwrap().into_bytes().unwrap();
        if piece.is_empty() {
            break;
        }
        taken.extend(piece);
    }
    assert_eq!(taken, file);
    // The master can fail, too.
    let call = worker.tell(reader, FromWorker::Read(10));
    let asked = async { command.next().await };
    let event = tokio::select! {
        event = asked => event,
        () = worker.until("it never ends", |_| false) => unreachable!("it never does"),
    };
    assert!(
        matches!(event, CommandEvent::Read { offset: 17, .. }),
        "{event:?}"
    );
    command.feed(17, Err("the disk is gone".to_owned()));
    let failure = worker.answer(call).await.unwrap_err();
    assert_eq!(failure.message(), "the disk is gone");
}

#[tokio::test]
async fn what_is_found_out_about_files_comes_as_data() {
    use prost::Message as _;
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let mut command = house.start(files(FileCommand::Stat("a".to_owned()))).await;
    let started = worker.next_command().await;
    let stat = FileStat {
        mode: 0o100_644,
        inode: 1,
        device: 2,
        links: 1,
        user: 0,
        group: 0,
        size: 42,
        accessed: 5,
        modified: 6,
        changed: 7,
    };
    worker.update(started.object, Update::Stat(stat));
    worker.finish(started.object, 0);
    let (bytes, outcome) = data(&mut worker, &mut command).await;
    assert_eq!(outcome, Outcome::Exited(0));
    let facts = FileFacts::decode(bytes.as_slice()).unwrap();
    assert_eq!((facts.mode, facts.size, facts.modified), (0o100_644, 42, 6));

    let mut command = house.start(files(FileCommand::Glob("*.log".to_owned()))).await;
    let started = worker.next_command().await;
    let found = ["/srv/w1/b1/build/b.log", "/srv/w1/b1/build/a.log", "/else/c"];
    worker.update(started.object, Update::Files(found.map(str::to_owned).into()));
    worker.finish(started.object, 0);
    let (bytes, _) = data(&mut worker, &mut command).await;
    assert_eq!(bytes, b"/else/c\0a.log\0b.log\0");
}

#[tokio::test]
async fn several_folders_are_made_one_after_the_other() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let make = |dirs: &[&str]| {
        files(FileCommand::MakeDirs(
            dirs.iter().map(|it| (*it).to_owned()).collect(),
        ))
    };
    let mut command = house.start(make(&["a", "b"])).await;
    for path in ["build/a", "build/b"] {
        let started = worker.next_command().await;
        let Command::MakeDirs(made) = &started.command else {
            panic!("{:?}", started.command);
        };
        assert_eq!(made.paths, [path]);
        worker.finish(started.object, 0);
    }
    assert_eq!(data(&mut worker, &mut command).await.1, Outcome::Exited(0));
    // The first that fails is the last.
    let mut command = house.start(make(&["a", "b"])).await;
    let started = worker.next_command().await;
    worker.finish(started.object, 13);
    assert_eq!(data(&mut worker, &mut command).await.1, Outcome::Exited(13));
    assert!(worker.started.is_empty());
}
