//! Access: who somebody is, and the status API as they may see it.
//!
//! A binding takes the credential that came with a request, asks [`Access::open`] for the API of that caller,
//! and decides nothing itself. A gateway elsewhere has a binding to a master behind it and hands the
//! credential on, so that the one place that decides is beneath all bindings.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Caller, Error, Result, StatusApi, Timestamp, TokenId};

/// Who a caller turned out to be (Buildbot's `user` in `/config`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The name to sign in with; none for somebody who did not say who they are.
    pub name: Option<String>,
    /// What people call them.
    pub full_name: Option<String>,
    /// Where they get mail.
    pub email: Option<String>,
    /// The groups that they are in.
    pub groups: Vec<String>,
    /// The roles that they have, by themselves or by a group.
    pub roles: Vec<String>,
}

impl Identity {
    /// Whether nobody established who it is.
    pub fn is_anonymous(&self) -> bool {
        self.name.is_none()
    }
}

/// What a token may be used for, within what its user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TokenScope {
    /// To read and watch.
    Read,
    /// To control.
    Control,
    /// To make, list and revoke tokens.
    Tokens,
}

impl TokenScope {
    /// All scopes.
    pub const ALL: [Self; 3] = [Self::Read, Self::Control, Self::Tokens];

    /// The scope's word, as in the command line and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Control => "control",
            Self::Tokens => "tokens",
        }
    }

    /// The scope of that word, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// How a token came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TokenOrigin {
    /// Somebody made it, for a program.
    Made,
    /// Somebody signed in; it is their session.
    SignIn,
}

/// A token to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// What it is for, for people.
    pub name: String,
    /// Whose it shall be; the caller's own if none. Only who has the scope and role for it makes one for another.
    pub user: Option<String>,
    /// What it may be used for.
    pub scopes: Vec<TokenScope>,
    /// When it ends; never if none.
    pub expires_at: Option<Timestamp>,
}

/// What is known of a token. Its text is nowhere kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// What it is for, for people.
    pub name: String,
    /// Whose it is.
    pub user: String,
    /// How it came to be.
    pub origin: TokenOrigin,
    /// What it may be used for.
    pub scopes: Vec<TokenScope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; never if none.
    pub expires_at: Option<Timestamp>,
    /// When somebody revoked it.
    pub revoked_at: Option<Timestamp>,
}

impl Token {
    /// Whether it can be used at `now`.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A token that was just made, and its text, which is told this once.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuedToken {
    /// What is known of it.
    pub token: Token,
    /// Its text, to be presented as `Authorization: Bearer TEXT`.
    pub text: String,
}

impl fmt::Debug for IssuedToken {
    /// Shows what is known of it, never the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuedToken({:?})", self.token)
    }
}

/// The one door to the status API for bindings.
#[async_trait]
pub trait Access: Send + Sync {
    /// The API as `caller` may see it: what is hidden from them is not found, not listed, and has no events; what
    /// they may not do is refused. This never waits; an unknown, revoked or expired token fails each call, and
    /// ends each stream, with [`Error::Unauthenticated`]. Its [`Control`](crate::Control) takes
    /// `caller` for the caller, whatever is named in the call.
    fn open(&self, caller: &Caller) -> Arc<dyn StatusApi>;

    /// Who `caller` is.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if their token is unknown, revoked or expired.
    async fn identify(&self, caller: &Caller) -> Result<Identity>;

    /// Makes a token for the session of the user who knows `password`.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if there is no such user or the password is not theirs, and nothing tells which;
    /// [`Error::TooMany`] after too many wrong attempts.
    async fn sign_in(&self, user: &str, password: &str) -> Result<IssuedToken>;

    /// Ends the session whose token `caller` presents; nothing if they present none.
    ///
    /// # Errors
    /// As [`Access::identify`].
    async fn sign_out(&self, caller: &Caller) -> Result<()>;

    /// Makes a token.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`] if the caller may not, or wants more than they have themselves;
    /// [`Error::InvalidInput`] if a part of it does not fit.
    async fn issue_token(&self, caller: &Caller, token: NewToken) -> Result<IssuedToken>;

    /// The caller's tokens, for an administrator all tokens, the newest first, 10,000 at the most.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`] if the caller may not.
    async fn tokens(&self, caller: &Caller) -> Result<Vec<Token>>;

    /// Makes a token invalid at once; one that is so already stays as it is.
    ///
    /// # Errors
    /// [`Error::PermissionDenied`] if the caller may not; [`Error::NotFound`] if there is none, or it is not theirs.
    async fn revoke_token(&self, caller: &Caller, token: TokenId) -> Result<()>;
}

/// Where tokens are kept: by the SHA-256 of their text, never the text.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// Keeps a token under the hash of its text, and gives it its id.
    ///
    /// # Errors
    /// If the store fails.
    async fn add_token(&self, token: Token, hash: [u8; 32]) -> Result<Token>;

    /// The token whose text has that hash, valid or not.
    ///
    /// # Errors
    /// If the store fails.
    async fn token(&self, hash: [u8; 32]) -> Result<Option<Token>>;

    /// The tokens of `user`, or all, the newest first, 10,000 at the most.
    ///
    /// # Errors
    /// If the store fails.
    async fn tokens(&self, user: Option<&str>) -> Result<Vec<Token>>;

    /// Notes that the token was revoked at `at`; an earlier note stays.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such token; else if the store fails.
    async fn revoke_token(&self, token: TokenId, at: Timestamp) -> Result<()>;

    /// Forgets tokens that ended before `before`.
    ///
    /// # Errors
    /// If the store fails.
    async fn forget_tokens(&self, before: Timestamp) -> Result<()>;
}

/// An API that is open to all callers as it is: no users, no tokens. For tests, and for gateways within a
/// place where everybody may do everything.
#[derive(Clone)]
pub struct OpenToAll(pub Arc<dyn StatusApi>);

impl OpenToAll {
    fn no_users<T>(operation: &str) -> Result<T> {
        Err(Error::NotSupported {
            operation: operation.to_owned(),
            implementer: "an API without users".to_owned(),
        })
    }
}

#[async_trait]
impl Access for OpenToAll {
    fn open(&self, _: &Caller) -> Arc<dyn StatusApi> {
        Arc::clone(&self.0)
    }

    async fn identify(&self, caller: &Caller) -> Result<Identity> {
        Ok(Identity {
            name: (!caller.is_anonymous()).then(|| caller.name().to_owned()),
            ..Identity::default()
        })
    }

    async fn sign_in(&self, _: &str, _: &str) -> Result<IssuedToken> {
        Self::no_users("signing in")
    }

    async fn sign_out(&self, _: &Caller) -> Result<()> {
        Ok(())
    }

    async fn issue_token(&self, _: &Caller, _: NewToken) -> Result<IssuedToken> {
        Self::no_users("making tokens")
    }

    async fn tokens(&self, _: &Caller) -> Result<Vec<Token>> {
        Self::no_users("listing tokens")
    }

    async fn revoke_token(&self, _: &Caller, _: TokenId) -> Result<()> {
        Self::no_users("revoking tokens")
    }
}
