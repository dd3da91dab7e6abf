//! Who somebody is, their sessions, and tokens.

use tonic::{Request, Response, Status};
use weir_status_api::{Result, TokenId};

use super::Server;
use crate::call::{Call, part};
use crate::convert::Field;
use crate::v1;
use crate::v1_server::access_service_server::AccessService;

#[tonic::async_trait]
impl AccessService for Server {
    async fn identify(
        &self,
        request: Request<v1::IdentifyRequest>,
    ) -> Result<Response<v1::IdentifyResponse>, Status> {
        let call = Call::of("Identify", &request);
        call.message(async {
            let identity = self.access.identify(&call.caller()?).await?;
            Ok(v1::IdentifyResponse {
                identity: identity.put(),
            })
        })
        .await
    }

    async fn sign_in(
        &self,
        request: Request<v1::SignInRequest>,
    ) -> Result<Response<v1::SignInResponse>, Status> {
        let call = Call::of("SignIn", &request);
        let v1::SignInRequest { user, password } = request.into_inner();
        call.message(async {
            let issued = self.access.sign_in(&user, &password).await?;
            Ok(v1::SignInResponse { issued: issued.put() })
        })
        .await
    }

    async fn sign_out(
        &self,
        request: Request<v1::SignOutRequest>,
    ) -> Result<Response<v1::SignOutResponse>, Status> {
        let call = Call::of("SignOut", &request);
        call.message(async {
            self.access.sign_out(&call.caller()?).await?;
            Ok(v1::SignOutResponse {})
        })
        .await
    }

    async fn issue_token(
        &self,
        request: Request<v1::IssueTokenRequest>,
    ) -> Result<Response<v1::IssueTokenResponse>, Status> {
        let call = Call::of("IssueToken", &request);
        let v1::IssueTokenRequest { token } = request.into_inner();
        call.message(async {
            let token = part("token", token)?;
            let issued = self.access.issue_token(&call.caller()?, token).await?;
            Ok(v1::IssueTokenResponse { issued: issued.put() })
        })
        .await
    }

    async fn list_tokens(
        &self,
        request: Request<v1::ListTokensRequest>,
    ) -> Result<Response<v1::ListTokensResponse>, Status> {
        let call = Call::of("ListTokens", &request);
        call.message(async {
            let tokens = self.access.tokens(&call.caller()?).await?;
            Ok(v1::ListTokensResponse { tokens: tokens.put() })
        })
        .await
    }

    async fn revoke_token(
        &self,
        request: Request<v1::RevokeTokenRequest>,
    ) -> Result<Response<v1::RevokeTokenResponse>, Status> {
        let call = Call::of("RevokeToken", &request);
        let token = TokenId(request.into_inner().token);
        call.message(async {
            self.access.revoke_token(&call.caller()?, token).await?;
            Ok(v1::RevokeTokenResponse {})
        })
        .await
    }
}
