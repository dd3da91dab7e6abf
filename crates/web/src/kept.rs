//! An answer as it is sent: its bytes, and what tells a client that it has them already.

use std::io::Write;
use std::sync::OnceLock;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use weir_status_api::Cursor;
use weir_status_http::v2::envelope::CURSOR_HEADER;

/// What is smaller than this is sent as it is.
const PACK: usize = 1 << 10;
/// What is larger than this is packed where it stops nobody else.
const LARGE: usize = 32 << 10;

/// The bytes of an answer in one of its encodings.
#[derive(Clone, Debug)]
struct Form {
    bytes: Bytes,
    tag: HeaderValue,
}

/// An answer to a read.
#[derive(Debug)]
pub(crate) struct Kept {
    content_type: HeaderValue,
    /// The cursor at which it was read.
    pub(crate) cursor: Option<Cursor>,
    plain: Form,
    /// None if it is not smaller.
    packed: OnceLock<Option<Form>>,
}

impl Kept {
    pub(crate) fn new(content_type: HeaderValue, cursor: Option<Cursor>, body: Bytes) -> Self {
        let hash = Sha256::digest(&body);
        Self {
            content_type,
            cursor,
            plain: Form {
                tag: tag(&hash[..16], ""),
                bytes: body,
            },
            packed: OnceLock::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.plain.bytes.len()
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.plain.bytes
    }

    /// The answer to somebody who sent `headers`, true at `cursor`.
    pub(crate) async fn respond(
        self: std::sync::Arc<Self>,
        headers: &HeaderMap,
        cursor: Option<Cursor>,
    ) -> Response {
        if self.len() >= PACK && takes_gzip(headers) {
            if self.len() > LARGE && self.packed.get().is_none() {
                let kept = std::sync::Arc::clone(&self);
                // If that fails, it is done below.
                let _ = tokio::task::spawn_blocking(move || kept.packed().is_some()).await;
            }
            if let Some(form) = self.packed() {
                let mut response = self.answer(form, headers, cursor);
                let gzip = HeaderValue::from_static("gzip");
                response.headers_mut().insert(CONTENT_ENCODING, gzip);
                return response;
            }
        }
        self.answer(&self.plain, headers, cursor)
    }

    fn packed(&self) -> Option<&Form> {
        self.packed.get_or_init(|| pack(&self.plain)).as_ref()
    }

    fn answer(&self, form: &Form, asked: &HeaderMap, cursor: Option<Cursor>) -> Response {
        let mut response = match has(asked, &form.tag) {
            true => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                response
            }
            false => {
                let mut response = Response::new(Body::from(form.bytes.clone()));
                let content_type = self.content_type.clone();
                response.headers_mut().insert(CONTENT_TYPE, content_type);
                response
            }
        };
        let headers = response.headers_mut();
        headers.insert(ETAG, form.tag.clone());
        // To be kept, and asked about each time.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(
            VARY,
            HeaderValue::from_static("accept, accept-encoding, authorization, cookie"),
        );
        if let Some(cursor) = cursor.or(self.cursor) {
            headers.insert(CURSOR_HEADER, HeaderValue::from(cursor.0));
        }
        response
    }
}

/// Each encoding has a tag of its own.
fn tag(hash: &[u8], encoding: &str) -> HeaderValue {
    let mut text = String::with_capacity(2 * hash.len() + encoding.len() + 2);
    text.push('"');
    for byte in hash {
        text.push(char::from(b"0123456789abcdef"[usize::from(byte >> 4)]));
        text.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
    }
    text.push_str(encoding);
    text.push('"');
    // Digits, letters and quotes are fit for a header.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("\"\""))
}

fn pack(plain: &Form) -> Option<Form> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.bytes.len() / 8), Compression::fast());
    let packed = encoder
        .write_all(&plain.bytes)
        .and_then(|()| encoder.finish())
        .ok()?;
    let own = plain.tag.to_str().ok()?.trim_matches('"');
    (packed.len() < plain.bytes.len()).then(|| Form {
        tag: HeaderValue::from_str(&format!("\"{own}-gzip\"")).unwrap_or(HeaderValue::from_static("\"\"")),
        bytes: Bytes::from(packed),
    })
}

/// Whether the client has what the tag stands for already.
fn has(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let Ok(tag) = tag.to_str() else { return false };
    let lines = headers.get_all(IF_NONE_MATCH).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .any(|it| it == "*" || it.strip_prefix("W/").unwrap_or(it) == tag)
}

/// Whether the client takes gzip: it is named, or any is, and not with the weight 0.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let weight_of = |wanted: &str| {
        let lines = headers.get_all(ACCEPT_ENCODING).iter();
        let parts = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','))
            .map(|part| part.split_once(';').unwrap_or((part, "")));
        let mut named = parts.filter(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
        let (_, weight) = named.next()?;
        let weight = weight.trim().strip_prefix("q=");
        weight.map_or(Some(1.0), |it| it.parse::<f32>().ok())
    };
    weight_of("gzip")
        .or_else(|| weight_of("*"))
        .is_some_and(|it| it > 0.0)
}
