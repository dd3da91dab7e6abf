//! Chats and telephones.

use super::destinations::Draft;
use super::generators::{ends, starts_and_ends};
use crate::arguments::strings;
use crate::configuration::Converter;
use crate::recording::Value;
use crate::starlark::{Call, dict, plain_list, quote};

impl<'r> Converter<'r> {
    pub(super) fn pushover(&mut self, draft: &mut Draft<'r>, at: Option<&str>) {
        let token = draft.arguments.take("api_token");
        match draft.arguments.take("user_key") {
            Some(Value::Text(user)) => draft.call.set("users", plain_list([quote(user)])),
            _ => {
                draft.call.set("users", plain_list([quote("USER")]));
                draft.lacks.push("write the user's key".to_owned());
            }
        }
        self.secret(draft, token, "token");
        if let Some(Value::Dict(priorities)) = draft.arguments.take("priorities") {
            let pairs = priorities
                .iter()
                .filter_map(|(mode, number)| match (mode, number) {
                    (Value::Text(mode), Value::Int(number)) => {
                        Some((quote(results_of(mode)?), number.to_string()))
                    }
                    _ => None,
                });
            draft.call.set("priorities", dict(&pairs.collect::<Vec<_>>()));
        }
        self.told(draft, &[ends()], at);
    }

    pub(super) fn zulip(&mut self, draft: &mut Draft<'r>, at: Option<&str>) {
        self.plain(draft, "endpoint", "server");
        draft.call.set("email", quote("BOT@example.org"));
        // Buildbot's is the key of an incoming webhook, which its bot has too.
        let token = draft.arguments.take("token");
        self.secret(draft, token, "key");
        self.plain(draft, "stream", "channel");
        draft
            .lacks
            .push("write the address of the bot whose key it is".to_owned());
        self.told(draft, &[starts_and_ends()], at);
    }

    pub(super) fn irc(&mut self, draft: &mut Draft<'r>, at: Option<&str>) {
        let host = draft.arguments.text("host").unwrap_or("irc.example.org");
        let server = match draft.arguments.take("port") {
            Some(Value::Int(port)) => format!("{host}:{port}"),
            _ => format!("{host}:6667"),
        };
        draft.call.set("server", quote(&server));
        self.plain(draft, "nick", "nick");
        if let Some(Value::List(channels)) = draft.arguments.take("channels") {
            let names: Vec<String> = channels.iter().filter_map(channel).collect();
            draft
                .call
                .set("channels", plain_list(names.iter().map(|it| quote(it))));
        }
        if let Some(nicks) = draft.arguments.take("pm_to_nicks").and_then(strings) {
            draft
                .call
                .set("nicks", plain_list(nicks.iter().map(|it| quote(it))));
        }
        let tls = draft.arguments.truth("useSSL") == Some(true);
        draft.call.set("tls", if tls { "True" } else { "False" });
        if draft.arguments.truth("useSASL") == Some(true) {
            draft.call.set("sasl", quote("plain"));
        }
        let password = draft.arguments.take("password");
        self.secret(draft, password, "password");
        if draft.arguments.truth("noticeOnChannel") == Some(true) {
            draft.call.set("notice", "True");
        }
        draft.arguments.forget(&[
            "useColors",
            "lostDelay",
            "failedDelay",
            "showBlameList",
            "useRevisions",
        ]);
        self.chat(draft, at);
    }

    pub(super) fn telegram(&mut self, draft: &mut Draft<'r>, at: Option<&str>) {
        let token = draft.arguments.take("bot_token");
        self.secret(draft, token, "token");
        let chats: Vec<String> = match draft.arguments.take("chat_ids") {
            Some(Value::List(ids)) => ids
                .iter()
                .filter_map(|it| match it {
                    Value::Int(id) => Some(quote(&id.to_string())),
                    Value::Text(id) => Some(quote(id)),
                    _ => None,
                })
                .collect(),
            _ => vec![],
        };
        if chats.is_empty() {
            draft.lacks.push("write the chats that are told".to_owned());
        }
        draft.call.set("chats", plain_list(chats));
        draft.arguments.forget(&[
            "bot_username",
            "showBlameList",
            "useRevisions",
            "useWebhook",
            "pollTimeout",
            "retryDelay",
        ]);
        self.chat(draft, at);
    }

    /// What a bot tells by itself: its `notify_events`.
    fn chat(&mut self, draft: &mut Draft<'r>, at: Option<&str>) {
        let tags = draft.arguments.take("tags").and_then(|it| self.patterns(it));
        let events = draft.arguments.take("notify_events").and_then(strings);
        let events = events.unwrap_or_else(|| {
            ["exception", "problem", "recovery", "worker"]
                .map(str::to_owned)
                .to_vec()
        });
        let mut modes: Vec<&str> = vec![];
        let mut report = Call::new("build_report");
        for event in &events {
            let mode = match event.as_str() {
                "success" => "passing",
                "failure" => "failing",
                "warnings" => "warnings",
                "exception" => "exception",
                "cancelled" => "cancelled",
                "problem" => "problem",
                "recovery" | "better" | "worse" => "change",
                _ if event.contains("To") => "change",
                _ => continue,
            };
            if !modes.contains(&mode) {
                modes.push(mode);
            }
        }
        let finished = events.iter().any(|it| it == "finished");
        if !finished && !modes.is_empty() {
            report.set("mode", plain_list(modes.iter().map(|it| quote(it))));
        }
        if events.iter().any(|it| it == "started") {
            report.set("start", "True");
        }
        report.set_some("tags", tags);
        let mut usual = vec![report];
        if events.iter().any(|it| it == "worker") {
            usual.push(Call::new("worker_report"));
        }
        self.told(draft, &usual, at);
    }
}

/// A channel's name, and not its password.
fn channel(value: &Value) -> Option<String> {
    match value {
        Value::Text(name) => Some(name.clone()),
        Value::Dict(parts) => parts.iter().find_map(|(key, value)| match (key, value) {
            (Value::Text(key), Value::Text(name)) if key == "channel" => Some(name.clone()),
            _ => None,
        }),
        _ => None,
    }
}

/// The results that Buildbot's word for a mode is of.
fn results_of(mode: &str) -> Option<&'static str> {
    Some(match mode {
        "passing" => "success",
        "failing" => "failure",
        "warnings" => "warnings",
        "exception" => "exception",
        "cancelled" => "cancelled",
        _ => return None,
    })
}
