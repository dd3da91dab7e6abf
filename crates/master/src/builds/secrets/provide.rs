//! Reading secrets where the configuration says that they are.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use weir_config::{SecretProvider, TokenReference, VaultLogin};

use super::LARGEST_SECRET;
use super::vault;

/// The secret of that name, of the first provider that has it; an error says in one sentence why there is none.
pub(super) fn find(providers: &[SecretProvider], name: &str) -> Result<String, String> {
    for provider in providers {
        let found = match provider {
            SecretProvider::Files {
                folder,
                suffix,
                strip,
            } => {
                let is_plain = !name.contains(['/', '\0']) && !name.starts_with('.');
                match is_plain {
                    true => from_file(&folder.join(format!("{name}{suffix}")), *strip)?,
                    false => None,
                }
            }
            SecretProvider::Env { prefix } => from_variable(&format!("{prefix}{name}"))?,
            SecretProvider::Vault(vault) => vault::read(vault, name)?,
        };
        if let Some(found) = found {
            return Ok(found);
        }
    }
    Err(format!("there is none in {}", listed(providers)))
}

/// The names of the master's variables that are secrets.
pub(super) fn variables(providers: &[SecretProvider]) -> Vec<String> {
    let names = || std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let of_provider = |provider: &SecretProvider| match provider {
        SecretProvider::Env { prefix } => names().filter(|it| it.starts_with(prefix)).collect(),
        SecretProvider::Vault(vault) => match &vault.login {
            VaultLogin::Token(TokenReference::Variable(name)) => vec![name.clone()],
            VaultLogin::Token(TokenReference::File(_)) | VaultLogin::AppRole { .. } => vec![],
        },
        SecretProvider::Files { .. } => vec![],
    };
    providers.iter().flat_map(of_provider).collect()
}

/// A file's content, in which the space of its last line end may be left out; none if there is no such file.
fn from_file(path: &Path, strip: bool) -> Result<Option<String>, String> {
    let shown = path.display();
    let facts = match std::fs::metadata(path) {
        Ok(facts) => facts,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{shown} cannot be read: {error}")),
    };
    if !facts.is_file() {
        return Err(format!("{shown} is no file"));
    }
    if facts.permissions().mode() & 0o7 != 0 {
        return Err(format!(
            "others than its owner and group can get at {shown}; take that away: chmod o= {shown}"
        ));
    }
    if facts.len() > LARGEST_SECRET as u64 {
        return Err(format!("{shown} has more than {LARGEST_SECRET} bytes"));
    }
    let bytes = std::fs::read(path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{shown} is no text in UTF-8"))?;
    Ok(Some(match strip {
        true => text.trim_end_matches(['\r', '\n']).to_owned(),
        false => text,
    }))
}

fn from_variable(name: &str) -> Result<Option<String>, String> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(format!("the variable {name} is no text in UTF-8")),
    }
}

/// A Vault's token.
pub(super) fn token(reference: &TokenReference) -> Result<String, String> {
    let token = match reference {
        TokenReference::File(path) => from_file(path, true)?
            .ok_or_else(|| format!("the file of Vault's token, {}, does not exist", path.display()))?,
        TokenReference::Variable(name) => from_variable(name)?
            .ok_or_else(|| format!("the variable of Vault's token, {name}, is not set"))?,
    };
    Ok(token.trim().to_owned())
}

/// The providers, for people.
fn listed(providers: &[SecretProvider]) -> String {
    let shown = |provider: &SecretProvider| match provider {
        SecretProvider::Files { folder, .. } => format!("the folder {}", folder.display()),
        SecretProvider::Env { prefix } => format!("the variables {prefix}…"),
        SecretProvider::Vault(vault) => format!("the Vault {}", vault.url),
    };
    let shown: Vec<String> = providers.iter().map(shown).collect();
    match shown.is_empty() {
        true => "this configuration: it names no place of secrets".to_owned(),
        false => shown.join(" or "),
    }
}
