//! Who asks GitHub: a token, or an App, which signs for itself and gets a token for each installation.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::ACCEPT;
use reqwest::{Method, RequestBuilder, Url};
use rustls::SignatureScheme;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::sign::SigningKey;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use weir_status_api::{Clock as _, ListenerError, SystemClock};

use super::GithubOptions;
use crate::OptionError;
use crate::destinations::forge::place::Forge;

/// The version of the API, which GitHub keeps as it is.
const VERSION: &str = "2022-11-28";

/// How long a signature is valid, in seconds; GitHub allows 600, from a minute ago on because of clocks that differ.
const SIGNED_FOR: i64 = 540;

/// How long an installation's token is used, in seconds; GitHub gives it for an hour.
const TOKEN_FOR: i64 = 3000;

/// Who asks.
pub(super) enum Auth {
    /// Whose token it is.
    Token(String),
    /// An App.
    App(App),
}

/// A GitHub App.
pub(super) struct App {
    id: String,
    key: Arc<dyn SigningKey>,
    installation: Option<u64>,
    /// Tokens, and when they are not used any more, by the repositories' owners.
    tokens: Mutex<HashMap<String, (String, i64)>>,
}

impl Auth {
    /// As the options say.
    pub(super) fn new(options: &GithubOptions) -> Result<Self, OptionError> {
        match (&options.token, &options.app_id, &options.private_key) {
            (Some(token), None, None) => Ok(Self::Token(token.clone())),
            (None, Some(id), Some(key)) => Ok(Self::App(App {
                id: id.clone(),
                key: key_of(key)?,
                installation: options.installation_id,
                tokens: Mutex::default(),
            })),
            (None, Some(_), None) => Err(OptionError::new("private_key", "is missing beside `app_id`")),
            (None, None, Some(_)) => Err(OptionError::new("app_id", "is missing beside `private_key`")),
            (None, None, None) => Err(OptionError::new(
                "token",
                "is missing; give it, or an App's `app_id` and `private_key`",
            )),
            (Some(_), ..) => Err(OptionError::new(
                "token",
                "is given beside an App's `app_id` or `private_key`; give one of both",
            )),
        }
    }

    /// A request in the name of whoever asks, about a repository of `owner`.
    pub(super) async fn request(
        &self,
        forge: &Forge,
        repository: &[String],
        method: Method,
        url: Url,
    ) -> Result<RequestBuilder, ListenerError> {
        let token = match self {
            Self::Token(token) => token.clone(),
            Self::App(app) => app.token(forge, repository).await?,
        };
        Ok(asked(forge, method, url, &token))
    }
}

impl App {
    /// A token for the installation that has `repository`.
    async fn token(&self, forge: &Forge, repository: &[String]) -> Result<String, ListenerError> {
        let owner = repository.first().cloned().unwrap_or_default();
        let now = SystemClock.now().as_secs();
        let mut tokens = self.tokens.lock().await;
        if let Some((token, until)) = tokens.get(&owner)
            && *until > now
        {
            return Ok(token.clone());
        }
        let signed = self.signed(now)?;
        let installation = match self.installation {
            Some(id) => id.to_string(),
            None => self.installation(forge, repository, &signed).await?,
        };
        let url = forge.url(&["app", "installations", &installation, "access_tokens"]);
        let answer = forge.send(asked(forge, Method::POST, url, &signed), None).await?;
        let token = answer.json()["token"].as_str().map(str::to_owned);
        let token = token.or_else(|| forge.is_dry().then(|| "…".to_owned()));
        let token =
            token.ok_or_else(|| ListenerError::Later("the answer has no token for the App".to_owned()))?;
        tokens.insert(owner, (token.clone(), now + TOKEN_FOR));
        Ok(token)
    }

    async fn installation(
        &self,
        forge: &Forge,
        repository: &[String],
        signed: &str,
    ) -> Result<String, ListenerError> {
        let url = forge.url(&[&["repos"], &below(repository)[..], &["installation"]].concat());
        let answer = forge.send(asked(forge, Method::GET, url, signed), None).await?;
        let id = answer.json()["id"].as_u64().map(|it| it.to_string());
        let id = id.or_else(|| forge.is_dry().then(|| "…".to_owned()));
        id.ok_or_else(|| ListenerError::Later("the answer names no installation of the App".to_owned()))
    }

    /// A token that says that we are the App (RFC 7519 and 7518's RS256), valid for some minutes.
    fn signed(&self, now: i64) -> Result<String, ListenerError> {
        let never = |why: String| ListenerError::Never(format!("the App's key does not sign: {why}"));
        let signer = self.key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]);
        let signer = signer.ok_or_else(|| never("it is no RSA key".to_owned()))?;
        let coded = |it: &Value| URL_SAFE_NO_PAD.encode(it.to_string());
        let head = coded(&json!({"alg": "RS256", "typ": "JWT"}));
        let claims = coded(&json!({"iat": now - 60, "exp": now + SIGNED_FOR, "iss": self.id}));
        let text = format!("{head}.{claims}");
        let signature = signer
            .sign(text.as_bytes())
            .map_err(|error| never(error.to_string()))?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// The parts of a repository's path.
pub(super) fn below(repository: &[String]) -> Vec<&str> {
    repository.iter().map(String::as_str).collect()
}

fn asked(forge: &Forge, method: Method, url: Url, token: &str) -> RequestBuilder {
    let request = forge.request(method, url).bearer_auth(token);
    let request = request.header(ACCEPT, "application/vnd.github+json");
    request.header("x-github-api-version", VERSION)
}

/// An RSA key as GitHub gives it to the owner of an App, as PEM.
fn key_of(pem: &str) -> Result<Arc<dyn SigningKey>, OptionError> {
    let wrong = || {
        OptionError::new(
            "private_key",
            "is no RSA key as PEM; GitHub gives it out as a file `.pem`",
        )
    };
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| wrong())?;
    let key = rustls::crypto::ring::sign::any_supported_type(&key).map_err(|_| wrong())?;
    match key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]) {
        Some(_) => Ok(key),
        None => Err(wrong()),
    }
}
