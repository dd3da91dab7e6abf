//! What compilers say of lines of the source, found in the ends of logs.

use crate::BuildReport;

/// How grave it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gravity {
    Error,
    Warning,
    Note,
}

/// Something that is said of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Annotation {
    /// The file, from the top of the repository.
    pub(super) path: String,
    /// The line, from 1.
    pub(super) line: u64,
    /// The column, from 1.
    pub(super) column: Option<u64>,
    pub(super) gravity: Gravity,
    /// What is said.
    pub(super) message: String,
    /// Who says it, such as `compile: stdio`.
    pub(super) title: String,
}

/// What the excerpts of a build's logs say, each once, in their order.
pub(super) fn annotations(build: &BuildReport) -> Vec<Annotation> {
    let root = build.properties.get("builddir").and_then(|it| it.value.as_str());
    let mut found: Vec<Annotation> = vec![];
    for step in &build.steps {
        for excerpt in &step.excerpts {
            let title = format!("{}: {}", step.step.name, excerpt.log);
            for it in read(&excerpt.text, &title, root) {
                if !found.contains(&it) {
                    found.push(it);
                }
            }
        }
    }
    found
}

/// What a text says: lines `FILE:LINE[:COLUMN]: error|warning|note: TEXT`, as GCC, Clang, mypy and many more write them,
/// and the two lines of rustc, `error[E0308]: TEXT` and `--> FILE:LINE:COLUMN`.
fn read(text: &str, title: &str, root: Option<&str>) -> Vec<Annotation> {
    let mut found = vec![];
    let mut said: Option<(Gravity, &str)> = None;
    for line in text.lines().map(str::trim) {
        let of_place = |place: &str, gravity: Gravity, message: &str| {
            let (path, line, column) = place_of(place)?;
            Some(Annotation {
                path: within(path, root)?,
                line,
                column,
                gravity,
                message: message.to_owned(),
                title: title.to_owned(),
            })
        };
        if let Some(place) = line.strip_prefix("--> ") {
            let (gravity, message) = said.take().unwrap_or((Gravity::Note, ""));
            found.extend(of_place(place, gravity, message).filter(|it| !it.message.is_empty()));
        } else if let Some((place, gravity, message)) = split(line) {
            found.extend(of_place(place, gravity, message));
        } else if let Some((gravity, message)) = gravity_of(line) {
            said = Some((gravity, message));
        }
    }
    found
}

/// The place, the gravity and the text of a line.
fn split(line: &str) -> Option<(&str, Gravity, &str)> {
    let ways = line.match_indices(": ");
    ways.map(|(at, _)| (&line[..at], &line[at + 2..]))
        .find_map(|(place, rest)| {
            let (gravity, message) = gravity_of(rest)?;
            place_of(place)?;
            Some((place, gravity, message))
        })
}

/// The gravity that a line begins with, and its text.
fn gravity_of(line: &str) -> Option<(Gravity, &str)> {
    let (word, message) = line.split_once(": ")?;
    // rustc's has a code: `error[E0308]`.
    let word = word.split('[').next()?;
    let gravity = match word.to_ascii_lowercase().as_str() {
        "error" | "fatal error" => Gravity::Error,
        "warning" => Gravity::Warning,
        "note" | "info" => Gravity::Note,
        _ => return None,
    };
    Some((gravity, message.trim())).filter(|(_, message)| !message.is_empty())
}

/// The file, line and column of `FILE:LINE[:COLUMN]`.
fn place_of(place: &str) -> Option<(&str, u64, Option<u64>)> {
    let (before, last) = place.rsplit_once(':')?;
    let last: u64 = last.parse().ok().filter(|it| *it > 0)?;
    match before.rsplit_once(':') {
        Some((path, line)) if !path.is_empty() && line.parse::<u64>().is_ok_and(|it| it > 0) => {
            Some((path, line.parse().ok()?, Some(last)))
        }
        _ if before.is_empty() => None,
        _ => Some((before, last, None)),
    }
}

/// The path from the top of the repository; none if it is elsewhere.
fn within(path: &str, root: Option<&str>) -> Option<String> {
    let path = path.replace('\\', "/");
    let below = match root {
        Some(root) if path.starts_with('/') => {
            let below = path.strip_prefix(root.trim_end_matches('/'))?.strip_prefix('/')?;
            // The folder of the source within the builder's.
            below.strip_prefix("build/").unwrap_or(below)
        }
        _ => &path,
    };
    let is_drive = below.get(1..2) == Some(":");
    if below.starts_with('/') || is_drive {
        return None;
    }
    let mut parts: Vec<&str> = vec![];
    for part in below.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/")).filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Gravity, read};

    fn found(text: &str, root: Option<&str>) -> Vec<(String, u64, Option<u64>, Gravity, String)> {
        let all = read(text, "compile: stdio", root).into_iter();
        all.map(|it| (it.path, it.line, it.column, it.gravity, it.message))
            .collect()
    }

    #[test]
    fn what_compilers_say_is_found() {
        let text = "cc -c src/a.c\n\
            src/a.c:12:5: error: 'x' undeclared\n\
            ./src/../lib/b.c:3: warning: unused variable: y\n\
            a.py:7: note: see here\n\
            error[E0308]: mismatched types\n   --> src/main.rs:5:9\n    |\n\
            tests failed: error: 3\n";
        let of = |path: &str, line, column, gravity, message: &str| {
            (path.to_owned(), line, column, gravity, message.to_owned())
        };
        let expected = [
            of("src/a.c", 12, Some(5), Gravity::Error, "'x' undeclared"),
            of("lib/b.c", 3, None, Gravity::Warning, "unused variable: y"),
            of("a.py", 7, None, Gravity::Note, "see here"),
            of("src/main.rs", 5, Some(9), Gravity::Error, "mismatched types"),
        ];
        assert_eq!(found(text, None), expected);
    }

    #[test]
    fn files_outside_of_the_repository_are_left_out() {
        let text = "/usr/include/a.h:1: error: x\n/w/b/build/src/a.c:2: error: y\n../../a.c:3: error: z\nC:/a.c:4: error: w\n";
        let all = found(text, Some("/w/b/"));
        assert_eq!(all.len(), 1, "{all:?}");
        assert_eq!(all[0].0, "src/a.c");
        assert_eq!(found(text, None), []);
    }
}
