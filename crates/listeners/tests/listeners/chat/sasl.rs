//! Signing in on IRC by SASL, with a server that plays the part: IRCv3's `sasl-3.2`.

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use weir_listeners::chat::Irc;
use weir_listeners::{Destination, Outlet};
use weir_status_api::{ListenerError, Results};

use super::told::{DEADLINE, Scene, report};

/// What a server says to a line of ours; each of its lines.
type Says = fn(&str) -> Vec<String>;

/// A server that answers lines until there were so many fences behind messages, and gives what it was told.
async fn serve(listener: TcpListener, says: Says, fences: usize) -> Vec<String> {
    let (stream, _) = listener.accept().await.unwrap();
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mut told = vec![];
    while let Ok(Some(line)) = lines.next_line().await {
        for answer in says(&line) {
            writer
                .write_all(format!("{answer}\r\n").as_bytes())
                .await
                .unwrap();
        }
        told.push(line);
        if told.iter().filter(|it| it.starts_with("PING :weir-")).count() == fences {
            break;
        }
    }
    told
}

/// A server that has SASL, and takes whatever is said.
fn willing(line: &str) -> Vec<String> {
    let says = |lines: &[&str]| lines.iter().map(ToString::to_string).collect();
    match line.split(' ').collect::<Vec<_>>()[..] {
        // Capabilities come on two lines, some with values.
        ["CAP", "LS", ..] => says(&[
            ":s CAP * LS * :multi-prefix account-tag",
            ":s CAP * LS :sasl=PLAIN,EXTERNAL cap-notify",
        ]),
        ["CAP", "REQ", ..] => says(&[":s CAP * ACK :account-tag sasl"]),
        ["AUTHENTICATE", "PLAIN"] => says(&["AUTHENTICATE +"]),
        ["AUTHENTICATE", ..] => says(&[
            ":s 900 weir weir!u@h acc :You are now logged in",
            ":s 903 weir :SASL done",
        ]),
        ["CAP", "END"] => says(&[":s 001 weir :Welcome"]),
        ["JOIN", channel] => vec![
            format!(":weir!u@h JOIN {channel}"),
            format!("@account=ada :ada_!u@h PRIVMSG {channel} :weir: force build nothing"),
            format!("@account=eve :ada!u@h PRIVMSG {channel} :weir: force build nothing"),
        ],
        ["PING", token] => vec![format!(":s PONG s {token}")],
        _ => vec![],
    }
}

/// One that knows nobody.
fn unwilling(line: &str) -> Vec<String> {
    match line.starts_with("AUTHENTICATE ") && line != "AUTHENTICATE PLAIN" {
        true => vec![":s 904 weir :hunter2 is wrong".to_owned()],
        false => willing(line),
    }
}

/// One from before capabilities.
fn old(line: &str) -> Vec<String> {
    match line.split(' ').next() {
        Some("JOIN") => vec![],
        Some("CAP") => vec![":s 421 * CAP :Unknown command".to_owned()],
        Some("USER") => vec![":s 001 weir :Welcome".to_owned()],
        _ => willing(line),
    }
}

fn irc(address: std::net::SocketAddr, more: Value) -> Irc {
    let mut options = json!({
        "server": address.to_string(),
        "channels": ["#weir"],
        "password": "hunter2",
        "line_seconds": 0.001,
        "timeout": 5,
        "reconnect_seconds": 3600,
    });
    options
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let outlet = Outlet::open().with_secrets(["hunter2".to_owned()]);
    Irc::new(serde_json::from_value(options).unwrap(), &outlet).unwrap()
}

/// What the server was told until a report had come, and what came of the report.
async fn run(says: Says, more: Value, fences: usize) -> (Vec<String>, Result<(), ListenerError>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let irc = irc(listener.local_addr().unwrap(), more);
    let scene = Scene::new().await;
    let report = report(Results::Success, "fine", "");
    let all = async { tokio::join!(serve(listener, says, fences), irc.deliver(&report)) };
    tokio::select! {
        done = tokio::time::timeout(DEADLINE, all) => done.expect("it takes too long"),
        () = irc.attend(scene.desk()) => panic!("it stopped attending"),
    }
}

#[tokio::test]
async fn it_signs_in_before_it_joins_and_knows_people_by_their_accounts() {
    let more = json!({ "sasl": "plain", "account": "ci", "allow": { "force": ["account:ada"] } });
    let (told, outcome) = run(willing, more, 3).await;
    outcome.unwrap();
    let place = |line: &str| {
        told.iter()
            .position(|it| it == line)
            .unwrap_or_else(|| panic!("no {line}: {told:?}"))
    };
    // `ci NUL ci NUL hunter2`, as RFC 4616 has it.
    let steps = [
        "CAP LS 302",
        "CAP REQ :account-tag sasl",
        "AUTHENTICATE PLAIN",
        "AUTHENTICATE Y2kAY2kAaHVudGVyMg==",
        "CAP END",
        "JOIN #weir",
    ];
    assert!(steps.map(place).is_sorted(), "{told:?}");
    assert!(
        !told
            .iter()
            .any(|it| it.contains("IDENTIFY") || it.contains("hunter2")),
        "{told:?}"
    );
    place("PRIVMSG #weir :There is no builder 'nothing'; try 'list builders'.");
    place("PRIVMSG #weir :You may not force here, ada.");
}

#[tokio::test]
async fn without_sasl_it_tells_the_service_of_nicks() {
    let (told, outcome) = run(old, json!({}), 1).await;
    outcome.unwrap();
    let identify = told
        .iter()
        .position(|it| it == "PRIVMSG NickServ :IDENTIFY hunter2")
        .unwrap();
    assert!(
        identify < told.iter().position(|it| it == "JOIN #weir").unwrap(),
        "{told:?}"
    );
}

#[tokio::test]
async fn who_is_not_let_in_says_nothing() {
    for (says, timeout) in [(unwilling as Says, 0.5), (old as Says, 0.5)] {
        let (told, outcome) = run(says, json!({ "sasl": "plain", "timeout": timeout }), 1).await;
        assert!(matches!(outcome, Err(ListenerError::Later(_))), "{outcome:?}");
        assert!(
            !told
                .iter()
                .any(|it| it.starts_with("JOIN") || it.starts_with("PRIVMSG")),
            "{told:?}"
        );
        assert!(!outcome.unwrap_err().to_string().contains("hunter2"));
    }
}
