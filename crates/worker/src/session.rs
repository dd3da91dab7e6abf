//! One connection to the master, from the greeting to its end.

use std::error::Error as _;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Status, Streaming};
use tracing::{debug, error, info};

use weir_worker_protocol::v1::worker_client::WorkerClient;
use weir_worker_protocol::v1::{
    FromWorker, HeldCommand, Hello, StartCommand, ToWorker, Welcome, from_worker, to_worker::Message,
};
use weir_worker_protocol::{Due, Heartbeat, MAX_MESSAGE, Violation};

use crate::command::{self, Surroundings};
use crate::home::Home;
use crate::options::{Options, Target};
use crate::table::{Outgoing, Table, envelope};
use crate::{LAST_GRACE, facts, simulation};

/// How long the master may be silent before its welcome tells for how long.
const SILENCE_BEFORE_WELCOME: Duration = Duration::from_secs(30);

/// Windows beyond this are no use, and a mistake of the master.
const LARGEST_WINDOW: usize = 256 * 1024 * 1024;

/// What a session needs.
pub(crate) struct Session<'a> {
    pub(crate) options: &'a Options,
    pub(crate) target: &'a Target,
    pub(crate) home: &'a Home,
    pub(crate) table: &'a Arc<Table>,
    pub(crate) shutdown: &'a CancellationToken,
    pub(crate) tasks: &'a mut JoinSet<()>,
    /// How many commands the worker has started in all.
    pub(crate) started: &'a mut u64,
}

/// How a session ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The worker left: everything is said and done.
    Left,
    /// The master will not have the worker.
    Refused(Status),
    /// It broke.
    Lost {
        /// One sentence.
        why: String,
        /// Whether the master had taken the worker.
        was_welcome: bool,
    },
}

/// The state of a session that stands.
struct Standing {
    heartbeat: Heartbeat,
    welcome: Option<Welcome>,
    /// Until when the worker, which is leaving, waits for the master.
    leave_by: Option<Instant>,
    has_said_goodbye: bool,
}

/// Ends the session in the table also if the worker's future is dropped: the connection, which has a task
/// of its own, then ends too.
struct EndOnDrop<'a>(&'a Table);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Session<'_> {
    /// Connects, and serves the master until one of them ends it.
    pub(crate) async fn run(mut self) -> Ended {
        let (number, wake, held) = self.table.begin();
        let _end = EndOnDrop(self.table);
        let inbound = tokio::select! {
            inbound = self.open(number, wake, held) => inbound,
            () = self.shutdown.cancelled() => Err(Ended::Left),
        };
        match inbound {
            Ok(inbound) => self.serve(inbound).await,
            // Without a session there is nobody to say goodbye to.
            Err(Ended::Left) => lost("asked to end", false),
            Err(ended) => ended,
        }
    }

    async fn open(
        &self,
        number: u64,
        wake: Arc<Notify>,
        held: Vec<HeldCommand>,
    ) -> Result<Streaming<ToWorker>, Ended> {
        let patience = self.options.connect_timeout;
        let url = &self.options.master;
        let channel = match timeout(patience, self.target.connect()).await {
            Ok(Ok(channel)) => channel,
            Ok(Err(error)) => {
                return Err(lost(
                    format!("cannot reach the master: {}", causes(&error)),
                    false,
                ));
            }
            Err(_) => {
                return Err(lost(
                    format!("the master does not answer within {patience:?}"),
                    false,
                ));
            }
        };
        let outbound = outbound(self.hello(held), Arc::clone(self.table), number, wake);
        let mut request = Request::new(outbound);
        request
            .metadata_mut()
            .insert("authorization", self.target.bearer.clone());
        let mut client = WorkerClient::new(channel).max_decoding_message_size(MAX_MESSAGE);
        match timeout(patience, client.session(request)).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => Err(refusal(url, status)),
            Err(_) => Err(lost(
                format!("the master does not answer within {patience:?}"),
                false,
            )),
        }
    }

    fn hello(&self, commands: Vec<HeldCommand>) -> Hello {
        let options = self.options;
        Hello {
            name: options.name.clone(),
            version: options.version.clone(),
            instance: options.instance.clone(),
            admin: options.admin.clone(),
            host: facts::host(),
            access_uri: options.access_uri.clone(),
            facts: facts::facts(),
            commands,
        }
    }

    async fn serve(&mut self, mut inbound: Streaming<ToWorker>) -> Ended {
        let mut standing = Standing {
            heartbeat: Heartbeat::listening(SILENCE_BEFORE_WELCOME, now()),
            welcome: None,
            leave_by: None,
            has_said_goodbye: false,
        };
        loop {
            let wait_until = match standing.heartbeat.due(now()) {
                Due::Wait(moment) => Instant::from_std(moment),
                Due::Ping | Due::Lost => break self.ended(&standing, "the master is silent"),
            };
            let leave_by = standing.leave_by;
            tokio::select! {
                message = inbound.message() => match message {
                    Ok(Some(ToWorker { message: Some(message) })) => {
                        standing.heartbeat.heard(now());
                        if let Err(why) = self.receive(&mut standing, message) {
                            break self.ended(&standing, why);
                        }
                    }
                    // A kind of message from a newer master.
                    Ok(Some(_)) => standing.heartbeat.heard(now()),
                    Ok(None) => break self.ended(&standing, "the master ended the connection"),
                    Err(status) => break self.broken(&standing, status),
                },
                Some(result) = self.tasks.join_next() => if let Err(failed) = result {
                    error!("a command's task failed: {failed}");
                },
                () = sleep_until(wait_until) => {}
                () = self.shutdown.cancelled(), if leave_by.is_none() => self.leave(&mut standing),
                () = sleep_until(leave_by.unwrap_or(wait_until)), if leave_by.is_some() => break Ended::Left,
            }
            if standing.leave_by.is_some() && !standing.has_said_goodbye && self.table.is_empty() {
                standing.has_said_goodbye = true;
                self.table.goodbye("the worker is shutting down");
            }
        }
    }

    fn receive(&mut self, standing: &mut Standing, message: Message) -> Result<(), String> {
        let violated = |it: Violation| format!("the master broke the protocol: {it}");
        match message {
            Message::Welcome(welcome) => self.welcome(standing, welcome).map_err(violated)?,
            _ if standing.welcome.is_none() => {
                return Err("the master broke the protocol: its first message is no welcome".to_owned());
            }
            Message::Start(command) => self.start(standing, command),
            Message::Interrupt(it) => self.table.interrupt(&it.command_id, &it.reason),
            Message::Ack(it) => self
                .table
                .acknowledge(&it.command_id, it.sequence)
                .map_err(violated)?,
            Message::Ping(it) => self.table.pong(it.number),
            Message::Piece(piece) => self.table.answer(piece),
            Message::Shutdown(_) => {
                info!("the master tells the worker to end");
                self.leave(standing);
            }
        }
        Ok(())
    }

    fn welcome(&self, standing: &mut Standing, welcome: Welcome) -> Result<(), Violation> {
        self.table.welcome(&welcome.resume)?;
        let deadline = Duration::from_millis(welcome.heartbeat_deadline_ms);
        standing.heartbeat = Heartbeat::listening(deadline, now());
        standing.welcome = Some(welcome);
        info!(
            master = self.options.master,
            worker = self.options.name,
            "connected"
        );
        Ok(())
    }

    fn start(&mut self, standing: &Standing, command: StartCommand) {
        let window = usize::try_from(command.window_bytes).unwrap_or(LARGEST_WINDOW);
        let Some(hold) = self.table.add(&command.command_id, window.min(LARGEST_WINDOW)) else {
            debug!(command.command_id, "the command was started before");
            return;
        };
        if standing.leave_by.is_some() {
            hold.interrupt("the worker is shutting down");
        }
        let surroundings = Surroundings {
            base_dir: self.home.base_dir.clone(),
            environment: self.options.environment.clone(),
            drain_grace: self.options.drain_grace,
        };
        let journal = Arc::clone(&self.home.journal);
        let number = *self.started;
        *self.started += 1;
        if let Some(simulation) = self.options.simulation.clone() {
            let worker = self.options.name.clone();
            self.tasks.spawn(async move {
                let run = simulation::run(&simulation, &worker, number, &command, Arc::clone(&hold));
                tokio::join!(run, journal.keep(&hold));
            });
            return;
        }
        self.tasks.spawn(async move {
            let run = command::run(command, surroundings, Arc::clone(&hold));
            tokio::join!(run, journal.keep(&hold));
        });
    }

    /// Begins to leave: the commands end, the master gets to know it, then the session ends.
    fn leave(&self, standing: &mut Standing) {
        if standing.leave_by.is_none() {
            standing.leave_by = Some(Instant::now() + LAST_GRACE);
            self.table.interrupt_all("the worker is shutting down");
        }
    }

    fn broken(&mut self, standing: &Standing, status: Status) -> Ended {
        match refusal(&self.options.master, status) {
            Ended::Lost { why, .. } => self.ended(standing, why),
            ended => ended,
        }
    }

    fn ended(&mut self, standing: &Standing, why: impl Into<String>) -> Ended {
        if standing.has_said_goodbye {
            return Ended::Left;
        }
        if let Some(welcome) = &standing.welcome {
            let patience = Duration::from_millis(welcome.resume_within_ms);
            self.table.end();
            self.tasks
                .spawn(give_up(Arc::clone(self.table), self.table.welcomes(), patience));
        }
        lost(why, standing.welcome.is_some())
    }
}

/// Interrupts the commands of a lost session if no other one is welcome within `patience`: by then the
/// master has given them up.
async fn give_up(table: Arc<Table>, since: u64, patience: Duration) {
    tokio::time::sleep(patience).await;
    if table.welcomes() == since {
        let why = format!("the master was away for more than {patience:?}");
        table.interrupt_all(&why);
    }
}

/// What the worker sends in the session `number`: its greeting, then whatever the table has.
fn outbound(
    hello: Hello,
    table: Arc<Table>,
    number: u64,
    wake: Arc<Notify>,
) -> impl Stream<Item = FromWorker> + Send + 'static {
    async_stream::stream! {
        yield envelope(from_worker::Message::Hello(hello));
        loop {
            match table.next_outgoing(number) {
                Outgoing::Send(message) => yield envelope(message),
                Outgoing::Wait => wake.notified().await,
                Outgoing::End => break,
            }
        }
    }
}

/// What a status of the master's means for the worker.
fn refusal(url: &str, status: Status) -> Ended {
    match status.code() {
        Code::Unauthenticated | Code::InvalidArgument => Ended::Refused(status),
        Code::AlreadyExists => lost(status.message(), false),
        Code::Unimplemented => lost(format!("there is no master for workers at {url}"), false),
        _ => {
            let causes = status.source().map(causes).unwrap_or_default();
            let why: Vec<&str> = [status.message(), &causes]
                .into_iter()
                .filter(|it| !it.is_empty())
                .collect();
            let why = if why.is_empty() {
                "no reason given".to_owned()
            } else {
                why.join(": ")
            };
            lost(format!("the connection ended: {why}"), false)
        }
    }
}

fn lost(why: impl Into<String>, was_welcome: bool) -> Ended {
    Ended::Lost {
        why: why.into(),
        was_welcome,
    }
}

/// An error with what caused it; what is wrong with TLS in plain words.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    if let Some(why) = weir_tls::explain(error) {
        return why;
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(it) = cause {
        let _ = write!(text, ": {it}");
        cause = it.source();
    }
    text
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}
