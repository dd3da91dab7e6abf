//! What is taken from the master.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use weir_worker_protocol::v1::{Download, from_command::News, start_command::What, to_worker};

use crate::{Heard, Scene, bytes, command, download, exit_code, give};

#[tokio::test]
async fn a_file_is_taken() {
    let mut scene = Scene::new().await;
    for many in [0, 1, 100_000, 1_000_000] {
        let file = bytes(many);
        let what = What::DownloadFile(Download {
            mode: Some(0o751),
            max_bytes: 1_000_000,
            ..download("new/folder/file")
        });
        let heard = scene.run_with(what, Ok(&file)).await;
        assert_eq!(exit_code(&heard), 0, "{}", heard.header);
        assert!(fs::read(scene.path("new/folder/file")).unwrap() == file, "{many}");
        let metadata = fs::metadata(scene.path("new/folder/file")).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o751);
    }
    // What is not given as a whole changes nothing.
    let large = bytes(1_000_000);
    let what = What::DownloadFile(Download {
        max_bytes: 999_999,
        ..download("new/folder/file")
    });
    let heard = scene.run_with(what, Ok(&large)).await;
    assert_eq!(exit_code(&heard), 1);
    assert!(
        heard.header.contains("larger than 999999 bytes"),
        "{}",
        heard.header
    );
    let heard = scene
        .run_with(What::DownloadFile(download("other")), Err("it is not there"))
        .await;
    assert_eq!(exit_code(&heard), 1);
    assert!(
        heard.header.contains("does not give other: it is not there"),
        "{}",
        heard.header
    );
    let heard = scene
        .run_with(What::DownloadFile(download("new")), Ok(&large))
        .await;
    assert_eq!(exit_code(&heard), 21);
    let heard = scene
        .run_with(What::DownloadFile(download("new/folder/file/x")), Ok(&large))
        .await;
    assert_eq!(exit_code(&heard), 17);
    assert!(fs::read(scene.path("new/folder/file")).unwrap() == large);
    assert_eq!(scene.path("new/folder").read_dir().unwrap().count(), 1);
    assert_eq!(scene.path("").read_dir().unwrap().count(), 1);
}

#[tokio::test]
async fn a_download_goes_on_after_lost_connections() {
    let mut scene = Scene::new().await;
    let file = bytes(900_000);
    let start = command("d", What::DownloadFile(download("file")));
    scene.peer.send(to_worker::Message::Start(start)).await;
    let mut heard = Heard::default();
    let mut asked = vec![];
    while heard.outcome.is_none() {
        let news = scene.peer.news().await;
        let Some(News::Read(read)) = &news.news else {
            heard.take(&news);
            scene.peer.acknowledge("d", news.sequence).await;
            continue;
        };
        // It has what it asked for before.
        let stored = news.sequence - 1;
        scene.peer.acknowledge("d", stored).await;
        let is_new = !asked.contains(&read.offset);
        asked.push(read.offset);
        if is_new {
            // The answer is lost with the connection, so that it is asked again.
            scene = scene.lose_connection("d", stored).await;
            continue;
        }
        // One that nobody asks for, and one that comes twice, change nothing.
        let other = read.offset + 50_000;
        for offset in [other, read.offset, read.offset, other] {
            give(&scene.peer, "d", Ok(&file), offset).await;
        }
    }
    assert_eq!(exit_code(&heard), 0);
    assert!(fs::read(scene.path("file")).unwrap() == file);
    let offsets: Vec<u64> = (0..=9).flat_map(|it| [it * 100_000; 2]).collect();
    assert_eq!(asked, offsets);
}
