//! What a listener could not deliver is seen, and can be asked for again.

use axum::http::StatusCode;
use serde_json::json;

use crate::receiver::Receiver;
use crate::shown::{json_of, listener, parked};
use crate::site::{Site, text};
use crate::{build, config, webhook};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_receiver_refuses_is_seen_and_asked_for_again() {
    let receiver = Receiver::start().await;
    receiver.says(StatusCode::NOT_FOUND);
    let site = Site::start(&config(&webhook(&receiver.url))).await;
    let _worker = site.worker("w1");
    let build = build(&site).await;
    parked(&site, "hook", 1).await;
    let letter = json_of(&site, "listeners/hook/dead_letters").await["dead_letters"][0].clone();
    assert_eq!(
        letter["event"]["key"],
        json!(["builds", build.to_string(), "finished"])
    );
    assert_eq!(letter["event"]["message"]["buildid"], build);
    assert!(letter["why"].as_str().unwrap().contains("404"), "{letter}");
    assert_eq!(letter["again"], false);
    let known = listener(&site, "hook").await;
    assert_eq!(known["dead_letters"], 1, "{known}");
    assert_eq!(receiver.ids().len(), 1);

    let shown = text(&site.weir(&["dead-letters", "hook"]).await);
    assert!(
        shown.contains(&format!("builds/{build}/finished")) && shown.contains("404"),
        "{shown}"
    );
    let shown = text(&site.weir(&["listeners"]).await);
    assert!(shown.contains("hook"), "{shown}");

    receiver.takes();
    let said = text(&site.weir(&["listen", "replay", "hook"]).await);
    assert!(
        said.contains("what listener hook could not deliver is to be delivered again"),
        "{said}"
    );
    parked(&site, "hook", 0).await;
    let [first, second] = receiver.ids().try_into().unwrap();
    assert_eq!(first, second, "it came under another id");

    // One that is not wanted any more.
    receiver.says(StatusCode::NOT_FOUND);
    crate::build(&site).await;
    parked(&site, "hook", 1).await;
    let said = text(&site.weir(&["listen", "drop", "hook"]).await);
    assert!(said.contains("is forgotten"), "{said}");
    parked(&site, "hook", 0).await;
    assert_eq!(receiver.ids().len(), 3);
    let said = text(&site.weir(&["listen", "replay", "nobody"]).await);
    assert!(said.contains("there is no listener `nobody`"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_of_another_listener_is_not_meant() {
    let (receiver, other) = (Receiver::start().await, Receiver::start().await);
    receiver.says(StatusCode::NOT_FOUND);
    let both = format!(
        "{}\n{}",
        webhook(&receiver.url),
        webhook(&other.url).replace("\"hook\"", "\"other\"")
    );
    let site = Site::start(&config(&both)).await;
    let _worker = site.worker("w1");
    build(&site).await;
    parked(&site, "hook", 1).await;
    let letter =
        json_of(&site, "listeners/hook/dead_letters").await["dead_letters"][0]["dead_letterid"].clone();
    let letter = letter.to_string();
    for wish in ["replay", "drop"] {
        let said = text(&site.weir(&["listen", wish, "other", "--letter", &letter]).await);
        let why = format!("dead letter {letter} is not of listener other, but of hook");
        assert!(said.contains(&why), "{said}");
    }
    parked(&site, "hook", 1).await;
    receiver.takes();
    let said = text(
        &site
            .weir(&["listen", "replay", "hook", "--letter", &letter])
            .await,
    );
    let answer = format!("dead letter {letter} of listener hook is to be delivered again");
    assert!(said.contains(&answer), "{said}");
    parked(&site, "hook", 0).await;
}
