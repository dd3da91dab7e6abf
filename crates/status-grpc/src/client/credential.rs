//! What a client presents to tell who calls.

use tonic::metadata::{Ascii, MetadataValue};
use weir_status_api::{Caller, Error, Result};

/// The metadata that presents a token.
pub(super) type Bearer = MetadataValue<Ascii>;

/// Whose token goes with a call.
#[derive(Clone, Debug)]
pub(super) enum Credential {
    /// That of the caller whom the call names; this one if there is none.
    OrElse(Option<Bearer>),
    /// This one, whoever the call names; if it cannot be presented, no call can be made.
    Always(Result<Option<Bearer>>),
}

impl Credential {
    /// What goes with a call that names no caller.
    pub(super) fn own(&self) -> Result<Option<Bearer>> {
        match self {
            Self::OrElse(token) => Ok(token.clone()),
            Self::Always(token) => token.clone(),
        }
    }

    /// What goes with a call for `caller`.
    pub(super) fn of(&self, caller: &Caller) -> Result<Option<Bearer>> {
        match (self, caller.token()) {
            (Self::OrElse(_), Some(token)) => bearer(token)
                .map(Some)
                .map_err(|why| Error::Unauthenticated { why }),
            _ => self.own(),
        }
    }
}

/// The metadata that presents `token`, or why there is none.
pub(super) fn bearer(token: &str) -> Result<Bearer, String> {
    let mut value: Bearer = format!("Bearer {token}")
        .parse()
        .map_err(|_| "the token has characters other than visible ASCII".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_not_show() {
        let credential = Credential::OrElse(Some(bearer("hunter2").unwrap()));
        assert!(!format!("{credential:?}").contains("hunter2"));
    }

    #[test]
    fn a_caller_who_cannot_be_presented_is_nobody() {
        let credential = Credential::OrElse(None);
        let error = credential.of(&Caller::bearer("two\nlines")).unwrap_err();
        assert!(matches!(error, Error::Unauthenticated { .. }), "{error:?}");
    }
}
