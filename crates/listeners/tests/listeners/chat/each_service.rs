//! What is each service's own: where it is sent what, in which form, and how it answers.

use serde_json::{Value, json};
use weir_listeners::chat::{Discord, Matrix, Mattermost, Ntfy, Pushover, Slack, Teams, Zulip};
use weir_status_api::{ListenerError, Results};

use super::recorder::{Asked, Given, Recorder};
use super::services::{BAIT, SECRET, boxed, deliver, long, masking, options, sent};
use super::told::report;

#[tokio::test]
async fn discord_gets_an_embed_that_pings_nobody() {
    let make = |url: &str| {
        let webhook = format!("{url}/api/webhooks/1/{SECRET}");
        let options = options(json!({ "webhook": webhook, "thread": "99", "username": "CI" }));
        boxed(Discord::new(options, &masking()))
    };
    let mut quiet = report(Results::Failure, BAIT, BAIT);
    quiet.message.quiet = true;
    let asked = sent(make, &quiet).await;
    assert_eq!(
        asked.path,
        format!("/api/webhooks/1/{SECRET}?wait=true&thread_id=99")
    );
    let body = asked.json();
    assert_eq!(body["allowed_mentions"], json!({ "parse": [] }));
    assert_eq!(body["flags"], 4096);
    let embed = &body["embeds"][0];
    assert_eq!(embed["color"], 0xcf_22_2e);
    assert_eq!(embed["timestamp"], "2023-11-14T22:13:20.000Z");
    assert_eq!(embed["url"], "https://ci.example.org/#/builders/2/builds/5");
    assert!(
        embed["title"]
            .as_str()
            .unwrap()
            .starts_with("❌ @\u{200b}everyone")
    );
    assert_eq!(
        embed["description"],
        format!("```\n{}\n```", BAIT.replace("```", "``\u{200b}`"))
    );
}

#[tokio::test]
async fn teams_gets_a_card_of_plain_texts() {
    let make = |url: &str| {
        boxed(Teams::new(
            options(json!({ "webhook": format!("{url}/workflows/1") })),
            &masking(),
        ))
    };
    let body = sent(make, &report(Results::Warnings, "**odd**", BAIT))
        .await
        .json();
    assert_eq!(body["type"], "message");
    let attachment = &body["attachments"][0];
    assert_eq!(
        attachment["contentType"],
        "application/vnd.microsoft.card.adaptive"
    );
    let card = &attachment["content"];
    assert_eq!(
        (&card["type"], &card["version"]),
        (&json!("AdaptiveCard"), &json!("1.4"))
    );
    assert_eq!(card["body"][0]["style"], "warning");
    assert_eq!(card["body"][0]["items"][0]["type"], "RichTextBlock");
    assert_eq!(card["body"][0]["items"][0]["inlines"][0]["text"], "⚠️ **odd**");
    assert_eq!(card["body"][1]["inlines"][0]["text"], BAIT);
    assert_eq!(card["actions"][0]["type"], "Action.OpenUrl");
}

#[tokio::test]
async fn slack_gets_blocks_in_which_nobody_is_called() {
    let make = |url: &str| {
        boxed(Slack::new(
            options(json!({ "webhook": format!("{url}/services/T/B/x") })),
            &masking(),
        ))
    };
    let body = sent(make, &report(Results::Success, BAIT, BAIT)).await.json();
    let attachment = &body["attachments"][0];
    assert_eq!(attachment["color"], "#2ea043");
    let title = body["text"].as_str().unwrap();
    assert!(
        title.starts_with("*<https://ci.example.org/#/builders/2/builds/5|✅ "),
        "{title}"
    );
    assert!(
        title.contains("&lt;!channel&gt; &lt;@U012&gt;") && !title.contains("<!"),
        "{title}"
    );
    // Plain text has no markup.
    assert_eq!(
        attachment["blocks"][0]["text"],
        json!({ "type": "plain_text", "text": BAIT, "emoji": false })
    );
    assert_eq!(body["link_names"], false);
}

#[tokio::test]
async fn slacks_api_says_in_its_answer_what_went_wrong() {
    for (answer, later) in [
        ("ratelimited", true),
        ("internal_error", true),
        ("channel_not_found", false),
    ] {
        let recorder =
            Recorder::start(move |_| Given::ok(json!({ "ok": false, "error": answer }).to_string())).await;
        let options = options(json!({ "api": recorder.url, "token": SECRET, "channels": ["C1"] }));
        let slack = Slack::new(options, &masking()).unwrap();
        let error = deliver(&slack, &report(Results::Success, "fine", ""))
            .await
            .unwrap_err();
        assert_eq!(matches!(error, ListenerError::Later(_)), later, "{error:?}");
        let asked = recorder.one();
        assert_eq!(
            (asked.path.as_str(), asked.header("authorization")),
            ("/chat.postMessage", &*format!("Bearer {SECRET}"))
        );
        assert_eq!(asked.json()["channel"], "C1");
    }
}

#[tokio::test]
async fn a_channel_that_has_a_report_does_not_get_it_again_for_another() {
    let mut calls = 0;
    let recorder = Recorder::start(move |_| {
        calls += 1;
        match calls {
            2 => Given::status(503, ""),
            _ => Given::ok("{}"),
        }
    })
    .await;
    let options = options(json!({ "server": recorder.url, "token": SECRET, "channels": ["one", "two"] }));
    let mattermost = Mattermost::new(options, &masking()).unwrap();
    let report = report(Results::Success, "fine", "all is well");
    assert!(matches!(
        deliver(&mattermost, &report).await,
        Err(ListenerError::Later(_))
    ));
    deliver(&mattermost, &report).await.unwrap();
    let asked: Vec<Value> = recorder.asked().iter().map(Asked::json).collect();
    let of = |name: &'static str| move |it: &Value| it[name].as_str().unwrap().to_owned();
    assert_eq!(
        asked.iter().map(of("channel_id")).collect::<Vec<_>>(),
        ["one", "two", "two"]
    );
    let ids: Vec<String> = asked.iter().map(of("pending_post_id")).collect();
    assert_eq!(ids, ["chat-17:one", "chat-17:two", "chat-17:two"]);
}

#[tokio::test]
async fn one_channel_that_refuses_keeps_no_other_from_its_report() {
    let recorder = Recorder::start(|asked| match asked.json()["channel_id"] == "one" {
        true => Given::status(403, "no"),
        false => Given::ok("{}"),
    })
    .await;
    let options = options(json!({ "server": recorder.url, "token": SECRET, "channels": ["one", "two"] }));
    let mattermost = Mattermost::new(options, &masking()).unwrap();
    let error = deliver(&mattermost, &report(Results::Success, "fine", ""))
        .await
        .unwrap_err();
    assert_eq!(
        error,
        ListenerError::Never("one: the answer is 403 Forbidden: no".to_owned())
    );
    assert_eq!(recorder.asked().len(), 2);
}

#[tokio::test]
async fn mattermost_gets_an_attachment_that_calls_nobody() {
    let make = |url: &str| {
        let options =
            options(json!({ "webhook": format!("{url}/hooks/x"), "channels": ["town"], "username": "ci" }));
        boxed(Mattermost::new(options, &masking()))
    };
    let mut report = report(Results::Cancelled, BAIT, BAIT);
    let body = sent(make, &report).await.json();
    assert_eq!(
        (&body["channel"], &body["username"]),
        (&json!("town"), &json!("ci"))
    );
    let attachment = &body["attachments"][0];
    assert_eq!(attachment["color"], "#bf3989");
    assert_eq!(
        attachment["text"],
        format!("```\n{}\n```", BAIT.replace("```", "``\u{200b}`"))
    );
    assert!(!attachment["title"].as_str().unwrap().contains("@e"));
    report.message.markdown = Some("**bold** for @all".to_owned());
    let body = sent(make, &report).await.json();
    assert_eq!(body["attachments"][0]["text"], "**bold** for @\u{200b}all");
}

#[tokio::test]
async fn zulip_gets_a_message_for_a_topic_or_for_people() {
    let make = |more: Value| {
        move |url: &str| {
            let mut all = json!({ "server": url, "email": "bot@example.org", "key": SECRET });
            all.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            boxed(Zulip::new(options(all), &masking()))
        }
    };
    let asked = sent(
        make(json!({ "channel": "ci" })),
        &report(Results::Success, BAIT, BAIT),
    )
    .await;
    assert_eq!(asked.path, "/api/v1/messages");
    // `bot@example.org:hunter2-t0ken`, as RFC 7617 has it.
    assert_eq!(
        asked.header("authorization"),
        "Basic Ym90QGV4YW1wbGUub3JnOmh1bnRlcjItdDBrZW4="
    );
    let mut form = asked.form();
    let content = form["content"].take();
    assert_eq!(
        form,
        json!({ "type": "stream", "to": "ci", "topic": "tests", "content": null })
    );
    let (title, text) = content.as_str().unwrap().split_once('\n').unwrap();
    assert!(
        title.starts_with("**[✅ @\u{200b}everyone") && !title.contains("@\\*\\*all"),
        "{title}"
    );
    assert_eq!(text, format!("```\n{}\n```", BAIT.replace("```", "``\u{200b}`")));
    let mut form = sent(make(json!({ "people": ["ada@example.org"] })), &long())
        .await
        .form();
    let content = form["content"].take();
    assert_eq!(
        form,
        json!({ "type": "direct", "to": "[\"ada@example.org\"]", "content": null })
    );
    // https://zulip.com/api/send-message: 10,000 characters unless the server says otherwise.
    assert!((1000..=10_000).contains(&content.as_str().unwrap().chars().count()));
}

#[tokio::test]
async fn pushover_gets_priorities_by_results() {
    let make = |url: &str| {
        let options = options(json!({
            "api": url, "token": SECRET, "users": ["u1", "u2"], "sound": "siren",
            "priorities": { "failure": 2, "default": -1 },
        }));
        boxed(Pushover::new(options, &masking()))
    };
    let asked = sent(make, &report(Results::Failure, "tests failed", "3 of 4")).await;
    assert_eq!(asked.path, "/1/messages.json");
    assert_eq!(
        asked.form(),
        json!({
            "token": SECRET,
            "user": "u1,u2",
            "title": "❌ tests failed",
            "message": "3 of 4",
            "priority": "2",
            "retry": "60",
            "expire": "3600",
            "sound": "siren",
            "timestamp": "1700000000",
            "url": "https://ci.example.org/#/builders/2/builds/5",
            "url_title": "Look at it",
        })
    );
    let body = sent(make, &report(Results::Success, "fine", "")).await.form();
    assert_eq!((&body["priority"], &body["retry"]), (&json!("-1"), &Value::Null));
    // It takes no empty message.
    assert_eq!(body["message"], "✅ fine");
}

#[tokio::test]
async fn ntfy_tells_a_report_again_in_the_place_of_the_first() {
    let make = |url: &str| {
        boxed(Ntfy::new(
            options(json!({ "server": url, "topic": "ci" })),
            &masking(),
        ))
    };
    let mut report = report(Results::Exception, "tests broke", "it broke");
    report.message.markdown = Some("*it* broke".to_owned());
    report.delivery = "night/ly-17.2".to_owned();
    let first = sent(make, &report).await;
    assert_eq!((first.method.as_str(), first.path.as_str()), ("POST", "/"));
    assert_eq!(
        first.json(),
        json!({
            "topic": "ci",
            "title": "tests broke",
            "message": "*it* broke",
            "markdown": true,
            "tags": ["boom"],
            "priority": 4,
            "click": "https://ci.example.org/#/builders/2/builds/5",
            "sequence_id": "night_ly-17_2",
        })
    );
    assert_eq!(sent(make, &report).await.body, first.body);
}

#[tokio::test]
async fn matrix_joins_a_room_by_its_alias_and_sends_a_report_as_one_transaction() {
    let recorder = Recorder::start(|asked| match asked.path.contains("/join/") {
        true => Given::ok(json!({ "room_id": "!abc:example.org" }).to_string()),
        false => Given::ok(json!({ "event_id": "$1" }).to_string()),
    })
    .await;
    let report = report(Results::Success, "<b> & fine", BAIT);
    // The second one is that of a process after a restart, which does not know what came of it.
    for _ in 0..2 {
        let options =
            options(json!({ "homeserver": recorder.url, "token": SECRET, "rooms": ["#ci:example.org"] }));
        let matrix = Matrix::new(options, &masking()).unwrap();
        deliver(&matrix, &report).await.unwrap();
    }
    let asked = recorder.asked();
    let paths: Vec<String> = asked
        .iter()
        .map(|it| format!("{} {}", it.method, it.path))
        .collect();
    let join = "POST /_matrix/client/v3/join/%23ci:example.org";
    let send = "PUT /_matrix/client/v3/rooms/!abc:example.org/send/m.room.message/chat-17";
    assert_eq!(paths, [join, send, join, send]);
    assert!(
        asked
            .iter()
            .all(|it| it.header("authorization") == format!("Bearer {SECRET}"))
    );
    let content = asked[1].json();
    assert_eq!(content["msgtype"], "m.notice");
    assert_eq!(content["m.mentions"], json!({}));
    assert_eq!(content["format"], "org.matrix.custom.html");
    let html = content["formatted_body"].as_str().unwrap();
    assert!(
        html.contains("✅ &lt;b&gt; &amp; fine") && html.contains("&lt;/pre&gt;"),
        "{html}"
    );
    assert!(html.contains("data-mx-color=\"#2ea043\""), "{html}");
}

#[tokio::test]
async fn matrix_shows_html_that_is_no_document() {
    let make = |url: &str| {
        let options = options(json!({ "homeserver": url, "token": SECRET, "rooms": ["!r:example.org"] }));
        boxed(Matrix::new(options, &masking()))
    };
    let mut report = report(Results::Success, "fine", "plain");
    report.message.html = Some("<p>nice</p>".to_owned());
    let html = |content: &Value| content["formatted_body"].as_str().unwrap().to_owned();
    assert!(html(&sent(make, &report).await.json()).ends_with("<p>nice</p>"));
    report.message.html = Some("<HTML><body>nice</body></HTML>".to_owned());
    assert!(html(&sent(make, &report).await.json()).ends_with("<pre><code>plain</code></pre>"));
}
