//! Logs: their lines as JSON, and whole as text.

use std::sync::Arc;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::Response;
use bytes::Bytes;
use futures::Stream;
use weir_status_api::{
    At, Build, BuildKey, Builder, Error, Key, Log, LogChunk, LogId, LogKey, LogKind, ReadExt, Result,
    StatusApi, Step, StepKey, Worker,
};
use weir_status_http::v2::envelope;

use crate::answer::{Reader, in_time};
use crate::load::Class;
use crate::reads::Answer;
use crate::source::Source;
use crate::{App, Shared};

/// Bytes after which an answer with lines is sent, whether or not there are more.
const CONTENTS_BYTES: usize = 1 << 20;
/// Lines that are read at once for a raw log.
const RAW_LINES: u32 = 5_000;

/// `offset` and `limit` of a log's contents.
fn range(query: &[(String, String)]) -> Result<(i64, u32)> {
    let (mut offset, mut limit) = (0, u32::MAX);
    for (name, value) in query {
        let bad = || {
            Error::invalid(
                name,
                format!("invalid {name} `{value}`: a whole number is expected"),
            )
        };
        match name.as_str() {
            "offset" => offset = value.parse().map_err(|_| bad())?,
            "limit" => limit = u32::try_from(value.parse::<u64>().map_err(|_| bad())?).unwrap_or(u32::MAX),
            _ => return Err(Error::invalid(name, "unrecognized query parameter")),
        }
    }
    Ok((offset, limit))
}

/// Lines of a log: those asked for, or as many as a bounded answer holds.
pub(crate) async fn contents(
    source: &Source,
    log: LogKey,
    query: &[(String, String)],
    reader: Reader,
) -> Result<Answer> {
    let (offset, limit) = range(query)?;
    let At {
        value: mut chunk,
        cursor,
    } = source.log_content(log, offset, limit).await?;
    let mut lines = count_lines(&chunk.content);
    while lines < u64::from(limit) && chunk.content.len() < CONTENTS_BYTES {
        let next = offset.saturating_add_unsigned(lines);
        let left = u32::try_from(u64::from(limit) - lines).unwrap_or(u32::MAX);
        let more = source
            .log_content(chunk.log.into(), next, left)
            .await?
            .value
            .content;
        if more.is_empty() {
            break;
        }
        lines += count_lines(&more);
        chunk.content.push_str(&more);
    }
    Ok(Answer::at(cursor, reader, &envelope::log_chunk(&chunk)))
}

fn count_lines(content: &str) -> u64 {
    content.bytes().filter(|byte| *byte == b'\n').count() as u64
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
    if let Some((name, _)) = query.first() {
        return Err(Error::invalid(name, "unrecognized query parameter"));
    }
    let deadline = app.options.deadline;
    let (at, place) = {
        let _turn = app.rooms.of(class).turn().await?;
        in_time(deadline, describe(&*api, key)).await?
    };
    app.shared.fresh.told(at.cursor);
    let header = place.header(at.value.kind);
    let body = lines(Arc::clone(app), api, class, at.value.clone(), header);
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
            let text = strip(chunk, log.kind).into_bytes();
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

/// The chunk's text; of a stdio log without the first letter of each line.
fn strip(chunk: LogChunk, kind: LogKind) -> String {
    if kind != LogKind::Stdio {
        return chunk.content;
    }
    let mut text = String::with_capacity(chunk.content.len());
    for line in chunk.content.split_inclusive('\n') {
        let mut letters = line.chars();
        letters.next();
        text.push_str(letters.as_str());
    }
    text
}
