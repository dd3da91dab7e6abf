//! From the configuration to what the store and the status API know of it.

use weir_config::{MasterConfig, PropertyValues, SchedulerConfig, SchedulerKind};
use weir_status_api::{ForceDefaults, ForceScheduler, Properties, Property};
use weir_status_db::{BuilderSetup, Setup};

/// What the store is told of `config`.
pub(crate) fn setup(config: &MasterConfig) -> Setup {
    Setup {
        builders: config
            .builders
            .iter()
            .map(|it| BuilderSetup {
                name: it.name.clone(),
                description: it.description.clone(),
                // What the configuration's description is written in.
                description_format: it.description.as_ref().map(|_| "markdown".to_owned()),
                project: None,
                tags: it.tags.clone(),
                workers: it.workers.clone(),
            })
            .collect(),
        workers: config.workers.iter().map(|it| it.name.clone()).collect(),
        schedulers: config.schedulers.iter().map(|it| it.name.clone()).collect(),
        force_schedulers: config.schedulers.iter().filter_map(force_scheduler).collect(),
        projects: vec![],
        codebases: vec![],
        change_sources: config
            .change_sources
            .iter()
            .map(|it| it.name().to_owned())
            .collect(),
    }
}

fn force_scheduler(config: &SchedulerConfig) -> Option<ForceScheduler> {
    let SchedulerKind::Force {
        button,
        label,
        reason,
        source,
        fields,
    } = &config.kind
    else {
        return None;
    };
    Some(ForceScheduler {
        name: config.name.clone(),
        button_name: button.clone(),
        label: label.clone(),
        builder_names: config.builders.clone(),
        enabled: true,
        defaults: ForceDefaults {
            reason: reason.clone(),
            branch: source.branch.clone(),
            repository: source.repository.clone(),
            project: source.project.clone(),
            codebase: source.codebase.clone(),
        },
        properties: properties(&config.properties, "Scheduler"),
        fields: fields.clone(),
    })
}

/// `values` as properties that `source` set.
pub(crate) fn properties(values: &PropertyValues, source: &str) -> Properties {
    values
        .iter()
        .map(|(name, value)| (name.clone(), Property::new(value.clone(), source)))
        .collect()
}
