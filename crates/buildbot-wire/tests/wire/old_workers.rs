//! What workers of other versions are told, and what they tell.

use weir_buildbot_wire::worker::over_pb::Method;
use weir_buildbot_wire::worker::{
    Abilities, Argument, Command, CommandLine, FromWorker, LogFile, MakeDirs, Protocol, RemoveDirs,
    RemoveFile, Shell, Spelled, Stat, ToWorker, Update, UploadFile, Variable, WorkerInfo, WorkerObject,
};
use weir_buildbot_wire::{Error, Failure, Value};

const COMMANDS: [&str; 7] = [
    "shell",
    "uploadFile",
    "uploadDirectory",
    "downloadFile",
    "mkdir",
    "rmdir",
    "stat",
];

/// A worker whose commands all have this version.
fn worker(version: &str) -> Abilities {
    let newer = [("2.16", "listdir"), ("2.6", "glob"), ("3.1", "rmfile")];
    let has = |since: &str| {
        use weir_buildbot_wire::worker::Version;
        Version::read(version) >= Version::read(since)
    };
    let newer = newer
        .iter()
        .filter(|(since, _)| has(since))
        .map(|(_, name)| *name);
    let commands = COMMANDS
        .into_iter()
        .chain(newer)
        .map(|name| (name, version.into()));
    Abilities::read(Protocol::Pb, &Value::map(commands)).unwrap()
}

fn shell() -> Shell {
    Shell::new(CommandLine::Line("make".into()), "build")
}

fn spell(command: Command, version: &str) -> Result<Spelled, Error> {
    command.spell(&worker(version))
}

fn of_shell(shell: &Shell, version: &str) -> Value {
    spell(Command::Shell(Box::new(shell.clone())), version)
        .unwrap()
        .args
}

#[test]
fn an_old_shell_is_told_what_it_understands() {
    let has = |args: &Value, name: &str| args.get(name).is_some();
    let newest = of_shell(&shell(), "3.3");
    assert_eq!(newest.get("usePTY"), Some(&false.into()));
    assert!(has(&newest, "sigtermTime") && has(&newest, "interruptSignal") && !has(&newest, "dir"));
    let old = of_shell(&shell(), "2.16");
    assert_eq!(old.get("usePTY"), Some(&"slave-config".into()));
    assert!(has(&old, "sigtermTime"));
    let older = of_shell(&shell(), "2.15");
    assert!(!has(&older, "sigtermTime") && has(&older, "interruptSignal"));
    assert!(!has(&of_shell(&shell(), "2.14"), "interruptSignal"));

    let nameless = Abilities::read(Protocol::Pb, &Value::map([])).unwrap();
    let oldest = Command::Shell(Box::new(shell())).spell(&nameless).unwrap().args;
    assert_eq!(oldest.get("dir"), Some(&"build".into()));

    let told = Shell {
        use_pty: Some(true),
        ..shell()
    };
    assert_eq!(of_shell(&told, "2.16").get("usePTY"), Some(&true.into()));
}

#[test]
fn everything_about_a_shell_comes_back() {
    let whole = Shell {
        command: CommandLine::Program(vec![
            Argument::Plain("login".into()),
            Argument::Obfuscated {
                real: "s3cret".into(),
                shown: "XXX".into(),
            },
        ]),
        env: vec![
            ("A".into(), Variable::Text("${HOME}/a".into())),
            ("B".into(), Variable::Paths(vec!["/one".into(), "/two".into()])),
            ("C".into(), Variable::Unset),
        ],
        want_stderr: false,
        logfiles: vec![(
            "my".into(),
            LogFile {
                path: "my.log".into(),
                follow: Some(true),
            },
        )],
        timeout: Some(std::time::Duration::from_millis(1500)),
        max_time: Some(std::time::Duration::from_secs(60)),
        max_lines: Some(10),
        sigterm_time: Some(std::time::Duration::from_secs(5)),
        use_pty: Some(true),
        log_environ: false,
        initial_stdin: Some(b"\xff".to_vec()),
        interrupt_signal: "TERM".into(),
        ..shell()
    };
    let whole = Command::Shell(Box::new(whole));
    let spelled = spell(whole.clone(), "3.3").unwrap();
    assert_eq!(Command::read(&spelled).unwrap(), whole);
    // What is not to be shown would be.
    let too_old = spell(whole, "2.15");
    let Err(error) = too_old else {
        panic!("{too_old:?}")
    };
    assert_eq!(
        error.to_string(),
        "the worker's shell is of version 2.15, and this needs 2.16"
    );
}

#[test]
fn files_are_removed_and_named_as_the_worker_can() {
    let remove = |version| {
        let path = "a".to_owned();
        spell(
            Command::RemoveFile(RemoveFile {
                path,
                log_environ: true,
            }),
            version,
        )
        .unwrap()
    };
    assert_eq!(
        (remove("3.1").name.as_str(), remove("3.1").args.get("path")),
        ("rmfile", Some(&"a".into()))
    );
    assert_eq!(
        (remove("3.0").name.as_str(), remove("3.0").args.get("dir")),
        ("rmdir", Some(&"a".into()))
    );

    let upload = |keep_times, version| {
        let upload = UploadFile {
            workdir: "build".into(),
            path: "a".into(),
            writer: Some(7),
            max_size: None,
            block_size: 100,
            keep_times,
        };
        let spelled = spell(Command::UploadFile(upload.clone()), version)?;
        assert_eq!(Command::read(&spelled).unwrap(), Command::UploadFile(upload));
        Ok::<_, Error>(spelled.args)
    };
    assert!(upload(true, "3.0").unwrap().get("workersrc").is_some());
    assert!(upload(true, "2.16").unwrap().get("slavesrc").is_some());
    assert!(upload(false, "2.12").is_ok());
    assert!(matches!(
        upload(true, "2.12"),
        Err(Error::TooOld {
            command: "uploadFile",
            ..
        })
    ));
}

#[test]
fn an_old_worker_finds_a_file_beneath_its_builders_directory() {
    let stat = |version| {
        let stat = Stat {
            path: "a".into(),
            workdir: Some("build".into()),
        };
        spell(Command::Stat(stat), version).unwrap().args
    };
    assert_eq!(
        stat("3.0"),
        Value::map([("file", "a".into()), ("workdir", "build".into())])
    );
    assert_eq!(stat("2.16"), Value::map([("file", "build/a".into())]));
}

#[test]
fn directories_are_one_or_many() {
    let remove = |paths: &[&str], version| {
        let paths = paths.iter().map(ToString::to_string).collect();
        let (timeout, max_time) = (None, None);
        spell(
            Command::RemoveDirs(RemoveDirs {
                paths,
                timeout,
                max_time,
                log_environ: true,
            }),
            version,
        )
    };
    assert_eq!(remove(&["a"], "2.13").unwrap().args.get("dir"), Some(&"a".into()));
    assert_eq!(
        remove(&["a", "b"], "2.14").unwrap().args.get("dir"),
        Some(&Value::list(["a", "b"]))
    );
    assert!(matches!(remove(&["a", "b"], "2.13"), Err(Error::TooOld { .. })));
    let make = MakeDirs {
        paths: vec!["a".into(), "b".into()],
    };
    assert!(matches!(
        spell(Command::MakeDirs(make.clone()), "3.3"),
        Err(Error::Limit { .. })
    ));
    let over_msgpack = Abilities {
        protocol: Protocol::Msgpack,
        ..worker("3.3")
    };
    let spelled = Command::MakeDirs(make).spell(&over_msgpack).unwrap();
    assert_eq!(spelled.args.get("paths"), Some(&Value::list(["a", "b"])));
}

#[test]
fn a_worker_of_python_2_writes_bytes_for_text() {
    let bytes = |text: &str| Value::Bytes(text.as_bytes().to_vec());
    let info = Value::Map(vec![
        (bytes("admin"), bytes("somebody\n")),
        (bytes("system"), bytes("posix")),
        (
            bytes("environ"),
            Value::Map(vec![(bytes("PATH"), Value::Bytes(b"/\xff".to_vec()))]),
        ),
        (
            bytes("slave_commands"),
            Value::Map(vec![(bytes("shell"), bytes("2.16"))]),
        ),
    ]);
    let info = WorkerInfo::read(info).unwrap();
    assert_eq!(info.admin.as_deref(), Some("somebody\n"));
    assert_eq!(info.environ, [("PATH".to_owned(), "/\u{fffd}".to_owned())]);
    let abilities = info.abilities(Protocol::Pb).unwrap().unwrap();
    assert!(abilities.has("shell", &[2, 16]) && !abilities.has("shell", &[3, 0]));
    assert!(
        WorkerInfo::read(Value::map([]))
            .unwrap()
            .abilities(Protocol::Pb)
            .is_none()
    );
}

#[test]
fn an_old_worker_tells_several_things_at_once() {
    let bytes = |text: &str| Value::Bytes(text.as_bytes().to_vec());
    let first = vec![
        (bytes("stdout"), bytes("half a ")),
        (bytes("header"), bytes("h\n")),
    ];
    let second = vec![(bytes("stdout"), bytes("line\n"))];
    let third = vec![(bytes("log"), Value::Tuple(vec![bytes("my"), bytes("l\n")]))];
    let numbered = [(first, 4), (second, 5), (third, 3)];
    let list = numbered.map(|(map, number)| Value::List(vec![Value::Map(map), Value::Int(number)]));
    let method = Method {
        name: "update".into(),
        args: vec![Value::List(list.to_vec())],
        named: vec![],
    };
    let message = FromWorker::of_method(WorkerObject::Command, method).unwrap();
    assert_eq!(message.receipt(), Value::Int(5), "the highest number");
    let FromWorker::Update { updates, .. } = message else {
        panic!("updates");
    };
    let texts: Vec<_> = updates
        .iter()
        .map(|it| match it {
            Update::Stdout(text) => ("stdout", text.text.as_str()),
            Update::Header(text) => ("header", text.text.as_str()),
            Update::Log { name, text } => (name.as_str(), text.text.as_str()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        texts,
        [
            ("stdout", "half a "),
            ("header", "h\n"),
            ("stdout", "line\n"),
            ("my", "l\n")
        ]
    );
}

#[test]
fn odd_updates_are_no_reason_to_hang_up() {
    assert_eq!(Update::read("rc", Value::None), Ok(Update::ReturnCode(None)));
    let other = Update::Other {
        key: "new".into(),
        value: Value::Int(1),
    };
    assert_eq!(Update::read("new", Value::Int(1)), Ok(other.clone()));
    assert_eq!(other.write(), ("new".to_owned(), Value::Int(1)));
    let times = [
        0o100_644.into(),
        2.into(),
        3.into(),
        1.into(),
        0.into(),
        0.into(),
        5.into(),
    ];
    let floats = [1.5, -1.5, 3.0].map(Value::from);
    let stat = Value::Tuple(times.into_iter().chain(floats).collect());
    let Ok(Update::Stat(stat)) = Update::read("stat", stat) else {
        panic!("about a file");
    };
    assert_eq!((stat.accessed, stat.modified, stat.changed), (1, -2, 3));
}

#[test]
fn what_only_one_protocol_has_is_told() {
    let over_msgpack = [ToWorker::GetSlaveInfo, ToWorker::GetVersion, ToWorker::StartBuild];
    for message in over_msgpack {
        let method = message.clone().into_method().unwrap();
        assert_eq!(ToWorker::of_method(method).unwrap(), message);
        assert!(matches!(message.into_request(), Err(Error::NotInProtocol(_))));
    }
    for message in [ToWorker::Keepalive, ToWorker::SetSettings(Default::default())] {
        let request = message.clone().into_request().unwrap();
        assert_eq!(ToWorker::of_request(request).unwrap(), message);
        assert!(matches!(message.into_method(), Err(Error::NotInProtocol(_))));
    }
    let odd = Method {
        name: "odd".into(),
        args: vec![],
        named: vec![],
    };
    let error = FromWorker::of_method(WorkerObject::FileReader, odd).unwrap_err();
    assert_eq!(error.to_string(), "odd is not part of this protocol");
    assert_eq!(Failure::of_text("it broke").to_string(), "it broke");
}
