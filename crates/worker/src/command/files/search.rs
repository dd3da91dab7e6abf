//! Telling about files: how one is, which match a pattern, what is in a folder.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use prost::Message;
use tokio_util::sync::CancellationToken;

use weir_worker_protocol::v1::FileFacts;

use super::Done;
use super::failure::{Doing, Failure, heed};
use super::pattern::{Part, Pattern, is_like};
use super::place::Place;
use super::tree;

/// How many files may match a pattern, or be in a folder that is told of.
const MOST_FOUND: usize = 100_000;

/// How the file is, as bytes of a [`FileFacts`].
pub(super) fn facts(place: &Place, path: &str) -> Done<Vec<u8>> {
    let path = place.target(path)?;
    let metadata = fs::metadata(&path).doing("look at", &path)?;
    let facts = FileFacts {
        mode: metadata.mode(),
        size: metadata.len(),
        accessed: metadata.atime(),
        modified: metadata.mtime(),
    };
    Ok(facts.encode_to_vec())
}

/// The names of what is in the folder, each ended by a NUL, in order.
pub(super) fn names(place: &Place, path: &str, stop: &CancellationToken) -> Done<Vec<u8>> {
    let folder = place.target(path)?;
    let names = tree::names(&folder).doing("read the folder", &folder)?;
    heed(stop)?;
    listed(names.iter().map(Path::new))
}

/// The paths that match a pattern, each ended by a NUL, in order.
pub(super) fn matching(place: &Place, pattern: &str, stop: &CancellationToken) -> Done<Vec<u8>> {
    let (at, shown) = match Path::new(pattern).is_absolute() {
        true => (place.base().to_owned(), place.base().to_owned()),
        false => (place.workdir().to_owned(), PathBuf::new()),
    };
    let relative = Path::new(pattern).strip_prefix(place.base());
    let relative = relative.map_or(pattern.into(), Path::to_string_lossy);
    if Path::new(&*relative).is_absolute() {
        return Err(Failure::new(format!(
            "{pattern} leads out of the worker's folder"
        )));
    }
    let mut search = Search {
        place,
        stop,
        found: vec![],
    };
    search.expand(&at, &shown, &Pattern::parse(&relative).parts)?;
    search.found.sort();
    search.found.dedup();
    listed(search.found.iter().map(PathBuf::as_path))
}

struct Search<'s> {
    place: &'s Place,
    stop: &'s CancellationToken,
    /// As they are told.
    found: Vec<PathBuf>,
}

impl Search<'_> {
    /// Finds what matches `parts` in the folder `at`, which is told of as `shown`.
    fn expand(&mut self, at: &Path, shown: &Path, parts: &[Part]) -> Done<()> {
        heed(self.stop)?;
        let Some((part, rest)) = parts.split_first() else {
            return self.push(shown.to_owned());
        };
        match part {
            Part::Literal(name) => {
                let component = match name.as_str() {
                    ".." => Component::ParentDir,
                    _ => Component::Normal(name.as_ref()),
                };
                self.go_on(at, shown, component, rest)
            }
            Part::Like(like) => {
                for name in tree::names(at).unwrap_or_default() {
                    if is_like(&name.to_string_lossy(), like) {
                        self.go_on(at, shown, Component::Normal(&name), rest)?;
                    }
                }
                Ok(())
            }
            Part::AnyDepth => {
                self.expand(at, shown, rest)?;
                for name in tree::names(at).unwrap_or_default() {
                    let below = at.join(&name);
                    // Links are not followed, since they may lead round.
                    let is_folder = below.is_dir() && !below.is_symlink();
                    if is_folder && !name.as_bytes().starts_with(b".") {
                        self.expand(&below, &shown.join(&name), parts)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// Goes on with `part` in the folder `at`. What leads out, or is not there, does not match.
    fn go_on(&mut self, at: &Path, shown: &Path, part: Component<'_>, rest: &[Part]) -> Done<()> {
        let Ok(next) = self.place.step(at, part, !rest.is_empty()) else {
            return Ok(());
        };
        if next.symlink_metadata().is_err() {
            return Ok(());
        }
        self.expand(&next, &shown.join(part), rest)
    }

    fn push(&mut self, path: PathBuf) -> Done<()> {
        if self.found.len() == MOST_FOUND {
            return Err(Failure::new(format!("more than {MOST_FOUND} files match")));
        }
        self.found.push(path);
        Ok(())
    }
}

fn listed<'p>(paths: impl ExactSizeIterator<Item = &'p Path>) -> Done<Vec<u8>> {
    if paths.len() > MOST_FOUND {
        return Err(Failure::new(format!("there are more than {MOST_FOUND} files")));
    }
    let mut bytes = vec![];
    for path in paths {
        bytes.extend_from_slice(path.as_os_str().as_bytes());
        bytes.push(0);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn patterns_find_what_python_finds_and_nothing_outside() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        for file in [
            "b/x.c",
            "b/y.h",
            "b/.hidden.c",
            "b/sub/z.c",
            "b/sub/deep/w.c",
            "other/o.c",
        ] {
            fs::create_dir_all(base.join(file).parent().unwrap()).unwrap();
            fs::write(base.join(file), "").unwrap();
        }
        symlink("/etc", base.join("b/out")).unwrap();
        symlink("../sub", base.join("b/sub/round")).unwrap();
        let place = Place::new(base.clone(), base.join("b"));
        let stop = CancellationToken::new();
        let find = |pattern: &str| {
            let bytes = matching(&place, pattern, &stop).unwrap();
            let text = String::from_utf8(bytes).unwrap();
            text.split_terminator('\0').map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(find("*.c"), ["x.c"]);
        assert_eq!(find("**/*.c"), ["sub/deep/w.c", "sub/z.c", "x.c"]);
        assert_eq!(
            find("sub/**"),
            ["sub/deep", "sub/deep/w.c", "sub/round", "sub/z.c"]
        );
        assert_eq!(find("../*/[no]*.c"), ["../other/o.c"]);
        assert_eq!(find("y.h"), ["y.h"]);
        assert_eq!(find("none"), [""; 0]);
        assert_eq!(find("out/*"), [""; 0]);
        assert_eq!(find("../../*"), [""; 0]);
        let absolute = base.join("b/*.h");
        assert_eq!(
            find(absolute.to_str().unwrap()),
            [base.join("b/y.h").to_str().unwrap()]
        );
        assert!(matching(&place, "/etc/*", &stop).is_err());
    }
}
