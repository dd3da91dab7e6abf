//! Metrics for InfluxDB.

mod point;

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Url};
use serde::Deserialize;
use weir_status_api::{
    Build, BuildKey, BuildRequest, Entity, Error, Event, Listener, ListenerError, Properties, PropertiesOf,
    Results, StatusApi, TopicFilter, Verb,
};

use crate::events::names::Names;
use crate::options;
use crate::{Http, OptionError, Outlet};

use point::Point;

/// How an [`InfluxDb`] goes about it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InfluxDbOptions {
    /// The server's URL, such as `http://localhost:8086`.
    pub url: String,
    /// The bucket that points go to, of version 2 (or 3).
    pub bucket: Option<String>,
    /// The organisation that the bucket is of.
    pub org: Option<String>,
    /// The token of version 2.
    pub token: Option<String>,
    /// The database that points go to, of version 1.
    pub database: Option<String>,
    /// The user of version 1.
    pub user: Option<String>,
    /// The password of that user.
    pub password: Option<String>,
    /// Tags of every point, such as the site.
    pub tags: BTreeMap<String, String>,
    /// Properties of a build to give along, as fields.
    pub properties: Vec<String>,
    /// How long one delivery may take, from connecting to the answer, in seconds.
    pub timeout: f64,
    /// An authority to trust beside the usual ones, as PEM.
    pub ca: Option<String>,
}

impl Default for InfluxDbOptions {
    fn default() -> Self {
        Self {
            url: String::new(),
            bucket: None,
            org: None,
            token: None,
            database: None,
            user: None,
            password: None,
            tags: BTreeMap::new(),
            properties: vec![],
            timeout: 30.0,
            ca: None,
        }
    }
}

impl fmt::Debug for InfluxDbOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InfluxDbOptions")
            .field("bucket", &self.bucket)
            .field("database", &self.database)
            .field("token", &self.token.as_ref().map(|_| "…"))
            .field("password", &self.password.as_ref().map(|_| "…"))
            .finish_non_exhaustive()
    }
}

/// Writes a point of each build that ends, and of each build request that a master takes, in InfluxDB's line protocol
/// over its HTTP API: `POST /api/v2/write` with a bucket, `POST /write` with a database (Buildbot's
/// `InfluxStorageService`, with `CaptureBuildDuration` and `CaptureProperty`).
///
/// Builds are `weir_build` with the tags `builder`, `worker` and `results` and the fields `number`, `duration` and
/// `locks_wait` (seconds) and the properties that are asked for; requests are `weir_request` with the tag `builder` and
/// the fields `id`, `priority` and `wait` (seconds).
///
/// A point's time is its event's in milliseconds, with the last six digits of the event's cursor as nanoseconds: two
/// events that are near each other do not share it, and one that is delivered again writes over the point that is there.
pub struct InfluxDb {
    name: String,
    url: Url,
    authorization: Authorization,
    tags: BTreeMap<String, String>,
    properties: Vec<String>,
    names: Names,
    http: Http,
}

impl fmt::Debug for InfluxDb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InfluxDb")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl InfluxDb {
    /// The listener `name` of these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] says which option is wrong.
    pub fn new(name: String, options: InfluxDbOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        let reserved = |it: &String| it.is_empty() || it.starts_with('_') || OWN_TAGS.contains(&it.as_str());
        if let Some(tag) = options.tags.keys().find(|it| reserved(it)) {
            return Err(OptionError::new(
                "tags",
                format!("has '{tag}', which is not free; take another name"),
            ));
        }
        if let Some((tag, _)) = options.tags.iter().find(|(_, value)| value.is_empty()) {
            return Err(OptionError::new("tags", format!("has '{tag}' without a value")));
        }
        Ok(Self {
            name,
            url: write_url(&options)?,
            authorization: authorization(&options)?,
            tags: options.tags,
            properties: options.properties,
            names: Names::default(),
            http: options::http(outlet, options.timeout, options.ca.as_deref())?,
        })
    }

    async fn point(&self, event: &Event, api: &dyn StatusApi) -> Result<Option<String>, ListenerError> {
        let point = match (&event.entity, event.verb) {
            (Entity::Build(build), Verb::Finished) => self.of_build(build, api).await?,
            (Entity::BuildRequest(request), Verb::Claimed) => self.of_request(request, api).await?,
            _ => return Ok(None),
        };
        Ok(Some(point.line(event)))
    }

    async fn of_build(&self, build: &Build, api: &dyn StatusApi) -> Result<Point, ListenerError> {
        let builder = self.names.builder(build.builder, api).await?;
        let worker = self.names.worker(build.worker, api).await?;
        let results = build.results.map_or("unknown", Results::name);
        let mut point = Point::new("weir_build", &self.tags);
        point.tag("builder", &builder);
        point.tag("worker", &worker);
        point.tag("results", results);
        point.field("number", &build.number.into());
        if let Some(end) = build.complete_at {
            let duration = end.since(build.started_at).as_secs_f64();
            point.field("duration", &duration.into());
        }
        // As floating numbers, as the duration: that a field keeps its type is InfluxDB's rule.
        let locks_wait = std::time::Duration::from_secs(u64::try_from(build.locks_duration_s).unwrap_or(0));
        point.field("locks_wait", &locks_wait.as_secs_f64().into());
        if !self.properties.is_empty() {
            let all = properties(build, api).await?;
            for name in &self.properties {
                if let Some(property) = all.get(name) {
                    point.field(name, &property.value);
                }
            }
        }
        Ok(point)
    }

    async fn of_request(&self, request: &BuildRequest, api: &dyn StatusApi) -> Result<Point, ListenerError> {
        let builder = self.names.builder(request.builder, api).await?;
        let mut point = Point::new("weir_request", &self.tags);
        point.tag("builder", &builder);
        point.field("id", &request.id.0.into());
        point.field("priority", &request.priority.into());
        if let Some(claimed) = request.claimed_at {
            let wait = claimed.since(request.submitted_at).as_secs_f64();
            point.field("wait", &wait.into());
        }
        Ok(point)
    }
}

/// The tags that are Weir's.
const OWN_TAGS: [&str; 4] = ["builder", "worker", "results", "time"];

/// Where points are posted to.
fn write_url(options: &InfluxDbOptions) -> Result<Url, OptionError> {
    let url = options::http_url("url", &options.url)?;
    let (words, query): (&[&str], Vec<(&str, &String)>) = match (&options.bucket, &options.database) {
        (Some(bucket), None) => {
            let org = options.org.as_ref().map(|it| ("org", it));
            let query = org.into_iter().chain([("bucket", bucket)]).collect();
            (&["api", "v2", "write"], query)
        }
        (None, Some(database)) => (&["write"], vec![("db", database)]),
        _ => {
            return Err(OptionError::new(
                "bucket",
                "or database has to be given, and not both",
            ));
        }
    };
    let mut url = options::below("url", url, words)?;
    url.query_pairs_mut()
        .extend_pairs(query)
        .append_pair("precision", if options.bucket.is_some() { "ns" } else { "n" });
    Ok(url)
}

/// Whom the server knows us as.
enum Authorization {
    Nobody,
    /// Version 2.
    Token(HeaderValue),
    /// Version 1.
    User(String, Option<String>),
}

fn authorization(options: &InfluxDbOptions) -> Result<Authorization, OptionError> {
    match (&options.token, &options.user) {
        (Some(token), None) => {
            let mut value = HeaderValue::from_str(&format!("Token {token}"))
                .map_err(|_| OptionError::new("token", "is no value of a header"))?;
            value.set_sensitive(true);
            Ok(Authorization::Token(value))
        }
        (None, Some(user)) => Ok(Authorization::User(user.clone(), options.password.clone())),
        (None, None) => Ok(Authorization::Nobody),
        (Some(_), Some(_)) => Err(OptionError::new(
            "token",
            "is of version 2, and user of version 1; give one of them",
        )),
    }
}

async fn properties(build: &Build, api: &dyn StatusApi) -> Result<Properties, ListenerError> {
    match api.properties(PropertiesOf::Build(BuildKey::Id(build.id))).await {
        Ok(all) => Ok(all.value),
        Err(Error::NotFound { .. }) => Ok(Properties::new()),
        Err(error) => Err(ListenerError::Later(error.to_string())),
    }
}

#[async_trait]
impl Listener for InfluxDb {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &str {
        "influxdb"
    }

    fn filter(&self) -> TopicFilter {
        TopicFilter::parse_all(["builds/*/finished", "buildrequests/*/claimed"]).expect("they are patterns")
    }

    async fn on_event(&self, event: &Event, api: &dyn StatusApi) -> Result<(), ListenerError> {
        let Some(point) = self.point(event, api).await? else {
            return Ok(());
        };
        let mut request = self
            .http
            .request(Method::POST, self.url.clone())
            .header(CONTENT_TYPE, "text/plain; charset=utf-8");
        request = match &self.authorization {
            Authorization::Nobody => request,
            Authorization::Token(token) => request.header(AUTHORIZATION, token),
            Authorization::User(user, password) => request.basic_auth(user, password.as_ref()),
        };
        self.http.send(request.body(point)).await.map(drop)
    }
}
