//! InfluxDB is told of builds and of the waiting for them, and has each point once.

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use serde_json::json;
use weir_listeners::{InfluxDb, InfluxDbOptions, Outlet};
use weir_status_api::{Build, BuildRequest, Event, Listener as _, ListenerError, Results, Verb};
use weir_testbed::Process;

use super::receiver::{Receiver, Sent};
use super::world::{World, at, build, builder, ended, printing, request};
use crate::servers;

fn of_version_2(url: String) -> InfluxDbOptions {
    InfluxDbOptions {
        url,
        bucket: Some("ci builds".to_owned()),
        org: Some("weir".to_owned()),
        token: Some("hunter2".to_owned()),
        ..InfluxDbOptions::default()
    }
}

fn influxdb(options: InfluxDbOptions, outlet: &Outlet) -> InfluxDb {
    InfluxDb::new("influx".to_owned(), options, outlet).unwrap()
}

async fn posted(world: &World, event: &Event, change: impl FnOnce(&mut InfluxDbOptions)) -> Sent {
    let mut receiver = Receiver::answering(|| StatusCode::NO_CONTENT).await;
    let mut options = of_version_2(receiver.url());
    change(&mut options);
    let influxdb = influxdb(options, &Outlet::open());
    influxdb.on_event(event, world).await.unwrap();
    receiver.next().await
}

#[tokio::test]
async fn a_build_that_ended_is_a_point() {
    let world = World::new();
    let lasted = Build {
        locks_duration_s: 4,
        ..ended(build(17), Results::Warnings)
    };
    let event = world.tell(Verb::Finished, lasted);
    let sent = posted(&world, &event, |_| {}).await;
    assert_eq!(sent.method, "POST");
    assert_eq!(sent.uri, "/api/v2/write?org=weir&bucket=ci+builds&precision=ns");
    assert_eq!(sent.header("authorization"), "Token hunter2");
    assert_eq!(
        sent.text(),
        "weir_build,builder=tests,worker=w1,results=warnings number=17i,duration=60.0,locks_wait=4.0 1700000001000000001"
    );
}

#[tokio::test]
async fn an_event_that_comes_again_is_the_same_point_and_another_is_another() {
    let world = World::new();
    let first = world.tell(Verb::Finished, ended(build(1), Results::Success));
    let second = Event {
        cursor: weir_status_api::Cursor(2),
        ..(*first).clone()
    };
    let line = |sent: Sent| sent.text().to_owned();
    let once = line(posted(&world, &first, |_| {}).await);
    assert_eq!(once, line(posted(&world, &first, |_| {}).await));
    assert_ne!(once, line(posted(&world, &second, |_| {}).await));
}

#[tokio::test]
async fn version_1_has_a_database_and_a_user() {
    let world = World::new();
    let claimed = BuildRequest {
        claimed_at: Some(at(3)),
        priority: -5,
        ..request(9)
    };
    let event = world.tell(Verb::Claimed, claimed);
    let sent = posted(&world, &event, |it| {
        *it = InfluxDbOptions {
            url: format!("{}/influx/", it.url),
            database: Some("ci".to_owned()),
            user: Some("weir".to_owned()),
            password: Some("hunter2".to_owned()),
            ..InfluxDbOptions::default()
        }
    })
    .await;
    assert_eq!(sent.uri, "/influx/write?db=ci&precision=n");
    assert_eq!(sent.header("authorization"), "Basic d2VpcjpodW50ZXIy");
    assert_eq!(
        sent.text(),
        "weir_request,builder=tests id=9i,priority=-5i,wait=3.0 1700000001000000001"
    );
}

#[tokio::test]
async fn what_has_a_meaning_in_the_protocol_is_escaped() {
    let world = World::new();
    world.put(builder(1, "a b,c=d\\\ne"));
    world.set("text", "say \"a\\b\"\nnext");
    world.set("count", 3);
    world.set("ratio", 0.5);
    world.set("flag", true);
    world.set("list", json!([1]));
    world.set("nothing", json!(null));
    world.set("other", "not asked for");
    let event = world.tell(Verb::Finished, ended(build(1), Results::Success));
    let sent = posted(&world, &event, |it| {
        let names = ["text", "count", "ratio", "flag", "list", "nothing", "unset"];
        it.properties = names.map(str::to_owned).to_vec();
        it.tags.insert("the site".to_owned(), "x=y".to_owned());
    })
    .await;
    assert_eq!(
        sent.text(),
        "weir_build,the\\ site=x\\=y,builder=a\\ b\\,c\\=d__e,worker=w1,results=success \
         number=1i,duration=60.0,locks_wait=0.0,text=\"say \\\"a\\\\b\\\"\nnext\",count=3i,ratio=0.5,flag=true,list=\"[1]\" \
         1700000001000000001"
    );
}

#[tokio::test]
async fn long_texts_are_cut() {
    let world = World::new();
    world.set("text", "ä".repeat(5000));
    let event = world.tell(Verb::Finished, ended(build(1), Results::Success));
    let sent = posted(&world, &event, |it| it.properties = vec!["text".to_owned()]).await;
    assert!(sent.text().contains("äää…\" "), "{}", sent.text());
    assert!(sent.body.len() < 1300, "{}", sent.body.len());
}

#[tokio::test]
async fn its_answer_says_whether_to_try_again_and_tells_no_secret() {
    let world = World::new();
    let event = world.tell(Verb::Finished, ended(build(1), Results::Success));
    let answer = async |status: u16| {
        let receiver = Receiver::answering(move || {
            let status = StatusCode::from_u16(status).unwrap();
            (status, [(RETRY_AFTER, "7")], "unauthorized token hunter2")
        })
        .await;
        let outlet = Outlet::open().with_secrets(["hunter2".to_owned()]);
        let influxdb = influxdb(of_version_2(receiver.url()), &outlet);
        let error = influxdb.on_event(&event, world.as_ref()).await.unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        error
    };
    for status in [429, 503] {
        let error = answer(status).await;
        assert!(
            matches!(&error, ListenerError::After(_, wait) if wait.as_secs() == 7),
            "{error:?}"
        );
    }
    for status in [400, 401, 404] {
        let error = answer(status).await;
        assert!(matches!(&error, ListenerError::Never(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_dry_run_prints_the_point_and_posts_none() {
    let world = World::new();
    let event = world.tell(Verb::Finished, ended(build(1), Results::Success));
    let mut receiver = Receiver::start().await;
    let (outlet, printed) = printing();
    let options = of_version_2(receiver.url());
    assert!(!format!("{options:?}").contains("hunter2"));
    influxdb(options, &outlet)
        .on_event(&event, world.as_ref())
        .await
        .unwrap();
    let printed = printed.lock().unwrap();
    assert!(printed[0].contains("weir_build,builder=tests"), "{printed:?}");
    assert!(!printed[0].contains("hunter2"), "{printed:?}");
    assert!(receiver.is_empty());
}

/// Asks a real server of version 1, and gives its first series: its columns and rows.
async fn asked(address: &str, question: &str) -> serde_json::Value {
    let query = [("db", "ci"), ("q", question)];
    let url = reqwest::Url::parse_with_params(&format!("http://{address}/query"), query).unwrap();
    let answer = reqwest::Client::new().post(url).send().await.unwrap();
    let answer = answer.text().await.unwrap();
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    answer["results"][0]["series"][0].clone()
}

#[tokio::test]
async fn a_real_server_has_each_point_once_and_texts_as_they_are() {
    let Some(influxd) = servers::program("influxd", "influxdb") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let config = format!(
        "reporting-disabled = true\nbind-address = \"127.0.0.1:0\"\n[meta]\ndir = \"{}\"\n[data]\ndir = \"{}\"\n\
         wal-dir = \"{}\"\n[http]\nbind-address = \"127.0.0.1:0\"\n",
        at("meta"),
        at("data"),
        at("wal")
    );
    std::fs::write(folder.path().join("influxdb.conf"), config).unwrap();
    let mut influxd = Process::start(influxd, ["run", "-config", &at("influxdb.conf")]);
    let address = servers::address(&mut influxd, "Listening on HTTP", "addr=").await;
    asked(&address, "CREATE DATABASE ci").await;
    let world = World::new();
    world.put(builder(1, "a b,c=d"));
    world.set("text", "say \"a\\b\"\nnext");
    let options = InfluxDbOptions {
        url: format!("http://{address}"),
        database: Some("ci".to_owned()),
        properties: vec!["text".to_owned()],
        ..InfluxDbOptions::default()
    };
    let influxdb = influxdb(options, &Outlet::open());
    let first = world.tell(Verb::Finished, ended(build(1), Results::Success));
    let second = world.tell(Verb::Finished, ended(build(2), Results::Success));
    for event in [&first, &second, &first] {
        influxdb.on_event(event, world.as_ref()).await.unwrap();
    }
    let question = "SELECT builder, results, number, \"duration\", text FROM weir_build";
    let series = asked(&address, question).await;
    let rows: Vec<_> = series["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row.as_array().unwrap()[1..].to_vec())
        .collect();
    let row = |number: i64| {
        let text = "say \"a\\b\"\nnext";
        [
            json!("a b,c=d"),
            json!("success"),
            json!(number),
            json!(60),
            json!(text),
        ]
        .to_vec()
    };
    assert_eq!(rows, [row(1), row(2)], "{series}");
}

#[test]
fn wrong_options_are_told() {
    let wrong = |change: fn(&mut InfluxDbOptions)| {
        let mut options = of_version_2("http://localhost:8086".to_owned());
        change(&mut options);
        InfluxDb::new("influx".to_owned(), options, &Outlet::open())
            .unwrap_err()
            .option
    };
    assert_eq!(wrong(|it| it.url = "localhost:8086".to_owned()), "url");
    assert_eq!(wrong(|it| it.bucket = None), "bucket");
    assert_eq!(wrong(|it| it.database = Some("ci".to_owned())), "bucket");
    assert_eq!(wrong(|it| it.token = Some("a\nb".to_owned())), "token");
    assert_eq!(wrong(|it| it.user = Some("weir".to_owned())), "token");
    for tag in ["builder", "_x", ""] {
        let mut options = of_version_2("http://localhost:8086".to_owned());
        options.tags.insert(tag.to_owned(), "x".to_owned());
        let error = InfluxDb::new("influx".to_owned(), options, &Outlet::open()).unwrap_err();
        assert_eq!(error.option, "tags", "{tag}");
    }
}
