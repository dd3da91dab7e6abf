//! How listeners fare, as people and programs are shown it.

use serde_json::Value;
use weir_testbed::eventually;

use crate::site::{SOON, Site, text};

/// What the JSON API has at a path.
pub(crate) async fn json_of(site: &Site, path: &str) -> Value {
    let answer = site.get(&format!("/api/v2/{path}")).await;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

/// The listener of that name; null before it is known.
pub(crate) async fn listener(site: &Site, name: &str) -> Value {
    json_of(site, &format!("listeners/{name}")).await["listeners"][0].clone()
}

/// Waits until the listener is `so`, and gives it.
pub(crate) async fn listener_is(site: &Site, name: &str, what: &str, so: impl Fn(&Value) -> bool) -> Value {
    eventually(what, SOON, async || {
        Some(listener(site, name).await).filter(|it| so(it))
    })
    .await
}

/// Waits until the listener has kept that all up to a delivery is told.
pub(crate) async fn kept(site: &Site, name: &str, delivery: &str) {
    let cursor: i64 = delivery.rsplit('-').next().unwrap().parse().unwrap();
    listener_is(site, name, "the place is kept", |it| {
        it["place"].as_i64() >= Some(cursor)
    })
    .await;
}

/// Waits until what comes waits for the listener's destination, and gives why.
pub(crate) async fn waits(site: &Site, name: &str, why: &str) {
    let what = format!("{name} waits, and says why: {why}");
    listener_is(site, name, &what, |it| {
        it["waiting_reason"].as_str().is_some_and(|it| it.contains(why))
    })
    .await;
    let said = text(&site.weir(&["listeners", "--waiting"]).await);
    assert!(
        said.lines().any(|it| it.contains(name) && it.contains(why)),
        "{said}"
    );
}

/// The listener's dead letters: why each is one, the oldest first.
pub(crate) async fn dead_letters(site: &Site, name: &str) -> Vec<String> {
    let letters = json_of(site, &format!("listeners/{name}/dead_letters")).await;
    let letters = letters["dead_letters"].as_array().unwrap().iter();
    letters.map(|it| it["why"].as_str().unwrap().to_owned()).collect()
}

/// Waits until the listener has so many dead letters, and gives why they are some.
pub(crate) async fn parked(site: &Site, name: &str, number: usize) -> Vec<String> {
    eventually("there are so many dead letters", SOON, async || {
        Some(dead_letters(site, name).await).filter(|it| it.len() == number)
    })
    .await
}

/// What the command says, which ends well.
pub(crate) async fn says(site: &Site, arguments: &[&str]) -> String {
    let output = site.weir(arguments).await;
    let said = text(&output);
    assert!(
        output.status.success(),
        "{arguments:?}: {said}\n{}",
        site.master.output()
    );
    said
}
