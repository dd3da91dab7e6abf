//! Asks the configuration's functions which request is next, who builds it, and which requests are alike.
//!
//! They are asked beside the distributor, which goes on meanwhile and takes their answer as advice: by then the request
//! may be gone and the worker busy. A function that fails is told of in the master's log, and the usual rule goes on.

use weir_config::{Function, FunctionError, NextWorker, RequestFacts};
use weir_off_thread::off_thread;
use weir_status_api::{
    BuildRequest, BuildRequestId, BuilderId, Buildset, Change, ChangeField, Key, PropertiesOf, Query, Read,
    ReadExt, Worker, WorkerId,
};
use weir_status_db::{Store, Transition};

use crate::error::Result;

/// Requests that functions are told of, the first of their order.
pub(super) const MOST_REQUESTS: usize = 100;
/// Workers that functions are told of.
pub(super) const MOST_WORKERS: usize = 100;
/// Calls of functions for one answer.
const MOST_CALLS: usize = 200;

/// The functions of one builder.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) next_build: Option<Function>,
    pub(super) next_worker: Option<Function>,
    pub(super) can_start_build: Option<Function>,
}

impl Asked {
    /// Those of a builder, if it has any.
    pub(super) fn of(builder: &weir_config::BuilderConfig, next_worker: &NextWorker) -> Option<Self> {
        let next_worker = match next_worker {
            NextWorker::Chosen(function) => Some(function.clone()),
            _ => None,
        };
        let asked = Self {
            next_build: builder.next_build.clone(),
            next_worker,
            can_start_build: builder.can_start_build.clone(),
        };
        let has_any =
            asked.next_build.is_some() || asked.next_worker.is_some() || asked.can_start_build.is_some();
        has_any.then_some(asked)
    }
}

/// Which request of a builder is next, and who builds it?
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) builder: BuilderId,
    /// The builder's name.
    pub(super) name: String,
    pub(super) asked: Asked,
    /// The first open requests, in their order.
    pub(super) requests: Vec<BuildRequestId>,
    /// The free workers, those that the usual rule prefers first.
    pub(super) workers: Vec<WorkerId>,
}

/// The answer to a [`Question`].
pub(super) struct Advice {
    pub(super) builder: BuilderId,
    /// The request and its worker; none for none of them now.
    pub(super) choice: Option<(BuildRequestId, WorkerId)>,
}

/// Asks, and waits for the answer.
pub(super) async fn ask(store: Store, question: Question) -> Advice {
    let builder = question.builder;
    let usual = question
        .requests
        .first()
        .copied()
        .zip(question.workers.first().copied());
    let told = match facts(&store, &question).await {
        Ok(told) => told,
        Err(error) => {
            tracing::error!(builder = question.name, %error, "its functions cannot be told of its requests");
            return Advice {
                builder,
                choice: usual,
            };
        }
    };
    let name = question.name.clone();
    let decided = off_thread(move || {
        let mut calls = Calls {
            builder: &question.name,
            left: MOST_CALLS,
        };
        decide(&question.asked, &mut calls, told.0, &told.1)
    });
    let choice = decided.await.unwrap_or_else(|error| {
        tracing::error!(builder = name, %error, "asking its functions ended by a fault of the master");
        usual
    });
    Advice { builder, choice }
}

async fn facts(store: &Store, question: &Question) -> Result<(Vec<RequestFacts>, Vec<Worker>)> {
    let mut requests = vec![];
    for id in &question.requests {
        requests.push(request_facts(store, *id, &question.name).await?);
    }
    let mut workers = vec![];
    for id in &question.workers {
        workers.push(store.one(Key::Worker((*id).into())).await?.value);
    }
    Ok((requests, workers))
}

async fn request_facts(store: &Store, id: BuildRequestId, builder: &str) -> Result<RequestFacts> {
    let request: BuildRequest = store.one(Key::BuildRequest(id)).await?.value;
    let buildset: Buildset = store.one(Key::Buildset(request.buildset)).await?.value;
    let properties = store.properties(PropertiesOf::Buildset(buildset.id)).await?.value;
    let mut changes = vec![];
    for stamp in &buildset.source_stamps {
        let of_stamp = Query::<Change>::new()
            .eq(ChangeField::SourceStamp, stamp.id)
            .ascending(ChangeField::Id)
            .limit(100);
        changes.extend(store.page(of_stamp).await?.items);
    }
    Ok(RequestFacts {
        request,
        builder: builder.to_owned(),
        reason: buildset.reason,
        properties,
        sources: buildset.source_stamps,
        changes,
    })
}

/// Calls functions, so many at the most, and tells of those that fail.
struct Calls<'b> {
    builder: &'b str,
    left: usize,
}

impl Calls<'_> {
    /// What the function gives; none if it fails.
    fn call<T>(&mut self, what: &str, call: impl FnOnce() -> Result<T, FunctionError>) -> Option<T> {
        self.left = self.left.saturating_sub(1);
        match call() {
            Ok(it) => Some(it),
            Err(error) => {
                tracing::error!(builder = self.builder, %error, "{what} failed; the usual rule goes on");
                None
            }
        }
    }
}

/// As Buildbot: the next request, and for it the next worker until one may start; then the request after it.
fn decide(
    asked: &Asked,
    calls: &mut Calls<'_>,
    mut requests: Vec<RequestFacts>,
    workers: &[Worker],
) -> Option<(BuildRequestId, WorkerId)> {
    while !requests.is_empty() && calls.left > 0 {
        let at = match &asked.next_build {
            None => 0,
            Some(function) => calls
                .call("next_build", || function.next_build(&requests))
                .unwrap_or(Some(0))?,
        };
        let request = requests.remove(at.min(requests.len() - 1));
        let mut left = workers.to_vec();
        while !left.is_empty() && calls.left > 0 {
            let at = match &asked.next_worker {
                None => Some(0),
                Some(function) => calls
                    .call("next_worker", || function.next_worker(&left, &request))
                    .unwrap_or(Some(0)),
            };
            let Some(at) = at else { break };
            let worker = left.remove(at.min(left.len() - 1));
            let may = match &asked.can_start_build {
                None => true,
                Some(function) => calls
                    .call("can_start_build", || function.can_start_build(&worker, &request))
                    .unwrap_or(true),
            };
            if may {
                return Some((request.request.id, worker.id));
            }
        }
    }
    None
}

/// Collapses those of `others` into the new request for which the function says so.
pub(super) async fn collapse(
    store: Store,
    function: Function,
    builder: String,
    new: BuildRequestId,
    others: Vec<BuildRequestId>,
) -> Result<()> {
    let one = request_facts(&store, new, &builder).await?;
    let mut told = vec![];
    for other in others {
        told.push(request_facts(&store, other, &builder).await?);
    }
    let asked = off_thread(move || {
        let mut calls = Calls {
            builder: &builder,
            left: MOST_CALLS,
        };
        let mut alike = vec![];
        for other in told {
            let is = calls.call("collapse_requests", || function.collapse_requests(&one, &other));
            match is {
                Some(true) => alike.push(other.request.id),
                Some(false) => {}
                // It would fail for the others too.
                None => break,
            }
        }
        alike
    });
    let collapsed = asked.await.unwrap_or_default();
    if !collapsed.is_empty() {
        tracing::info!(into = %new, requests = collapsed.len(), "requests are collapsed into a newer one");
        store.apply(Transition::Collapse { into: new, collapsed }).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use weir_status_api::{BuildsetId, Timestamp};

    use super::*;

    fn asked(arguments: &str) -> (Asked, weir_config::MasterConfig) {
        let source = format!(
            "worker('w', token = 't')\ndef broken(*args):\n    fail('no')\nbuilder('b', workers = ['w'], steps = [shell('make')], {arguments})"
        );
        let config = weir_config::check(&source, "weir.star", Path::new(".")).unwrap();
        let builder = &config.builders[0];
        let next = builder.next_worker.clone().unwrap_or(NextWorker::LeastBusy);
        (Asked::of(builder, &next).unwrap(), config)
    }

    fn decided(arguments: &str) -> Option<(i64, i64)> {
        let (asked, _config) = asked(arguments);
        let requests = [(1, 0), (2, 5), (3, 0)].map(|(id, priority)| RequestFacts {
            request: BuildRequest {
                id: BuildRequestId(id),
                buildset: BuildsetId(id),
                builder: BuilderId(1),
                priority,
                claimed_at: None,
                claimed_by: None,
                complete_at: None,
                results: None,
                submitted_at: Timestamp(id),
                waited_for: false,
                waiting_for: None,
                properties: Default::default(),
            },
            builder: "b".to_owned(),
            reason: "because".to_owned(),
            properties: Default::default(),
            sources: vec![],
            changes: vec![],
        });
        let workers = [(7, "seven"), (8, "eight")].map(|(id, name)| Worker {
            id: WorkerId(id),
            name: name.to_owned(),
            paused: false,
            pause_reason: None,
            away_reason: None,
            graceful: false,
            configured_on: vec![],
            connected_to: vec![],
            info: Default::default(),
            absence: None,
        });
        let mut calls = Calls {
            builder: "b",
            left: MOST_CALLS,
        };
        let choice = decide(&asked, &mut calls, requests.to_vec(), &workers)?;
        Some((choice.0.0, choice.1.0))
    }

    #[test]
    fn functions_choose_requests_and_workers() {
        for (arguments, choice) in [
            ("next_build = lambda requests: requests[-1]", Some((3, 7))),
            ("next_build = lambda requests: None", None),
            ("next_worker = lambda workers, request: workers[-1]", Some((1, 8))),
            (
                "next_worker = lambda workers, request: workers[-1] if request.id == 2 else None",
                Some((2, 8)),
            ),
            (
                "can_start_build = lambda worker, request: worker.name == 'eight' and request.priority > 0",
                Some((2, 8)),
            ),
            ("can_start_build = lambda worker, request: False", None),
            // One that fails is passed over.
            (
                "next_build = broken, next_worker = broken, can_start_build = broken",
                Some((1, 7)),
            ),
            (
                "next_build = lambda requests: 'x', can_start_build = lambda worker, request: worker.name == 'eight'",
                Some((1, 8)),
            ),
        ] {
            assert_eq!(decided(arguments), choice, "{arguments}");
        }
    }
}
