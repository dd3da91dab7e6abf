//! Where files are on the master.

use std::path::{Component, Path, PathBuf};

use weir_config::{MasterPath, RenderError};

/// The path, completed by `render`. One that is not written as absolute is below the folder `files`. A link that somebody made
/// there is followed.
///
/// # Errors
/// The outer one if it cannot be completed, the inner one, a sentence, if it would lead elsewhere.
pub(super) fn on_master(
    files: &Path,
    path: &MasterPath,
    render: impl FnOnce(&MasterPath) -> Result<String, RenderError>,
) -> Result<Result<PathBuf, String>, RenderError> {
    let text = render(path)?;
    Ok(within(files, &text, path.is_absolute))
}

fn within(files: &Path, text: &str, may_be_absolute: bool) -> Result<PathBuf, String> {
    let path = Path::new(text);
    if text.trim().is_empty() || text.contains('\0') {
        return Err(format!("`{text}` is no path on the master"));
    }
    if path.components().any(|it| it == Component::ParentDir) {
        return Err(format!("the path `{text}` on the master leads out by '..'"));
    }
    match path.is_absolute() {
        true if may_be_absolute => Ok(path.to_owned()),
        true => Err(format!(
            "the path `{text}` on the master is absolute, and does not begin with '/' in the configuration"
        )),
        // Without what stands for the folder itself.
        false => Ok(files.join(
            path.components()
                .filter(|it| *it != Component::CurDir)
                .collect::<PathBuf>(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_written_as_absolute_leads_elsewhere() {
        let files = Path::new("/data/files");
        for (text, expected) in [
            ("a/b", "/data/files/a/b"),
            ("./a//b", "/data/files/a/b"),
            (".", "/data/files/"),
            ("..a", "/data/files/..a"),
        ] {
            assert_eq!(within(files, text, false), Ok(PathBuf::from(expected)), "{text}");
        }
        assert_eq!(within(files, "/srv/x", true), Ok(PathBuf::from("/srv/x")));
        for (text, may_be_absolute) in [
            ("/etc/passwd", false),
            ("/srv/../etc/passwd", true),
            ("../x", false),
            ("a/../../x", false),
            ("a/..", true),
            ("", true),
            (" ", false),
            ("a\0", false),
        ] {
            assert!(within(files, text, may_be_absolute).is_err(), "{text}");
        }
    }
}
