//! The starter configuration.

use weir_config::{InitError, Secret, init, load};

#[test]
fn the_starter_has_no_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("new/folder");
    let written = init(&folder, "a-random-token").unwrap();
    assert_eq!(written, [folder.join("weir.star"), folder.join("worker.token")]);
    let config = load(&written[0]).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert_eq!(config.workers[0].token, Secret::new("a-random-token"));
    assert_eq!(config.schedulers.len(), 2);
}

#[cfg(unix)]
#[test]
fn the_token_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let written = init(folder.path(), "token").unwrap();
    let mode = std::fs::metadata(&written[1]).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("worker.token");
    std::fs::write(&token, "mine").unwrap();
    let error = init(folder.path(), "token").unwrap_err();
    assert!(
        matches!(&error, InitError::Exists(path) if *path == token),
        "{error}"
    );
    assert_eq!(std::fs::read_to_string(&token).unwrap(), "mine");
    assert!(!folder.path().join("weir.star").exists());
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = init(&file, "token").unwrap_err().to_string();
    assert!(error.contains("cannot be written"), "{error}");
}
