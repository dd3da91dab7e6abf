//! Why a build request waits.

use std::cmp::Reverse;

use weir_status_api::{
    BuildRequest, BuildRequestField, Op, Query, Read, ReadExt, Result, Timestamp, Worker, WorkerField,
};

use super::{Look, plain, stopwatch};

/// How many requests before it are counted.
const MOST: u32 = 1000;

/// Where a request stands.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    /// Requests of its builder that go first.
    before: usize,
    /// The builder's workers.
    workers: Vec<Worker>,
}

impl Standing {
    /// Where `request` stands now.
    pub(crate) async fn read(api: &dyn Read, request: &BuildRequest) -> Result<Self> {
        let open = Query::<BuildRequest>::new()
            .eq(BuildRequestField::Builder, request.builder)
            .eq(BuildRequestField::Complete, false)
            .eq(BuildRequestField::Claimed, false)
            .filter(
                BuildRequestField::Priority,
                Op::Ge,
                vec![i64::from(request.priority).into()],
            )
            .limit(MOST);
        let workers = Query::<Worker>::new()
            .eq(WorkerField::Builder, request.builder)
            .limit(MOST);
        let (open, workers) = futures::try_join!(api.page(open), api.page(workers))?;
        let before = open.items.iter().filter(|it| place(it) < place(request)).count();
        Ok(Self {
            before,
            workers: workers.items,
        })
    }

    /// Why the request waits, and how long it has.
    pub(crate) fn line(&self, request: &BuildRequest, builder: &str, now: Timestamp, look: Look) -> String {
        let waiting = stopwatch(now.since(request.submitted_at));
        format!(
            "{} · {waiting} · {}",
            look.paint("waiting", "1;33"),
            self.why(request, builder)
        )
    }

    fn why(&self, request: &BuildRequest, builder: &str) -> String {
        let connected: Vec<&Worker> = self
            .workers
            .iter()
            .filter(|it| !it.connected_to.is_empty())
            .collect();
        if connected.is_empty() {
            return format!("no worker of builder {builder} is connected");
        }
        if connected.iter().all(|it| it.paused || it.graceful) {
            return format!("each connected worker of builder {builder} is paused or ends");
        }
        if let Some(what) = &request.waiting_for {
            return plain(what);
        }
        match self.before {
            0 => format!("next in the queue of builder {builder}"),
            1 => format!("1 request of builder {builder} is before it"),
            many => format!("{many} requests of builder {builder} are before it"),
        }
    }
}

/// A request's place in its builder's queue: higher priority first, then the older.
fn place(request: &BuildRequest) -> impl Ord {
    (Reverse(request.priority), request.submitted_at, request.id)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{NOW, ago, request, worker};
    use super::*;

    fn line(before: usize, workers: &[Worker]) -> String {
        let workers = workers.to_vec();
        Standing { before, workers }.line(&request(7, 1), "linux", NOW, Look::default())
    }

    #[test]
    fn it_says_why_a_request_waits() {
        let ready = worker(1, "w1");
        let mut away = worker(2, "w2");
        away.connected_to.clear();
        let mut paused = worker(3, "w3");
        paused.paused = true;
        let mut waits = request(7, 1);
        waits.waiting_for = Some("lock db, held by tests/12".to_owned());
        let locked = Standing {
            before: 0,
            workers: vec![ready.clone()],
        };
        let lines = [
            line(0, &[]),
            line(1, std::slice::from_ref(&away)),
            line(1, &[away.clone(), paused.clone()]),
            line(0, &[ready.clone(), away, paused]),
            line(1, std::slice::from_ref(&ready)),
            line(12, std::slice::from_ref(&ready)),
            locked.line(&waits, "linux", NOW, Look::default()),
        ];
        insta::assert_snapshot!("queue_lines", lines.join("\n"));
    }

    #[test]
    fn priority_goes_before_age() {
        let ours = request(7, 1);
        let mut urgent = request(8, 1);
        urgent.priority = 1;
        let mut older = request(9, 1);
        older.submitted_at = ago(100);
        let mut later = request(6, 1);
        later.submitted_at = ago(1);
        let before = |it: &BuildRequest| place(it) < place(&ours);
        assert!(before(&urgent) && before(&older) && before(&request(6, 1)));
        assert!(!before(&later) && !before(&ours) && !before(&request(8, 1)));
    }
}
