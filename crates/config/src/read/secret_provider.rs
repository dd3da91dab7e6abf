//! What secrets are called, and where they are.

use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use starlark::values::Value;

use super::{Reading, name, string, text, wrong};
use crate::session::Files;

/// The longest name of a secret, in characters.
const LONGEST_NAME: usize = 200;

/// How many files of a folder are looked at when the configuration is read.
const MOST_FILES: usize = 1_000;

/// The name of a secret, as it can stand in `%(secret:NAME)s` and be shown as `<NAME>`.
pub(crate) fn secret_name(value: Value<'_>) -> Reading<String> {
    let name = name(LONGEST_NAME)(value)?;
    if name.contains([':', '(', ')', '<', '>']) {
        return wrong("must have no ':', no parenthesis, and neither '<' nor '>'", None);
    }
    Ok(name)
}

/// A folder whose files are secrets, and which others cannot read.
pub(crate) fn secret_folder(value: Value<'_>, base: &Path, suffix: &str, files: Files) -> Reading<PathBuf> {
    let folder = base.join(text(value)?);
    if files == Files::LeftAlone {
        return Ok(folder);
    }
    let shown = folder.display();
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) => {
            let help = "make it, e.g. with: mkdir -m 700 secrets";
            return wrong(
                format!("is wrong: the folder {shown} cannot be read: {error}"),
                Some(help),
            );
        }
    };
    for entry in entries.take(MOST_FILES).flatten() {
        let is_secret = entry.file_name().to_string_lossy().ends_with(suffix);
        // Through symbolic links, as Kubernetes and others put secrets there.
        if let Ok(facts) = std::fs::metadata(entry.path())
            && is_secret
            && facts.is_file()
        {
            check_mode(&entry.path(), &facts)?;
        }
    }
    Ok(folder)
}

/// A file with a token, which is read when it is needed.
pub(crate) fn token_file(value: Value<'_>, base: &Path, files: Files) -> Reading<PathBuf> {
    let path = base.join(text(value)?);
    if files == Files::LeftAlone {
        return Ok(path);
    }
    match std::fs::metadata(&path) {
        Ok(facts) if facts.is_file() => check_mode(&path, &facts)?,
        Ok(_) => return wrong(format!("is wrong: {} is no file", path.display()), None),
        Err(error) => {
            return wrong(
                format!("is wrong: {} cannot be read: {error}", path.display()),
                None,
            );
        }
    }
    Ok(path)
}

/// Buildbot's rule: others can do nothing with a file of secrets.
fn check_mode(path: &Path, facts: &Metadata) -> Reading<()> {
    if facts.permissions().mode() & 0o7 == 0 {
        return Ok(());
    }
    let path = path.display();
    wrong(
        format!("is wrong: others than its owner and group can get at {path}"),
        Some(&format!("take that away: chmod o= {path}")),
    )
}

/// The name of an environment variable, or its beginning.
pub(crate) fn variable(value: Value<'_>) -> Reading<String> {
    let name = text(value)?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.chars().all(is_plain) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(name);
    }
    let help = "use letters, digits and '_', and begin with no digit";
    wrong(
        format!("is no name of an environment variable: '{name}'"),
        Some(help),
    )
}

/// The address of a Vault, without a slash at its end.
pub(crate) fn vault_url(value: Value<'_>) -> Reading<String> {
    let url = text(value)?;
    let rest = ["http://", "https://"].iter().find_map(|it| url.strip_prefix(it));
    let whole = rest.is_some_and(|it| !it.is_empty() && !it.starts_with([':', '/']));
    if !whole || url.contains(|c: char| c.is_control() || c.is_whitespace() || matches!(c, '?' | '#' | '@')) {
        let help = "write e.g. \"https://vault.example.org:8200\"";
        return wrong(format!("is no address of a Vault: '{url}'"), Some(help));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// A path within a Vault, without a slash at its ends; may be empty.
pub(crate) fn vault_path(value: Value<'_>) -> Reading<String> {
    let path = string(value)?;
    let path = path.trim_matches('/');
    let is_step = |part: &str| !part.is_empty() && part != "." && part != "..";
    let is_path = path.split('/').all(is_step) && !path.contains(['|', '?', '#']);
    if !path.is_empty() && !is_path {
        return wrong(
            format!("is no path within a Vault: '{path}'"),
            Some("write e.g. \"ci/project\""),
        );
    }
    Ok(path.to_owned())
}
