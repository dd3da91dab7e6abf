//! Secrets stay out of sight, also after the master was killed in the middle of one.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use weir_status_api::{BuildData, BuildDataField, PropertiesOf, Query, Read, ReadExt, Results};

use crate::site::Site;

const KEY: &str = "sesame-open-the-door";

const CONFIG: &str = r#"
master(anonymous_control = True, worker_grace = "1m")
secrets_from_files("@SECRETS@")
w1 = worker("w1", token_file = "w1.token")
builder(
    "secrets",
    workers = [w1],
    steps = [
        # Only in what a function gives, so that it is known by its use alone.
        shell(["sh", "-c", "echo $0 | tee key", lambda build: secret("key")], name = "first"),
        shell(["sh", "-c", 'printf "%s " "$KEY"; [ "$KEY" = "$(cat key)" ]'], env = {"KEY": interpolate("%(secret:key)s")}, name = "env"),
        shell("printf 'a session, sesame-%s' op; while [ ! -e '@HOLD@' ]; do sleep 0.1; done; cat key | cut -c 10-; cat key", name = "work"),
        set_property("found", command = "cat key"),
        build_data("kept", command = "cat key"),
        master_shell("echo $KEY", env = {"KEY": secret("key")}, name = "here"),
        shell(["no/such/program", secret("key")], name = "none", flunk_on_failure = False, halt_on_failure = False),
        shell(["echo", secret("nothing")], name = "unknown"),
    ],
)
force(name = "force", builders = ["secrets"])
"#;

/// Whether a file below the folder has the text.
fn holds(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, text);
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        bytes.windows(text.len()).any(|it| it == text.as_bytes())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_shown_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, format!("{KEY}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let hold = tempfile::tempdir().unwrap().keep().join("hold");
    let config = CONFIG
        .replace("@SECRETS@", folder.path().to_str().unwrap())
        .replace("@HOLD@", hold.to_str().unwrap());
    let mut site = Site::start(&config).await;
    let _worker = site.worker("w1");
    let request = site.force("secrets").await;
    let build = site.begun(request).await;
    // The worker's own words about the command, and where.
    site.has_lines(&build, "work", 2).await;
    assert!(!holds(&site.path("data"), "sesame-op"));
    site.kill_and_restart().await;
    std::fs::write(&hold, "").unwrap();
    let build = site.finished(request).await;
    assert_eq!(build.results, Some(Results::Exception), "{build:?}");
    for (name, shown) in [
        ("first", "o<key>"),
        ("env", "h  KEY=<key>"),
        ("env", "o<key> "),
        ("work", "oa session, <key>"),
        ("work", "o<key>"),
        ("here", "o<key>"),
        ("set found", "hfound: \"<key>\""),
        (
            "unknown",
            "hsecret 'nothing' cannot be had: there is none in the folder ",
        ),
    ] {
        let text = site.log_text(&site.step(&build, name).await).await;
        assert!(
            text.lines().any(|it| it.starts_with(shown)),
            "{name}: {shown} in {text}"
        );
    }
    let first = site.step(&build, "first").await;
    assert_eq!(first.state, "'sh -c echo $0 | tee key <key>'");
    let unknown = site.step(&build, "unknown").await;
    assert!(
        unknown.state.starts_with("secret 'nothing' cannot be had"),
        "{unknown:?}"
    );
    let properties = PropertiesOf::Build(build.id.into());
    let properties = site.api().properties(properties).await.unwrap().value;
    assert_eq!(properties["found"].value, "<key>");
    let data = Query::<BuildData>::new().eq(BuildDataField::Build, build.id);
    assert_eq!(site.api().page(data).await.unwrap().items[0].length, 6);
    site.master.terminate();
    site.master.ended(crate::site::SOON).await;
    for part in [KEY, "sesame-op", "the-door"] {
        assert!(!holds(&site.path("data"), part), "{part}");
    }
}
