//! Where tokens are kept.

use std::sync::Arc;

use async_trait::async_trait;
use weir_status_api::{Credentials, Result, Timestamp, Token, TokenId};

use crate::backend::Backend;
use crate::store::{Database, Store};
use crate::{postgres, sqlite};

/// The tokens of a master that may be running: whoever may write its database can make and revoke them beside it.
/// The master learns of it within seconds.
#[derive(Clone)]
pub struct TokenStore {
    backend: Arc<dyn Backend>,
}

impl TokenStore {
    /// Opens the tokens in `database`; SQLite's file is in `data_dir`, which is made if it does not exist. Tables are
    /// made and migrated.
    ///
    /// # Errors
    /// [`Error::Unreachable`](crate::Error::Unreachable) if the database does not answer or cannot be migrated;
    /// [`Error::Io`](crate::Error::Io) if the data directory cannot be made.
    pub async fn open(database: &Database, data_dir: &std::path::Path) -> crate::error::Result<Self> {
        let backend: Arc<dyn Backend> = match database {
            Database::Sqlite => {
                std::fs::create_dir_all(data_dir).map_err(|error| {
                    crate::Error::io(format_args!("making {}", data_dir.display()), error)
                })?;
                Arc::new(sqlite::open(&data_dir.join("weir.sqlite")).await?)
            }
            Database::Postgres(url) => Arc::new(postgres::open(url).await?),
        };
        Ok(Self { backend })
    }
}

macro_rules! credentials {
    ($($store:ty: |$it:ident| $backend:expr;)+) => {$(
        #[async_trait]
        impl Credentials for $store {
            async fn add_token(&self, token: Token, hash: [u8; 32]) -> Result<Token> {
                let $it = self;
                Ok($backend.add_token(&token, hash).await?)
            }

            async fn token(&self, hash: [u8; 32]) -> Result<Option<Token>> {
                let $it = self;
                Ok($backend.token(hash).await?)
            }

            async fn tokens(&self, user: Option<&str>) -> Result<Vec<Token>> {
                let $it = self;
                Ok($backend.tokens(user).await?)
            }

            async fn revoke_token(&self, token: TokenId, at: Timestamp) -> Result<()> {
                let $it = self;
                Ok($backend.revoke_token(token, at).await?)
            }

            async fn forget_tokens(&self, before: Timestamp) -> Result<()> {
                let $it = self;
                Ok($backend.forget_tokens(before).await?)
            }
        }
    )+};
}

credentials! {
    Store: |it| it.inner.backend;
    TokenStore: |it| it.backend;
}
