//! Folders that are made, removed, copied and looked at.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use prost::Message;
use weir_worker_protocol::v1::{CopyDir, FileFacts, start_command::What};

use crate::{Scene, download, exit_code, is_empty, paths, upload};

#[tokio::test]
async fn folders_are_made_and_removed() {
    let mut scene = Scene::new().await;
    for _ in 0..2 {
        let heard = scene
            .run(What::MakeDirs(paths(&["a/b", "../c", "with space"])))
            .await;
        assert_eq!(exit_code(&heard), 0);
        let expected = "mkdir -p a/b ../c 'with space'\n in dir ";
        assert!(heard.header.starts_with(expected), "{}", heard.header);
        assert!(heard.header.contains("\nfinished with exit code 0\nelapsedTime="));
    }
    assert!(scene.path("a/b").is_dir() && scene.path("../c").is_dir());
    scene.write("a/b/file", "x");
    symlink("/etc", scene.path("a/link")).unwrap();
    fs::set_permissions(scene.path("a/b"), Permissions::from_mode(0o500)).unwrap();
    for _ in 0..2 {
        assert_eq!(
            scene
                .code(What::RemoveDirs(paths(&["a", "with space", "../c"])))
                .await,
            0
        );
    }
    assert!(is_empty(&scene.path("")));
    assert!(Path::new("/etc").is_dir());
    // The command's folder too, since the next command makes it.
    assert_eq!(scene.code(What::RemoveDirs(paths(&["."]))).await, 0);
    assert!(!scene.path("").exists());
    assert_eq!(scene.code(What::MakeDirs(paths(&["a"]))).await, 0);
}

#[tokio::test]
async fn nothing_outside_of_the_workers_folder_is_touched() {
    let mut scene = Scene::new().await;
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("file"), "x").unwrap();
    symlink(outside.path(), scene.path("out")).unwrap();
    let absolute = outside.path().to_str().unwrap();
    for path in ["../../../x", "out/file", "../..", "../../.weir", absolute] {
        assert_eq!(
            scene.code(What::MakeDirs(paths(&[path, "out/new"]))).await,
            1,
            "{path}"
        );
        let heard = scene.run(What::RemoveDirs(paths(&[path]))).await;
        assert_eq!(exit_code(&heard), 1, "{path}");
        let said = ["leads out of the worker's folder", "is the worker's own"];
        assert!(
            said.iter().any(|it| heard.header.contains(it)),
            "{}",
            heard.header
        );
        let copy = CopyDir {
            from: ".".to_owned(),
            to: path.to_owned(),
        };
        assert_ne!(scene.code(What::CopyDir(copy)).await, 0, "{path}");
    }
    for what in [
        What::RemoveFile("out/file".to_owned()),
        What::Stat("out/file".to_owned()),
        What::ListDir("out".to_owned()),
        What::UploadFile(upload("out/file")),
        What::UploadDir(upload("out")),
        What::DownloadFile(download("out/file")),
    ] {
        let heard = scene.run(what.clone()).await;
        assert_eq!((exit_code(&heard), heard.data), (1, vec![]), "{what:?}");
    }
    assert_eq!(fs::read(outside.path().join("file")).unwrap(), b"x");
    assert_eq!(outside.path().read_dir().unwrap().count(), 1);
    // The link itself can go.
    assert_eq!(scene.code(What::RemoveDirs(paths(&["out"]))).await, 0);
    assert!(is_empty(&scene.path("")));
}

#[tokio::test]
async fn a_copy_is_as_what_it_is_a_copy_of() {
    let mut scene = Scene::new().await;
    scene.write("from/sub/run", "#!/bin/sh");
    scene.write("from/sub/empty", "");
    symlink("nowhere", scene.path("from/link")).unwrap();
    fs::set_permissions(scene.path("from/sub/run"), Permissions::from_mode(0o751)).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for path in ["from/sub/run", "from/sub"] {
        fs::File::open(scene.path(path))
            .unwrap()
            .set_modified(time)
            .unwrap();
    }
    fs::set_permissions(scene.path("from/sub"), Permissions::from_mode(0o550)).unwrap();
    let copy = |from: &str, to: &str| {
        What::CopyDir(CopyDir {
            from: from.to_owned(),
            to: to.to_owned(),
        })
    };
    assert_eq!(scene.code(copy("from", "new/to")).await, 0);
    assert_eq!(
        fs::read_link(scene.path("new/to/link")).unwrap(),
        Path::new("nowhere")
    );
    for (path, mode) in [("new/to/sub/run", 0o751), ("new/to/sub", 0o550)] {
        let metadata = fs::metadata(scene.path(path)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, mode);
        assert_eq!(metadata.modified().unwrap(), time, "{path}");
    }
    assert_eq!(fs::read(scene.path("new/to/sub/run")).unwrap(), b"#!/bin/sh");
    // It is not mixed with what is there, and what is no folder is not copied.
    let codes = [
        scene.code(copy("from", "new/to")).await,
        scene.code(copy("from/sub/run", "other")).await,
        scene.code(copy("none", "other")).await,
        scene.code(copy(".", "below/it")).await,
    ];
    assert_eq!(codes, [17, 20, 2, 1]);
    let mut left: Vec<_> = scene
        .path("")
        .read_dir()
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["from", "new"]);
}

#[tokio::test]
async fn files_are_told_of() {
    let mut scene = Scene::new().await;
    scene.write("a/one.log", "12345");
    scene.write("a/b/two.log", "");
    fs::set_permissions(scene.path("a/one.log"), Permissions::from_mode(0o640)).unwrap();
    let heard = scene.run(What::Stat("a/one.log".to_owned())).await;
    let facts = FileFacts::decode(&*heard.data).unwrap();
    assert_eq!((facts.mode, facts.size), (0o100_640, 5));
    let age = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() as i64 - facts.modified;
    assert!((0..100).contains(&age) && facts.accessed > 0, "{facts:?}");
    let heard = scene.run(What::Glob("**/*.log".to_owned())).await;
    assert_eq!(heard.data, b"a/b/two.log\0a/one.log\0");
    let heard = scene.run(What::Glob("*.none".to_owned())).await;
    assert_eq!((exit_code(&heard), heard.data), (0, vec![]));
    let heard = scene.run(What::ListDir("a".to_owned())).await;
    assert_eq!(heard.data, b"b\0one.log\0");
    assert_eq!(scene.code(What::RemoveFile("a/one.log".to_owned())).await, 0);
    // What is not there, and what is something else.
    let codes = [
        scene.code(What::RemoveFile("a/one.log".to_owned())).await,
        scene.code(What::Stat("none".to_owned())).await,
        scene.code(What::ListDir("a/b/two.log".to_owned())).await,
        scene.code(What::RemoveFile("a/b".to_owned())).await,
    ];
    assert_eq!(codes, [2, 2, 20, 21]);
}
