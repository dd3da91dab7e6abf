//! Where a receiver may send a listener to.

use axum::http::StatusCode;
use serde_json::Value;

use crate::receiver::{Answer, Receiver};
use crate::shown::{listener, parked, says};
use crate::site::Site;
use crate::{build, config, hook};

/// What a webhook has that is for its own receiver only, and its signature.
const SECRETS: &str = r#"headers = {"X-Api-Key": "hunter2", "Authorization": "Bearer hunter2"}, secret = "key-of-the-signature""#;

fn secret_hook(name: &str, url: &str, more: &str) -> String {
    hook(name, url, &format!("{SECRETS}{more}"))
}

/// A receiver that answers by `status` that another address has to be asked.
async fn moved(status: StatusCode, to: &str) -> Receiver {
    let receiver = Receiver::start().await;
    let to = to.to_owned();
    receiver.answers(move |_, _| Answer::Redirect(status, to.clone()));
    receiver
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_into_the_own_network_is_refused_until_it_is_allowed() {
    let inner = Receiver::start().await;
    let by_name = inner.url.replace("127.0.0.1", "localhost");
    let receivers = [
        moved(StatusCode::TEMPORARY_REDIRECT, &inner.url).await,
        moved(StatusCode::PERMANENT_REDIRECT, &by_name).await,
    ];
    let hooks = |more: &str| {
        secret_hook("address", &receivers[0].url, more) + &secret_hook("name", &receivers[1].url, more)
    };
    let site = Site::start(&config(&hooks(""))).await;
    let _worker = site.worker("w1");
    build(&site).await;
    for (name, to) in [("address", &inner.url), ("name", &by_name)] {
        let why = parked(&site, name, 1).await.remove(0);
        let wanted =
            format!("the answer redirects to {to}, an address of the own network, which is not allowed");
        assert!(why.starts_with(&wanted), "{why}");
        let shown = says(&site, &["dead-letters", name]).await;
        assert!(shown.contains("own network"), "{shown}");
        // One event that is refused says nothing of the next.
        assert_eq!(listener(&site, name).await["waiting_reason"], Value::Null);
    }
    assert!(inner.came().is_empty(), "{:#?}", inner.came());

    std::fs::write(
        site.path("weir.star"),
        config(&hooks(", internal_redirects = True")),
    )
    .unwrap();
    says(&site, &["reconfig"]).await;
    for name in ["address", "name"] {
        says(&site, &["listen", "replay", name]).await;
    }
    let came = inner.has(2).await;
    for name in ["address", "name"] {
        parked(&site, name, 0).await;
    }
    for (name, receiver) in ["address", "name"].iter().zip(&receivers) {
        let [before, again] = receiver.came().try_into().unwrap();
        let inner = came.iter().find(|it| it.id.starts_with(name)).unwrap();
        assert_eq!((&before.id, &inner.id), (&again.id, &again.id));
        assert_eq!(again.body, inner.body);
        // It is another server: it is told who speaks, and no secret.
        let signature = "x-weir-signature-256";
        assert_eq!(again.headers[signature], inner.headers[signature]);
        for secret in ["authorization", "x-api-key"] {
            assert!(again.headers.contains_key(secret), "{:?}", again.headers);
            assert!(!inner.headers.contains_key(secret), "{:?}", inner.headers);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_on_the_same_server_keeps_what_it_is_to_know() {
    let receiver = Receiver::start().await;
    let to = format!("{}moved", receiver.url);
    receiver.answers(move |_, came| match came.path.as_str() {
        "/moved" => Answer::Status(StatusCode::OK),
        _ => Answer::Redirect(StatusCode::PERMANENT_REDIRECT, to.clone()),
    });
    let hook = secret_hook("hook", &receiver.url, ", internal_redirects = True");
    let site = Site::start(&config(&hook)).await;
    let _worker = site.worker("w1");
    let build = build(&site).await;
    receiver.knows(&[build]).await;
    let [first, moved] = receiver.came().try_into().unwrap();
    assert_eq!(moved.headers["x-api-key"], "hunter2");
    assert_eq!((first.id, first.body), (moved.id, moved.body));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_that_would_lose_what_is_posted_is_refused() {
    let inner = Receiver::start().await;
    let receiver = moved(StatusCode::FOUND, &inner.url).await;
    let hook = secret_hook("hook", &receiver.url, ", internal_redirects = True");
    let site = Site::start(&config(&hook)).await;
    let _worker = site.worker("w1");
    build(&site).await;
    let why = parked(&site, "hook", 1).await.remove(0);
    let wanted = format!(
        "the answer is 302 Found, to {}, which would not get what is sent",
        inner.url
    );
    assert!(why.starts_with(&wanted), "{why}");
    assert!(inner.came().is_empty(), "{:#?}", inner.came());
}
