//! The patch of a source stamp, upon what the step `git` has checked out (a try job, in Buildbot's words).

use bytes::Bytes;
use weir_config::RenderError;
use weir_status_api::{Patch, Results};

use super::captured::Captured;
use super::command::{End, Reader};
use super::git_step::git_command;
use super::log::LogWriter;
use super::step::{StepEnd, StepRun, cannot_render};
use crate::error::Result;
use crate::workers::{CommandSpec, Outcome};

/// How much of what `git apply` says is looked at.
const MOST_SAID: usize = 64 * 1024;
/// How many hunks that do not apply are shown, and how many lines of each.
const MOST_HUNKS: usize = 20;
const MOST_LINES: usize = 200;

/// Applies the patch on the worker; gives the step's end if that cannot be done. It goes into the index too, so that the
/// next checkout takes away the files that it made.
pub(super) async fn apply(step: &StepRun<'_>, patch: &Patch, log: &mut LogWriter) -> Result<Option<StepEnd>> {
    let spec = match command(step, patch) {
        Ok(spec) => spec,
        Err(error) => return Ok(Some(cannot_render(&error, log))),
    };
    let mut said = Captured::up_to(MOST_SAID).with_stderr();
    let end = step.execute(spec, log, Reader::Captured(&mut said)).await?;
    let is_refused = matches!(end, End::Outcome(Outcome::Exited(code)) if code != 0);
    let mut end = step.conclude("git apply", end, log);
    if end.results == Results::Success {
        return Ok(None);
    }
    if is_refused && end.results == Results::Failure {
        let (_, stderr) = said.both();
        let (stderr, body) = (
            String::from_utf8_lossy(&stderr),
            String::from_utf8_lossy(&patch.body),
        );
        for hunk in refused(&stderr, &body) {
            log.say(&hunk);
        }
        end.state = match files(&stderr).as_slice() {
            [] => "the patch does not apply".to_owned(),
            [file] => format!("the patch does not apply to {file}"),
            [file, rest @ ..] => format!("the patch does not apply to {file} and {} more", rest.len()),
        };
    }
    Ok(Some(end))
}

fn command(step: &StepRun<'_>, patch: &Patch) -> Result<CommandSpec, RenderError> {
    let mut words = vec![
        "apply".to_owned(),
        "--index".to_owned(),
        format!("-p{}", patch.level),
    ];
    if !patch.subdir.is_empty() {
        words.push(format!("--directory={}", patch.subdir));
    }
    words.push("-".to_owned());
    let mut spec = git_command(step, words)?;
    spec.stdin = Bytes::from(patch.body.clone());
    // What it says is read.
    spec.env.insert("LC_ALL".to_owned(), "C".to_owned());
    Ok(spec)
}

/// The places at which git says that hunks do not apply: the file, and the line of the old file.
fn places(said: &str) -> impl Iterator<Item = (&str, u64)> {
    said.lines().filter_map(|line| {
        let (file, number) = line.strip_prefix("error: patch failed: ")?.rsplit_once(':')?;
        Some((file, number.parse().ok()?))
    })
}

/// The files that git names in its errors, each once.
fn files(said: &str) -> Vec<&str> {
    let mut files: Vec<&str> = vec![];
    let named = said.lines().filter_map(|line| {
        let line = line.strip_prefix("error: ")?;
        match line.strip_prefix("patch failed: ") {
            Some(place) => place.rsplit_once(':').map(|it| it.0),
            None => line.rsplit_once(": ").map(|it| it.0),
        }
    });
    for file in named {
        if !files.contains(&file) {
            files.push(file);
        }
    }
    files
}

/// The hunks of the patch that git could not apply, each as a text for the log.
fn refused(said: &str, body: &str) -> Vec<String> {
    let lines: Vec<&str> = body.lines().collect();
    places(said)
        .filter_map(|(file, number)| Some((file, hunk(&lines, file, number)?)))
        .take(MOST_HUNKS)
        .map(|(file, hunk)| {
            let more = match hunk.len().saturating_sub(MOST_LINES) {
                0 => String::new(),
                more => format!("\n({more} lines more)"),
            };
            let shown = hunk.iter().take(MOST_LINES).copied().collect::<Vec<_>>();
            format!("this does not apply to {file}:\n{}{more}", shown.join("\n"))
        })
        .collect()
}

/// The lines of the hunk that begins at a line of the old file.
fn hunk<'l>(lines: &'l [&'l str], file: &str, number: u64) -> Option<&'l [&'l str]> {
    let mut of_file = false;
    for (at, line) in lines.iter().enumerate() {
        if let Some(named) = line.strip_prefix("--- ").or_else(|| line.strip_prefix("+++ ")) {
            let named = named.split('\t').next().unwrap_or_default();
            let is_new = line.starts_with("+++ ");
            // The levels are stripped of what the patch has, and a folder may come before what is left.
            let is =
                |it: &str| it.ends_with(file) || file.ends_with(it.split_once('/').map_or(it, |it| it.1));
            of_file = is(named) || (is_new && of_file);
        } else if of_file && old_line(line) == Some(number) {
            let length = lines[at + 1..]
                .iter()
                .take_while(|it| it.is_empty() || it.starts_with([' ', '+', '-', '\\']))
                .take_while(|it| !it.starts_with("--- "))
                .count();
            return lines.get(at..=at + length);
        }
    }
    None
}

/// The line of the old file at which a hunk begins, of its first line `@@ -12,3 +12,4 @@`.
fn old_line(line: &str) -> Option<u64> {
    let old = line.strip_prefix("@@ -")?.split(' ').next()?;
    old.split(',').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATCH: &str = "diff --git a/src/one.c b/src/one.c
--- a/src/one.c
+++ b/src/one.c
@@ -1,2 +1,2 @@
-a
+b
 c
@@ -12 +12 @@ int main
-x
+y
diff --git a/two b/two
--- a/two
+++ b/two
@@ -12 +12 @@
-2
+3
";

    #[test]
    fn what_does_not_apply_is_shown() {
        let said = "error: patch failed: src/one.c:12\nerror: src/one.c: patch does not apply\n\
                    error: patch failed: two:12\nerror: two: patch does not apply\n";
        assert_eq!(
            refused(said, PATCH),
            [
                "this does not apply to src/one.c:\n@@ -12 +12 @@ int main\n-x\n+y",
                "this does not apply to two:\n@@ -12 +12 @@\n-2\n+3",
            ]
        );
        assert_eq!(files(said), ["src/one.c", "two"]);
        // In a folder, with a level more than it has.
        let said = "error: patch failed: lib/src/one.c:1\n";
        assert_eq!(
            refused(said, PATCH),
            ["this does not apply to lib/src/one.c:\n@@ -1,2 +1,2 @@\n-a\n+b\n c"]
        );
        assert_eq!(files("error: three: does not exist in index\n"), ["three"]);
        assert!(refused("error: No valid patches in input\n", PATCH).is_empty());
        assert!(files("error: No valid patches in input (allow with \"--allow-empty\")\n").is_empty());
    }
}
