//! The native worker: connects to a master and runs the commands that it sends.
//!
//! # Goals
//! - What a command says reaches the master untouched, once and in order, also when the connection breaks
//!   in between; and never fills the memory, however slow the master or however long it is away.
//! - A command that ends, by itself or not, leaves nothing running in its process group.
//!
//! # Non-goals
//! - No knowledge of builds and steps: the master composes them of commands.
//! - What a command said does not outlive the worker's process.

mod backoff;
mod command;
mod dial;
mod facts;
mod hold;
mod home;
mod journal;
mod options;
mod session;
mod simulation;
mod table;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use dial::{Dial, Link};
pub use options::{DEFAULT_JOURNAL_SIZE, Error, Options};
pub use simulation::{Simulation, Transcript};
pub use weir_tls::Ca;

use backoff::Backoff;
use home::Home;
use session::{Ended, Session};
use table::Table;

/// How long commands may take to end beyond their own grace when the worker ends without a master.
const LAST_GRACE: Duration = Duration::from_secs(15);

/// Runs the worker until `shutdown` is cancelled or the master tells it to end; then its commands are
/// interrupted, and what they say is still delivered. Connects again whenever the connection is lost.
///
/// # Errors
/// [`Error`] if the options cannot be used, or the master refuses the worker for good.
pub async fn run(options: Options, shutdown: CancellationToken) -> Result<(), Error> {
    let target = options.target()?;
    let home = Home::open(&options).await?;
    let mut backoff = Backoff::new(options.backoff_first, options.backoff_most, &options.instance);
    let table = Arc::new(Table::default());
    let mut tasks = JoinSet::new();
    let mut started = 0;
    loop {
        let session = Session {
            options: &options,
            target: &target,
            home: &home,
            table: &table,
            shutdown: &shutdown,
            tasks: &mut tasks,
            started: &mut started,
        };
        match session.run().await {
            Ended::Left => return Ok(()),
            Ended::Refused(status) => {
                end_commands(&table, &mut tasks, "the master refuses the worker").await;
                return Err(options.refused(&status));
            }
            Ended::Lost { why, was_welcome } => {
                if was_welcome {
                    backoff.reset();
                }
                if shutdown.is_cancelled() {
                    break;
                }
                let delay = backoff.next_delay();
                warn!(
                    master = options.master,
                    "{why}; trying again in {:.1} s",
                    delay.as_secs_f64()
                );
                tokio::select! {
                    () = tokio::time::sleep(delay) => {}
                    () = shutdown.cancelled() => break,
                }
            }
        }
    }
    end_commands(&table, &mut tasks, "the worker is shutting down").await;
    info!("ended without a connection to the master");
    Ok(())
}

/// Interrupts all commands and waits for their end; what is left then is killed as `tasks` is dropped.
async fn end_commands(table: &Table, tasks: &mut JoinSet<()>, reason: &str) {
    table.forget_all(reason);
    let all_ended = async { while tasks.join_next().await.is_some() {} };
    if timeout(LAST_GRACE, all_ended).await.is_err() {
        warn!("commands that did not end in time are killed");
    }
}
