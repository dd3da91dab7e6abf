//! Commands: JSON-RPC to the status API's control.

use axum::body::{Body, to_bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value};
use weir_status_api::{
    Builder, Caller, Command, Error, ForceScheduler, Key, Outcome, ReadExt, Result, StatusApi,
};
use weir_status_http::v2::{
    self, Asked, Endpoint, ForceRequest, IDEMPOTENCY_HEADER, RpcRequest, RpcResponse,
};

use crate::answer::{http_status, in_time, refuse};
use crate::{App, credential};

/// Carries out a call to what `path` names.
pub(crate) async fn serve(app: &App, path: &str, headers: &HeaderMap, body: Body) -> Response {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|it| it.to_str().ok())
        .unwrap_or_default();
    // Also what keeps other sites' forms out: they cannot send this type without asking first.
    if content_type.split(';').next().map(str::trim) != Some("application/json") {
        return answer(RpcRequest::wrong_content_type(content_type));
    }
    let deadline = app.options.deadline;
    let body = match tokio::time::timeout(deadline, to_bytes(body, app.options.max_body)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => {
            let why = format!(
                "the body could not be read, or has more than {} bytes",
                app.options.max_body
            );
            return refuse(StatusCode::PAYLOAD_TOO_LARGE, &why);
        }
        Err(_) => return refuse(StatusCode::REQUEST_TIMEOUT, "the body did not come in time"),
    };
    let call = match RpcRequest::parse(&body) {
        Ok(call) => call,
        Err(refused) => return answer(refused),
    };
    let caller = credential::caller(headers);
    let api = app.access.open(&caller);
    let asker = Asker {
        api: &*api,
        caller: &caller,
        headers,
    };
    let result = {
        let _command = app.shared.fresh.command();
        in_time(deadline, asker.run(path, &call)).await
    };
    if let Err(Error::Internal { why }) = &result {
        tracing::error!(
            path,
            method = call.method,
            why,
            "a command failed by the server's fault"
        );
    }
    answer(v2::rpc_answer(&call.id, &result))
}

fn answer(RpcResponse { status, body }: RpcResponse) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = http_status(status);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Who asks, and how.
#[derive(Clone, Copy)]
struct Asker<'a> {
    api: &'a dyn StatusApi,
    caller: &'a Caller,
    headers: &'a HeaderMap,
}

impl Asker<'_> {
    async fn run(self, path: &str, call: &RpcRequest) -> Result<Outcome> {
        let endpoint = Endpoint::parse(path).ok_or_else(|| Error::not_found(format!("path `{path}`")))?;
        match v2::asked(&endpoint, &call.method, &call.params)? {
            Asked::Command(command) => self.api.control(self.caller, command).await,
            Asked::Force { scheduler, params } => self.force(scheduler, &params).await,
        }
    }

    async fn force(self, scheduler: String, params: &Map<String, Value>) -> Result<Outcome> {
        let codebase = codebase(self.api, &scheduler).await?;
        let ForceRequest { builder, mut params } = ForceRequest::parse(params, &codebase)?;
        if let Some(id) = builder {
            let builder = self.api.one::<Builder>(Key::Builder(id.into())).await?.value;
            params.builders.push(builder.name);
        }
        let key = self.headers.get(IDEMPOTENCY_HEADER);
        params.idempotency_key = key
            .map(|it| v2::read_idempotency_key(it.as_bytes()))
            .transpose()?;
        let command = Command::Force { scheduler, params };
        let outcome = self.api.control(self.caller, command).await;
        outcome.map_err(|error| v2::force_error_to_json_names(error, &codebase))
    }
}

/// The codebase of a force scheduler. Of one that does not exist it does not matter: the command tells of it.
async fn codebase(api: &dyn StatusApi, scheduler: &str) -> Result<String> {
    let key = Key::ForceScheduler(scheduler.to_owned());
    match api.one::<ForceScheduler>(key).await {
        Ok(at) => Ok(at.value.defaults.codebase),
        Err(Error::NotFound { .. }) => Ok(String::new()),
        Err(error) => Err(error),
    }
}
