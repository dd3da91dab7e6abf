//! Whether an event may be seen is decided when it comes.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use weir_access::Policy;
use weir_status_api::*;

use crate::house::{ADMIN, BUILDERS, EVA, HIDDEN, House, caller, policy};

async fn next(events: &mut EventStream) -> Result<Signal> {
    let next = tokio::time::timeout(Duration::from_secs(8), events.next()).await;
    next.expect("a signal in time")
        .expect("a stream has no end of its own")
}

/// The events up to `until`, from the beginning.
async fn events(api: &Arc<dyn StatusApi>, until: Cursor) -> Vec<Arc<Event>> {
    let mut stream = api
        .watch(TopicFilter::all(), Start::After(Cursor::ZERO))
        .await
        .unwrap();
    let mut events = vec![];
    loop {
        let signal = next(&mut stream).await.unwrap();
        let cursor = signal.cursor();
        if let Signal::Event(event) = signal {
            events.push(event);
        }
        if cursor >= until {
            return events;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_event_tells_of_what_is_hidden() {
    let house = House::new(policy()).await;
    for builder in BUILDERS {
        house.story(&[builder], None).await;
    }
    let parent = house.story(&["secret-1"], None).await["secret-1"];
    house.story(&["open-1", "secret-2"], Some(parent)).await;
    let root = house.open(Some(ADMIN));
    let command = Command::StopBuild {
        build: parent.into(),
        reason: Some("a secret stop".to_owned()),
    };
    root.control(&Caller::anonymous(), command).await.unwrap();
    let until = root.list(List::Master(Query::new())).await.unwrap().cursor;
    let (mine, all) = (events(&house.open(None), until).await, events(&root, until).await);
    assert_eq!(all.len() as i64, until.0, "the administrator gets every event");
    assert!(format!("{mine:?}").contains("line") || !mine.is_empty());
    for event in &mine {
        assert!(!format!("{event:?}").contains(HIDDEN), "{event:?}");
    }
    // All that concerns open builders has come.
    let open = |it: &&Arc<Event>| matches!(&it.entity, Entity::Step(it) if it.name.contains("open"));
    assert_eq!(mine.iter().filter(open).count(), all.iter().filter(open).count());
}

async fn token(house: &House, scopes: &[TokenScope], expires_at: Option<Timestamp>) -> IssuedToken {
    let new = NewToken {
        name: "a test".to_owned(),
        user: None,
        scopes: scopes.to_vec(),
        expires_at,
    };
    house.door.issue_token(&caller(Some(EVA)), new).await.unwrap()
}

async fn must_end(events: &mut EventStream) {
    loop {
        match next(events).await {
            Ok(_) => {}
            Err(error) => {
                assert!(matches!(error, Error::Unauthenticated { .. }), "{error:?}");
                assert!(events.next().await.is_none(), "an error is the last item");
                return;
            }
        }
    }
}

#[tokio::test]
async fn a_revoked_token_ends_its_streams_at_once() {
    let house = House::new(Policy {
        rules: vec![],
        ..policy()
    })
    .await;
    let issued = token(&house, &[TokenScope::Read], None).await;
    let api = house.open(Some(&issued.text));
    let mut events = api
        .watch(TopicFilter::parse("changes/*/*").unwrap(), Start::Now)
        .await
        .unwrap();
    house
        .door
        .revoke_token(&caller(Some(EVA)), issued.token.id)
        .await
        .unwrap();
    must_end(&mut events).await;
    let refused = api.get(Key::Master(MasterId(1))).await;
    assert!(
        matches!(refused, Err(Error::Unauthenticated { .. })),
        "{refused:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_revoked_elsewhere_ends_soon() {
    let house = House::new(policy()).await;
    let issued = token(&house, &[TokenScope::Read], None).await;
    let api = house.open(Some(&issued.text));
    let mut events = api.watch(TopicFilter::all(), Start::Now).await.unwrap();
    // Not through the door: another process did it.
    house
        .drawer
        .revoke_token(issued.token.id, house.now())
        .await
        .unwrap();
    house.clock().advance(Duration::from_secs(4));
    must_end(&mut events).await;
}

#[tokio::test]
async fn an_expired_token_sees_no_further_event() {
    let house = House::new(policy()).await;
    let end = house.now().plus(Duration::from_secs(60));
    let issued = token(&house, &[TokenScope::Read], Some(end)).await;
    let api = house.open(Some(&issued.text));
    let mut events = api
        .watch(TopicFilter::parse("builds/*/*").unwrap(), Start::Now)
        .await
        .unwrap();
    house.story(&["open-1"], None).await;
    assert!(matches!(
        next(&mut events).await,
        Ok(Signal::Event(_) | Signal::Bookmark(_))
    ));
    house.clock().advance(Duration::from_secs(61));
    house.story(&["open-2"], None).await;
    must_end(&mut events).await;
}

#[tokio::test]
async fn another_policy_holds_for_streams_under_way() {
    let house = House::new(Policy::default()).await;
    let api = house.open(None);
    let mut events = api
        .watch(TopicFilter::parse("steps/*/*").unwrap(), Start::Now)
        .await
        .unwrap();
    house.story(&["secret-1"], None).await;
    let first = loop {
        if let Signal::Event(event) = next(&mut events).await.unwrap() {
            break event;
        }
    };
    assert!(format!("{first:?}").contains(HIDDEN), "{first:?}");
    house.door.set_policy(policy());
    house.story(&["secret-1", "open-1"], None).await;
    loop {
        let signal = next(&mut events).await.unwrap();
        let told = format!("{signal:?}");
        assert!(!told.contains(HIDDEN), "{told}");
        if told.contains("open-1 did it") {
            break;
        }
    }
}
