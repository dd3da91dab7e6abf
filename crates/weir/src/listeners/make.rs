//! From the configuration of listeners to listeners.

use std::sync::Arc;

use serde_json::{Map, Value};
use weir_config::{ListenerConfig, ListenerTerms, SecretProvider};
use weir_listeners::{Outlet, Reporter, make_destination, make_listener};
use weir_master::find_secret;
use weir_status_api::{Listener, Rate, RunnerOptions};

use super::reports::reporter_options;
use crate::failure::Failure;

/// An error if one of those listeners cannot be made. Secrets that a master finds elsewhere are not asked for.
pub(crate) fn check(configs: &[ListenerConfig]) -> Result<(), Failure> {
    let unknown = |_: &str| Ok("not looked up".to_owned());
    let made = |it| make_by(it, &unknown, &Outlet::open()).map(drop);
    configs.iter().try_for_each(made)
}

/// How events are delivered to a listener.
pub(super) fn runner_options(terms: &ListenerTerms) -> RunnerOptions {
    let usual = RunnerOptions::default();
    RunnerOptions {
        at_once: terms
            .at_once
            .map_or(usual.at_once, |it| usize::try_from(it).unwrap_or(usize::MAX)),
        rate: terms.rate.map(|(times, per)| Rate { times, per }),
        give_up_after: terms.give_up_after.unwrap_or(usual.give_up_after),
        ..usual
    }
}

/// The listener that `config` describes. Its secrets come from `providers`.
pub(super) fn make_one(
    config: &ListenerConfig,
    providers: &[SecretProvider],
    outlet: &Outlet,
) -> Result<Arc<dyn Listener>, Failure> {
    make_by(config, &|secret| find_secret(providers, secret), outlet)
}

/// The same, with its secrets from `find`.
fn make_by(
    config: &ListenerConfig,
    find: &dyn Fn(&str) -> Result<String, String>,
    outlet: &Outlet,
) -> Result<Arc<dyn Listener>, Failure> {
    let ListenerConfig {
        name, kind, options, ..
    } = config;
    let wrong = |error: &dyn std::fmt::Display| Failure::usage(format!("{kind}('{name}'): {error}"));
    let mut options: Map<String, Value> = options
        .iter()
        .map(|(name, it)| ((*name).to_owned(), it.clone()))
        .collect();
    let mut secrets: Vec<String> = config.secrets.iter().map(|it| it.expose().to_owned()).collect();
    for (option, secret) in &config.named_secrets {
        let value = find(secret);
        let value = value.map_err(|why| wrong(&format!("the secret '{secret}' cannot be had: {why}")))?;
        options.insert((*option).to_owned(), value.clone().into());
        secrets.push(value);
    }
    let outlet = outlet.with_secrets(secrets);
    let Some(reporting) = &config.reporting else {
        return make_listener(kind, name, options, &outlet).map_err(|error| wrong(&error));
    };
    let destination = make_destination(kind, options, reporting.web_url.as_deref(), &outlet)
        .map_err(|error| wrong(&error))?;
    let reporter = Reporter::new(reporter_options(name, reporting), destination, &outlet);
    Ok(Arc::new(reporter.map_err(|error| wrong(&error))?))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use weir_config::{check_listeners, listener_functions};

    use super::*;

    const EVERY_KIND: &str = include_str!("every_kind.star");

    #[test]
    fn every_kind_is_made_of_all_that_it_takes() {
        let configs = check_listeners(EVERY_KIND, "every_kind.star", Path::new("."))
            .unwrap_or_else(|it| panic!("{it}"));
        for config in &configs {
            let made = make_one(config, &[], &Outlet::open());
            let listener = made.unwrap_or_else(|it| panic!("{}: {it:?}", config.name));
            assert_eq!(
                (listener.name(), listener.kind()),
                (config.name.as_str(), config.kind)
            );
        }
        for (kind, parameters) in listener_functions() {
            let lines = EVERY_KIND
                .lines()
                .filter(|it| it.starts_with(&format!("{kind}(")));
            let calls: Vec<&str> = lines.collect();
            assert!(!calls.is_empty(), "there is no {kind}");
            // What is required comes first, without a name; files are looked at where they are read.
            for parameter in parameters.iter().filter(|it| !it.ends_with("_file")).skip(2) {
                let given = calls.iter().any(|it| it.contains(&format!("{parameter} = ")));
                // Or they are common to all, or go with a file.
                let others = ["at_once", "rate", "give_up_after", "app_id", "installation_id"];
                assert!(given || others.contains(parameter), "no {kind} has {parameter}");
            }
        }
    }
}
