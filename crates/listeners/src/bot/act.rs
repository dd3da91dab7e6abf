//! Commands that act: `force` and `stop`.

use std::collections::BTreeMap;

use serde_json::Value;
use weir_status_api::{
    Build, BuildKey, BuilderKey, ControlExt as _, ForceParams, ForceScheduler, ForceSchedulerField, Key, Op,
    Outcome, Query, ReadExt as _,
};

use super::commands::Command;
use super::{Answer, Bot, Heard, Line, Refusal, build_key, words};

/// The options of `force build`; `builder` and `reason` can be given as words too.
const FORCE: [&str; 9] = [
    "branch",
    "revision",
    "repository",
    "project",
    "codebase",
    "props",
    "scheduler",
    "builder",
    "reason",
];

/// Asks a force scheduler for a build.
pub(super) async fn force(
    bot: &Bot,
    command: &'static Command,
    heard: &Heard,
    mut words: Vec<String>,
) -> Answer {
    if words.first().is_none_or(|it| it != "build") {
        return Err(Refusal::Usage(command));
    }
    words.remove(0);
    let sorted = words::options(words, &FORCE).map_err(Refusal::Cannot)?;
    let mut wish = Wish::of(sorted.options)?;
    let mut words = sorted.words.into_iter();
    let builder = match wish.one("builder").or_else(|| words.next()) {
        Some(name) => bot.builder(&name).await?,
        None => return Err(Refusal::Usage(command)),
    };
    let reason = wish
        .one("reason")
        .unwrap_or_else(|| words.collect::<Vec<_>>().join(" "));
    let scheduler = bot
        .scheduler(&builder.name, wish.one("scheduler"), wish.one("codebase"))
        .await?;
    let params = ForceParams {
        builders: vec![builder.name.clone()],
        reason: Some(why("forced", heard, &reason)),
        priority: None,
        branch: wish.one("branch"),
        revision: wish.one("revision"),
        repository: wish.one("repository"),
        project: wish.one("project"),
        values: wish.properties,
        idempotency_key: heard
            .id
            .as_ref()
            .map(|id| words::head(&format!("bot {id}"), 200).to_owned()),
    };
    let outcome = bot
        .desk
        .api()
        .force(&bot.options.caller, &scheduler.name, params)
        .await?;
    let request = match outcome {
        Outcome::Buildset { requests, .. } => requests.get(&builder.id).map(|it| format!(" (request {it})")),
        _ => None,
    };
    Ok(vec![Line::plain(format!(
        "A build of {} is asked for{}.",
        words::shortened(&builder.name, 100),
        request.unwrap_or_default()
    ))])
}

/// Stops builds of a builder: all that run, or the one of a number.
pub(super) async fn stop(bot: &Bot, command: &'static Command, heard: &Heard, words: Vec<String>) -> Answer {
    let [what, which, reason @ ..] = &words[..] else {
        return Err(Refusal::Usage(command));
    };
    if what != "build" || reason.is_empty() {
        return Err(Refusal::Usage(command));
    }
    let (builder, builds) = bot.to_stop(which).await?;
    let reason = why("stopped", heard, &reason.join(" "));
    let mut lines = vec![];
    for build in builds {
        let key = BuildKey::Id(build.id);
        bot.desk
            .api()
            .stop_build(&bot.options.caller, key, &reason)
            .await?;
        lines.push(Line::plain(format!(
            "Build {} is told to stop.",
            bot.named(&builder, build.number)
        )));
    }
    match lines.is_empty() {
        true => Err(Refusal::Cannot("No build of it runs now.".to_owned())),
        false => Ok(lines),
    }
}

/// Who wanted it and why: `forced by ada on #weir: before the release`.
fn why(done: &str, heard: &Heard, reason: &str) -> String {
    let place = if heard.private {
        String::new()
    } else {
        format!(" on {}", heard.place)
    };
    let reason = if reason.is_empty() {
        String::new()
    } else {
        format!(": {reason}")
    };
    format!("{done} by {}{place}{reason}", heard.person)
}

/// What `force build` was given as options.
struct Wish {
    options: BTreeMap<&'static str, String>,
    properties: BTreeMap<String, Value>,
}

impl Wish {
    fn of(given: Vec<(&'static str, String)>) -> Result<Self, Refusal> {
        let mut wish = Self {
            options: BTreeMap::new(),
            properties: BTreeMap::new(),
        };
        for (name, value) in given {
            if name == "props" {
                wish.add_properties(&value)?;
            } else if wish.options.insert(name, value).is_some() {
                return Err(Refusal::Cannot(format!("The option '--{name}' is given twice.")));
            }
        }
        Ok(wish)
    }

    /// Adds `NAME=VALUE,…`.
    fn add_properties(&mut self, text: &str) -> Result<(), Refusal> {
        for part in text.split(',').filter(|it| !it.is_empty()) {
            let Some((name, value)) = part.split_once('=') else {
                let part = words::shortened(part, 40);
                return Err(Refusal::Cannot(format!(
                    "'{part}' is no property; write NAME=VALUE."
                )));
            };
            self.properties.insert(name.to_owned(), value.into());
        }
        Ok(())
    }

    /// The option's value, once; none if it is empty.
    fn one(&mut self, name: &str) -> Option<String> {
        self.options.remove(name).filter(|it| !it.is_empty())
    }
}

impl Bot {
    /// The force scheduler to go by: that of the name, else the first by name that can start the builder now and is of
    /// the codebase.
    async fn scheduler(
        &self,
        builder: &str,
        name: Option<String>,
        codebase: Option<String>,
    ) -> Result<ForceScheduler, Refusal> {
        let api = self.desk.api();
        if let Some(name) = name {
            return Ok(api.one(Key::ForceScheduler(name)).await?.value);
        }
        let query = Query::<ForceScheduler>::new()
            .filter(ForceSchedulerField::Builders, Op::Contains, vec![builder.into()])
            .eq(ForceSchedulerField::Enabled, true)
            .ascending(ForceSchedulerField::Name);
        let found = api.page(query).await?.items;
        let fits = |it: &ForceScheduler| {
            codebase
                .as_ref()
                .is_none_or(|codebase| it.defaults.codebase == *codebase)
        };
        found.into_iter().find(fits).ok_or_else(|| {
            let builder = words::shortened(builder, 100);
            Refusal::Cannot(format!("No force scheduler that is enabled starts {builder}."))
        })
    }

    /// The builder, and its builds that run: of `tests` all, of `tests/17` that one.
    async fn to_stop(&self, which: &str) -> Result<(weir_status_api::Builder, Vec<Build>), Refusal> {
        // A builder's name may hold a slash too: the whole is tried first.
        let numbered = which
            .rsplit_once('/')
            .and_then(|(name, number)| Some((name, number.parse().ok()?)));
        let Some((name, number)) = numbered else {
            let builder = self.builder(which).await?;
            let builds = self.running(&builder).await?;
            return Ok((builder, builds));
        };
        let whole = Key::Builder(BuilderKey::Name(which.to_owned()));
        if let Ok(builder) = self.desk.api().one::<weir_status_api::Builder>(whole).await {
            let builds = self.running(&builder.value).await?;
            return Ok((builder.value, builds));
        }
        let builder = self.builder(name).await?;
        let build: Build = self
            .desk
            .api()
            .one(Key::Build(build_key(&builder, number)))
            .await?
            .value;
        let builds = if build.complete_at.is_none() {
            vec![build]
        } else {
            vec![]
        };
        Ok((builder, builds))
    }
}
