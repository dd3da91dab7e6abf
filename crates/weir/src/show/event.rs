//! An event on one line.

use weir_status_api::{ControlTarget, Entity, Event};

use super::{paint, plain, results};

/// The event as a line: its cursor, its topic, and what people want to know.
pub(crate) fn line(event: &Event) -> String {
    let topic = event.topics().first().map_or(String::new(), ToString::to_string);
    format!(
        "{} {} {}",
        paint(&format!("{:>8}", event.cursor), "2"),
        paint(&format!("{topic:<32}"), "36"),
        summary(&event.entity)
    )
}

fn summary(entity: &Entity) -> String {
    match entity {
        Entity::Master(it) => plain(&it.name),
        Entity::Builder(it) => plain(&it.name),
        Entity::Worker(it) => plain(&it.name),
        Entity::Scheduler(it) => format!(
            "{}{}",
            plain(&it.name),
            if it.enabled { "" } else { " (disabled)" }
        ),
        Entity::ForceScheduler(it) => plain(&it.name),
        Entity::Change(it) => format!("{}: {}", plain(&it.author), first_line(&it.comments)),
        Entity::SourceStamp(it) => plain(it.revision.as_deref().unwrap_or_default()),
        Entity::Buildset(it) => ended(it.results, &it.reason),
        Entity::BuildRequest(it) => ended(it.results, &format!("builder {}", it.builder)),
        Entity::Build(it) => ended(
            it.results,
            &format!("builder {} #{}: {}", it.builder, it.number, it.state),
        ),
        Entity::Step(it) => ended(it.results, &format!("{}: {}", it.name, it.state)),
        Entity::Log(it) => format!("{}: {} lines", plain(&it.name), it.num_lines),
        Entity::Properties(it) => {
            let names: Vec<&str> = it.changed.keys().map(String::as_str).collect();
            plain(&names.join(", "))
        }
        Entity::Control(it) => {
            let target = match it.target {
                ControlTarget::Build(id) => format!("build {id}"),
                ControlTarget::BuildRequest(id) => format!("build request {id}"),
                ControlTarget::Worker(id) => format!("worker {id}"),
            };
            let why = it.reason.as_deref().unwrap_or_default();
            plain(&format!("{} {target} by {} {why}", it.action.name(), it.caller))
        }
    }
}

fn ended(how: Option<weir_status_api::Results>, text: &str) -> String {
    match how {
        Some(how) => format!("{} {}", results(how), plain(text)),
        None => plain(text),
    }
}

fn first_line(text: &str) -> String {
    plain(text.lines().next().unwrap_or_default())
}
