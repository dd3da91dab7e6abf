//! `/cc.xml`: the builders as CruiseControl's projects, for tray icons, lamps and wall displays.

use std::collections::HashSet;
use std::fmt::Write;

use weir_status_api::{
    At, Build, Builder, BuilderChoice, BuilderId, Entity, Error, Key, ProjectKey, Result, Results,
};

use crate::neighbours::escape_xml;
use crate::overview::{Overview, overview};
use crate::source::Source;

/// Which builders, and where their pages are.
pub(crate) struct Asked {
    tags: Vec<String>,
    project: Option<String>,
    base_url: String,
}

impl Asked {
    pub(crate) fn parse(query: &[(String, String)], base_url: String) -> Result<Self> {
        let (mut tags, mut project) = (vec![], None);
        for (name, value) in query {
            match name.as_str() {
                "tag" => tags.push(value.clone()),
                "project" if project.is_none() => project = Some(value.clone()),
                "project" => return Err(Error::invalid("project", "takes one project")),
                _ => return Err(Error::invalid(name, "unrecognized query parameter")),
            }
        }
        Ok(Self {
            tags,
            project,
            base_url,
        })
    }
}

/// The document.
pub(crate) async fn read(source: &Source, asked: Asked) -> Result<String> {
    let project = match asked.project {
        None => None,
        Some(slug) => match source.get(Key::Project(ProjectKey::Slug(slug))).await? {
            At {
                value: Entity::Project(project),
                ..
            } => Some(project.id),
            _ => return Err(Error::internal("a project that is none")),
        },
    };
    let choice = BuilderChoice {
        project,
        tags: asked.tags,
        ..BuilderChoice::default()
    };
    Ok(write(&overview(source, choice).await?, &asked.base_url))
}

fn write(overview: &Overview, base_url: &str) -> String {
    let home = &overview.home;
    let running: HashSet<BuilderId> = home.running.iter().map(|it| it.build.builder).collect();
    let waiting: HashSet<BuilderId> = home.waiting.iter().map(|it| it.request.builder).collect();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Projects>\n");
    for builder in &home.builders {
        let activity = match () {
            () if running.contains(&builder.id) => "Building",
            () if waiting.contains(&builder.id) => "CheckingModifications",
            () => "Sleeping",
        };
        let last = overview.last.get(&builder.id);
        project(&mut xml, builder, activity, last, base_url);
    }
    xml.push_str("</Projects>\n");
    xml
}

fn project(xml: &mut String, builder: &Builder, activity: &str, last: Option<&Build>, base_url: &str) {
    let status = status(last.and_then(|it| it.results));
    let name = escape_xml(&builder.name);
    // Writing to a text never fails.
    let _ = write!(
        xml,
        "  <Project name=\"{name}\" activity=\"{activity}\" lastBuildStatus=\"{status}\""
    );
    if let Some(build) = last {
        let _ = write!(xml, " lastBuildLabel=\"{}\"", build.number);
        if let Some(end) = build.complete_at {
            let _ = write!(xml, " lastBuildTime=\"{}\"", end.to_iso());
        }
    }
    let url = escape_xml(&format!("{base_url}#/builders/{}", builder.id));
    let _ = writeln!(xml, " webUrl=\"{url}\"/>");
}

/// CruiseControl's word. What was skipped, cancelled or lost tells nothing of what was built.
fn status(results: Option<Results>) -> &'static str {
    match results {
        Some(Results::Success | Results::Warnings) => "Success",
        Some(Results::Failure) => "Failure",
        Some(Results::Exception) => "Exception",
        Some(Results::Skipped | Results::Retry | Results::Cancelled) | None => "Unknown",
    }
}
