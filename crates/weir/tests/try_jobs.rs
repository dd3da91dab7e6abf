//! What people hand in: working copies by `weir try`, patches with a form, changes by `weir sendchange`.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use site::{SOON, Site, text};
use weir_status_api::*;
use weir_testbed::eventually;

const TOKEN: &str = "token-of-ada-which-is-long-enough";

/// `git` of the builder `gated` waits before it applies a patch until the file `gate` is there.
const CONFIG: &str = r#"
user("ada", token = "token-of-ada-which-is-long-enough")
w1 = worker("w1", token_file = "w1.token")
LOOK = [git("@REPOSITORY@"), shell("cat README; ls lib; cksum lib/* || true", name = "look")]
builder("one", workers = [w1], steps = LOOK)
builder("two", workers = [w1], steps = LOOK)
builder("gated", workers = [w1], steps = LOOK, env = {"PATH": "${GATED}:${PATH}"})
try_jobs("try", builders = ["one", "two", "gated"], repository = "@REPOSITORY@")
any_branch("told", builders = ["two"], categories = ["told"])
force("hand", builders = ["one"], fields = [field_patch("fix"), field_properties("more")])
"#;

const GATED_GIT: &str = r#"#!/bin/sh
if [ "$1" = apply ]; then
    touch "$GATED/waits"
    while [ ! -e "$GATED/gate" ]; do sleep 0.05; done
fi
for folder in $(echo "$PATH" | tr : ' '); do
    [ "$folder" != "$GATED" ] && [ -x "$folder/git" ] && exec "$folder/git" "$@"
done
"#;

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", text(&output));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A working copy in which a file is changed, a binary one is new, and another is unknown to git.
fn working_copy(site: &Site) -> PathBuf {
    let copy = site.path("copy");
    git(
        &site.path(""),
        &["clone", "--quiet", &site.repository.url(), "copy"],
    );
    git(&copy, &["config", "user.name", "Ada"]);
    git(&copy, &["config", "user.email", "ada@weir.example"]);
    // The user's own taste, which is nothing to the master.
    git(&copy, &["config", "diff.noprefix", "true"]);
    git(&copy, &["config", "color.ui", "always"]);
    std::fs::write(copy.join("README"), "a raised weir\n").unwrap();
    std::fs::create_dir(copy.join("lib")).unwrap();
    std::fs::write(copy.join("lib/new.bin"), b"\0\xff\x01weir\n\0").unwrap();
    std::fs::write(copy.join("lib/unknown"), "").unwrap();
    git(&copy, &["add", "lib/new.bin"]);
    copy
}

async fn try_in(site: &Site, folder: &Path, arguments: &[&str]) -> Output {
    let token = site.path("ada.token");
    let with_token = ["try", "--token-file", token.to_str().unwrap()];
    site.weir_in(folder, &[&with_token, arguments].concat()).await
}

async fn last_build(site: &Site, builder: &str) -> Build {
    let id = site.api().one::<Builder>(Key::Builder(builder.into())).await;
    let of_builder = Query::<Build>::new()
        .eq(BuildField::Builder, id.unwrap().value.id)
        .descending(BuildField::Id);
    site.api().page(of_builder).await.unwrap().items.remove(0)
}

#[tokio::test]
async fn a_working_copy_is_built() {
    let site = Site::start(CONFIG).await;
    std::fs::write(site.path("ada.token"), TOKEN).unwrap();
    let copy = working_copy(&site);
    let base = git(&copy, &["rev-parse", "HEAD"]);

    // Nothing is sent without a right to, and nothing on trial.
    let output = site.weir_in(&copy, &["try", "--builder", "one"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(
        text(&output).contains("--token-file presents a token"),
        "{}",
        text(&output)
    );
    let output = try_in(&site, &copy, &["--dry-run", "--comment", "Raise it"]).await;
    let said = text(&output);
    for line in [
        "branch: main\n",
        &format!("revision: {base}\n"),
        "who: Ada <ada@weir.example>\n",
        "reason: try job of Ada <ada@weir.example>: Raise it\n",
        "+a raised weir\n",
        "GIT binary patch\n",
        "1 file is left out, of which git does not know",
    ] {
        assert!(said.contains(line), "{line:?} in {said}");
    }
    let buildsets = site.api().page(Query::<Buildset>::new()).await.unwrap().items;
    assert!(buildsets.is_empty(), "{buildsets:?}");

    // A commit that was not pushed is part of it.
    git(&copy, &["commit", "--quiet", "--all", "--message", "Raise it"]);
    let _worker = site.worker("w1");
    let job = [
        "--builder",
        "one",
        "--builder",
        "two",
        "--comment",
        "Raise it",
        "--property",
        "mode=fast",
        "--wait",
    ];
    let output = try_in(&site, &copy.join("lib"), &job).await;
    let said = text(&output);
    assert!(output.status.success(), "{said}");
    assert_eq!(said.matches("a raised weir").count(), 2, "{said}");
    assert!(
        said.contains("one: success") && said.contains("two: success"),
        "{said}"
    );
    let cksum = Command::new("cksum")
        .arg("lib/new.bin")
        .current_dir(&copy)
        .output()
        .unwrap();
    let cksum = String::from_utf8(cksum.stdout).unwrap();
    assert_eq!(said.matches(&cksum).count(), 2, "{cksum} in {said}");
    let build = last_build(&site, "one").await;
    let request = site
        .api()
        .one::<BuildRequest>(Key::BuildRequest(build.request))
        .await;
    let buildset = Key::Buildset(request.unwrap().value.buildset);
    let buildset = site.api().one::<Buildset>(buildset).await.unwrap().value;
    let [stamp] = buildset.source_stamps.as_slice() else {
        panic!("one source in {buildset:?}")
    };
    assert_eq!(
        (stamp.revision.as_deref(), stamp.branch.as_deref()),
        (Some(&*base), Some("main"))
    );
    let patch = stamp.patch.as_ref().unwrap();
    assert_eq!(
        (patch.author.as_str(), patch.comment.as_str(), patch.level),
        ("Ada <ada@weir.example>", "Raise it", 1)
    );
    let properties = site
        .api()
        .properties(PropertiesOf::Build(build.id.into()))
        .await
        .unwrap()
        .value;
    assert_eq!(properties["mode"], Property::new("fast", "Force Build Form"));
    assert_eq!(
        site.step(&build, "git").await.state,
        format!("got {}, and patched it", &base[..12])
    );

    // It is built again with its patch, and the next build is without it.
    let token = site.path("ada.token");
    let token = token.to_str().unwrap();
    let output = site
        .weir(&["rebuild", "one/1", "--wait", "--token-file", token])
        .await;
    assert!(
        text(&output).contains("a raised weir\nnew.bin\n"),
        "{}",
        text(&output)
    );
    let output = site
        .weir(&[
            "force",
            "one",
            "--scheduler",
            "hand",
            "--wait",
            "--token-file",
            token,
        ])
        .await;
    let said = text(&output);
    assert!(said.contains("a weir\n") && !said.contains("new.bin"), "{said}");
}

#[tokio::test]
async fn a_patch_that_does_not_apply_fails_its_build() {
    let site = Site::start(CONFIG).await;
    std::fs::write(site.path("ada.token"), TOKEN).unwrap();
    let _worker = site.worker("w1");
    let diff = site.path("wrong.diff");
    std::fs::write(&diff, "--- README\n+++ README\n@@ -1 +1 @@\n-a sluice\n+a lock\n").unwrap();
    let diff = diff.to_str().unwrap();
    let job = [
        "--diff",
        diff,
        "-p",
        "0",
        "--builder",
        "one",
        "--branch",
        "main",
        "--wait",
    ];
    let output = try_in(&site, &site.path(""), &job).await;
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let build = last_build(&site, "one").await;
    let step = site.step(&build, "git").await;
    assert_eq!(step.state, "the patch does not apply to README");
    let log = site.log_text(&step).await;
    let hunk = "this does not apply to README:\nh@@ -1 +1 @@\nh-a sluice\nh+a lock\n";
    assert!(log.contains(hunk), "{log}");

    // A form takes patches too, and says what is wrong with them.
    let token = site.path("ada.token");
    let token = token.to_str().unwrap();
    let right = site.path("right.diff");
    std::fs::write(
        &right,
        "--- a/README\n+++ b/README\n@@ -1 +1 @@\n-a weir\n+a patched weir\n",
    )
    .unwrap();
    let body = format!("fix_body={}", right.display());
    let force = [
        "force",
        "one",
        "--scheduler",
        "hand",
        "--token-file",
        token,
        "--set-file",
        &body,
    ];
    let output = site
        .weir(&[&force[..], &["--set", "more=depth=3", "--wait"]].concat())
        .await;
    assert!(text(&output).contains("a patched weir"), "{}", text(&output));
    let build = last_build(&site, "one").await;
    let properties = site
        .api()
        .properties(PropertiesOf::Build(build.id.into()))
        .await
        .unwrap()
        .value;
    assert_eq!(properties["depth"], Property::new("3", "Force Build Form"));
    let output = site.weir(&[&force[..], &["--set", "fix_level=x"]].concat()).await;
    assert!(
        text(&output).contains("fix_level: must be a whole number"),
        "{}",
        text(&output)
    );

    let large = site.path("large.diff");
    std::fs::write(&large, vec![b'x'; 700_000]).unwrap();
    let output = try_in(&site, &site.path(""), &["--diff", large.to_str().unwrap()]).await;
    assert!(
        text(&output).contains("the patch has 700000 bytes, and a master takes 655360 at the most"),
        "{}",
        text(&output)
    );
    let output = try_in(&site, &site.path("repository"), &[]).await;
    assert!(
        text(&output).contains("this branch has no upstream"),
        "{}",
        text(&output)
    );
}

#[tokio::test]
async fn a_patch_is_applied_once_though_the_master_is_killed() {
    let gated = tempfile::tempdir().unwrap();
    let script = gated.path().join("git");
    std::fs::write(&script, GATED_GIT).unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let config = CONFIG.replace("${GATED}", &gated.path().display().to_string());
    let config = config.replace(
        r#"env = {"#,
        &format!(r#"env = {{"GATED": "{}", "#, gated.path().display()),
    );
    let mut site = Site::start(&config).await;
    std::fs::write(site.path("ada.token"), TOKEN).unwrap();
    let copy = working_copy(&site);
    let _worker = site.worker("w1");
    let output = try_in(&site, &copy, &["--builder", "gated", "--json"]).await;
    let said = text(&output);
    let made: serde_json::Value = serde_json::from_slice(&output.stdout).expect(&said);
    let request = made["buildrequests"]
        .as_object()
        .unwrap()
        .values()
        .next()
        .unwrap()
        .as_i64()
        .unwrap();
    eventually("the patch is about to be applied", SOON, async || {
        gated.path().join("waits").exists()
    })
    .await;
    site.kill_and_restart().await;
    std::fs::write(gated.path().join("gate"), "").unwrap();
    let build = site.finished(request).await;
    assert_eq!(build.results, Some(Results::Success), "{build:?}");
    assert_eq!(build.number, 1);
    let log = site.log_text(&site.step(&build, "look").await).await;
    assert!(log.contains("a raised weir"), "{log}");
    let log = site.log_text(&site.step(&build, "git").await).await;
    assert_eq!(log.matches("git apply").count(), 1, "{log}");
}

#[tokio::test]
async fn a_change_that_is_told_of_is_built() {
    let site = Site::start(CONFIG).await;
    std::fs::write(site.path("ada.token"), TOKEN).unwrap();
    std::fs::write(site.path("message"), "Raise it\n\nby a foot\n").unwrap();
    let token = site.path("ada.token");
    let message = site.path("message");
    let change = [
        "sendchange",
        "--who",
        "Ada <ada@weir.example>",
        "--category",
        "told",
        "--branch",
        "main",
    ];
    let more = [
        "--comments-file",
        message.to_str().unwrap(),
        "--property",
        "depth=3",
        "--when",
        "1700000000.5",
        "--repository",
        &site.repository.url(),
        "README",
        "lib/a b",
    ];
    let output = site.weir(&[&change[..], &more].concat()).await;
    assert!(
        text(&output).contains("--token-file presents a token"),
        "{}",
        text(&output)
    );
    let with_token = ["--token-file", token.to_str().unwrap(), "--json"];
    let output = site.weir(&[&change[..], &more, &with_token].concat()).await;
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "{\"changeid\":1}\n",
        "{}",
        text(&output)
    );
    let got: Change = site.api().one(Key::Change(ChangeId(1))).await.unwrap().value;
    assert_eq!(got.files, ["README", "lib/a b"]);
    assert_eq!(
        (got.comments.as_str(), got.when),
        ("Raise it\n\nby a foot\n", Timestamp(1_700_000_000_500_000))
    );
    assert_eq!(got.properties["depth"], Property::new("3", "Change"));
    eventually("it is built", SOON, async || {
        !site
            .api()
            .page(Query::<Buildset>::new())
            .await
            .unwrap()
            .items
            .is_empty()
    })
    .await;
    let output = site
        .weir(&[
            "sendchange",
            "--author",
            " ",
            "--token-file",
            token.to_str().unwrap(),
        ])
        .await;
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("author: is required"), "{}", text(&output));
}
