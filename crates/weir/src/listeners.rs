//! From the configuration of listeners to listeners.

use std::sync::Arc;

use weir_config::ListenerConfig;
use weir_listeners::{Webhook, WebhookOptions};
use weir_status_api::Listener;

use crate::failure::Failure;

/// The listeners that `configs` describe.
pub(crate) fn make(configs: &[ListenerConfig]) -> Result<Vec<Arc<dyn Listener>>, Failure> {
    configs.iter().map(make_one).collect()
}

fn make_one(config: &ListenerConfig) -> Result<Arc<dyn Listener>, Failure> {
    match config {
        ListenerConfig::Webhook(it) => {
            let options = WebhookOptions {
                events: it.events.clone(),
                secret: it.secret.as_ref().map(|it| it.expose().to_owned()),
                ..WebhookOptions::new(&it.name, &it.url)
            };
            Ok(Arc::new(Webhook::new(options).map_err(Failure::usage)?))
        }
    }
}
