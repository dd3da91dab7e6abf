//! The client as a door: the API by caller, sessions and tokens.

use std::sync::Arc;

use async_trait::async_trait;
use weir_status_api::{Access, Caller, Identity, IssuedToken, NewToken, Result, StatusApi, Token, TokenId};

use super::credential::Credential;
use super::{GrpcStatus, part};
use crate::convert::Field;
use crate::v1;

#[async_trait]
impl Access for GrpcStatus {
    /// The same connection, with the token of `caller`, else this client's own, in each call and watch.
    fn open(&self, caller: &Caller) -> Arc<dyn StatusApi> {
        Arc::new(Self {
            credential: Credential::Always(self.credential.of(caller)),
            ..self.clone()
        })
    }

    async fn identify(&self, caller: &Caller) -> Result<Identity> {
        let token = self.credential.of(caller)?;
        let answer = self
            .call(token, v1::IdentifyRequest {}, async |it| {
                self.access.clone().identify(it).await
            })
            .await?;
        part("identity", answer.identity)
    }

    async fn sign_in(&self, user: &str, password: &str) -> Result<IssuedToken> {
        let request = v1::SignInRequest {
            user: user.to_owned(),
            password: password.to_owned(),
        };
        let answer = self
            .call(None, request, async |it| self.access.clone().sign_in(it).await)
            .await?;
        part("issued", answer.issued)
    }

    async fn sign_out(&self, caller: &Caller) -> Result<()> {
        let token = self.credential.of(caller)?;
        self.call(token, v1::SignOutRequest {}, async |it| {
            self.access.clone().sign_out(it).await
        })
        .await
        .map(drop)
    }

    async fn issue_token(&self, caller: &Caller, token: NewToken) -> Result<IssuedToken> {
        let request = v1::IssueTokenRequest { token: token.put() };
        let answer = self
            .call(self.credential.of(caller)?, request, async |it| {
                self.access.clone().issue_token(it).await
            })
            .await?;
        part("issued", answer.issued)
    }

    async fn tokens(&self, caller: &Caller) -> Result<Vec<Token>> {
        let token = self.credential.of(caller)?;
        let answer = self
            .call(token, v1::ListTokensRequest {}, async |it| {
                self.access.clone().list_tokens(it).await
            })
            .await?;
        part("tokens", answer.tokens)
    }

    async fn revoke_token(&self, caller: &Caller, token: TokenId) -> Result<()> {
        let request = v1::RevokeTokenRequest { token: token.0 };
        self.call(self.credential.of(caller)?, request, async |it| {
            self.access.clone().revoke_token(it).await
        })
        .await
        .map(drop)
    }
}
