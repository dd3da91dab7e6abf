//! What people say to the bot on Telegram.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use weir_status_api::ListenerError;

use super::{POLL, Telegram, chat_and_topic};
use crate::bot::{Bot, Heard, Voice as _};

/// How long to wait after an answer that was none, at first.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How long a round takes at least that brought nothing new: a server that does not wait is not asked without a pause.
const LEAST_ROUND: Duration = Duration::from_secs(1);

/// Answers what is said, without end.
pub(super) async fn answer(telegram: &Telegram, bot: &Bot) {
    let mut offset: i64 = bot.mark().await.and_then(|it| it.parse().ok()).unwrap_or(0);
    let mut pause = FIRST_PAUSE;
    let mut name = None;
    loop {
        let begun = Instant::now();
        match round(telegram, bot, &mut name, offset).await {
            Ok(next) => {
                if next == offset {
                    tokio::time::sleep_until(begun + LEAST_ROUND).await;
                }
                offset = next;
                pause = FIRST_PAUSE;
            }
            Err(error) => {
                // Without a token that is taken, or beside another program, there is nothing to do but wait.
                let wait = match error {
                    ListenerError::After(_, wait) => wait,
                    ListenerError::Never(_) => LONGEST_PAUSE,
                    ListenerError::Later(_) => pause,
                };
                tracing::warn!(%error, ?wait, "Telegram gives no updates; trying again");
                tokio::time::sleep(wait).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Asks for updates once, answers them, and gives the offset of the next.
async fn round(
    telegram: &Telegram,
    bot: &Bot,
    name: &mut Option<String>,
    offset: i64,
) -> Result<i64, ListenerError> {
    let name = match name {
        Some(name) => name,
        None => {
            let me = telegram.call(&telegram.http, "getMe", &json!({})).await?;
            name.insert(me["username"].as_str().unwrap_or_default().to_owned())
        }
    };
    let question = json!({ "offset": offset, "timeout": POLL, "limit": 20, "allowed_updates": ["message"] });
    let updates = telegram.call(&telegram.polls, "getUpdates", &question).await?;
    let mut next = offset;
    for update in updates.as_array().into_iter().flatten() {
        if let Some(mut heard) = heard(update, name) {
            heard.operator = is_operator(telegram, &heard, &update["message"]["from"]["id"]).await;
            let lines = bot.hear(&heard).await;
            if !lines.is_empty()
                && let Err(error) = telegram.say(&heard.place, &lines).await
            {
                tracing::warn!(place = heard.place, %error, "an answer did not get there");
            }
        }
        if let Some(id) = update["update_id"].as_i64() {
            // Even if it is lower: ids begin anew after a week without updates, and with another bot's token.
            next = id + 1;
            bot.note_mark(next.to_string()).await;
        }
    }
    Ok(next)
}

/// What was said in the update, if it is a text by somebody. A command begins with `/`, and can have `@` and the name of
/// the bot that it is for behind it.
fn heard(update: &Value, name: &str) -> Option<Heard> {
    let message = &update["message"];
    let (chat, from) = (&message["chat"], &message["from"]);
    let (place, person) = (chat["id"].as_i64()?, from["id"].as_i64()?);
    let text = message["text"].as_str()?.trim();
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let command = first.strip_prefix('/');
    let (word, whose) = command
        .unwrap_or(first)
        .split_once('@')
        .unwrap_or((command.unwrap_or(first), name));
    if !whose.eq_ignore_ascii_case(name) {
        return None;
    }
    // It is how talks with a bot begin.
    let word = if command.is_some() && word == "start" {
        "hello"
    } else {
        word
    };
    let private = chat["type"] == "private";
    let topic = message["message_thread_id"]
        .as_i64()
        .filter(|_| message["is_topic_message"] == true);
    Some(Heard {
        place: super::place(place, topic),
        person: from["username"]
            .as_str()
            .map_or_else(|| person.to_string(), str::to_owned),
        also: vec![format!("id:{person}")],
        private,
        addressed: private || command.is_some(),
        operator: false,
        text: format!("{word} {rest}").trim().to_owned(),
        id: update["update_id"]
            .as_i64()
            .map(|it| format!("telegram {place} {it}")),
    })
}

/// Whether the person is the chat's administrator. Only asked of what is for the bot.
async fn is_operator(telegram: &Telegram, heard: &Heard, person: &Value) -> bool {
    if heard.private || !heard.addressed {
        return false;
    }
    let question = json!({ "chat_id": chat_and_topic(&heard.place).0, "user_id": person });
    match telegram.call(&telegram.http, "getChatMember", &question).await {
        Ok(member) => member["status"] == "creator" || member["status"] == "administrator",
        Err(error) => {
            tracing::warn!(%error, "Telegram does not tell who administers a chat");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, kind: &str) -> Option<Heard> {
        let update = json!({
            "update_id": 7,
            "message": {
                "text": text,
                "chat": { "id": -5, "type": kind },
                "from": { "id": 9, "username": "ada" },
            },
        });
        heard(&update, "weir_bot")
    }

    #[test]
    fn a_command_may_name_the_bot_that_it_is_for() {
        let heard = said("/status@Weir_Bot all", "group").unwrap();
        assert_eq!(
            (heard.text.as_str(), heard.addressed, heard.private),
            ("status all", true, false)
        );
        assert_eq!((heard.place.as_str(), heard.person.as_str()), ("-5", "ada"));
        assert_eq!(heard.also, ["id:9"]);
        assert_eq!(said("/status@other_bot all", "group"), None);
        assert!(!said("status all", "group").unwrap().addressed);
        assert!(said("status all", "private").unwrap().addressed);
        assert_eq!(said("/start", "private").unwrap().text, "hello");
    }
}
