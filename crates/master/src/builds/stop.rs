//! How a build that runs is told to end.

use std::sync::OnceLock;

use tokio_util::sync::CancellationToken;
use weir_status_api::Results;

/// One wish, told once; its first reason stays.
#[derive(Debug, Default)]
struct Wish {
    token: CancellationToken,
    why: OnceLock<(Results, String)>,
}

impl Wish {
    fn tell(&self, results: Results, why: &str) {
        // A second reason changes nothing.
        let _ = self.why.set((results, why.to_owned()));
        self.token.cancel();
    }
}

/// What a build was told about its end.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    cancel: Wish,
    lose: Wish,
}

impl Stop {
    /// Somebody wants the build to end: it ends as cancelled, after the steps that always run.
    pub(crate) fn cancel(&self, reason: &str) {
        self.cancel.tell(Results::Cancelled, reason);
    }

    /// The build took too long: it ends as a failure, after the steps that always run.
    pub(crate) fn expire(&self, reason: &str) {
        self.cancel.tell(Results::Failure, reason);
    }

    /// The build cannot go on here: it ends as retry, and its request is built again.
    pub(crate) fn lose(&self, reason: &str) {
        self.lose.tell(Results::Retry, reason);
    }

    /// How the build is to end and why; none while nobody said so. Being cancelled once is for good, though a
    /// build that is lost afterwards could not run its last steps.
    pub(crate) fn told(&self) -> Option<(Results, &str)> {
        self.heed(true).told()
    }

    /// What a step heeds: a step that always runs, and runs because the build was cancelled, ends only if the
    /// build is lost.
    pub(crate) fn heed(&self, cancel: bool) -> Heed<'_> {
        Heed {
            stop: self,
            cancel,
            group: None,
        }
    }
}

/// The part of a [`Stop`] that a step heeds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heed<'s> {
    stop: &'s Stop,
    cancel: bool,
    /// What its group was told.
    group: Option<&'s Stop>,
}

impl<'s> Heed<'s> {
    /// The same, for a step that heeds also that its group is cancelled.
    pub(crate) fn with_group(self, group: &'s Stop) -> Self {
        Self {
            group: Some(group),
            ..self
        }
    }

    /// How it is to end and why; none while nobody said so.
    pub(crate) fn told(&self) -> Option<(Results, &'s str)> {
        let cancelled = self.stop.cancel.why.get().filter(|_| self.cancel);
        let lost = self.stop.lose.why.get();
        let of_group = self.group.and_then(|it| it.cancel.why.get());
        let first = cancelled.or(lost).or(of_group);
        first.map(|(results, why)| (*results, why.as_str()))
    }

    /// Whether it heeds that the build is cancelled.
    pub(crate) fn heeds_cancel(&self) -> bool {
        self.cancel
    }

    /// Waits until somebody says so.
    pub(crate) async fn wait(&self) {
        let of_group = async {
            match self.group {
                Some(group) => group.cancel.token.cancelled().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.stop.cancel.token.cancelled(), if self.cancel => {}
            () = self.stop.lose.token.cancelled() => {}
            () = of_group => {}
        }
    }
}
