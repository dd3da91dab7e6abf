//! Buildbot's workers over the perspective broker.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncWriteExt as _, duplex};
use weir_buildbot_wire::worker::{
    Argument, Command, CommandLine, FailureReason, FileStat, FromWorker, Text, Update, Variable,
};
use weir_buildbot_wire::{Failure, Value};
use weir_master::workers::{
    CommandEvent, CommandSpec, FileCommand, FollowedFile, Limit, Outcome, OutputStream, RunningCommand,
    Settings, What, WorkerAccount, WorkerBuilder,
};
use weir_testbed::eventually;
use weir_worker_protocol::v1::FileFacts;

use super::house::{House, PATIENCE, Told, account, argv, hear, script, settings};
use super::puppet::Puppet;

fn builds_for(names: &[&str]) -> WorkerAccount {
    let builder = |name: &&str| WorkerBuilder {
        name: (*name).to_owned(),
        folder: (*name).to_owned(),
    };
    WorkerAccount {
        builders: names.iter().map(builder).collect(),
        ..account("w1", "token-1")
    }
}

/// A house whose worker `w1` builds for `b1`.
async fn house() -> House {
    house_with(settings()).await
}

async fn house_with(settings: Settings) -> House {
    let house = House::with(settings).await;
    house.manager.set_workers(vec![builds_for(&["b1"])]);
    house
}

fn in_b1(spec: CommandSpec) -> CommandSpec {
    CommandSpec {
        workdir: "b1/build".to_owned(),
        ..spec
    }
}

/// What a command says while the worker goes on, to its end.
async fn heard(worker: &mut Puppet, command: &mut RunningCommand) -> super::house::Heard {
    tokio::select! {
        heard = hear(command) => heard,
        () = worker.until("the command ends", |_| false) => unreachable!("it never does"),
    }
}

async fn wait_gone(house: &House) {
    eventually("w1 is gone", PATIENCE, async || !house.manager.is_connected("w1")).await;
}

#[tokio::test]
async fn a_worker_tells_what_it_is_and_learns_its_builders() {
    let house = house().await;
    let worker = Puppet::let_in(&house.manager).await;
    assert_eq!(worker.builders(), ["b1"]);
    assert_eq!(worker.printed, ["attached"]);
    assert_eq!(house.told(), [Told::Connected("w1".to_owned())]);
    let info = house.ledger.info.lock().unwrap().clone().unwrap();
    assert_eq!(info.admin.as_deref(), Some("An Admin <admin@example.org>"));
    assert_eq!(info.host.as_deref(), Some("a machine"));
    assert_eq!(info.version.as_deref(), Some("4.3.0"));
    assert_eq!(info.facts.get("protocol").map(String::as_str), Some("pb"));
    assert_eq!(info.facts.get("os_name").map(String::as_str), Some("Debian"));
}

#[tokio::test]
async fn an_old_worker_is_asked_in_its_own_words() {
    let house = house().await;
    let mut worker = Puppet::new(&house.manager, "w1", "token-1");
    worker.info = None;
    worker.until("it is in", |it| it.is_in).await;
    let info = house.ledger.info.lock().unwrap().clone().unwrap();
    assert_eq!(info.version.as_deref(), Some("0.8.3"));
    assert_eq!(info.admin.as_deref(), Some("Old"));
    // It counts no lines, so that the master does.
    let spec = CommandSpec {
        max_lines: Some(2),
        ..in_b1(script("make"))
    };
    let mut command = house.start(spec).await;
    let started = worker.next_command().await;
    worker.print(started.object, "1\n2\n3\n");
    worker
        .until("it is interrupted", |it| !it.interrupted.is_empty())
        .await;
    worker.finish(started.object, -1);
    let heard = heard(&mut worker, &mut command).await;
    assert_eq!(heard.outcome, Some(Outcome::TimedOut(Limit::Lines)));
    house.manager.shut_down_worker("w1").unwrap();
    worker.until("it is told to end", |it| it.is_told_to_end).await;
}

#[tokio::test]
async fn wrong_passwords_and_unknown_names_are_refused_alike() {
    let house = house().await;
    for (name, password) in [("w1", "token-2"), ("w3", "token-1"), ("w3", "")] {
        let mut worker = Puppet::new(&house.manager, name, password);
        worker.until("it is refused", |it| it.refusal.is_some()).await;
        let refusal = worker.refusal.unwrap();
        // With any other failure its process would end.
        assert!(refusal.is_a("twisted.cred.error.UnauthorizedLogin"), "{refusal}");
    }
    assert_eq!(house.told(), []);
    house
        .is_told_of_refusal("a connection from 127.0.0.1 presented the wrong password")
        .await;
}

#[tokio::test]
async fn a_command_runs_with_all_that_belongs_to_it() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let spec = CommandSpec {
        env: [("A".to_owned(), "${HOME}/a".to_owned())].into(),
        unset_env: vec!["B".to_owned()],
        stdin: Bytes::from_static(b"in"),
        idle_timeout: Some(Duration::from_secs(7)),
        total_timeout: Some(Duration::from_secs(70)),
        interrupt_grace: Duration::from_millis(1500),
        max_lines: Some(9),
        pty: true,
        files: vec![FollowedFile {
            name: "my".to_owned(),
            path: "my.log".to_owned(),
            follow: true,
        }],
        ..in_b1(argv(&["make", "all"]))
    };
    let _command = house.start(spec).await;
    let started = worker.next_command().await;
    assert_eq!(started.builder, "b1");
    let Command::Shell(shell) = started.command else {
        panic!("{:?}", started.command);
    };
    let words = ["make", "all"].map(|it| Argument::Plain(it.to_owned()));
    assert_eq!(shell.command, CommandLine::Program(words.into()));
    assert_eq!(shell.workdir, "build");
    let env = [
        ("A".to_owned(), Variable::Text("${HOME}/a".to_owned())),
        ("B".to_owned(), Variable::Unset),
    ];
    assert_eq!(shell.env, env);
    assert_eq!(shell.initial_stdin, Some(b"in".to_vec()));
    assert_eq!(shell.timeout, Some(Duration::from_secs(7)));
    assert_eq!(shell.max_time, Some(Duration::from_secs(70)));
    assert_eq!(shell.sigterm_time, Some(Duration::from_secs(2)));
    assert_eq!(shell.max_lines, Some(9));
    assert_eq!(shell.use_pty, Some(true));
    let (name, file) = &shell.logfiles[0];
    assert_eq!(
        (name.as_str(), file.path.as_str(), file.follow),
        ("my", "my.log", Some(true))
    );
}

#[tokio::test]
async fn what_a_command_says_comes_in_order() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let mut command = house.start(in_b1(script("make"))).await;
    let started = worker.next_command().await;
    let header = Update::Header(Text::new("make\n"));
    worker.update(started.object, header);
    worker.print(started.object, "a");
    // As old workers send it: several at once, which are answered by the highest number.
    let updates = vec![Update::Stderr(Text::new("e\n")), Update::Stdout(Text::new("b\n"))];
    let call = worker.tell(started.object, FromWorker::Update { updates, number: 5 });
    assert_eq!(worker.answer(call).await.unwrap(), Value::Int(5));
    worker.finish(started.object, 3);
    let heard = heard(&mut worker, &mut command).await;
    assert_eq!(heard.stdout, "ab\n");
    assert_eq!(heard.stderr, "e\n");
    assert_eq!(heard.header, "make\nprogram finished with exit code 3\n");
    assert_eq!(heard.outcome, Some(Outcome::Exited(3)));
}

#[tokio::test]
async fn ways_to_end_are_told_apart() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let says = |text: &str| vec![Update::Header(Text::new(text)), Update::ReturnCode(Some(-1))];
    let reason = |reason| vec![Update::FailureReason(reason), Update::ReturnCode(Some(-1))];
    let timed_out = Outcome::TimedOut;
    for (updates, outcome) in [
        (says("process killed by signal 9\n"), Outcome::Signalled(9)),
        (
            reason(FailureReason::TimeoutWithoutOutput),
            timed_out(Limit::Idle),
        ),
        (reason(FailureReason::Timeout), timed_out(Limit::Total)),
        (reason(FailureReason::MaxLines), timed_out(Limit::Lines)),
        // Before there were reasons.
        (
            says("command timed out: 7 seconds without output, attempting to kill\n"),
            timed_out(Limit::Idle),
        ),
        (
            says("command timed out: 7 seconds elapsed, attempting to kill\n"),
            timed_out(Limit::Total),
        ),
        (vec![Update::ReturnCode(None)], Outcome::Exited(-1)),
    ] {
        let mut command = house.start(in_b1(script("make"))).await;
        let started = worker.next_command().await;
        for update in updates {
            worker.update(started.object, update);
        }
        worker.tell(started.object, FromWorker::Complete(None));
        assert_eq!(heard(&mut worker, &mut command).await.outcome, Some(outcome));
    }
    // It says nothing of how it ended, or that it failed.
    for failure in [None, Some(Failure::runtime_error("no such user"))] {
        let mut command = house.start(in_b1(script("make"))).await;
        let started = worker.next_command().await;
        worker.tell(started.object, FromWorker::Complete(failure));
        let heard = heard(&mut worker, &mut command).await;
        assert!(
            matches!(heard.outcome, Some(Outcome::CouldNotStart(_))),
            "{heard:?}"
        );
    }
}

#[tokio::test]
async fn a_command_is_interrupted() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let mut command = house.start(in_b1(script("make"))).await;
    let started = worker.next_command().await;
    command.interrupt("enough");
    worker
        .until("it is interrupted", |it| !it.interrupted.is_empty())
        .await;
    assert_eq!(worker.interrupted, [(started.id, "enough".to_owned())]);
    worker.finish(started.object, -1);
    let heard = heard(&mut worker, &mut command).await;
    assert_eq!(heard.outcome, Some(Outcome::Interrupted("enough".to_owned())));
}

#[tokio::test]
async fn commands_of_a_builder_run_at_once_in_places_of_their_own() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let mut commands = vec![];
    for _ in 0..3 {
        commands.push(house.start(in_b1(script("make"))).await);
    }
    worker.until("all have begun", |it| it.started.len() == 3).await;
    assert_eq!(worker.builders(), ["b1", "b1 (2)", "b1 (3)"]);
    let mut builders: Vec<_> = worker.started.iter().map(|it| it.builder.clone()).collect();
    builders.sort();
    assert_eq!(builders, ["b1", "b1 (2)", "b1 (3)"]);
    let objects: Vec<_> = worker.started.drain(..).map(|it| it.object).collect();
    for object in objects {
        worker.finish(object, 0);
    }
    for mut command in commands {
        assert_eq!(
            heard(&mut worker, &mut command).await.outcome,
            Some(Outcome::Exited(0))
        );
    }
}

#[tokio::test]
async fn a_worker_learns_of_other_builders() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    house.manager.set_workers(vec![builds_for(&["b1", "b2"])]);
    worker
        .until("it knows of both", |it| it.builders() == ["b1", "b2"])
        .await;
    // One that is configured no more still ends what it began.
    house.manager.set_workers(vec![builds_for(&["b2"])]);
    let _command = house.start(in_b1(script("make"))).await;
    assert_eq!(worker.next_command().await.builder, "b1");
}

#[tokio::test]
async fn a_lost_connection_loses_its_commands() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let mut command = house.start(in_b1(script("make"))).await;
    worker.next_command().await;
    drop(worker);
    let heard = hear(&mut command).await;
    let lost = heard.lost.unwrap();
    assert!(lost.contains("it closed the connection"), "{lost}");
    wait_gone(&house).await;
    // It comes again, and works.
    let mut worker = Puppet::let_in(&house.manager).await;
    let mut command = house.start(in_b1(script("make"))).await;
    let started = worker.next_command().await;
    worker.finish(started.object, 0);
    assert_eq!(
        self::heard(&mut worker, &mut command).await.outcome,
        Some(Outcome::Exited(0))
    );
}

#[tokio::test]
async fn a_worker_that_stops_answering_is_lost_with_its_command() {
    let house = house_with(Settings {
        buildbot_heartbeat_interval: Duration::from_millis(50),
        buildbot_heartbeat_deadline: Duration::from_millis(400),
        ..settings()
    })
    .await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let mut command = house.start(in_b1(script("make"))).await;
    worker.next_command().await;
    worker.is_stuck = true;
    let heard = heard(&mut worker, &mut command).await;
    let lost = heard.lost.unwrap();
    assert!(lost.contains("no word of it for"), "{lost}");
    worker.until("its connection is cut", |it| it.is_cut).await;
}

#[tokio::test]
async fn a_second_connection_is_sent_away_while_the_first_answers() {
    let house = house().await;
    let mut first = Puppet::let_in(&house.manager).await;
    let mut second = Puppet::new(&house.manager, "w1", "token-1");
    let refused = second.until("it is refused", |it| it.refusal.is_some());
    tokio::select! {
        () = refused => {}
        () = first.until("the first goes on", |it| it.is_cut) => panic!("the first was cut"),
    }
    let refusal = second.refusal.unwrap();
    assert!(!refusal.is_a("twisted.cred.error.UnauthorizedLogin"));
    assert_eq!(refusal.message(), "rejecting duplicate worker");
    assert!(house.manager.is_connected("w1"));
    assert_eq!(*house.ledger.refused.lock().unwrap(), []);
}

#[tokio::test]
async fn a_worker_that_leaves_before_it_told_of_itself_was_refused() {
    let house = house().await;
    let mut worker = Puppet::new(&house.manager, "w1", "token-2");
    worker.until("it is refused", |it| it.refusal.is_some()).await;
    let mut worker = Puppet::new(&house.manager, "w1", "token-1");
    worker.is_stuck = true;
    worker.until("it is asked what it is", |it| it.owes_answers).await;
    worker.leave().await;
    for why in [
        "a connection from 127.0.0.1 presented the wrong password",
        "it did not tell of itself: it closed the connection",
    ] {
        house.is_told_of_refusal(why).await;
    }
    assert_eq!(house.told(), []);
}

#[tokio::test]
async fn a_second_connection_takes_the_place_of_one_that_is_stuck() {
    let house = house_with(Settings {
        duplicate_patience: Duration::from_millis(200),
        ..settings()
    })
    .await;
    let mut first = Puppet::let_in(&house.manager).await;
    let mut command = house.start(in_b1(script("make"))).await;
    first.next_command().await;
    first.is_stuck = true;
    let second = Puppet::let_in(&house.manager).await;
    assert!(second.is_in);
    let lost = hear(&mut command).await.lost.unwrap();
    assert!(lost.contains("it does not answer, and comes anew"), "{lost}");
    first.until("the first is cut", |it| it.is_cut).await;
}

#[tokio::test]
async fn what_is_said_of_an_ended_command_is_refused() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let mut command = house.start(in_b1(script("make"))).await;
    let started = worker.next_command().await;
    worker.finish(started.object, 0);
    heard(&mut worker, &mut command).await;
    let call = worker.print(started.object, "late\n");
    assert!(worker.answer(call).await.is_err());
    let call = worker.tell(started.object, FromWorker::Complete(None));
    assert!(worker.answer(call).await.is_err());
    assert!(house.manager.is_connected("w1"));
}

#[tokio::test]
async fn a_worker_waits_while_its_output_is_not_stored() {
    const WINDOW: usize = 256 * 1024;
    let house = house_with(Settings {
        window: WINDOW,
        ..settings()
    })
    .await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let mut command = house.start(in_b1(script("make"))).await;
    let started = worker.next_command().await;
    let line = "x".repeat(99_999) + "\n";
    let calls: Vec<_> = (0..40).map(|_| worker.print(started.object, &line)).collect();
    worker.finish(started.object, 0);
    // Nothing is taken: after a window of it the worker is heard no more.
    let answered = |it: &Puppet| calls.iter().filter(|call| it.answers.contains_key(call)).count();
    worker.until("some is answered", |it| answered(it) >= 2).await;
    let more = worker.until("all is answered", |it| answered(it) == 40);
    let waits = tokio::time::timeout(Duration::from_millis(300), more).await;
    assert!(waits.is_err(), "it does not wait");
    assert!(answered(&worker) < 8, "{}", answered(&worker));
    let heard = heard(&mut worker, &mut command).await;
    assert_eq!(heard.stdout.len(), 40 * 100_000);
    assert_eq!(heard.outcome, Some(Outcome::Exited(0)));
}

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

fn files(files: FileCommand) -> CommandSpec {
    CommandSpec {
        what: What::Files(files),
        ..in_b1(script(""))
    }
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

#[tokio::test]
async fn a_worker_asks_to_be_let_go() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let call = worker.tell(worker.avatar.unwrap(), FromWorker::Shutdown);
    assert_eq!(worker.answer(call).await.unwrap(), Value::None);
    let wants = Told::WantsToLeave("w1".to_owned());
    eventually("it is told", PATIENCE, async || house.told().contains(&wants)).await;
    let call = worker.tell(worker.avatar.unwrap(), FromWorker::Keepalive);
    assert_eq!(worker.answer(call).await.unwrap(), Value::None);
    house.manager.shut_down_worker("w1").unwrap();
    worker.until("it is told to end", |it| it.is_told_to_end).await;
    drop(worker);
    wait_gone(&house).await;
    let Some(Told::Disconnected(_, why)) = house.told().pop() else {
        panic!("{:?}", house.told());
    };
    assert_eq!(why, "it ended, as it was told");
}

#[tokio::test]
async fn a_worker_that_is_configured_no_more_is_cut() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    house.manager.set_workers(vec![]);
    worker.until("it is cut", |it| it.is_cut).await;
    let mut worker = Puppet::new(&house.manager, "w1", "token-1");
    worker.until("it is refused", |it| it.refusal.is_some()).await;
}

#[tokio::test]
async fn a_command_that_is_too_large_for_the_protocol_could_not_start() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let mut command = house.start(in_b1(script(&"x".repeat(700_000)))).await;
    let outcome = heard(&mut worker, &mut command).await.outcome;
    assert!(matches!(outcome, Some(Outcome::CouldNotStart(_))), "{outcome:?}");
    // Nothing was broken by it.
    let mut command = house.start(in_b1(script("make"))).await;
    let started = worker.next_command().await;
    worker.finish(started.object, 0);
    assert_eq!(
        heard(&mut worker, &mut command).await.outcome,
        Some(Outcome::Exited(0))
    );
}

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
