//! HTTP as destinations use it: one place decides which answers are final, when to try again, and where a redirect may
//! lead.

mod addresses;
mod clients;
mod judge;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue, LOCATION};
use reqwest::{Body, Certificate, Client, Method, Request, RequestBuilder, Response, StatusCode, Url};
use weir_status_api::ListenerError;

use crate::options::check_authorities;
use crate::{OptionError, Outlet};

use addresses::is_internal;
pub(crate) use clients::Clients;
use clients::OwnNetwork;
pub use judge::retry_after;

/// The longest answer that is read, in bytes: a page of long comments.
const LONGEST_ANSWER: usize = 16 << 20;

/// The longest refusal that is read, in bytes; its beginning is quoted.
const LONGEST_REFUSAL: usize = 64 << 10;

/// How many redirects are followed.
const REDIRECTS: usize = 3;

/// How an [`Http`] goes about it.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// How long one request may take, from connecting to the end of the answer.
    pub timeout: Duration,
    /// An authority to trust beside the usual ones, as PEM.
    pub ca: Option<Vec<u8>>,
    /// Whether an answer may redirect to an address within the own network (loopback, private and link-local ones).
    pub internal_redirects: bool,
}

impl Default for HttpOptions {
    /// 30 seconds, the usual authorities, and no redirect into the own network.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            ca: None,
            internal_redirects: false,
        }
    }
}

/// What sends for one listener.
#[derive(Clone)]
pub struct Http {
    /// For the configured address.
    client: Client,
    clients: Arc<Clients>,
    timeout: Duration,
    internal_redirects: bool,
    outlet: Outlet,
}

/// An answer that takes the request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// A 2xx status.
    pub status: StatusCode,
    /// The body: empty if nothing is sent, cut at 16 MiB.
    pub body: Vec<u8>,
    /// Whether there was more of it.
    pub is_cut: bool,
    /// Whether nothing was sent, so that this stands for an answer.
    pub is_dry: bool,
}

impl Answer {
    /// The body as JSON; null if it is none, as it is when nothing is sent.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as JSON, for those who look something up and must not take what they cannot read for nothing; null if
    /// nothing is sent.
    ///
    /// # Errors
    /// [`ListenerError::Never`] if there was more of it than is read; [`ListenerError::Later`] if it is no JSON, which is
    /// what something in between said.
    pub fn read(&self) -> Result<serde_json::Value, ListenerError> {
        self.read_as(&self.body)
    }

    /// The list that is the body, or that is `within` it by that name; empty if nothing is sent.
    ///
    /// # Errors
    /// As [`Answer::read`]; [`ListenerError::Later`] too if there is no list.
    pub fn list(&self, within: Option<&str>) -> Result<Vec<serde_json::Value>, ListenerError> {
        let mut body = self.read()?;
        self.as_list(match within {
            Some(name) => body
                .get_mut(name)
                .map(serde_json::Value::take)
                .unwrap_or_default(),
            None => body,
        })
    }

    /// As [`Answer::list`], of what was found in it.
    pub(crate) fn as_list(&self, found: serde_json::Value) -> Result<Vec<serde_json::Value>, ListenerError> {
        match found {
            serde_json::Value::Array(list) => Ok(list),
            _ if self.is_dry => Ok(vec![]),
            _ => Err(ListenerError::Later("the answer has no list".to_owned())),
        }
    }

    /// As [`Answer::read`], of what of the body is JSON.
    pub(crate) fn read_as(&self, json: &[u8]) -> Result<serde_json::Value, ListenerError> {
        if self.is_dry {
            return Ok(serde_json::Value::Null);
        }
        if self.is_cut {
            let why = format!("the answer is longer than the {LONGEST_ANSWER} bytes that are read");
            return Err(ListenerError::Never(why));
        }
        let unreadable = |error| ListenerError::Later(format!("the answer is no JSON: {error}"));
        serde_json::from_slice(json).map_err(unreadable)
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Http {
    /// One that sends through `outlet`.
    ///
    /// # Errors
    /// Of the option `ca`, if there is no certificate in it, or it cannot be used.
    pub fn new(outlet: &Outlet, options: &HttpOptions) -> Result<Self, OptionError> {
        // The client takes a text without any certificate for no authority.
        if let Some(ca) = &options.ca {
            check_authorities("ca", ca)?;
        }
        Self::with(outlet, options)
            .map_err(|error| OptionError::new("ca", format!("cannot be used: {error}")))
    }

    fn with(outlet: &Outlet, options: &HttpOptions) -> Result<Self, reqwest::Error> {
        let clients = match &options.ca {
            Some(ca) => Arc::new(Clients::trusting(Certificate::from_pem_bundle(ca)?)),
            None => Arc::clone(outlet.clients()),
        };
        Ok(Self {
            client: clients.configured()?,
            clients,
            timeout: options.timeout,
            internal_redirects: options.internal_redirects,
            outlet: outlet.clone(),
        })
    }

    /// A request to build upon and to [send](Self::send).
    pub fn request(&self, method: Method, url: impl reqwest::IntoUrl) -> RequestBuilder {
        self.client.request(method, url).timeout(self.timeout)
    }

    /// Sends the request, and follows redirects that keep its method and body; to another server without the headers that
    /// hold secrets.
    ///
    /// If nothing is to be sent, it is printed, and answered with 200 and an empty body.
    ///
    /// # Errors
    /// [`ListenerError::After`] or [`ListenerError::Later`] if there is no answer, or it is 408, 429, 5xx, or 403 with a
    /// spent rate limit; [`ListenerError::Never`] at any other answer but 2xx.
    pub async fn send(&self, request: RequestBuilder) -> Result<Answer, ListenerError> {
        self.send_again_at(request, &[]).await
    }

    /// As [`Http::send`], where these statuses too say that it may work later.
    ///
    /// # Errors
    /// As [`Http::send`].
    pub async fn send_again_at(
        &self,
        request: RequestBuilder,
        again: &[StatusCode],
    ) -> Result<Answer, ListenerError> {
        let request = request
            .build()
            .map_err(|error| ListenerError::Never(self.told(&error)))?;
        if self.outlet.prints(|| shown(&request)) {
            return Ok(Answer {
                status: StatusCode::OK,
                body: vec![],
                is_cut: false,
                is_dry: true,
            });
        }
        let mut answer = self.sent(&self.client, &request, request.url().clone()).await?;
        let mut left = REDIRECTS;
        while let Some(to) = self.redirect(&answer, left).map_err(|why| self.never(&why))? {
            left -= 1;
            answer = self.sent(&self.careful()?, &request, to).await?;
        }
        let status = answer.status();
        let delay = retry_after(answer.headers());
        let spent = judge::spent(answer.headers());
        let most = match status.is_success() {
            true => LONGEST_ANSWER,
            false => LONGEST_REFUSAL,
        };
        let (body, is_cut) = read(answer, most)
            .await
            .map_err(|error| ListenerError::Later(self.told(&error)))?;
        judge::judge(status, delay, spent, &body, again).map_err(|error| self.masked(error))?;
        Ok(Answer {
            status,
            body,
            is_cut,
            is_dry: false,
        })
    }

    /// The client for addresses that others name.
    fn careful(&self) -> Result<Client, ListenerError> {
        match self.internal_redirects {
            true => Ok(self.client.clone()),
            false => self
                .clients
                .external()
                .map_err(|error| ListenerError::Never(self.told(&error))),
        }
    }

    async fn sent(&self, client: &Client, request: &Request, to: Url) -> Result<Response, ListenerError> {
        let Some(mut again) = request.try_clone() else {
            return Err(ListenerError::Never(
                "the request cannot be sent twice".to_owned(),
            ));
        };
        if to.origin() != request.url().origin() {
            *again.headers_mut() = request
                .headers()
                .iter()
                .filter(|(name, value)| !is_secret(name, value))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
        }
        *again.url_mut() = to.clone();
        let answer = client.execute(again).await;
        answer.map_err(|error| match judge::is_because_of::<OwnNetwork>(&error) {
            true => self.never(&into_own_network(&to)),
            false => ListenerError::Later(self.told(&error)),
        })
    }

    /// Where the answer sends us; none if it is no redirect.
    ///
    /// # Errors
    /// Why it is a redirect that is not followed.
    fn redirect(&self, answer: &Response, left: usize) -> Result<Option<Url>, String> {
        let status = answer.status();
        let place = answer.headers().get(LOCATION).and_then(|it| it.to_str().ok());
        let to = place.and_then(|it| answer.url().join(it).ok());
        // 301 to 303 would make a get of a post, which tells nobody anything.
        let keeps = matches!(
            status,
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
        );
        let to = match to {
            Some(to) if keeps => to,
            Some(to) if status.is_redirection() => {
                return Err(format!(
                    "the answer is {status}, to {to}, which would not get what is sent; configure that address, or let it \
                     answer 307 or 308"
                ));
            }
            None if keeps => return Err("the answer redirects to no address".to_owned()),
            _ => return Ok(None),
        };
        if left == 0 {
            return Err("the answer redirects too often".to_owned());
        }
        let weaker = answer.url().scheme() == "https" && to.scheme() != "https";
        if weaker || !matches!(to.scheme(), "http" | "https") {
            return Err(format!("the answer redirects to {to}, which is not encrypted"));
        }
        // Names are looked at when they are resolved.
        let host = to.host_str().unwrap_or_default();
        let address = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>();
        match address.is_ok_and(is_internal) && !self.internal_redirects {
            true => Err(into_own_network(&to)),
            false => Ok(Some(to)),
        }
    }

    fn never(&self, why: &str) -> ListenerError {
        ListenerError::Never(self.outlet.mask(why))
    }

    fn told(&self, error: &reqwest::Error) -> String {
        self.outlet.mask(&judge::with_causes(error))
    }

    fn masked(&self, error: ListenerError) -> ListenerError {
        match error {
            ListenerError::Later(why) => ListenerError::Later(self.outlet.mask(&why)),
            ListenerError::After(why, delay) => ListenerError::After(self.outlet.mask(&why), delay),
            ListenerError::Never(why) => ListenerError::Never(self.outlet.mask(&why)),
        }
    }
}

/// The beginning of the body, `most` bytes at the most, and whether there is more.
async fn read(mut answer: Response, most: usize) -> Result<(Vec<u8>, bool), reqwest::Error> {
    let mut body = vec![];
    while let Some(chunk) = answer.chunk().await? {
        let room = most - body.len();
        if chunk.len() > room {
            body.extend_from_slice(&chunk[..room]);
            return Ok((body, true));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((body, false))
}

/// Whether a header holds a secret, which is for the configured server only.
fn is_secret(name: &HeaderName, value: &HeaderValue) -> bool {
    value.is_sensitive() || [AUTHORIZATION, COOKIE].contains(name) || name.as_str().contains("token")
}

fn into_own_network(to: &Url) -> String {
    format!(
        "the answer redirects to {to}, an address of the own network, which is not allowed; configure that address itself"
    )
}

/// The request for people, without what its headers hold of secrets.
fn shown(request: &Request) -> String {
    let mut text = format!("{} {}\n", request.method(), request.url());
    for (name, value) in request.headers() {
        let value = match is_secret(name, value) {
            true => "…",
            false => value.to_str().unwrap_or("…"),
        };
        text.push_str(&format!("{name}: {value}\n"));
    }
    if let Some(body) = request.body().and_then(Body::as_bytes) {
        text.push('\n');
        text.push_str(&String::from_utf8_lossy(body));
    }
    text
}
