//! What a worker tells of its host.

use std::collections::BTreeMap;

/// The host's name; empty if it has none.
pub(crate) fn host() -> String {
    nix::unistd::gethostname()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Facts by name: `os`, `os_name` where it is known, `arch`, `cpus`.
pub(crate) fn facts() -> BTreeMap<String, String> {
    let mut facts = BTreeMap::from([
        ("os".to_owned(), std::env::consts::OS.to_owned()),
        ("arch".to_owned(), std::env::consts::ARCH.to_owned()),
    ]);
    if let Ok(cpus) = std::thread::available_parallelism() {
        facts.insert("cpus".to_owned(), cpus.to_string());
    }
    if let Some(name) = std::fs::read_to_string("/etc/os-release")
        .ok()
        .as_deref()
        .and_then(os_name)
    {
        facts.insert("os_name".to_owned(), name.to_owned());
    }
    facts
}

/// The `PRETTY_NAME` of an `os-release` file.
fn os_name(text: &str) -> Option<&str> {
    text.lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))
        .map(|name| name.trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_os_has_a_name() {
        let text = "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n";
        assert_eq!(os_name(text), Some("Debian GNU/Linux 12 (bookworm)"));
        assert_eq!(os_name("ID=debian\n"), None);
    }
}
