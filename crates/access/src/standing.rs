//! Who a caller turned out to be.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use subtle::ConstantTimeEq;
use weir_status_api::{Caller, Error, Identity, Result, Timestamp, Token, TokenOrigin, TokenScope};

use crate::guarded::Shared;
use crate::secret;

/// How long it is remembered whose a token is. What this process revokes is forgotten at once.
pub(crate) const MEMORY: Duration = Duration::from_secs(3);
/// How many tokens are remembered; whoever sends made-up ones must not fill the memory.
const MOST_REMEMBERED: usize = 10_000;
/// How long a token's text may be: nobody has a longer one.
const LONGEST_TOKEN: usize = 4096;

/// Who a caller is.
#[derive(Clone, Debug)]
pub(crate) enum Standing {
    /// A part of this process, which may do everything in that name.
    Insider(String),
    /// Somebody who did not say who they are.
    Anonymous,
    /// Somebody whose credential was looked up.
    Known(Arc<Known>),
}

/// Somebody whose credential was looked up.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) identity: Identity,
    pub(crate) scopes: Vec<TokenScope>,
    /// The token they present; none if it is the configuration's.
    pub(crate) token: Option<Token>,
}

impl Standing {
    /// As whom the store carries out what they ask for.
    pub(crate) fn caller(&self) -> Caller {
        match self {
            Self::Insider(name) => Caller::named(name),
            Self::Anonymous => Caller::anonymous(),
            Self::Known(known) => Caller::named(known.name()),
        }
    }

    /// When this ends by itself.
    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        match self {
            Self::Known(known) => known.token.as_ref()?.expires_at,
            _ => None,
        }
    }

    /// Refuses a token that is not for this.
    pub(crate) fn must_have(&self, scope: TokenScope) -> Result<()> {
        match self {
            Self::Known(known) if !known.scopes.contains(&scope) => Err(Error::PermissionDenied {
                why: format!("this token has not the scope `{}`", scope.name()),
            }),
            _ => Ok(()),
        }
    }
}

impl Known {
    pub(crate) fn name(&self) -> &str {
        self.identity.name.as_deref().unwrap_or_default()
    }
}

/// A credential that is nobody's.
pub(crate) fn nobody() -> Error {
    Error::Unauthenticated {
        why: "this token is nobody's, or no longer valid".to_owned(),
    }
}

/// What was looked up lately, by the hash of the token: none for tokens that are nobody's.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<HashMap<[u8; 32], LookedUp>>);

/// When it was looked up, and what was found.
type LookedUp = (Timestamp, Option<Arc<Known>>);

impl Memory {
    fn recall(&self, hash: &[u8; 32], now: Timestamp) -> Option<Option<Arc<Known>>> {
        let memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, known) = memory.get(hash)?;
        // A clock that was set back must not keep what is remembered.
        (now >= *at && now.since(*at) < MEMORY).then(|| known.clone())
    }

    /// Remembers what was looked up, if that is `still` so.
    fn keep(&self, hash: [u8; 32], now: Timestamp, known: Option<Arc<Known>>, still: impl FnOnce() -> bool) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !still() {
            return;
        }
        if memory.len() >= MOST_REMEMBERED {
            memory.retain(|_, (at, _)| now >= *at && now.since(*at) < MEMORY);
        }
        if memory.len() >= MOST_REMEMBERED {
            memory.clear();
        }
        memory.insert(hash, (now, known));
    }

    /// Forgets everything, and does `also` before anybody can recall or remember anything.
    pub(crate) fn forget(&self, also: impl FnOnce()) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        memory.clear();
        also();
    }
}

impl Shared {
    /// Who `caller` is.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if their token is nobody's, or no longer valid.
    pub(crate) async fn standing(&self, caller: &Caller) -> Result<Standing> {
        let Some(text) = caller.token() else {
            return Ok(match caller.is_anonymous() {
                true => Standing::Anonymous,
                false => Standing::Insider(caller.name().to_owned()),
            });
        };
        if text.len() > LONGEST_TOKEN {
            return Err(nobody());
        }
        let (hash, now) = (secret::hash(text), self.clock.now());
        let known = match self.memory.recall(&hash, now) {
            Some(known) => known,
            None => {
                let generation = self.generation();
                let known = self.look_up(text, hash).await?;
                // What was revoked while this was looked up must not be remembered.
                let still = || generation == self.generation();
                self.memory.keep(hash, now, known.clone(), still);
                known
            }
        };
        let valid = |it: &Arc<Known>| it.token.as_ref().is_none_or(|token| token.is_valid(now));
        known.filter(valid).map(Standing::Known).ok_or_else(nobody)
    }

    async fn look_up(&self, text: &str, hash: [u8; 32]) -> Result<Option<Arc<Known>>> {
        let policy = self.policy();
        let mut found = None;
        for user in &policy.users {
            if let Some(theirs) = &user.token_hash
                && bool::from(theirs.ct_eq(&hash))
            {
                found = Some(user);
            }
        }
        if let Some(user) = found {
            return Ok(Some(Arc::new(Known {
                identity: policy.identity(user),
                scopes: TokenScope::ALL.to_vec(),
                token: None,
            })));
        }
        let Some(token) = self.credentials.token(hash).await? else {
            return Ok(None);
        };
        // Whoever is taken out of the configuration has no access any more, whatever tokens they made.
        let Some(user) = policy.user(&token.user) else {
            return Ok(None);
        };
        // A session is of the password that it was begun with.
        let begun_with = |password: &String| secret::is_session_of(text, password);
        if token.origin == TokenOrigin::SignIn && !user.password_hash.as_ref().is_some_and(begun_with) {
            return Ok(None);
        }
        Ok(Some(Arc::new(Known {
            identity: policy.identity(user),
            scopes: token.scopes.clone(),
            token: Some(token),
        })))
    }
}
