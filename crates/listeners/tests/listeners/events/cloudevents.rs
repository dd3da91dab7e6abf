//! A webhook posts CloudEvents, by the schema that is published of them.

use serde_json::{Value, json};
use weir_listeners::{Outlet, Webhook, WebhookOptions};
use weir_status_api::{
    BuildData, BuildId, Cursor, Entity, Event, Listener as _, Properties, PropertiesUpdate, Results, Verb,
};

use super::receiver::{Receiver, Sent};
use super::world::{World, at, build, ended, worker};

async fn posted(events: &str, event: &Event, world: &World) -> Sent {
    let mut receiver = Receiver::start().await;
    let options = WebhookOptions {
        events: vec![events.to_owned()],
        cloudevents: true,
        source: "https://ci.example.org/".to_owned(),
        secret: Some("hunter2".to_owned()),
        ..WebhookOptions::to(receiver.url())
    };
    let webhook = Webhook::new("chat".to_owned(), options, &Outlet::open()).unwrap();
    webhook.on_event(event, world).await.unwrap();
    receiver.next().await
}

fn is_valid(event: &Value) -> bool {
    let schema: Value = serde_json::from_str(include_str!("data/cloudevents.json")).unwrap();
    let mut compiler = boon::Compiler::new();
    compiler.enable_format_assertions();
    compiler.add_resource("cloudevents.json", schema).unwrap();
    let mut schemas = boon::Schemas::new();
    let schema = compiler.compile("cloudevents.json", &mut schemas).unwrap();
    schemas.validate(event, schema).is_ok()
}

#[tokio::test]
async fn a_build_that_ended_is_a_cloudevent() {
    let world = World::new();
    world.tell(Verb::Started, build(17));
    let event = world.tell(Verb::Finished, ended(build(17), Results::Success));
    let sent = posted("builders/*/builds/*/*", &event, &world).await;
    assert_eq!(
        sent.header("content-type"),
        "application/cloudevents+json; charset=utf-8"
    );
    assert_eq!(sent.header("x-weir-delivery"), "chat-2");
    assert!(sent.header("x-weir-signature-256").starts_with("sha256="));
    let body: Value = serde_json::from_slice(&sent.body).unwrap();
    assert!(is_valid(&body), "{body}");
    assert_eq!(
        body,
        json!({
            "specversion": "1.0",
            "id": "chat-2",
            "source": "https://ci.example.org/",
            "type": "weir.builds.finished",
            "subject": "17",
            "time": "2023-11-14T22:13:22.000Z",
            "datacontenttype": "application/json",
            "data": {
                "cursor": 2,
                "time": 1_700_000_002,
                "topic": "builders/1/builds/17/finished",
                "topics": ["builds/17/finished", "builders/1/builds/17/finished", "workers/1/builds/17/finished"],
                "resource": weir_status_http::v2::to_json(&event.entity),
            },
        })
    );
    assert!(!is_valid(
        &json!({"specversion": "1.0", "id": "", "source": "/", "type": "x"})
    ));
    let mut late = body;
    late["time"] = "yesterday".into();
    assert!(!is_valid(&late), "the schema's formats are not looked at");
}

#[tokio::test]
async fn each_kind_of_event_has_a_type_of_its_own() {
    let event = |verb, entity| Event {
        cursor: Cursor(1),
        at: at(1),
        verb,
        entity,
    };
    let data = BuildData {
        build: BuildId(3),
        name: "size".to_owned(),
        length: 4,
        source: "test".to_owned(),
    };
    let changed = PropertiesUpdate {
        build: BuildId(3),
        changed: Properties::new(),
    };
    for (event, kind, subject) in [
        (event(Verb::New, build(3).into()), "weir.builds.new", "3"),
        (
            event(Verb::Missing, worker(1, "w1").into()),
            "weir.workers.missing",
            "1",
        ),
        (
            event(Verb::New, Entity::BuildData(data)),
            "weir.builds.data.new",
            "3/size",
        ),
        (
            event(Verb::Update, Entity::Properties(changed)),
            "weir.builds.properties.update",
            "3",
        ),
    ] {
        let sent = posted("**", &event, &World::new()).await;
        let body: Value = serde_json::from_slice(&sent.body).unwrap();
        assert!(is_valid(&body), "{body}");
        assert_eq!(body["type"], kind);
        assert_eq!(body["subject"], subject);
    }
}
