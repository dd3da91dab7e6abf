//! What goes over `/ws`: Buildbot's commands, answers and events, as JSON in text frames.
//!
//! # Extensions
//! - `startConsuming` takes `since`, a cursor after which the path's events are wanted, and `bookmarks`. A
//!   connection that gave one of them is a reader of cursors: its answers have a `cursor`, and between its events
//!   come bookmarks, `{"bookmark":true,"cursor":130}`.
//! - An event has `cursor` and `at_us` beside Buildbot's `k` and `m`.

use serde_json::{Map, Value, json};
use weir_status_api::{Cursor, Error, Event, Topic, TopicPattern};

use super::error::{details, status};

/// What a client asks for in a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketCommand {
    /// Send the events that match.
    Start {
        /// Which.
        pattern: TopicPattern,
        /// After which cursor; none for those from now on.
        since: Option<Cursor>,
        /// Whether bookmarks are wanted.
        bookmarks: bool,
    },
    /// Send them no longer.
    Stop {
        /// Which.
        pattern: TopicPattern,
    },
    /// Say something.
    Ping,
}

/// A frame of a client.
#[derive(Clone, Debug, PartialEq)]
pub struct SocketFrame {
    /// What the answer shall repeat.
    pub id: Value,
    /// What is asked for.
    pub command: SocketCommand,
}

impl SocketFrame {
    /// Reads a frame.
    ///
    /// # Errors
    /// The answer to a frame that is none, with Buildbot's words where it has some.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut frame = match serde_json::from_slice(bytes) {
            Ok(Value::Object(frame)) => frame,
            Ok(_) => return Err(refusal(400, "a frame is a JSON object", &Value::Null)),
            Err(error) => {
                let why = format!("a frame is a JSON object: {error}");
                return Err(refusal(400, &why, &Value::Null));
            }
        };
        let mut take = |name: &str| frame.remove(name).filter(|it| !it.is_null());
        let (id, kind, command) = (take("_id"), take("type"), take("cmd"));
        if id.is_none() && kind.is_none() {
            let why = "no '_id' or 'type' in websocket frame";
            return Err(refusal(400, why, &Value::Null));
        }
        let id = id.unwrap_or_default();
        let Some(command) = command else {
            return Err(refusal(400, "no 'cmd' in websocket frame", &Value::Null));
        };
        let command = match command.as_str() {
            Some("startConsuming") => start(frame),
            Some("stopConsuming") => stop(frame),
            Some("ping") => nothing_else(&frame).map(|()| SocketCommand::Ping),
            _ => {
                let name = command
                    .as_str()
                    .map_or_else(|| command.to_string(), str::to_owned);
                return Err(refusal(404, &format!("no such command type '{name}'"), &id));
            }
        };
        match command {
            Ok(command) => Ok(Self { id, command }),
            Err(why) => Err(refusal(400, &format!("Invalid method argument '{why}'"), &id)),
        }
    }
}

fn start(mut frame: Map<String, Value>) -> Result<SocketCommand, String> {
    let pattern = path(&mut frame)?;
    let since = match frame.remove("since") {
        None | Some(Value::Null) => None,
        Some(since) => {
            let cursor = since.as_i64().filter(|it| *it >= 0).map(Cursor);
            Some(cursor.ok_or_else(|| format!("since: {since} is no cursor"))?)
        }
    };
    let bookmarks = match frame.remove("bookmarks") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(wanted)) => wanted,
        Some(_) => return Err("bookmarks: is neither true nor false".to_owned()),
    };
    nothing_else(&frame)?;
    Ok(SocketCommand::Start {
        pattern,
        since,
        bookmarks,
    })
}

fn stop(mut frame: Map<String, Value>) -> Result<SocketCommand, String> {
    let pattern = path(&mut frame)?;
    nothing_else(&frame)?;
    Ok(SocketCommand::Stop { pattern })
}

fn path(frame: &mut Map<String, Value>) -> Result<TopicPattern, String> {
    match frame.remove("path") {
        Some(Value::String(text)) => TopicPattern::parse(&text).map_err(|error| error.to_string()),
        Some(_) => Err("path: is no text".to_owned()),
        None => Err("path: is missing".to_owned()),
    }
}

fn nothing_else(frame: &Map<String, Value>) -> Result<(), String> {
    match frame.keys().next() {
        Some(name) => Err(format!("{name}: is unknown here")),
        None => Ok(()),
    }
}

/// The answer to a command that was carried out. `cursor` is for readers of cursors: where the events of a path
/// begin.
pub fn socket_ok(id: &Value, cursor: Option<Cursor>) -> String {
    let mut answer = json!({"msg": "OK", "code": 200, "_id": id});
    if let Some(Cursor(cursor)) = cursor {
        answer["cursor"] = cursor.into();
    }
    answer.to_string()
}

/// The answer to a ping.
pub fn socket_pong(id: &Value) -> String {
    json!({"msg": "pong", "code": 200, "_id": id}).to_string()
}

/// The answer to a command that failed; `id` is null where it is no answer. Beside Buildbot's `error` and `code`,
/// an HTTP status, stands (an extension) what belongs to the error, such as `oldest`.
pub fn socket_error(error: &Error, id: &Value) -> String {
    let mut answer = details(error);
    // Here `code` is Buildbot's: a number.
    answer["code"] = status(error).into();
    answer["error"] = match error {
        Error::Internal { why } => format!("Internal Error '{why}'"),
        error => error.to_string(),
    }
    .into();
    answer["_id"] = id.clone();
    answer.to_string()
}

/// The answer to the wish to stop what never began.
pub fn socket_not_consumed(pattern: &TopicPattern, id: &Value) -> String {
    refusal(400, &format!("path was not consumed '{pattern}'"), id)
}

fn refusal(code: u16, why: &str, id: &Value) -> String {
    json!({"error": why, "code": code, "_id": id}).to_string()
}

/// The event under `topic`; `message` is the JSON text of its resource.
pub fn socket_event(event: &Event, topic: &Topic, message: &str) -> String {
    let (key, at, cursor) = (json!(topic.to_string()), event.at.as_micros(), event.cursor);
    format!(r#"{{"k":{key},"m":{message},"cursor":{cursor},"at_us":{at}}}"#)
}

/// That every event of the connection's paths up to `cursor` has been sent.
pub fn socket_bookmark(cursor: Cursor) -> String {
    format!(r#"{{"bookmark":true,"cursor":{cursor}}}"#)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(text: &str) -> Value {
        let answer = SocketFrame::parse(text.as_bytes()).expect_err(text);
        serde_json::from_str(&answer).unwrap()
    }

    #[test]
    fn frames_are_read_or_refused_in_buildbots_words() {
        let text = r#"{"cmd":"startConsuming","path":"builds/*/*","_id":1}"#;
        let frame = SocketFrame::parse(text.as_bytes()).unwrap();
        assert_eq!(frame.id, json!(1));
        let command = SocketCommand::Start {
            pattern: TopicPattern::parse("builds/*/*").unwrap(),
            since: None,
            bookmarks: false,
        };
        assert_eq!(frame.command, command);
        for (text, code, error, id) in [
            (
                r#"{"cmd":"ping"}"#,
                400,
                "no '_id' or 'type' in websocket frame",
                json!(null),
            ),
            (r#"{"_id":1}"#, 400, "no 'cmd' in websocket frame", json!(null)),
            (
                r#"{"_id":1,"cmd":"x"}"#,
                404,
                "no such command type 'x'",
                json!(1),
            ),
            (
                r#"{"_id":"a","cmd":"stopConsuming"}"#,
                400,
                "Invalid method argument 'path: is missing'",
                json!("a"),
            ),
            (
                r#"{"_id":1,"cmd":"ping","x":1}"#,
                400,
                "Invalid method argument 'x: is unknown here'",
                json!(1),
            ),
            ("[]", 400, "a frame is a JSON object", json!(null)),
        ] {
            assert_eq!(
                refused(text),
                json!({"code": code, "error": error, "_id": id}),
                "{text}"
            );
        }
        for text in [
            "",
            "{",
            "nonsense",
            "\u{0}",
            r#"{"_id":1,"cmd":"startConsuming","path":"a//b"}"#,
        ] {
            assert_eq!(refused(text)["code"], 400, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = SocketFrame::parse(&bytes);
        }

        #[test]
        fn every_answer_is_json(name in ".{0,20}", path in ".{0,20}") {
            let frame = json!({"_id": name, "cmd": "startConsuming", "path": path});
            if let Err(answer) = SocketFrame::parse(frame.to_string().as_bytes()) {
                let answer: Value = serde_json::from_str(&answer).unwrap();
                prop_assert_eq!(&answer["_id"], &json!(name));
            }
        }
    }
}
