//! Calls and their answers.

use std::collections::BTreeMap;

use serde_json::json;
use weir_status_api::*;
use weir_status_grpc::Options;

use crate::scripted::{Mood, Scripted, Served, build, client, data, grid, properties};

fn all_errors() -> Vec<Error> {
    let text = || "a text, with ü and \n".to_owned();
    vec![
        Error::NotFound { what: text() },
        Error::invalid("builder", text()),
        Error::InvalidInput {
            fields: BTreeMap::from([("reason".to_owned(), text()), ("ü".to_owned(), String::new())]),
        },
        Error::CursorExpired {
            oldest: Cursor(i64::MAX),
        },
        Error::Unauthenticated { why: text() },
        Error::TooMany { why: text() },
        Error::PermissionDenied { why: text() },
        Error::Unauthenticated { why: text() },
        Error::TooMany { why: text() },
        Error::Conflict { why: text() },
        Error::Unavailable { why: text() },
        Error::NotSupported {
            operation: text(),
            implementer: "a test".to_owned(),
        },
        Error::Internal { why: text() },
        // Larger than what HTTP/2 libraries take as headers by default.
        Error::Conflict {
            why: "long ".repeat(8_000),
        },
    ]
}

#[tokio::test]
async fn reads_are_those_of_the_api() {
    let api = Scripted::new();
    let server = Served::start(&api).await;
    let client = server.client();
    let cursor = api.commit();

    let got = client.one::<Build>(Key::Build(BuildId(17).into())).await.unwrap();
    assert_eq!(
        got,
        At {
            value: build(17),
            cursor
        }
    );
    let log = LogKey::Slug(
        StepKey::Name(BuildId(2).into(), "make".to_owned()),
        "stdio".to_owned(),
    );
    let chunk = client.log_content(log.clone(), 40, u32::MAX).await.unwrap();
    assert_eq!(chunk, api.log_content(log.clone(), 40, u32::MAX).await.unwrap());
    for search in [LogSearch::text("a\u{1b}"), LogSearch::regex("(b|c)$")] {
        let search = LogSearch {
            ignore_case: true,
            first: 1 << 40,
            limit: 3,
            ..search
        };
        let found = client.search_log(log.clone(), search.clone()).await.unwrap();
        assert_eq!(found, api.search_log(log.clone(), search).await.unwrap());
    }
    let properties_of = PropertiesOf::Build(BuildKey::Number("linux".into(), 4));
    assert_eq!(
        client.properties(properties_of).await.unwrap(),
        At {
            value: properties(),
            cursor
        }
    );
}

#[tokio::test]
async fn data_comes_whole_however_large() {
    let server = Served::start(&Scripted::new()).await;
    let client = server.client();
    let name = || "coverage".to_owned();
    for bytes in [0, 1, 300, 16 << 20] {
        let got = client.build_data(BuildId(bytes).into(), name()).await.unwrap();
        assert!(got.value == data(bytes), "{bytes} bytes come as they are");
    }
    let build = BuildKey::Number("linux".into(), 4);
    let missing = client.build_data(build.clone(), name()).await;
    assert_eq!(missing, Err(Error::not_found(Key::BuildData(build, name()))));
}

#[tokio::test]
async fn a_view_is_that_of_the_api_and_a_query_that_cannot_be_is_refused() {
    let server = Served::start(&Scripted::new()).await;
    let client = server.client();
    let query = GridQuery {
        builders: BuilderChoice::default(),
        branch: None,
        codebase: None,
        revisions: 3,
    };
    let got = client.view(ViewQuery::Grid(query)).await.unwrap();
    assert_eq!(got.value, View::Grid(grid(3)));
    let backwards = ViewQuery::Waterfall(WaterfallQuery {
        builders: BuilderChoice::default(),
        from: Timestamp(2),
        to: Timestamp(1),
        steps: false,
        limit: 10,
    });
    let local = backwards.validate().unwrap_err();
    assert_eq!(client.view(backwards).await, Err(local));
}

#[tokio::test]
async fn a_list_arrives_as_it_was_asked_for() {
    let api = Scripted::new();
    let server = Served::start(&api).await;
    let query = Query::<Build>::new()
        .filter(BuildField::Id, Op::Ne, vec![Value::Int(i64::MIN), Value::Int(3)])
        .eq(BuildField::Complete, false)
        .filter(BuildField::StartedAt, Op::Ge, vec![Timestamp(-1).into()])
        .descending(BuildField::Number)
        .limit(2)
        .after(PageToken("ü/+".to_owned()))
        .with_properties(["*"]);
    let page = server.client().page(query.clone()).await.unwrap();
    assert_eq!(page.items, [build(1), build(2)]);
    assert_eq!(page.next, Some(PageToken("behind".to_owned())));
    assert_eq!(*api.lists.lock().unwrap(), [List::Build(query)]);
}

#[tokio::test]
async fn a_query_that_cannot_be_is_refused_as_in_process() {
    let api = Scripted::new();
    let server = Served::start(&api).await;
    let query = Query::<Build>::new().eq(BuildField::Id, "seventeen");
    let local = query.validate().unwrap_err();
    assert_eq!(server.client().page(query).await.unwrap_err(), local);
    assert!(api.lists.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_largest_page_comes_through() {
    let server = Served::start(&Scripted::new()).await;
    let page = server
        .client()
        .page(Query::<Build>::new().limit(MAX_LIMIT))
        .await
        .unwrap();
    assert_eq!(page.items.len(), MAX_LIMIT as usize);
    assert_eq!(page.items.last(), Some(&build(i64::from(MAX_LIMIT))));
}

#[tokio::test]
async fn every_error_comes_back_equal() {
    let api = Scripted::new();
    let server = Served::start(&api).await;
    let client = server.client();
    for error in all_errors() {
        api.set(Mood::Fails(error.clone()));
        let read = client.get(Key::Build(BuildId(1).into())).await;
        assert_eq!(read, Err(error.clone()));
        let command = Command::Rebuild {
            build: BuildId(1).into(),
        };
        assert_eq!(client.control(&Caller::anonymous(), command).await, Err(error));
    }
    let missing = client.get(Key::ForceScheduler("try".to_owned())).await;
    assert_eq!(missing, Err(Error::not_found("force scheduler `try`")));
}

#[tokio::test]
async fn a_command_arrives_with_the_callers_token_and_never_a_name() {
    let api = Scripted::new();
    let server = Served::start(&api).await;
    let of_channel = Options {
        token: Some("the channel's".to_owned()),
        ..Options::default()
    };
    let (plain, tokened) = (server.client(), client(server.address, of_channel));
    let command = Command::Force {
        scheduler: "force".to_owned(),
        params: ForceParams {
            priority: Some(-1),
            values: BTreeMap::from([("jobs".to_owned(), json!(u64::MAX))]),
            ..ForceParams::default()
        },
    };
    let own = Caller::bearer("one's own");
    let named = Caller::named("root");
    for (client, caller, arrives) in [
        (&plain, Caller::anonymous(), Caller::anonymous()),
        (&plain, named.clone(), Caller::anonymous()),
        (&plain, own.clone(), own.clone()),
        (&tokened, named, Caller::bearer("the channel's")),
        (&tokened, own.clone(), own),
    ] {
        let outcome = client.control(&caller, command.clone()).await.unwrap();
        assert_eq!(
            outcome,
            Outcome::Buildset {
                buildset: BuildsetId(3),
                requests: BTreeMap::from([(BuilderId(1), BuildRequestId(7))]),
            }
        );
        assert_eq!(
            api.commands.lock().unwrap().pop(),
            Some((arrives, command.clone()))
        );
    }
}

#[tokio::test]
async fn a_panic_ends_its_call_only() {
    let api = Scripted::new();
    let server = Served::start(&api).await;
    let client = server.client();
    api.set(Mood::Panics);
    let error = client.get(Key::Build(BuildId(1).into())).await.unwrap_err();
    assert!(matches!(error, Error::Internal { .. }), "{error:?}");
    api.set(Mood::Well);
    client.get(Key::Build(BuildId(1).into())).await.unwrap();
}

#[tokio::test]
async fn a_request_too_large_is_refused() {
    let server = Served::start(&Scripted::new()).await;
    let query = Query::<Build>::new().eq(BuildField::State, "x".repeat(5 << 20));
    let error = server.client().page(query).await.unwrap_err();
    assert!(
        matches!(&error, Error::InvalidQuery { field, .. } if field == "request"),
        "{error:?}"
    );
}
