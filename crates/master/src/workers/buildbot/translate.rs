//! A command in the words of Buildbot's workers.

use std::time::Duration;

use weir_buildbot_wire::worker::{
    Abilities, Argument, Command, CommandLine, Compression, CopyDir, DownloadFile, Glob, ListDir, LogFile,
    MakeDirs, RemoveDirs, RemoveFile, Shell, Stat, UploadDirectory, UploadFile, Variable, WorkerObject,
};
use weir_worker_protocol::v1::{StartCommand, start_command::What};

use super::line::Objects;
use super::place::{Home, Workdir};

/// How many bytes of a file go at once: a worker waits for an answer to each piece.
const BLOCK: u64 = 256 * 1024;

/// What a command is for its worker, one after the other: the first that fails is the last.
///
/// # Errors
/// One sentence, if it is nothing that such a worker can do.
pub(super) fn commands(
    start: &StartCommand,
    worker: &Abilities,
    home: &Home,
) -> Result<Vec<Command>, String> {
    let workdir = Workdir::of(&start.workdir);
    let path = |path: &str| home.path(workdir, path);
    let limit = (start.total_timeout_ms > 0).then(|| Duration::from_millis(start.total_timeout_ms));
    let idle = (start.idle_timeout_ms > 0).then(|| Duration::from_millis(start.idle_timeout_ms));
    let what = start.what.as_ref().ok_or("the command is of an unknown kind")?;
    let one = match what {
        What::Argv(argv) => {
            let words = argv.words.iter().cloned().map(Argument::Plain);
            shell(start, CommandLine::Program(words.collect()), home)
        }
        What::Script(script) => shell(start, CommandLine::Line(script.clone()), home),
        What::MakeDirs(dirs) => {
            // One at a time is what all of them can.
            let each = |dir: &String| {
                let paths = vec![path(dir)];
                Command::MakeDirs(MakeDirs { paths })
            };
            return Ok(dirs.paths.iter().map(each).collect());
        }
        What::RemoveDirs(dirs) => {
            let remove = |paths| {
                Command::RemoveDirs(RemoveDirs {
                    paths,
                    timeout: idle,
                    max_time: limit,
                    log_environ: false,
                })
            };
            let paths = dirs.paths.iter().map(|it| path(it));
            return Ok(match worker.has("rmdir", &[2, 14]) {
                true => vec![remove(paths.collect())],
                false => paths.map(|it| remove(vec![it])).collect(),
            });
        }
        What::CopyDir(copy) => Command::CopyDir(CopyDir {
            from: path(&copy.from),
            to: path(&copy.to),
            timeout: idle,
            max_time: limit,
            log_environ: false,
        }),
        What::RemoveFile(file) => Command::RemoveFile(RemoveFile {
            path: path(file),
            log_environ: false,
        }),
        What::Stat(file) => Command::Stat(Stat {
            path: path(file),
            workdir: None,
        }),
        What::Glob(pattern) => Command::Glob(Glob {
            pattern: path(pattern),
        }),
        What::ListDir(dir) => Command::ListDir(ListDir { path: path(dir) }),
        What::UploadFile(upload) => Command::UploadFile(UploadFile {
            workdir: String::new(),
            path: path(&upload.path),
            writer: None,
            max_size: some(upload.max_bytes),
            block_size: BLOCK,
            keep_times: false,
        }),
        What::UploadDir(upload) => Command::UploadDirectory(UploadDirectory {
            workdir: String::new(),
            path: path(&upload.path),
            writer: None,
            max_size: some(upload.max_bytes),
            block_size: BLOCK,
            compression: upload.gzip.then_some(Compression::Gzip),
        }),
        What::DownloadFile(download) => Command::DownloadFile(DownloadFile {
            workdir: String::new(),
            path: path(&download.path),
            reader: None,
            max_size: some(download.max_bytes),
            block_size: BLOCK,
            mode: download.mode,
        }),
    };
    Ok(vec![one])
}

/// Which kind of object takes or gives the command's file, if it has one.
pub(super) const fn file_object(command: &Command) -> Option<WorkerObject> {
    match command {
        Command::UploadFile(_) => Some(WorkerObject::FileWriter),
        Command::UploadDirectory(_) => Some(WorkerObject::DirectoryWriter),
        Command::DownloadFile(_) => Some(WorkerObject::FileReader),
        _ => None,
    }
}

/// Names the object to the command.
pub(super) const fn give_object(command: &mut Command, objects: Objects) {
    match command {
        Command::UploadFile(it) => it.writer = objects.file,
        Command::UploadDirectory(it) => it.writer = objects.file,
        Command::DownloadFile(it) => it.reader = objects.file,
        _ => {}
    }
}

fn shell(start: &StartCommand, command: CommandLine, home: &Home) -> Command {
    let mut shell = Shell::new(command, &home.workdir(Workdir::of(&start.workdir)));
    if let Some(changes) = &start.environment {
        let set = changes.set.iter();
        let set = set.map(|(name, text)| (name.clone(), Variable::Text(text.clone())));
        let unset = changes.unset.iter().map(|name| (name.clone(), Variable::Unset));
        shell.env = set.chain(unset).collect();
    }
    let file = |path: &str, follow: bool| LogFile {
        path: path.to_owned(),
        follow: follow.then_some(true),
    };
    let files = start.files.iter();
    shell.logfiles = files
        .map(|it| (it.name.clone(), file(&it.path, it.follow)))
        .collect();
    shell.timeout = some(start.idle_timeout_ms).map(Duration::from_millis);
    shell.max_time = some(start.total_timeout_ms).map(Duration::from_millis);
    shell.max_lines = some(start.max_lines);
    match start.stop_signal.as_str() {
        // They ask only with this one, and kill after a while.
        "" | "TERM" if start.interrupt_grace_ms > 0 => {
            shell.sigterm_time = Some(whole_seconds(start.interrupt_grace_ms));
        }
        "" | "TERM" => {}
        other => shell.interrupt_signal = other.to_owned(),
    }
    shell.use_pty = Some(start.pty);
    shell.initial_stdin = (!start.stdin.is_empty()).then(|| start.stdin.to_vec());
    Command::Shell(Box::new(shell))
}

/// At least one, for a worker takes 0 for no time at all.
fn whole_seconds(millis: u64) -> Duration {
    Duration::from_secs(millis.div_ceil(1000).max(1))
}

/// A limit of the wire, where 0 is none.
const fn some(limit: u64) -> Option<u64> {
    match limit {
        0 => None,
        limit => Some(limit),
    }
}
