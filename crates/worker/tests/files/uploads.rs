//! What is sent to the master.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use weir_worker_protocol::WINDOW_SLACK;
use weir_worker_protocol::v1::{Upload, start_command::What, to_worker};

use crate::{Heard, Scene, WINDOW, bytes, command, exit_code, play_on, upload};

#[tokio::test]
async fn a_file_is_sent() {
    let mut scene = Scene::new().await;
    for many in [0, 1, 65_536, 1_000_000] {
        let file = bytes(many);
        scene.write("file", &file);
        let heard = scene.run(What::UploadFile(upload("file"))).await;
        assert_eq!(exit_code(&heard), 0);
        assert!(heard.data == file, "{many}");
        let limited = |max_bytes: usize| {
            What::UploadFile(Upload {
                max_bytes: max_bytes as u64,
                ..upload("file")
            })
        };
        if many > 1 {
            let heard = scene.run(limited(many - 1)).await;
            assert_eq!(exit_code(&heard), 1);
            assert!(heard.data == file[..many - 1]);
            assert!(heard.header.contains("file is larger than"), "{}", heard.header);
            assert_eq!(scene.code(limited(many)).await, 0);
        }
    }
    fs::create_dir(scene.path("folder")).unwrap();
    let codes = [
        scene.code(What::UploadFile(upload("none"))).await,
        scene.code(What::UploadFile(upload("folder"))).await,
        scene.code(What::UploadDir(upload("none"))).await,
        scene.code(What::UploadDir(upload("file"))).await,
    ];
    assert_eq!(codes, [2, 21, 2, 20]);
}

/// What is in an archive: the kind, the mode and the bytes or the target of each.
fn contents(archive: impl Read) -> BTreeMap<String, (tar::EntryType, u32, Vec<u8>)> {
    let mut contents = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let header = entry.header();
        let (kind, mode) = (header.entry_type(), header.mode().unwrap() & 0o777);
        let mut bytes = vec![];
        match entry.link_name_bytes() {
            Some(link) => bytes = link.to_vec(),
            None => drop(entry.read_to_end(&mut bytes).unwrap()),
        }
        contents.insert(name, (kind, mode, bytes));
    }
    contents
}

#[tokio::test]
async fn a_folder_is_sent_as_an_archive() {
    let mut scene = Scene::new().await;
    let large = bytes(1_500_001);
    let long = format!("from/{}/{}", "long".repeat(30), "name".repeat(60));
    scene.write("from/large", &large);
    scene.write("from/sub/zeros", vec![0; 9_000_000]);
    scene.write(&long, "long");
    symlink("../nowhere", scene.path("from/sub/link")).unwrap();
    fs::create_dir(scene.path("from/empty")).unwrap();
    fs::set_permissions(scene.path("from/large"), Permissions::from_mode(0o741)).unwrap();
    let mut all = vec![];
    for gzip in [false, true] {
        let what = What::UploadDir(Upload {
            gzip,
            ..upload("from")
        });
        let heard = scene.run(what).await;
        assert_eq!(exit_code(&heard), 0);
        all.push(match gzip {
            true => contents(flate2::read::GzDecoder::new(&*heard.data)),
            false => contents(&*heard.data),
        });
        if gzip {
            assert!(heard.data.len() < 1_700_000, "{}", heard.data.len());
        }
    }
    assert!(all[0] == all[1]);
    let of = |name: &str| &all[0][name];
    assert!(of("large").1 == 0o741 && of("large").2 == large);
    assert!(of("sub/zeros").2 == vec![0; 9_000_000]);
    assert_eq!(of(long.strip_prefix("from/").unwrap()).2, b"long");
    assert_eq!(
        (of("sub/link").0, &*of("sub/link").2),
        (tar::EntryType::Symlink, &b"../nowhere"[..])
    );
    assert_eq!(of("empty").0, tar::EntryType::Directory);
    assert_eq!(all[0].len(), 7);
    // A limit is one on the archive.
    let what = What::UploadDir(Upload {
        max_bytes: 100_000,
        ..upload("from")
    });
    let heard = scene.run(what).await;
    assert_eq!((exit_code(&heard), heard.data.len()), (1, 100_000));
}

#[tokio::test]
async fn a_slow_master_stops_an_upload() {
    let mut scene = Scene::new().await;
    let file = bytes(3_000_000);
    scene.write("file", &file);
    let start = command("slow", What::UploadFile(upload("file")));
    scene.peer.send(to_worker::Message::Start(start)).await;
    let mut heard = Heard::default();
    let mut last = 0;
    let most = WINDOW as usize + WINDOW_SLACK;
    while heard.data.len() < file.len() {
        let before = heard.data.len();
        // Nothing is acknowledged until the window is full.
        while heard.data.len() - before < WINDOW as usize - 100_000 && heard.data.len() < file.len() {
            let news = scene.peer.news().await;
            last = news.sequence;
            heard.take(&news);
        }
        assert!(heard.data.len() - before <= most);
        scene.peer.acknowledge("slow", last).await;
    }
    play_on(&mut scene.peer, "slow", Err(""), &mut heard).await;
    assert_eq!(exit_code(&heard), 0);
    assert!(heard.data == file);
}

#[tokio::test]
async fn an_upload_goes_on_after_lost_connections_and_leaves_the_journal_alone() {
    let mut scene = Scene::new().await;
    let file = bytes(3_000_000);
    scene.write("file", &file);
    let start = command("u", What::UploadFile(upload("file")));
    scene.peer.send(to_worker::Message::Start(start)).await;
    let mut heard = Heard::default();
    for round in 1..=8 {
        let mut received = 0;
        while heard.data.len() < 300_000 * round {
            let news = scene.peer.news().await;
            received = news.sequence;
            heard.take(&news);
            // The last ones are not acknowledged, but not sent again either.
            if heard.data.len() < 300_000 * round - 50_000 {
                scene.peer.acknowledge("u", received).await;
            }
        }
        scene = scene.lose_connection("u", received).await;
        assert!(size_of(&scene.stage.dir.path().join(".weir/journal")) < 2 * WINDOW);
        scene.peer.acknowledge("u", received).await;
    }
    play_on(&mut scene.peer, "u", Err(""), &mut heard).await;
    assert_eq!(exit_code(&heard), 0);
    assert!(heard.data == file);
}

/// How many bytes are in the files of a folder.
fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = folder.read_dir() else {
        return 0;
    };
    let sizes = entries.map(|it| {
        let path = it.unwrap().path();
        match path.is_dir() {
            true => size_of(&path),
            // It may be removed meanwhile.
            false => path.metadata().map_or(0, |it| it.len()),
        }
    });
    sizes.sum()
}
