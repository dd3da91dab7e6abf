//! Calls a function, with bounds on what it may use.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use starlark::environment::Module;
use starlark::eval::Evaluator;
use starlark::values::Value;

use super::argument::Argument;
use super::{Function, FunctionError, Program};
use crate::evaluate::{self, MAX_CALLS};
use crate::session::Session;

/// Calls and rounds of loops in one call of a function.
pub const MAX_TICKS_OF_CALL: u64 = 200_000;
/// How long one call of a function may take.
pub const LONGEST_CALL: Duration = Duration::from_secs(5);
/// What a call gets beyond that to notice it. One that does not, in a function of Starlark's own, is left alone.
const GRACE: Duration = Duration::from_secs(1);
/// Bytes of Starlark values in one call; looked at now and then, so more can be taken for a moment.
const MAX_HEAP: usize = 64 << 20;
/// Stack for one call.
const STACK: usize = 16 << 20;
/// How many calls run at the same time; others wait.
const MAX_RUNNING: usize = 8;
/// How long a call waits for others.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What a function is called with.
#[derive(Default)]
pub(super) struct Given {
    pub(super) positional: Vec<Argument>,
    pub(super) named: Vec<(String, Argument)>,
    /// Whether it may make steps.
    pub(super) gives_steps: bool,
}

/// Calls the function, and waits for its end; `read` says what it gave.
pub(super) fn call<T: Send + 'static>(
    function: &Function,
    given: Given,
    read: for<'v> fn(Value<'v>) -> Result<T, String>,
) -> Result<T, FunctionError> {
    let called = function.clone();
    on_thread(function, move |program, deadline| {
        evaluate(&called, program, &given, deadline, read)
    })?
}

/// Does work for the function on a thread of its own, which is to end at a deadline, and waits for it.
pub(super) fn on_thread<T: Send + 'static>(
    function: &Function,
    work: impl FnOnce(&Arc<Program>, Instant) -> T + Send + 'static,
) -> Result<T, FunctionError> {
    let Some(program) = function.program.program() else {
        return Err(function.error("its configuration is gone"));
    };
    let Some(seat) = Seat::take() else {
        return Err(function.error("cannot be called: too many functions take too long"));
    };
    let (sender, receiver) = mpsc::sync_channel(1);
    let deadline = Instant::now() + LONGEST_CALL;
    let run = move || {
        let _seat = seat;
        // Whoever asked may have gone.
        let _ = sender.send(work(&program, deadline));
    };
    std::thread::Builder::new()
        .name("function".to_owned())
        .stack_size(STACK)
        .spawn(run)
        .map_err(|error| function.error(format!("cannot be called: {error}")))?;
    match receiver.recv_timeout(LONGEST_CALL + GRACE) {
        Ok(result) => Ok(result),
        Err(RecvTimeoutError::Timeout) => Err(function.error(too_long())),
        Err(RecvTimeoutError::Disconnected) => Err(function.error("its evaluation panicked")),
    }
}

fn too_long() -> String {
    format!("takes longer than {} seconds", LONGEST_CALL.as_secs())
}

fn evaluate<T>(
    function: &Function,
    program: &Arc<Program>,
    given: &Given,
    deadline: Instant,
    read: for<'v> fn(Value<'v>) -> Result<T, String>,
) -> Result<T, FunctionError> {
    let session = Session::at_run_time(program, given.gives_steps);
    Module::with_temp_heap(|module| {
        let mut evaluator = Evaluator::new(&module);
        evaluator.disable_gc();
        evaluator.extra = Some(&session);
        evaluator.set_check_cancelled(Box::new(move || Instant::now() >= deadline));
        evaluator
            .set_max_tick_count(MAX_TICKS_OF_CALL)
            .and_then(|()| evaluator.set_max_heap_size(MAX_HEAP))
            .and_then(|()| evaluator.set_max_callstack_size(MAX_CALLS))
            .map_err(|error| function.error(error.to_string()))?;
        let slot = Program::slot(function.id());
        let callee = program.module.get().and_then(|it| it.get(&slot).ok());
        let Some(callee) = callee else {
            return Err(function.error("cannot be called before the configuration is read"));
        };
        let heap = module.heap();
        let callee = heap.access_owned_frozen_value(&callee);
        let positional: Vec<_> = given.positional.iter().map(|it| it.alloc(heap)).collect();
        let named: Vec<_> = given
            .named
            .iter()
            .map(|(name, it)| (name.as_str(), it.alloc(heap)))
            .collect();
        match evaluator.eval_function(callee, &positional, &named) {
            Ok(value) => read(value).map_err(|why| function.error(why)),
            Err(error) => {
                let found = evaluate::diagnostic(&error, &program.file);
                let mut told = function.error(found.message);
                if found.line > 0 {
                    (told.line, told.column) = (found.line, found.column);
                }
                if Instant::now() >= deadline {
                    told.message = too_long();
                } else if evaluator.get_total_tick_count() >= MAX_TICKS_OF_CALL {
                    told.message = format!(
                        "more than {MAX_TICKS_OF_CALL} calls and rounds of loops; is there a loop that hardly ends?"
                    );
                }
                Err(told)
            }
        }
    })
}

/// How many calls run now.
static RUNNING: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());

/// One of the places for calls that run; free again when dropped.
struct Seat;

impl Seat {
    /// Waits for one; none if none becomes free.
    fn take() -> Option<Self> {
        let (count, freed) = &RUNNING;
        let taken = freed
            .wait_timeout_while(lock(count), LONGEST_WAIT, |count| *count >= MAX_RUNNING)
            .unwrap_or_else(PoisonError::into_inner);
        let (mut count, waited) = taken;
        if waited.timed_out() && *count >= MAX_RUNNING {
            return None;
        }
        *count += 1;
        Some(Self)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let (count, freed) = &RUNNING;
        let mut count = lock(count);
        *count = count.saturating_sub(1);
        freed.notify_one();
    }
}

fn lock(count: &Mutex<usize>) -> MutexGuard<'_, usize> {
    count.lock().unwrap_or_else(PoisonError::into_inner)
}
