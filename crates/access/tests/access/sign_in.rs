//! Names, passwords and sessions.

use std::time::Duration;

use futures::StreamExt;
use weir_access::{Policy, SESSION, User, hash_password};
use weir_status_api::*;

use crate::house::House;

async fn house() -> House {
    House::new(policy()).await
}

fn policy() -> Policy {
    Policy {
        users: vec![
            User {
                name: "ada".to_owned(),
                password_hash: Some(hash_password("correct horse").unwrap()),
                full_name: Some("Ada Lovelace".to_owned()),
                groups: vec!["engines".to_owned()],
                ..User::default()
            },
            User::with_token("program", "the-token-of-a-program"),
        ],
        roles: vec![weir_access::Role {
            name: "operator".to_owned(),
            groups: vec!["engines".to_owned()],
            ..weir_access::Role::default()
        }],
        ..Policy::default()
    }
}

fn with_password(password: Option<String>) -> Policy {
    let mut policy = policy();
    policy.users[0].password_hash = password;
    policy
}

#[tokio::test]
async fn a_session_is_a_token_for_a_week() {
    let house = house().await;
    let session = house.door.sign_in("ada", "correct horse").await.unwrap();
    assert_eq!(session.token.origin, TokenOrigin::SignIn);
    assert_eq!(session.token.expires_at, Some(house.now().plus(SESSION)));
    let caller = Caller::bearer(&session.text);
    let who = house.door.identify(&caller).await.unwrap();
    assert_eq!(
        (who.name.as_deref(), who.full_name.as_deref()),
        (Some("ada"), Some("Ada Lovelace"))
    );
    assert_eq!(who.roles, ["operator"]);
    house.door.sign_out(&caller).await.unwrap();
    assert!(matches!(
        house.door.identify(&caller).await,
        Err(Error::Unauthenticated { .. })
    ));
    // A program's token is no session, and stays.
    let program = Caller::bearer("the-token-of-a-program");
    house.door.sign_out(&program).await.unwrap();
    house.door.identify(&program).await.unwrap();

    let session = house.door.sign_in("ada", "correct horse").await.unwrap();
    house.clock().advance(SESSION);
    let ended = house.door.identify(&Caller::bearer(session.text)).await;
    assert!(matches!(ended, Err(Error::Unauthenticated { .. })), "{ended:?}");
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_are_told_alike_and_seldom_tried() {
    let house = house().await;
    let wrong = house.door.sign_in("ada", "wrong").await.unwrap_err();
    assert!(matches!(wrong, Error::Unauthenticated { .. }), "{wrong:?}");
    for (user, password) in [
        ("nobody", "wrong"),
        ("program", ""),
        ("program", "the-token-of-a-program"),
    ] {
        assert_eq!(house.door.sign_in(user, password).await.unwrap_err(), wrong);
    }
    let mut tries = 1;
    let stopped = loop {
        match house.door.sign_in("ada", "wrong").await.unwrap_err() {
            Error::Unauthenticated { .. } => tries += 1,
            other => break other,
        }
        assert!(tries < 50, "nobody can try for ever");
    };
    assert!(matches!(stopped, Error::TooMany { .. }), "{stopped:?}");
    let right = house.door.sign_in("ada", "correct horse").await;
    assert!(matches!(right, Err(Error::TooMany { .. })), "{right:?}");
    house.clock().advance(Duration::from_secs(60));
    house.door.sign_in("ada", "correct horse").await.unwrap();
}

#[tokio::test]
async fn another_password_ends_the_sessions_of_the_one_before_and_their_streams() {
    let house = house().await;
    let mine = with_password(Some(hash_password("correct horse").unwrap()));
    let mut nobody = policy();
    nobody.users.remove(0);
    for next in [
        with_password(Some(hash_password("battery staple").unwrap())),
        with_password(None),
        nobody,
    ] {
        house.door.set_policy(mine.clone());
        let session = house.door.sign_in("ada", "correct horse").await.unwrap();
        let caller = Caller::bearer(&session.text);
        let made = NewToken {
            name: "made".to_owned(),
            user: None,
            scopes: vec![TokenScope::Read],
            expires_at: None,
        };
        let made = house.door.issue_token(&caller, made).await.unwrap();
        let watched = TopicFilter::parse("changes/*/*").unwrap();
        let mut events = house.door.open(&caller).watch(watched, Start::Now).await.unwrap();
        // What is configured anew and has the same password changes nothing.
        house.door.set_policy(mine.clone());
        house.door.identify(&caller).await.unwrap();
        house.door.set_policy(next.clone());
        let ended = house.door.identify(&caller).await;
        assert!(matches!(ended, Err(Error::Unauthenticated { .. })), "{ended:?}");
        let end = tokio::time::timeout(Duration::from_secs(8), async {
            loop {
                match events.next().await {
                    Some(Ok(_)) => {}
                    end => break end,
                }
            }
        });
        let end = end.await.expect("the stream ends at once");
        assert!(matches!(end, Some(Err(Error::Unauthenticated { .. }))), "{end:?}");
        // A token that was made stays while its user does.
        let stays = house.door.identify(&Caller::bearer(made.text)).await.is_ok();
        assert_eq!(stays, next.users.len() == mine.users.len());
    }
}
