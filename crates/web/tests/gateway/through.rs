//! A gateway on a gateway: the JSON client is the door for callers that it knows nothing of.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures::StreamExt;
use serde_json::json;
use weir_status_api::conformance::{TOKEN, USER};
use weir_status_api::{
    Access, Build, Caller, Command, Error, Key, NewToken, Query, ReadExt, Start, Timestamp, TokenOrigin,
    TokenScope, TopicFilter,
};
use weir_status_http::{HttpOptions, HttpStatus};
use weir_web::Options;

use crate::auth::{cookie, form, gateway};
use crate::scene::{Gateway, Scene};
use crate::sockets::serve;

/// A client of a master that knows the user of the kit, by token and password.
async fn door(scene: &Scene) -> HttpStatus {
    let address = serve(&gateway(scene, None)).await;
    HttpStatus::new(&format!("http://{address}/"), HttpOptions::default()).unwrap()
}

fn pause() -> Command {
    Command::PauseWorker {
        worker: "w".into(),
        reason: None,
    }
}

fn is_unauthenticated<T>(answer: Result<T, Error>) -> bool {
    matches!(answer, Err(Error::Unauthenticated { .. }))
}

#[tokio::test]
async fn each_caller_has_their_own_api() {
    let scene = Scene::new().await;
    let door = door(&scene).await;
    let ada = door.open(&Caller::bearer(TOKEN));
    // Whoever it was opened to asks, whatever is named in the call.
    assert!(ada.control(&Caller::anonymous(), pause()).await.is_ok());
    let nobody = door.open(&Caller::anonymous());
    let denied = nobody.control(&Caller::bearer(TOKEN), pause()).await;
    assert!(
        matches!(denied, Err(Error::PermissionDenied { .. })),
        "{denied:?}"
    );
    assert!(nobody.page(Query::<Build>::new()).await.is_ok());

    let wrong = door.open(&Caller::bearer("wrong"));
    assert!(is_unauthenticated(wrong.page(Query::<Build>::new()).await));
    assert!(is_unauthenticated(
        wrong.one::<Build>(Key::Build(scene.build.into())).await
    ));
    let watched = match wrong.watch(TopicFilter::all(), Start::Now).await {
        Ok(mut events) => events.next().await.unwrap().map(drop),
        Err(error) => Err(error),
    };
    assert!(is_unauthenticated(watched));
}

#[tokio::test]
async fn people_sign_in_and_out() {
    let scene = Scene::new().await;
    let door = door(&scene).await;
    let session = door.sign_in(USER, "correct horse").await.unwrap();
    assert_eq!(
        (session.token.user.as_str(), session.token.origin),
        (USER, TokenOrigin::SignIn)
    );
    let caller = Caller::bearer(&session.text);
    let who = door.identify(&caller).await.unwrap();
    assert_eq!(
        (who.name.as_deref(), who.full_name.as_deref()),
        (Some(USER), Some("Ada Lovelace"))
    );
    assert!(door.open(&caller).control(&caller, pause()).await.is_ok());
    assert!(door.identify(&Caller::anonymous()).await.unwrap().is_anonymous());
    assert!(is_unauthenticated(door.sign_in(USER, "wrong").await));

    door.sign_out(&caller).await.unwrap();
    assert!(is_unauthenticated(door.identify(&caller).await));
    door.sign_out(&Caller::anonymous()).await.unwrap();
}

#[tokio::test]
async fn tokens_come_back_to_the_microsecond() {
    let scene = Scene::new().await;
    let door = door(&scene).await;
    let ada = Caller::bearer(TOKEN);
    let new = NewToken {
        name: "laptop".to_owned(),
        user: None,
        scopes: vec![TokenScope::Read],
        expires_at: Some(Timestamp(4_000_000_000_123_456)),
    };
    let issued = door.issue_token(&ada, new.clone()).await.unwrap();
    assert_eq!(
        (&issued.token.name, issued.token.expires_at, &issued.token.scopes),
        (&new.name, new.expires_at, &new.scopes)
    );
    assert_eq!(
        door.tokens(&ada).await.unwrap(),
        std::slice::from_ref(&issued.token)
    );
    let laptop = door.open(&Caller::bearer(&issued.text));
    assert!(laptop.page(Query::<Build>::new()).await.is_ok());
    door.revoke_token(&ada, issued.token.id).await.unwrap();
    assert!(is_unauthenticated(laptop.page(Query::<Build>::new()).await));
    let missing = door.revoke_token(&ada, weir_status_api::TokenId(99)).await;
    assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
    let anonymous = door.issue_token(&Caller::anonymous(), new).await;
    assert!(
        matches!(anonymous, Err(Error::PermissionDenied { .. })),
        "{anonymous:?}"
    );
}

#[tokio::test]
async fn a_browser_signs_in_at_the_outer_gateway() {
    let scene = Scene::new().await;
    let options = Options {
        sign_in: true,
        ..Options::default()
    };
    let outer = Gateway::to(Arc::new(door(&scene).await), options);
    let answer = outer
        .ask(form("/auth/login", "username=ada&password=correct+horse"))
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let request = Request::get("/config").header("cookie", cookie(&answer));
    let config = outer.ask(request.body(Body::empty()).unwrap()).await.json();
    assert_eq!(config["user"]["username"], json!("ada"));
    let request = Request::get("/auth/logout").header("cookie", cookie(&answer));
    outer.ask(request.body(Body::empty()).unwrap()).await;
    let request = Request::get("/api/v2/builds").header("cookie", cookie(&answer));
    let ended = outer.ask(request.body(Body::empty()).unwrap()).await;
    assert_eq!(ended.status, StatusCode::UNAUTHORIZED, "{}", ended.body);
}
