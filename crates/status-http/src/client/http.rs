//! Requests and answers.

use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use weir_status_api::{Caller, Cursor, Entity, Error, Kind, Result};

use super::HttpStatus;
use crate::v2::{self, FormError, envelope, plural};

/// A body, and the cursor at which it is true; none from a Buildbot master.
pub(super) struct Answer {
    pub(super) body: Value,
    pub(super) cursor: Option<Cursor>,
}

impl Answer {
    /// The cursor; that of a Buildbot master is always the same.
    pub(super) fn cursor(&self) -> Cursor {
        self.cursor.unwrap_or(Cursor::ZERO)
    }

    /// The resources of `kind`.
    pub(super) fn entities(&self, kind: Kind) -> Result<Vec<Entity>> {
        let name = plural(kind);
        let objects = envelope::objects(&self.body, name);
        objects
            .ok_or_else(|| Error::internal(format!("the server's answer has no list `{name}`")))?
            .iter()
            .map(|object| v2::from_json(kind, object).map_err(bad_form))
            .collect()
    }
}

pub(super) fn is_ok(status: u16) -> bool {
    (200..300).contains(&status)
}

pub(super) fn bad_form(error: FormError) -> Error {
    Error::internal(format!("the server's answer cannot be understood: {error}"))
}

impl HttpStatus {
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}api/v2/{path}", self.base)
    }

    /// Reads what is at `path`.
    pub(super) async fn read(&self, path: &str, query: &str) -> Result<Answer> {
        let (status, answer) = self.send(self.get(path, query)).await?;
        match is_ok(status) {
            true => Ok(answer),
            false => Err(v2::error_from(status, &answer.body)),
        }
    }

    /// Reads what is at `path` and is no JSON.
    pub(super) async fn read_bytes(&self, path: &str) -> Result<(Vec<u8>, Option<Cursor>)> {
        let response = self.begin(self.get(path, "")).await?;
        let (status, cursor, body) = self.finish_for_bytes(response).await?;
        match is_ok(status) {
            true => Ok((body, cursor)),
            false => Err(v2::error_from(
                status,
                &serde_json::from_slice(&body).unwrap_or_default(),
            )),
        }
    }

    fn get(&self, path: &str, query: &str) -> RequestBuilder {
        let mut url = self.url(path);
        if !query.is_empty() {
            url.push('?');
            url.push_str(query);
        }
        self.client.get(url)
    }

    /// Sends the request; gives the status and the whole answer.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<(u16, Answer)> {
        let response = self.begin(request).await?;
        self.finish(response).await
    }

    /// Sends the request, with the token of whoever the API was opened to; gives the head of the answer.
    pub(super) async fn begin(&self, request: RequestBuilder) -> Result<Response> {
        let request = self
            .authorized(request)
            .header("accept", "application/json")
            .timeout(self.options.timeout);
        request.send().await.map_err(unreachable)
    }

    pub(super) async fn finish(&self, response: Response) -> Result<(u16, Answer)> {
        let (status, cursor, body) = self.finish_for_bytes(response).await?;
        // An error need not be JSON: a proxy may have made it.
        let body = serde_json::from_slice(&body).or_else(|error| match is_ok(status) {
            true => Err(Error::internal(format!(
                "the server's answer is no JSON: {error}"
            ))),
            false => Ok(Value::Null),
        })?;
        Ok((status, Answer { body, cursor }))
    }

    async fn finish_for_bytes(&self, response: Response) -> Result<(u16, Option<Cursor>, Vec<u8>)> {
        let status = response.status().as_u16();
        let cursor = response.headers().get(envelope::CURSOR_HEADER);
        let cursor = cursor.and_then(|value| value.to_str().ok()?.parse().ok());
        Ok((status, cursor, self.body(response).await?))
    }

    /// The request with the token of whoever the API was opened to, if they have one.
    pub(super) fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match self.caller.as_ref().and_then(Caller::token) {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > self.options.max_answer {
                let bytes = self.options.max_answer;
                return Err(Error::internal(format!(
                    "the server's answer has more than {bytes} bytes"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// The error of an answer that is no event stream.
    pub(super) async fn refused(&self, response: Response) -> Result<Error> {
        let status = response.status().as_u16();
        let body = self.body(response).await?;
        let body = serde_json::from_slice(&body).unwrap_or_default();
        Ok(v2::error_from(status, &body))
    }
}

/// What stands in the way, down to its cause: the outermost error says only that sending failed. What is wrong with
/// TLS in plain words.
pub(super) fn unreachable(error: reqwest::Error) -> Error {
    if let Some(why) = weir_tls::explain(&error) {
        return Error::unavailable(why);
    }
    let error = error.without_url();
    let mut causes = vec![error.to_string()];
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    Error::unavailable(causes.join(": "))
}
