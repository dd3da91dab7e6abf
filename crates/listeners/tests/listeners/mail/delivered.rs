//! What becomes of mails at a mail server that others use: Exim.

use serde_json::{Value, json};
use weir_listeners::{Attachment, Destination as _, Mail};
use weir_status_api::ListenerError;

use super::exim::{Exim, PASSWORD};
use super::{made, report};

/// Mail from `ci` by the server, of its user; `more` can say otherwise.
fn mail(server: &Exim, to: &[&str], more: Value) -> Mail {
    let mut options = json!({
        "relay": server.address(),
        "tls": "starttls",
        "ca": server.certificate(),
        "user": "weir",
        "password": PASSWORD,
        "to": to,
    });
    options
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    made(options).unwrap()
}

#[tokio::test]
async fn a_mail_server_delivers_mails_and_returns_what_it_cannot() {
    let Some(server) = Exim::start().await else { return };
    let mut report = report();
    report.message.html = Some("<b>All</b> is told here: ü.".to_owned());
    mail(&server, &["ada@example.org"], json!({}))
        .deliver(&report)
        .await
        .unwrap();
    let mailbox = server.mailbox("ada", "<tell-17@").await;
    for line in [
        "Return-path: <ci@example.org>\n",
        // By SMTP, encrypted, from somebody who has logged in.
        "with esmtpsa ",
        "Message-ID: <tell-17@example.org>\n",
        "Auto-Submitted: auto-generated\n",
        "\nContent-Type: multipart/alternative;",
    ] {
        assert!(mailbox.contains(line), "{line}: {mailbox}");
    }

    // Whom the server does not know keeps no other from the mail.
    report.delivery = "tell-18".to_owned();
    let some = mail(&server, &["nobody@example.org", "ada@example.org"], json!({}));
    let refused = some.deliver(&report).await;
    let Err(ListenerError::Never(why)) = &refused else {
        panic!("{refused:?}")
    };
    assert!(
        why.contains("nobody@example.org") && why.contains("550") && why.contains("Unrouteable address"),
        "{why}"
    );
    server.mailbox("ada", "<tell-18@").await;

    // What it took and cannot deliver comes back to the sender.
    report.delivery = "tell-19".to_owned();
    mail(&server, &["full@example.org"], json!({}))
        .deliver(&report)
        .await
        .unwrap();
    let returned = server.mailbox("ci", "<tell-19@").await;
    for line in [
        "Return-path: <>\n",
        "X-Failed-Recipients: full@example.org\n",
        "the mailbox is full",
    ] {
        assert!(returned.contains(line), "{line}: {returned}");
    }
}

#[tokio::test]
async fn a_mail_server_says_what_it_does_not_take() {
    let Some(server) = Exim::start().await else { return };
    let ada = ["ada@example.org"];
    let mut long = report();
    long.message.attachments = vec![Attachment {
        name: "stdio.txt".to_owned(),
        media_type: "text/plain; charset=utf-8".to_owned(),
        content: "a line of a log\n".repeat(10_000).into_bytes(),
    }];
    let nobody = json!({ "user": null, "password": null });
    let stranger = json!({ "password": "hunter2" });
    for (report, more, code, never) in [
        (&long, json!({}), "552", true),
        (&report(), nobody, "550", true),
        (&report(), stranger, "535", false),
    ] {
        let refused = mail(&server, &ada, more).deliver(report).await;
        let (why, is_never) = match &refused {
            Err(ListenerError::Never(why)) => (why, true),
            Err(ListenerError::Later(why)) => (why, false),
            other => panic!("{other:?}"),
        };
        assert!(why.contains(code) && !why.contains("hunter2"), "{why}");
        assert_eq!(is_never, never, "{why}");
    }
}
