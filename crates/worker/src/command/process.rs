//! Starting a program in a process group of its own, with pipes or on a terminal.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{Error, ErrorKind};
use std::path::Path;
use std::process::Stdio;

use bytes::Bytes;
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, Command};
use tokio_util::task::AbortOnDropHandle;

use weir_worker_protocol::v1::{StartCommand, start_command::What};

use super::group::Group;
use super::terminal::{self, END_OF_INPUT, Terminal};

/// A program that runs, and the pipes to it.
pub(crate) struct Process {
    /// The first process of the group.
    pub(crate) leader: Child,
    /// All of them.
    pub(crate) group: Group,
    /// What it says.
    pub(crate) stdout: Option<Box<dyn AsyncRead + Send + Unpin>>,
    /// What else it says.
    pub(crate) stderr: Option<ChildStderr>,
    _stdin: Option<AbortOnDropHandle<()>>,
}

/// Starts the command in `workdir` with just this environment.
///
/// # Errors
/// One sentence that says why it cannot run.
pub(crate) fn start(
    command: &StartCommand,
    workdir: &Path,
    environment: &BTreeMap<OsString, OsString>,
) -> Result<Process, String> {
    let words = words(command)?;
    let [program, arguments @ ..] = words.as_slice() else {
        return Err("the command is empty".to_owned());
    };
    let started = if command.pty {
        on_terminal(program, arguments, workdir, environment, &command.stdin)
    } else {
        with_pipes(program, arguments, workdir, environment, &command.stdin)
    };
    started.map_err(|error| why_not(program, workdir, environment, &error))
}

fn with_pipes(
    program: &str,
    arguments: &[&str],
    workdir: &Path,
    environment: &BTreeMap<OsString, OsString>,
    input: &Bytes,
) -> Result<Process, Error> {
    let has_input = !input.is_empty();
    let mut leader = Command::new(program)
        .args(arguments)
        .current_dir(workdir)
        .env_clear()
        .envs(environment)
        .process_group(0)
        .stdin(if has_input { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    Ok(Process {
        group: group(&leader)?,
        stdout: leader.stdout.take().map(|it| Box::new(it) as Box<_>),
        stderr: leader.stderr.take(),
        _stdin: leader.stdin.take().map(|pipe| feed(pipe, input.clone())),
        leader,
    })
}

/// On a terminal of its own, which is input, output and error output in one.
fn on_terminal(
    program: &str,
    arguments: &[&str],
    workdir: &Path,
    environment: &BTreeMap<OsString, OsString>,
    input: &Bytes,
) -> Result<Process, Error> {
    let Terminal {
        output,
        input: pipe,
        end,
    } = terminal::open()?;
    let leader = Command::new(program)
        .args(arguments)
        .current_dir(workdir)
        .env_clear()
        .envs(environment)
        .process_group(0)
        .stdin(end.try_clone()?)
        .stdout(end.try_clone()?)
        .stderr(end)
        .kill_on_drop(true)
        .spawn()?;
    let mut input = input.to_vec();
    if input.last().is_some_and(|last| *last != b'\n') {
        // Within a line, the first one only gives what there is of the line.
        input.push(END_OF_INPUT);
    }
    input.push(END_OF_INPUT);
    Ok(Process {
        group: group(&leader)?,
        stdout: Some(Box::new(output)),
        stderr: None,
        _stdin: Some(feed(pipe, input.into())),
        leader,
    })
}

fn group(leader: &Child) -> Result<Group, Error> {
    let pid = leader.id().and_then(|id| i32::try_from(id).ok());
    let pid = pid.ok_or_else(|| Error::other("it has no process id"))?;
    Ok(Group::new(Pid::from_raw(pid)))
}

fn words(command: &StartCommand) -> Result<Vec<&str>, String> {
    match &command.what {
        Some(What::Argv(argv)) => Ok(argv.words.iter().map(String::as_str).collect()),
        Some(What::Script(script)) => Ok(vec!["/bin/sh", "-c", script]),
        Some(_) | None => Err("the command is of a kind that this worker does not know".to_owned()),
    }
}

fn feed(mut pipe: impl AsyncWrite + Send + Unpin + 'static, input: Bytes) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        // A command may end without having read all of its input.
        let _ = pipe.write_all(&input).await;
    }))
}

fn why_not(
    program: &str,
    workdir: &Path,
    environment: &BTreeMap<OsString, OsString>,
    error: &Error,
) -> String {
    match error.kind() {
        ErrorKind::NotFound if !program.contains('/') => {
            let path = environment.get(std::ffi::OsStr::new("PATH"));
            let path = path.map(|it| it.to_string_lossy()).unwrap_or_default();
            format!("there is no program `{program}` in any folder of PATH ({path})")
        }
        ErrorKind::NotFound if workdir.join(program).exists() => {
            format!("`{program}` cannot run: the interpreter that it names does not exist")
        }
        ErrorKind::NotFound => format!("there is no program `{program}` (in {})", workdir.display()),
        ErrorKind::PermissionDenied => format!("`{program}` cannot run: it is not executable"),
        _ => format!("`{program}` cannot run: {error}"),
    }
}
