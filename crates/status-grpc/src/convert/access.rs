//! Who somebody is, and tokens.

use std::fmt;

use weir_status_api as api;

use super::{Field, Malformed, Wire, message_field, messages, take, wire_of_message};
use crate::v1;

messages! {
    Identity { name, full_name, email, groups, roles }
    NewToken { name, user, scopes, expires_at }
    Token { id, name, user, origin, scopes, created_at, expires_at, revoked_at }
    IssuedToken { token, text }
}

impl fmt::Debug for v1::SignInRequest {
    /// Shows the user, never the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignInRequest({:?})", self.user)
    }
}

impl fmt::Debug for v1::IssuedToken {
    /// Shows what is known of it, never the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuedToken({:?})", self.token)
    }
}
