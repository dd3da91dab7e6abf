//! Logs: their lines as JSON, and whole as text.

use std::sync::Arc;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::Response;
use bytes::Bytes;
use futures::Stream;
use weir_status_api::{
    At, Build, BuildKey, Builder, Error, Key, LineTime, Log, LogChunk, LogId, LogKey, LogKind, ReadExt,
    Result, StatusApi, Step, StepKey, Worker,
};
use weir_status_http::v2::envelope;

use crate::answer::{Reader, in_time};
use crate::load::Class;
use crate::reads::Answer;
use crate::source::Source;
use crate::{App, Shared};

/// Bytes after which an answer with lines is sent, whether or not there are more.
const CONTENTS_BYTES: usize = 1 << 20;
/// Times of lines after which it is sent as well: each is as long as a short line.
const CONTENTS_TIMES: usize = 10_000;
/// Lines that are read at once for a raw log.
const RAW_LINES: u32 = 5_000;

/// Which lines of a log are wanted.
struct Wanted {
    offset: i64,
    limit: u32,
    /// Whether their times are.
    times: bool,
}

impl Wanted {
    fn read(query: &[(String, String)]) -> Result<Self> {
        let mut wanted = Self {
            offset: 0,
            limit: u32::MAX,
            times: false,
        };
        for (name, value) in query {
            let bad = || bad_value(name, value, "a whole number");
            match name.as_str() {
                "offset" => wanted.offset = value.parse().map_err(|_| bad())?,
                "limit" => {
                    let limit: u64 = value.parse().map_err(|_| bad())?;
                    wanted.limit = u32::try_from(limit).unwrap_or(u32::MAX);
                }
                "times" => wanted.times = flag(name, value)?,
                _ => return Err(Error::invalid(name, "unrecognized query parameter")),
            }
        }
        Ok(wanted)
    }
}

fn flag(name: &str, value: &str) -> Result<bool> {
    value.parse().map_err(|_| bad_value(name, value, "true or false"))
}

fn bad_value(name: &str, value: &str, expected: &str) -> Error {
    Error::invalid(name, format!("invalid {name} `{value}`: {expected} is expected"))
}

/// Lines of a log: those asked for, or as many as a bounded answer holds.
pub(crate) async fn contents(
    source: &Source,
    log: LogKey,
    query: &[(String, String)],
    reader: Reader,
) -> Result<Answer> {
    let Wanted { offset, limit, times } = Wanted::read(query)?;
    let At {
        value: mut chunk,
        cursor,
    } = source.log_content(log, offset, limit).await?;
    let mut lines = count_lines(&chunk.content);
    while lines < u64::from(limit)
        && chunk.content.len() < CONTENTS_BYTES
        && !(times && chunk.times.len() >= CONTENTS_TIMES)
    {
        let next = offset.saturating_add_unsigned(lines);
        let left = u32::try_from(u64::from(limit) - lines).unwrap_or(u32::MAX);
        let more = source.log_content(chunk.log.into(), next, left).await?.value;
        if more.content.is_empty() {
            break;
        }
        lines += count_lines(&more.content);
        chunk.content.push_str(&more.content);
        for LineTime { line, at } in more.times {
            chunk.note(line, at);
        }
    }
    if !times {
        chunk.times.clear();
    }
    Ok(Answer::at(cursor, reader, &envelope::log_chunk(&chunk)))
}

fn count_lines(content: &str) -> u64 {
    content.bytes().filter(|byte| *byte == b'\n').count() as u64
}

/// Whether each line of a raw log shall begin with its time.
fn wants_times(query: &[(String, String)]) -> Result<bool> {
    let mut wanted = false;
    for (name, value) in query {
        match name.as_str() {
            "times" => wanted = flag(name, value)?,
            _ => return Err(Error::invalid(name, "unrecognized query parameter")),
        }
    }
    Ok(wanted)
}

/// A whole log, as far as it goes now, as text without the letters of its streams.
pub(crate) async fn raw(
    app: &Shared,
    api: Arc<dyn StatusApi>,
    class: Class,
    key: LogKey,
    inline: bool,
    query: &[(String, String)],
) -> Result<Response> {
    let times = wants_times(query)?;
    let deadline = app.options.deadline;
    let (at, place) = {
        let _turn = app.rooms.of(class).turn().await?;
        in_time(deadline, describe(&*api, key)).await?
    };
    app.shared.fresh.told(at.cursor);
    if times && at.value.kind == LogKind::Html {
        return Err(Error::invalid("times", "HTML has no place for them"));
    }
    let header = place.header(at.value.kind);
    let body = lines(Arc::clone(app), api, class, at.value.clone(), header, times);
    let mut response = Response::new(Body::from_stream(body));
    let headers = response.headers_mut();
    headers.insert(envelope::CURSOR_HEADER, HeaderValue::from(at.cursor.0));
    let html = at.value.kind == LogKind::Html;
    let content_type = if html {
        "text/html; charset=utf-8"
    } else {
        "text/plain; charset=utf-8"
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    // What a build wrote must not run as a script of this site.
    let policy =
        HeaderValue::from_static("sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:");
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    if !inline && let Ok(value) = HeaderValue::from_str(&place.disposition(&at.value)) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// Where a log belongs.
struct Place {
    builder: String,
    number: i64,
    step: String,
    worker: String,
}

async fn describe(api: &dyn StatusApi, key: LogKey) -> Result<(At<Log>, Place)> {
    let log = api.one::<Log>(Key::Log(key)).await?;
    let step = api
        .one::<Step>(Key::Step(StepKey::Id(log.value.step)))
        .await?
        .value;
    let build = api
        .one::<Build>(Key::Build(BuildKey::Id(step.build)))
        .await?
        .value;
    let builder = api
        .one::<Builder>(Key::Builder(build.builder.into()))
        .await?
        .value;
    // A worker can be gone from the store; its log is still wanted.
    let worker = match api.one::<Worker>(Key::Worker(build.worker.into())).await {
        Ok(worker) => worker.value.name,
        Err(Error::NotFound { .. }) => String::new(),
        Err(error) => return Err(error),
    };
    let place = Place {
        builder: builder.name,
        number: build.number,
        step: step.name,
        worker,
    };
    Ok((log, place))
}

impl Place {
    /// The lines that Buildbot puts before a stdio log.
    fn header(&self, kind: LogKind) -> String {
        match kind {
            LogKind::Stdio => format!(
                "Builder: {}\nBuild number: {}\nWorker name: {}\n",
                self.builder, self.number, self.worker
            ),
            _ => String::new(),
        }
    }

    fn disposition(&self, log: &Log) -> String {
        let name = format!(
            "{}_build_{}_step_{}_log_{}",
            self.builder, self.number, self.step, log.slug
        );
        let safe = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
        let name: String = name.chars().map(|it| if safe(it) { it } else { '_' }).collect();
        format!("attachment; filename={name}")
    }
}

/// The log's text, read piece by piece as the client takes it.
fn lines(
    app: Shared,
    api: Arc<dyn StatusApi>,
    class: Class,
    log: Log,
    header: String,
    times: bool,
) -> impl Stream<Item = Result<Bytes>> + Send {
    async_stream::try_stream! {
        if !header.is_empty() {
            yield Bytes::from(header);
        }
        let mut first = 0;
        while first < log.num_lines {
            let wanted = u32::try_from(log.num_lines - first).unwrap_or(u32::MAX).min(RAW_LINES);
            let read = piece(&app, &*api, class, log.id, first, wanted).await;
            let chunk = read.inspect_err(|error| tracing::warn!(log = log.id.0, %error, "a raw log was cut off"))?.value;
            if chunk.content.is_empty() {
                break;
            }
            first = first.saturating_add_unsigned(count_lines(&chunk.content).max(1));
            let text = strip(chunk, log.kind, times).into_bytes();
            yield app.rooms.of(class).hold(text, app.options.deadline).await?;
        }
    }
}

/// A piece of a log, when there is room to read it.
async fn piece(
    app: &App,
    api: &dyn StatusApi,
    class: Class,
    log: LogId,
    first: i64,
    lines: u32,
) -> Result<At<LogChunk>> {
    // Its head is sent already, so that it waits rather than end in the middle.
    let deadline = app.options.deadline;
    let _turn = app.rooms.of(class).turn_within(deadline).await?;
    in_time(deadline, api.log_content(log.into(), first, lines)).await
}

/// The chunk's text; of a stdio log without the first letter of each line. With `times` each begins with its own.
fn strip(chunk: LogChunk, kind: LogKind, times: bool) -> String {
    if kind != LogKind::Stdio && !times {
        return chunk.content;
    }
    let mut text = String::with_capacity(chunk.content.len());
    let mut known = chunk.times.iter().peekable();
    let mut time = String::new();
    for (number, line) in (chunk.first_line..).zip(chunk.content.split_inclusive('\n')) {
        if let Some(now) = known.next_if(|it| times && it.line <= number) {
            time = now.at.to_iso_millis() + " ";
        }
        text.push_str(&time);
        let mut letters = line.chars();
        if kind == LogKind::Stdio {
            letters.next();
        }
        text.push_str(letters.as_str());
    }
    text
}
