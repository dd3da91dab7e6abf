//! Listeners by the names that the configuration has for their kinds.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use weir_status_api::Listener;

use crate::destinations::*;
use crate::events::*;
use crate::{Destination, OptionError, Outlet};

/// Why there can be no such listener.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// An option is wrong.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// The options have not the form that this kind takes: the configuration and the kind do not fit together.
    #[error("its options are wrong: {0}")]
    Form(#[from] serde_json::Error),
    /// There is none of that kind.
    #[error("there is no listener of the kind '{0}'")]
    Kind(String),
}

/// The destination of that kind: one line for each that takes reports. Those that answer people link to the web status at
/// `web_url`.
///
/// # Errors
/// [`MakeError`] if an option is wrong, or nothing that takes reports is of that kind.
pub fn make_destination(
    kind: &str,
    options: Map<String, Value>,
    web_url: Option<&str>,
    outlet: &Outlet,
) -> Result<Arc<dyn Destination>, MakeError> {
    Ok(match kind {
        "http_push" => Arc::new(HttpPush::new(read(options)?, outlet)?),
        "mail" => Arc::new(Mail::new(read(options)?, outlet)?),
        "github_status" => Arc::new(GithubStatus::new(read(options)?, outlet)?),
        "github_checks" => Arc::new(GithubChecks::new(read(options)?, outlet)?),
        "github_comment" => Arc::new(GithubComment::new(read(options)?, outlet)?),
        "gitlab_status" => Arc::new(GitlabStatus::new(read(options)?, outlet)?),
        "gitlab_comment" => Arc::new(GitlabComment::new(read(options)?, outlet)?),
        "gitea_status" => Arc::new(GiteaStatus::new(read(options)?, outlet)?),
        "gitea_comment" => Arc::new(GiteaComment::new(read(options)?, outlet)?),
        "bitbucket_status" => Arc::new(BitbucketStatus::new(read(options)?, outlet)?),
        "bitbucket_server_status" => Arc::new(BitbucketServerStatus::new(read(options)?, outlet)?),
        "bitbucket_server_comment" => Arc::new(BitbucketServerComment::new(read(options)?, outlet)?),
        "gerrit" => Arc::new(Gerrit::new(read(options)?, outlet)?),
        "gerrit_verify_status" => Arc::new(GerritVerifyStatus::new(read(options)?, outlet)?),
        "azure_devops" => Arc::new(AzureDevops::new(read(options)?, outlet)?),
        "irc" => Arc::new(chat::Irc::new(read(with_web(options, web_url))?, outlet)?),
        "telegram" => Arc::new(chat::Telegram::new(read(with_web(options, web_url))?, outlet)?),
        "matrix" => Arc::new(chat::Matrix::new(read(options)?, outlet)?),
        "slack" => Arc::new(chat::Slack::new(read(options)?, outlet)?),
        "mattermost" => Arc::new(chat::Mattermost::new(read(options)?, outlet)?),
        "discord" => Arc::new(chat::Discord::new(read(options)?, outlet)?),
        "teams" => Arc::new(chat::Teams::new(read(options)?, outlet)?),
        "zulip" => Arc::new(chat::Zulip::new(read(options)?, outlet)?),
        "pushover" => Arc::new(chat::Pushover::new(read(options)?, outlet)?),
        "ntfy" => Arc::new(chat::Ntfy::new(read(options)?, outlet)?),
        _ => return Err(MakeError::Kind(kind.to_owned())),
    })
}

/// The listener of that kind and name: one line for each that takes events as they are.
///
/// # Errors
/// [`MakeError`] if an option is wrong, or nothing that takes events is of that kind.
pub fn make_listener(
    kind: &str,
    name: &str,
    options: Map<String, Value>,
    outlet: &Outlet,
) -> Result<Arc<dyn Listener>, MakeError> {
    let name = name.to_owned();
    Ok(match kind {
        "webhook" => Arc::new(Webhook::new(name, read(options)?, outlet)?),
        "log_file" => Arc::new(LogFile::new(name, read(options)?, outlet)?),
        "program" => Arc::new(Program::new(name, read(options)?, outlet)?),
        "prometheus" => Arc::new(Prometheus::new(name, read(options)?, outlet)?),
        "opentelemetry" => Arc::new(OpenTelemetry::new(name, read(options)?, outlet)?),
        "statsd" => Arc::new(StatsD::new(name, read(options)?, outlet)?),
        "influxdb" => Arc::new(InfluxDb::new(name, read(options)?, outlet)?),
        _ => return Err(MakeError::Kind(kind.to_owned())),
    })
}

fn with_web(mut options: Map<String, Value>, web_url: Option<&str>) -> Map<String, Value> {
    if let Some(web_url) = web_url {
        options.entry("web").or_insert_with(|| web_url.into());
    }
    options
}

fn read<T: DeserializeOwned>(options: Map<String, Value>) -> Result<T, MakeError> {
    Ok(serde_json::from_value(Value::Object(options))?)
}
