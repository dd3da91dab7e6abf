//! Configurations of Buildbot are carried over by the program itself.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod hindered;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const WEIR: &str = env!("CARGO_BIN_EXE_weir");

/// The folder with the configurations.
fn configurations() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/convert/configurations")
}

fn weir(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(WEIR);
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1");
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Converts a configuration; shows what was said, and what was written. `weir check` takes it, and nobody else can read
/// the tokens.
fn converted(name: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = configurations().join(format!("{name}.cfg"));
    let said = weir(folder.path(), &["convert", file.to_str().unwrap()]);
    assert!(said.status.success(), "{}", text(&said));
    let check = weir(folder.path(), &["check"]);
    assert!(check.status.success(), "{}", text(&check));
    let mut files: Vec<String> = vec![];
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != "weir.star" {
            let mode = std::os::unix::fs::PermissionsExt::mode(&entry.metadata().unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600, "{name}");
            files.push(name);
        }
    }
    files.sort();
    let star = std::fs::read_to_string(folder.path().join("weir.star")).unwrap();
    let right = String::from_utf8_lossy(&check.stdout).into_owned();
    format!("{}{right}{}\n\n{star}", text(&said), files.join(" "))
}

macro_rules! carries_over {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            insta::assert_snapshot!(converted(stringify!($name)));
        }
    )*};
}

carries_over! { first_steps matrix locks codebases force triggers custom reporters old github files }
