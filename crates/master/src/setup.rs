//! From the configuration to what the store and the status API know of it.

use weir_config::{MasterConfig, ProjectConfig, PropertyValues, SchedulerConfig, SchedulerKind};
use weir_status_api::{CodebaseId, ForceDefaults, ForceScheduler, Properties, Property};
use weir_status_db::{BuilderSetup, CodebaseSetup, ProjectSetup, Setup, SetupIds};

/// What the store is told of `config`.
pub(crate) fn setup(config: &MasterConfig) -> Setup {
    Setup {
        builders: config
            .builders
            .iter()
            .map(|it| BuilderSetup {
                name: it.name.clone(),
                description: it.description.as_ref().map(|it| it.text.clone()),
                description_format: it.description.as_ref().and_then(|it| it.format.clone()),
                project: it.project.as_ref().map(|it| slug(config, it)),
                tags: it.tags.clone(),
                workers: it.workers.clone(),
            })
            .collect(),
        workers: config.workers.iter().map(|it| it.name.clone()).collect(),
        schedulers: config.schedulers.iter().map(|it| it.name.clone()).collect(),
        force_schedulers: config.schedulers.iter().filter_map(force_scheduler).collect(),
        projects: config.projects.iter().map(project).collect(),
        codebases: config
            .codebases
            .iter()
            .map(|it| CodebaseSetup {
                project: slug(config, &it.project),
                name: it.name.clone(),
                slug: it.slug.clone(),
            })
            .collect(),
        change_sources: config
            .change_sources
            .iter()
            .map(|it| it.name().to_owned())
            .collect(),
    }
}

fn project(config: &ProjectConfig) -> ProjectSetup {
    ProjectSetup {
        name: config.name.clone(),
        slug: config.slug.clone(),
        description: config.description.as_ref().map(|it| it.text.clone()),
        description_format: config.description.as_ref().and_then(|it| it.format.clone()),
    }
}

/// The slug of the project of that name, which a valid configuration has.
fn slug(config: &MasterConfig, project: &str) -> String {
    config
        .project(project)
        .map_or_else(|| project.to_owned(), |it| it.slug.clone())
}

/// The store's id of the codebase of that name in the project of that name, if the configuration has it.
pub(crate) fn codebase_id(
    config: &MasterConfig,
    ids: &SetupIds,
    project: &str,
    codebase: &str,
) -> Option<CodebaseId> {
    let key = codebase_key(config, project, codebase)?;
    ids.codebases.get(&key).copied()
}

/// The slugs of the project and of the codebase of these names, if the configuration has it.
pub(crate) fn codebase_key(config: &MasterConfig, project: &str, codebase: &str) -> Option<(String, String)> {
    let known = config.codebase(project, codebase)?;
    Some((slug(config, &known.project), known.slug.clone()))
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
