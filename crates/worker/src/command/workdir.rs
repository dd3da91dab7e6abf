//! The folder in which a command runs.

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use tokio::fs;

/// Makes the folder `relative` below `base`, which has no symbolic links in it, and gives its real path.
///
/// # Errors
/// One sentence, if it would be outside of `base`, also by way of a symbolic link, or cannot be made.
pub(crate) async fn prepare(base: &Path, relative: &str) -> Result<PathBuf, String> {
    let mut path = base.to_owned();
    for component in Path::new(relative).components() {
        match component {
            Component::CurDir => continue,
            Component::Normal(name) => path.push(name),
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(format!(
                    "the working directory `{relative}` must be below the worker's own folder, without `..`"
                ));
            }
        }
        path = make(&path).await?;
        if !path.starts_with(base) {
            return Err(format!(
                "the working directory `{relative}` leads out of the worker's folder, to {}",
                path.display()
            ));
        }
    }
    Ok(path)
}

/// Makes one folder if it is not there, and gives its real path.
async fn make(path: &Path) -> Result<PathBuf, String> {
    let failed = |error| format!("the working directory {} cannot be made: {error}", path.display());
    match fs::create_dir(path).await {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => {}
    }
    let real = fs::canonicalize(path).await.map_err(failed)?;
    if !fs::metadata(&real).await.map_err(failed)?.is_dir() {
        return Err(format!("the working directory {} is a file", path.display()));
    }
    Ok(real)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().canonicalize().unwrap();
        (dir, path)
    }

    #[tokio::test]
    async fn folders_are_made() {
        let (_dir, base) = base();
        for _ in 0..2 {
            assert_eq!(prepare(&base, "a/./b").await, Ok(base.join("a/b")));
        }
        assert!(base.join("a/b").is_dir());
        assert_eq!(prepare(&base, "").await, Ok(base.clone()));
    }

    #[tokio::test]
    async fn nothing_leads_out() {
        let (_dir, base) = base();
        let (_other, outside) = self::base();
        std::os::unix::fs::symlink(&outside, base.join("link")).unwrap();
        for relative in ["..", "a/../..", "/etc", "link", "link/sub"] {
            assert!(prepare(&base, relative).await.is_err(), "{relative}");
        }
        assert_eq!(outside.read_dir().unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_file_is_no_folder() {
        let (_dir, base) = base();
        std::fs::write(base.join("file"), "").unwrap();
        let why = prepare(&base, "file").await.unwrap_err();
        assert!(why.ends_with("is a file"), "{why}");
    }
}
