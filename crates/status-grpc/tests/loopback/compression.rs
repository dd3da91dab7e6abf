//! Compression, for those who ask for it.

use std::future::ready;

use futures::stream;
use tonic::codec::CompressionEncoding;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Endpoint;
use tonic::{Code, Request};
use weir_status_api::*;
use weir_status_grpc::{MAX_REQUEST_BYTES, Options, SERVICE_NAME};
use weir_testbed::Link;

use crate::scripted::{Mood, Scripted, Served, build, client, next_event};

fn builds(limit: u32) -> Query<Build> {
    Query::new().limit(limit)
}

/// How many bytes go over the wire for `work`.
async fn bytes_of<T>(link: &Link, work: impl Future<Output = T>) -> (u64, T) {
    let before = link.bytes();
    let done = work.await;
    (link.bytes() - before, done)
}

#[tokio::test]
async fn answers_are_smaller_for_those_who_ask_for_it_and_the_same() {
    let server = Served::start(&Scripted::new()).await;
    let link = Link::to(server.address).await.unwrap();
    let plain = client(link.address(), Options::default());
    let compressed = Options {
        compressed: true,
        ..Options::default()
    };
    let compressed = client(link.address(), compressed);
    for client in [&plain, &compressed] {
        client.page(builds(1)).await.unwrap();
    }
    let (full, page) = bytes_of(&link, plain.page(builds(1_000))).await;
    let (small, same) = bytes_of(&link, compressed.page(builds(1_000))).await;
    assert_eq!(page, same);
    assert_eq!(page.unwrap().items.last(), Some(&build(1_000)));
    assert!(small * 4 < full, "{small} of {full} bytes");
}

/// The encoding of the answer to `List` for `limit` builds, if the client takes `accepted` only.
async fn encoding_of(server: &Served, limit: u8, accepted: CompressionEncoding) -> (Option<String>, usize) {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
    let mut grpc = tonic::client::Grpc::new(endpoint.connect_lazy()).accept_compressed(accepted);
    grpc.ready().await.unwrap();
    // `ListRequest` with the kind and the limit.
    let message = ListRequest {
        query: vec![0x08, 3, 0x20, limit],
    };
    let codec = tonic_prost::ProstCodec::<ListRequest, ListResponse>::default();
    let path = PathAndQuery::try_from(format!("/{SERVICE_NAME}/List")).unwrap();
    let answer = grpc.unary(Request::new(message), path, codec).await.unwrap();
    let encoding = answer.metadata().get("grpc-encoding").cloned();
    let encoding = encoding.map(|it| it.to_str().unwrap().to_owned());
    (encoding, answer.into_inner().items.len())
}

#[derive(Clone, PartialEq, prost::Message)]
struct ListRequest {
    #[prost(bytes = "vec", tag = "1")]
    query: Vec<u8>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ListResponse {
    #[prost(bytes = "vec", repeated, tag = "1")]
    items: Vec<Vec<u8>>,
}

#[tokio::test]
async fn clients_of_other_makes_get_what_they_take() {
    let server = Served::start(&Scripted::new()).await;
    for (accepted, name) in [
        (CompressionEncoding::Gzip, "gzip"),
        (CompressionEncoding::Zstd, "zstd"),
    ] {
        let (encoding, rows) = encoding_of(&server, 100, accepted).await;
        assert_eq!((encoding.as_deref(), rows), (Some(name), 100));
        // A small one comes as it is, which its flag tells.
        let (_, rows) = encoding_of(&server, 1, accepted).await;
        assert_eq!(rows, 1);
    }
}

#[tokio::test]
async fn a_request_that_grows_too_large_is_refused() {
    let server = Served::start(&Scripted::new()).await;
    for encoding in [CompressionEncoding::Gzip, CompressionEncoding::Zstd] {
        let endpoint = Endpoint::from_shared(format!("http://{}", server.address)).unwrap();
        let mut grpc = tonic::client::Grpc::new(endpoint.connect_lazy()).send_compressed(encoding);
        grpc.ready().await.unwrap();
        let message = ListRequest {
            query: vec![0; 8 * MAX_REQUEST_BYTES],
        };
        let codec = tonic_prost::ProstCodec::<ListRequest, ListResponse>::default();
        let path = PathAndQuery::try_from(format!("/{SERVICE_NAME}/List")).unwrap();
        let request = Request::new(stream::once(ready(message)));
        let status = grpc.client_streaming(request, path, codec).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    }
}

#[tokio::test]
async fn events_come_to_those_who_take_compression_too() {
    let api = Scripted::new();
    let server = Served::start(&api).await;
    let options = Options {
        compressed: true,
        ..Options::default()
    };
    let client = client(server.address, options);
    api.set(Mood::Floods);
    let mut events = client.watch(TopicFilter::all(), Start::Now).await.unwrap();
    for cursor in 1..=3 {
        assert_eq!(next_event(&mut events).await, Ok(Cursor(cursor)));
    }
}
