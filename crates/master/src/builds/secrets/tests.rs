//! Where secrets come from, and what is said if they do not.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::*;

/// The secrets of a build by a configuration with these lines.
fn configured(folder: &Path, providers: &str) -> Secrets {
    let source = format!(
        "w = worker('w', token = 't')\n{providers}\nbuilder('b', workers = [w], steps = [shell('make')])\n"
    );
    let config = weir_config::check(&source, "weir.star", folder).unwrap();
    Secrets::new(&config, &config.builders[0])
}

fn write(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// The secrets of a build, in files of the folder `secrets`.
pub(crate) fn keeping(folder: &Path, secrets: &[(&str, &str)]) -> Secrets {
    let files = folder.join("secrets");
    std::fs::create_dir_all(&files).unwrap();
    for (name, value) in secrets {
        write(&files.join(name), value, 0o600);
    }
    configured(folder, "secrets_from_files('secrets')")
}

fn why(secrets: &Secrets, name: &str) -> String {
    secrets.get(name).unwrap_err().to_string()
}

#[test]
fn files_and_variables_give_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = keeping(
        folder.path(),
        &[("a", "value of a\r\n"), ("empty", ""), ("b.txt", "b")],
    );
    assert_eq!(secrets.get("a").unwrap(), "value of a");
    assert_eq!(secrets.get("empty").unwrap(), "");
    // Read once.
    std::fs::remove_file(folder.path().join("secrets/a")).unwrap();
    assert_eq!(secrets.get("a").unwrap(), "value of a");
    assert_eq!(secrets.names(), ["a", "empty"]);
    assert_eq!(secrets.mask("the value of a is"), "the <a> is");
    write(&folder.path().join("secret"), "outside", 0o600);
    for name in ["c", "../secret", "..", "/etc/passwd", "x/../a"] {
        assert!(
            why(&secrets, name).contains("there is none in the folder"),
            "{name}"
        );
    }
    write(&folder.path().join("secrets/open"), "x", 0o604);
    assert!(why(&secrets, "open").contains("chmod o="));

    let path = std::env::var("PATH").unwrap();
    let provider = "secrets_from_files('secrets', suffix = '.txt', strip = False)\nsecrets_from_env('PA')";
    let secrets = configured(folder.path(), provider);
    assert_eq!(secrets.get("b").unwrap(), "b");
    assert_eq!(secrets.get("TH").unwrap(), path);
    let none = why(&secrets, "NO_SUCH_ONE");
    assert!(none.ends_with("secrets or the variables PA…"), "{none}");
    assert!(secrets.variables().contains(&"PATH".to_owned()));
}

#[test]
fn properties_hold_names_and_no_values() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = keeping(folder.path(), &[("a", "hunter2"), ("pin", "1234")]);
    let mut properties = BTreeMap::from([(
        "all".to_owned(),
        Property::new(json!(["x hunter2", {"hunter2": 1234, "n": 12}, true]), "Step"),
    )]);
    let before = properties.clone();
    secrets.mask_properties(&mut properties);
    assert_eq!(properties, before);
    secrets.get("a").unwrap();
    secrets.get("pin").unwrap();
    secrets.mask_properties(&mut properties);
    assert_eq!(
        properties["all"].value,
        json!(["x <a>", {"<a>": "<pin>", "n": 12}, true])
    );
}

#[test]
fn what_is_not_known_any_more_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = keeping(folder.path(), &[("a", "hunter2")]);
    secrets.recall(&["a".to_owned()]);
    assert_eq!(secrets.forgotten(), None);
    assert_eq!(secrets.mask("hunter2"), "<a>");
    secrets.recall(&["a".to_owned(), "b".to_owned()]);
    assert!(secrets.forgotten().is_some());
}

/// What a Vault answers to the requests that it gets.
struct FakeVault {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

/// A server that gives `answers` one after the other, and the last one from then on.
fn vault(answers: &'static [(&'static str, &'static str)]) -> FakeVault {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(vec![]));
    let seen = Arc::clone(&requests);
    std::thread::spawn(move || {
        let mut answers = answers.iter().chain(answers.last().into_iter().cycle());
        while let Ok((mut stream, _)) = listener.accept() {
            let mut request = vec![];
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) > 0 {
                request.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&request).to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1);
            let length = length.and_then(|it| it.split("\r\n").next()?.parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            stream.read_exact(&mut body).unwrap();
            request.extend(body);
            seen.lock().unwrap().push(String::from_utf8(request).unwrap());
            let Some((status, body)) = answers.next() else {
                return;
            };
            let length = body.len();
            let answer =
                format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
            // Whoever asked may have gone.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    FakeVault { url, requests }
}

/// The secrets of a build that has them from the Vault.
fn from_vault(folder: &Path, vault: &FakeVault, arguments: &str) -> Secrets {
    write(&folder.join("vault.token"), "s.token\n", 0o600);
    let url = &vault.url;
    configured(
        folder,
        &format!("secrets_from_vault('{url}/', token_file = 'vault.token'{arguments})"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_gives_secrets_of_both_versions() {
    const SECOND: &str = r#"{"data": {"data": {"password": "hunter2", "port": 17, "none": null}, "metadata": {"version": 3}}}"#;
    let folder = tempfile::tempdir().unwrap();
    let server = vault(&[("200 OK", SECOND)]);
    let secrets = from_vault(folder.path(), &server, ", path = 'ci'");
    assert_eq!(secrets.get("app/d b|password").unwrap(), "hunter2");
    assert_eq!(secrets.get("port").unwrap(), "17");
    assert_eq!(secrets.mask("hunter2:17"), "<app/d b|password>:<port>");
    {
        let requests = server.requests.lock().unwrap();
        assert!(
            requests[0].starts_with("GET /v1/secret/data/ci/app/d%20b HTTP/1.1\r\n"),
            "{requests:?}"
        );
        assert!(
            requests[0]
                .to_ascii_lowercase()
                .contains("x-vault-token: s.token\r\n"),
            "{requests:?}"
        );
        assert!(
            requests[1].starts_with("GET /v1/secret/data/ci HTTP/1.1\r\n"),
            "{requests:?}"
        );
    }
    for name in [
        "none",
        "other",
        "app|x|y",
        "../sys|password",
        "a//b|password",
        "app|",
    ] {
        assert!(
            why(&secrets, name).contains("there is none in the Vault"),
            "{name}"
        );
    }
    let server = vault(&[("200 OK", r#"{"data": {"password": "hunter3"}}"#)]);
    let secrets = from_vault(folder.path(), &server, ", mount = 'kv/team', version = 1");
    assert_eq!(secrets.get("app|password").unwrap(), "hunter3");
    assert!(server.requests.lock().unwrap()[0].starts_with("GET /v1/kv/team/app HTTP/1.1\r\n"));
    assert!(why(&secrets, "password").contains("there is none"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_knows_the_master_by_its_role() {
    const ANSWER: &str = r#"{"data": {"data": {"password": "hunter2"}}}"#;
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("secret.id"), "s3cret\n", 0o600);
    let secrets = |server: &FakeVault| {
        let url = &server.url;
        let login = "role_id = 'ci', secret_id_file = 'secret.id', role_mount = 'roles/ci'";
        configured(folder.path(), &format!("secrets_from_vault('{url}', {login})"))
    };
    let server = vault(&[
        ("200 OK", r#"{"auth": {"client_token": "s.token"}}"#),
        ("200 OK", ANSWER),
    ]);
    assert_eq!(secrets(&server).get("app|password").unwrap(), "hunter2");
    {
        let requests = server.requests.lock().unwrap();
        assert!(
            requests[0].starts_with("POST /v1/auth/roles/ci/login HTTP/1.1\r\n"),
            "{requests:?}"
        );
        assert!(
            requests[0].ends_with(r#"{"role_id":"ci","secret_id":"s3cret"}"#),
            "{requests:?}"
        );
        let asked = requests[1].to_ascii_lowercase();
        assert!(asked.contains("x-vault-token: s.token\r\n"), "{requests:?}");
    }
    for (status, body, expected) in [
        (
            "400 Bad Request",
            r#"{"errors": ["invalid role or secret ID"]}"#,
            "to the role's login it answers 400 Bad Request: invalid role or secret ID",
        ),
        ("200 OK", "{}", "its answer to the role's login has no token"),
    ] {
        let server = vault(Box::leak(Box::new([(status, body)])));
        let told = why(&secrets(&server), "app|password");
        assert!(told.contains(expected) && !told.contains("s3cret"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_that_gives_none_says_why() {
    let folder = tempfile::tempdir().unwrap();
    for (answers, expected) in [
        (
            &[("403 Forbidden", r#"{"errors": ["permission\ndenied"]}"#)][..],
            "403 Forbidden: permission denied",
        ),
        (
            &[("404 Not Found", r#"{"errors": ["no handler for route"]}"#)],
            "404 Not Found: no handler for route",
        ),
        (
            &[("404 Not Found", r#"{"errors": []}"#)],
            "there is none in the Vault",
        ),
        (
            &[("404 Not Found", r#"{"data": {"data": null}}"#)],
            "there is none in the Vault",
        ),
        (&[("200 OK", "<html>")], "its answer is no JSON"),
        (
            &[("200 OK", r#"{"data": {"password": "x"}}"#)],
            "none of a KV engine of version 2",
        ),
        (&[("307 Temporary Redirect", "")], "307 Temporary Redirect"),
    ] {
        let server = vault(answers);
        let told = why(&from_vault(folder.path(), &server, ""), "app|password");
        assert!(told.contains(expected), "{told}");
        assert_eq!(server.requests.lock().unwrap().len(), 1, "{told}");
    }
    // One that is sealed for a moment is asked again.
    let server = vault(&[
        ("503 Service Unavailable", r#"{"errors": ["Vault is sealed"]}"#),
        ("200 OK", r#"{"data": {"data": {"password": "hunter2"}}}"#),
    ]);
    assert_eq!(
        from_vault(folder.path(), &server, "")
            .get("app|password")
            .unwrap(),
        "hunter2"
    );
    // Nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let nobody = FakeVault {
        url: format!("http://127.0.0.1:{port}"),
        requests: Arc::default(),
    };
    let told = why(&from_vault(folder.path(), &nobody, ""), "app|password");
    assert!(told.contains("it cannot be reached"), "{told}");
    std::fs::remove_file(folder.path().join("vault.token")).unwrap();
}
