//! Reflection, by which tools such as grpcurl learn what there is to call.

use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use http::Request;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic_reflection::server::Builder;
use tower::Service;

/// The descriptors of the proto files, with their comments.
const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/weir.status.v1.bin"));

/// Knows all that is served.
pub(crate) fn descriptors() -> Builder<'static> {
    Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

/// A service that is made when it is called for the first time: few ask for reflection, and its index of all messages
/// and fields is a large part of what it takes to start a server.
pub(crate) struct WhenCalled<S> {
    make: fn() -> S,
    made: Arc<OnceLock<S>>,
}

impl<S> WhenCalled<S> {
    pub(crate) fn new(make: fn() -> S) -> Self {
        Self {
            make,
            made: Arc::default(),
        }
    }
}

impl<S> Clone for WhenCalled<S> {
    fn clone(&self) -> Self {
        Self {
            make: self.make,
            made: Arc::clone(&self.made),
        }
    }
}

impl<S: NamedService> NamedService for WhenCalled<S> {
    const NAME: &'static str = S::NAME;
}

/// As tonic's own services, those it makes are always ready.
impl<S: Service<Request<Body>> + Clone> Service<Request<Body>> for WhenCalled<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.made.get_or_init(self.make).clone().call(request)
    }
}
