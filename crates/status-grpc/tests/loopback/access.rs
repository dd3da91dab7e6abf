//! Callers, sessions and tokens, over one binding and over a gateway behind another.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use weir_status_api::*;
use weir_status_grpc::Options;

use crate::scripted::{Mood, Scripted, Served, build, client, event, next_event};

/// A door that notes who comes.
struct Door {
    api: Arc<Scripted>,
    seen: Mutex<Vec<Caller>>,
}

impl Door {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            api: Scripted::new(),
            seen: Mutex::default(),
        })
    }

    fn note(&self, caller: &Caller) {
        self.seen.lock().unwrap().push(caller.clone());
    }

    /// Who came since this was last asked; each of them the same.
    fn one_who_came(&self) -> Caller {
        let mut seen = std::mem::take(&mut *self.seen.lock().unwrap());
        let last = seen.pop().expect("somebody came");
        assert!(seen.iter().all(|it| *it == last), "{seen:?} and {last:?}");
        last
    }
}

fn token(id: i64, user: &str) -> Token {
    Token {
        id: TokenId(id),
        name: "for a script, ü".to_owned(),
        user: user.to_owned(),
        origin: if id % 2 == 0 {
            TokenOrigin::Made
        } else {
            TokenOrigin::SignIn
        },
        scopes: TokenScope::ALL.to_vec(),
        created_at: Timestamp(-1),
        expires_at: Some(Timestamp(i64::MAX)),
        revoked_at: None,
    }
}

fn identity(caller: &Caller) -> Identity {
    Identity {
        name: caller.token().map(str::to_owned),
        full_name: Some("Ada Lovelace".to_owned()),
        email: None,
        groups: vec!["analysts".to_owned(), String::new()],
        roles: vec![],
    }
}

#[async_trait]
impl Access for Door {
    fn open(&self, caller: &Caller) -> Arc<dyn StatusApi> {
        self.note(caller);
        Arc::clone(&self.api) as _
    }

    async fn identify(&self, caller: &Caller) -> Result<Identity> {
        self.note(caller);
        match caller.token() {
            Some("expired") => Err(Error::Unauthenticated {
                why: "the token has expired".to_owned(),
            }),
            _ => Ok(identity(caller)),
        }
    }

    async fn sign_in(&self, user: &str, password: &str) -> Result<IssuedToken> {
        match (user, password) {
            ("ada", "engine ü") => Ok(IssuedToken {
                token: token(1, user),
                text: "weir_session".to_owned(),
            }),
            ("ada", _) => Err(Error::Unauthenticated { why: "no".to_owned() }),
            _ => Err(Error::TooMany {
                why: "attempts; try again in a minute".to_owned(),
            }),
        }
    }

    async fn sign_out(&self, caller: &Caller) -> Result<()> {
        self.note(caller);
        Ok(())
    }

    async fn issue_token(&self, caller: &Caller, new: NewToken) -> Result<IssuedToken> {
        self.note(caller);
        Ok(IssuedToken {
            token: Token {
                name: new.name,
                scopes: new.scopes,
                expires_at: new.expires_at,
                ..token(2, &new.user.unwrap_or_default())
            },
            text: "weir_made".to_owned(),
        })
    }

    async fn tokens(&self, caller: &Caller) -> Result<Vec<Token>> {
        self.note(caller);
        Ok((0..10_000).rev().map(|id| token(id, "ada")).collect())
    }

    async fn revoke_token(&self, caller: &Caller, token: TokenId) -> Result<()> {
        self.note(caller);
        Err(Error::not_found(format!("token {token}")))
    }
}

/// A server of a door, and one of a client of it.
async fn server_and_gateway(door: &Arc<Door>) -> [Served; 2] {
    let server = Served::of(Arc::clone(door) as _).await;
    let gateway = Served::of(Arc::new(server.client())).await;
    [server, gateway]
}

#[tokio::test]
async fn an_opened_api_tells_who_calls_with_everything() {
    let door = Door::new();
    for server in &server_and_gateway(&door).await {
        let ada = Caller::bearer("ada's");
        let api = server.client().open(&ada);
        let got = api.get(Key::Build(BuildId(7).into())).await.unwrap();
        assert_eq!(got.value, build(7).into_entity());
        assert_eq!(door.one_who_came(), ada);

        let mut events = api.watch(TopicFilter::all(), Start::Now).await.unwrap();
        let cursor = door.api.commit();
        assert_eq!(next_event(&mut events).await, Ok(cursor));
        assert_eq!(door.one_who_came(), ada);

        // Whom the call names has no say: the API was opened for one caller.
        let command = Command::Rebuild {
            build: BuildId(7).into(),
        };
        let other = Caller::bearer("eva's");
        api.control(&other, command.clone()).await.unwrap();
        assert_eq!(door.one_who_came(), ada);
        assert_eq!(door.api.commands.lock().unwrap().pop(), Some((ada, command)));
    }
}

#[tokio::test]
async fn callers_without_a_token_are_those_of_the_client() {
    let door = Door::new();
    let server = Served::of(Arc::clone(&door) as _).await;
    let options = Options {
        token: Some("the gateway's".to_owned()),
        ..Options::default()
    };
    let own = client(server.address, options);
    for (client, arrives) in [
        (server.client(), Caller::anonymous()),
        (own, Caller::bearer("the gateway's")),
    ] {
        for caller in [Caller::anonymous(), Caller::named("root")] {
            let api = client.open(&caller);
            api.properties(PropertiesOf::Buildset(BuildsetId(1)))
                .await
                .unwrap();
            client.identify(&caller).await.unwrap();
            assert_eq!(door.one_who_came(), arrives);
        }
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_sent_is_nobodys() {
    let door = Door::new();
    let server = Served::of(Arc::clone(&door) as _).await;
    let odd = Caller::bearer("two\nlines");
    let client = server.client();
    let api = client.open(&odd);
    let get = api.get(Key::Build(BuildId(1).into())).await.err();
    let watch = api.watch(TopicFilter::all(), Start::Now).await.err();
    let identify = client.identify(&odd).await.err();
    for error in [get, watch, identify] {
        assert!(matches!(error, Some(Error::Unauthenticated { .. })), "{error:?}");
    }
    assert!(door.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn sessions_and_tokens_are_those_of_the_door() {
    let door = Door::new();
    for server in &server_and_gateway(&door).await {
        let client = server.client();
        let ada = Caller::bearer("ada's");
        assert_eq!(client.identify(&ada).await, Ok(identity(&ada)));
        assert_eq!(
            client.identify(&Caller::anonymous()).await,
            Ok(identity(&Caller::anonymous()))
        );
        let expired = client.identify(&Caller::bearer("expired")).await;
        assert_eq!(expired, door.identify(&Caller::bearer("expired")).await);
        door.seen.lock().unwrap().clear();

        for (user, password) in [("ada", "engine ü"), ("ada", "guess"), ("eve", "")] {
            let session = client.sign_in(user, password).await;
            assert_eq!(session, door.sign_in(user, password).await);
        }
        let new = NewToken {
            name: String::new(),
            user: Some("eva".to_owned()),
            scopes: vec![TokenScope::Control],
            expires_at: None,
        };
        let issued = client.issue_token(&ada, new.clone()).await;
        assert_eq!(issued, door.issue_token(&ada, new).await);
        assert_eq!(client.tokens(&ada).await, door.tokens(&ada).await);
        let revoked = client.revoke_token(&ada, TokenId(9)).await;
        assert_eq!(revoked, Err(Error::not_found("token 9")));
        client.sign_out(&ada).await.unwrap();
        assert_eq!(door.one_who_came(), ada);
    }
}

#[tokio::test]
async fn a_session_that_ends_ends_its_watches_through_a_gateway() {
    let door = Door::new();
    let servers = server_and_gateway(&door).await;
    let api = servers[1].client().open(&Caller::bearer("ada's"));
    let mut events = api
        .watch(TopicFilter::all(), Start::After(Cursor::ZERO))
        .await
        .unwrap();
    door.api.commit();
    assert_eq!(next_event(&mut events).await, Ok(event(1).cursor));
    let ended = Error::Unauthenticated {
        why: "the token was revoked".to_owned(),
    };
    door.api.set(Mood::Fails(ended.clone()));
    assert_eq!(crate::scripted::last_error(&mut events).await, ended);
}
