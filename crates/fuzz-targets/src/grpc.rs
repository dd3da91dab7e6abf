//! Requests of gRPC: the first byte tells the method, the rest is the body, frames and all.

use std::cell::LazyCell;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use weir_status_grpc::{ACCESS_SERVICE_NAME, SERVICE_NAME};

use crate::Server;

/// `Watch` is left out: its answer has no end.
const METHODS: [(&str, &str); 13] = [
    (SERVICE_NAME, "Get"),
    (SERVICE_NAME, "List"),
    (SERVICE_NAME, "GetLogContent"),
    (SERVICE_NAME, "GetProperties"),
    (SERVICE_NAME, "GetBuildData"),
    (SERVICE_NAME, "GetView"),
    (SERVICE_NAME, "Control"),
    (ACCESS_SERVICE_NAME, "Identify"),
    (ACCESS_SERVICE_NAME, "SignIn"),
    (ACCESS_SERVICE_NAME, "IssueToken"),
    (ACCESS_SERVICE_NAME, "ListTokens"),
    (ACCESS_SERVICE_NAME, "RevokeToken"),
    // Behind the others, so that what was found before still means what it did.
    (SERVICE_NAME, "SearchLog"),
];

thread_local! {
    static SERVER: LazyCell<Server> = const { LazyCell::new(Server::grpc) };
}

pub(crate) fn try_it(data: &[u8]) {
    let [method, body @ ..] = data else { return };
    let (service, method) = METHODS[usize::from(*method) % METHODS.len()];
    // As a client has it: the frame is made here, unless the body brings one of its own.
    for framed in [true, false] {
        let mut bytes = vec![];
        if framed {
            bytes.push(0);
            bytes.extend(u32::try_from(body.len()).expect("a short body").to_be_bytes());
        }
        bytes.extend(body);
        let request = Request::post(format!("/{service}/{method}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Body::from(bytes))
            .expect("a request");
        let answer = SERVER.with(|it| it.ask(request));
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let status = answer
            .headers
            .get("grpc-status")
            .map_or("0", |it| it.to_str().expect("a number"));
        // UNKNOWN and DATA_LOSS are nobody's mistake.
        assert!(!matches!(status, "2" | "15"), "{answer:?}");
    }
}
