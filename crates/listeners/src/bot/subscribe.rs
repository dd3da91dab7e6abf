//! Commands about what a place is told of: `notify`, `watch`, `mute` and `unmute`.

use weir_status_api::{Master, Query, ReadExt as _};

use super::commands::Command;
use super::memory::{MOST_WATCHED, Memory, Wanted};
use super::{Answer, Bot, Heard, Line, Refusal, words};

/// Changes or lists what the place is told of.
pub(super) async fn notify(bot: &Bot, command: &'static Command, heard: &Heard, words: &[String]) -> Answer {
    let Some((action, events)) = words.split_first() else {
        return Err(Refusal::Usage(command));
    };
    let mut wanted = vec![];
    for event in events {
        wanted.push(Wanted::from_name(event).ok_or(Refusal::Usage(command))?);
    }
    let mut memory = bot.memory.lock().await;
    bot.know_where(&mut memory).await?;
    match (action.as_str(), wanted.is_empty()) {
        ("list", _) => return Ok(told_of(&memory.place(&heard.place).events())),
        ("on", true) => memory.want(&heard.place, &[Wanted::Started, Wanted::Finished])?,
        ("on", false) => memory.want(&heard.place, &wanted)?,
        ("off", true) => memory.want_no_more(&heard.place, &Wanted::ALL),
        ("off", false) => memory.want_no_more(&heard.place, &wanted),
        _ => return Err(Refusal::Usage(command)),
    }
    let mut lines = told_of(&memory.place(&heard.place).events());
    lines.extend(bot.kept(&mut memory).await);
    Ok(lines)
}

/// Has the place told when the builder's builds end that run now.
pub(super) async fn watch(bot: &Bot, command: &'static Command, heard: &Heard, words: &[String]) -> Answer {
    let [name] = words else {
        return Err(Refusal::Usage(command));
    };
    let builder = bot.builder(name).await?;
    // Held from before the look at what runs: an end in between is told of by the notices after this.
    let mut memory = bot.memory.lock().await;
    bot.know_where(&mut memory).await?;
    let builds = bot.running(&builder).await?;
    if builds.is_empty() {
        return Err(Refusal::Cannot("No build of it runs now.".to_owned()));
    }
    let mut lines = vec![];
    for build in builds {
        if !memory.watch(&heard.place, build.id)? {
            return Err(Refusal::Cannot(format!(
                "I watch {MOST_WATCHED} builds here already; wait until some have ended."
            )));
        }
        let build = bot.named(&builder, build.number);
        lines.push(Line::plain(format!("I tell you when build {build} has ended.")));
    }
    lines.extend(bot.kept(&mut memory).await);
    Ok(lines)
}

/// Makes the bot silent at the place, or lets it talk.
pub(super) async fn mute(bot: &Bot, heard: &Heard, muted: bool) -> Answer {
    let mut memory = bot.memory.lock().await;
    let was = memory.is_muted(&heard.place);
    memory.mute(&heard.place, muted)?;
    let text = match (was, muted) {
        (_, true) => "I am silent here until 'unmute'.",
        (true, false) => "I talk again.",
        (false, false) => "Nobody told me to be silent.",
    };
    let mut lines = vec![Line::plain(text)];
    lines.extend(bot.kept(&mut memory).await);
    Ok(lines)
}

impl Bot {
    /// Sees that it is known up to where events are told of, so that what is asked for now is told from here on, whenever
    /// the bot is restarted.
    async fn know_where(&self, memory: &mut Memory) -> Result<(), Refusal> {
        if memory.after().is_none() {
            let page = self.desk.api().page(Query::<Master>::new().limit(1)).await?;
            memory.set_after(Some(page.cursor));
        }
        Ok(())
    }

    /// Keeps what is remembered; a line if that failed.
    pub(super) async fn kept(&self, memory: &mut Memory) -> Option<Line> {
        let error = memory.keep(&self.desk).await.err()?;
        tracing::warn!(%error, "what the bot is to remember cannot be kept");
        Some(Line::plain(
            "I shall forget this when I am restarted: it could not be kept.",
        ))
    }
}

fn told_of(events: &[Wanted]) -> Vec<Line> {
    let names: Vec<&str> = events.iter().map(|it| it.name()).collect();
    let text = match names.is_empty() {
        true => "I tell of nothing here.".to_owned(),
        false => format!("I tell here of: {}.", words::shortened(&names.join(", "), 400)),
    };
    vec![Line::plain(text)]
}
