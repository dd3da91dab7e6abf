//! Matrix, with a homeserver that others use: Synapse.

use std::time::Duration;

use serde_json::{Value, json};
use weir_listeners::chat::Matrix;
use weir_listeners::{Destination as _, Outlet, Report};
use weir_status_api::{ListenerError, Results};
use weir_testbed::eventually;

use super::synapse::{Person, Synapse};
use super::told::{DEADLINE, report};

/// What sends as the bot to the rooms.
fn matrix(server: &Synapse, bot: &Person, rooms: &[&str]) -> Matrix {
    let options = json!({ "homeserver": server.url, "token": bot.token, "rooms": rooms });
    let outlet = Outlet::open().with_secrets([bot.token.clone()]);
    Matrix::new(serde_json::from_value(options).unwrap(), &outlet).unwrap()
}

fn numbered(delivery: &str, subject: &str) -> Report {
    Report {
        delivery: delivery.to_owned(),
        ..report(Results::Success, subject, "")
    }
}

/// Why the report will never be taken.
async fn refusal(matrix: &Matrix, report: &Report) -> String {
    match matrix.deliver(report).await {
        Err(ListenerError::Never(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// The first lines of what was said in the room.
async fn titles(person: &Person, room: &str) -> Vec<String> {
    let said = person.said(room).await;
    let title = |event: &Value| {
        event["content"]["body"]
            .as_str()
            .unwrap()
            .lines()
            .next()
            .map(str::to_owned)
    };
    said.iter().filter_map(title).collect()
}

/// One server for all, since it takes its time to begin.
#[tokio::test]
async fn a_homeserver_takes_reports() {
    let Some(server) = Synapse::start().await else {
        return;
    };
    let ada = server.person("ada").await;
    a_report_is_said_once_in_rooms_by_alias_and_by_id(&server, &ada).await;
    the_longest_report_is_an_event(&server, &ada).await;
    rooms_that_are_not_for_it_are_told(&server, &ada).await;
    it_follows_a_room_that_it_was_put_out_of_or_that_was_replaced(&server, &ada).await;
    it_waits_as_long_as_the_server_asks(&server, &ada).await;
}

async fn a_report_is_said_once_in_rooms_by_alias_and_by_id(server: &Synapse, ada: &Person) {
    let bot = server.person("weir").await;
    let open = ada
        .room(json!({ "preset": "public_chat", "room_alias_name": "weir" }))
        .await;
    let encryption =
        json!({ "type": "m.room.encryption", "content": { "algorithm": "m.megolm.v1.aes-sha2" } });
    let private = json!({ "preset": "private_chat", "invite": [bot.id], "initial_state": [encryption] });
    let private = ada.room(private).await;
    let rooms = ["#weir:example.org", &private];
    let mut report = report(Results::Failure, "tests <b>failed</b>", "1 < 2 & \"3\"\n@room");
    let matrix_of_now = matrix(server, &bot, &rooms);
    matrix_of_now.deliver(&report).await.unwrap();
    matrix_of_now.deliver(&report).await.unwrap();
    // After a restart nothing is known of what was said, but by the homeserver.
    let matrix_of_later = matrix(server, &bot, &rooms);
    matrix_of_later.deliver(&report).await.unwrap();
    for room in [&open, &private] {
        let said = ada.said(room).await;
        let [event] = said.as_slice() else {
            panic!("{said:?}")
        };
        assert_eq!(event["sender"], bot.id);
        let link = "https://ci.example.org/#/builders/2/builds/5";
        let html = format!(
            "<strong><a href=\"{link}\"><font data-mx-color=\"#cf222e\">❌ tests &lt;b&gt;failed&lt;/b&gt;</font></a></strong>\
             <br><pre><code>1 &lt; 2 &amp; &quot;3&quot;\n@room</code></pre>"
        );
        let content = json!({
            "msgtype": "m.notice",
            "body": format!("❌ tests <b>failed</b>\n{link}\n1 < 2 & \"3\"\n@room"),
            "format": "org.matrix.custom.html",
            "formatted_body": html,
            "m.mentions": {},
        });
        assert_eq!(event["content"], content);
    }
    report.delivery = "chat-18".to_owned();
    report.message.html = Some("<b>3</b> tests failed".to_owned());
    matrix_of_later.deliver(&report).await.unwrap();
    let said = ada.said(&open).await;
    let html = said[1]["content"]["formatted_body"].as_str().unwrap();
    assert!(html.ends_with("<br><b>3</b> tests failed"), "{html}");
    assert_eq!(said.len(), 2);
}

/// Each letter of the text takes most room in another part of the event.
async fn the_longest_report_is_an_event(server: &Synapse, ada: &Person) {
    let bot = server.person("long").await;
    let room = ada.room(json!({ "preset": "public_chat" })).await;
    let matrix = matrix(server, &bot, &[&room]);
    for (delivery, letter) in ["\u{1b}", "\"", "\\", "🎉"].into_iter().enumerate() {
        let long = letter.repeat(30_000);
        let mut report = report(Results::Failure, &long, &long);
        report.delivery = format!("long-{delivery}");
        matrix.deliver(&report).await.unwrap();
    }
    assert_eq!(ada.said(&room).await.len(), 4);
}

async fn rooms_that_are_not_for_it_are_told(server: &Synapse, ada: &Person) {
    let bot = server.person("stranger").await;
    let private = ada.room(json!({ "preset": "private_chat" })).await;
    let open = ada.room(json!({ "preset": "public_chat" })).await;
    let report = numbered("first", "fine");
    for (room, why) in [
        (
            "#nowhere:example.org",
            "Room alias #nowhere:example.org not found",
        ),
        ("!nowhere:example.org", "Can't join remote room"),
        (&private, "You are not invited to this room."),
    ] {
        let told = refusal(&matrix(server, &bot, &[room, &open]), &report).await;
        assert!(
            told.starts_with(&format!("{room}: ")) && told.contains(why),
            "{told}"
        );
    }
    // The other room has it nevertheless.
    assert_eq!(titles(ada, &open).await, ["✅ fine"]);
    assert_eq!(ada.members(&private).await, std::slice::from_ref(&ada.id));
    let invited = matrix(server, &bot, &[&private]);
    refusal(&invited, &report).await;
    ada.act(&private, "invite", json!({ "user_id": bot.id })).await;
    invited.deliver(&report).await.unwrap();
    assert_eq!(titles(ada, &private).await, ["✅ fine"]);
    let mut nobody = server.person("nobody").await;
    nobody.token = "hunter2".to_owned();
    let told = refusal(&matrix(server, &nobody, &[&open]), &report).await;
    assert!(
        told.contains("Invalid access token") && !told.contains("hunter2"),
        "{told}"
    );
}

async fn it_follows_a_room_that_it_was_put_out_of_or_that_was_replaced(server: &Synapse, ada: &Person) {
    let bot = server.person("traveller").await;
    let room = ada
        .room(json!({ "preset": "public_chat", "room_alias_name": "moves" }))
        .await;
    let matrix = matrix(server, &bot, &["#moves:example.org"]);
    matrix.deliver(&numbered("first", "first")).await.unwrap();
    ada.act(&room, "kick", json!({ "user_id": bot.id })).await;
    matrix.deliver(&numbered("second", "second")).await.unwrap();
    let replaced = ada.act(&room, "upgrade", json!({ "new_version": "12" })).await;
    matrix.deliver(&numbered("third", "third")).await.unwrap();
    assert_eq!(titles(ada, &room).await, ["✅ first", "✅ second"]);
    let room = replaced["replacement_room"].as_str().unwrap();
    assert_eq!(titles(ada, room).await, ["✅ third"]);
    ada.act(room, "ban", json!({ "user_id": bot.id })).await;
    let told = refusal(&matrix, &numbered("fourth", "fourth")).await;
    assert!(told.starts_with("#moves:example.org: "), "{told}");
}

async fn it_waits_as_long_as_the_server_asks(server: &Synapse, ada: &Person) {
    let bot = server.person("hasty").await;
    let room = ada.room(json!({ "preset": "public_chat" })).await;
    let matrix = matrix(server, &bot, &[&room]);
    let mut count = 0;
    let wait = loop {
        let name = format!("hasty-{count}");
        match matrix.deliver(&numbered(&name, &name)).await {
            Ok(()) => count += 1,
            Err(ListenerError::After(_, wait)) => break wait,
            Err(other) => panic!("{other:?}"),
        }
        assert!(count < 100, "it is never asked to wait");
    };
    assert!(
        wait > Duration::ZERO && wait <= Duration::from_secs(3),
        "{wait:?}"
    );
    let name = format!("hasty-{count}");
    eventually("the server takes it again", DEADLINE, async || {
        matrix.deliver(&numbered(&name, &name)).await.is_ok()
    })
    .await;
    let expected: Vec<_> = (0..=count).map(|it| format!("✅ hasty-{it}")).collect();
    assert_eq!(titles(ada, &room).await, expected);
}
