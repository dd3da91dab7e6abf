//! Frames of a WebSocket: each is a command, or gets an answer that is JSON.

use serde_json::Value;
use weir_status_http::v2::{self, SocketCommand, SocketFrame};

pub(crate) fn try_it(frame: &[u8]) {
    let answers = match SocketFrame::parse(frame) {
        Err(answer) => vec![answer],
        Ok(SocketFrame { id, command }) => match command {
            SocketCommand::Start { since, .. } => vec![v2::socket_ok(&id, since)],
            SocketCommand::Stop { pattern } => vec![v2::socket_not_consumed(&pattern, &id)],
            SocketCommand::Ping => vec![v2::socket_pong(&id)],
        },
    };
    for answer in answers {
        let answer: Value = serde_json::from_str(&answer).expect("an answer is JSON");
        assert!(answer.is_object(), "{answer}");
    }
}
