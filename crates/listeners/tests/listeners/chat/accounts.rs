//! Signing in on IRC where there are accounts: InspIRCd with Atheme's services.

use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use weir_listeners::chat::Irc;
use weir_listeners::{Destination as _, Outlet};
use weir_status_api::conformance::TOKEN;
use weir_status_api::{ListenerError, Results};
use weir_testbed::eventually;

use super::inspircd::InspIrcd;
use super::irc::while_there;
use super::ircd::Person;
use super::told::{DEADLINE, Scene, report};

fn irc(server: &InspIrcd, more: &Value) -> Irc {
    let mut options = json!({
        "server": format!("localhost:{}", server.tls.port()),
        "tls": true,
        "ca": server.ca,
        "channels": ["#weir"],
        "line_seconds": 0.001,
        "reconnect_seconds": 3600,
    });
    let more = more.as_object().unwrap().clone();
    options.as_object_mut().unwrap().extend(more);
    let outlet = Outlet::open().with_secrets(["sesame".to_owned(), "hunter2".to_owned()]);
    Irc::new(serde_json::from_value(options).unwrap(), &outlet).unwrap()
}

/// A certificate and its key as options, and by which print the services know it.
fn certificate() -> (Value, String) {
    let pair = rcgen::generate_simple_self_signed(["weir".to_owned()]).unwrap();
    let print = digest(&SHA256, pair.cert.der());
    let print = print.as_ref().iter().map(|it| format!("{it:02x}")).collect();
    let options = json!({ "certificate": pair.cert.pem(), "key": pair.signing_key.serialize_pem() });
    (options, print)
}

fn external(mut certificate: Value, more: &Value) -> Value {
    let options = certificate.as_object_mut().unwrap();
    options.insert("sasl".to_owned(), json!("external"));
    options.extend(more.as_object().unwrap().clone());
    certificate
}

/// The account under which the bot is known, by the server's answer to `WHOIS`.
async fn account_of_bot(asking: &mut Person) -> String {
    asking.send("WHOIS weir").await;
    let line = asking.until(" 330 ").await;
    line.split(' ').nth(4).unwrap().to_owned()
}

#[tokio::test]
async fn it_signs_in_by_its_certificate_or_its_password_and_else_says_nothing() {
    let Some(server) = InspIrcd::start().await else {
        return;
    };
    let scene = Scene::new().await;
    let mut ada = server.registered("ada", "sesame", "#weir").await;
    let mut ci = server.registered("ci", "sesame", "#other").await;
    let (known, print) = certificate();
    ci.send(&format!("PRIVMSG NickServ :CERT ADD {print}")).await;
    ci.until("NOTICE ci :Added fingerprint").await;
    ci.send("QUIT").await;

    let report = report(Results::Success, "fine", "");
    for more in [
        external(known.clone(), &json!({})),
        external(known, &json!({ "account": "ci" })),
        json!({ "sasl": "plain", "account": "ci", "password": "sesame" }),
    ] {
        let irc = irc(&server, &more);
        while_there(&irc, &scene, async {
            irc.deliver(&report).await.unwrap();
            ada.until("PRIVMSG #weir :\u{3}03fine").await;
            assert_eq!(account_of_bot(&mut ada).await, "ci", "{more}");
        })
        .await;
        drop(irc);
        ada.until(" QUIT ").await;
    }

    let (stranger, _) = certificate();
    for more in [
        external(stranger, &json!({ "timeout": 0.5 })),
        json!({ "sasl": "plain", "account": "ci", "password": "hunter2", "timeout": 0.5 }),
    ] {
        let irc = irc(&server, &more);
        let why = "there is no connection (signing in failed: SASL authentication failed) at localhost";
        let refused = eventually("it is told why", DEADLINE, async || {
            irc.deliver(&report).await == Err(ListenerError::Later(why.to_owned()))
        });
        while_there(&irc, &scene, refused).await;
    }
    ada.send("NAMES #weir").await;
    let names = ada.until(" 353 ").await;
    assert!(names.ends_with(":@ada"), "{names}");
}

#[tokio::test]
async fn people_are_known_by_their_accounts_and_the_bot_by_its_password() {
    let Some(server) = InspIrcd::start().await else {
        return;
    };
    let scene = Scene::new().await;
    server
        .registered("weir", "sesame", "#other")
        .await
        .send("QUIT")
        .await;
    let mut ada = server.registered("ada", "sesame", "#weir").await;
    ada.send("NICK lovelace").await;
    ada.until(" NICK ").await;
    // Whoever has the nick is not who has the account.
    let mut eve = Person::come(server.address, "ada", "#weir").await;
    let more = json!({
        "password": "sesame",
        "allow": { "force": ["account:ada"] },
        "access_token": TOKEN,
    });
    let irc = irc(&server, &more);
    while_there(&irc, &scene, async {
        ada.until(":weir!").await;
        eve.send("PRIVMSG #weir :weir: force build tests").await;
        eve.until("PRIVMSG #weir :You may not force here, ada.").await;
        ada.send("PRIVMSG #weir :weir: force build tests").await;
        ada.until("PRIVMSG #weir :A build of tests is asked for").await;
        assert_eq!(account_of_bot(&mut ada).await, "weir");
    })
    .await;
}
