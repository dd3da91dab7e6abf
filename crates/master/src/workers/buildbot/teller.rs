//! Somebody who tells of changes, from the login to the end of the connection.

use std::time::Duration;

use serde_json::Value as Json;
use tokio::time::timeout;
use tokio_stream::StreamExt as _;
use weir_buildbot_wire::pb::{Broker, Call, Event, Login, OwnObject};
use weir_buildbot_wire::{Error, Failure, Result, ToldChange, Value};
use weir_status_api::{ChangeParams, Timestamp};

use super::connection::Parted;
use super::login::send;
use super::transport::Transport;
use crate::workers::tellers::Teller;

/// After how much silence the connection ends. A program that tells of changes tells them at once.
const SILENCE: Duration = Duration::from_secs(5 * 60);

/// Lets somebody in who is [admitted](Broker::admit), and takes changes until they leave.
///
/// # Errors
/// Why the connection is over, if they did not leave by themselves.
pub(super) async fn serve(
    teller: &Teller,
    mut broker: Broker,
    login: &Login,
    transport: &mut Transport,
) -> Result<(), Parted> {
    let avatar = broker.export()?;
    broker.answer(login.call, avatar.into())?;
    loop {
        while let Some(event) = broker.poll()? {
            match event {
                Event::Call(call) => called(teller, &mut broker, avatar, call).await?,
                Event::Released(object) if object == avatar => {
                    return send(&mut broker, transport).await;
                }
                Event::Login(_) | Event::LoggedIn(_) | Event::Refused(_) => {
                    return Err(Error::OutOfPlace("a second login").into());
                }
                _ => {}
            }
        }
        send(&mut broker, transport).await?;
        let came = timeout(SILENCE, transport.incoming.next());
        match came.await.map_err(|_| Parted::Silent)? {
            Some(Ok(bytes)) => broker.receive(&bytes),
            Some(Err(error)) => return Err(Parted::Broke(error.to_string())),
            None => return Ok(()),
        }
    }
}

/// Answers a call, a change's once that is recorded.
async fn called(teller: &Teller, broker: &mut Broker, avatar: OwnObject, call: Call) -> Result<()> {
    let answer = call.call;
    let method = call.method.clone();
    let change = match call.object == avatar {
        true => ToldChange::of_call(call).and_then(change),
        false => Err(Error::OutOfPlace("a call of another object")),
    };
    let told = match change {
        Ok(change) => teller.tell(change).await,
        Err(error) => Err(format!("no change can be made of `{method}`: {error}")),
    };
    if let Err(why) = &told {
        tracing::warn!(
            user = teller.user,
            "a change that was told of is not taken: {why}"
        );
    }
    match (answer, told) {
        (None, _) => Ok(()),
        (Some(answer), Ok(())) => broker.answer(answer, Value::None),
        (Some(answer), Err(why)) => broker.fail(answer, Failure::runtime_error(&why)),
    }
}

fn change(told: ToldChange) -> Result<ChangeParams> {
    // Programs send nothing as an empty text.
    let given = |text: Option<String>| text.filter(|it| !it.is_empty());
    let properties = told.properties.into_iter();
    let properties = properties.map(|(name, value)| Ok((name, json(value)?)));
    Ok(ChangeParams {
        author: told.author.unwrap_or_default(),
        committer: given(told.committer),
        files: told.files,
        comments: told.comments.unwrap_or_default(),
        revision: given(told.revision),
        branch: given(told.branch),
        category: given(told.category),
        revlink: given(told.revlink),
        properties: properties.collect::<Result<_>>()?,
        repository: told.repository.unwrap_or_default(),
        project: told.project.unwrap_or_default(),
        codebase: told.codebase.unwrap_or_default(),
        when: told.when.map(moment).transpose()?,
    })
}

fn moment(seconds: f64) -> Result<Timestamp> {
    Timestamp::from_secs_f64(seconds).ok_or(Error::OutOfPlace("a time that is no seconds since 1970"))
}

/// What can be said in JSON; a property is nothing else.
fn json(value: Value) -> Result<Json> {
    Ok(match value {
        Value::None => Json::Null,
        Value::Bool(value) => value.into(),
        Value::Int(_) => value.to_int::<i64>()?.into(),
        Value::Float(value) => value.into(),
        Value::Bytes(_) | Value::Text(_) => value.into_text()?.into(),
        Value::Map(pairs) => {
            let pairs = pairs.into_iter();
            let pairs = pairs.map(|(key, value)| Ok((key.into_text()?, json(value)?)));
            Json::Object(pairs.collect::<Result<_>>()?)
        }
        value => Json::Array(value.into_items()?.into_iter().map(json).collect::<Result<_>>()?),
    })
}
