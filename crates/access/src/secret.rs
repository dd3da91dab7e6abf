//! Texts that prove who somebody is: tokens, which are long and random, and passwords, which are neither.

use argon2::password_hash::rand_core::{OsRng, RngCore};
use argon2::password_hash::{
    Output, ParamsString, PasswordHash, PasswordHasher, PasswordVerifier, SaltString,
};
use argon2::{Algorithm, Argon2, Params, Version};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use weir_status_api::{Error, Result};

/// What each token begins with, so that people and scanners for leaked secrets know it.
pub const TOKEN_PREFIX: &str = "weir_";
/// How many bytes a password may have: hashing must not become work without end.
pub(crate) const LONGEST_PASSWORD: usize = 1024;

/// The hash under which a token is kept. Tokens are so long and random that a quick hash will do.
pub(crate) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// A new token of 256 random bits.
pub(crate) fn new_token() -> String {
    let mut bytes = [0_u8; 32];
    OsRng.fill_bytes(&mut bytes);
    format!("{TOKEN_PREFIX}{}", hex(&bytes))
}

/// A new token of a session, sealed with the hash of the password that was signed in with.
pub(crate) fn new_session(password_hash: &str) -> String {
    let token = new_token();
    let seal = seal(&token, password_hash);
    format!("{token}_{seal}")
}

/// Whether the session was begun with the password that has this hash, so that another password, or the same one
/// hashed anew, ends it.
pub(crate) fn is_session_of(text: &str, password_hash: &str) -> bool {
    let Some((token, theirs)) = text.rsplit_once('_') else {
        return false;
    };
    seal(token, password_hash)
        .as_bytes()
        .ct_eq(theirs.as_bytes())
        .into()
}

/// Says nothing of the hash to whoever knows the token: the hash has a salt that they do not know.
fn seal(token: &str, password_hash: &str) -> String {
    let digest = Sha256::new()
        .chain_update("a session of Weir\n")
        .chain_update(token)
        .chain_update("\n")
        .chain_update(password_hash)
        .finalize();
    hex(&digest[..16])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn argon2() -> Argon2<'static> {
    // OWASP's choice: 19 MiB, two passes, one lane.
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

/// The hash of a password, to be put into the configuration: `$argon2id$…`.
///
/// # Errors
/// [`Error::InvalidInput`] if it is empty or has more than 1,024 bytes.
pub fn hash_password(password: &str) -> Result<String> {
    let wrong = |why: &str| Error::InvalidInput {
        fields: [("password".to_owned(), why.to_owned())].into(),
    };
    if password.is_empty() {
        return Err(wrong("must not be empty"));
    }
    if password.len() > LONGEST_PASSWORD {
        return Err(wrong("has more than 1,024 bytes"));
    }
    let salt = SaltString::generate(&mut OsRng);
    argon2()
        .hash_password(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| Error::internal(format!("a password could not be hashed: {error}")))
}

/// A hash that no password has: random bytes, to compare with takes as long as with any other.
///
/// # Errors
/// [`Error::Internal`] if the parameters cannot be written.
pub(crate) fn hash_of_nobody() -> Result<String> {
    let mut bytes = [0_u8; 32];
    OsRng.fill_bytes(&mut bytes);
    let failed = |error| Error::internal(format!("a hash could not be made up: {error}"));
    let salt = SaltString::generate(&mut OsRng);
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&Params::DEFAULT).map_err(failed)?,
        salt: Some(salt.as_salt()),
        hash: Some(Output::new(&bytes).map_err(failed)?),
    };
    Ok(hash.to_string())
}

/// What is wrong with the hash of a password, if anything is: it must be argon2id's, and one that can be computed
/// with little memory.
pub fn check_password_hash(text: &str) -> Option<&'static str> {
    const MOST_KIB: u32 = 1 << 20;
    let Ok(hash) = PasswordHash::new(text) else {
        return Some("is no hash such as `weir hash-password` prints");
    };
    if hash.algorithm.as_str() != "argon2id" {
        return Some("is not of argon2id");
    }
    match Params::try_from(&hash) {
        Ok(params) if params.m_cost() <= MOST_KIB && params.t_cost() <= 100 && hash.hash.is_some() => None,
        Ok(_) => Some("asks for more than 1 GiB or 100 passes, or has no hash in it"),
        Err(_) => Some("has parameters that argon2id does not know"),
    }
}

/// Whether `hash` is that of `password`. This is slow by design.
pub(crate) fn is_password(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_hash_only() {
        let hash = hash_password("correct horse").unwrap();
        assert_eq!(check_password_hash(&hash), None);
        assert!(is_password("correct horse", &hash));
        assert!(!is_password("correct horse ", &hash));
        assert!(!is_password("", ""));
        assert!(check_password_hash("secret").is_some());
        assert!(check_password_hash("$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g").is_some());
        assert!(check_password_hash("$argon2id$v=19$m=99999999,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g").is_some());
    }

    #[test]
    fn nobodys_hash_asks_for_as_much_work_as_any() {
        let (nobodys, ones) = (hash_of_nobody().unwrap(), hash_password("correct horse").unwrap());
        assert_eq!(check_password_hash(&nobodys), None);
        let work = |hash: &str| -> Vec<String> { hash.split('$').take(4).map(str::to_owned).collect() };
        assert_eq!((work(&nobodys), nobodys.len()), (work(&ones), ones.len()));
        assert!(!is_password("correct horse", &nobodys));
        assert_ne!(nobodys, hash_of_nobody().unwrap());
    }

    #[test]
    fn a_session_is_sealed_with_its_password() {
        let session = new_session("$one");
        assert!(session.starts_with(TOKEN_PREFIX) && is_session_of(&session, "$one"));
        assert!(!is_session_of(&session, "$another"));
        assert!(!is_session_of(&new_token(), "$one") && !is_session_of("", ""));
    }

    #[test]
    fn tokens_are_long_and_never_the_same() {
        let (one, other) = (new_token(), new_token());
        assert_eq!(one.len(), TOKEN_PREFIX.len() + 64);
        assert_ne!(one, other);
    }
}
