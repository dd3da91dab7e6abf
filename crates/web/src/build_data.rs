//! The values of the data that builds keep: bytes, as they were set.

use std::sync::Arc;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::Response;
use weir_status_api::{At, BuildKey, Error, Result, StatusApi};
use weir_status_http::v2::envelope;

use crate::Shared;
use crate::answer::in_time;
use crate::load::Class;

/// The value of what a build keeps under `name`, to be saved.
pub(crate) async fn value(
    app: &Shared,
    api: Arc<dyn StatusApi>,
    class: Class,
    (build, name): (BuildKey, String),
    query: &[(String, String)],
) -> Result<Response> {
    if let Some((name, _)) = query.first() {
        return Err(Error::invalid(name, "unrecognized query parameter"));
    }
    let disposition = disposition(&name);
    let At { value, cursor } = {
        let _turn = app.rooms.of(class).turn().await?;
        in_time(app.options.deadline, api.build_data(build, name)).await?
    };
    app.shared.fresh.told(cursor);
    let mut response = Response::new(Body::from(value));
    let headers = response.headers_mut();
    headers.insert(envelope::CURSOR_HEADER, HeaderValue::from(cursor.0));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    // What a build wrote must not run as a script of this site, whatever a browser takes it for.
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("sandbox; default-src 'none'"),
    );
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

fn disposition(name: &str) -> String {
    let safe = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    let name: String = name.chars().map(|it| if safe(it) { it } else { '_' }).collect();
    format!("attachment; filename={name}")
}
