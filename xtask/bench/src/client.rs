//! Calls of the JSON API, the same to either server.

use std::time::{Duration, Instant};

use reqwest::header::{ACCEPT, ETAG};
use serde_json::{Value, json};

use crate::Result;

/// The longest that a call may take.
const DEADLINE: Duration = Duration::from_secs(120);
/// An answer to a small call within this time shows that a server has nothing else to do.
const PROMPT: Duration = Duration::from_millis(50);

/// The revision that is built where a forge is told of it.
const REVISION: &str = "5f0e9a3b7c2d4816a0b9c8d7e6f504132435465a";

/// Calls one server; clones share its connections.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

impl Client {
    /// Calls the server at `base`, an address without a slash at its end.
    pub(crate) fn new(base: &str, token: Option<&str>) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(DEADLINE).no_proxy().build();
        Ok(Self {
            http: http.map_err(|error| format!("there is no HTTP client: {error}"))?,
            base: base.to_owned(),
            token: token.map(str::to_owned),
        })
    }

    /// The server's address.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    async fn answer(&self, path: &str) -> Result<reqwest::Response> {
        let url = format!("{}{path}", self.base);
        let ask = || self.http.get(&url).header(ACCEPT, "application/json").send();
        let answer = match ask().await {
            // The connection was to the server as it was before it was started anew.
            Err(error) if error.is_request() && !error.is_timeout() => ask().await,
            answer => answer,
        };
        answer
            .and_then(reqwest::Response::error_for_status)
            .map_err(|error| format!("GET {path}: {error}"))
    }

    /// How many bytes the path has.
    pub(crate) async fn size(&self, path: &str) -> Result<usize> {
        let body = self.answer(path).await?.bytes().await;
        body.map(|it| it.len())
            .map_err(|error| format!("GET {path}: {error}"))
    }

    /// What the path has, as text.
    pub(crate) async fn text(&self, path: &str) -> Result<String> {
        let body = self.answer(path).await?.text().await;
        body.map_err(|error| format!("GET {path}: {error}"))
    }

    /// The tag by which the server knows this answer again, if it gives one.
    pub(crate) async fn tag(&self, path: &str) -> Result<Option<String>> {
        let answer = self.answer(path).await?;
        let tag = answer.headers().get(ETAG).and_then(|it| it.to_str().ok());
        Ok(tag.map(str::to_owned))
    }

    /// The answer as JSON.
    pub(crate) async fn json(&self, path: &str) -> Result<Value> {
        let answer = self.answer(path).await?.json().await;
        answer.map_err(|error| format!("GET {path}: {error}"))
    }

    /// The resources of a list, which is named by the last word of the path.
    pub(crate) async fn list(&self, path: &str) -> Result<Vec<Value>> {
        let mut answer = self.json(path).await?;
        let name = path.split('?').next().and_then(|it| it.rsplit('/').next());
        match answer[name.unwrap_or_default()].take() {
            Value::Array(list) => Ok(list),
            _ => Err(format!("GET {path} gives no list")),
        }
    }

    /// Whether the server answers.
    pub(crate) async fn is_up(&self) -> bool {
        self.answer("/api/v2/masters").await.is_ok()
    }

    /// How many workers are connected.
    pub(crate) async fn connected_workers(&self) -> Result<usize> {
        let all = self.list("/api/v2/workers?limit=1000").await?;
        let is_connected = |it: &&Value| it["connected_to"].as_array().is_some_and(|it| !it.is_empty());
        Ok(all.iter().filter(is_connected).count())
    }

    /// Forces a build, and gives the id of its request.
    pub(crate) async fn force(&self, builder: i64) -> Result<i64> {
        let answer = self
            .force_with("force", json!({"builderid": builder, "reason": "bench"}))
            .await?;
        answer["result"][1]
            .as_object()
            .and_then(|requests| requests.values().next())
            .and_then(Value::as_i64)
            .ok_or_else(|| format!("a build cannot be forced: {answer}"))
    }

    /// Forces a build of each builder, by a scheduler that has them all.
    pub(crate) async fn force_all(&self, scheduler: &str) -> Result<()> {
        let builders = self.list("/api/v2/builders?limit=1000").await?;
        let names: Vec<&str> = builders.iter().filter_map(|it| it["name"].as_str()).collect();
        let params = json!({"builderNames": names, "reason": "bench", "revision": REVISION});
        let answer = self.force_with(scheduler, params).await?;
        match answer["result"][1].as_object() {
            Some(_) => Ok(()),
            None => Err(format!("builds cannot be forced: {answer}")),
        }
    }

    /// Forces a build of the builder, by a scheduler that has it.
    pub(crate) async fn force_one(&self, scheduler: &str, builder: i64) -> Result<()> {
        let params = json!({"builderid": builder, "reason": "bench", "revision": REVISION});
        let answer = self.force_with(scheduler, params).await?;
        match answer["result"][1].as_object() {
            Some(_) => Ok(()),
            None => Err(format!("a build cannot be forced: {answer}")),
        }
    }

    async fn force_with(&self, scheduler: &str, params: Value) -> Result<Value> {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "force", "params": params});
        let url = format!("{}/api/v2/forceschedulers/{scheduler}", self.base);
        let mut request = self.http.post(url).json(&body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let failed = |error| format!("a build cannot be forced: {error}");
        let answer = request.send().await.map_err(failed)?;
        answer.json().await.map_err(failed)
    }

    /// The ids of the builders `b000`, `b001`, …, in their order.
    pub(crate) async fn plain_builders(&self) -> Result<Vec<i64>> {
        let mut plain: Vec<(String, i64)> = vec![];
        for builder in self.list("/api/v2/builders").await? {
            let name = builder["name"].as_str().unwrap_or_default().to_owned();
            let number = name.strip_prefix('b').filter(|it| it.len() == 3);
            if number.is_some_and(|it| it.parse::<u16>().is_ok()) {
                plain.push((name, id(&builder, "builderid")?));
            }
        }
        plain.sort();
        Ok(plain.into_iter().map(|(_, id)| id).collect())
    }

    /// The id of a builder.
    pub(crate) async fn builder(&self, name: &str) -> Result<i64> {
        let builders = self.list("/api/v2/builders").await?;
        let found = builders.iter().find(|it| it["name"] == name);
        id(
            found.ok_or_else(|| format!("there is no builder {name}"))?,
            "builderid",
        )
    }

    /// Waits until the request is complete, and gives its build.
    pub(crate) async fn built(&self, request: i64) -> Result<Value> {
        let path = format!("/api/v2/buildrequests/{request}/builds");
        let deadline = Instant::now() + DEADLINE;
        while Instant::now() < deadline {
            let builds = self.list(&path).await?;
            if let Some(build) = builds.into_iter().find(|it| it["complete"] == true) {
                return Ok(build);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err("a forced build does not end".to_owned())
    }

    /// Waits until the server has done with what it was asked before: it answers promptly, three times in a row.
    pub(crate) async fn settled(&self) -> Result<()> {
        let deadline = Instant::now() + DEADLINE;
        let mut prompt = 0;
        while prompt < 3 {
            let asked = Instant::now();
            let answered = self.answer("/api/v2/masters").await;
            if asked > deadline {
                return Err("the server does not come to rest".to_owned());
            }
            let good = answered.is_ok() && asked.elapsed() < PROMPT;
            prompt = if good { prompt + 1 } else { 0 };
            tokio::time::sleep(PROMPT).await;
        }
        Ok(())
    }
}

/// The id of a resource.
pub(crate) fn id(resource: &Value, field: &str) -> Result<i64> {
    resource[field]
        .as_i64()
        .ok_or_else(|| format!("{resource} has no {field}"))
}
