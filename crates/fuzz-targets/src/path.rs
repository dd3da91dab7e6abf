//! Paths: a resource that a path names has a path that names it.

use weir_status_http::v2::{self, Endpoint};

pub(crate) fn try_it(path: &str) {
    let _ = v2::decode_path(path);
    let Some(endpoint) = Endpoint::parse(path) else {
        return;
    };
    let written = match &endpoint {
        Endpoint::One(key) => v2::key_path(key),
        Endpoint::Contents(log) => v2::contents_path(log),
        Endpoint::Search(log) => v2::search_path(log),
        Endpoint::Properties(of) => v2::properties_path(of),
        Endpoint::BuildDataValue(build, name) => v2::build_data_path(build, name),
        _ => return,
    };
    if let Some(written) = written {
        assert_eq!(
            Endpoint::parse(&written),
            Some(endpoint),
            "{path:?} as {written:?}"
        );
    }
}
