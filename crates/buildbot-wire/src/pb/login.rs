//! How a client shows that it knows a password without sending it.

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

use super::{PeerCall, PeerObject};

/// Bytes of a challenge, and of a response.
pub const CHALLENGE: usize = 16;

/// The response to a challenge of whoever knows the password: `MD5(MD5(password) + challenge)`.
pub fn response(password: &[u8], challenge: &[u8]) -> [u8; CHALLENGE] {
    let mut hash = Md5::new();
    hash.update(Md5::digest(password));
    hash.update(challenge);
    hash.finalize().into()
}

/// Who a client says it is, and what it answered to the challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The name, as the worker is configured with it; a worker may write it in another encoding than UTF-8.
    pub name: Vec<u8>,
    /// The challenge that was sent.
    pub challenge: [u8; CHALLENGE],
    /// What the client answered.
    pub response: Vec<u8>,
}

impl Credentials {
    /// Whether they are of somebody who knows this password. It takes as long whatever the response is.
    ///
    /// The protocol leaves no other check than this: whoever runs a master keeps the passwords of its Buildbot workers as
    /// they are, and no slow hash of them.
    pub fn are_of(&self, password: &[u8]) -> bool {
        let expected = response(password, &self.challenge);
        expected.as_slice().ct_eq(&self.response).into()
    }
}

/// A client that wants to log in. Its call is answered with the avatar, or with a failure.
#[derive(Debug)]
pub struct Login {
    /// The call to answer.
    pub call: PeerCall,
    /// Who it is.
    pub credentials: Credentials,
    /// The client's object; a client that is no worker may have none.
    pub mind: Option<PeerObject>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_the_one_that_twisted_gives() {
        // Of a login that was recorded: password and challenge, and what the worker answered.
        let challenge = *b"\xd5\x5d\x1c\xdf\x66\xe9\x9b\x38\x99\x4d\xd7\x06\x9f\x63\x2d\x72";
        let answered = *b"\x1f\x66\x0e\xa2\x18\xfa\x60\x92\x75\x84\x77\xa4\x85\xba\xc8\x2a";
        assert_eq!(response(b"sekrit", &challenge), answered);
        let credentials = Credentials {
            name: b"w1".to_vec(),
            challenge,
            response: answered.to_vec(),
        };
        assert!(credentials.are_of(b"sekrit"));
        assert!(!credentials.are_of(b"secret"));
        let cut = Credentials {
            response: answered[..15].to_vec(),
            ..credentials
        };
        assert!(!cut.are_of(b"sekrit"));
    }
}
