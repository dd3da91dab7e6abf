//! Mail, handed to a real relay.

mod delivered;
mod exim;
mod relay;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::{Value, json};
use weir_listeners::{Attachment, Destination as _, Mail, MailOptions, Outlet, Report};
use weir_status_api::{Bookmarks, Desk, Event, ListenerError, Place, Results};

use relay::Relay;

use crate::sample::{SECRET, build, ended, missing_worker, of_build, open, stamp};
use crate::support::Events;

/// A relay of these options; the test is left out if there can be none.
macro_rules! relay {
    ($options:expr) => {
        match Relay::start($options).await {
            Some(relay) => relay,
            None => return,
        }
    };
}

fn made(options: Value) -> Result<Mail, weir_listeners::OptionError> {
    let mut all = json!({"from_address": "Weir CI <ci@example.org>"});
    for (name, value) in options.as_object().unwrap() {
        all[name] = value.clone();
    }
    let options: MailOptions = serde_json::from_value(all).unwrap();
    Mail::new(options, &open())
}

/// Mail to Ada by the relay.
fn to_ada(relay: &Relay, mut more: Value) -> Mail {
    more["relay"] = json!(relay.address());
    if more.get("to").is_none() {
        more["to"] = json!(["Ada <ada@example.org>"]);
    }
    made(more).unwrap()
}

fn report() -> Report {
    ended("https://git.example.org/weir/weir", Results::Failure)
}

#[tokio::test]
async fn a_report_is_a_mail_that_machines_know_as_one_of_theirs() {
    let mut relay = relay!(json!({}));
    let mail = to_ada(&relay, json!({}));
    assert_eq!(mail.kind(), "mail");
    let mut report = report();
    report.message.html = Some("<b>All</b> is told here: ü.".to_owned());
    mail.deliver(&report).await.unwrap();
    let got = relay.mail().await;
    assert_eq!(
        (got.from.as_str(), &got.to[..]),
        ("ci@example.org", &["ada@example.org".to_owned()][..])
    );
    for (name, value) in [
        ("From", "Weir CI <ci@example.org>"),
        ("To", "Ada <ada@example.org>"),
        ("Subject", "linux #4: the build ended"),
        ("Date", "Tue, 14 Nov 2023 22:14:22 +0000"),
        ("Message-ID", "<tell-17@example.org>"),
        ("References", "<buildset-6@example.org>"),
        ("In-Reply-To", "<buildset-6@example.org>"),
        ("List-Id", "<builder-2.weir.example.org>"),
        ("Auto-Submitted", "auto-generated"),
        ("Precedence", "bulk"),
        ("X-Weir-Delivery", "tell-17"),
        ("X-Weir-Occasion", "build-finished"),
        ("X-Weir-Builder", "linux"),
        ("X-Weir-Build", "4"),
        ("X-Weir-Results", "failure"),
        ("X-Weir-Branch", "main"),
        ("X-Weir-Project", "weir"),
        ("X-Weir-Worker", "worker-1"),
    ] {
        assert_eq!(got.header(name), value, "{name}");
    }
    let kinds: Vec<&str> = got.parts.iter().map(|it| it.kind.as_str()).collect();
    assert_eq!(kinds, ["multipart/alternative", "text/plain", "text/html"]);
    assert_eq!(got.parts[1].text.trim_end(), "All is told here.");
    assert_eq!(got.parts[2].text.trim_end(), "<b>All</b> is told here: ü.");
}

#[tokio::test]
async fn attachments_go_with_it_as_far_as_there_is_room() {
    let mut relay = relay!(json!({}));
    let mail = to_ada(&relay, json!({"attachments_limit": 20}));
    let mut report = report();
    let attachment = |name: &str, text: &str| Attachment {
        name: name.to_owned(),
        media_type: "text/plain; charset=utf-8".to_owned(),
        content: text.as_bytes().to_vec(),
    };
    report.message.attachments = vec![
        attachment("compile.stdio.txt", "it broke: ü\n"),
        attachment("../all\r\nBcc: x.txt", &"x".repeat(30)),
        attachment("pa/th.txt", "short"),
    ];
    mail.deliver(&report).await.unwrap();
    let got = relay.mail().await;
    let names: Vec<&str> = got.parts.iter().filter_map(|it| it.name.as_deref()).collect();
    assert_eq!(names, ["compile.stdio.txt", "pa_th.txt"]);
    let attached = got.parts.iter().find(|it| it.name.is_some()).unwrap();
    assert_eq!(attached.text, "it broke: ü\n");
    let text = got.parts.iter().find(|it| it.kind == "text/plain").unwrap();
    assert!(
        text.text
            .contains("Too long to be attached: .._all  Bcc: x.txt (30 bytes)"),
        "{text:?}"
    );
}

#[tokio::test]
async fn whom_the_report_names_gets_it_once_where_mail_may_go() {
    let mut relay = relay!(json!({}));
    let mail = to_ada(
        &relay,
        json!({
            "cc": ["team@elsewhere.example.org", "ada@example.org"], "people_domains": ["example.org"],
            "bounce_address": "bounces@example.org", "reply_to": "help@example.org",
        }),
    );
    let mut report = report();
    report.message.recipients = [
        "Ada Again <ADA@example.org>",
        "carl@Example.org",
        "Eve <eve@evil.example.com>",
        "no address",
        "Dürer, \"Al\" <al@example.org>",
    ]
    .map(str::to_owned)
    .to_vec();
    mail.deliver(&report).await.unwrap();
    let got = relay.mail().await;
    let expected = [
        "ada@example.org",
        "carl@Example.org",
        "al@example.org",
        "team@elsewhere.example.org",
    ];
    assert_eq!(got.to, expected);
    assert_eq!(got.from, "bounces@example.org");
    assert_eq!(got.header("Reply-To"), "help@example.org");
    assert_eq!(got.header("Cc"), "team@elsewhere.example.org");
    assert!(got.header("To").contains("Dürer"), "{got:?}");
}

#[tokio::test]
async fn nothing_in_a_report_makes_a_header() {
    let mut relay = relay!(json!({}));
    let evil = "x\r\nBcc: eve@example.org\r\n\r\nbody";
    let mail = to_ada(
        &relay,
        json!({"extra_headers": {"X-Team": "{builder} of {branch}"}}),
    );
    let mut of = build(stamp("https://git.example.org/weir/weir"), Some(Results::Failure));
    of.builder.name = evil.to_owned();
    of.worker = evil.to_owned();
    of.buildset.source_stamps[0].branch = Some(evil.to_owned());
    let mut report = of_build(of);
    report.message.subject = evil.repeat(100);
    report.message.recipients = vec![
        format!("{evil} <carl@example.org>"),
        format!("<dora@example.org>{evil}"),
    ];
    mail.deliver(&report).await.unwrap();
    let got = relay.mail().await;
    assert_eq!(got.to, ["ada@example.org", "carl@example.org"]);
    assert_eq!(got.all("Bcc"), Vec::<&str>::new());
    assert!(
        got.header("X-Team")
            .starts_with("x  Bcc: eve@example.org    body of x"),
        "{got:?}"
    );
    let subject = got.header("Subject");
    assert!(
        subject.chars().count() <= 200 && subject.ends_with('…'),
        "{subject}"
    );
    // RFC 5322's longest line.
    assert!(got.longest <= 998, "{}", got.longest);
}

#[tokio::test]
async fn mails_of_one_builder_and_branch_can_be_a_thread_as_well() {
    let mut relay = relay!(json!({}));
    let mail = to_ada(&relay, json!({"threads": "builder"}));
    let mut report = report();
    mail.deliver(&report).await.unwrap();
    assert_eq!(
        relay.mail().await.header("References"),
        "<builder-2.main@example.org>"
    );
    report.about = missing_worker().about;
    mail.deliver(&report).await.unwrap();
    assert_eq!(relay.mail().await.header("References"), "<worker-4@example.org>");
    to_ada(&relay, json!({"threads": "none"}))
        .deliver(&report)
        .await
        .unwrap();
    assert_eq!(relay.mail().await.all("References"), Vec::<&str>::new());
}

#[tokio::test]
async fn it_logs_in_over_an_encrypted_way() {
    for way in ["starttls", "tls"] {
        let login = json!({"tls": way, "user": "ci", "password": SECRET});
        let mut relay = relay!(login);
        let login = json!({"tls": way, "user": "ci", "password": SECRET, "ca": relay.certificate()});
        to_ada(&relay, login).deliver(&report()).await.unwrap();
        let got = relay.mail().await;
        assert!(got.encrypted, "{way}");
        assert_eq!(got.user, "ci", "{way}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_way_or_the_login_makes_mails_wait() {
    let relay = relay!(json!({"tls": "starttls", "user": "ci", "password": SECRET}));
    let ca = relay.certificate();
    for (options, said) in [
        (
            json!({"tls": "starttls", "user": "ci", "password": "wrong", "ca": ca}),
            "535",
        ),
        // A certificate that nobody trusts.
        (
            json!({"tls": "starttls", "user": "ci", "password": SECRET}),
            "certificate",
        ),
        // The relay wants it encrypted.
        (json!({"tls": "none"}), "530"),
    ] {
        let error = to_ada(&relay, options.clone())
            .deliver(&report())
            .await
            .unwrap_err();
        let (ListenerError::Later(why) | ListenerError::Never(why)) = &error else {
            panic!("{error:?}");
        };
        assert!(
            why.contains(said) && !why.contains(SECRET),
            "{options}: {error:?}"
        );
        assert_eq!(
            matches!(error, ListenerError::Later(_)),
            said != "530",
            "{error:?}"
        );
    }
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap().to_string();
    let silent = json!({"relay": address, "timeout": 0.2, "to": ["ada@example.org"]});
    let error = made(silent.clone())
        .unwrap()
        .deliver(&report())
        .await
        .unwrap_err();
    assert!(matches!(error, ListenerError::Later(_)), "{error:?}");
    drop(nobody);
    let error = made(silent).unwrap().deliver(&report()).await.unwrap_err();
    assert!(matches!(error, ListenerError::Later(_)), "{error:?}");
}

#[tokio::test]
async fn a_recipient_that_is_refused_keeps_no_other_from_the_mail() {
    let gone = vec!["550 5.1.1 no such user"; 5];
    let busy = ["450 4.2.1 busy"];
    let mut relay = relay!(json!({"recipients": {"gone@example.org": gone, "busy@example.org": busy}}));
    let to = json!(["gone@example.org", "ada@example.org", "busy@example.org"]);
    let mail = to_ada(&relay, json!({"to": to}));
    let error = mail.deliver(&report()).await.unwrap_err();
    let ListenerError::Later(why) = &error else {
        panic!("{error:?}");
    };
    assert!(why.contains("busy@example.org") && why.contains("450"), "{why}");
    assert_eq!(relay.mail().await.to, ["ada@example.org"]);
    // Tried again, it is sent to nobody who has it.
    let error = mail.deliver(&report()).await.unwrap_err();
    let ListenerError::Never(why) = &error else {
        panic!("{error:?}");
    };
    assert!(why.contains("gone@example.org") && why.contains("550"), "{why}");
    assert_eq!(relay.mail().await.to, ["busy@example.org"]);
    // Nor when somebody asks for it again.
    let error = mail.deliver(&report()).await.unwrap_err();
    assert!(matches!(error, ListenerError::Never(_)), "{error:?}");
    let mut next = report();
    next.delivery = "tell-18".to_owned();
    mail.deliver(&next).await.unwrap_err();
    let got = relay.mail().await;
    assert_eq!(got.to, ["ada@example.org", "busy@example.org"]);
    assert_eq!(got.header("Message-ID"), "<tell-18@example.org>");
}

/// Keeps what a listener wants to know after a restart.
#[derive(Default)]
struct Kept(Mutex<Option<Value>>);

#[async_trait]
impl Bookmarks for Kept {
    async fn load(&self, _: &str) -> weir_status_api::Result<Option<Place>> {
        Ok(None)
    }

    async fn save(&self, _: &str, _: &Place) -> weir_status_api::Result<()> {
        Ok(())
    }

    async fn park(&self, _: &str, _: &Event, _: &str) -> weir_status_api::Result<()> {
        Ok(())
    }

    async fn state(&self, _: &str) -> weir_status_api::Result<Option<Value>> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn keep_state(&self, _: &str, state: &Value) -> weir_status_api::Result<()> {
        *self.0.lock().unwrap() = Some(state.clone());
        Ok(())
    }
}

/// Lets the mail attend as far as it goes at once.
async fn attend(mail: &Mail, kept: &Arc<Kept>) {
    let desk = Desk::new("mail", Events::new(), Arc::<Kept>::clone(kept));
    let mut attending = std::pin::pin!(mail.attend(desk));
    assert!(futures::poll!(&mut attending).is_pending());
}

#[tokio::test]
async fn who_has_a_mail_is_known_after_a_restart() {
    let mut relay = relay!(json!({"recipients": {"busy@example.org": ["450 4.2.1 busy"]}}));
    let to = json!({"to": ["ada@example.org", "busy@example.org"]});
    let kept: Arc<Kept> = Arc::default();
    let mail = to_ada(&relay, to.clone());
    attend(&mail, &kept).await;
    mail.deliver(&report()).await.unwrap_err();
    assert_eq!(relay.mail().await.to, ["ada@example.org"]);
    let mail = to_ada(&relay, to);
    attend(&mail, &kept).await;
    mail.deliver(&report()).await.unwrap();
    assert_eq!(relay.mail().await.to, ["busy@example.org"]);
    assert_eq!(*kept.0.lock().unwrap(), Some(json!({"taken": []})));
}

#[tokio::test]
async fn the_answer_to_the_mail_says_whether_to_try_again() {
    let relay = relay!(json!({"data": ["451 4.3.0 busy", "554 5.6.0 no such content"]}));
    let mail = to_ada(&relay, json!({}));
    let error = mail.deliver(&report()).await.unwrap_err();
    assert!(
        matches!(&error, ListenerError::Later(why) if why.contains("451")),
        "{error:?}"
    );
    let error = mail.deliver(&report()).await.unwrap_err();
    assert!(
        matches!(&error, ListenerError::Never(why) if why.contains("554")),
        "{error:?}"
    );
    mail.deliver(&report()).await.unwrap();
}

#[tokio::test]
async fn what_the_relay_has_taken_it_has_without_a_goodbye() {
    let mut relay = relay!(json!({"stuck": true}));
    to_ada(&relay, json!({})).deliver(&report()).await.unwrap();
    assert_eq!(relay.mail().await.to, ["ada@example.org"]);
}

#[tokio::test]
async fn a_dry_run_prints_the_mail_and_sends_nothing() {
    let printed = Arc::new(Mutex::new(String::new()));
    let paper = Arc::clone(&printed);
    let outlet = Outlet::printing(move |text| paper.lock().unwrap().push_str(text));
    let options = json!({
        "from_address": "ci@example.org", "relay": "nowhere.invalid", "to": ["ada@example.org"],
        "user": "ci", "password": SECRET,
    });
    let options: MailOptions = serde_json::from_value(options).unwrap();
    let mail = Mail::new(options, &outlet.with_secrets([SECRET.to_owned()])).unwrap();
    let mut report = report();
    report.message.text = format!("The password is {SECRET}.");
    mail.deliver(&report).await.unwrap();
    let expected = "mail tell-17\nFrom: ci@example.org\nTo: ada@example.org\nSubject: linux #4: the build ended\n\n\
        The password is ….";
    assert_eq!(*printed.lock().unwrap(), expected);
}

#[tokio::test]
async fn without_anybody_to_get_it_nothing_is_sent() {
    let mail = made(json!({"relay": "nowhere.invalid", "cc": ["team@example.org"]}));
    mail.unwrap().deliver(&report()).await.unwrap();
}

#[test]
fn wrong_options_are_told() {
    let refused = |options| made(options).err().map_or("nothing", |it| it.option);
    assert_eq!(refused(json!({})), "nothing");
    assert_eq!(refused(json!({"from_address": ""})), "from_address");
    assert_eq!(refused(json!({"to": ["ada"]})), "to");
    assert_eq!(refused(json!({"cc": ["a@b@c"]})), "cc");
    assert_eq!(refused(json!({"bounce_address": "x"})), "bounce_address");
    assert_eq!(refused(json!({"reply_to": "x"})), "reply_to");
    assert_eq!(refused(json!({"relay": ""})), "relay");
    assert_eq!(refused(json!({"relay": "a:b"})), "relay");
    assert_eq!(refused(json!({"relay": "[::1]:2525"})), "nothing");
    assert_eq!(refused(json!({"relay": "::1"})), "nothing");
    assert_eq!(refused(json!({"tls": "ssl"})), "tls");
    assert_eq!(refused(json!({"hello": "a\r\nMAIL"})), "hello");
    assert_eq!(refused(json!({"user": "ci"})), "password");
    assert_eq!(refused(json!({"password": "x"})), "user");
    let open = json!({"relay": "smtp.example.org", "tls": "none", "user": "ci", "password": "x"});
    assert_eq!(refused(open), "tls");
    assert_eq!(refused(json!({"ca": "no certificate", "tls": "tls"})), "ca");
    assert_eq!(refused(json!({"threads": "all"})), "threads");
    assert_eq!(refused(json!({"timeout": -1.0})), "timeout");
    for name in ["Subject", "X-A\r\nBcc", "X:A", "", "Content-Type"] {
        assert_eq!(
            refused(json!({"extra_headers": {name: "x"}})),
            "extra_headers",
            "{name}"
        );
    }
}
