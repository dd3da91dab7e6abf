//! Commands that look: `status`, `last` and `list`.

use std::collections::BTreeSet;
use std::time::Duration;

use weir_status_api::{
    Build, BuildField, Builder, BuilderField, BuilderId, Change, ChangeField, Query, ReadExt as _, Step,
    StepField, Worker, WorkerField,
};

use super::commands::Command;
use super::{Answer, Bot, Line, Refusal, went, words};

/// How many builders, workers or changes one answer looks at.
const MOST: u32 = 100;

/// How many changes are listed unless more are asked for.
const CHANGES: u32 = 10;

/// What builders do. Without a name those that have a worker now.
pub(super) async fn status(bot: &Bot, command: &'static Command, words: &[String]) -> Answer {
    let mut lines = vec![];
    let online = bot.online().await?;
    let builders = bot.asked_for(command, words, &online).await?;
    for builder in builders.iter().take(bot.shown(builders.len())) {
        lines.push(bot.status_of(builder, &online).await?);
    }
    lines.extend(bot.and_more(builders.len()));
    Ok(or_nothing(lines, "No builder has a worker now."))
}

/// How the last builds went. Without a name of those builders that have a worker now.
pub(super) async fn last(bot: &Bot, command: &'static Command, words: &[String]) -> Answer {
    let mut lines = vec![];
    let online = bot.online().await?;
    let builders = bot.asked_for(command, words, &online).await?;
    for builder in builders.iter().take(bot.shown(builders.len())) {
        let name = words::shortened(&builder.name, 100);
        lines.push(match bot.last_build(builder).await? {
            Some(build) => Line::with(format!("{name}: {}.", bot.ended(builder, &build)), build.results),
            None => Line::plain(format!("{name}: nothing was built yet.")),
        });
    }
    lines.extend(bot.and_more(builders.len()));
    Ok(or_nothing(lines, "No builder has a worker now."))
}

/// The builders, workers or newest changes.
pub(super) async fn list(bot: &Bot, command: &'static Command, words: &[String]) -> Answer {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (all, number, kind) = match words[..] {
        [kind] => (false, CHANGES, kind),
        ["all", kind] => (true, MOST, kind),
        [number, kind] => (false, number.parse().map_err(|_| Refusal::Usage(command))?, kind),
        _ => return Err(Refusal::Usage(command)),
    };
    match kind {
        "builders" => bot.list_builders(all).await,
        "workers" => bot.list_workers(all).await,
        "changes" => bot.list_changes(number.clamp(1, MOST)).await,
        _ => Err(Refusal::Usage(command)),
    }
}

impl Bot {
    /// The builders that a worker serves which is connected now.
    pub(super) async fn online(&self) -> Result<BTreeSet<BuilderId>, Refusal> {
        let mut online = BTreeSet::new();
        let mut pages = self.desk.api().pages(Query::<Worker>::new());
        while let Some(page) = pages.next().await? {
            let connected = page.items.iter().filter(|it| !it.connected_to.is_empty());
            online.extend(connected.flat_map(|it| &it.configured_on).map(|it| it.builder));
        }
        Ok(online)
    }

    /// The builders that the words of a command name: one, `all`, or none for those that are online.
    async fn asked_for(
        &self,
        command: &'static Command,
        words: &[String],
        online: &BTreeSet<BuilderId>,
    ) -> Result<Vec<Builder>, Refusal> {
        match words {
            [] => {
                let mut builders = self.configured().await?;
                builders.retain(|it| online.contains(&it.id));
                Ok(builders)
            }
            [all] if all == "all" => self.configured().await,
            [name] => Ok(vec![self.builder(name).await?]),
            _ => Err(Refusal::Usage(command)),
        }
    }

    /// The first builders, by name, that a master has configured.
    async fn configured(&self) -> Result<Vec<Builder>, Refusal> {
        let mut configured = vec![];
        let query = Query::<Builder>::new().ascending(BuilderField::Name);
        let mut pages = self.desk.api().pages(query);
        while configured.len() < MOST as usize
            && let Some(page) = pages.next().await?
        {
            configured.extend(page.items.into_iter().filter(|it| !it.masters.is_empty()));
        }
        configured.truncate(MOST as usize);
        Ok(configured)
    }

    /// The builds of the builder that run now, by number.
    pub(super) async fn running(&self, builder: &Builder) -> Result<Vec<Build>, Refusal> {
        let query = Query::<Build>::new()
            .eq(BuildField::Builder, builder.id)
            .eq(BuildField::Complete, false)
            .ascending(BuildField::Number)
            .limit(MOST);
        Ok(self.desk.api().page(query).await?.items)
    }

    async fn last_build(&self, builder: &Builder) -> Result<Option<Build>, Refusal> {
        let query = Query::<Build>::new()
            .eq(BuildField::Builder, builder.id)
            .eq(BuildField::Complete, true)
            .descending(BuildField::Number)
            .limit(1);
        Ok(self.desk.api().page(query).await?.items.pop())
    }

    async fn status_of(&self, builder: &Builder, online: &BTreeSet<BuilderId>) -> Result<Line, Refusal> {
        let name = words::shortened(&builder.name, 100);
        let mut parts = vec![];
        for build in self.running(builder).await? {
            let doing = self.doing(&build).await?;
            parts.push(format!("build {} ({doing})", self.named(builder, build.number)));
        }
        if !parts.is_empty() {
            return Ok(Line::plain(format!("{name}: builds {}.", parts.join(", "))));
        }
        let state = if online.contains(&builder.id) {
            "idle"
        } else {
            "offline"
        };
        Ok(match self.last_build(builder).await? {
            Some(build) => Line::with(
                format!("{name}: {state}, {}.", self.ended(builder, &build)),
                build.results,
            ),
            None => Line::plain(format!("{name}: {state}, nothing was built yet.")),
        })
    }

    /// What the build does now: its step's words.
    async fn doing(&self, build: &Build) -> Result<String, Refusal> {
        let query = Query::<Step>::new()
            .eq(StepField::Build, build.id)
            .eq(StepField::Complete, false)
            .ascending(StepField::Number)
            .limit(1);
        let step = self.desk.api().page(query).await?.items.pop();
        Ok(step.map_or_else(
            || "no step runs".to_owned(),
            |step| words::shortened(&format!("{}: {}", step.name, step.state), 100),
        ))
    }

    /// That the build ended, when and how: `build tests/17 failed 5 minutes ago: 3 tests failed`.
    fn ended(&self, builder: &Builder, build: &Build) -> String {
        let now = self.clock.now();
        let ago = build
            .complete_at
            .map_or_else(String::new, |at| format!(" {}", ago(now.since(at))));
        let state = match build.results {
            Some(weir_status_api::Results::Success) | None => String::new(),
            Some(_) => format!(": {}", words::shortened(&build.state, 200)),
        };
        format!(
            "build {} {}{ago}{state}",
            self.named(builder, build.number),
            went(build.results)
        )
    }

    async fn list_builders(&self, all: bool) -> Answer {
        let online = self.online().await?;
        let builders = self.configured().await?;
        let names = builders.iter().filter_map(|it| match online.contains(&it.id) {
            true => Some(words::shortened(&it.name, 100)),
            false => all.then(|| format!("{} (offline)", words::shortened(&it.name, 100))),
        });
        Ok(listed("builders", names.collect()))
    }

    async fn list_workers(&self, all: bool) -> Answer {
        let query = Query::<Worker>::new().ascending(WorkerField::Name).limit(MOST);
        let workers = self.desk.api().page(query).await?.items;
        let names = workers.iter().filter_map(|it| {
            let name = words::shortened(&it.name, 100);
            match (it.configured_on.is_empty(), it.connected_to.is_empty()) {
                (false, false) if it.paused => Some(format!("{name} (paused)")),
                (false, false) => Some(name),
                (false, true) => Some(format!("{name} (not connected)")),
                (true, _) => all.then(|| format!("{name} (not configured)")),
            }
        });
        Ok(listed("workers", names.collect()))
    }

    async fn list_changes(&self, number: u32) -> Answer {
        let query = Query::<Change>::new().descending(ChangeField::Id).limit(number);
        let mut changes = self.desk.api().page(query).await?.items;
        changes.reverse();
        let line = |it: &Change| {
            let title = words::shortened(it.comments.lines().next().unwrap_or_default(), 100);
            let revision = words::head(it.revision.as_deref().unwrap_or("no revision"), 12);
            let branch = it
                .branch
                .as_deref()
                .map(|it| format!(" on {it}"))
                .unwrap_or_default();
            let author = words::shortened(it.author.split(" <").next().unwrap_or_default(), 60);
            Line::plain(format!(
                "{revision}{branch} by {author}, {}: {title}",
                it.when.to_iso()
            ))
        };
        Ok(or_nothing(
            changes.iter().map(line).collect(),
            "There are no changes.",
        ))
    }
}

/// Names on one line.
fn listed(what: &str, names: Vec<String>) -> Vec<Line> {
    match names.is_empty() {
        true => vec![Line::plain(format!("There are no {what}."))],
        false => vec![Line::plain(format!(
            "I found these {what}: {}.",
            names.join(", ")
        ))],
    }
}

fn or_nothing(lines: Vec<Line>, nothing: &str) -> Vec<Line> {
    match lines.is_empty() {
        true => vec![Line::plain(nothing)],
        false => lines,
    }
}

/// A length of time for people, in its largest whole unit: `5 minutes ago`.
fn ago(time: Duration) -> String {
    let seconds = time.as_secs();
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{end} ago")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_told_in_its_largest_unit() {
        for (seconds, text) in [
            (0, "0 seconds ago"),
            (1, "1 second ago"),
            (119, "1 minute ago"),
            (7200, "2 hours ago"),
            (90_000, "1 day ago"),
        ] {
            assert_eq!(ago(Duration::from_secs(seconds)), text);
        }
    }
}
