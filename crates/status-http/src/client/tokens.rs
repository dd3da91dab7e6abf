//! Tokens of a Weir master.

use reqwest::RequestBuilder;
use serde_json::Value;
use weir_status_api::{Caller, Error, IssuedToken, NewToken, Result, Token, TokenId};

use super::HttpStatus;
use crate::v2;

impl HttpStatus {
    async fn as_caller(&self, request: RequestBuilder, caller: &Caller) -> Result<Value> {
        let request = match caller.token() {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let (status, answer) = self.send(request).await?;
        match (200..300).contains(&status) {
            true => Ok(answer.body),
            false => Err(v2::error_from(status, &answer.body)),
        }
    }

    /// The caller's tokens, for an administrator all.
    ///
    /// # Errors
    /// As [`Access::tokens`](weir_status_api::Access::tokens).
    pub async fn tokens(&self, caller: &Caller) -> Result<Vec<Token>> {
        let request = self.client.get(self.url(v2::TOKENS));
        let body = self.as_caller(request, caller).await?;
        v2::tokens_from_json(&body).ok_or_else(strange)
    }

    /// Makes a token.
    ///
    /// # Errors
    /// As [`Access::issue_token`](weir_status_api::Access::issue_token).
    pub async fn issue_token(&self, caller: &Caller, new: &NewToken) -> Result<IssuedToken> {
        let request = self.client.post(self.url(v2::TOKENS));
        let request = request.json(&v2::new_token_to_json(new));
        let body = self.as_caller(request, caller).await?;
        v2::issued_from_json(&body).ok_or_else(strange)
    }

    /// Revokes a token.
    ///
    /// # Errors
    /// As [`Access::revoke_token`](weir_status_api::Access::revoke_token).
    pub async fn revoke_token(&self, caller: &Caller, token: TokenId) -> Result<()> {
        let request = self.client.delete(self.url(&format!("{}/{token}", v2::TOKENS)));
        self.as_caller(request, caller).await.map(drop)
    }
}

fn strange() -> Error {
    Error::internal("the server's answer about tokens cannot be understood")
}
