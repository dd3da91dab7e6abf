//! From the configuration of listeners to listeners.

use std::sync::Arc;

use weir_config::{ListenerConfig, Secret};
use weir_listeners::{Outlet, Reporter, make_destination, make_listener};
use weir_status_api::Listener;

use super::reports::reporter_options;
use crate::failure::Failure;

/// The listeners that `configs` describe, which send by way of `outlet`.
pub(crate) fn make(configs: &[ListenerConfig], outlet: &Outlet) -> Result<Vec<Arc<dyn Listener>>, Failure> {
    configs.iter().map(|it| make_one(it, outlet)).collect()
}

pub(super) fn make_one(config: &ListenerConfig, outlet: &Outlet) -> Result<Arc<dyn Listener>, Failure> {
    let ListenerConfig {
        name, kind, options, ..
    } = config;
    let wrong = |error: &dyn std::fmt::Display| Failure::usage(format!("{kind}('{name}'): {error}"));
    let outlet = outlet.with_secrets(config.secrets.iter().map(Secret::expose).map(str::to_owned));
    let options = options
        .iter()
        .map(|(name, it)| ((*name).to_owned(), it.clone()))
        .collect();
    let Some(reporting) = &config.reporting else {
        return make_listener(kind, name, options, &outlet).map_err(|error| wrong(&error));
    };
    let destination = make_destination(kind, options, &outlet).map_err(|error| wrong(&error))?;
    let reporter = Reporter::new(reporter_options(name, reporting), destination, &outlet);
    Ok(Arc::new(reporter.map_err(|error| wrong(&error))?))
}
