//! Tokens, on both databases, and beside a master that runs.

use weir_status_api::{Credentials, Error, Timestamp, Token, TokenId, TokenOrigin, TokenScope};
use weir_status_db::{Database, TokenStore};
use weir_testbed::Postgres;

use crate::rig::Rig;

fn token(user: &str, expires_at: Option<i64>) -> Token {
    Token {
        id: TokenId(0),
        name: "a test".to_owned(),
        user: user.to_owned(),
        origin: TokenOrigin::Made,
        scopes: vec![TokenScope::Read, TokenScope::Tokens],
        created_at: Timestamp(1),
        expires_at: expires_at.map(Timestamp),
        revoked_at: None,
    }
}

async fn keeps(store: &dyn Credentials) {
    let ada = store.add_token(token("ada", None), [1; 32]).await.unwrap();
    let eva = store.add_token(token("eva", Some(50)), [2; 32]).await.unwrap();
    assert!(ada.id < eva.id);
    assert_eq!(store.token([1; 32]).await.unwrap(), Some(ada.clone()));
    assert_eq!(store.token([3; 32]).await.unwrap(), None);
    assert_eq!(store.tokens(None).await.unwrap(), [eva.clone(), ada.clone()]);
    assert_eq!(
        store.tokens(Some("ada")).await.unwrap(),
        std::slice::from_ref(&ada)
    );
    assert_eq!(store.tokens(Some("a\0b")).await.unwrap(), []);
    let twice = store.add_token(token("eva", None), [1; 32]).await;
    assert!(twice.is_err(), "two tokens cannot have one text");

    store.revoke_token(ada.id, Timestamp(7)).await.unwrap();
    store.revoke_token(ada.id, Timestamp(9)).await.unwrap();
    let revoked = store.token([1; 32]).await.unwrap().unwrap();
    assert_eq!(revoked.revoked_at, Some(Timestamp(7)), "the first note stays");
    let missing = store.revoke_token(TokenId(99), Timestamp(7)).await;
    assert_eq!(missing, Err(Error::not_found("token 99")));

    store.forget_tokens(Timestamp(50)).await.unwrap();
    assert_eq!(
        store.tokens(None).await.unwrap(),
        [eva],
        "it ends at 50, not before"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_kept_on_sqlite() {
    let rig = Rig::sqlite().await;
    keeps(&rig.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_kept_on_postgres() {
    let server = Postgres::start().unwrap();
    let rig = Rig::on(Database::Postgres(server.url())).await;
    keeps(&rig.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_made_beside_a_master_that_runs() {
    let rig = Rig::sqlite().await;
    let beside = TokenStore::open(&Database::Sqlite, rig.dir.path()).await.unwrap();
    let made = beside.add_token(token("ada", None), [1; 32]).await.unwrap();
    assert_eq!(rig.store.token([1; 32]).await.unwrap(), Some(made.clone()));
    rig.store.revoke_token(made.id, Timestamp(7)).await.unwrap();
    assert!(beside.token([1; 32]).await.unwrap().unwrap().revoked_at.is_some());
}
