//! What runners of listeners ask of the list of listeners, and what people ask of one.

use serde_json::{Map, Value, json};
use weir_status_api::{
    Command, Cursor, DeadLetterChoice, DeadLetterId, ListenAsk, ListenerKey, Outcome, Place, Result,
};

use super::{flag, object, parameter, text, unsupported, wrong};

/// What a runner asks for by `method`.
pub(super) fn command(method: &str, params: &Map<String, Value>) -> Result<Command> {
    let ask = match method {
        "hold" => ListenAsk::Hold {
            kind: needed(params, "kind")?,
            on: needed(params, "on")?,
            seconds: u32::try_from(int(params, "seconds")?)
                .map_err(|_| wrong("seconds", "a number from 0"))?,
        },
        "release" => ListenAsk::Release,
        "recall" => ListenAsk::Recall,
        "keep_place" => ListenAsk::KeepPlace {
            place: place(parameter(params, "place")).ok_or_else(|| wrong("place", "a place"))?,
            rewinds: int(params, "rewinds")?,
        },
        "note" => ListenAsk::Note {
            waiting: text(params, "waiting")?,
        },
        "park" => ListenAsk::Park {
            event: Cursor(int(params, "event")?),
            why: needed(params, "why")?,
        },
        "unpark" => ListenAsk::Unpark {
            letter: DeadLetterId(int(params, "dead_letterid")?),
        },
        "keep_state" => ListenAsk::KeepState {
            // As it is: a list of one is a list here.
            state: params.get("state").cloned().unwrap_or_default(),
        },
        _ => return Err(unsupported(method)),
    };
    Ok(Command::Listen {
        listener: needed(params, "listener")?,
        holder: needed(params, "holder")?,
        ask,
    })
}

/// The method and parameters of what a runner asks for.
pub(super) fn write(listener: &str, holder: &str, ask: &ListenAsk) -> (&'static str, Map<String, Value>) {
    let (method, params) = match ask {
        ListenAsk::Hold { kind, on, seconds } => {
            ("hold", json!({"kind": kind, "on": on, "seconds": seconds}))
        }
        ListenAsk::Release => ("release", json!({})),
        ListenAsk::Recall => ("recall", json!({})),
        ListenAsk::KeepPlace { place, rewinds } => {
            let place = place_to_json(place);
            ("keep_place", json!({"place": place, "rewinds": rewinds}))
        }
        ListenAsk::Note { waiting } => ("note", json!({"waiting": waiting})),
        ListenAsk::Park { event, why } => ("park", json!({"event": event.0, "why": why})),
        ListenAsk::Unpark { letter } => ("unpark", json!({"dead_letterid": letter.0})),
        ListenAsk::KeepState { state } => ("keep_state", json!({"state": state})),
    };
    let mut params = object(params);
    params.insert("listener".to_owned(), listener.into());
    params.insert("holder".to_owned(), holder.into());
    (method, params)
}

/// What `replay` asks of a listener: its dead letters again, or everything.
pub(super) fn replay(listener: ListenerKey, params: &Map<String, Value>) -> Result<Command> {
    let everything = match parameter(params, "everything") {
        Value::Null => false,
        _ => flag(params, "everything")?,
    };
    Ok(match everything {
        true => Command::RewindListener {
            listener,
            first: Cursor(int(params, "first")?),
        },
        false => Command::DeliverAgain {
            letters: letters_of(listener, params)?,
        },
    })
}

/// The dead letters of a listener from the event `first` on; all if that is not given.
pub(super) fn letters_of(listener: ListenerKey, params: &Map<String, Value>) -> Result<DeadLetterChoice> {
    let first = match parameter(params, "first") {
        Value::Null => Cursor::ZERO,
        _ => Cursor(int(params, "first")?),
    };
    Ok(DeadLetterChoice::Of { listener, first })
}

/// What is kept of a listener.
pub(super) fn recalled_to_json(place: Option<&Place>, rewinds: i64, state: Option<&Value>) -> Value {
    let mut recalled = json!({"place": place.map(place_to_json), "rewinds": rewinds});
    if let Some(state) = state {
        recalled["state"] = state.clone();
    }
    recalled
}

/// The same from an answer.
pub(super) fn recalled(answer: &Map<String, Value>) -> Option<Outcome> {
    let kept = match answer.get("place") {
        None | Some(Value::Null) => None,
        Some(value) => Some(place(value)?),
    };
    Some(Outcome::Recalled {
        place: kept,
        rewinds: answer.get("rewinds")?.as_i64()?,
        state: answer.get("state").cloned(),
    })
}

fn place_to_json(place: &Place) -> Value {
    json!({"after": place.after, "done": place.done})
}

fn place(value: &Value) -> Option<Place> {
    let done = value.get("done")?.as_array()?.iter();
    Some(Place {
        after: Cursor(value.get("after")?.as_i64()?),
        done: done.map(|it| it.as_i64().map(Cursor)).collect::<Option<_>>()?,
    })
}

fn needed(params: &Map<String, Value>, name: &str) -> Result<String> {
    text(params, name)?.ok_or_else(|| wrong(name, "text"))
}

fn int(params: &Map<String, Value>, name: &str) -> Result<i64> {
    parameter(params, name)
        .as_i64()
        .ok_or_else(|| wrong(name, "a whole number"))
}
