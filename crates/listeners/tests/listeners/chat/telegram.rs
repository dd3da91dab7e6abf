//! The bot on Telegram: a recorder plays the Bot API.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use weir_listeners::chat::{Telegram, TelegramOptions};
use weir_listeners::{Destination, Outlet};
use weir_status_api::conformance::{Stage as _, TOKEN};
use weir_status_api::{BuildRequest, ListenerError, Query, ReadExt as _, Results};
use weir_testbed::eventually;

use super::recorder::{Asked, Given, Recorder};
use super::told::{DEADLINE, Scene, report};

/// The Bot API's answers: updates that were not yet confirmed by an offset, and a group that ada administers.
fn bot_api(updates: Arc<Mutex<Vec<Value>>>) -> impl FnMut(&Asked) -> Given + Send + 'static {
    move |asked| {
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let result = match asked.path.rsplit('/').next() {
            Some("getMe") => json!({ "username": "weir_bot" }),
            Some("getUpdates") => {
                let offset = body["offset"].as_i64().unwrap();
                let mut left = updates.lock().unwrap();
                let id = |it: &Value| it["update_id"].as_i64().unwrap();
                // An offset far beyond what there is confirms nothing.
                if left.iter().any(|it| id(it) + 1 >= offset) {
                    left.retain(|it| id(it) >= offset);
                }
                // It would wait; nobody asks so often that it matters.
                json!(*left)
            }
            Some("getChat") => json!({ "id": -77 }),
            Some("getChatMember") => match body["user_id"] == 1 {
                true => json!({ "status": "administrator" }),
                false => json!({ "status": "member" }),
            },
            _ => json!({ "message_id": 1 }),
        };
        Given::ok(json!({ "ok": true, "result": result }).to_string())
    }
}

fn update(id: i64, chat: i64, person: (i64, &str), text: &str) -> Value {
    let kind = if chat > 0 { "private" } else { "supergroup" };
    json!({
        "update_id": id,
        "message": {
            "message_id": id,
            "text": text,
            "chat": { "id": chat, "type": kind },
            "from": { "id": person.0, "username": person.1 },
        },
    })
}

/// The same, said in a topic of its chat.
fn in_topic(mut update: Value) -> Value {
    update["message"]["is_topic_message"] = true.into();
    update["message"]["message_thread_id"] = 9.into();
    update
}

fn telegram(recorder: &Recorder) -> Telegram {
    let options: TelegramOptions = serde_json::from_value(json!({
        "api": recorder.url,
        "token": "123:abc",
        "chats": ["-5/4", "@builds"],
        "allow": { "force": ["id:1"] },
        "access_token": TOKEN,
    }))
    .unwrap();
    Telegram::new(options, &Outlet::open()).unwrap()
}

/// What was said, by chat, until all updates before `offset` are answered and confirmed.
async fn said(recorder: &Recorder, offset: i64) -> Vec<(i64, String)> {
    let mut said = vec![];
    eventually("the answers", DEADLINE, async || {
        let mut confirmed = false;
        for asked in recorder.asked() {
            let body = asked.json();
            confirmed |= asked.path.ends_with("/getUpdates") && body["offset"] == offset;
            if asked.path.ends_with("/sendMessage") {
                assert_eq!(body["parse_mode"], "HTML");
                let topic = if body["text"] == "Hello, ada." && body["chat_id"] == -5 {
                    json!(9)
                } else {
                    json!(null)
                };
                assert_eq!(body["message_thread_id"], topic);
                said.push((
                    body["chat_id"].as_i64().unwrap(),
                    body["text"].as_str().unwrap().to_owned(),
                ));
            }
        }
        confirmed
    })
    .await;
    said
}

#[tokio::test]
async fn commands_are_answered_and_read_once_over_a_restart() {
    let updates = Arc::new(Mutex::new(vec![
        update(10, 1, (1, "ada"), "/start"),
        update(11, -5, (2, "bob"), "just talk"),
        update(12, -5, (2, "bob"), "/status@another_bot"),
        update(13, -5, (2, "bob"), "/notify@weir_bot on finished"),
        update(14, -5, (1, "ada"), "/notify on finished"),
        update(15, -5, (1, "ada"), "/force build tests for <fun>"),
        update(16, 2, (2, "bob"), "status docs"),
        in_topic(update(17, -5, (1, "ada"), "/hello")),
    ]));
    let recorder = Recorder::start(bot_api(updates.clone())).await;
    let scene = Scene::new().await;
    let telegram_one = telegram(&recorder);
    let heard = tokio::select! {
        () = telegram_one.attend(scene.desk()) => panic!("it stopped attending"),
        heard = said(&recorder, 18) => heard,
    };
    assert_eq!(
        heard,
        [
            (1, "Hello, ada.".to_owned()),
            (-5, "You may not notify here, bob.".to_owned()),
            (-5, "I tell here of: finished.".to_owned()),
            (-5, "A build of tests is asked for (request 1).".to_owned()),
            (2, "docs: idle, nothing was built yet.".to_owned()),
            (-5, "Hello, ada.".to_owned()),
        ]
    );
    drop(telegram_one);
    // It comes again, and with it what was answered, as far as the server knows.
    updates
        .lock()
        .unwrap()
        .push(update(18, 1, (1, "ada"), "/list builders"));
    let telegram_two = telegram(&recorder);
    let heard = tokio::select! {
        () = telegram_two.attend(scene.desk()) => panic!("it stopped attending"),
        heard = said(&recorder, 19) => heard,
    };
    assert_eq!(heard, [(1, "I found these builders: docs, tests.".to_owned())]);
    let requests = scene
        .stage
        .api()
        .page(Query::<BuildRequest>::new())
        .await
        .unwrap()
        .items;
    assert_eq!(requests.len(), 1);
}

#[tokio::test]
async fn ids_that_begin_anew_are_answered_once_and_nothing_is_asked_without_a_pause() {
    let updates = Arc::new(Mutex::new(vec![update(1000, 1, (1, "ada"), "/hello")]));
    let recorder = Recorder::start(bot_api(updates.clone())).await;
    let scene = Scene::new().await;
    let first = telegram(&recorder);
    tokio::select! {
        () = first.attend(scene.desk()) => panic!("it stopped attending"),
        _ = said(&recorder, 1001) => {}
    }
    drop(first);
    *updates.lock().unwrap() = vec![
        update(5, 1, (1, "ada"), "/hello"),
        update(6, 1, (1, "ada"), "/list builders"),
    ];
    let second = telegram(&recorder);
    let asked_twice_more = async {
        let heard = said(&recorder, 7).await;
        let begun = std::time::Instant::now();
        let mut polls = 0;
        eventually("it asks again", DEADLINE, async || {
            let asked = recorder.asked();
            polls += asked.iter().filter(|it| it.path.ends_with("/getUpdates")).count();
            polls >= 2
        })
        .await;
        (heard, begun.elapsed())
    };
    let (heard, took) = tokio::select! {
        () = second.attend(scene.desk()) => panic!("it stopped attending"),
        asked = asked_twice_more => asked,
    };
    assert_eq!(
        heard,
        [
            (1, "Hello, ada.".to_owned()),
            (1, "I found these builders: docs, tests.".to_owned())
        ]
    );
    assert!(took.as_secs_f64() > 0.9, "{took:?}");
}

#[tokio::test]
async fn a_muted_chat_is_told_of_no_report() {
    let updates = Arc::new(Mutex::new(vec![update(10, -77, (1, "ada"), "/mute")]));
    let recorder = Recorder::start(bot_api(updates.clone())).await;
    let scene = Scene::new().await;
    let telegram = telegram(&recorder);
    let mut report = report(Results::Failure, "tests failed", "");
    let told = || {
        let mut asked = recorder.asked();
        asked.retain(|it| it.path.ends_with("/sendMessage"));
        let chats: Vec<Value> = asked.iter().map(|it| it.json()["chat_id"].clone()).collect();
        chats
    };
    let work = async {
        said(&recorder, 11).await;
        telegram.deliver(&report).await.unwrap();
        assert_eq!(told(), [json!(-5)]);
        updates
            .lock()
            .unwrap()
            .push(update(11, -77, (1, "ada"), "/unmute"));
        let said = said(&recorder, 12).await;
        assert_eq!(said, [(-77, "I talk again.".to_owned())]);
        report.delivery = "another".to_owned();
        telegram.deliver(&report).await.unwrap();
        assert_eq!(told(), [json!(-5), json!("@builds")]);
    };
    tokio::select! {
        () = telegram.attend(scene.desk()) => panic!("it stopped attending"),
        () = work => {}
    }
}

#[tokio::test]
async fn a_chat_that_takes_nothing_now_silences_no_other_and_no_other_is_told_twice() {
    let mut api = bot_api(Arc::default());
    let recorder = Recorder::start(move |asked| match asked.json()["chat_id"] == -5 {
        true => Given::status(500, "not now"),
        false => api(asked),
    })
    .await;
    let telegram = telegram(&recorder);
    let mut report = report(Results::Failure, "tests failed", "");
    for told in [1, 0] {
        for number in 0..300 {
            report.delivery = format!("chat-{number}");
            let error = telegram.deliver(&report).await.unwrap_err();
            assert!(matches!(error, ListenerError::Later(_)), "{error:?}");
            let mut asked = recorder.asked();
            asked.retain(|it| it.json()["chat_id"] == "@builds");
            assert_eq!(asked.len(), told, "{number}");
        }
    }
}

#[tokio::test]
async fn reports_go_to_chats_as_escaped_html() {
    let recorder = Recorder::start(bot_api(Arc::default())).await;
    let mut report = report(Results::Failure, "tests <failed>", "<b>&</pre>\n@all");
    report.message.quiet = true;
    telegram(&recorder).deliver(&report).await.unwrap();
    let asked = recorder.asked();
    assert_eq!(asked[0].path, "/bot123:abc/sendMessage");
    assert_eq!(
        asked[0].json(),
        json!({
            "chat_id": -5,
            "text": "<b><a href=\"https://ci.example.org/#/builders/2/builds/5\">❌ tests &lt;failed&gt;</a></b>\n\
                     <pre>&lt;b&gt;&amp;&lt;/pre&gt;\n@all</pre>",
            "parse_mode": "HTML",
            "disable_notification": true,
            "link_preview_options": { "is_disabled": true },
            "message_thread_id": 4,
        })
    );
    assert_eq!(asked[1].json()["chat_id"], "@builds");
    assert_eq!(asked.len(), 2);
}
