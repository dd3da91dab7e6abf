//! Runners elsewhere keep their places with the master, over each binding.

use std::sync::Arc;

use serde_json::json;
use weir_status_api::{
    Again, Bookmarks, Caller, Command, Cursor, DeadLetter, DeadLetterChoice, Error, Hold, Key,
    ListenerStatus, Place, Query, ReadExt, Signal, Standing, Start, StatusApi, StatusBookmarks, TopicFilter,
};
use weir_status_http::{HttpOptions, HttpStatus};

use crate::config;
use crate::site::{SOON, Site, text};

/// Bookmarks of a runner over the site's gRPC and over its JSON.
fn bookmarks(site: &Site) -> Vec<(Arc<dyn StatusApi>, &'static str)> {
    let json = HttpStatus::new(&site.url, HttpOptions::default()).unwrap();
    vec![(Arc::new(site.api()), "over gRPC"), (Arc::new(json), "over JSON")]
}

fn of(api: &Arc<dyn StatusApi>, holder: &str) -> StatusBookmarks {
    StatusBookmarks::new(
        Arc::clone(api),
        Caller::anonymous(),
        holder,
        format!("{holder} for people"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_elsewhere_keeps_its_places_with_the_master() {
    let site = Site::start(&config("")).await;
    for (api, over) in bookmarks(&site) {
        let (one, other) = (of(&api, &format!("one {over}")), of(&api, "other"));
        let name = format!("mail {over}");
        assert_eq!(one.load(&name).await, Ok(None));
        assert!(matches!(one.hold(&name, "mail").await, Ok(Hold::Ours(_))));
        assert_eq!(
            other.hold(&name, "mail").await,
            Ok(Hold::Theirs(format!("one {over} for people")))
        );
        let place = Place {
            after: Cursor(1),
            done: vec![Cursor(3)],
        };
        one.save(&name, &place).await.unwrap();
        assert_eq!(one.load(&name).await, Ok(Some(place.clone())));
        assert!(matches!(
            other.save(&name, &place).await,
            Err(Error::Conflict { .. })
        ));

        let state = json!({"room": ["ä", null]});
        assert_eq!(one.state(&name).await, Ok(None));
        one.keep_state(&name, &state).await.unwrap();
        assert_eq!(one.state(&name).await, Ok(Some(state)));

        let why = "the relay is away".to_owned();
        let pause = SOON;
        one.note(&name, &Standing::Waiting { why, pause }).await.unwrap();
        let known = api
            .one::<ListenerStatus>(Key::Listener(name.as_str().into()))
            .await
            .unwrap()
            .value;
        assert_eq!(known.waiting_reason.as_deref(), Some("the relay is away"));
        one.note(&name, &Standing::Well).await.unwrap();

        dead_letters_come_back(&api, &one, &name).await;
        a_rewind_is_noticed(&api, &one, &name).await;
        one.release(&name).await.unwrap();
        assert!(matches!(other.hold(&name, "mail").await, Ok(Hold::Ours(_))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_is_no_more_is_forgotten() {
    let site = Site::start(&config("")).await;
    let api: Arc<dyn StatusApi> = Arc::new(site.api());
    let old = of(&api, "old");
    assert!(matches!(old.hold("chat", "irc").await, Ok(Hold::Ours(_))));
    old.save("chat", &Place::after(Cursor(1))).await.unwrap();
    let said = text(&site.weir(&["listen", "forget", "chat"]).await);
    assert!(
        said.contains("the listener `chat` is held by old for people"),
        "{said}"
    );
    old.release("chat").await.unwrap();
    let shown = text(&site.weir(&["listeners"]).await);
    assert!(shown.contains("ran until"), "{shown}");
    let said = text(&site.weir(&["listen", "forget", "chat"]).await);
    assert!(said.contains("listener chat is forgotten"), "{said}");
    let shown = text(&site.weir(&["listeners"]).await);
    assert!(!shown.contains("chat"), "{shown}");
    let said = text(&site.weir(&["listen", "forget", "chat"]).await);
    assert!(said.contains("there is no listener `chat`"), "{said}");
    // The name is free.
    assert!(matches!(old.hold("chat", "irc").await, Ok(Hold::Ours(_))));
    assert_eq!(old.load("chat").await, Ok(None));
}

async fn dead_letters_come_back(api: &Arc<dyn StatusApi>, bookmarks: &StatusBookmarks, name: &str) {
    use futures::StreamExt;
    let mut events = api
        .watch(
            TopicFilter::parse("masters/*/*").unwrap(),
            Start::After(Cursor::ZERO),
        )
        .await
        .unwrap();
    let Some(Ok(Signal::Event(event))) = events.next().await else {
        panic!("the master's start is an event")
    };
    assert_eq!(bookmarks.asked_again(name).await, Ok(vec![]));
    bookmarks.park(name, &event, "404").await.unwrap();
    assert_eq!(bookmarks.asked_again(name).await, Ok(vec![]));
    let letters = DeadLetterChoice::Of {
        listener: name.into(),
        first: Cursor::ZERO,
    };
    let again = Command::DeliverAgain { letters };
    api.control(&Caller::anonymous(), again).await.unwrap();
    // These ones know for a moment that nobody had asked.
    let asked = of(api, "later").asked_again(name).await.unwrap();
    let [Again { id, event: again }] = asked.as_slice() else {
        panic!("one was asked for: {asked:?}")
    };
    assert_eq!(again, &*event);
    bookmarks.unpark(name, *id).await.unwrap();
    let left = api.page(Query::<DeadLetter>::new()).await.unwrap().items;
    assert!(left.is_empty(), "{left:?}");
}

async fn a_rewind_is_noticed(api: &Arc<dyn StatusApi>, bookmarks: &StatusBookmarks, name: &str) {
    let rewind = Command::RewindListener {
        listener: name.into(),
        first: Cursor(1),
    };
    api.control(&Caller::anonymous(), rewind).await.unwrap();
    let late = bookmarks.save(name, &Place::after(Cursor(2))).await;
    assert!(matches!(late, Err(Error::Conflict { .. })), "{late:?}");
    assert_eq!(bookmarks.load(name).await, Ok(Some(Place::after(Cursor::ZERO))));
    bookmarks.save(name, &Place::after(Cursor(2))).await.unwrap();
}
