//! The status API's reading and watching, in-process.

use std::io::ErrorKind;

use async_trait::async_trait;
use weir_status_api::{
    At, BuildKey, Entity, EventStream, Key, List, LogChunk, LogHits, LogKey, LogSearch, Page, Properties,
    PropertiesOf, Read, Result, Start, TopicFilter, View, ViewQuery, Watch,
};

use crate::backend::LogChunks;
use crate::deadline::within_deadline;
use crate::error::Error;
use crate::search::Scan;
use crate::segments::SegmentReader;
use crate::store::Store;

/// How many bytes of log content an answer has, unless its first line is longer.
const CONTENT_BYTES: usize = 1024 * 1024;

#[async_trait]
impl Read for Store {
    async fn get(&self, key: Key) -> Result<At<Entity>> {
        Ok(within_deadline(self.inner.backend.get(&key)).await?)
    }

    async fn list(&self, list: List) -> Result<Page<Entity>> {
        Ok(within_deadline(self.inner.backend.list(list)).await?)
    }

    async fn log_content(&self, log: LogKey, first: i64, limit: u32) -> Result<At<LogChunk>> {
        if first < 0 {
            return Err(Error::invalid("first", "lines are counted from 0").into());
        }
        let read = async || {
            let At { value, cursor } = self.inner.backend.log_chunks(&log, first, limit).await?;
            let value = content(&self.inner.segments, value, first, limit).await?;
            Ok(At { value, cursor })
        };
        let content = match within_deadline(read()).await {
            Err(error) if has_moved(&error) => within_deadline(read()).await,
            content => content,
        };
        Ok(content?)
    }

    async fn search_log(&self, log: LogKey, search: LogSearch) -> Result<At<LogHits>> {
        search.validate()?;
        let found = match within_deadline(self.search(&log, Scan::new(&search)?)).await {
            Err(error) if has_moved(&error) => within_deadline(self.search(&log, Scan::new(&search)?)).await,
            found => found,
        };
        Ok(found?)
    }

    async fn properties(&self, of: PropertiesOf) -> Result<At<Properties>> {
        Ok(within_deadline(self.inner.backend.properties(&of)).await?)
    }

    async fn build_data(&self, build: BuildKey, name: String) -> Result<At<Vec<u8>>> {
        Ok(within_deadline(self.inner.backend.build_data(&build, &name)).await?)
    }

    async fn view(&self, query: ViewQuery) -> Result<At<View>> {
        query.validate()?;
        Ok(within_deadline(self.inner.backend.view(&query)).await?)
    }
}

#[async_trait]
impl Watch for Store {
    async fn watch(&self, filter: TopicFilter, start: Start) -> Result<EventStream> {
        Ok(self.inner.hub.watch(filter, start).await?)
    }
}

/// Whether a segment went between looking up where a chunk is and reading it: by now the index knows another place, or
/// that the content is gone.
fn has_moved(error: &Error) -> bool {
    matches!(error, Error::Io { source, .. } if source.kind() == ErrorKind::NotFound)
}

impl Store {
    /// What `scan` finds in the log until it has enough.
    async fn search(&self, log: &LogKey, mut scan: Scan) -> Result<At<LogHits>, Error> {
        let mut begun = None;
        loop {
            let At { value, cursor } = self.inner.backend.log_chunks(log, scan.next(), u32::MAX).await?;
            let LogChunks { log, kind, chunks } = value;
            let cursor = *begun.get_or_insert(cursor);
            if chunks.is_empty() {
                let value = scan.found(log, true);
                return Ok(At { value, cursor });
            }
            let more;
            let places = chunks.iter().map(|chunk| chunk.place).collect();
            let take = move |scan: &mut Scan, number: usize, text: &str| {
                chunks
                    .get(number)
                    .is_some_and(|it| scan.take(kind, it.first_line, text))
            };
            (scan, more) = self.inner.segments.each(places, scan, take).await?;
            if !more {
                let value = scan.found(log, false);
                return Ok(At { value, cursor });
            }
        }
    }
}

/// Up to `limit` lines from line `first` on, out of the chunks.
async fn content(
    segments: &SegmentReader,
    LogChunks { log, chunks, .. }: LogChunks,
    first: i64,
    limit: u32,
) -> Result<LogChunk, Error> {
    let begin = chunks.first().map_or(first, |chunk| chunk.first_line);
    let skip = usize::try_from(first - begin).unwrap_or(0);
    let places = chunks.iter().map(|chunk| chunk.place).collect();
    // The first chunk holds the first line, so that there is one whatever else is enough.
    let texts = segments.read(places, CONTENT_BYTES).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut content, mut end) = (String::new(), first);
    let lines = texts.iter().flat_map(|text| text.split_inclusive('\n'));
    for line in lines.skip(skip).take(limit) {
        if !content.is_empty() && content.len() + line.len() > CONTENT_BYTES {
            break;
        }
        content.push_str(line);
        end += 1;
    }
    let mut chunk = LogChunk {
        log,
        first_line: first,
        content,
        times: Vec::new(),
    };
    for (line, at) in chunks
        .iter()
        .filter_map(|it| Some((it.first_line.max(first), it.stored_at?)))
        .take_while(|(line, _)| *line < end)
    {
        chunk.note(line, at);
    }
    Ok(chunk)
}
