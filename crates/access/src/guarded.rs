//! The one door: who comes in, and what for.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Semaphore, watch};
use weir_status_api::{
    Access, Caller, Clock, Credentials, Error, Identity, IssuedToken, NewToken, Result, StatusApi, Timestamp,
    Token, TokenId, TokenOrigin, TokenScope,
};

use crate::catalogue::Catalogue;
use crate::opened::{Opened, denied};
use crate::policy::{Action, Grant, Policy};
use crate::relations::Relations;
use crate::secret;
use crate::standing::{Known, Memory, Standing};
use crate::throttle::Throttle;

/// How long a session lasts.
pub const SESSION: Duration = Duration::from_secs(7 * 24 * 3600);
/// For how long it is told of tokens that have ended.
const KEPT_AFTER_END: Duration = Duration::from_secs(30 * 24 * 3600);
/// How often those are forgotten.
const BETWEEN_CLEANINGS: Duration = Duration::from_secs(3600);
/// Valid tokens that one user can have, sessions included.
const MOST_TOKENS: usize = 1_000;
/// Passwords that are checked at once; each takes 19 MiB and some tens of milliseconds of one processor.
const CHECKS_AT_ONCE: usize = 2;
/// Passwords that wait to be checked.
const CHECKS_WAITING: usize = 32;

/// What all callers share.
pub(crate) struct Shared {
    pub(crate) api: Arc<dyn StatusApi>,
    pub(crate) credentials: Arc<dyn Credentials>,
    pub(crate) clock: Arc<dyn Clock>,
    policy: RwLock<Arc<Policy>>,
    /// Counts what can change somebody's standing: other policies and revocations.
    changed: watch::Sender<u64>,
    pub(crate) memory: Memory,
    pub(crate) catalogue: Catalogue,
    pub(crate) relations: Relations,
    throttle: Throttle,
    checks: Arc<Semaphore>,
    waiting: Semaphore,
    /// A hash that is nobody's, for those who do not exist to cost as much as those who do.
    nobodys_hash: String,
    cleaned_at: AtomicI64,
}

impl Shared {
    pub(crate) fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.policy.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn generation(&self) -> u64 {
        *self.changed.borrow()
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// What was looked up so far is looked up again, and streams look again whether they may go on.
    fn forget(&self) {
        self.memory
            .forget(|| self.changed.send_modify(|generation| *generation += 1));
    }
}

/// A status API with a [`Policy`] in front of it: the [`Access`] beneath all bindings. Clones are the same one.
#[derive(Clone)]
pub struct Guarded {
    shared: Arc<Shared>,
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").finish_non_exhaustive()
    }
}

impl Guarded {
    /// `api` as `policy` allows it; tokens are kept in `credentials`.
    ///
    /// # Errors
    /// [`Error::Internal`] if the machine gives no random numbers.
    pub fn new(
        api: Arc<dyn StatusApi>,
        credentials: Arc<dyn Credentials>,
        clock: Arc<dyn Clock>,
        policy: Policy,
    ) -> Result<Self> {
        let now = clock.now();
        Ok(Self {
            shared: Arc::new(Shared {
                api,
                credentials,
                clock,
                policy: RwLock::new(Arc::new(policy)),
                changed: watch::Sender::new(0),
                memory: Memory::default(),
                catalogue: Catalogue::default(),
                relations: Relations::new(),
                throttle: Throttle::new(now),
                checks: Arc::new(Semaphore::new(CHECKS_AT_ONCE)),
                waiting: Semaphore::new(CHECKS_WAITING),
                nobodys_hash: secret::hash_of_nobody()?,
                cleaned_at: AtomicI64::new(i64::MIN),
            }),
        })
    }

    /// Puts another policy in place, for calls and streams under way too.
    pub fn set_policy(&self, policy: Policy) {
        let shared = &self.shared;
        *shared.policy.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
        shared.forget();
    }

    /// Whether anybody can sign in with a password.
    pub fn has_passwords(&self) -> bool {
        self.shared.policy().has_passwords()
    }

    /// Who calls, who must be known by name and may handle tokens.
    async fn token_holder(&self, caller: &Caller) -> Result<Holder> {
        let who = self.shared.standing(caller).await?;
        if matches!(who, Standing::Anonymous) {
            return Err(Error::PermissionDenied {
                why: "tokens are for those who are known by name; sign in first".to_owned(),
            });
        }
        who.must_have(TokenScope::Tokens)?;
        let administers = self.shared.policy().grant(Action::Tokens, &who) == Grant::Everything;
        Ok(Holder { who, administers })
    }

    /// The hash that the password fits, if it is the right one. The work is the same whether or not there is such a
    /// user.
    async fn check_password(&self, user: &str, password: &str) -> Result<Option<String>> {
        let policy = self.shared.policy();
        let known = policy.user(user).and_then(|it| it.password_hash.clone());
        let exists = known.is_some();
        let hash = known.unwrap_or_else(|| self.shared.nobodys_hash.clone());
        let busy = || Error::TooMany {
            why: "people sign in at once; try again in a few seconds".to_owned(),
        };
        let _place = self.shared.waiting.try_acquire().map_err(|_| busy())?;
        let permit = Arc::clone(&self.shared.checks).acquire_owned().await;
        let permit = permit.map_err(|_| busy())?;
        let (password, its) = (password.to_owned(), hash.clone());
        let check = tokio::task::spawn_blocking(move || {
            // Held for as long as the work takes, even if nobody waits for it any more.
            let _permit = permit;
            secret::is_password(&password, &its)
        });
        let right = check
            .await
            .map_err(|error| Error::internal(format!("a password could not be checked: {error}")))?;
        Ok((right && exists).then_some(hash))
    }

    async fn keep(&self, token: Token, text: String) -> Result<IssuedToken> {
        self.clean().await;
        let credentials = &self.shared.credentials;
        let now = self.shared.clock.now();
        let theirs = credentials.tokens(Some(&token.user)).await?;
        if theirs.iter().filter(|it| it.is_valid(now)).count() >= MOST_TOKENS {
            let why = format!("`{}` has {MOST_TOKENS} tokens already; revoke some", token.user);
            return Err(Error::Conflict { why });
        }
        let token = credentials.add_token(token, secret::hash(&text)).await?;
        Ok(IssuedToken { token, text })
    }

    /// Forgets tokens that ended long ago, now and then.
    async fn clean(&self) {
        let now = self.shared.clock.now();
        let last = Timestamp(self.shared.cleaned_at.load(Ordering::Relaxed));
        if last.0 != i64::MIN && now.since(last) < BETWEEN_CLEANINGS {
            return;
        }
        self.shared.cleaned_at.store(now.0, Ordering::Relaxed);
        let kept = i64::try_from(KEPT_AFTER_END.as_micros()).unwrap_or(i64::MAX);
        let before = Timestamp(now.0.saturating_sub(kept));
        if let Err(error) = self.shared.credentials.forget_tokens(before).await {
            tracing::warn!(%error, "tokens that ended long ago could not be forgotten");
        }
    }
}

/// Somebody who handles tokens.
struct Holder {
    who: Standing,
    /// Also those of others.
    administers: bool,
}

impl Holder {
    fn name(&self) -> String {
        self.who.caller().name().to_owned()
    }

    /// Refuses a token that can do more, or lasts longer, than the one it is asked for with.
    fn check(&self, new: &NewToken) -> Result<()> {
        let Standing::Known(known) = &self.who else {
            return Ok(());
        };
        let more = new.scopes.iter().find(|it| !known.scopes.contains(it));
        if let Some(scope) = more {
            return Err(Error::PermissionDenied {
                why: format!("this token has not the scope `{}` itself", scope.name()),
            });
        }
        if known.outlived_by(new.expires_at) {
            return Err(Error::PermissionDenied {
                why: "a token must not make one that lasts longer than itself; give an earlier expiry"
                    .to_owned(),
            });
        }
        Ok(())
    }
}

impl Known {
    /// Whether a token with this end lasts longer than this one. Sessions are short, and make tokens that are not.
    fn outlived_by(&self, end: Option<Timestamp>) -> bool {
        match &self.token {
            Some(token) if token.origin == TokenOrigin::Made => match (token.expires_at, end) {
                (None, _) => false,
                (Some(_), None) => true,
                (Some(mine), Some(its)) => its > mine,
            },
            _ => false,
        }
    }
}

/// What is wrong with a token that shall be made.
///
/// # Errors
/// [`Error::InvalidInput`], with the field.
pub fn check_new_token(new: &NewToken, now: Timestamp) -> Result<()> {
    let wrong = |field: &str, why: &str| {
        Err(Error::InvalidInput {
            fields: [(field.to_owned(), why.to_owned())].into(),
        })
    };
    let has_control = |text: &str| text.chars().any(char::is_control);
    if new.name.chars().count() > 200 || has_control(&new.name) {
        return wrong("name", "has more than 200 characters, or control characters");
    }
    if new.scopes.is_empty() {
        return wrong(
            "scopes",
            "is empty: say what the token is for, `read`, `control` or `tokens`",
        );
    }
    if new.expires_at.is_some_and(|end| end <= now) {
        return wrong("expires_at", "is in the past");
    }
    Ok(())
}

/// A token for `user` as it is kept, made at `now`, and its text, which is told once. For those who may write where
/// tokens are kept; who asks an API for one goes by [`Access::issue_token`].
///
/// # Errors
/// [`Error::InvalidInput`] if a part of it does not fit; else if the store fails.
pub async fn issue(
    credentials: &dyn Credentials,
    user: &str,
    new: NewToken,
    now: Timestamp,
) -> Result<IssuedToken> {
    check_new_token(&new, now)?;
    let text = secret::new_token();
    let token = made(user, new, now);
    let token = credentials.add_token(token, secret::hash(&text)).await?;
    Ok(IssuedToken { token, text })
}

fn made(user: &str, new: NewToken, now: Timestamp) -> Token {
    let mut scopes = new.scopes;
    scopes.sort_unstable();
    scopes.dedup();
    Token {
        // The store gives the id.
        id: TokenId(0),
        name: new.name,
        user: user.to_owned(),
        origin: TokenOrigin::Made,
        scopes,
        created_at: now,
        expires_at: new.expires_at,
        revoked_at: None,
    }
}

#[async_trait]
impl Access for Guarded {
    fn open(&self, caller: &Caller) -> Arc<dyn StatusApi> {
        Arc::new(Opened {
            shared: Arc::clone(&self.shared),
            caller: caller.clone(),
        })
    }

    async fn identify(&self, caller: &Caller) -> Result<Identity> {
        Ok(match self.shared.standing(caller).await? {
            Standing::Anonymous => Identity::default(),
            Standing::Insider(name) => Identity {
                name: Some(name),
                ..Identity::default()
            },
            Standing::Known(known) => known.identity.clone(),
        })
    }

    async fn sign_in(&self, user: &str, password: &str) -> Result<IssuedToken> {
        let now = self.shared.clock.now();
        let wrong = || Error::Unauthenticated {
            why: "the name or the password is wrong".to_owned(),
        };
        if user.len() > 256 || password.len() > secret::LONGEST_PASSWORD {
            return Err(wrong());
        }
        self.shared.throttle.attempt(user, now)?;
        let Some(hash) = self.check_password(user, password).await? else {
            tracing::info!(user, "somebody tried to sign in with a wrong name or password");
            return Err(wrong());
        };
        self.shared.throttle.succeeded(user);
        let session = NewToken {
            name: "a session of the web".to_owned(),
            user: None,
            scopes: TokenScope::ALL.to_vec(),
            expires_at: Some(now.plus(SESSION)),
        };
        let token = Token {
            origin: TokenOrigin::SignIn,
            ..made(user, session, now)
        };
        self.keep(token, secret::new_session(&hash)).await
    }

    async fn sign_out(&self, caller: &Caller) -> Result<()> {
        let who = self.shared.standing(caller).await?;
        let Standing::Known(known) = &who else {
            return Ok(());
        };
        if let Some(token) = known.token.as_ref().filter(|it| it.origin == TokenOrigin::SignIn) {
            let now = self.shared.clock.now();
            self.shared.credentials.revoke_token(token.id, now).await?;
            self.shared.forget();
        }
        Ok(())
    }

    async fn issue_token(&self, caller: &Caller, new: NewToken) -> Result<IssuedToken> {
        let holder = self.token_holder(caller).await?;
        let (own, now) = (holder.name(), self.shared.clock.now());
        let user = new.user.clone().unwrap_or_else(|| own.clone());
        if user != own && !holder.administers {
            return Err(denied(Action::Tokens, &holder.who));
        }
        check_new_token(&new, now)?;
        if self.shared.policy().user(&user).is_none() {
            let why = format!("there is no `user(\"{user}\", …)` in the master's configuration");
            return Err(Error::InvalidInput {
                fields: [("user".to_owned(), why)].into(),
            });
        }
        holder.check(&new)?;
        self.keep(made(&user, new, now), secret::new_token()).await
    }

    async fn tokens(&self, caller: &Caller) -> Result<Vec<Token>> {
        let holder = self.token_holder(caller).await?;
        let name = holder.name();
        let whose = (!holder.administers).then_some(name.as_str());
        self.shared.credentials.tokens(whose).await
    }

    async fn revoke_token(&self, caller: &Caller, token: TokenId) -> Result<()> {
        let holder = self.token_holder(caller).await?;
        if !holder.administers {
            let theirs = self.shared.credentials.tokens(Some(&holder.name())).await?;
            if theirs.iter().all(|it| it.id != token) {
                return Err(Error::not_found(format!("token {token}")));
            }
        }
        let now = self.shared.clock.now();
        self.shared.credentials.revoke_token(token, now).await?;
        self.shared.forget();
        Ok(())
    }
}
