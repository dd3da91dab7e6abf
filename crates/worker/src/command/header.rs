//! The worker's own words in a command's log, in Buildbot's forms.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use weir_worker_protocol::v1::{StartCommand, Timeout, start_command::What};

/// What runs, where, and with which limits and changes of the environment.
pub(crate) fn beginning(command: &StartCommand, workdir: &Path) -> String {
    let mut text = line(command);
    let _ = write!(text, "\n in dir {}", workdir.display());
    for (name, limit) in [
        ("timeout", command.idle_timeout_ms),
        ("maxTime", command.total_timeout_ms),
    ] {
        if limit != 0 {
            let _ = write!(
                text,
                " ({name} {} secs)",
                Duration::from_millis(limit).as_secs_f64()
            );
        }
    }
    text.push('\n');
    for file in &command.files {
        let _ = writeln!(text, " watching logfile {} as {}", file.path, file.name);
    }
    if command.pty {
        text.push_str(" using PTY: True\n");
    }
    if let Some(changes) = &command.environment
        && !(changes.set.is_empty() && changes.unset.is_empty())
    {
        text.push_str(" environment:\n");
        for (name, value) in &changes.set {
            let _ = writeln!(text, "  {name}={value}");
        }
        for name in &changes.unset {
            let _ = writeln!(text, "  {name} is unset");
        }
    }
    text
}

/// Why a command is ended that ran for too long, and after what.
pub(crate) fn timed_out(timeout: Timeout, command: &StartCommand) -> String {
    if timeout == Timeout::Lines {
        return format!(
            "command wrote more than {} lines, attempting to kill\n",
            command.max_lines
        );
    }
    let (limit, what) = match timeout {
        Timeout::Total => (command.total_timeout_ms, "elapsed"),
        _ => (command.idle_timeout_ms, "without output"),
    };
    let seconds = Duration::from_millis(limit).as_secs_f64();
    format!("command timed out: {seconds} seconds {what}, attempting to kill\n")
}

/// How long a command ran.
pub(crate) fn elapsed(elapsed: Duration) -> String {
    format!("elapsedTime={:.6}\n", elapsed.as_secs_f64())
}

/// The command as one would type it.
pub(crate) fn line(command: &StartCommand) -> String {
    match &command.what {
        Some(What::Argv(argv)) => argv
            .words
            .iter()
            .map(|it| quoted(it))
            .collect::<Vec<_>>()
            .join(" "),
        Some(What::Script(script)) => script.trim_end_matches('\n').to_owned(),
        Some(What::MakeDirs(it)) => named("mkdir -p", &it.paths),
        Some(What::RemoveDirs(it)) => named("rm -rf", &it.paths),
        Some(What::CopyDir(it)) => named("cp -a", [&it.from, &it.to]),
        Some(What::RemoveFile(path)) => named("rm", [path]),
        Some(What::Stat(path)) => named("stat", [path]),
        Some(What::Glob(pattern)) => named("glob", [pattern]),
        Some(What::ListDir(path)) => named("ls -A", [path]),
        Some(What::UploadFile(it)) => named("upload the file", [&it.path]),
        Some(What::UploadDir(it)) => named("upload the folder", [&it.path]),
        Some(What::DownloadFile(it)) => named("download the file", [&it.path]),
        None => String::new(),
    }
}

/// What is done to these files.
fn named<'p>(what: &str, paths: impl IntoIterator<Item = &'p String>) -> String {
    let paths = paths.into_iter().map(|it| format!(" {}", quoted(it)));
    format!("{what}{}", paths.collect::<String>())
}

fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-+=:,./@%^".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_worker_protocol::v1::{Argv, Environment};

    #[test]
    fn it_reads_like_buildbots() {
        let words = ["make", "CC=gcc", "it's here", ""].map(str::to_owned).to_vec();
        let command = StartCommand {
            what: Some(What::Argv(Argv { words })),
            idle_timeout_ms: 1_200_000,
            total_timeout_ms: 500,
            environment: Some(Environment {
                set: [("LANG".to_owned(), "C".to_owned())].into(),
                unset: vec!["DISPLAY".to_owned()],
            }),
            ..StartCommand::default()
        };
        assert_eq!(
            beginning(&command, Path::new("/base/build")),
            r"make CC=gcc 'it'\''s here' ''
 in dir /base/build (timeout 1200 secs) (maxTime 0.5 secs)
 environment:
  LANG=C
  DISPLAY is unset
"
        );
    }
}
