//! One connection of a worker, from its greeting to its end.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use futures::StreamExt as _;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tonic::Status;
use tracing::{error, info, warn};

use weir_status_api::WorkerInfo;
use weir_worker_protocol::v1::{FromWorker, Hello, Welcome, from_worker::Message};
use weir_worker_protocol::{Due, Heartbeat};

use super::manager::Shared;
use super::slot::{Begun, End, Slot};
use super::spec::millis;

/// How long the registry may take with the last session of a worker before the next one is sent away.
const TURN_PATIENCE: Duration = Duration::from_secs(10);

/// Between two attempts to tell the registry that a worker is gone.
const RETRY: Duration = Duration::from_secs(1);

/// A worker that presented its name and its token.
pub(super) struct Visitor {
    pub(super) hello: Hello,
    pub(super) token: String,
    pub(super) inbound: Inbound,
    pub(super) ways: Ways,
}

/// What a worker says, until its connection ends.
pub(super) type Inbound = Pin<Box<dyn Stream<Item = Result<FromWorker, Status>> + Send>>;

/// What a worker's protocol can.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ways {
    /// How often the worker is asked whether it is there.
    pub(super) heartbeat_interval: Duration,
    /// After how much silence it is taken for lost.
    pub(super) heartbeat_deadline: Duration,
    /// Whether its commands outlive its connection.
    pub(super) resumes: bool,
}

/// Takes a worker in, serves it to its end, and waits for its return. `answer` is told as soon as it is in
/// or sent away. Runs in a task of its own, so that the registry is told of its end whatever happens.
pub(super) async fn run(
    shared: Arc<Shared>,
    slot: Arc<Slot>,
    visitor: Visitor,
    answer: oneshot::Sender<Result<Begun, Status>>,
) {
    let Visitor {
        hello,
        token,
        mut inbound,
        ways,
    } = visitor;
    let turn = match enter(&shared, &slot, &hello).await {
        Ok(turn) => turn,
        Err(status) => {
            info!(worker = slot.name, "sent away: {}", status.message());
            shared.refused(&slot.name, format!("it was sent away: {}", status.message()));
            // If nobody waits for the answer, the worker has left already.
            let _ = answer.send(Err(status));
            return;
        }
    };
    let begun = slot.begin(&hello, ways.resumes, welcome(&shared));
    shared.refusals.forget(&slot.name);
    let number = begun.number;
    let end = begun.end.clone();
    info!(
        worker = slot.name,
        version = hello.version,
        host = hello.host,
        "connected"
    );
    // As above: then the connection is found broken at once.
    let _ = answer.send(Ok(begun));
    // Meanwhile the configuration may have changed.
    if shared.admit(&slot.name, &token).is_err() {
        slot.end(removed());
    }
    let mut ended = tokio::select! {
        ended = serve(&slot, &mut inbound, ways) => ended,
        () = end.cancelled() => gone("it ended"),
        () = shared.stopping.cancelled() => stopping(),
    };
    ended.may_resume &= ways.resumes;
    slot.end(ended);
    let ended = slot.ended().unwrap_or_else(stopping);
    drop(inbound);
    info!(worker = slot.name, "disconnected: {}", ended.why);
    if !ended.may_resume {
        slot.give_up(
            number,
            &format!("the worker {} is gone: {}", slot.name, ended.why),
        );
    }
    leave(&shared, &slot, &ended.why).await;
    drop(turn);
    wait_for_return(&shared, &slot, number).await;
}

/// The worker's turn, once the registry knows of it.
async fn enter<'a>(
    shared: &Shared,
    slot: &'a Slot,
    hello: &Hello,
) -> Result<tokio::sync::MutexGuard<'a, ()>, Status> {
    slot.knock(&hello.instance)?;
    let turn = timeout(TURN_PATIENCE, slot.turn.lock())
        .await
        .map_err(|_| Status::unavailable("the worker's last connection is still being ended"))?;
    // Another process may have been faster.
    slot.knock(&hello.instance)?;
    if shared.stopping.is_cancelled() {
        return Err(Status::unavailable("the master is shutting down"));
    }
    slot.enter();
    let known = shared
        .registry
        .connected(&slot.name, info(hello), &hello.instance);
    match known.await {
        Ok(()) => Ok(turn),
        Err(why) => {
            slot.keep_out();
            Err(Status::unavailable(format!(
                "the master cannot take the worker now: {why}"
            )))
        }
    }
}

fn info(hello: &Hello) -> WorkerInfo {
    let filled = |text: &String| (!text.is_empty()).then(|| text.clone());
    WorkerInfo {
        admin: filled(&hello.admin),
        host: filled(&hello.host),
        access_uri: filled(&hello.access_uri),
        version: filled(&hello.version),
        facts: hello.facts.clone(),
    }
}

fn welcome(shared: &Shared) -> Welcome {
    let settings = &shared.settings;
    Welcome {
        heartbeat_interval_ms: millis(settings.heartbeat_interval),
        heartbeat_deadline_ms: millis(settings.heartbeat_deadline),
        resume_within_ms: millis(settings.resume_within),
        resume: Vec::new(),
    }
}

async fn serve(slot: &Slot, inbound: &mut Inbound, ways: Ways) -> End {
    let now = || Instant::now().into_std();
    let mut heartbeat = Heartbeat::asking(ways.heartbeat_interval, ways.heartbeat_deadline, now());
    let mut pings = 0;
    loop {
        let wait_until = match heartbeat.due(now()) {
            Due::Wait(moment) => moment,
            Due::Ping => {
                pings += 1;
                slot.ping(pings);
                continue;
            }
            Due::Lost => return gone(format!("no word of it for {:?}", ways.heartbeat_deadline)),
        };
        tokio::select! {
            message = inbound.next() => match message {
                Some(Ok(message)) => {
                    heartbeat.heard(now());
                    slot.heard();
                    if let Some(end) = receive(slot, message) {
                        return end;
                    }
                }
                None => return gone("it closed the connection"),
                Some(Err(status)) => return gone(format!("the connection broke: {}", status.message())),
            },
            () = sleep_until(Instant::from_std(wait_until)) => {}
        }
    }
}

/// Takes a message; gives the end of the session if it is one.
fn receive(slot: &Slot, message: FromWorker) -> Option<End> {
    match message.message {
        Some(Message::Command(news)) => slot
            .receive(news)
            .err()
            .map(|violation| broke_the_protocol(violation.to_string())),
        Some(Message::Hello(_)) => Some(broke_the_protocol("it greets twice".to_owned())),
        Some(Message::Goodbye(goodbye)) => Some(End {
            why: match goodbye.reason.as_str() {
                "" => "it said goodbye".to_owned(),
                _ => goodbye.reason,
            },
            status: None,
            may_resume: false,
        }),
        // A sign of life is all it is; so is a kind of message from a newer worker.
        Some(Message::Pong(_)) | None => None,
    }
}

/// Tells the registry that the worker is gone; does not rest before it knows, while the master runs.
async fn leave(shared: &Shared, slot: &Slot, why: &str) {
    while let Err(error) = shared.registry.disconnected(&slot.name, why).await {
        error!(
            worker = slot.name,
            "cannot store that the worker is gone: {error}"
        );
        if shared.stopping.is_cancelled() {
            return;
        }
        sleep(RETRY).await;
    }
}

/// Gives the worker's commands up if it does not come back in time.
async fn wait_for_return(shared: &Shared, slot: &Slot, number: u64) {
    let patience = shared.grace();
    let why = tokio::select! {
        () = sleep(patience) => format!("the worker {} was away for more than {patience:?}", slot.name),
        () = shared.stopping.cancelled() => "the master is shutting down".to_owned(),
    };
    slot.give_up(number, &why);
}

/// The connection broke; the worker may come back.
fn gone(why: impl Into<String>) -> End {
    let why = why.into();
    End {
        status: Some(Status::unavailable(why.clone())),
        why,
        may_resume: true,
    }
}

fn stopping() -> End {
    let why = "the master is shutting down";
    End {
        why: why.to_owned(),
        status: Some(Status::unavailable(why)),
        may_resume: false,
    }
}

fn broke_the_protocol(how: String) -> End {
    warn!("a worker broke the protocol: {how}");
    End {
        why: format!("it broke the protocol: {how}"),
        status: Some(Status::invalid_argument(how)),
        may_resume: false,
    }
}

/// The configuration has the worker no more, or with another token.
pub(super) fn removed() -> End {
    End {
        why: "the configuration has it no more, or with another token".to_owned(),
        status: Some(denied()),
        may_resume: false,
    }
}

/// What everybody is told who may not connect.
pub(super) fn denied() -> Status {
    Status::unauthenticated("there is no worker with this name and this token")
}
