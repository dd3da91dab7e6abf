//! The bodies of commands, whatever they are sent to.

use weir_status_http::v2::{self, Asked, Endpoint, ForceRequest, RpcRequest};

/// One path for each kind of resource that takes commands.
const PATHS: [&str; 5] = [
    "builds/1",
    "buildrequests/1",
    "workers/w",
    "schedulers/1",
    "forceschedulers/force",
];

pub(crate) fn try_it(body: &[u8]) {
    if let Ok(key) = v2::read_idempotency_key(body) {
        let written = v2::write_idempotency_key(&key);
        assert_eq!(v2::read_idempotency_key(written.as_bytes()), Ok(key));
    }
    let request = match RpcRequest::parse(body) {
        Ok(request) => request,
        Err(answer) => return assert_eq!(answer.status, 400),
    };
    let again = RpcRequest::parse(request.to_json().to_string().as_bytes());
    assert_eq!(again.as_ref(), Ok(&request));
    for path in PATHS {
        let endpoint = Endpoint::parse(path).expect("a path");
        match v2::asked(&endpoint, &request.method, &request.params) {
            Ok(Asked::Command(command)) => {
                let (path, method, params) = v2::write_command(&command, "");
                let endpoint = path.as_deref().and_then(Endpoint::parse).expect("it has a path");
                assert_eq!(v2::asked(&endpoint, method, &params), Ok(Asked::Command(command)));
            }
            Ok(Asked::Force { params, .. }) => {
                for codebase in ["", "app"] {
                    force(&params, codebase);
                }
            }
            Err(_) => {}
        }
    }
}

fn force(params: &serde_json::Map<String, serde_json::Value>, codebase: &str) {
    let Ok(request) = ForceRequest::parse(params, codebase) else {
        return;
    };
    let written = v2::force_to_params(&request.params, codebase);
    let again = ForceRequest::parse(&written, codebase).expect("what was written can be read");
    // A list of one is that one, as forms send it: a list within lists loses one each time.
    let plain = |it: &serde_json::Value| !it.is_array();
    if request.params.values.values().all(plain) {
        assert_eq!(again.params, request.params);
    }
}
