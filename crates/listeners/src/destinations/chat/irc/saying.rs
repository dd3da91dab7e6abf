//! Lines for one place, and how far they are on their way.

use std::time::Duration;

use tokio::sync::watch;
use weir_status_api::ListenerError;

use crate::bot::Line;

/// How far lines are.
#[derive(Clone, Debug, PartialEq)]
enum Stage {
    /// They wait for a connection.
    Waiting,
    /// A connection has them.
    Taken,
    /// The last of them has gone out.
    Out,
    /// It is known what became of them.
    Done(Result<(), ListenerError>),
}

/// Lines for one place.
pub(super) struct Saying {
    /// The channel or nick.
    pub(super) target: String,
    pub(super) lines: Vec<Line>,
    pub(super) receipt: Receipt,
}

impl Saying {
    /// Lines for `target`, and what becomes of them.
    pub(super) fn new(target: &str, lines: Vec<Line>) -> (Self, Outcome) {
        let (sender, stage) = watch::channel(Stage::Waiting);
        let saying = Self {
            target: target.to_owned(),
            lines,
            receipt: Receipt(sender),
        };
        (saying, Outcome(stage))
    }
}

/// Tells who waits how far their lines are.
pub(super) struct Receipt(watch::Sender<Stage>);

impl Receipt {
    /// Whether somebody still waits; else the lines come again, or nobody wants them.
    pub(super) fn is_awaited(&self) -> bool {
        !self.0.is_closed()
    }

    /// A connection has taken them.
    pub(super) fn taken(&self) {
        self.0.send_replace(Stage::Taken);
    }

    /// The last of them has gone out.
    pub(super) fn out(&self) {
        self.0.send_replace(Stage::Out);
    }

    /// That became of them.
    pub(super) fn done(self, result: Result<(), ListenerError>) {
        self.0.send_replace(Stage::Done(result));
    }
}

/// Why it is not known what became of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// No connection took them in time.
    NotTaken,
    /// The server did not say in time that it has them.
    NotAnswered,
    /// The connection ended.
    Ended,
}

/// What becomes of lines. If it is dropped, those that have not gone out do not go any more.
pub(super) struct Outcome(watch::Receiver<Stage>);

impl Outcome {
    /// Hands the lines over by `hand`, and waits until it is known what became of them: `timeout` for a connection, and as
    /// long again for the server's answer once the last line has gone out. How long they take to go out is the flow's
    /// affair, and no reason to say them again.
    ///
    /// # Errors
    /// Why that is not known.
    pub(super) async fn within(
        mut self,
        timeout: Duration,
        hand: impl Future<Output = ()>,
    ) -> Result<Result<(), ListenerError>, Unknown> {
        let taken = async {
            hand.await;
            self.0.wait_for(|it| *it != Stage::Waiting).await.map(drop)
        };
        let ended = |_| Unknown::Ended;
        let taken = tokio::time::timeout(timeout, taken).await;
        taken.map_err(|_| Unknown::NotTaken)?.map_err(ended)?;
        let out = |it: &Stage| matches!(it, Stage::Out | Stage::Done(_));
        self.0.wait_for(out).await.map_err(ended)?;
        let done = self.0.wait_for(|it| matches!(it, Stage::Done(_)));
        let done = tokio::time::timeout(timeout, done).await;
        match &*done.map_err(|_| Unknown::NotAnswered)?.map_err(ended)? {
            Stage::Done(result) => Ok(result.clone()),
            _ => Err(Unknown::Ended),
        }
    }
}
