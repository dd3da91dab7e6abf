//! Where the secrets of steps come from.

use std::path::PathBuf;

/// Where the secrets of steps come from (Buildbot's `secretsProviders`). None of their values is part of the
/// configuration: they are read when a build uses them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretProvider {
    /// Each is a file of a folder (Buildbot's `SecretInAFile`).
    Files {
        /// The folder.
        folder: PathBuf,
        /// What the files' names have behind the secrets'; may be empty.
        suffix: String,
        /// Whether line ends at the end of a file are no part of its secret.
        strip: bool,
    },
    /// Each is a variable of the master's environment.
    Env {
        /// What the variables' names have before the secrets'; never empty.
        prefix: String,
    },
    /// They are in a KV engine of HashiCorp's Vault (Buildbot's `HashiCorpVaultKvSecretProvider`).
    Vault(Vault),
}

/// A KV engine of HashiCorp's Vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vault {
    /// The server's address, without a `/` at its end.
    pub url: String,
    /// Where the engine is mounted, without a `/` at its ends.
    pub mount: String,
    /// The path within the engine that all paths of secrets are below, and that secrets named by their key alone are
    /// at; may be empty.
    pub path: String,
    /// The engine's version: 1 or 2.
    pub version: u8,
    /// How the master shows who it is.
    pub login: VaultLogin,
    /// A file with the authorities that the server's certificate is checked by; the public ones if none.
    pub ca_file: Option<PathBuf>,
}

/// How the master shows a Vault who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VaultLogin {
    /// By a token.
    Token(TokenReference),
    /// By an AppRole, for which it gets a token each time.
    AppRole {
        /// The role's id.
        role_id: String,
        /// The file with the id that is secret. It is read each time: somebody may renew it.
        secret_id_file: PathBuf,
        /// Where the method is mounted, without a `/` at its ends.
        mount: String,
    },
}

/// Where a token is, which is read whenever it is needed: somebody may renew it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenReference {
    /// In a file.
    File(PathBuf),
    /// In a variable of the master's environment.
    Variable(String),
}
