//! The environment of a command.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use weir_worker_protocol::v1::Environment;

/// `own` with the changes, and `PWD` of the working directory.
pub(crate) fn changed(
    own: &BTreeMap<OsString, OsString>,
    changes: &Environment,
    workdir: &Path,
) -> BTreeMap<OsString, OsString> {
    let mut environment = own.clone();
    for name in &changes.unset {
        environment.remove(OsStr::new(name));
    }
    for (name, value) in &changes.set {
        environment.insert(name.into(), expand(own, value));
    }
    environment.insert("PWD".into(), workdir.into());
    environment
}

/// `value` with each `${NAME}` replaced by the worker's own variable; by nothing if there is none.
fn expand(own: &BTreeMap<OsString, OsString>, value: &str) -> OsString {
    let mut expanded = Vec::new();
    let mut rest = value;
    while let Some(start) = rest.find("${") {
        let (before, from_start) = rest.split_at(start);
        expanded.extend_from_slice(before.as_bytes());
        let name = &from_start[2..];
        match name.find('}').filter(|end| is_name(&name[..*end])) {
            Some(end) => {
                if let Some(value) = own.get(OsStr::new(&name[..end])) {
                    expanded.extend_from_slice(value.as_bytes());
                }
                rest = &name[end + 1..];
            }
            None => {
                expanded.extend_from_slice(b"${");
                rest = name;
            }
        }
    }
    expanded.extend_from_slice(rest.as_bytes());
    OsString::from_vec(expanded)
}

fn is_name(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> BTreeMap<OsString, OsString> {
        [("PATH", "/bin"), ("HOME", "/home/w"), ("GONE", "x")]
            .map(|(name, value)| (name.into(), value.into()))
            .into()
    }

    #[test]
    fn changes_go_over_the_workers_own() {
        let changes = Environment {
            set: [
                ("PATH".to_owned(), "${HOME}/bin:${PATH}".to_owned()),
                ("NEW".to_owned(), "${GONE}".to_owned()),
            ]
            .into(),
            unset: vec!["GONE".to_owned(), "NEVER".to_owned()],
        };
        let environment = changed(&own(), &changes, Path::new("/base/build"));
        let expected: BTreeMap<OsString, OsString> = [
            ("PATH", "/home/w/bin:/bin"),
            ("HOME", "/home/w"),
            ("NEW", "x"),
            ("PWD", "/base/build"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into();
        assert_eq!(environment, expected);
    }

    #[test]
    fn only_names_in_braces_are_expanded() {
        for (value, expected) in [
            ("plain", "plain"),
            ("$HOME", "$HOME"),
            ("a${NONE}b", "ab"),
            ("${HOME", "${HOME"),
            ("${no name}${HOME}", "${no name}/home/w"),
            ("${${HOME}}", "${/home/w}"),
            ("ü${HOME}ü", "ü/home/wü"),
        ] {
            assert_eq!(expand(&own(), value), OsString::from(expected), "{value}");
        }
    }
}
