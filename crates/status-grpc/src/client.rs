//! The client.

mod access;
mod credential;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use prost::Message;
use tonic::codec::CompressionEncoding;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status, Streaming};
use weir_status_api::{
    At, BuildKey, Caller, Command, Control, Cursor, Entity, Error, EventStream, Key, List, LogChunk, LogHits,
    LogKey, LogSearch, Outcome, Page, Properties, PropertiesOf, Read, Result, Signal, Start, TopicFilter,
    View, ViewQuery, Watch,
};
use weir_tls::{Ca, endpoint};

use crate::convert::{Field, Wire, take};
use crate::serve::MAX_REQUEST_BYTES;
use crate::status::{MAX_HEADER_BYTES, from_status};
use crate::v1;
use crate::v1::access_service_client::AccessServiceClient;
use crate::v1::status_service_client::StatusServiceClient;
use credential::{Bearer, Credential, bearer};

/// How much a stream may send ahead of its reader.
const STREAM_WINDOW_BYTES: u32 = 1024 * 1024;
/// So large that the streams' windows are what counts: watches that are left unread must not hold up the calls
/// beside them.
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024 * 1024;

/// How a [`GrpcStatus`] goes about it.
#[derive(Clone)]
pub struct Options {
    /// The API token to present where a [`Caller`] brings none.
    pub token: Option<String>,
    /// The authorities to trust over TLS, in place of the public ones.
    pub ca: Option<Ca>,
    /// How long a connection may take to be made.
    pub connect_deadline: Duration,
    /// How long a call may take, and a watch to begin. The server is told, and gives a call up that takes longer.
    pub call_deadline: Duration,
    /// How often the other side is asked for a sign of life.
    pub keepalive_interval: Duration,
    /// How long it may take to give one.
    pub keepalive_deadline: Duration,
    /// The largest answer to take, in bytes. A page of 10,000 rows is some 2 to 100 MiB.
    pub max_answer_bytes: usize,
    /// Whether answers are asked for compressed (zstd, else gzip): worth it where the connection is slow. Events
    /// never are.
    pub compressed: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            token: None,
            ca: None,
            connect_deadline: Duration::from_secs(5),
            call_deadline: Duration::from_secs(30),
            keepalive_interval: Duration::from_secs(20),
            keepalive_deadline: Duration::from_secs(10),
            max_answer_bytes: 256 * 1024 * 1024,
            compressed: false,
        }
    }
}

impl fmt::Debug for Options {
    /// Shows whether there is a token, never which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("has_token", &self.token.is_some())
            .field("ca", &self.ca)
            .field("connect_deadline", &self.connect_deadline)
            .field("call_deadline", &self.call_deadline)
            .field("keepalive_interval", &self.keepalive_interval)
            .field("keepalive_deadline", &self.keepalive_deadline)
            .field("max_answer_bytes", &self.max_answer_bytes)
            .field("compressed", &self.compressed)
            .finish()
    }
}

/// The status API of a master elsewhere, over gRPC. Clones share one connection, which is made when it is
/// needed and made again after it was lost; what was under way then ends with [`Error::Unavailable`].
///
/// It is an [`Access`](weir_status_api::Access) too: a gateway serves it as it would the master's own, and hands on the
/// token of whoever calls.
#[derive(Clone, Debug)]
pub struct GrpcStatus {
    status: StatusServiceClient<Channel>,
    access: AccessServiceClient<Channel>,
    credential: Credential,
    call_deadline: Duration,
}

impl GrpcStatus {
    /// The status API at `url` (`grpc://host:port` or `http://host:port`; with TLS `grpcs://host:port` or
    /// `https://host:port`), presenting `token`. The connection is made with the first call. Needs a Tokio runtime.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] if the URL or the token cannot be used.
    pub fn connect(url: &str, token: Option<String>) -> Result<Self> {
        Self::with_options(
            url,
            Options {
                token,
                ..Options::default()
            },
        )
    }

    /// As [`GrpcStatus::connect`], with all options.
    ///
    /// # Errors
    /// As [`GrpcStatus::connect`].
    pub fn with_options(url: &str, options: Options) -> Result<Self> {
        let channel = endpoint(url, options.ca.as_ref())
            .map_err(|why| Error::invalid("url", format!("`{url}` {why}")))?
            .connect_timeout(options.connect_deadline)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(options.keepalive_interval)
            .keep_alive_timeout(options.keepalive_deadline)
            .keep_alive_while_idle(true)
            .http2_max_header_list_size(MAX_HEADER_BYTES)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .connect_lazy();
        Self::over(channel, options)
    }

    /// The status API over a channel of one's own; of the options, those for connections have no effect.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] if the token cannot be used.
    pub fn over(channel: Channel, options: Options) -> Result<Self> {
        let token = options.token.as_deref().map(bearer).transpose();
        let token = token.map_err(|why| Error::invalid("token", why))?;
        macro_rules! stub {
            ($client:ident) => {{
                let stub = $client::new(channel.clone()).max_decoding_message_size(options.max_answer_bytes);
                if options.compressed {
                    stub.accept_compressed(CompressionEncoding::Zstd)
                        .accept_compressed(CompressionEncoding::Gzip)
                } else {
                    stub
                }
            }};
        }
        Ok(Self {
            status: stub!(StatusServiceClient),
            access: stub!(AccessServiceClient),
            credential: Credential::OrElse(token),
            call_deadline: options.call_deadline,
        })
    }

    /// Calls with the deadline, and tells the server of it.
    async fn call<T: Message, R>(
        &self,
        token: Option<Bearer>,
        message: T,
        call: impl AsyncFnOnce(Request<T>) -> Result<Response<R>, Status>,
    ) -> Result<R> {
        let mut request = request(token, message)?;
        request.set_timeout(self.call_deadline);
        self.answer(call(request)).await
    }

    /// What `call` gives within the deadline; what fails on the way is an [`Error`] like any other.
    async fn answer<R>(&self, call: impl Future<Output = Result<Response<R>, Status>>) -> Result<R> {
        match tokio::time::timeout(self.call_deadline, call).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) if !is_late(&status) => Err(from_status(&status)),
            Ok(Err(_)) | Err(_) => Err(Error::unavailable(format!(
                "no answer within {:?}",
                self.call_deadline
            ))),
        }
    }
}

/// Whether the server, or the channel, gave the call up when its deadline had passed.
fn is_late(status: &Status) -> bool {
    status.code() == Code::DeadlineExceeded
        || (status.code() == Code::Cancelled && status.message() == "Timeout expired")
}

/// The request that carries `message`, if a server takes one of its size.
fn request<T: Message>(token: Option<Bearer>, message: T) -> Result<Request<T>> {
    let size = message.encoded_len();
    if size > MAX_REQUEST_BYTES {
        let why = format!("has {size} bytes, more than the {MAX_REQUEST_BYTES} that a server takes");
        return Err(Error::invalid("request", why));
    }
    let mut request = Request::new(message);
    if let Some(token) = token {
        request.metadata_mut().insert("authorization", token);
    }
    Ok(request)
}

/// A part of an answer.
fn part<T: Field>(name: &str, proto: T::Proto) -> Result<T> {
    take(name, proto).map_err(|error| error.in_answer())
}

#[async_trait]
impl Read for GrpcStatus {
    async fn get(&self, key: Key) -> Result<At<Entity>> {
        let request = v1::GetRequest { key: key.put() };
        let answer = self
            .call(self.credential.own()?, request, async |it| {
                self.status.clone().get(it).await
            })
            .await?;
        Ok(At {
            value: part("entity", answer.entity)?,
            cursor: Cursor(answer.cursor),
        })
    }

    async fn list(&self, list: List) -> Result<Page<Entity>> {
        let request = v1::ListRequest {
            query: list.into_parts().put(),
        };
        let answer = self
            .call(self.credential.own()?, request, async |it| {
                self.status.clone().list(it).await
            })
            .await?;
        Ok(Page {
            items: part("items", answer.items)?,
            cursor: Cursor(answer.cursor),
            next: part("next", answer.next)?,
        })
    }

    async fn log_content(&self, log: LogKey, first: i64, limit: u32) -> Result<At<LogChunk>> {
        let request = v1::GetLogContentRequest {
            log: log.put(),
            first,
            limit,
        };
        let answer = self
            .call(self.credential.own()?, request, async |it| {
                self.status.clone().get_log_content(it).await
            })
            .await?;
        Ok(At {
            value: part("chunk", answer.chunk)?,
            cursor: Cursor(answer.cursor),
        })
    }

    async fn search_log(&self, log: LogKey, search: LogSearch) -> Result<At<LogHits>> {
        let request = v1::SearchLogRequest {
            log: log.put(),
            search: search.put(),
        };
        let answer = self
            .call(self.credential.own()?, request, async |it| {
                self.status.clone().search_log(it).await
            })
            .await?;
        Ok(At {
            value: part("hits", answer.hits)?,
            cursor: Cursor(answer.cursor),
        })
    }

    async fn properties(&self, of: PropertiesOf) -> Result<At<Properties>> {
        let request = v1::GetPropertiesRequest { of: of.put() };
        let answer = self
            .call(self.credential.own()?, request, async |it| {
                self.status.clone().get_properties(it).await
            })
            .await?;
        Ok(At {
            value: part("properties", answer.properties)?,
            cursor: Cursor(answer.cursor),
        })
    }

    async fn build_data(&self, build: BuildKey, name: String) -> Result<At<Vec<u8>>> {
        let request = v1::GetBuildDataRequest {
            build: build.put(),
            name,
        };
        let answer = self
            .call(self.credential.own()?, request, async |it| {
                self.status.clone().get_build_data(it).await
            })
            .await?;
        Ok(At {
            value: answer.value,
            cursor: Cursor(answer.cursor),
        })
    }

    async fn view(&self, query: ViewQuery) -> Result<At<View>> {
        let request = v1::GetViewRequest { query: query.put() };
        let answer = self
            .call(self.credential.own()?, request, async |it| {
                self.status.clone().get_view(it).await
            })
            .await?;
        Ok(At {
            value: part("view", answer.view)?,
            cursor: Cursor(answer.cursor),
        })
    }
}

#[async_trait]
impl Watch for GrpcStatus {
    async fn watch(&self, filter: TopicFilter, start: Start) -> Result<EventStream> {
        let message = v1::WatchRequest {
            patterns: filter.patterns().iter().map(ToString::to_string).collect(),
            after: match start {
                Start::Now => None,
                Start::After(cursor) => Some(cursor.0),
            },
        };
        // It has no end, so the server is told of no deadline.
        let request = request(self.credential.own()?, message)?;
        let responses = self.answer(self.status.clone().watch(request)).await?;
        Ok(signals(responses).boxed())
    }
}

/// The signals of a watch; an error is the last item. That a server ends a watch by itself is an error too.
fn signals(
    mut responses: Streaming<v1::WatchResponse>,
) -> impl futures::Stream<Item = Result<Signal>> + Send {
    async_stream::stream! {
        loop {
            let signal = match responses.message().await {
                Ok(Some(response)) => Signal::from_proto(response).map_err(|error| error.in_answer()),
                Ok(None) => Err(Error::unavailable("the server ended the watch")),
                Err(status) => Err(from_status(&status)),
            };
            let last = signal.is_err();
            yield signal;
            if last {
                break;
            }
        }
    }
}

#[async_trait]
impl Control for GrpcStatus {
    /// Presents the caller's token, else the client's own. A caller's name does not go over the wire: nobody there
    /// could trust it.
    async fn control(&self, caller: &Caller, command: Command) -> Result<Outcome> {
        let token = self.credential.of(caller)?;
        let request = v1::ControlRequest {
            command: command.put(),
        };
        let answer = self
            .call(token, request, async |it| self.status.clone().control(it).await)
            .await?;
        part("outcome", answer.outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_url_that_cannot_work_is_told_at_once() {
        for url in ["127.0.0.1:9989", "ftp://host", "grpc://", "grpc://a b"] {
            let error = GrpcStatus::connect(url, None).unwrap_err();
            assert!(
                matches!(&error, Error::InvalidQuery { field, .. } if field == "url"),
                "{url}: {error}"
            );
        }
        for url in ["grpc://localhost:9989", "grpcs://localhost:9989"] {
            assert!(GrpcStatus::connect(url, None).is_ok(), "{url}");
        }
    }

    #[tokio::test]
    async fn a_token_does_not_show() {
        let options = Options {
            token: Some("hunter2".to_owned()),
            ..Options::default()
        };
        assert!(!format!("{options:?}").contains("hunter2"));
        let broken = Options {
            token: Some("two\nlines".to_owned()),
            ..Options::default()
        };
        let error = GrpcStatus::with_options("grpc://localhost:9989", broken).unwrap_err();
        assert!(
            matches!(&error, Error::InvalidQuery { field, .. } if field == "token"),
            "{error}"
        );
    }
}
