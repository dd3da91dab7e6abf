//! Reading secrets from a KV engine of HashiCorp's Vault, of version 1 or 2, over HTTP.

use std::time::Duration;

use reqwest::{Certificate, Client, RequestBuilder, StatusCode, Url};
use serde_json::{Value, json};
use weir_config::{TokenReference, Vault, VaultLogin};

use super::provide::token;

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How often a Vault that does not answer, or says that it cannot now, is asked.
const ATTEMPTS: u32 = 3;

/// How long to wait before it is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// How many bytes an answer may have.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// What may stand in a secret's name between the path and the key (Buildbot's `path_delimiter`).
const DELIMITER: char = '|';

/// The secret `PATH|KEY`, or `KEY` at the engine's own path; none if there is none.
pub(super) fn read(vault: &Vault, name: &str) -> Result<Option<String>, String> {
    let Some((path, key)) = place(vault, name) else {
        return Ok(None);
    };
    // A thread of its own, since this may be called where nothing may be waited for.
    let asked = std::thread::scope(|scope| {
        let ask = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| Failure::Final(error.to_string()))?;
            runtime.block_on(ask_patiently(vault, &path))
        };
        let thread = std::thread::Builder::new().name("vault".to_owned());
        let thread = thread.spawn_scoped(scope, ask);
        let thread = thread.map_err(|error| Failure::Final(error.to_string()))?;
        thread
            .join()
            .unwrap_or_else(|_| Err(Failure::Final("asking it panicked".to_owned())))
    });
    let data = match asked {
        Ok(data) => data,
        Err(Failure::Final(why) | Failure::Later(why)) => {
            return Err(format!("the Vault {}: {why}", vault.url));
        }
    };
    match data.as_ref().and_then(|it| it.get(&key)) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Ok(Some(other.to_string())),
    }
}

/// The path within the engine, and the key there; none if the name can be no secret's here.
fn place(vault: &Vault, name: &str) -> Option<(String, String)> {
    let (path, key) = match name.split_once(DELIMITER) {
        Some((path, key)) => (path.trim_matches('/'), key),
        None => ("", name),
    };
    let whole = [vault.path.as_str(), path].map(|it| (!it.is_empty()).then_some(it));
    let whole = whole.into_iter().flatten().collect::<Vec<_>>().join("/");
    let is_step = |step: &str| !step.is_empty() && step != "." && step != "..";
    let is_whole = !key.is_empty() && !key.contains(DELIMITER) && whole.split('/').all(is_step);
    is_whole.then(|| (whole, key.to_owned()))
}

enum Failure {
    /// Asking again is of no use.
    Final(String),
    /// It may answer later.
    Later(String),
}

impl Failure {
    fn of_login(self) -> Self {
        let told = |why: String| format!("to the role's login {why}");
        match self {
            Self::Final(why) => Self::Final(told(why)),
            Self::Later(why) => Self::Later(told(why)),
        }
    }
}

/// The data at `path`; none if there is nothing.
async fn ask_patiently(vault: &Vault, path: &str) -> Result<Option<Value>, Failure> {
    let mut attempt = 1;
    loop {
        match ask(vault, path).await {
            Err(Failure::Later(_)) if attempt < ATTEMPTS => {
                tokio::time::sleep(PAUSE * attempt).await;
                attempt += 1;
            }
            other => return other,
        }
    }
}

async fn ask(vault: &Vault, path: &str) -> Result<Option<Value>, Failure> {
    let last = |why: String| Failure::Final(why);
    let client = client(vault).map_err(Failure::Final)?;
    let token = log_in(&client, vault).await?;
    let mut at = vec![vault.mount.as_str()];
    if vault.version != 1 {
        at.push("data");
    }
    at.push(path);
    let url = address(vault, &at).map_err(Failure::Final)?;
    let (status, body) = answer(client.get(url).header("X-Vault-Token", token)).await?;
    match status {
        StatusCode::OK => {}
        // With words, it is no secret that is missing, but its engine.
        StatusCode::NOT_FOUND if reasons(body.as_ref()).is_empty() => return Ok(None),
        _ => return Err(refusal(status, body.as_ref())),
    }
    let mut data = body.ok_or_else(|| last("its answer is no JSON".to_owned()))?;
    let levels = if vault.version == 1 { 1 } else { 2 };
    for _ in 0..levels {
        data = match data.get_mut("data") {
            Some(inner) => inner.take(),
            None => {
                return Err(last(format!(
                    "its answer is none of a KV engine of version {}",
                    vault.version
                )));
            }
        };
    }
    match data {
        Value::Object(_) => Ok(Some(data)),
        // The newest version was deleted.
        Value::Null => Ok(None),
        _ => Err(last(format!(
            "its answer is none of a KV engine of version {}",
            vault.version
        ))),
    }
}

/// The token to ask with.
async fn log_in(client: &Client, vault: &Vault) -> Result<String, Failure> {
    let (role_id, secret_id_file, mount) = match &vault.login {
        VaultLogin::Token(reference) => return token(reference).map_err(Failure::Final),
        VaultLogin::AppRole {
            role_id,
            secret_id_file,
            mount,
        } => (role_id, secret_id_file, mount),
    };
    let secret_id = token(&TokenReference::File(secret_id_file.clone())).map_err(Failure::Final)?;
    let url = address(vault, &["auth", mount, "login"]).map_err(Failure::Final)?;
    let asked = json!({"role_id": role_id, "secret_id": secret_id}).to_string();
    let (status, body) = answer(client.post(url).body(asked)).await?;
    if status != StatusCode::OK {
        return Err(refusal(status, body.as_ref()).of_login());
    }
    let token = body
        .as_ref()
        .and_then(|it| it.get("auth")?.get("client_token")?.as_str());
    token
        .map(str::to_owned)
        .ok_or_else(|| Failure::Final("its answer to the role's login has no token".to_owned()))
}

/// What is answered, and its JSON if it is some.
async fn answer(request: RequestBuilder) -> Result<(StatusCode, Option<Value>), Failure> {
    let request = request.header("X-Vault-Request", "true");
    let mut answer = request.send().await.map_err(|error| {
        let why = with_causes(&error);
        match error.is_builder() {
            true => Failure::Final(why),
            false => Failure::Later(why),
        }
    })?;
    let mut body = vec![];
    while let Some(chunk) = answer
        .chunk()
        .await
        .map_err(|it| Failure::Later(with_causes(&it)))?
    {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST_ANSWER {
            let why = format!("its answer has more than {LARGEST_ANSWER} bytes");
            return Err(Failure::Final(why));
        }
    }
    Ok((answer.status(), serde_json::from_slice(&body).ok()))
}

/// It answers, and not as asked.
fn refusal(status: StatusCode, body: Option<&Value>) -> Failure {
    let why = format!("it answers {status}{}", reasons(body));
    match status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        true => Failure::Later(why),
        false => Failure::Final(why),
    }
}

/// The address of what is `at` these paths, one below the other.
fn address(vault: &Vault, at: &[&str]) -> Result<Url, String> {
    let wrong = |why: String| format!("its address is wrong: {why}");
    let mut url = Url::parse(&vault.url).map_err(|error| wrong(error.to_string()))?;
    url.path_segments_mut()
        .map_err(|()| wrong("it has no path".to_owned()))?
        .pop_if_empty()
        .push("v1")
        .extend(at.iter().flat_map(|it| it.split('/')));
    Ok(url)
}

fn client(vault: &Vault) -> Result<Client, String> {
    // A redirect would take the token to where nobody configured it to go.
    let mut client = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(TIMEOUT);
    if let Some(path) = &vault.ca_file {
        let wrong = |why: String| format!("the authorities in {} cannot be read: {why}", path.display());
        let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
        client = client.tls_built_in_root_certs(false);
        for authority in Certificate::from_pem_bundle(&pem).map_err(|error| wrong(error.to_string()))? {
            client = client.add_root_certificate(authority);
        }
    }
    client.build().map_err(|error| with_causes(&error))
}

/// Why it does not answer as asked, in its own words.
fn reasons(body: Option<&Value>) -> String {
    let errors = body.and_then(|it| it.get("errors")?.as_array());
    let words = errors.into_iter().flatten().filter_map(Value::as_str);
    let words: Vec<String> = words
        .take(3)
        .map(|it| it.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    match words.is_empty() {
        true => String::new(),
        false => format!(": {}", words.join("; ").chars().take(300).collect::<String>()),
    }
}

fn with_causes(error: &reqwest::Error) -> String {
    let mut text = match error {
        it if it.is_timeout() => "it does not answer in time".to_owned(),
        it if it.is_connect() => "it cannot be reached".to_owned(),
        _ => "it gives no whole answer".to_owned(),
    };
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
