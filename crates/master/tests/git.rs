//! The git mirror against real repositories.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::process::Command;

use weir_master::{GitError, Mirror};

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@weir.example"]);
    assert!(
        command.args(arguments).status().unwrap().success(),
        "git {arguments:?}"
    );
}

fn commit(folder: &Path, file: &str, message: &str) {
    std::fs::write(folder.join(file), message).unwrap();
    git(folder, &["add", "--", file]);
    git(folder, &["commit", "--quiet", "-m", message]);
}

#[tokio::test]
async fn commits_come_once_and_oldest_first() {
    let work = tempfile::tempdir().unwrap();
    let source = work.path().join("source");
    std::fs::create_dir(&source).unwrap();
    git(&source, &["init", "--quiet", "-b", "main"]);
    commit(&source, "a file", "first\n\nwith a body");
    let mirror = Mirror::new(work.path().join("mirror"), source.to_string_lossy().into_owned());
    let before = mirror.fetch().await.unwrap();
    assert_eq!(before.keys().collect::<Vec<_>>(), ["main"]);

    commit(&source, "grün", "second");
    commit(&source, "third", "third");
    let after = mirror.fetch().await.unwrap();
    let commits = mirror.commits(&after["main"], &[&before["main"]]).await.unwrap();
    let seen: Vec<_> = commits
        .iter()
        .map(|it| (it.comments.as_str(), it.files.clone()))
        .collect();
    assert_eq!(
        seen,
        [
            ("second", vec!["grün".to_owned()]),
            ("third", vec!["third".to_owned()])
        ]
    );
    assert_eq!(commits[1].revision, after["main"]);
    assert_eq!(commits[0].parent.as_ref(), Some(&before["main"]));
    assert_eq!(commits[1].parent.as_ref(), Some(&commits[0].revision));
    assert_eq!(commits[0].author, "Ada <ada@weir.example>");

    let all = mirror.commits(&after["main"], &[]).await.unwrap();
    assert_eq!(all[0].comments, "first\n\nwith a body");

    let gone = "0123456789012345678901234567890123456789";
    let commits = mirror
        .commits(&after["main"], &[gone, &before["main"]])
        .await
        .unwrap();
    assert_eq!(commits.len(), 2, "a revision that is gone excludes nothing");
}

#[tokio::test]
async fn a_url_that_fails_is_one_clear_sentence() {
    let work = tempfile::tempdir().unwrap();
    let nowhere = work.path().join("nowhere").to_string_lossy().into_owned();
    let mirror = Mirror::new(work.path().join("mirror"), nowhere.clone());
    let error = mirror.fetch().await.unwrap_err();
    assert!(
        matches!(&error, GitError::Failed { command, .. } if command == "fetch"),
        "{error:?}"
    );
    assert!(error.to_string().contains(&nowhere), "{error}");
    assert_eq!(error.to_string().lines().count(), 1);
}

#[tokio::test]
async fn a_branch_that_goes_away_is_gone() {
    let work = tempfile::tempdir().unwrap();
    let source = work.path().join("source");
    std::fs::create_dir(&source).unwrap();
    git(&source, &["init", "--quiet", "-b", "main"]);
    commit(&source, "a", "first");
    git(&source, &["branch", "side"]);
    let mirror = Mirror::new(work.path().join("mirror"), source.to_string_lossy().into_owned());
    assert_eq!(mirror.fetch().await.unwrap().len(), 2);
    git(&source, &["branch", "-D", "--quiet", "side"]);
    assert_eq!(mirror.fetch().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_message_stays_a_message() {
    let work = tempfile::tempdir().unwrap();
    let source = work.path().join("source");
    std::fs::create_dir(&source).unwrap();
    git(&source, &["init", "--quiet", "-b", "main"]);
    commit(&source, "a", "first");
    let mirror = Mirror::new(work.path().join("mirror"), source.to_string_lossy().into_owned());
    let before = mirror.fetch().await.unwrap();
    // Separators of all kinds, and what would be an option of git if it were taken for a revision.
    let target = work.path().join("overwritten");
    let option = format!("--output={}", target.display());
    let message = format!("fix\u{1e}{option}\u{1f}Eve\u{1f}Eve\u{1f}123\u{1f}hi\u{1f}\n\n\u{1e}\u{1f}");
    commit(&source, "b", &message);
    let after = mirror.fetch().await.unwrap();
    let commits = mirror.commits(&after["main"], &[&before["main"]]).await.unwrap();
    let [only] = commits.as_slice() else {
        panic!("one commit, not {commits:?}");
    };
    assert_eq!(only.revision, after["main"]);
    assert_eq!(only.comments, message.trim_end());
    assert_eq!(only.files, ["b"]);
    assert!(!mirror.has(&option).await);
    assert!(!target.exists());
}

#[tokio::test]
async fn the_newest_history_of_all_branches_is_bounded() {
    let work = tempfile::tempdir().unwrap();
    let source = work.path().join("source");
    std::fs::create_dir(&source).unwrap();
    git(&source, &["init", "--quiet", "-b", "main"]);
    for name in ["one", "two"] {
        commit(&source, name, name);
    }
    git(&source, &["switch", "--quiet", "--create", "side"]);
    commit(&source, "three", "three");
    let mirror = Mirror::new(work.path().join("mirror"), source.to_string_lossy().into_owned());
    let heads = mirror.fetch().await.unwrap();
    let tips: Vec<&str> = heads.values().map(String::as_str).collect();
    let names = async |most| {
        let commits = mirror.history(&tips, most).await.unwrap();
        commits.into_iter().map(|it| it.comments).collect::<Vec<_>>()
    };
    assert_eq!(names(10).await, ["one", "two", "three"]);
    assert_eq!(names(2).await, ["two", "three"]);
    let option = format!("--output={}", work.path().join("overwritten").display());
    assert!(mirror.history(&[&option], 2).await.unwrap().is_empty());
}
