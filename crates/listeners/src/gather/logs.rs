//! What reports show of logs, and what goes with them as files.

use weir_status_api::{Error, Log, LogKind, Results};

use super::{Gather, Gathered, GatheredBuild, unreadable};
use crate::generate::Patterns;
use crate::report::{Attachment, BuildReport, Excerpt};

/// The longest excerpt of one log, in bytes.
const LONGEST_EXCERPT: usize = 16 << 10;
/// How many excerpts a build has.
const MOST_EXCERPTS: usize = 20;
/// How many bytes all excerpts of a report have together where they are written, which is half of what a template may
/// write.
const ROOM: usize = 512 << 10;
/// How many bytes there are around an excerpt where it is written: its title, its links and its style.
const AROUND: usize = 600;
/// The longest line of an excerpt, in bytes.
const LONGEST_LINE: usize = 500;
/// How many lines a master says at the end of a command's log at the most.
const SAID_BY_MASTER: i64 = 5;
/// How many lines at the end of a log are looked at for an attachment.
const MOST_LINES: i64 = 50_000;
/// How many lines are asked for at once.
const LINES_AT_ONCE: u32 = 5_000;
/// How many files go with one message.
const MOST_FILES: usize = 50;

/// Fills in the last `lines` lines of each log of the steps that did not go well. Each build has its share of the room
/// that the report has, and what others leave of theirs.
pub(crate) async fn excerpts(gather: &Gather<'_>, builds: &mut [GatheredBuild], lines: u32) -> Gathered<()> {
    if lines == 0 {
        return Ok(());
    }
    let mut room = ROOM;
    for left in (1..=builds.len()).rev() {
        let place = builds.len() - left;
        room -= excerpts_of(gather, &mut builds[place].report, lines, room / left).await?;
    }
    Ok(())
}

/// Fills in those of one build, which has so much room. How much of it they take.
async fn excerpts_of(
    gather: &Gather<'_>,
    build: &mut BuildReport,
    lines: u32,
    room: usize,
) -> Gathered<usize> {
    let (mut left, mut taken) = (MOST_EXCERPTS, 0);
    let failed = build.steps.iter_mut().filter(|it| went_wrong(it.step.results));
    for step in failed {
        for log in step.logs.iter().filter(|it| is_text(it)) {
            let room = room - taken;
            if left > 0
                && room > AROUND
                && let Some(excerpt) = excerpt(gather, log, lines, room - AROUND).await?
            {
                left -= 1;
                taken += AROUND + written(&excerpt.text);
                step.excerpts.push(excerpt);
            }
        }
    }
    Ok(taken)
}

/// The last `lines` lines of the log, without what the master said at its end: how the command ended is known. Where they
/// are written they have so much `room`. None if there are none.
async fn excerpt(gather: &Gather<'_>, log: &Log, lines: u32, room: usize) -> Gathered<Option<Excerpt>> {
    let first = (log.num_lines - i64::from(lines) - SAID_BY_MASTER).max(0);
    let Some(text) = read(gather, log, first, usize::MAX).await? else {
        return Ok(None);
    };
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let is_said = |line: &&str| log.kind == LogKind::Stdio && line.starts_with('h');
    let end = all
        .iter()
        .rposition(|it| !is_said(it))
        .map_or(all.len(), |it| it + 1);
    let begin = end.saturating_sub(usize::try_from(lines).unwrap_or(usize::MAX));
    let shown: String = all[begin..end]
        .iter()
        .map(|it| shortened(plain(log, it)))
        .collect();
    if shown.trim().is_empty() {
        return Ok(None);
    }
    let text = fitting(tail(&shown, LONGEST_EXCERPT), room);
    if text.trim().is_empty() {
        return Ok(None);
    }
    let dropped = shown[..shown.len() - text.len()].matches('\n').count();
    Ok(Some(Excerpt {
        log: log.name.clone(),
        first_line: first + i64::try_from(begin + dropped).unwrap_or(0),
        text: text.to_owned(),
    }))
}

/// The logs whose names fit, `stdio` or `compile.stdio`, as files: of each the last `most` bytes, and as many files as are
/// no more than that together.
pub(crate) async fn attached(
    gather: &Gather<'_>,
    builds: &[BuildReport],
    names: &Patterns,
    most: usize,
) -> Gathered<Vec<Attachment>> {
    let mut files: Vec<Attachment> = vec![];
    let mut left = most;
    for build in builds {
        for step in &build.steps {
            for log in step.logs.iter().filter(|it| it.kind != LogKind::Deleted) {
                let name = format!("{}.{}", step.step.name, log.slug);
                let is_wanted = names.admit_any([log.name.as_str(), log.slug.as_str(), &name]);
                if !is_wanted || left == 0 || files.len() == MOST_FILES {
                    continue;
                }
                let first = (log.num_lines - MOST_LINES).max(0);
                let Some(text) = read(gather, log, first, left).await? else {
                    continue;
                };
                let text: String = text.split_inclusive('\n').map(|it| plain(log, it)).collect();
                left -= text.len();
                let (end, media_type) = match log.kind {
                    LogKind::Html => ("html", "text/html; charset=utf-8"),
                    _ => ("txt", "text/plain; charset=utf-8"),
                };
                let several = builds.len() > 1;
                let of = if several {
                    format!("{}.", build.builder.name)
                } else {
                    String::new()
                };
                files.push(Attachment {
                    name: file_name(&format!("{of}{name}.{end}")),
                    media_type: media_type.to_owned(),
                    content: text.into_bytes(),
                });
            }
        }
    }
    Ok(files)
}

/// The patches of what is built, as files of `most` bytes at the most together; one that is larger is left out.
pub(crate) fn patches(build: &BuildReport, most: usize) -> Vec<Attachment> {
    let mut left = most;
    let mut files = vec![];
    let patches = build.buildset.source_stamps.iter().filter_map(|it| {
        let name = if it.codebase.is_empty() {
            "source"
        } else {
            &it.codebase
        };
        Some((name, it.patch.as_ref()?))
    });
    for (name, patch) in patches {
        let Some(rest) = left.checked_sub(patch.body.len()) else {
            continue;
        };
        left = rest;
        files.push(Attachment {
            name: file_name(&format!("{name}.patch")),
            media_type: "text/x-patch; charset=utf-8".to_owned(),
            content: patch.body.clone(),
        });
    }
    files
}

/// The lines of the log from `first` on, as they are stored: the last `most` bytes of them. None if they are no longer
/// kept.
async fn read(gather: &Gather<'_>, log: &Log, first: i64, most: usize) -> Gathered<Option<String>> {
    let mut text = String::new();
    let mut next = first;
    while next < log.num_lines {
        let chunk = match gather.api.log_content(log.id.into(), next, LINES_AT_ONCE).await {
            Ok(chunk) => chunk.value.content,
            // It went while we read, with its build or alone.
            Err(Error::ContentDeleted { .. } | Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(unreadable(&error)),
        };
        let lines = chunk.split_inclusive('\n').count();
        if lines == 0 {
            break;
        }
        next += i64::try_from(lines).unwrap_or(i64::MAX - next);
        text.push_str(&chunk);
        if text.len() > most.saturating_mul(2) {
            text = tail(&text, most).to_owned();
        }
    }
    Ok(Some(tail(&text, most).to_owned()))
}

/// A line without the letter of its stream.
fn plain<'l>(log: &Log, line: &'l str) -> &'l str {
    let letter = usize::from(log.kind == LogKind::Stdio);
    line.get(letter..).unwrap_or(line)
}

/// The last `most` bytes, from the beginning of a line on if there is one.
fn tail(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let rest = &text[text.ceil_char_boundary(text.len() - most)..];
    rest.split_once('\n')
        .map(|(_, lines)| lines)
        .filter(|it| !it.is_empty())
        .unwrap_or(rest)
}

/// The last lines of the text that have so much room where they are written.
fn fitting(text: &str, room: usize) -> &str {
    let (mut begin, mut left) = (text.len(), room);
    for line in text.split_inclusive('\n').rev() {
        let Some(rest) = left.checked_sub(written(line)) else {
            break;
        };
        left = rest;
        begin -= line.len();
    }
    &text[begin..]
}

/// How many bytes lines have at the most where they are written: escaped in HTML, or indented in a text.
fn written(text: &str) -> usize {
    let byte = |it: u8| match it {
        b'\n' => 8,
        b'&' | b'<' | b'>' | b'"' | b'\'' => 6,
        _ => 1,
    };
    text.bytes().map(byte).sum()
}

/// The line, cut if it is very long.
fn shortened(line: &str) -> String {
    if line.len() <= LONGEST_LINE {
        return line.to_owned();
    }
    format!("{}…\n", &line[..line.floor_char_boundary(LONGEST_LINE)])
}

fn is_text(log: &Log) -> bool {
    matches!(log.kind, LogKind::Stdio | LogKind::Text)
}

/// Whether people want to see what such a step said.
pub(crate) fn went_wrong(results: Option<Results>) -> bool {
    matches!(results, Some(Results::Failure | Results::Exception))
}

/// The name without what no file's name may have.
fn file_name(name: &str) -> String {
    let plain = |c: char| {
        if c.is_alphanumeric() || "-_.+".contains(c) {
            c
        } else {
            '_'
        }
    };
    let name: String = name.chars().take(150).map(plain).collect();
    name.trim_start_matches('.').to_owned()
}
