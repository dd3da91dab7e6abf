//! A webhook posts events, and says of each answer whether to try again.

use std::sync::{Arc, Mutex};

use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use weir_listeners::{OptionError, Outlet, Webhook, WebhookOptions};
use weir_status_api::{Listener, ListenerError};

use crate::support::{Events, Server, build_finished};

fn chat(options: WebhookOptions) -> Result<Webhook, OptionError> {
    Webhook::new("chat".to_owned(), options, &Outlet::open())
}

async fn deliver(options: WebhookOptions, number: i64) -> Result<(), ListenerError> {
    chat(options)
        .unwrap()
        .on_event(&build_finished(number), Events::new().as_ref())
        .await
}

#[tokio::test]
async fn an_event_is_posted_in_the_form_of_the_json_api() {
    let mut server = Server::start([]).await;
    let mut options = WebhookOptions::to(server.url());
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
    let mut options = WebhookOptions::to(server.url());
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
        let answer = deliver(WebhookOptions::to(server.url()), 1).await;
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
    let Err(ListenerError::Later(why)) = deliver(WebhookOptions::to(url), 1).await else {
        panic!("it was not to be tried again");
    };
    assert!(why.starts_with("no connection"), "{why}");
    assert!(!why.contains("hunter2"), "{why}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for() {
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut options = WebhookOptions::to(format!("http://{}/", socket.local_addr().unwrap()));
    options.timeout = 0.1;
    let answer = deliver(options, 1).await;
    let Err(ListenerError::Later(why)) = answer else {
        panic!("{answer:?}");
    };
    assert!(why.starts_with("no answer in time"), "{why}");
}

#[test]
fn wrong_options_are_told() {
    let wrong = |change: fn(&mut WebhookOptions)| {
        let mut options = WebhookOptions::to("https://example.org/hook");
        change(&mut options);
        chat(options).unwrap_err().option
    };
    assert!(chat(WebhookOptions::to("https://example.org/hook")).is_ok());
    assert_eq!(wrong(|it| it.url = "example.org".to_owned()), "url");
    assert_eq!(wrong(|it| it.url = "ftp://example.org/".to_owned()), "url");
    assert_eq!(wrong(|it| it.url = "http://".to_owned()), "url");
    assert_eq!(wrong(|it| it.events.clear()), "events");
    assert_eq!(wrong(|it| it.timeout = 0.0), "timeout");
    assert_eq!(wrong(|it| it.timeout = f64::NAN), "timeout");
    assert_eq!(wrong(|it| it.ca = Some("no PEM".to_owned())), "ca");
    assert_eq!(wrong(|it| it.source = String::new()), "source");
    for name in ["a b", "a\nb", "X-Weir-Event", "Content-Type"] {
        let mut options = WebhookOptions::to("https://example.org/hook");
        options.headers.insert(name.to_owned(), "x".to_owned());
        assert_eq!(chat(options).unwrap_err().option, "headers", "{name}");
    }
    for name in ["a b", "", &"a".repeat(101)] {
        let options = WebhookOptions::to("https://example.org/hook");
        let error = Webhook::new(name.to_owned(), options, &Outlet::open()).unwrap_err();
        assert_eq!(error.option, "name");
    }
}

#[test]
fn a_webhook_is_a_listener_like_any() {
    let webhook = chat(WebhookOptions::to("https://example.org/hook")).unwrap();
    let listener: Arc<dyn Listener> = Arc::new(webhook);
    assert_eq!((listener.name(), listener.kind()), ("chat", "webhook"));
    assert!(listener.filter().matching(&build_finished(1)).is_some());
}

#[tokio::test]
async fn further_headers_are_sent_and_shown_to_nobody() {
    let mut server = Server::start([401]).await;
    let mut options = WebhookOptions::to(server.url());
    options
        .headers
        .insert("X-Api-Key".to_owned(), "hunter2".to_owned());
    assert!(!format!("{options:?}").contains("hunter2"));
    let refused = deliver(options.clone(), 1).await.unwrap_err();
    assert!(!refused.to_string().contains("hunter2"), "{refused}");
    assert_eq!(server.post().await.header("x-api-key"), "hunter2");

    let printed = Arc::new(Mutex::new(String::new()));
    let print = Arc::clone(&printed);
    let outlet = Outlet::printing(move |text| print.lock().unwrap().push_str(text));
    let webhook = Webhook::new("chat".to_owned(), options, &outlet).unwrap();
    let api = Events::new();
    webhook.on_event(&build_finished(2), api.as_ref()).await.unwrap();
    let printed = printed.lock().unwrap();
    assert!(printed.contains("x-weir-delivery: chat-2"), "{printed}");
    assert!(printed.contains("\"topic\":\"builds/2/finished\""), "{printed}");
    assert!(!printed.contains("hunter2"), "{printed}");
    assert!(server.is_empty(), "what is only printed was sent");
}
