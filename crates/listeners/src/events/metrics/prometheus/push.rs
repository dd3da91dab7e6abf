//! Pushes to a Pushgateway.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Url};
use weir_status_api::ListenerError;

use super::PrometheusOptions;
use super::serve::TEXT_FORMAT;
use crate::options;
use crate::{Http, OptionError, Outlet};

/// Where to, and how often.
pub(super) struct Push {
    url: Url,
    user: Option<String>,
    password: Option<String>,
    http: Http,
    /// How often.
    pub(super) every: Duration,
}

impl Push {
    /// That of the listener `name`; none if it does not push.
    pub(super) fn new(
        name: &str,
        options: &PrometheusOptions,
        outlet: &Outlet,
    ) -> Result<Option<Self>, OptionError> {
        let Some(url) = &options.push else { return Ok(None) };
        let url = options::http_url("push", url)?;
        let instance = options.instance.as_deref().unwrap_or(name);
        // What is empty or has a slash can only be written as base64.
        for (option, value) in [("job", options.job.as_str()), ("instance", instance)] {
            if value.is_empty() || value.contains('/') || matches!(value, "." | "..") {
                return Err(OptionError::new(
                    option,
                    format!("is '{value}'; write a name without a slash"),
                ));
            }
        }
        let path = ["metrics", "job", &options.job, "instance", instance];
        Ok(Some(Self {
            url: options::below("push", url, &path)?,
            user: options.user.clone(),
            password: options.password.clone(),
            http: options::http(outlet, options.timeout, options.ca.as_deref())?,
            every: options::seconds("push_every", options.push_every)?,
        }))
    }

    /// Pushes the metrics in place of those that were there.
    pub(super) async fn push(&self, text: &str) -> Result<(), ListenerError> {
        let mut request = self.http.request(Method::PUT, self.url.clone());
        if let Some(user) = &self.user {
            request = request.basic_auth(user, self.password.as_ref());
        }
        let request = request.header(CONTENT_TYPE, TEXT_FORMAT).body(text.to_owned());
        self.http.send(request).await.map(drop)
    }
}
