//! Tokens: what they allow, who makes them, and how they end.

use std::time::Duration;

use weir_access::{TOKEN_PREFIX, issue};
use weir_status_api::*;

use crate::house::{ADMIN, EVA, House, caller, policy};

fn new(scopes: &[TokenScope]) -> NewToken {
    NewToken {
        name: "a test".to_owned(),
        user: None,
        scopes: scopes.to_vec(),
        expires_at: None,
    }
}

#[tokio::test]
async fn a_token_allows_what_its_scopes_say() {
    let house = House::new(policy()).await;
    let build = house.story(&["open-1"], None).await["open-1"];
    let stop = || Command::StopBuild {
        build: build.into(),
        reason: None,
    };
    for (scope, reads, controls) in [
        (TokenScope::Read, true, false),
        (TokenScope::Control, false, true),
        (TokenScope::Tokens, false, false),
    ] {
        let issued = house
            .door
            .issue_token(&caller(Some(EVA)), new(&[scope]))
            .await
            .unwrap();
        assert!(issued.text.starts_with(TOKEN_PREFIX));
        assert!(!format!("{issued:?}").contains(&issued.text));
        let api = house.open(Some(&issued.text));
        assert_eq!(
            api.get(Key::Build(build.into())).await.is_ok(),
            reads,
            "{scope:?}"
        );
        assert_eq!(
            api.control(&Caller::anonymous(), stop()).await.is_ok(),
            controls,
            "{scope:?}"
        );
        let who = house.door.identify(&Caller::bearer(&issued.text)).await.unwrap();
        assert_eq!(who.name.as_deref(), Some("eva"));
    }
}

#[tokio::test]
async fn nobody_gets_more_than_they_have() {
    let house = House::new(policy()).await;
    let denied =
        |it: Result<IssuedToken>| assert!(matches!(it, Err(Error::PermissionDenied { .. })), "{it:?}");
    denied(
        house
            .door
            .issue_token(&Caller::anonymous(), new(&[TokenScope::Read]))
            .await,
    );
    let other = NewToken {
        user: Some("root".to_owned()),
        ..new(&[TokenScope::Read])
    };
    denied(house.door.issue_token(&caller(Some(EVA)), other.clone()).await);
    assert_eq!(
        house
            .door
            .issue_token(&caller(Some(ADMIN)), other)
            .await
            .unwrap()
            .token
            .user,
        "root"
    );
    let stranger = NewToken {
        user: Some("stranger".to_owned()),
        ..new(&[TokenScope::Read])
    };
    let got = house.door.issue_token(&caller(Some(ADMIN)), stranger).await;
    assert!(matches!(got, Err(Error::InvalidInput { .. })), "{got:?}");

    let end = house.now().plus(Duration::from_secs(1_000));
    let short = NewToken {
        expires_at: Some(end),
        ..new(&[TokenScope::Tokens])
    };
    let short = house.door.issue_token(&caller(Some(EVA)), short).await.unwrap();
    let short = Caller::bearer(short.text);
    denied(house.door.issue_token(&short, new(&[TokenScope::Tokens])).await);
    let more = NewToken {
        expires_at: Some(end),
        ..new(&[TokenScope::Control])
    };
    denied(house.door.issue_token(&short, more).await);
}

#[tokio::test]
async fn tokens_are_their_owners() {
    let house = House::new(policy()).await;
    let hers = house
        .door
        .issue_token(&caller(Some(EVA)), new(&TokenScope::ALL))
        .await
        .unwrap()
        .token;
    let his = house
        .door
        .issue_token(&caller(Some(ADMIN)), new(&TokenScope::ALL))
        .await
        .unwrap()
        .token;
    let list = async |token| {
        let tokens = house.door.tokens(&caller(Some(token))).await.unwrap();
        tokens.iter().map(|it| it.id).collect::<Vec<_>>()
    };
    assert_eq!(list(EVA).await, [hers.id]);
    assert_eq!(list(ADMIN).await, [his.id, hers.id]);
    let refused = house.door.revoke_token(&caller(Some(EVA)), his.id).await;
    let nobodys = house.door.revoke_token(&caller(Some(EVA)), TokenId(77)).await;
    assert_eq!(refused, Err(Error::not_found(format!("token {}", his.id))));
    assert_eq!(nobodys, Err(Error::not_found("token 77")));
    house
        .door
        .revoke_token(&caller(Some(ADMIN)), hers.id)
        .await
        .unwrap();
    house
        .door
        .revoke_token(&caller(Some(ADMIN)), hers.id)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_token_of_the_database_works_while_its_user_is_configured() {
    let house = House::new(policy()).await;
    let end = house.now().plus(Duration::from_secs(100));
    let expiring = NewToken {
        expires_at: Some(end),
        ..new(&[TokenScope::Read])
    };
    let issued = issue(&*house.drawer, "eva", expiring, house.now()).await.unwrap();
    let identify = async || house.door.identify(&Caller::bearer(&issued.text)).await;
    assert_eq!(identify().await.unwrap().name.as_deref(), Some("eva"));
    let mut without = policy();
    without.users.retain(|it| it.name != "eva");
    house.door.set_policy(without);
    assert!(matches!(identify().await, Err(Error::Unauthenticated { .. })));
    house.door.set_policy(policy());
    assert!(identify().await.is_ok());
    house.clock().advance(Duration::from_secs(100));
    assert!(matches!(identify().await, Err(Error::Unauthenticated { .. })));
}
