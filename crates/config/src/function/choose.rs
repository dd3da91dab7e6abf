//! Functions that decide: each kind of call with what it is told, and what its answer must be.

use std::sync::Arc;

use weir_status_api::{Change, Results, Worker};

use super::answer::Answer;
use super::argument::{Argument, BuildFacts, RequestFacts, WaitingBuilder};
use super::{Function, FunctionError};

impl Function {
    /// Whether the worker may build the request now (Buildbot's `canStartBuild`).
    ///
    /// # Errors
    /// [`FunctionError`], as [`Function::call`], and if it gives neither True nor False.
    pub fn can_start_build(&self, worker: &Worker, request: &RequestFacts) -> Result<bool, FunctionError> {
        self.decide(vec![Argument::worker(worker), Argument::request(request)])
    }

    /// Which of the requests is built next (Buildbot's `nextBuild`): its place among them, none for none of them.
    ///
    /// # Errors
    /// [`FunctionError`], as [`Function::call`], and if it gives neither one of the requests nor None.
    pub fn next_build(&self, requests: &[RequestFacts]) -> Result<Option<usize>, FunctionError> {
        let requests: Vec<_> = requests.iter().map(Argument::request).collect();
        self.choose(&requests, vec![Argument::List(requests.clone())], "requests")
    }

    /// Which of the workers builds the request (Buildbot's `nextWorker`): its place among them, none for none of
    /// them.
    ///
    /// # Errors
    /// [`FunctionError`], as [`Function::call`], and if it gives neither one of the workers nor None.
    pub fn next_worker(
        &self,
        workers: &[Worker],
        request: &RequestFacts,
    ) -> Result<Option<usize>, FunctionError> {
        let workers: Vec<_> = workers.iter().map(Argument::worker).collect();
        let arguments = vec![Argument::List(workers.clone()), Argument::request(request)];
        self.choose(&workers, arguments, "workers")
    }

    /// Whether two requests can be built by one build (Buildbot's `collapseRequests`).
    ///
    /// # Errors
    /// [`FunctionError`], as [`Function::call`], and if it gives neither True nor False.
    pub fn collapse_requests(&self, one: &RequestFacts, other: &RequestFacts) -> Result<bool, FunctionError> {
        self.decide(vec![Argument::request(one), Argument::request(other)])
    }

    /// Whether a change counts (Buildbot's `filter_fn` and `fileIsImportant`).
    ///
    /// # Errors
    /// [`FunctionError`], as [`Function::call`], and if it gives neither True nor False.
    pub fn admits(&self, change: &Change) -> Result<bool, FunctionError> {
        self.decide(vec![Argument::change(change)])
    }

    /// The priority of a scheduler's build requests for the builders (Buildbot's `priority`).
    ///
    /// # Errors
    /// [`FunctionError`], as [`Function::call`], and if it gives no whole number within 32 bits.
    pub fn priority(&self, builders: &[String], changes: &[Change]) -> Result<i32, FunctionError> {
        let changes = changes.iter().map(Argument::change).collect();
        let arguments = vec![Argument::Plain(builders.into()), Argument::List(changes)];
        let answer = self.call(arguments)?;
        let number = match &answer {
            Answer::Plain(number) => number.as_i64(),
            _ => None,
        };
        number.and_then(|it| i32::try_from(it).ok()).ok_or_else(|| {
            self.error(format!(
                "must give a whole number within 32 bits, not {}",
                answer.noun()
            ))
        })
    }

    /// The order in which builders are looked at (Buildbot's `prioritizeBuilders`): their names, first those that go
    /// first.
    ///
    /// # Errors
    /// [`FunctionError`], as [`Function::call`], and if it gives no list of names or of what it was told of.
    pub fn prioritize_builders(&self, builders: &[WaitingBuilder]) -> Result<Vec<String>, FunctionError> {
        let builders = builders.iter().map(Argument::waiting_builder).collect();
        let wrong =
            |noun: &str| self.error(format!("must give a list of builders or their names, not {noun}"));
        let order = match self.call(vec![Argument::List(builders)])? {
            Answer::List(order) => order,
            other => return Err(wrong(other.noun())),
        };
        let name = |it: Answer| match &it {
            Answer::Plain(serde_json::Value::String(name)) => Ok(name.clone()),
            Answer::Facts(facts) => match facts.attributes.get("name") {
                Some(Argument::Plain(serde_json::Value::String(name))) => Ok(name.clone()),
                _ => Err(wrong(it.noun())),
            },
            _ => Err(wrong(it.noun())),
        };
        order.into_iter().map(name).collect()
    }

    /// Whether a step runs (Buildbot's `doStepIf`).
    ///
    /// # Errors
    /// [`FunctionError`], as [`Function::call`], and if it gives neither True nor False.
    pub fn do_if(&self, build: &BuildFacts) -> Result<bool, FunctionError> {
        self.decide(vec![Argument::build(build)])
    }

    /// Whether a step that ended with `results` is hidden (Buildbot's `hideStepIf`); the function is told their
    /// name, such as `"success"`.
    ///
    /// # Errors
    /// [`FunctionError`], as [`Function::call`], and if it gives neither True nor False.
    pub fn hide_if(&self, build: &BuildFacts, results: Results) -> Result<bool, FunctionError> {
        let results = Argument::Plain(results.to_string().into());
        self.decide(vec![Argument::build(build), results])
    }

    /// Calls it for yes or no.
    fn decide(&self, arguments: Vec<Argument>) -> Result<bool, FunctionError> {
        match self.call(arguments)? {
            Answer::Plain(serde_json::Value::Bool(it)) => Ok(it),
            other => Err(self.error(format!("must give True or False, not {}", other.noun()))),
        }
    }

    /// Calls it for one of `candidates`, which are `of`.
    fn choose(
        &self,
        candidates: &[Argument],
        arguments: Vec<Argument>,
        of: &str,
    ) -> Result<Option<usize>, FunctionError> {
        let chosen = match self.call(arguments)? {
            Answer::Plain(serde_json::Value::Null) => return Ok(None),
            Answer::Facts(chosen) => chosen,
            other => {
                let noun = other.noun();
                return Err(self.error(format!("must give one of the {of}, or None, not {noun}")));
            }
        };
        let is_chosen = |it: &Argument| matches!(it, Argument::Facts(it) if Arc::ptr_eq(it, &chosen));
        match candidates.iter().position(is_chosen) {
            Some(place) => Ok(Some(place)),
            None => Err(self.error(format!("must give one of the {of} that it was told of, or None"))),
        }
    }
}
