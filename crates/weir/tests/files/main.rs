//! Steps about files, on a real worker.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod large;
#[path = "../site/mod.rs"]
mod site;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use site::Site;
use weir_status_api::{Results, Step};

const CONFIG: &str = r#"
master(anonymous_control = True)
secrets_from_files("@SECRETS@")
w1 = worker("w1", token_file = "w1.token")
builder(
    "worker",
    workers = [w1],
    steps = [
        shell("rm -rf * ../other; mkdir -p sub; printf '#!/bin/sh' > sub/run; chmod 751 sub/run; ln -s nowhere sub/link", name = "prepare"),
        make_directory("a/b"),
        copy_directory("sub", to = interpolate("copy-%(prop:buildnumber)s")),
        copy_directory("sub", to = "../other", name = "copy elsewhere"),
        file_exists("copy-1/run"),
        file_exists("copy-2/run", name = "not there", flunk_on_failure = False, halt_on_failure = False),
        file_exists("a", name = "folder", flunk_on_failure = False, halt_on_failure = False),
        remove_file("sub/run"),
        remove_file("sub/run", name = "again", decode_rc = {2: "warnings"}),
        remove_directory("sub"),
        remove_directory("../../..", name = "too much", flunk_on_failure = False, halt_on_failure = False),
        shell("test ! -e sub && test -d a/b && test -x copy-1/run && test -L ../other/link", name = "check"),
    ],
)
builder(
    "upload",
    workers = [w1],
    steps = [
        shell("rm -rf *; mkdir -p d/e many/sub; printf one > d/one; printf two > d/e/two; chmod 700 d/one; printf 12345 > file; touch -d @1000000000 file; : > empty; ln -s one d/link; printf a > many/a.log; printf b > many/b.log; printf c > many/sub/c.log; printf x > many/x.txt; ln -s /etc d/out; cp -r d bad; rm d/out", name = "prepare"),
        upload_file("file", to = interpolate("releases/%(prop:buildnumber)s/it"), mode = 0o640, keep_times = True, url = interpolate("https://example.org/%(prop:buildnumber)s"), url_text = "the release"),
        upload_file("file", to = "@ABSOLUTE@/file", name = "elsewhere", url = "https://example.org"),
        upload_file("empty", to = "empty"),
        upload_directory("d", to = "folder", name = "folder"),
        upload_directory("d", to = "folder", compress = True, name = "folder again"),
        upload_files(["file", "d"], to = "several", name = "several"),
        upload_files(["many/*.log", "**/c.log", "none*"], to = "logs", glob = True, keep_times = True, name = "logs"),
        upload_files(["none*"], to = "logs", glob = True, name = "nothing"),
    ] + [step for step in [
        upload_file("none", to = "bad/none", name = "missing", flunk_on_failure = False, halt_on_failure = False),
        upload_file("d", to = "bad/d", name = "a folder", flunk_on_failure = False, halt_on_failure = False),
        upload_directory("file", to = "bad/d", name = "a file", flunk_on_failure = False, halt_on_failure = False),
        upload_directory("bad", to = "bad/d", name = "leads out", flunk_on_failure = False, halt_on_failure = False),
        upload_file("file", to = "bad/large", max_size = 4, name = "too large", flunk_on_failure = False, halt_on_failure = False),
        upload_directory("d", to = "bad/large", max_size = 100, name = "too large as an archive", flunk_on_failure = False, halt_on_failure = False),
        upload_file("file", to = "folder", name = "onto a folder", flunk_on_failure = False, halt_on_failure = False),
        upload_file("file", to = "empty/below", name = "below a file", flunk_on_failure = False, halt_on_failure = False),
        upload_file("file", to = prop("owner"), name = "anywhere", flunk_on_failure = False, halt_on_failure = False),
    ]],
    properties = {"owner": "/tmp/x"},
)
builder(
    "download",
    workers = [w1],
    steps = [
        download_file("settings/it", to = "new/it", mode = 0o600),
        download_file("@ABSOLUTE@/file", to = "file", max_size = "1KiB"),
        download_text(interpolate("%(prop:buildnumber)s: %(secret:key)s\n"), to = "text"),
        download_json({"list": [1, None, "x"], "of": {"a": True}}, to = "data.json"),
        download_json(lambda build: {"number": build.prop("buildnumber"), "key": [secret("key")]}, to = "late.json", name = "late"),
        download_properties(to = "about.json"),
        shell("cat new/it file text data.json late.json; stat -c %a new/it; grep -c '\"sourcestamps\":\\[{' about.json; grep -o '\"workername\":\"w1\"' about.json", name = "show"),
        download_file("settings/none", to = "none", name = "missing", flunk_on_failure = False, halt_on_failure = False),
        download_file("settings", to = "none", name = "a folder", flunk_on_failure = False, halt_on_failure = False),
        download_file("settings/it", to = "none", max_size = 4, name = "too large", flunk_on_failure = False, halt_on_failure = False),
        download_text("x", to = "new", name = "onto a folder", flunk_on_failure = False, halt_on_failure = False),
        shell("test ! -e none", name = "nothing came"),
    ],
)
def more(step):
    return [upload_file("file", to = "given/" + step.name)]
def bad(step):
    return [upload_file("file", to = "/tmp/given")]
builder("given", workers = [w1], steps = [shell("echo x > file"), generate("more", more), generate("bad", bad)])
force("force", builders = ["worker", "upload", "download", "given"])
"#;

/// The secret that a download has.
const KEY: &str = "sesame-open-the-door";

struct Scene {
    site: Site,
    _worker: weir_testbed::Process,
    /// A folder beside the site's.
    elsewhere: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Self {
        let elsewhere = tempfile::tempdir().unwrap();
        let secrets = elsewhere.path().join("secrets");
        fs::create_dir(&secrets).unwrap();
        fs::write(secrets.join("key"), KEY).unwrap();
        fs::set_permissions(secrets.join("key"), Permissions::from_mode(0o600)).unwrap();
        let config = CONFIG
            .replace("@SECRETS@", secrets.to_str().unwrap())
            .replace("@ABSOLUTE@", elsewhere.path().to_str().unwrap());
        let site = Site::start(&config).await;
        let _worker = site.worker("w1");
        Self {
            site,
            _worker,
            elsewhere,
        }
    }

    /// The steps of a build of the builder.
    async fn build(&self, builder: &str) -> Vec<Step> {
        let build = self.site.finished(self.site.force(builder).await).await;
        self.site.steps(&build).await
    }

    /// What is at the path in the master's folder for files.
    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.site.path("data/files").join(path)).unwrap()
    }
}

fn shown(steps: &[Step]) -> Vec<(&str, Results, &str)> {
    steps
        .iter()
        .map(|it| (it.name.as_str(), it.results.unwrap(), it.state.as_str()))
        .collect()
}

/// The names of all files below a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let mut names = vec![];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        match path.is_dir() && !path.is_symlink() {
            true => names.extend(self::names(&path).iter().map(|it| format!("{name}/{it}"))),
            false => names.push(name),
        }
    }
    names.sort();
    names
}

use Results::{Failure, Skipped, Success, Warnings};

#[tokio::test(flavor = "multi_thread")]
async fn files_on_the_worker() {
    let scene = Scene::new().await;
    let steps = scene.build("worker").await;
    assert_eq!(
        shown(&steps)[1..],
        [
            ("make b", Success, "mkdir a/b"),
            ("copy sub", Success, "cp -r sub copy-1"),
            ("copy elsewhere", Success, "cp -r sub ../other"),
            ("find run", Success, "copy-1/run: 9 bytes"),
            ("not there", Failure, "stat copy-2/run: there is no such file"),
            ("folder", Failure, "a is not a file"),
            ("remove run", Success, "rm sub/run"),
            ("again", Warnings, "rm sub/run (warnings, exit code 2)"),
            ("remove sub", Success, "rm -rf sub"),
            ("too much", Failure, "rm -rf ../../.. (failure, exit code 1)"),
            (
                "check",
                Success,
                "'test ! -e sub && test -d a/b && test -x copy-1/run && test - …'"
            ),
        ]
    );
    let log = scene.site.log_text(&steps[1]).await;
    assert!(log.starts_with("hmkdir -p a/b\nh in dir "), "{log}");
    assert!(log.contains("\nhfinished with exit code 0\n"), "{log}");
    let log = scene.site.log_text(&steps[10]).await;
    assert!(log.contains("leads out of the worker's folder"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_to_the_master() {
    let scene = Scene::new().await;
    let files = scene.site.path("data/files");
    for round in ["1", "2"] {
        let steps = scene.build("upload").await;
        let shown = shown(&steps);
        assert_eq!(shown[1], ("upload file", Success, "uploaded file: 5 bytes"));
        assert_eq!(shown[2].2, "uploaded file: 5 bytes");
        assert_eq!(shown[3], ("upload empty", Success, "uploaded empty: 0 bytes"));
        assert_eq!((shown[4].1, shown[5].1), (Success, Success), "{shown:?}");
        assert!(
            shown[6].2.starts_with("uploaded 2 files and folders: "),
            "{shown:?}"
        );
        assert_eq!(
            shown[7],
            ("logs", Success, "uploaded 3 files and folders: 3 bytes")
        );
        assert_eq!(shown[8], ("nothing", Skipped, "there is nothing to upload"));
        assert_eq!(steps[1].urls.len(), 1);
        assert_eq!(steps[1].urls[0].name, "the release");
        assert_eq!(steps[1].urls[0].url, format!("https://example.org/{round}"));
        assert_eq!(steps[2].urls[0].name, "file");
        let path = files.join("releases").join(round).join("it");
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!(
            (metadata.mode() & 0o777, metadata.mtime()),
            (0o640, 1_000_000_000)
        );
        assert_eq!(
            fs::metadata(files.join("folder/one")).unwrap().mode() & 0o777,
            0o700
        );
        assert_eq!(scene.text("folder/link"), "one");
        // What fails says why, and leaves nothing.
        let why: Vec<_> = steps[9..]
            .iter()
            .map(|it| (it.results.unwrap(), it.state.as_str()))
            .collect();
        assert_eq!(why[0], (Failure, "upload none (failure, exit code 2)"));
        assert_eq!(why[1], (Failure, "upload d (failure, exit code 21)"));
        assert_eq!(why[2], (Failure, "upload file (failure, exit code 20)"));
        assert_eq!(why[3].0, Failure);
        assert!(
            why[3]
                .1
                .contains("`out` cannot be taken: its link to `/etc` leads out"),
            "{}",
            why[3].1
        );
        assert_eq!(why[4], (Failure, "upload file (failure, exit code 1)"));
        assert_eq!(why[5], (Failure, "upload d (failure, exit code 1)"));
        assert!(why[6].1.contains("folder: Is a directory"), "{}", why[6].1);
        assert!(why[7].1.contains("empty/"), "{}", why[7].1);
        assert_eq!(why[7].0, Failure);
        assert!(
            why[8].1.contains("does not begin with '/' in the configuration"),
            "{}",
            why[8].1
        );
        fs::write(files.join("folder/e/three"), "stays").unwrap();
    }
    assert_eq!(
        names(&files),
        [
            "empty",
            "folder/e/three",
            "folder/e/two",
            "folder/link",
            "folder/one",
            "logs/a.log",
            "logs/b.log",
            "logs/c.log",
            "releases/1/it",
            "releases/2/it",
            "several/d/e/two",
            "several/d/link",
            "several/d/one",
            "several/file",
        ]
    );
    assert_eq!(scene.text("folder/e/three"), "stays");
    assert_eq!(
        fs::read_to_string(scene.elsewhere.path().join("file")).unwrap(),
        "12345"
    );
    assert!(!Path::new("/tmp/x").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_to_the_worker() {
    let scene = Scene::new().await;
    fs::create_dir_all(scene.site.path("data/files/settings")).unwrap();
    fs::write(scene.site.path("data/files/settings/it"), "settings\n").unwrap();
    fs::write(scene.elsewhere.path().join("file"), "absolute\n").unwrap();
    let steps = scene.build("download").await;
    let shown = shown(&steps);
    assert_eq!(shown[0], ("download it", Success, "downloaded new/it"));
    assert_eq!(shown[2], ("download text", Success, "downloaded text"));
    let log = scene.site.log_text(&steps[6]).await;
    let said: Vec<&str> = log.lines().filter_map(|it| it.strip_prefix('o')).collect();
    let expected = [
        "settings",
        "absolute",
        "1: <key>",
        r#"{"list":[1,null,"x"],"of":{"a":true}}{"key":["<key>"],"number":1}600"#,
        "1",
        r#""workername":"w1""#,
    ];
    assert_eq!(said, expected);
    let folder = scene.site.path("worker-w1/download/build");
    assert_eq!(
        fs::read_to_string(folder.join("text")).unwrap(),
        format!("1: {KEY}\n")
    );
    let why: Vec<_> = steps[7..]
        .iter()
        .map(|it| (it.results.unwrap(), it.state.as_str()))
        .collect();
    assert!(why[0].1.contains("settings/none: No such file"), "{}", why[0].1);
    assert!(
        why[1].1.ends_with("settings on the master is not a file"),
        "{}",
        why[1].1
    );
    assert_eq!(why[2], (Failure, "download none (failure, exit code 1)"));
    assert_eq!(why[3], (Failure, "download new (failure, exit code 21)"));
    assert_eq!(why[4].0, Success);
    for step in &steps {
        assert!(!scene.site.log_text(step).await.contains(KEY));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_that_a_function_gives_stay_below_the_folder() {
    let scene = Scene::new().await;
    let steps = scene.build("given").await;
    let shown = shown(&steps);
    assert_eq!(shown[2], ("upload file", Success, "uploaded file: 2 bytes"));
    assert_eq!(scene.text("given/more"), "x\n");
    let (name, results, state) = shown[3];
    assert_eq!((name, results), ("bad", Results::Exception));
    assert!(
        state.contains("is an absolute path, which steps that a function gives cannot have"),
        "{state}"
    );
    assert!(!Path::new("/tmp/given").exists());
}
