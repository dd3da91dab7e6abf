//! What the server does beside the status API's calls: health, reflection, stopping, sharing its port.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};
use weir_status_api::*;
use weir_status_grpc::{
    ACCESS_SERVICE_NAME, MAX_REQUEST_BYTES, Options, SERVICE_NAME, ServeOptions, routes, serve,
};
use weir_testbed::eventually;

use crate::scripted::{DEADLINE, Mood, Scripted, Served, client, last_error};

fn channel(server: &Served) -> Channel {
    Endpoint::from_shared(format!("http://{}", server.address))
        .unwrap()
        .connect_lazy()
}

async fn health(server: &Served, service: &str) -> Result<ServingStatus, Status> {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let answer = HealthClient::new(channel(server)).check(request).await?;
    Ok(answer.get_ref().status())
}

#[tokio::test]
async fn health_is_that_of_the_api() {
    let api = Scripted::new();
    let server = Served::start(&api).await;
    for service in ["", SERVICE_NAME, ACCESS_SERVICE_NAME] {
        assert_eq!(health(&server, service).await.unwrap(), ServingStatus::Serving);
    }
    assert_eq!(
        health(&server, "weir.other").await.unwrap_err().code(),
        Code::NotFound
    );
    for mood in [
        Mood::Fails(Error::unavailable("the database is gone")),
        Mood::Panics,
    ] {
        api.set(mood);
        assert_eq!(health(&server, "").await.unwrap(), ServingStatus::NotServing);
    }
    let closed = Error::PermissionDenied {
        why: "for members only".to_owned(),
    };
    for mood in [Mood::Fails(closed), Mood::Well] {
        api.set(mood);
        assert_eq!(health(&server, "").await.unwrap(), ServingStatus::Serving);
    }
}

#[tokio::test]
async fn watched_health_tells_of_the_stop() {
    let server = Served::start(&Scripted::new()).await;
    let request = HealthCheckRequest::default();
    let mut changes = HealthClient::new(channel(&server))
        .watch(request)
        .await
        .unwrap()
        .into_inner();
    let status = |it: Option<HealthCheckResponse>| it.map(|it| it.status());
    assert_eq!(
        status(changes.message().await.unwrap()),
        Some(ServingStatus::Serving)
    );
    server.stop.cancel();
    assert_eq!(
        status(changes.message().await.unwrap()),
        Some(ServingStatus::NotServing)
    );
    assert_eq!(status(changes.message().await.unwrap()), None);
}

async fn reflect(server: &Served, ask: MessageRequest) -> MessageResponse {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(ask),
    };
    let answers = ServerReflectionClient::new(channel(server))
        .server_reflection_info(stream::iter([request]))
        .await;
    let answer: Option<ServerReflectionResponse> = answers.unwrap().into_inner().message().await.unwrap();
    answer.unwrap().message_response.unwrap()
}

#[tokio::test]
async fn reflection_describes_the_services() {
    let server = Served::start(&Scripted::new()).await;
    let MessageResponse::ListServicesResponse(list) =
        reflect(&server, MessageRequest::ListServices(String::new())).await
    else {
        panic!("no list of services");
    };
    let names: Vec<_> = list.service.iter().map(|it| it.name.as_str()).collect();
    assert!(names.contains(&SERVICE_NAME), "{names:?}");
    assert!(names.contains(&ACCESS_SERVICE_NAME), "{names:?}");
    assert!(names.contains(&"grpc.health.v1.Health"), "{names:?}");

    // Those who read an error's details need its type, which no method names.
    for symbol in [SERVICE_NAME, "weir.status.v1.ErrorDetail"] {
        let ask = MessageRequest::FileContainingSymbol(symbol.to_owned());
        let answer = reflect(&server, ask).await;
        assert!(
            matches!(answer, MessageResponse::FileDescriptorResponse(_)),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_stop_ends_watches_and_the_server() {
    let api = Scripted::new();
    let server = Served::start(&api).await;
    let mut events = server
        .client()
        .watch(TopicFilter::all(), Start::Now)
        .await
        .unwrap();
    server.stop.cancel();
    assert_eq!(
        last_error(&mut events).await,
        Error::unavailable("the server is stopping")
    );
    tokio::time::timeout(DEADLINE, server.ended)
        .await
        .expect("an end in time")
        .unwrap()
        .unwrap();
    assert_eq!(api.open_watches(), 0);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let api = Scripted::new();
    let options = ServeOptions {
        grace: Duration::from_millis(100),
        ..ServeOptions::default()
    };
    let server = Served::with_options(&api, options).await;
    api.set(Mood::Hangs);
    let client = server.client();
    let mut hanging = pin!(client.list(List::Build(Query::new())));
    let arrived = eventually("the call to arrive", DEADLINE, async || {
        !api.lists.lock().unwrap().is_empty()
    });
    tokio::select! {
        answer = &mut hanging => panic!("an answer from one who hangs: {answer:?}"),
        () = arrived => {}
    }
    server.stop.cancel();
    tokio::time::timeout(DEADLINE, server.ended)
        .await
        .expect("an end in time")
        .unwrap()
        .unwrap();
}

/// Calls `method` with a message of another client's making.
async fn raw_call(server: &Served, method: &str, request: Request<prost_types::Any>) -> Status {
    let mut grpc = tonic::client::Grpc::new(channel(server));
    grpc.ready().await.unwrap();
    let path = PathAndQuery::try_from(format!("/{SERVICE_NAME}/{method}")).unwrap();
    let codec = tonic_prost::ProstCodec::<prost_types::Any, prost_types::Any>::default();
    grpc.unary(request, path, codec).await.unwrap_err()
}

#[tokio::test]
async fn strange_requests_are_refused_in_words() {
    let api = Scripted::new();
    let server = Served::start(&api).await;
    let empty = Request::new(prost_types::Any::default());
    let status = raw_call(&server, "Get", empty).await;
    assert_eq!(
        (status.code(), status.message()),
        (Code::InvalidArgument, "key: is missing")
    );

    let huge = prost_types::Any {
        value: vec![0; MAX_REQUEST_BYTES + 1],
        ..prost_types::Any::default()
    };
    assert_eq!(
        raw_call(&server, "Get", Request::new(huge)).await.code(),
        Code::OutOfRange
    );

    let mut basic = Request::new(prost_types::Any::default());
    basic
        .metadata_mut()
        .insert("authorization", "Basic YTpi".parse().unwrap());
    assert_eq!(
        raw_call(&server, "Control", basic).await.code(),
        Code::Unauthenticated
    );

    let unknown = Request::new(prost_types::Any::default());
    assert_eq!(
        raw_call(&server, "Forget", unknown).await.code(),
        Code::Unimplemented
    );
    assert!(api.commands.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_port_is_shared_with_http() {
    let access = Arc::new(OpenToAll(Scripted::new()));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let app = axum::Router::new()
        .route("/api/v2", axum::routing::get(async || "{}"))
        .fallback(async || "the web");
    let shared = Routes::from(app.merge(routes(access, stop.clone()).into_axum_router()));
    let serving = tokio::spawn(serve(listener, shared, stop.clone()));

    for (path, body) in [("/api/v2", "{}"), ("/builders/1", "the web")] {
        let mut http = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n\r\n");
        http.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        http.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with(body),
            "{answer}"
        );
    }

    let client = client(address, Options::default());
    client.get(Key::Build(BuildId(1).into())).await.unwrap();
    stop.cancel();
    tokio::time::timeout(DEADLINE, serving)
        .await
        .expect("an end in time")
        .unwrap()
        .unwrap();
}
