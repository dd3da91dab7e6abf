//! `POST /change_hook/base`: changes that programs tell of, in the form of Buildbot's hook of that name.

use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};
use weir_status_api::{Command, Error, Outcome, Result};
use weir_status_http::v2;

use crate::answer::{self, in_time, refuse};
use crate::{App, Shared, credential};

/// What it was is the name of the hook; only Buildbot's `base` is there.
const BASE: &str = "base";

/// Records the change that the form tells of, if whoever sent it may.
pub(crate) async fn serve(State(app): State<Shared>, Path(hook): Path<String>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if hook != BASE {
        return answer::error(&Error::not_found(format!("change hook `{hook}`")));
    }
    let form = match read(&app, body).await {
        Ok(form) => form,
        Err(refused) => return refused,
    };
    let caller = credential::caller(&head.headers);
    let api = app.access.open(&caller);
    let result = {
        let _command = app.shared.fresh.command();
        let told = async {
            let change = v2::change_from_params(&params(&form)?)?;
            api.control(&caller, Command::AddChange { change }).await
        };
        in_time(app.options.deadline, told).await
    };
    match result {
        Ok(Outcome::Change { change }) => {
            (StatusCode::ACCEPTED, format!("change {change} is added\n")).into_response()
        }
        Ok(other) => answer::error(&Error::internal(format!("a change gave {other:?}"))),
        Err(error) => answer::error(&error),
    }
}

async fn read(app: &App, body: Body) -> std::result::Result<String, Response> {
    let most = app.options.max_body;
    let body = tokio::time::timeout(app.options.deadline, to_bytes(body, most)).await;
    match body {
        Ok(Ok(body)) => String::from_utf8(body.to_vec())
            .map_err(|_| refuse(StatusCode::BAD_REQUEST, "the body is no form in UTF-8")),
        Ok(Err(_)) => {
            let why = format!("the body could not be read, or has more than {most} bytes");
            Err(refuse(StatusCode::PAYLOAD_TOO_LARGE, &why))
        }
        Err(_) => Err(refuse(
            StatusCode::REQUEST_TIMEOUT,
            "the body did not come in time",
        )),
    }
}

/// The fields of the form by the names of the status API's parameters. Empty ones are left out.
fn params(form: &str) -> Result<Map<String, Value>> {
    let mut params = Map::new();
    let fields = v2::pairs(form);
    let has_author = fields
        .iter()
        .any(|(name, text)| name == "author" && !text.is_empty());
    for (name, text) in fields.into_iter().filter(|(_, text)| !text.is_empty()) {
        let (name, value) = match name.as_str() {
            "who" if has_author => continue,
            "who" => ("author", text.into()),
            "when" | "when_timestamp" => ("when_timestamp", json(&name, &text)?),
            "files" | "properties" => (name.as_str(), json(&name, &text)?),
            name => (name, text.into()),
        };
        params.insert(name.to_owned(), value);
    }
    Ok(params)
}

fn json(name: &str, text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| Error::InvalidInput {
        fields: [(name.to_owned(), format!("is no JSON: {error}"))].into(),
    })
}
