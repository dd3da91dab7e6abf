//! Listeners by the names that the configuration has for their kinds.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use weir_status_api::Listener;

use crate::destinations::HttpPush;
use crate::{Destination, OptionError, Outlet, Webhook, WebhookError, WebhookOptions};

/// Why there can be no such listener.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// An option is wrong.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// An option of a webhook is wrong.
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    /// The options have not the form that this kind takes: the configuration and the kind do not fit together.
    #[error("its options are wrong: {0}")]
    Form(#[from] serde_json::Error),
    /// There is none of that kind.
    #[error("there is no listener of the kind '{0}'")]
    Kind(String),
}

/// The destination of that kind: one line for each that takes reports.
///
/// # Errors
/// [`MakeError`] if an option is wrong, or nothing that takes reports is of that kind.
pub fn make_destination(
    kind: &str,
    options: Map<String, Value>,
    outlet: &Outlet,
) -> Result<Arc<dyn Destination>, MakeError> {
    Ok(match kind {
        "http_push" => Arc::new(HttpPush::new(read(options)?, outlet)?),
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
    let _ = outlet;
    Ok(match kind {
        "webhook" => Arc::new(Webhook::new(webhook(name, read(options)?))?),
        _ => return Err(MakeError::Kind(kind.to_owned())),
    })
}

/// What the configuration says of a webhook.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Hook {
    url: String,
    events: Option<Vec<String>>,
    secret: Option<String>,
    timeout: Option<f64>,
}

fn webhook(name: &str, hook: Hook) -> WebhookOptions {
    let usual = WebhookOptions::new(name, hook.url);
    WebhookOptions {
        events: hook.events.unwrap_or(usual.events),
        secret: hook.secret,
        timeout: hook.timeout.map_or(usual.timeout, Duration::from_secs_f64),
        ..usual
    }
}

fn read<T: DeserializeOwned>(options: Map<String, Value>) -> Result<T, MakeError> {
    Ok(serde_json::from_value(Value::Object(options))?)
}
