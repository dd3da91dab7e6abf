//! Bookmarks in files.

use std::collections::BTreeSet;
use std::path::Path;

use weir_listeners::{FileBookmarks, OpenError};
use weir_status_api::{Bookmarks, Cursor, Error, Place};

use crate::support::build_finished;

fn files(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[tokio::test]
async fn a_place_is_there_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("made/for/it");
    let bookmarks = FileBookmarks::open(&folder).unwrap();
    assert_eq!(bookmarks.load("chat").await.unwrap(), None);
    bookmarks.save("chat", &Place::after(Cursor(7))).await.unwrap();
    bookmarks.save("chat", &Place::after(Cursor(8))).await.unwrap();
    drop(bookmarks);
    let bookmarks = FileBookmarks::open(&folder).unwrap();
    assert_eq!(
        bookmarks.load("chat").await.unwrap(),
        Some(Place::after(Cursor(8)))
    );
    assert_eq!(bookmarks.load("mail").await.unwrap(), None);
    let expected = ["chat.cursor", "lock"].map(str::to_owned);
    assert_eq!(files(&folder), BTreeSet::from(expected));
}

#[tokio::test]
async fn no_name_leads_out_of_the_folder_or_to_anothers_file() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("inner");
    let bookmarks = FileBookmarks::open(&folder).unwrap();
    let names = ["../a", "a/b", "a%2fb", "a.b", ".", "..", "é", "A", "a"];
    for (number, name) in (1..).zip(names) {
        bookmarks.save(name, &Place::after(Cursor(number))).await.unwrap();
    }
    for (number, name) in (1..).zip(names) {
        assert_eq!(
            bookmarks.load(name).await.unwrap(),
            Some(Place::after(Cursor(number))),
            "{name}"
        );
    }
    assert_eq!(files(outer.path()).len(), 1);
    assert_eq!(files(&folder).len(), names.len() + 1);
}

#[tokio::test]
async fn a_file_that_holds_no_cursor_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("chat.cursor"), "seven").unwrap();
    let bookmarks = FileBookmarks::open(folder.path()).unwrap();
    let error = bookmarks.load("chat").await.unwrap_err().to_string();
    assert!(error.ends_with("chat.cursor holds no cursor"), "{error}");
}

#[tokio::test]
async fn a_folder_is_one_processs_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let first = FileBookmarks::open(folder.path()).unwrap();
    let error = FileBookmarks::open(folder.path()).unwrap_err();
    assert!(
        matches!(&error, OpenError::InUse(it) if it == folder.path()),
        "{error}"
    );
    drop(first);
    FileBookmarks::open(folder.path()).unwrap();
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = FileBookmarks::open(&file).unwrap_err();
    assert!(matches!(error, OpenError::Unusable { .. }), "{error}");
}

#[tokio::test]
async fn parked_events_add_up_and_a_large_file_takes_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let parked = folder.path().join("chat.parked.jsonl");
    let bookmarks = FileBookmarks::open(folder.path()).unwrap();
    for number in [1, 2] {
        bookmarks
            .park("chat", &build_finished(number), "no\nway")
            .await
            .unwrap();
    }
    assert_eq!(std::fs::read_to_string(&parked).unwrap().lines().count(), 2);
    let file = std::fs::OpenOptions::new().write(true).open(&parked).unwrap();
    file.set_len((16 << 20) + 1).unwrap();
    let refused = bookmarks.park("chat", &build_finished(3), "no").await;
    let Err(Error::TooMany { why }) = refused else {
        panic!("there is no room for it: {refused:?}")
    };
    assert!(why.contains("chat.parked.jsonl is full"), "{why}");
    assert_eq!(std::fs::metadata(&parked).unwrap().len(), (16 << 20) + 1);
    // Somebody looks at them.
    std::fs::rename(&parked, folder.path().join("seen.jsonl")).unwrap();
    bookmarks.park("chat", &build_finished(3), "no").await.unwrap();
    assert_eq!(std::fs::read_to_string(&parked).unwrap().lines().count(), 1);
}
