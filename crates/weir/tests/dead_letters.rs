//! What a listener could not deliver is seen, and can be asked for again; over each binding, by people and by runners.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use site::{SOON, Site, text};
use weir_status_api::{
    Again, Bookmarks, Caller, Command, Cursor, DeadLetter, DeadLetterChoice, Error, Hold, Key,
    ListenerStatus, Place, Query, ReadExt, Signal, Standing, Start, StatusApi, StatusBookmarks, TopicFilter,
};
use weir_status_http::{HttpOptions, HttpStatus};
use weir_testbed::eventually;

/// A receiver of webhooks that knows nothing of what it is sent until it is mended.
#[derive(Clone, Default)]
struct Receiver {
    mended: Arc<Mutex<bool>>,
    deliveries: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    async fn start() -> (Self, String) {
        let receiver = Self::default();
        let take = receiver.clone();
        let answer = move |headers: HeaderMap| async move { take.receive(&headers) };
        let router = Router::new().route("/", post(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, url)
    }

    fn receive(&self, headers: &HeaderMap) -> StatusCode {
        let delivery = headers["X-Weir-Delivery"].to_str().unwrap().to_owned();
        self.deliveries.lock().unwrap().push(delivery);
        match *self.mended.lock().unwrap() {
            true => StatusCode::OK,
            false => StatusCode::NOT_FOUND,
        }
    }

    fn deliveries(&self) -> Vec<String> {
        self.deliveries.lock().unwrap().clone()
    }
}

fn config(url: &str) -> String {
    format!(
        r#"
master(anonymous_control = True)
worker(name = "w1", token_file = "w1.token")
builder(name = "quick", workers = ["w1"], steps = [shell(name = "true", command = "true")])
force(name = "force", builders = ["quick"])
webhook(name = "hook", url = "{url}", events = ["builds/*/finished"])
"#
    )
}

async fn json_of(site: &Site, path: &str) -> Value {
    let answer = site.get(&format!("/api/v2/{path}")).await;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

async fn nothing_is_left(site: &Site) {
    eventually("no dead letter is left", SOON, async || {
        json_of(site, "dead_letters").await["dead_letters"] == json!([])
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_receiver_refuses_is_seen_and_asked_for_again() {
    let (receiver, url) = Receiver::start().await;
    let site = Site::start(&config(&url)).await;
    let _worker = site.worker("w1");
    let build = site.finished(site.force("quick").await).await;
    eventually("the dead letter is there", SOON, async || {
        !json_of(&site, "dead_letters").await["dead_letters"]
            .as_array()
            .unwrap()
            .is_empty()
    })
    .await;
    let letter = json_of(&site, "listeners/hook/dead_letters").await["dead_letters"][0].clone();
    assert_eq!(
        letter["event"]["key"],
        json!(["builds", build.id.0.to_string(), "finished"])
    );
    assert_eq!(letter["event"]["message"]["buildid"], build.id.0);
    assert!(letter["why"].as_str().unwrap().contains("404"), "{letter}");
    assert_eq!(letter["again"], false);
    let listener = json_of(&site, "listeners/hook").await["listeners"][0].clone();
    assert_eq!(listener["dead_letters"], 1, "{listener}");
    assert_eq!(receiver.deliveries().len(), 1);

    let shown = text(&site.weir(&["dead-letters", "hook"]).await);
    assert!(
        shown.contains(&format!("builds/{}/finished", build.id)) && shown.contains("404"),
        "{shown}"
    );
    let shown = text(&site.weir(&["listeners"]).await);
    assert!(shown.contains("hook"), "{shown}");

    *receiver.mended.lock().unwrap() = true;
    let said = text(&site.weir(&["listen", "replay", "hook"]).await);
    assert!(said.contains("listener hook is to deliver again"), "{said}");
    nothing_is_left(&site).await;
    let [first, second] = receiver.deliveries().try_into().unwrap();
    assert_eq!(first, second, "it came under another id");

    // One that is not wanted any more.
    *receiver.mended.lock().unwrap() = false;
    site.finished(site.force("quick").await).await;
    eventually("another dead letter is there", SOON, async || {
        json_of(&site, "listeners/hook").await["listeners"][0]["dead_letters"] == 1
    })
    .await;
    let said = text(&site.weir(&["listen", "drop", "hook"]).await);
    assert!(said.contains("is forgotten"), "{said}");
    nothing_is_left(&site).await;
    assert_eq!(receiver.deliveries().len(), 3);
    let said = text(&site.weir(&["listen", "replay", "nobody"]).await);
    assert!(said.contains("there is no listener `nobody`"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_is_no_more_is_forgotten() {
    let site = Site::start(&config("http://127.0.0.1:9/")).await;
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
    let site = Site::start(&config("http://127.0.0.1:9/")).await;
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
    let asked = bookmarks.asked_again(name).await.unwrap();
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
