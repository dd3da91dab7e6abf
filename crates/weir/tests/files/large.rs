//! Large files, with masters and workers that end in the middle.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use weir_status_api::Results;
use weir_testbed::eventually;

use crate::site::{SOON, Site};

const CONFIG: &str = r#"
master(anonymous_control = True, worker_grace = "1m")
w1 = worker("w1", token_file = "w1.token")
builder("up", workers = [w1], steps = [upload_file("../../large", to = "up/large")])
builder("folder", workers = [w1], steps = [upload_directory("../../folder", to = "up/folder")])
builder("down", workers = [w1], steps = [download_file("large", to = "large")])
force("force", builders = ["up", "folder", "down"])
"#;

/// How large the file is, in bytes.
const SIZE: usize = 200 * 1024 * 1024;

/// How much of the file has come when somebody ends.
const BEGUN: u64 = 10 * 1024 * 1024;

/// How many bytes a master may take more for a transfer than it takes without: some windows.
const GROWTH: u64 = 60 * 1024 * 1024;

/// Writes a file whose every 8 bytes are different.
fn write(path: &Path, size: usize) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = std::io::BufWriter::new(File::create(path).unwrap());
    for number in 0..size as u64 / 8 {
        // Nothing that packs well.
        let number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        file.write_all(&number.to_le_bytes()).unwrap();
    }
    file.flush().unwrap();
}

fn are_equal(one: &Path, other: &Path) -> bool {
    let (mut one, mut other) = (File::open(one).unwrap(), File::open(other).unwrap());
    let (mut a, mut b) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let count = one.read(&mut a).unwrap();
        if other.read_exact(&mut b[..count]).is_err() || a[..count] != b[..count] {
            return false;
        }
        if count == 0 {
            return other.read(&mut b).unwrap() == 0;
        }
    }
}

/// Waits until a file that is not whole yet in the folder has so many bytes; gives how many.
async fn has_come(folder: &Path, least: u64) -> u64 {
    eventually("a part of the file has come", SOON, async || {
        let entries = fs::read_dir(folder).ok()?;
        let parts = entries
            .flatten()
            .filter(|it| it.file_name().to_string_lossy().starts_with(".weir-part-"));
        let size = parts
            .filter_map(|it| it.metadata().ok())
            .map(|it| it.len())
            .max()?;
        (size >= least).then_some(size)
    })
    .await
}

/// The most memory that the program had, in bytes.
fn most_memory(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:")).unwrap();
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib * 1024
}

async fn site() -> (Site, PathBuf, PathBuf) {
    let site = Site::start(CONFIG).await;
    let (worker, files) = (site.path("worker-w1"), site.path("data/files"));
    (site, worker, files)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_outlives_its_master_and_a_lost_worker_begins_anew() {
    let (mut site, worker, files) = site().await;
    write(&worker.join("large"), SIZE);
    let mut process = site.worker("w1");
    site.worker_connected("w1", true).await;
    let request = site.force("up").await;
    let mut come = has_come(&files.join("up"), BEGUN).await;
    for _ in 0..2 {
        site.kill_and_restart().await;
        let more = has_come(&files.join("up"), come + BEGUN / 2).await;
        come = more;
    }
    let before = site.builds_of(request).await;
    assert!(before.len() == 1 && before[0].complete_at.is_none(), "{before:?}");
    process.kill();
    process.ended(SOON).await;
    let _process = site.worker("w1");
    let build = site.finished(request).await;
    assert_eq!(build.results, Some(Results::Success), "{build:?}");
    assert_eq!(site.builds_of(request).await.len(), 2);
    assert!(are_equal(&worker.join("large"), &files.join("up/large")));
    let left: Vec<_> = fs::read_dir(files.join("up"))
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    assert_eq!(left, ["large"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_outlives_its_master() {
    let (mut site, worker, files) = site().await;
    write(&files.join("large"), SIZE);
    let _process = site.worker("w1");
    site.worker_connected("w1", true).await;
    let request = site.force("down").await;
    let folder = worker.join("down/build");
    let mut come = has_come(&folder, BEGUN).await;
    for _ in 0..2 {
        site.kill_and_restart().await;
        come = has_come(&folder, come + BEGUN / 2).await;
    }
    let build = site.finished(request).await;
    assert_eq!(build.results, Some(Results::Success), "{build:?}");
    assert_eq!(site.builds_of(request).await.len(), 1);
    assert!(are_equal(&folder.join("large"), &files.join("large")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_while_the_master_is_away_is_not_mixed() {
    let (mut site, worker, files) = site().await;
    write(&files.join("large"), SIZE);
    let _process = site.worker("w1");
    site.worker_connected("w1", true).await;
    let request = site.force("down").await;
    let folder = worker.join("down/build");
    has_come(&folder, BEGUN).await;
    site.master.kill();
    site.master.ended(SOON).await;
    write(&files.join("large"), SIZE + 8);
    site.restart().await;
    let build = site.finished(request).await;
    let step = site.step(&build, "download large").await;
    assert_eq!(step.results, Some(Results::Failure), "{step:?}");
    assert!(
        step.state.ends_with("large was changed while it was sent"),
        "{}",
        step.state
    );
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_transfer_takes_no_memory_and_can_be_stopped() {
    let (site, worker, files) = site().await;
    write(&worker.join("folder/large"), SIZE);
    write(&worker.join("large"), 8);
    let _process = site.worker("w1");
    site.finished(site.force("up").await).await;
    let before = most_memory(site.master.id().unwrap());
    let build = site.finished(site.force("folder").await).await;
    assert_eq!(build.results, Some(Results::Success), "{build:?}");
    assert!(are_equal(
        &worker.join("folder/large"),
        &files.join("up/folder/large")
    ));
    let after = most_memory(site.master.id().unwrap());
    assert!(after < before + GROWTH, "{before} {after}");
    // In the middle of the next one.
    let request = site.force("folder").await;
    has_come(&files.join("up"), BEGUN).await;
    let build = site.begun(request).await;
    let output = site.weir(&["stop", &format!("folder/{}", build.number)]).await;
    assert!(output.status.success(), "{}", crate::site::text(&output));
    let build = site.finished(request).await;
    assert_eq!(build.results, Some(Results::Cancelled), "{build:?}");
    let mut left: Vec<_> = fs::read_dir(files.join("up"))
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["folder", "large"]);
}
