//! Where people look at things: addresses of the web status.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use weir_status_api::{Build, BuildRequestId, BuilderId, BuildsetId};

/// All but what a URL may have as it is.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// Addresses of the web status; none of them if it is not known where it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// The address of its first page, with a `/` at its end.
    base: Option<String>,
}

impl Links {
    /// Those below `web_url`, the address of the web status' first page.
    pub fn new(web_url: Option<&str>) -> Self {
        Self {
            base: web_url.map(|it| format!("{}/", it.trim_end_matches('/'))),
        }
    }

    /// The first page.
    pub fn home(&self) -> Option<&str> {
        self.base.as_deref()
    }

    fn to(&self, place: String) -> Option<String> {
        self.base.as_ref().map(|base| format!("{base}#/{place}"))
    }

    /// A builder.
    pub fn builder(&self, builder: BuilderId) -> Option<String> {
        self.to(format!("builders/{builder}"))
    }

    /// A build.
    pub fn build(&self, build: &Build) -> Option<String> {
        self.to(format!("builders/{}/builds/{}", build.builder, build.number))
    }

    /// A step of a build.
    pub fn step(&self, build: &Build, step: i64) -> Option<String> {
        self.build(build).map(|it| format!("{it}#step-{step}"))
    }

    /// A log of a step of a build.
    pub fn log(&self, build: &Build, step: i64, slug: &str) -> Option<String> {
        let slug = utf8_percent_encode(slug, ESCAPED);
        self.build(build)
            .map(|it| format!("{it}/steps/{step}/logs/{slug}"))
    }

    /// A request.
    pub fn request(&self, request: BuildRequestId) -> Option<String> {
        self.to(format!("buildrequests/{request}"))
    }

    /// A buildset.
    pub fn buildset(&self, buildset: BuildsetId) -> Option<String> {
        self.to(format!("buildsets/{buildset}"))
    }
}

/// The address if it is one that a reader can follow without harm, and not a script, say.
pub(crate) fn followable(url: &str) -> Option<&str> {
    let known = ["https://", "http://", "mailto:", "ftp://"];
    let beginning = url.get(..8).unwrap_or(url).to_ascii_lowercase();
    let is_known = known.iter().any(|it| beginning.starts_with(it));
    (is_known && !url.contains(|it: char| it.is_control() || it.is_whitespace())).then_some(url)
}
