//! Who may see and do what, with the programs as people run them: tokens, passwords, and hidden builders.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use futures::StreamExt;
use site::{SOON, Site, text};
use weir_status_api::{Builder, Cursor, Error, EventStream, Query, ReadExt, Start, TopicFilter, Watch};
use weir_status_grpc::GrpcStatus;
use weir_testbed::eventually;

const CONFIG: &str = r#"
user("ada", roles = ["admin"])
w = worker("w1", token_file = "w1.token")
builder("open", workers = [w], steps = [shell("true")])
builder("hidden", workers = [w], steps = [shell("true")])
force("force", builders = ["open", "hidden"])
allow("read", builders = ["open"], anonymous = True)
allow("read", roles = ["admin"])
"#;

/// The builders that whoever holds the token sees.
async fn builders(site: &Site, token: Option<&str>) -> Result<Vec<String>, Error> {
    let api = GrpcStatus::connect(&site.url, token.map(str::to_owned)).unwrap();
    let page = api.page(Query::<Builder>::new()).await?;
    Ok(page.items.into_iter().map(|it| it.name).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_made_used_and_revoked() {
    let site = Site::start(CONFIG).await;
    assert_eq!(builders(&site, None).await.unwrap(), ["open"]);
    let data = site.path("data").display().to_string();
    let token = async |arguments: &[&str]| {
        let arguments: Vec<&str> = ["token"].iter().chain(arguments).copied().collect();
        let output = site.weir(&arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    // While the master runs, in its own data folder.
    let scopes = ["--scope", "read", "--scope", "tokens"];
    let create = [
        &["create", "--user", "ada", "--expires", "90d", "--data", &data][..],
        &scopes,
    ]
    .concat();
    let made = token(&create).await;
    let made = made.trim();
    assert_eq!(builders(&site, Some(made)).await.unwrap().len(), 2);

    // Over the API, with that token.
    let file = site.path("ada.token");
    std::fs::write(&file, made).unwrap();
    let file = file.display().to_string();
    let remote = ["--upstream", &site.url, "--token-file", &file];
    let second = token(
        &[
            &["create", "--name", "laptop", "--scope", "read", "--expires", "1d"][..],
            &remote,
        ]
        .concat(),
    )
    .await;
    assert_eq!(builders(&site, Some(second.trim())).await.unwrap().len(), 2);
    let listed = token(&[&["list"][..], &remote].concat()).await;
    assert!(
        listed.contains("laptop") && !listed.contains(second.trim()),
        "{listed}"
    );
    token(&[&["revoke", "2"][..], &remote].concat()).await;
    let refused = builders(&site, Some(second.trim())).await;
    assert!(
        matches!(refused, Err(Error::Unauthenticated { .. })),
        "{refused:?}"
    );

    token(&["revoke", "1", "--data", &data]).await;
    eventually("the master learns of it", SOON, async || {
        builders(&site, Some(made)).await.is_err()
    })
    .await;
    let listed = token(&["list", "--data", &data]).await;
    assert_eq!(listed.matches("revoked").count(), 2, "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_hashed_and_opens_a_session() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut hashing = Command::new(env!("CARGO_BIN_EXE_weir"))
        .arg("hash-password")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    hashing
        .stdin
        .take()
        .unwrap()
        .write_all(b"correct horse\n")
        .unwrap();
    let hash = String::from_utf8(hashing.wait_with_output().unwrap().stdout).unwrap();
    let user = format!(
        "user(\"ada\", password_hash = \"{}\", roles = [\"admin\"])",
        hash.trim()
    );
    let site = Site::start(&CONFIG.replace("user(\"ada\", roles = [\"admin\"])", &user)).await;
    let api = GrpcStatus::connect(&site.url, None).unwrap();
    assert_eq!(api.page(Query::<Builder>::new()).await.unwrap().items.len(), 1);

    let address = site.url.trim_start_matches("http://").to_owned();
    let answer = tokio::task::spawn_blocking(move || {
        use std::io::Read;
        let body = r#"{"username": "ada", "password": "correct horse"}"#;
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        write!(
            stream,
            "POST /auth/login HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: \
             {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    })
    .await
    .unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let session = answer
        .split("weir_session=")
        .nth(1)
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    assert_eq!(builders(&site, Some(session)).await.unwrap().len(), 2);
}

/// The status line and body of `GET path` with the token, if any.
async fn get(url: &str, path: &str, token: Option<&str>) -> (String, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let presented = token.map_or(String::new(), |it| format!("Authorization: Bearer {it}\r\n"));
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{presented}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

/// A watch over gRPC, once the master has let it go out.
async fn watch(site: &Site, token: Option<&str>) -> Result<EventStream, Error> {
    let api = GrpcStatus::connect(&site.url, token.map(str::to_owned)).unwrap();
    let mut events = api.watch(TopicFilter::all(), Start::After(Cursor::ZERO)).await?;
    events.next().await.expect("a stream has no end of its own")?;
    Ok(events)
}

/// Opens an event stream over HTTP: the connection, and the status line of the answer.
async fn stream(site: &Site) -> (tokio::net::TcpStream, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(site.address()).await.unwrap();
    let host = site.address();
    let request = format!("GET /sse/listen/builds/*/* HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = vec![];
    while !head.ends_with(b"\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    (stream, String::from_utf8(head).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn watches_over_grpc_count_with_the_event_streams_of_their_address() {
    let config = CONFIG.replace(
        "roles = [\"admin\"])\nw =",
        "token_file = \"ada.token\", roles = [\"admin\"])\nw =",
    );
    let folder = tempfile::tempdir().unwrap();
    let ada = "token-of-ada-which-is-long-enough";
    std::fs::write(folder.path().join("ada.token"), ada).unwrap();
    let file = folder.path().join("ada.token").display().to_string();
    let config = config.replace("\"ada.token\"", &format!("{file:?}"));
    let site = Site::start_with_flags(&config, &["--streams-per-loopback", "2"]).await;

    let watched = watch(&site, None).await.unwrap();
    let (listening, status) = stream(&site).await;
    assert!(status.contains(" 200 "), "{status}");
    let refused = watch(&site, None).await.map(drop);
    let Err(Error::TooMany { why }) = &refused else {
        panic!("{refused:?}");
    };
    assert!(why.contains("at most 2"), "{why}");
    let (_, status) = stream(&site).await;
    assert!(status.contains(" 429 "), "{status}");
    // Whoever presents a good token is not bounded by address, and counts for none.
    let mut known = vec![];
    for _ in 0..3 {
        known.push(watch(&site, Some(ada)).await.unwrap());
    }
    // Whichever kind ends makes room for the other.
    drop(listening);
    eventually("an event stream has ended", SOON, async || {
        watch(&site, None).await.is_ok()
    })
    .await;
    drop(watched);
    eventually("a watch has ended", SOON, async || {
        stream(&site).await.1.contains(" 200 ")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_elsewhere_hands_tokens_on() {
    let site = Site::start(CONFIG).await;
    let data = site.path("data").display().to_string();
    let create = [
        "token", "create", "--user", "ada", "--scope", "read", "--data", &data,
    ];
    let made = site.weir(&create).await;
    assert!(made.status.success(), "{}", text(&made));
    let made = String::from_utf8(made.stdout).unwrap();
    let mut web = site.start_weir(&["web", "--listen", "127.0.0.1:0"]);
    let line = web.line(SOON, |line| line.contains("serving http://")).await;
    let url = line.rsplit(' ').next().unwrap();
    for (token, status, sees_hidden) in [
        (None, "200", false),
        (Some(made.trim()), "200", true),
        (Some("guessed"), "401", false),
    ] {
        let (head, body) = get(url, "/api/v2/builders", token).await;
        assert!(head.contains(status), "{token:?}: {head}");
        assert_eq!(body.contains("\"hidden\""), sees_hidden, "{token:?}: {body}");
    }
}
