//! IRC, with a daemon that others use: ngIRCd.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use weir_listeners::chat::Irc;
use weir_listeners::{Destination, OptionError, Outlet};
use weir_status_api::conformance::TOKEN;
use weir_status_api::{ListenerError, Results};
use weir_testbed::{Link, eventually};

use super::ircd::{Ircd, Person};
use super::told::{DEADLINE, Scene, report};

fn made(server: impl ToString, more: Value, outlet: &Outlet) -> Result<Irc, OptionError> {
    let mut options = json!({
        "server": server.to_string(),
        "server_password": "knock",
        "channels": ["#weir"],
        "reconnect_seconds": 0.01,
        "line_seconds": 0.001,
    });
    options
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    Irc::new(serde_json::from_value(options).unwrap(), outlet)
}

fn irc(server: impl ToString, more: Value) -> Irc {
    made(server, more, &Outlet::open()).unwrap()
}

/// Does `work` while the bot is there.
pub(crate) async fn while_there<T>(irc: &Irc, scene: &Scene, work: impl Future<Output = T>) -> T {
    tokio::select! {
        biased;
        // It has begun before the first report comes, as with a runner.
        () = irc.attend(scene.desk()) => panic!("it stopped attending"),
        done = work => done,
    }
}

#[tokio::test]
async fn reports_reach_channels_and_people_in_colour() {
    let Some(server) = Ircd::start().await else { return };
    let scene = Scene::new().await;
    let mut ada = Person::come(server.address, "ada", "#weir").await;
    let mut bob = Person::come(server.address, "bob", "#locked sesame").await;
    let locked = json!({ "channel": "#locked", "password": "sesame" });
    let irc = irc(
        server.address,
        json!({ "channels": ["#weir", locked], "nicks": ["ada"], "notice": true }),
    );
    let mut report = report(Results::Failure, "tests failed\r\nQUIT", "");
    while_there(&irc, &scene, async {
        irc.deliver(&report).await.unwrap();
        let line = ada.until("NOTICE #weir").await;
        assert!(line.starts_with(":weir!"), "{line}");
        let said = "\u{3}04tests failed\u{f}";
        assert!(line.ends_with(&format!("NOTICE #weir :{said}")), "{line}");
        let line = ada.until("QUIT https").await;
        assert!(
            line.ends_with("QUIT https://ci.example.org/#/builders/2/builds/5\u{f}"),
            "{line}"
        );
        ada.until("PRIVMSG ada :").await;
        bob.until("NOTICE #locked :").await;
        // What all have is not said again; a new one is.
        irc.deliver(&report).await.unwrap();
        report.delivery = "chat-18".to_owned();
        report.message.subject = "another".to_owned();
        irc.deliver(&report).await.unwrap();
        assert!(bob.until("NOTICE #locked").await.contains("QUIT"));
        assert!(bob.until("NOTICE #locked").await.contains("another"));
    })
    .await;
}

#[tokio::test]
async fn a_long_text_comes_whole_in_several_lines_and_no_more_than_are_wanted() {
    let Some(server) = Ircd::start().await else { return };
    let scene = Scene::new().await;
    let mut ada = Person::come(server.address, "ada", "#weir").await;
    let irc = irc(
        server.address,
        json!({ "form": "text", "lines": 3, "colors": false, "burst": 1 }),
    );
    let long = "grün 🎉 ".repeat(120);
    let text = format!("{long}\n\nsecond\nthird\nfourth");
    while_there(&irc, &scene, async {
        irc.deliver(&report(Results::Success, "fine", &text))
            .await
            .unwrap();
        let mut whole = String::new();
        loop {
            let line = ada.until("PRIVMSG #weir :").await;
            let said = line.split_once("PRIVMSG #weir :").unwrap().1.to_owned();
            if said == "second" {
                break;
            }
            whole.push_str(&said);
            whole.push(' ');
        }
        assert_eq!(whole, long);
        assert!(ada.until("PRIVMSG #weir :").await.ends_with(":…"));
    })
    .await;
}

#[tokio::test]
async fn people_ask_the_bot_by_its_name_or_in_private() {
    let Some(server) = Ircd::start().await else { return };
    let scene = Scene::new().await;
    let mut ada = Person::come(server.address, "ada", "#weir").await;
    let mut bob = Person::come(server.address, "bob", "#weir").await;
    let more = json!({ "allow": { "force": ["Ada"] }, "access_token": TOKEN, "command_prefix": "!" });
    let irc = irc(server.address, more);
    while_there(&irc, &scene, async {
        ada.until("JOIN").await;
        ada.until("JOIN").await;
        bob.send("PRIVMSG #weir :what is the status?").await;
        bob.send("PRIVMSG #weir :WEIR: list builders").await;
        bob.until("PRIVMSG #weir :I found these builders: docs, tests.")
            .await;
        bob.send("PRIVMSG #weir :!force build tests").await;
        bob.until("PRIVMSG #weir :You may not force here, bob.").await;
        // ada was there first, and rules the channel.
        bob.send("PRIVMSG #weir :weir, notify on finished").await;
        bob.until("You may not notify here, bob.").await;
        ada.send("PRIVMSG #weir :weir, notify on finished").await;
        bob.until("I tell here of: finished.").await;
        ada.send("MODE #weir +o bob").await;
        bob.until("MODE #weir +o bob").await;
        eventually("bob rules too", DEADLINE, async || {
            bob.send("PRIVMSG #weir :weir: notify list").await;
            bob.until("PRIVMSG #weir :").await.contains("I tell here of")
        })
        .await;
        ada.send("PRIVMSG weir :force build tests before lunch").await;
        ada.until("PRIVMSG ada :A build of tests is asked for (request 1).")
            .await;
        ada.send("PRIVMSG weir :\u{1}VERSION\u{1}").await;
        ada.until("NOTICE ada :\u{1}VERSION Weir 0.").await;
        ada.send("PRIVMSG weir :\u{1}PING 42 7\u{1}").await;
        ada.until("NOTICE ada :\u{1}PING 42 7\u{1}").await;
        let build = scene.build("docs", Results::Warnings, "2 warnings").await;
        assert!(build.0 > 0);
        ada.until("PRIVMSG #weir :\u{3}08Build docs/1 completed with warnings: 2 warnings.\u{f}")
            .await;
    })
    .await;
}

#[tokio::test]
async fn it_joins_and_leaves_where_it_is_told_to_and_is_there_again() {
    let Some(server) = Ircd::start().await else { return };
    let scene = Scene::new().await;
    let mut ada = Person::come(server.address, "ada", "#weir").await;
    let mut bob = Person::come(server.address, "bob", "#Docs").await;
    let more = || json!({ "allow": { "!": ["ada"] } });
    let first = irc(server.address, more());
    while_there(&first, &scene, async {
        ada.until("JOIN").await;
        ada.send("PRIVMSG #weir :weir: join #Docs").await;
        ada.until("PRIVMSG #weir :I join #Docs.").await;
        assert!(bob.until("JOIN").await.starts_with(":weir!"));
    })
    .await;
    bob.until("QUIT").await;

    // Another life of it.
    let second = irc(server.address, more());
    while_there(&second, &scene, async {
        assert!(bob.until("JOIN").await.starts_with(":weir!"));
        bob.send("PRIVMSG #docs :weir: hello").await;
        bob.until("Hello, bob.").await;
        bob.send("PRIVMSG #docs :weir: leave #docs").await;
        bob.until("You may not leave here, bob.").await;
        // The answer comes before it is gone.
        ada.send("JOIN #docs").await;
        ada.until("366").await;
        ada.send("PRIVMSG #docs :weir: leave #docs").await;
        bob.until(":I leave #docs.").await;
        assert!(bob.until("PART").await.starts_with(":weir!"));
    })
    .await;
}

#[tokio::test]
async fn a_muted_channel_is_told_of_no_report_over_a_restart() {
    let Some(server) = Ircd::start().await else { return };
    let scene = Scene::new().await;
    let mut ada = Person::come(server.address, "ada", "#Weir").await;
    let more = || json!({ "channels": ["#Weir"], "nicks": ["Ada"], "colors": false });
    let mut report = report(Results::Success, "first", "");
    let first = irc(server.address, more());
    while_there(&first, &scene, async {
        ada.until("JOIN").await;
        ada.send("PRIVMSG #weir :weir: mute").await;
        ada.until(":I am silent here until 'unmute'.").await;
        first.deliver(&report).await.unwrap();
        ada.until("PRIVMSG ada :first").await;
    })
    .await;
    ada.until("QUIT").await;
    let second = irc(server.address, more());
    while_there(&second, &scene, async {
        report.delivery = "second".to_owned();
        second.deliver(&report).await.unwrap();
        ada.send("PRIVMSG #weir :weir: unmute").await;
        ada.until(":I talk again.").await;
        report.delivery = "third".to_owned();
        report.message.subject = "third".to_owned();
        second.deliver(&report).await.unwrap();
        ada.until("PRIVMSG #Weir :third").await;
        assert!(!ada.has_seen("PRIVMSG #Weir :first"));
    })
    .await;
}

#[tokio::test]
async fn a_nick_that_somebody_has_is_left_to_them() {
    let Some(server) = Ircd::start().await else { return };
    let scene = Scene::new().await;
    let mut weir = Person::come(server.address, "weir", "#weir").await;
    let irc = irc(server.address, json!({}));
    while_there(&irc, &scene, async {
        irc.deliver(&report(Results::Success, "fine", "")).await.unwrap();
        let line = weir.until("PRIVMSG #weir").await;
        assert!(line.starts_with(":weir_!"), "{line}");
        weir.send("PRIVMSG #weir :weir_: hello").await;
        weir.until("Hello, weir.").await;
    })
    .await;
}

#[tokio::test]
async fn a_report_is_not_lost_with_the_connection() {
    let Some(server) = Ircd::start().await else { return };
    let scene = Scene::new().await;
    let link = Link::to(server.address).await.unwrap();
    let mut ada = Person::come(server.address, "ada", "#weir").await;
    let irc = irc(link.address(), json!({ "timeout": 0.3 }));
    let mut report = report(Results::Success, "first", "");
    while_there(&irc, &scene, async {
        eventually("it is there", DEADLINE, async || {
            irc.deliver(&report).await.is_ok()
        })
        .await;
        ada.until("PRIVMSG #weir :\u{3}03first").await;
        link.refuse();
        report.delivery = "chat-18".to_owned();
        report.message.subject = "second".to_owned();
        let error = irc.deliver(&report).await.unwrap_err();
        assert!(matches!(error, ListenerError::Later(_)), "{error:?}");
        link.heal();
        eventually("it is there again", DEADLINE, async || {
            irc.deliver(&report).await.is_ok()
        })
        .await;
        ada.until("PRIVMSG #weir :\u{3}03second").await;
        // It joins again where it is put out, and says what it could not say meanwhile.
        ada.send("KICK #weir weir :out").await;
        ada.until("KICK").await;
        ada.send("MODE #weir +n").await;
        ada.until("MODE #weir +n").await;
        report.delivery = "chat-19".to_owned();
        let error = irc.deliver(&report).await.unwrap_err();
        assert!(matches!(error, ListenerError::Later(_)), "{error:?}");
        link.cut();
        eventually("it has joined again", DEADLINE, async || {
            irc.deliver(&report).await.is_ok()
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn whom_a_report_cannot_reach_is_told() {
    let Some(server) = Ircd::start().await else { return };
    let scene = Scene::new().await;
    let mut ada = Person::come(server.address, "ada", "#weir").await;
    let irc = irc(server.address, json!({ "nicks": ["nobody", "ada"] }));
    while_there(&irc, &scene, async {
        let error = irc
            .deliver(&report(Results::Success, "fine", ""))
            .await
            .unwrap_err();
        let ListenerError::Never(why) = error else {
            panic!("{error:?}")
        };
        assert!(why.starts_with("nobody: "), "{why}");
        ada.until("PRIVMSG #weir").await;
        ada.until("PRIVMSG ada").await;
    })
    .await;
}

#[tokio::test]
async fn a_channel_that_cannot_be_joined_silences_no_other() {
    let Some(server) = Ircd::start().await else { return };
    let scene = Scene::new().await;
    let mut ada = Person::come(server.address, "ada", "#old").await;
    ada.send("MODE #old +b weir!*@*\r\nMODE #old +i\r\nJOIN #weir")
        .await;
    ada.until(" 366 ada #weir").await;
    let irc = irc(server.address, json!({ "channels": ["#old", "#weir"] }));
    let mut report = report(Results::Success, "first", "");
    while_there(&irc, &scene, async {
        for subject in ["first", "second"] {
            report.message.subject = subject.to_owned();
            report.delivery = subject.to_owned();
            let error = irc.deliver(&report).await.unwrap_err();
            let ListenerError::Never(why) = error else {
                panic!("{error:?}")
            };
            let (before, _) = why.split_once(" (+").expect("the server says which mode it is");
            assert_eq!(
                before,
                "#old: the bot cannot join the channel: Cannot join channel"
            );
            ada.until(&format!("PRIVMSG #weir :\u{3}03{subject}")).await;
        }
        // It comes in as soon as it can.
        ada.send("MODE #old -b weir!*@*\r\nINVITE weir #old").await;
        ada.until("JOIN :#old").await;
        report.delivery = "third".to_owned();
        eventually("it knows that it is in", DEADLINE, async || {
            irc.deliver(&report).await.is_ok()
        })
        .await;
        ada.until("PRIVMSG #old :").await;
    })
    .await;
}

#[tokio::test]
async fn reports_that_take_longer_than_the_timeout_to_go_out_are_said_once() {
    let Some(server) = Ircd::start().await else { return };
    let scene = Scene::new().await;
    let mut ada = Person::come(server.address, "ada", "#weir").await;
    let slow = json!({ "form": "text", "burst": 1, "line_seconds": 0.03, "timeout": 0.5, "colors": false });
    let irc = irc(server.address, slow);
    let named = |name: &str, lines: usize| {
        let text: Vec<String> = (1..=lines).map(|line| format!("{name} {line}")).collect();
        let mut report = report(Results::Success, "", &text.join("\n"));
        report.delivery = name.to_owned();
        report
    };
    while_there(&irc, &scene, async {
        irc.deliver(&named("begun", 1)).await.unwrap();
        ada.until("begun 1").await;
        let four = ["a", "b", "c", "d"].map(|name| named(name, 10));
        let told = futures::future::join_all(four.iter().map(|it| irc.deliver(it))).await;
        assert_eq!(told, [Ok(()), Ok(()), Ok(()), Ok(())]);
        for name in ["a", "b", "c", "d"] {
            for line in 1..=10 {
                let said = ada.until("PRIVMSG #weir :").await;
                assert!(said.ends_with(&format!(":{name} {line}")), "{said}");
            }
        }
        // Nobody waits for this one any more when it has begun.
        let left = named("left", 10);
        tokio::select! {
            told = irc.deliver(&left) => panic!("{told:?}"),
            _ = ada.until("left 1") => {}
        }
        irc.deliver(&named("last", 1)).await.unwrap();
        while !ada.until("PRIVMSG #weir :").await.ends_with(":last 1") {}
        assert!(
            !ada.has_seen("left 10"),
            "what nobody waits for was said to its end"
        );
    })
    .await;
}

#[tokio::test]
async fn talk_keeps_no_command_from_the_bot_and_who_is_not_heard_is_told() {
    let Some(server) = Ircd::start().await else { return };
    let scene = Scene::new().await;
    let mut ada = Person::come(server.address, "ada", "#weir").await;
    let mut bob = Person::come(server.address, "bob", "#weir").await;
    let slow =
        json!({ "burst": 1, "line_seconds": 0.02, "command_prefix": "!", "commands_per_minute": 1000 });
    let irc = irc(server.address, slow);
    while_there(&irc, &scene, async {
        bob.until("JOIN").await;
        bob.send("PRIVMSG #weir :weir: hello").await;
        for line in 0..100 {
            ada.send(&format!("PRIVMSG #weir :just talk {line}")).await;
        }
        bob.until("just talk 99").await;
        bob.send("PRIVMSG #weir :!version").await;
        bob.until("PRIVMSG #weir :This is Weir").await;
        for _ in 0..40 {
            bob.send("PRIVMSG #weir :weir: hello").await;
        }
        bob.until("NOTICE bob :I am busy with what others asked, and did not do that")
            .await;
    })
    .await;
}

#[tokio::test]
async fn with_tls_only_a_server_that_is_trusted_is_talked_to() {
    let Some(server) = Ircd::start().await else { return };
    let scene = Scene::new().await;
    let mut ada = Person::come(server.address, "ada", "#weir").await;
    let address = format!("localhost:{}", server.tls.port());
    let report = report(Results::Success, "fine", "");
    let stranger = irc(&address, json!({ "tls": true, "timeout": 0.3 }));
    let error = while_there(&stranger, &scene, stranger.deliver(&report))
        .await
        .unwrap_err();
    assert!(matches!(error, ListenerError::Later(_)), "{error:?}");
    let irc = irc(&address, json!({ "tls": true, "ca": server.ca }));
    while_there(&irc, &scene, async {
        irc.deliver(&report).await.unwrap();
        ada.until("PRIVMSG #weir :\u{3}03fine").await;
    })
    .await;
}

#[tokio::test]
async fn a_dry_run_prints_and_connects_to_nothing() {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let printed: Arc<Mutex<Vec<String>>> = Arc::default();
    let outlet = {
        let printed = printed.clone();
        Outlet::printing(move |text| printed.lock().unwrap().push(text.to_owned()))
            .with_secrets(["knock".to_owned()])
    };
    let irc = made(socket.local_addr().unwrap(), json!({}), &outlet).unwrap();
    let scene = Scene::new().await;
    irc.attend(scene.desk()).await;
    irc.deliver(&report(Results::Success, "knock, fine", ""))
        .await
        .unwrap();
    let printed = printed.lock().unwrap().concat();
    assert_eq!(
        printed,
        "IRC 127.0.0.1: #weir: …, fine https://ci.example.org/#/builders/2/builds/5"
    );
    let connected = tokio::time::timeout(std::time::Duration::from_millis(50), socket.accept()).await;
    assert!(connected.is_err());
}

#[test]
fn a_channel_is_a_name_or_a_name_with_a_password() {
    let channels =
        |it: Value| serde_json::from_value::<weir_listeners::chat::IrcOptions>(json!({ "channels": [it] }));
    assert!(channels(json!("#weir")).is_ok());
    assert!(channels(json!({ "channel": "#weir", "password": "sesame" })).is_ok());
    assert!(channels(json!({ "channel": "#weir", "password": "sesame", "key": "too much" })).is_err());
    assert!(channels(json!({ "channel": "#weir" })).is_err());
}

#[test]
fn options_that_are_wrong_are_named() {
    let wrong = |more: Value| {
        made("localhost", more, &Outlet::open())
            .err()
            .unwrap()
            .to_string()
    };
    for (more, told) in [
        (
            json!({ "server": "" }),
            "server is missing; write e.g. 'irc.example.org'",
        ),
        (
            json!({ "server": "localhost:ircd" }),
            "server has a port that is no number",
        ),
        (
            json!({ "channels": ["#a b"] }),
            "channels has '#a b', which is no name on IRC",
        ),
        (
            json!({ "nick": "a\nb" }),
            "nick has 'a\nb', which is no name on IRC",
        ),
        (json!({ "form": "html" }), "form is neither 'subject' nor 'text'"),
        (
            json!({ "sasl": "plain" }),
            "sasl is 'plain', which wants a password",
        ),
        (
            json!({ "sasl": "external" }),
            "sasl is 'external', which wants tls, certificate and key",
        ),
        (
            json!({ "timeout": 0 }),
            "timeout is not between 0.001 and 3600 seconds",
        ),
        (
            json!({ "tls": true, "ca": "none" }),
            "ca holds no certificate as PEM",
        ),
    ] {
        assert_eq!(wrong(more), told);
    }
}
