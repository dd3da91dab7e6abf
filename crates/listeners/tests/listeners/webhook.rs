//! A webhook posts events, and says of each answer whether to try again.

use std::sync::Arc;
use std::time::Duration;

use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use weir_listeners::{Webhook, WebhookError, WebhookOptions};
use weir_status_api::{Listener, ListenerError};

use crate::support::{Events, Server, build_finished};

async fn deliver(options: WebhookOptions, number: i64) -> Result<(), ListenerError> {
    let webhook = Webhook::new(options).unwrap();
    webhook
        .on_event(&build_finished(number), Events::new().as_ref())
        .await
}

#[tokio::test]
async fn an_event_is_posted_in_the_form_of_the_json_api() {
    let mut server = Server::start([]).await;
    let mut options = WebhookOptions::new("chat", server.url());
    options.events = vec!["builders/*/builds/*/*".to_owned()];
    deliver(options, 17).await.unwrap();
    let post = server.post().await;
    assert_eq!(post.header("content-type"), "application/json");
    assert_eq!(post.header("x-weir-event"), "builders/2/builds/17/finished");
    assert_eq!(post.header("x-weir-cursor"), "17");
    assert_eq!(post.header("x-weir-delivery"), "chat-17");
    assert_eq!(post.header("x-weir-signature-256"), "");
    let body: Value = serde_json::from_slice(&post.body).unwrap();
    assert_eq!(
        body,
        json!({
            "cursor": 17,
            "time": 1_700_000_060,
            "topic": "builders/2/builds/17/finished",
            "topics": ["builds/17/finished", "builders/2/builds/17/finished", "workers/4/builds/17/finished"],
            "resource": weir_status_http::v2::to_json(&build_finished(17).entity),
        })
    );
    assert_eq!(body["resource"]["buildid"], 17);
}

#[tokio::test]
async fn the_body_is_signed_with_the_secret() {
    let mut server = Server::start([]).await;
    let mut options = WebhookOptions::new("chat", server.url());
    options.secret = Some("hunter2".to_owned());
    assert!(!format!("{options:?}").contains("hunter2"));
    deliver(options, 1).await.unwrap();
    let post = server.post().await;
    let signature = post
        .header("x-weir-signature-256")
        .strip_prefix("sha256=")
        .unwrap();
    assert_eq!(signature.len(), 64);
    let bytes: Vec<u8> = (0..32)
        .map(|it| u8::from_str_radix(&signature[2 * it..2 * it + 2], 16).unwrap())
        .collect();
    let key = || Hmac::<Sha256>::new_from_slice(b"hunter2").unwrap();
    key().chain_update(&post.body).verify_slice(&bytes).unwrap();
    assert!(key().chain_update(b"{}").verify_slice(&bytes).is_err());
}

#[tokio::test]
async fn the_answer_says_whether_to_try_again() {
    for (status, expected) in [
        (200, None),
        (204, None),
        (408, Some(true)),
        (429, Some(true)),
        (500, Some(true)),
        (503, Some(true)),
        (301, Some(false)),
        (400, Some(false)),
        (404, Some(false)),
        (410, Some(false)),
    ] {
        let server = Server::start([status]).await;
        let answer = deliver(WebhookOptions::new("chat", server.url()), 1).await;
        let found = match &answer {
            Ok(()) => None,
            Err(ListenerError::Later(why) | ListenerError::After(why, _)) => Some((true, why)),
            Err(ListenerError::Never(why)) => Some((false, why)),
        };
        assert_eq!(found.map(|it| it.0), expected, "{status}: {answer:?}");
        if let Some((_, why)) = found {
            assert!(why.contains(&status.to_string()), "{why}");
            assert!(why.ends_with(&format!(": said {status}")), "{why}");
        }
    }
}

#[tokio::test]
async fn without_a_server_it_is_tried_again() {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?token=hunter2", socket.local_addr().unwrap());
    drop(socket);
    let Err(ListenerError::Later(why)) = deliver(WebhookOptions::new("chat", url), 1).await else {
        panic!("it was not to be tried again");
    };
    assert!(why.starts_with("no connection"), "{why}");
    assert!(!why.contains("hunter2"), "{why}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for() {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut options = WebhookOptions::new("chat", format!("http://{}/", socket.local_addr().unwrap()));
    options.timeout = Duration::from_millis(100);
    let answer = deliver(options, 1).await;
    let Err(ListenerError::Later(why)) = answer else {
        panic!("{answer:?}");
    };
    assert!(why.starts_with("no answer in time"), "{why}");
}

#[test]
fn wrong_options_are_told() {
    let with = |change: fn(&mut WebhookOptions)| {
        let mut options = WebhookOptions::new("chat", "https://example.org/hook");
        change(&mut options);
        Webhook::new(options)
    };
    assert!(with(|_| {}).is_ok());
    assert!(matches!(
        with(|it| it.name = "a b".to_owned()),
        Err(WebhookError::Name(_))
    ));
    assert!(matches!(
        with(|it| it.name = String::new()),
        Err(WebhookError::Name(_))
    ));
    for url in ["example.org", "ftp://example.org/", "http://"] {
        let mut options = WebhookOptions::new("chat", url);
        options.events = vec!["**".to_owned()];
        let error = Webhook::new(options).unwrap_err();
        assert!(matches!(error, WebhookError::Url { .. }), "{error}");
    }
    assert!(matches!(
        with(|it| it.events.clear()),
        Err(WebhookError::Events(_))
    ));
}

#[test]
fn a_webhook_is_a_listener_like_any() {
    let webhook = Webhook::new(WebhookOptions::new("chat", "https://example.org/hook")).unwrap();
    let listener: Arc<dyn Listener> = Arc::new(webhook);
    assert_eq!(listener.name(), "chat");
    assert!(listener.filter().matching(&build_finished(1)).is_some());
}
