//! Services over HTTP: what each is sent keeps its published rules, and what its answers mean.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use weir_listeners::chat::{Discord, Matrix, Mattermost, Ntfy, Pushover, Slack, Teams, Telegram, Zulip};
use weir_listeners::{Destination, OptionError, Outlet, Report};
use weir_status_api::{ListenerError, Results};

use super::recorder::{Asked, Given, Recorder};
use super::rules::{self, Rules};
use super::told::report;

/// A secret of every service here.
pub(crate) const SECRET: &str = "hunter2-t0ken";

/// What commits and logs may try.
pub(crate) const BAIT: &str =
    "@everyone @all @here @channel <!channel> <@U012> @**all** @room ``` </pre><b>*x* [a](javascript:b)";

pub(crate) fn options<T: DeserializeOwned>(options: Value) -> T {
    serde_json::from_value(options).unwrap()
}

pub(crate) fn boxed<D: Destination + 'static>(made: Result<D, OptionError>) -> Box<dyn Destination> {
    Box::new(made.unwrap())
}

/// Each service, at that address; of Slack and Mattermost both ways.
fn all(url: &str, outlet: &Outlet) -> Vec<Box<dyn Destination>> {
    let hook = format!("{url}/hooks/{SECRET}");
    vec![
        boxed(Discord::new(options(json!({ "webhook": hook })), outlet)),
        boxed(Teams::new(options(json!({ "webhook": hook })), outlet)),
        boxed(Slack::new(options(json!({ "webhook": hook })), outlet)),
        boxed(Slack::new(
            options(json!({ "api": url, "token": SECRET, "channels": ["C1"] })),
            outlet,
        )),
        boxed(Mattermost::new(options(json!({ "webhook": hook })), outlet)),
        boxed(Mattermost::new(
            options(json!({ "server": url, "token": SECRET, "channels": ["c1"] })),
            outlet,
        )),
        boxed(Zulip::new(
            options(json!({ "server": url, "email": "bot@example.org", "key": SECRET, "channel": "ci" })),
            outlet,
        )),
        boxed(Pushover::new(
            options(json!({ "api": url, "token": SECRET, "users": ["u1"] })),
            outlet,
        )),
        boxed(Ntfy::new(
            options(json!({ "server": url, "token": SECRET, "topic": "ci" })),
            outlet,
        )),
        boxed(Matrix::new(
            options(json!({ "homeserver": url, "token": SECRET, "rooms": ["!r:example.org"] })),
            outlet,
        )),
        boxed(Telegram::new(
            options(json!({ "api": url, "token": SECRET, "chats": ["7"] })),
            outlet,
        )),
    ]
}

pub(crate) fn masking() -> Outlet {
    Outlet::open().with_secrets([SECRET.to_owned()])
}

pub(crate) async fn deliver(service: &dyn Destination, report: &Report) -> Result<(), ListenerError> {
    tokio::time::timeout(super::told::DEADLINE, service.deliver(report))
        .await
        .expect("it takes too long")
}

/// What is sent of the report by the service that `make` makes for an address.
pub(crate) async fn sent(make: impl FnOnce(&str) -> Box<dyn Destination>, report: &Report) -> Asked {
    let recorder = Recorder::start(|_| Given::ok("{}")).await;
    deliver(make(&recorder.url).as_ref(), report).await.unwrap();
    recorder.asked().pop().unwrap()
}

/// A report that is too long for all of them.
pub(crate) fn long() -> Report {
    let text = format!("{BAIT}\n{}", "grün 🎉 <&\"> ```` \\ *_\n".repeat(5000));
    report(
        Results::Failure,
        &format!("{BAIT} {}", "sehr grün 🎉 ".repeat(500)),
        &text,
    )
}

#[tokio::test]
async fn answers_say_whether_to_try_again() {
    for (status, retry_after, expected) in [
        (200, None, "taken"),
        (500, None, "later"),
        (503, Some(7), "after"),
        (429, Some(7), "after"),
        (429, None, "later"),
        (404, None, "never"),
        (401, None, "never"),
    ] {
        let recorder = Recorder::start(move |_| Given {
            status,
            retry_after,
            body: format!("{{\"description\": \"no: {SECRET}\"}}"),
        })
        .await;
        for service in all(&recorder.url, &masking()) {
            let outcome = deliver(service.as_ref(), &report(Results::Success, "fine", "all is well")).await;
            let kind = service.kind();
            let (found, why) = match outcome {
                Ok(()) => ("taken", String::new()),
                Err(ListenerError::Later(why)) => ("later", why),
                Err(ListenerError::After(why, wait)) => {
                    assert_eq!(wait, Duration::from_secs(7), "{kind}");
                    ("after", why)
                }
                Err(ListenerError::Never(why)) => ("never", why),
            };
            assert_eq!(found, expected, "{kind} at {status}: {why}");
            assert!(!why.contains(SECRET), "{kind}: {why}");
        }
    }
}

#[tokio::test]
async fn a_dry_run_prints_what_would_be_sent_and_no_secret() {
    let recorder = Recorder::start(|_| Given::ok("{}")).await;
    let printed: Arc<Mutex<Vec<String>>> = Arc::default();
    let outlet = {
        let printed = printed.clone();
        let outlet = Outlet::printing(move |text| printed.lock().unwrap().push(text.to_owned()));
        outlet.with_secrets([SECRET.to_owned()])
    };
    for service in all(&recorder.url, &outlet) {
        deliver(
            service.as_ref(),
            &report(Results::Failure, "tests failed", "3 of 4"),
        )
        .await
        .unwrap();
        let texts = std::mem::take(&mut *printed.lock().unwrap());
        let kind = service.kind();
        let last = texts.last().unwrap_or_else(|| panic!("{kind} prints nothing"));
        assert!(
            last.contains("3 of 4") || last.contains("3+of+4"),
            "{kind}: {last}"
        );
        assert!(!texts.concat().contains(SECRET), "{kind}: {texts:?}");
    }
    assert_eq!(recorder.asked().len(), 0);
}

#[tokio::test]
async fn long_reports_are_cut_to_what_services_take() {
    let rules: [(&str, &Rules); 8] = [
        ("discord", &rules::DISCORD),
        ("teams", &rules::TEAMS),
        ("slack", &rules::SLACK),
        ("mattermost", &rules::MATTERMOST),
        ("pushover", &rules::PUSHOVER),
        ("ntfy", &rules::NTFY),
        ("matrix", &rules::MATRIX),
        ("telegram", &rules::TELEGRAM),
    ];
    let recorder = Recorder::start(|_| Given::ok("{}")).await;
    let mut checked = 0;
    // What is longer in JSON, up to six times, is measured by some as it is there.
    let escaped = ["\u{1b}", "\"", "\\", "\n"].map(|it| it.repeat(15_000));
    let escaped = escaped.map(|it| report(Results::Failure, &format!("x{it}"), &format!("x{it}x")));
    let reports = escaped.into_iter().chain([long()]);
    for mut report in reports {
        report.delivery = format!("a-name-of-{}-17.2", "x".repeat(90));
        for service in all(&recorder.url, &masking()) {
            deliver(service.as_ref(), &report).await.unwrap();
            let asked = recorder.asked().pop().unwrap();
            // A webhook of Mattermost has the attachments at another place; its post is checked.
            let by_hook = service.kind() == "mattermost" && asked.path.contains("hooks");
            if let Some((_, rules)) = rules.iter().find(|it| it.0 == service.kind() && !by_hook) {
                rules.check(&asked.members());
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 45);
}

#[tokio::test]
async fn without_a_link_and_a_text_there_is_a_message_all_the_same() {
    let recorder = Recorder::start(|_| Given::ok("{}")).await;
    for service in all(&recorder.url, &masking()) {
        let mut report = report(Results::Success, "fine", "");
        if let weir_listeners::About::Build(build) = &mut report.about {
            build.url = None;
        }
        deliver(service.as_ref(), &report).await.unwrap();
        let asked = recorder.asked().pop().unwrap();
        let body = String::from_utf8_lossy(&asked.body).into_owned();
        assert!(body.contains("fine"), "{}: {body}", service.kind());
        assert!(!body.contains("ci.example.org"), "{}: {body}", service.kind());
    }
}

#[test]
fn options_that_are_wrong_are_named() {
    fn wrong<D>(made: Result<D, OptionError>) -> String {
        made.err().expect("it is taken").to_string()
    }
    let outlet = &Outlet::open();
    assert_eq!(
        wrong(Discord::new(options(json!({})), outlet)),
        "webhook is missing; write e.g. 'https://discord.com/api/webhooks/1/token'"
    );
    let secret = wrong(Teams::new(
        options(json!({ "webhook": format!("ftp://x/{SECRET}") })),
        outlet,
    ));
    assert!(
        secret.starts_with("webhook is no URL of https") && !secret.contains(SECRET),
        "{secret}"
    );
    assert_eq!(
        wrong(Slack::new(
            options(json!({ "webhook": "https://x", "token": "y" })),
            outlet
        )),
        "webhook or 'token' must be given, and not both"
    );
    assert_eq!(
        wrong(Mattermost::new(
            options(json!({ "server": "https://x", "token": "y" })),
            outlet
        )),
        "channels is empty; a token needs at least one"
    );
    assert_eq!(
        wrong(Matrix::new(
            options(json!({ "homeserver": "https://x", "token": "y", "rooms": ["ci"] })),
            outlet
        )),
        "rooms has 'ci'; write '!id:example.org' or '#alias:example.org'"
    );
    let key = json!({ "server": "https://x", "email": "a", "key": "k" });
    assert_eq!(
        wrong(Zulip::new(options(key), outlet)),
        "channel or 'people' must be given, and not both"
    );
    let priorities = json!({ "token": "t", "users": ["u"], "priorities": { "joy": 1 } });
    assert!(wrong(Pushover::new(options(priorities), outlet)).starts_with("priorities has 'joy' for 1"));
    assert!(wrong(Ntfy::new(options(json!({ "topic": "a b" })), outlet)).starts_with("topic must be"));
    let chats = json!({ "token": "t", "chats": ["ci"] });
    assert_eq!(
        wrong(Telegram::new(options(chats), outlet)),
        "chats has 'ci'; write a chat's number, '@channel', or 'NUMBER/TOPIC'"
    );
    let unknown = serde_json::from_value::<weir_listeners::chat::NtfyOptions>(json!({ "topik": "a" }));
    assert!(unknown.is_err());
}
