//! What a search of a log found.

use serde_json::{Value, json};
use weir_status_api::{HitRange, LogHit, LogHits, LogId};

use super::{Fields, Form, FormError, Object};

const RANGES: &str = "a list of pairs of whole numbers";

impl Form for LogHits {
    fn object(&self) -> Object<'_> {
        let hits = self.hits.iter().map(hit_object);
        Object::new()
            .set("logid", self.log.0)
            .set("hits", hits.collect::<Vec<_>>())
            .set("next_offset", self.next)
            .set("complete", self.complete)
            .done()
    }

    fn from_json(value: &Value) -> Result<Self, FormError> {
        let fields = Fields::of("logsearch", value)?;
        Ok(Self {
            log: LogId(fields.int("logid")?),
            hits: fields.objects("hits", |it| hit(&it))?,
            next: fields.int("next_offset")?,
            complete: fields.flag("complete")?,
        })
    }
}

fn hit_object(hit: &LogHit) -> Object<'_> {
    let ranges = hit.ranges.iter().map(|it| json!([it.begin, it.end]));
    Object::new()
        .set("line", hit.line)
        .set("stream", hit.stream.map(String::from))
        .set("text", hit.text.as_str())
        .set("text_start", hit.text_start)
        .set("ranges", ranges.collect::<Vec<_>>())
        .done()
}

fn hit(fields: &Fields<'_>) -> Result<LogHit, FormError> {
    let ranges = fields.value("ranges").as_array();
    let ranges = ranges.ok_or_else(|| fields.bad("ranges", RANGES))?.iter();
    Ok(LogHit {
        line: fields.int("line")?,
        stream: stream(fields)?,
        text: fields.text("text")?,
        text_start: fields.int("text_start")?,
        ranges: ranges
            .map(|it| range(it).ok_or_else(|| fields.bad("ranges", RANGES)))
            .collect::<Result<_, _>>()?,
    })
}

fn stream(fields: &Fields<'_>) -> Result<Option<char>, FormError> {
    let Some(text) = fields.maybe_text("stream")? else {
        return Ok(None);
    };
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) => Ok(Some(letter)),
        _ => Err(fields.bad("stream", "one letter")),
    }
}

fn range(pair: &Value) -> Option<HitRange> {
    match pair.as_array()?.as_slice() {
        [begin, end] => Some(HitRange {
            begin: begin.as_i64()?,
            end: end.as_i64()?,
        }),
        _ => None,
    }
}
