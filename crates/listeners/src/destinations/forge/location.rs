//! Where a repository is, read from its URL.

use reqwest::Url;

/// A repository's host and path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    /// The host, in small letters.
    pub(super) host: String,
    /// The parts of its path, without `.git`.
    pub(super) path: Vec<String>,
}

impl Location {
    /// That of a repository's URL: of a scheme (`https://…`, `ssh://…`) or as `scp` has it (`git@host:path`).
    pub(super) fn of(repository: &str) -> Option<Self> {
        let (host, path) = match Url::parse(repository) {
            Ok(url) if url.has_host() => (url.host_str()?.to_owned(), url.path().to_owned()),
            _ if repository.contains("://") => return None,
            _ => {
                let (place, path) = repository.split_once(':')?;
                let host = place.rsplit_once('@').map_or(place, |(_, host)| host);
                (host.to_owned(), path.to_owned())
            }
        };
        if host.is_empty() || host.contains(['/', '\\']) {
            return None;
        }
        Some(Self {
            host: host.to_lowercase(),
            path: parts(&path),
        })
    }
}

/// The parts of a repository's path, without `.git`.
pub(super) fn parts(path: &str) -> Vec<String> {
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let parts = path.split('/').filter(|it| !it.is_empty());
    parts
        .map(|it| percent_decoded(it).unwrap_or_else(|| it.to_owned()))
        .collect()
}

/// The text without `%` and two digits for a byte.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = vec![];
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'%');
        match code {
            Some(code) => {
                bytes.push(u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok()?);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::Location;

    #[test]
    fn a_repository_is_found_in_all_forms_of_its_url() {
        for url in [
            "https://Forge.example.org/weir/weir",
            "https://ada:secret@forge.example.org/weir/weir.git",
            "http://forge.example.org:8080/weir/weir/",
            "ssh://git@forge.example.org:29418/weir/weir.git",
            "git://forge.example.org/weir/weir.git",
            "git@forge.example.org:weir/weir.git",
            "forge.example.org:/weir/weir",
        ] {
            let location = Location::of(url).unwrap();
            assert_eq!(location.host, "forge.example.org", "{url}");
            assert_eq!(location.path, ["weir", "weir"], "{url}");
        }
        let spaced = Location::of("https://example.org/our%20team/_git/weir").unwrap();
        assert_eq!(spaced.path, ["our team", "_git", "weir"]);
    }

    #[test]
    fn paths_are_of_no_host() {
        for url in [
            "",
            "/srv/git/weir.git",
            "../weir",
            "file:///srv/git/weir",
            "./a:b",
            ":x",
        ] {
            assert_eq!(Location::of(url), None, "{url}");
        }
    }
}
