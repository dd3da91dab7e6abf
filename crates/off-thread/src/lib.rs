//! Work that blocks: files, the database, functions of the configuration.
//!
//! Usually it is done on threads of its own, so that it keeps no task waiting. When it is done there is then up to the
//! machine, and a simulation, which gives the same run for the same seed, cannot have that: it has the work
//! [done at once](at_once), in its place among the tasks of its one thread.
//!
//! # Non-goals
//! - No limits: who has much to do sees to it that little of it is under way.

use std::any::Any;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// Work ended without a result, since it panicked or the runtime ends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Stopped {
    why: String,
}

type Pace = Box<dyn FnMut() -> Duration>;

thread_local! {
    static PACE: RefCell<Option<Pace>> = const { RefCell::new(None) };
}

/// Does `work` where it keeps no task waiting, and gives its result.
///
/// # Errors
/// [`Stopped`] if it panics, or the runtime ends before it is done.
pub async fn off_thread<T, W>(work: W) -> Result<T, Stopped>
where
    T: Send + 'static,
    W: FnOnce() -> T + Send + 'static,
{
    if !is_at_once() {
        let done = tokio::task::spawn_blocking(work).await;
        return done.map_err(|error| Stopped {
            why: error.to_string(),
        });
    }
    // What waits for it can end before it is done, and between that and hearing of it.
    rest().await;
    let done = catch_unwind(AssertUnwindSafe(work));
    rest().await;
    done.map_err(|panic| Stopped {
        why: format!("it panicked: {}", message(&*panic)),
    })
}

/// Whether work is done at once on this thread.
pub fn is_at_once() -> bool {
    PACE.with_borrow(Option::is_some)
}

/// From now on, until what this gives is dropped, tasks that run on this thread do their work at once. `pace` says
/// how long each waits before and after it, in the runtime's time: a slow disk, for instance.
#[must_use = "it ends when this is dropped"]
pub fn at_once(pace: impl FnMut() -> Duration + 'static) -> AtOnce {
    PACE.set(Some(Box::new(pace)));
    AtOnce {
        _of_this_thread: PhantomData,
    }
}

/// While it lives, work is done at once on its thread.
#[derive(Debug)]
pub struct AtOnce {
    _of_this_thread: PhantomData<*const ()>,
}

impl Drop for AtOnce {
    fn drop(&mut self) {
        PACE.set(None);
    }
}

async fn rest() {
    let pause = PACE.with_borrow_mut(|pace| pace.as_mut().map_or(Duration::ZERO, |pace| pace()));
    if pause.is_zero() {
        tokio::task::yield_now().await;
    } else {
        tokio::time::sleep(pause).await;
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use std::thread;

    use tokio::time::Instant;

    use super::*;

    #[tokio::test]
    async fn work_is_done_elsewhere_unless_it_is_to_be_done_at_once() {
        let here = thread::current().id();
        let there = || off_thread(|| thread::current().id());
        assert_ne!(there().await.unwrap(), here);
        let at_once = at_once(|| Duration::ZERO);
        assert_eq!(there().await.unwrap(), here);
        drop(at_once);
        assert_ne!(there().await.unwrap(), here);
    }

    #[tokio::test(start_paused = true)]
    async fn work_takes_the_time_that_it_is_given() {
        let begun = Instant::now();
        let _at_once = at_once(|| Duration::from_millis(20));
        off_thread(|| ()).await.unwrap();
        assert_eq!(begun.elapsed(), Duration::from_millis(40));
    }

    #[tokio::test]
    async fn work_that_panics_is_told() {
        let _at_once = at_once(|| Duration::ZERO);
        let stopped = off_thread(|| panic!("no such file")).await.map(|(): ()| ());
        assert_eq!(stopped.unwrap_err().to_string(), "it panicked: no such file");
    }
}
