//! `/avatar`: the picture of a person, drawn here. Buildbot sends browsers to a service elsewhere with a hash of the e-mail
//! address; these pages tell nobody who works on what.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, Uri};
use axum::response::Response;
use sha2::{Digest, Sha256};
use weir_status_http::v2;

use crate::neighbours::escape_xml;

/// The picture's width and height where nothing is said, in pixels; Buildbot's too.
const SIZE: u32 = 32;
/// The largest that is drawn.
const MOST: u32 = 512;

/// `/avatar?email=E&username=U&size=S`: as Buildbot's, a size that is none is as none.
pub(crate) async fn serve(uri: Uri) -> Response {
    let query = v2::pairs(uri.query().unwrap_or_default());
    // Buildbot's page writes `&amp;` between its parameters.
    let value = |wanted: &str| {
        let mut query = query.iter();
        let found = query.find(|(name, _)| name.trim_start_matches("amp;") == wanted);
        found.map(|(_, value)| value.as_str()).filter(|it| !it.is_empty())
    };
    let who = value("email").or_else(|| value("username")).unwrap_or_default();
    let size = value("size").and_then(|it| it.parse().ok()).unwrap_or(SIZE);
    let mut response = Response::new(Body::from(draw(who, size.clamp(1, MOST))));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("image/svg+xml"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"),
    );
    response
}

/// The first letter on a colour that is the same person's everywhere.
fn draw(who: &str, size: u32) -> String {
    let who = who.trim().to_lowercase();
    let hash = Sha256::digest(&who);
    let hue = u16::from_be_bytes([hash[0], hash[1]]) % 360;
    let letter = who.chars().find(|it| it.is_alphanumeric());
    let letter = letter.map_or("?".to_owned(), |it| it.to_uppercase().collect());
    let letter = escape_xml(&letter);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{size}\" height=\"{size}\" viewBox=\"0 0 32 32\">\
         <rect width=\"32\" height=\"32\" fill=\"hsl({hue},45%,40%)\"/>\
         <text x=\"16\" y=\"22\" fill=\"#fff\" text-anchor=\"middle\" font-family=\"Verdana,Geneva,sans-serif\" \
         font-size=\"18\">{letter}</text></svg>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_has_one_picture() {
        assert_eq!(draw("Ada@gauge.example", 32), draw("ada@gauge.example ", 32));
        assert_ne!(draw("ada@gauge.example", 32), draw("ben@gauge.example", 32));
        assert!(draw("<&", 32).contains(">?</text>"));
        assert!(draw("", 64).contains("width=\"64\""));
    }
}
