//! From the configuration of reports to what a reporter goes by.

use weir_config::{LookupConfig, Pattern, PeopleConfig, ReportConfig, Reporting, TemplateText};
use weir_listeners::{
    FileOptions, FormatOptions, Function, Links, Lookup, Mode, Modes, Patterns, People, ReportKind,
    ReportOptions, ReporterOptions, Selection, Template,
};

/// What the reporter `name` goes by.
pub(super) fn reporter_options(name: &str, reporting: &Reporting) -> ReporterOptions {
    ReporterOptions {
        name: name.to_owned(),
        reports: reporting.reports.iter().map(report).collect(),
        people: people(&reporting.people),
        links: Links::new(reporting.web_url.as_deref()),
        title: reporting.title.clone(),
    }
}

fn people(people: &PeopleConfig) -> People {
    People {
        blamelist: people.blamelist,
        owners: people.owners,
        lookup: match &people.lookup {
            LookupConfig::AsIs => Lookup::AsIs,
            LookupConfig::Domain(domain) => Lookup::Domain(domain.clone()),
            LookupConfig::Map(addresses) => Lookup::Map(addresses.clone()),
            LookupConfig::Function(it) => Lookup::Function(function(it)),
        },
    }
}

fn report(report: &ReportConfig) -> ReportOptions {
    let template = |form: &str| {
        let TemplateText { name, source } = report.templates.get(form)?.clone();
        Some(Template { name, source })
    };
    ReportOptions {
        kind: kind(&report.kind),
        modes: Modes(report.modes.iter().copied().map(mode).collect()),
        selection: Selection {
            builders: patterns(&report.builders),
            tags: patterns(&report.tags),
            branches: patterns(&report.branches),
            schedulers: patterns(&report.schedulers),
            projects: patterns(&report.projects),
            codebases: patterns(&report.codebases),
        },
        when: report.when.as_ref().map(function),
        format: FormatOptions {
            subject: template("subject"),
            text: template("text"),
            html: template("html"),
            markdown: template("markdown"),
            function: report.format.as_ref().map(function),
        },
        files: FileOptions {
            excerpt_lines: report.excerpt_lines,
            logs: report.attach_logs.as_deref().map(patterns),
            patch: report.attach_patch,
            most: usize::try_from(report.attach_most).unwrap_or(usize::MAX),
        },
    }
}

fn kind(kind: &weir_config::ReportKind) -> ReportKind {
    use weir_config::ReportKind as Config;
    match kind {
        Config::Build { start, finish } => ReportKind::Build {
            start: *start,
            finish: *finish,
        },
        Config::Step { steps, start, finish } => ReportKind::Step {
            steps: patterns(steps),
            start: *start,
            finish: *finish,
        },
        Config::Buildset { combined } => ReportKind::Buildset { combined: *combined },
        Config::Request { added, cancelled } => ReportKind::Request {
            added: *added,
            cancelled: *cancelled,
        },
        Config::Worker { workers } => ReportKind::Worker {
            workers: patterns(workers),
        },
    }
}

fn mode(mode: weir_config::ReportMode) -> Mode {
    use weir_config::ReportMode as Config;
    match mode {
        Config::Failing => Mode::Failing,
        Config::Passing => Mode::Passing,
        Config::Warnings => Mode::Warnings,
        Config::Problem => Mode::Problem,
        Config::Change => Mode::Change,
        Config::Exception => Mode::Exception,
        Config::Cancelled => Mode::Cancelled,
    }
}

fn patterns(patterns: &[Pattern]) -> Patterns {
    Patterns::new(
        patterns
            .iter()
            .cloned()
            .map(|it| move |text: &str| it.admits(text)),
    )
}

/// A function of the configuration, called as often as it is asked.
fn function(function: &weir_config::Function) -> Function {
    let called = function.clone();
    Function::new(function.name(), move |argument| {
        called.answer_plainly(argument).map_err(|error| error.to_string())
    })
}
