//! A disk that fills while a log grows: the build waits, everybody else is told, and all goes on once there is room.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use std::fs;
use std::path::PathBuf;

use site::{SOON, Site, text};
use tokio::process::Command;
use weir_status_api::Results;
use weir_testbed::eventually;

/// 90,000 lines that do not become smaller when they are packed, 6 MB.
const CONFIG: &str = r#"
master(anonymous_control = True, collapse_requests = False)
w1 = worker("w1", token_file = "w1.token")
b = builder("wordy", workers = [w1], steps = [
    shell(name = "work", command = """
        head -c 4500000 /dev/urandom | base64 -w 66 > said
        cat said
    """),
    shell(name = "sum", command = "wc -l < said"),
])
uploads = builder("uploads", workers = [w1], steps = [
    shell("head -c 20000000 /dev/urandom > large"),
    upload_file("large", to = "out/large"),
    upload_file("none", to = "out/none", always_run = True, name = "after"),
])
small = builder("small", workers = [w1], steps = [shell("true")])
force(name = "force", builders = [b, uploads, small])
"#;

/// What the file `ballast` takes on a site's disk, in MiB.
const BALLAST: usize = 61;

/// A site whose master keeps its data on a disk with that many MiB beside its `ballast`.
async fn on_a_disk_with(mib: usize) -> (Site, PathBuf) {
    let mut site = Site::start(CONFIG).await;
    site.master.terminate();
    site.master.ended(SOON).await;
    fs::remove_dir_all(site.path("data")).unwrap();
    fs::create_dir(site.path("data")).unwrap();
    let data = site.path("data");
    // In a namespace of its own a user may mount.
    let mut within = Command::new("unshare");
    let script = r#"mount -t tmpfs -o size="$1"m none "$2" && head -c "$3" /dev/zero > "$2/ballast" && shift 3 && exec "$@""#;
    within.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]);
    within.arg((BALLAST + mib).to_string());
    within.arg(&data).arg((BALLAST << 20).to_string());
    site.restart_within(within).await;
    let master = site.master.id().unwrap();
    let seen_by_it = format!("/proc/{master}/root{}/ballast", data.display());
    (site, seen_by_it.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_fails_and_gives_its_room_back() {
    // The last 64 MiB are not for uploads.
    let (site, ballast) = on_a_disk_with(80).await;
    let _worker = site.worker("w1");
    let build = site.finished(site.force("uploads").await).await;
    let steps = site.steps(&build).await;
    assert_eq!(steps[1].results, Some(Results::Failure), "{steps:?}");
    assert!(
        steps[1].state.starts_with("the master cannot write "),
        "{}",
        steps[1].state
    );
    assert!(
        steps[1].state.contains("the disk is full: "),
        "{}",
        steps[1].state
    );
    assert_eq!(steps[2].state, "upload none (failure, exit code 2)");
    let out = ballast.with_file_name("files").join("out");
    assert_eq!(fs::read_dir(out).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_waits_for_room_and_loses_nothing() {
    let (site, ballast) = on_a_disk_with(3).await;
    let worker = site.worker("w1");
    let request = site.force("wordy").await;
    let build = site.begun(request).await;
    site.master
        .said("the disk is full", SOON, |said| {
            said.contains("the store takes or gives nothing now") && said.contains("full")
        })
        .await;
    // What was stored can be read; what cannot be stored is refused with the reason.
    let status = site.weir(&["status"]).await;
    assert!(text(&status).contains("1 running"), "{}", text(&status));
    // There may be room for something small, though not for the log.
    let mut taken = vec![];
    eventually("a force is refused", SOON, async || {
        match site.try_to_force("small").await {
            Ok(request) => {
                taken.push(request);
                false
            }
            Err(why) => {
                assert!(why.contains("disk is full"), "{why}");
                true
            }
        }
    })
    .await;
    assert!(site.builds_of(request).await[0].complete_at.is_none());

    fs::remove_file(ballast).unwrap();
    let build_again = site.finished(request).await;
    assert_eq!(
        (build_again.id, build_again.results),
        (build.id, Some(Results::Success))
    );
    let said = fs::read_to_string(only_file(&site.path("worker-w1"), "said")).unwrap();
    let log = site.log_text(&site.step(&build, "work").await).await;
    let logged: String = log
        .lines()
        .filter_map(|it| it.strip_prefix('o'))
        .flat_map(|it| [it, "\n"])
        .collect();
    assert!(logged == said, "{} bytes of {}", logged.len(), said.len());
    // A force is taken again, and all that was taken is built.
    let again = eventually("forces are taken again", SOON, async || {
        site.try_to_force("small").await.ok()
    });
    taken.push(again.await);
    for request in taken {
        assert_eq!(site.finished(request).await.results, Some(Results::Success));
    }
    drop(worker);
}

/// The one file of that name below the folder.
fn only_file(folder: &std::path::Path, name: &str) -> PathBuf {
    let mut found = vec![];
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else if entry.file_name() == name {
                found.push(entry.path());
            }
        }
    }
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}
