//! Callers of a Weir master: its API as each may see it, signing in and out, and tokens.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::RequestBuilder;
use serde_json::Value;
use weir_status_api::{
    Access, Caller, Error, Identity, IssuedToken, NewToken, Result, StatusApi, Token, TokenId,
};

use super::HttpStatus;
use super::http::is_ok;
use crate::v2;

/// A gateway on a gateway: whose token it is, the master behind knows. A name that was established here means nothing
/// there; such a caller is anonymous.
#[async_trait]
impl Access for HttpStatus {
    fn open(&self, caller: &Caller) -> Arc<dyn StatusApi> {
        Arc::new(self.opened(caller))
    }

    async fn identify(&self, caller: &Caller) -> Result<Identity> {
        let request = self.client.get(format!("{}{}", self.base, v2::CONFIG));
        let body = self.opened(caller).ask(request).await?;
        v2::identity_from_config(&body).ok_or_else(strange)
    }

    /// The session's text comes in a cookie: no page of the site shall be able to read it.
    async fn sign_in(&self, user: &str, password: &str) -> Result<IssuedToken> {
        let request = self.client.post(format!("{}{}", self.base, v2::SIGN_IN));
        let request = request.json(&v2::sign_in_to_json(user, password));
        let response = self.opened(&Caller::anonymous()).begin(request).await?;
        let cookies: Vec<String> = response
            .headers()
            .get_all(reqwest::header::SET_COOKIE)
            .iter()
            .filter_map(|it| it.to_str().ok().map(str::to_owned))
            .collect();
        let (status, answer) = self.finish(response).await?;
        if !is_ok(status) {
            return Err(v2::error_from(status, &answer.body));
        }
        v2::session_from(&cookies, &answer.body).ok_or_else(strange)
    }

    /// A session that has ended before needs no end: a token that is no good is no error here.
    async fn sign_out(&self, caller: &Caller) -> Result<()> {
        if caller.token().is_none() {
            return Ok(());
        }
        let request = self.client.post(format!("{}{}", self.base, v2::SIGN_OUT));
        let (status, answer) = self.opened(caller).send(request).await?;
        match is_ok(status) || (300..400).contains(&status) {
            true => Ok(()),
            false => Err(v2::error_from(status, &answer.body)),
        }
    }

    async fn issue_token(&self, caller: &Caller, token: NewToken) -> Result<IssuedToken> {
        let request = self.client.post(self.url(v2::TOKENS));
        let request = request.json(&v2::new_token_to_json(&token));
        let body = self.opened(caller).ask(request).await?;
        v2::issued_from_json(&body).ok_or_else(strange)
    }

    async fn tokens(&self, caller: &Caller) -> Result<Vec<Token>> {
        let request = self.client.get(self.url(v2::TOKENS));
        let body = self.opened(caller).ask(request).await?;
        v2::tokens_from_json(&body).ok_or_else(strange)
    }

    async fn revoke_token(&self, caller: &Caller, token: TokenId) -> Result<()> {
        let request = self.client.delete(self.url(&format!("{}/{token}", v2::TOKENS)));
        self.opened(caller).ask(request).await.map(drop)
    }
}

impl HttpStatus {
    /// The same for that caller.
    fn opened(&self, caller: &Caller) -> Self {
        Self {
            caller: Some(caller.clone()),
            ..self.clone()
        }
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Value> {
        let (status, answer) = self.send(request).await?;
        match is_ok(status) {
            true => Ok(answer.body),
            false => Err(v2::error_from(status, &answer.body)),
        }
    }
}

fn strange() -> Error {
    Error::internal("the server's answer about who somebody is cannot be understood")
}
