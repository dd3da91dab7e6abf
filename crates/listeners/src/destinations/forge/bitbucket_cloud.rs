//! Bitbucket Cloud: build statuses of commits, by its REST API, version 2.0.

use async_trait::async_trait;
use reqwest::{Method, Url};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;
use weir_status_api::{Clock as _, ListenerError, SystemClock};

use super::place::{Forge, ForgeOptions, Kind, owner_and_name};
use super::work::{Outcome, State, Status};
use crate::destinations::placeholders::Template;
use crate::text::cut;
use crate::{Destination, OptionError, Outlet, Report};

/// The longest key, in characters.
const KEY: usize = 40;

/// The longest name and description, in characters.
const TEXT: usize = 255;

/// How long a consumer's token is used, in seconds; Bitbucket gives it for two hours.
const TOKEN_FOR: i64 = 6000;

/// bitbucket.org.
const KIND: Kind = Kind {
    url: Some("https://api.bitbucket.org/2.0"),
    hosts: &["bitbucket.org", "altssh.bitbucket.org"],
    path: owner_and_name,
};

/// How a [`BitbucketStatus`] goes about it. Give `token`, or `user` and `password`, or `oauth_key` and `oauth_secret`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BitbucketStatusOptions {
    /// An access token of a repository, a project or a workspace. A secret.
    pub token: Option<String>,
    /// Whose password it is.
    pub user: Option<String>,
    /// An API token or app password. A secret.
    pub password: Option<String>,
    /// An OAuth consumer's key.
    pub oauth_key: Option<String>,
    /// The consumer's secret. A secret.
    pub oauth_secret: Option<String>,
    /// Where the consumer gets tokens.
    pub oauth_url: String,
    /// The key and the name under which a commit has one status.
    pub context: String,
    /// Where it is: `url` is the API's.
    #[serde(flatten)]
    pub forge: ForgeOptions,
}

impl Default for BitbucketStatusOptions {
    /// bitbucket.org, and a key for each builder.
    fn default() -> Self {
        Self {
            token: None,
            user: None,
            password: None,
            oauth_key: None,
            oauth_secret: None,
            oauth_url: "https://bitbucket.org/site/oauth2/access_token".to_owned(),
            context: "weir/{builder}".to_owned(),
            forge: ForgeOptions::default(),
        }
    }
}

/// Sets build statuses of commits at Bitbucket Cloud (Buildbot's `BitbucketStatusPush`):
/// `POST /2.0/repositories/WORKSPACE/NAME/commit/SHA/statuses/build`.
///
/// A commit has one status of each key, which is set anew, so a report that comes twice changes nothing. The key is the
/// context, or a hash of it if it is longer than 40 characters. Warnings and skipped builds are successful, and cancelled
/// ones stopped, all of which Buildbot tells as failed.
pub struct BitbucketStatus {
    forge: Forge,
    auth: Auth,
    context: Template,
}

/// Who asks.
enum Auth {
    Token(String),
    Password(String, String),
    Consumer(Consumer),
}

/// An OAuth consumer (RFC 6749's client credentials).
struct Consumer {
    key: String,
    secret: String,
    url: Url,
    /// Its token, and when it is not used any more.
    token: Mutex<Option<(String, i64)>>,
}

impl BitbucketStatus {
    /// One of these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] says which option is wrong.
    pub fn new(options: BitbucketStatusOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        Ok(Self {
            forge: Forge::new(&options.forge, &KIND, outlet)?,
            context: Template::parse("context", &options.context)?,
            auth: Auth::new(options)?,
        })
    }

    async fn set(&self, status: &Status<'_>) -> Result<(), ListenerError> {
        let state = match status.work.state {
            State::Waiting | State::Running => "INPROGRESS",
            State::Success | State::Warnings | State::Skipped => "SUCCESSFUL",
            State::Failure | State::Exception => "FAILED",
            State::Cancelled => "STOPPED",
        };
        let repository: Vec<&str> = status.repository.iter().map(String::as_str).collect();
        // A status has to have a URL.
        let page = format!("https://bitbucket.org/{}", repository.join("/"));
        let body = json!({
            "key": key(&status.name),
            "state": state,
            "name": cut(&status.name, TEXT),
            "description": cut(&status.description, TEXT),
            "url": status.work.url.unwrap_or(&page),
        });
        let commit = ["commit", status.revision, "statuses", "build"];
        let url = self
            .forge
            .url(&[&["repositories"], &repository[..], &commit].concat());
        let request = self.forge.request(Method::POST, url);
        let request = match &self.auth {
            Auth::Token(token) => request.bearer_auth(token),
            Auth::Password(user, password) => request.basic_auth(user, Some(password)),
            Auth::Consumer(consumer) => request.bearer_auth(consumer.token(&self.forge).await?),
        };
        self.forge.send(request, Some(&body)).await.map(drop)
    }
}

impl Auth {
    fn new(options: BitbucketStatusOptions) -> Result<Self, OptionError> {
        let pair = (options.user, options.password);
        let consumer = (options.oauth_key, options.oauth_secret);
        match (options.token, pair, consumer) {
            (Some(token), (None, None), (None, None)) => Ok(Self::Token(token)),
            (None, (Some(user), Some(password)), (None, None)) => Ok(Self::Password(user, password)),
            (None, (None, None), (Some(key), Some(secret))) => {
                let url = Url::parse(&options.oauth_url);
                let wrong = |error| OptionError::new("oauth_url", format!("is no URL: {error}"));
                Ok(Self::Consumer(Consumer {
                    key,
                    secret,
                    url: url.map_err(wrong)?,
                    token: Mutex::default(),
                }))
            }
            _ => {
                let why = "has to be given, or both `user` and `password`, or both `oauth_key` and `oauth_secret`; \
                    and only one of the three";
                Err(OptionError::new("token", why))
            }
        }
    }
}

impl Consumer {
    async fn token(&self, forge: &Forge) -> Result<String, ListenerError> {
        let now = SystemClock.now().as_secs();
        let mut token = self.token.lock().await;
        if let Some((token, until)) = &*token
            && *until > now
        {
            return Ok(token.clone());
        }
        let request = forge.request(Method::POST, self.url.clone());
        let request = request.basic_auth(&self.key, Some(&self.secret));
        let request = request.form(&[("grant_type", "client_credentials")]);
        let answer = forge.send(request, None).await?.json();
        let given = answer["access_token"].as_str().map(str::to_owned);
        let given = given.or_else(|| forge.is_dry().then(|| "…".to_owned()));
        let given = given.ok_or_else(|| ListenerError::Later("the answer has no token".to_owned()))?;
        *token = Some((given.clone(), now + TOKEN_FOR));
        Ok(given)
    }
}

/// The name as a key: itself, or a hash of it if it is too long.
fn key(name: &str) -> String {
    if name.chars().count() <= KEY {
        return name.to_owned();
    }
    let hash = Sha256::digest(name.as_bytes());
    hash.iter()
        .take(KEY / 2)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[async_trait]
impl Destination for BitbucketStatus {
    fn kind(&self) -> &'static str {
        "bitbucket_status"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        let mut outcome = Outcome::default();
        for status in Status::all_of(report, &self.forge, &self.context) {
            let told = self.forge.in_order(status.of_what(), report, self.set(&status));
            outcome.add(told.await);
        }
        outcome.end()
    }
}
