//! `/cc.xml`: the builders as CruiseControl's projects, for tray icons, lamps and wall displays.

use std::collections::HashSet;
use std::fmt::Write;

use weir_status_api::{
    At, Build, Builder, BuilderChoice, BuilderId, Entity, Error, Key, ProjectKey, Result, Results, Timestamp,
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
            let _ = write!(xml, " lastBuildTime=\"{}\"", iso_8601(end));
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

/// The moment in UTC, to the second.
fn iso_8601(at: Timestamp) -> String {
    let (days, second) = (at.as_secs().div_euclid(86_400), at.as_secs().rem_euclid(86_400));
    // Years that begin with March, in eras of 400 years, so that a leap day is the last of its year.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = era * 400 + year + next;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_iso_8601_has_them() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_234_567_890, "2009-02-13T23:31:30Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(iso_8601(Timestamp::from_secs(seconds)), text);
        }
    }
}
