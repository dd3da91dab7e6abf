//! What can start: the open requests, the workers and the rules, and one look at them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};
use std::sync::Arc;

use weir_config::MasterConfig;
use weir_status_api::{BuildRequest, BuildRequestId, BuilderId, MasterId, Worker, WorkerId};

use super::ask::{Advice, MOST_REQUESTS, MOST_WORKERS, Question};
use super::order::Order;
use super::queue::Queue;
use super::rules::{Book, Free, sort};
use super::slots::{Room, Slots};
use crate::locks::{Held, Holder, Locks, Pass};

/// A request that a worker shall build.
pub(super) struct Begin {
    pub(super) request: BuildRequestId,
    pub(super) builder: BuilderId,
    pub(super) worker: WorkerId,
    pub(super) holder: Arc<Holder>,
    pub(super) held: Held,
}

/// What can be done for a request.
enum Choice {
    /// A worker takes it.
    Begin(WorkerId, Arc<Holder>, Held),
    /// It waits for locks, the first of which has this name.
    Locked(String),
    /// No worker is free.
    Nobody,
}

/// A mirror of what waits and of who could build it. A look at it costs as much as changed since the last one: a
/// builder of which nothing changed, or whose workers are all away or busy, costs nothing.
pub(super) struct Plan {
    pub(super) book: Book,
    pub(super) queue: Queue,
    pub(super) slots: Slots,
    /// Builders whose requests or workers changed since the last look.
    changed: HashSet<BuilderId>,
    /// Builders whose first request waits for locks, the request, and the name of the first of these.
    locked: BTreeMap<BuilderId, (BuildRequestId, String)>,
    /// Builders whose functions are asked now.
    asking: HashSet<BuilderId>,
    /// What the functions of builders said last, until it is followed or cannot be.
    advice: HashMap<BuilderId, (BuildRequestId, WorkerId)>,
    /// What functions are to be asked.
    questions: Vec<Question>,
    /// In which order builders are looked at.
    pub(super) order: Order,
}

impl Plan {
    /// Nothing waits, and no worker is there.
    pub(super) fn new(book: Book, master: MasterId) -> Self {
        Self {
            book,
            queue: Queue::default(),
            slots: Slots::new(master),
            changed: HashSet::new(),
            locked: BTreeMap::new(),
            asking: HashSet::new(),
            advice: HashMap::new(),
            questions: vec![],
            order: Order::default(),
        }
    }

    /// Goes by other rules from now on: everything that waits is looked at again.
    pub(super) fn adopt(&mut self, book: Book, config: &MasterConfig) {
        self.book = book;
        self.slots.adopt(config);
        self.changed.extend(self.queue.builders());
    }

    /// Takes account of the worker as it is now.
    pub(super) fn update_worker(&mut self, worker: &Worker, config: &MasterConfig) {
        let room = self.slots.update(worker, config);
        self.note(worker.id, room);
    }

    /// Takes account of the request as it is now.
    pub(super) fn update_request(&mut self, request: &BuildRequest) {
        self.changed.insert(request.builder);
        self.queue.update(request);
    }

    /// The build of the builder has ended on the worker.
    pub(super) fn release(&mut self, worker: WorkerId, builder: BuilderId) {
        let room = self.slots.release(worker, builder);
        self.note(worker, room);
    }

    /// The worker has room for builds: those who may want it are looked at.
    fn note(&mut self, worker: WorkerId, room: Room) {
        match room {
            Room::None => {}
            Room::For(builder) => drop(self.changed.insert(builder)),
            Room::ForAll => self.changed.extend(self.book.served_by(worker)),
        }
    }

    /// What functions are to be asked; each answer is to be [taken](Self::take).
    pub(super) fn questions(&mut self) -> Vec<Question> {
        std::mem::take(&mut self.questions)
    }

    /// Takes the answer of a builder's functions.
    pub(super) fn take(&mut self, advice: Advice) {
        self.asking.remove(&advice.builder);
        if let Some(choice) = advice.choice {
            self.advice.insert(advice.builder, choice);
            self.changed.insert(advice.builder);
        }
    }

    /// Every build that can start, the most urgent first; their requests and workers are taken.
    pub(super) fn begin(&mut self, locks: &Arc<Locks>) -> Vec<Begin> {
        let locked = std::mem::take(&mut self.locked);
        let mut look = std::mem::take(&mut self.changed);
        look.extend(locked.keys());
        let mut begun = vec![];
        if look.is_empty() {
            return begun;
        }
        if !self.order.is_known(&look, &self.queue, &self.book, &self.slots) {
            // All of them are looked at when it is.
            self.changed = look;
            self.locked = locked;
            return begun;
        }
        let order = &self.order;
        let head = |builder: BuilderId| {
            let place = self.queue.first_of(builder)?;
            Some(Reverse((order.rank(builder), place, builder)))
        };
        let mut heads: BinaryHeap<_> = look.into_iter().filter_map(head).collect();
        let mut pass = locks.pass();
        while let Some(Reverse((rank, place, builder))) = heads.pop() {
            // A worker that becomes free again tells of the builders that it serves.
            if self.slots.none_is_free() {
                break;
            }
            let Some((request, workers)) = self.candidates(place.id, builder) else {
                continue;
            };
            match self.choose(builder, &workers, &mut pass) {
                Choice::Begin(worker, holder, held) => {
                    self.queue.remove(request);
                    self.slots.occupy(worker, builder);
                    self.advice.remove(&builder);
                    begun.push(Begin {
                        request,
                        builder,
                        worker,
                        holder,
                        held,
                    });
                    let next = self.queue.first_of(builder);
                    heads.extend(next.map(|it| Reverse((rank, it, builder))));
                }
                Choice::Locked(name) => {
                    let waits = (request, name);
                    if locked.get(&builder) != Some(&waits) {
                        tracing::info!(%builder, %request, lock = waits.1, "a request waits for a lock");
                    }
                    self.locked.insert(builder, waits);
                }
                Choice::Nobody => {}
            }
        }
        begun
    }

    /// Which request of the builder is next, the first unless its functions say otherwise, and the workers that can take
    /// it, the best first. None if there are none, or its functions are asked.
    fn candidates(
        &mut self,
        first: BuildRequestId,
        builder: BuilderId,
    ) -> Option<(BuildRequestId, Vec<Free>)> {
        let rules = self.book.rules(builder)?;
        let mut free = self.slots.free(builder, &rules.workers);
        sort(&rules.next_worker, first, &mut free);
        let Some(asked) = rules.asked.as_ref().filter(|_| !free.is_empty()) else {
            return Some((first, free));
        };
        let advice = self.advice.remove(&builder);
        if let Some((request, worker)) = advice.filter(|(request, _)| self.queue.has(*request)) {
            free.retain(|it| it.worker == worker);
            if !free.is_empty() {
                self.advice.insert(builder, (request, worker));
                return Some((request, free));
            }
        }
        if self.asking.insert(builder) {
            self.questions.push(Question {
                builder,
                name: rules.name.clone(),
                asked: asked.clone(),
                requests: self.queue.firsts(builder, MOST_REQUESTS),
                workers: free.iter().take(MOST_WORKERS).map(|it| it.worker).collect(),
            });
        } else {
            // Something changed since they were asked, so that they are asked again when they have answered.
            self.changed.insert(builder);
        }
        None
    }

    fn choose(&self, builder: BuilderId, free: &[Free], pass: &mut Pass<'_>) -> Choice {
        let Some(rules) = self.book.rules(builder) else {
            return Choice::Nobody;
        };
        let holder = Holder::new(&rules.name);
        for it in free {
            if let Some(held) = pass.take(&holder, &rules.locks, self.slots.name(it.worker)) {
                return Choice::Begin(it.worker, holder, held);
            }
        }
        // Always the same of the free ones where it can have them at all: so it keeps its place from look to look.
        let mut workers: Vec<WorkerId> = free.iter().map(|it| it.worker).collect();
        workers.sort();
        let name = workers
            .into_iter()
            .find_map(|it| pass.wait(&holder, &rules.locks, self.slots.name(it)));
        name.map_or(Choice::Nobody, Choice::Locked)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use weir_config::{LockAccess, LockConfig, LockMode, LockScope, NextWorker};
    use weir_status_api::{BuildsetId, Timestamp};

    use super::super::rules::Rules;
    use super::*;

    fn config(source: &str) -> MasterConfig {
        weir_config::check(source, "weir.star", std::path::Path::new(".")).unwrap()
    }

    fn worker(id: i64, name: &str) -> Worker {
        Worker {
            id: WorkerId(id),
            name: name.to_owned(),
            paused: false,
            pause_reason: None,
            graceful: false,
            configured_on: vec![],
            connected_to: vec![MasterId(1)],
            info: Default::default(),
            absence: None,
        }
    }

    fn request(id: i64, builder: i64, priority: i32) -> BuildRequest {
        BuildRequest {
            id: BuildRequestId(id),
            buildset: BuildsetId(1),
            builder: BuilderId(builder),
            priority,
            claimed_at: None,
            claimed_by: None,
            complete_at: None,
            results: None,
            submitted_at: Timestamp(id),
            waited_for: false,
            properties: Default::default(),
        }
    }

    fn rules(workers: &[i64], locks: Vec<LockAccess>) -> Rules {
        Rules {
            name: "b".to_owned(),
            workers: workers.iter().copied().map(WorkerId).collect(),
            locks,
            next_worker: NextWorker::LeastBusy,
            asked: None,
            collapse: weir_config::Collapse::Always,
        }
    }

    /// Which requests begin on which workers.
    fn begun(plan: &mut Plan, locks: &Arc<Locks>) -> (Vec<(i64, i64)>, Vec<Begin>) {
        let begun = plan.begin(locks);
        (
            begun.iter().map(|it| (it.request.0, it.worker.0)).collect(),
            begun,
        )
    }

    const W1_AND_W2: &str = r#"
worker("w1", token = "t", max_builds = 2)
worker("w2", token = "u")
builder("b", workers = ["w1", "w2"], steps = [shell("make")])
"#;

    fn two_workers(builders: std::ops::RangeInclusive<i64>) -> (Plan, MasterConfig) {
        let config = config(W1_AND_W2);
        let mut book = Book::default();
        for builder in builders {
            book.add(BuilderId(builder), rules(&[1], vec![]));
        }
        let mut plan = Plan::new(book, MasterId(1));
        plan.update_worker(&worker(1, "w1"), &config);
        (plan, config)
    }

    #[test]
    fn the_most_urgent_goes_first() {
        let (mut plan, _) = two_workers(1..=3);
        let locks = Locks::new(&[]);
        for (id, builder, priority) in [(1, 1, 0), (2, 2, 0), (3, 3, 9)] {
            plan.update_request(&request(id, builder, priority));
        }
        assert_eq!(begun(&mut plan, &locks).0, [(3, 1), (1, 1)]);
        assert!(begun(&mut plan, &locks).0.is_empty());
        // One that became urgent passes those that were before it.
        plan.update_request(&request(4, 1, 0));
        plan.update_request(&request(5, 3, 1));
        plan.release(WorkerId(1), BuilderId(3));
        assert_eq!(begun(&mut plan, &locks).0, [(5, 1)]);
    }

    #[test]
    fn builders_go_in_the_order_that_is_said() {
        let config = config(&format!(
            "master(prioritize_builders = [\"b2\", regex(\"b[13]$\")])\n{W1_AND_W2}{}",
            "[builder(name, workers = [\"w1\"], steps = [shell(\"make\")]) for name in [\"b1\", \"b2\", \"b3\"]]"
        ));
        let ids = weir_status_db::SetupIds {
            builders: [("b1", 1), ("b2", 2), ("b3", 3), ("b", 4)]
                .map(|(name, id)| (name.to_owned(), BuilderId(id)))
                .into(),
            ..Default::default()
        };
        let order = Order::of(&config, &ids);
        let (mut plan, _) = two_workers(1..=4);
        plan.order = order;
        let locks = Locks::new(&[]);
        for (id, builder, priority) in [(1, 4, 9), (2, 1, 0), (3, 3, 1), (4, 2, 0)] {
            plan.update_request(&request(id, builder, priority));
        }
        assert_eq!(begun(&mut plan, &locks).0, [(4, 1), (3, 1)]);
        plan.release(WorkerId(1), BuilderId(2));
        plan.release(WorkerId(1), BuilderId(3));
        assert_eq!(begun(&mut plan, &locks).0, [(2, 1), (1, 1)]);
    }

    #[test]
    fn a_function_says_in_which_order_builders_go() {
        let config = config(&format!(
            "master(prioritize_builders = lambda builders: [it for it in reversed(builders) if it.priority < 9])\n{W1_AND_W2}"
        ));
        let mut plan = Plan::new(Book::default(), MasterId(1));
        plan.update_worker(&worker(1, "w1"), &config);
        for builder in 1..=3 {
            let rules = Rules {
                name: format!("b{builder}"),
                ..rules(&[1], vec![])
            };
            plan.book.add(BuilderId(builder), rules);
        }
        plan.order = Order::of(&config, &Default::default());
        let locks = Locks::new(&[]);
        for (id, builder, priority) in [(1, 1, 0), (2, 2, 0), (3, 3, 9)] {
            plan.update_request(&request(id, builder, priority));
        }
        // Nothing begins before it has answered, whatever comes meanwhile.
        assert!(begun(&mut plan, &locks).0.is_empty());
        let question = plan.order.question().unwrap();
        plan.update_request(&request(4, 1, 0));
        assert!(begun(&mut plan, &locks).0.is_empty() && plan.order.question().is_none());
        plan.order.take(question.ask());
        assert_eq!(begun(&mut plan, &locks).0, [(2, 1), (1, 1)]);
        // The next look asks anew.
        plan.release(WorkerId(1), BuilderId(2));
        plan.release(WorkerId(1), BuilderId(1));
        plan.update_request(&request(5, 1, 0));
        let first = begun(&mut plan, &locks).0;
        let asked = plan.order.question().map(|it| plan.order.take(it.ask()));
        let second = begun(&mut plan, &locks).0;
        assert_eq!((first, asked, second), (vec![], Some(()), vec![(4, 1), (3, 1)]));
    }

    #[test]
    fn a_worker_takes_no_more_builds_than_it_may() {
        let (mut plan, config) = two_workers(1..=3);
        let locks = Locks::new(&[]);
        for id in 1..=6 {
            plan.update_request(&request(id, (id - 1) % 3 + 1, 0));
        }
        assert_eq!(begun(&mut plan, &locks).0, [(1, 1), (2, 1)]);
        // Two builds of one builder would share a folder.
        plan.release(WorkerId(1), BuilderId(2));
        assert_eq!(begun(&mut plan, &locks).0, [(3, 1)]);
        // A worker that is paused while it builds takes nothing when it has room.
        let paused = Worker {
            paused: true,
            ..worker(1, "w1")
        };
        plan.update_worker(&paused, &config);
        plan.release(WorkerId(1), BuilderId(1));
        plan.release(WorkerId(1), BuilderId(3));
        assert!(begun(&mut plan, &locks).0.is_empty());
        plan.update_worker(&worker(1, "w1"), &config);
        assert_eq!(begun(&mut plan, &locks).0, [(4, 1), (5, 1)]);
        // A builder that is not configured any more, and one without workers, wait.
        plan.update_request(&request(7, 9, 100));
        plan.release(WorkerId(1), BuilderId(1));
        assert_eq!(begun(&mut plan, &locks).0, [(6, 1)]);
    }

    #[test]
    fn a_worker_whose_lock_is_taken_is_not_chosen() {
        let config = config(W1_AND_W2);
        let access = LockAccess {
            lock: "disk".to_owned(),
            mode: LockMode::Exclusive,
        };
        let locks = Locks::new(&[LockConfig {
            name: "disk".to_owned(),
            scope: LockScope::Worker,
            count: 1,
            counts: Default::default(),
        }]);
        let mut book = Book::default();
        for builder in 1..=3 {
            book.add(BuilderId(builder), rules(&[1, 2], vec![access.clone()]));
        }
        let mut plan = Plan::new(book, MasterId(1));
        plan.update_worker(&worker(1, "w1"), &config);
        plan.update_worker(&worker(2, "w2"), &config);
        let step = locks.take(&Holder::new("x"), &[access], &[], "w1");
        plan.update_request(&request(1, 1, 0));
        plan.update_request(&request(2, 2, 0));
        let (first, held) = begun(&mut plan, &locks);
        assert_eq!(first, [(1, 2)]);
        assert_eq!(plan.locked[&BuilderId(2)], (BuildRequestId(2), "disk".to_owned()));
        // One that is more urgent comes before the one that waits already.
        plan.update_request(&request(3, 3, 1));
        assert!(begun(&mut plan, &locks).0.is_empty());
        drop(step);
        let (second, more) = begun(&mut plan, &locks);
        assert_eq!(second, [(3, 1)]);
        plan.release(WorkerId(2), BuilderId(1));
        drop(held);
        assert_eq!(begun(&mut plan, &locks).0, [(2, 2)]);
        drop(more);
        assert!(plan.locked.is_empty());
    }

    #[test]
    fn a_look_at_a_large_site_is_cheap() {
        const BUILDERS: i64 = 200;
        const WORKERS: i64 = 150;
        const REQUESTS: i64 = 25_000;
        const BUILT: usize = 2_000;
        let config = config(W1_AND_W2);
        let all: Vec<i64> = (1..=WORKERS).collect();
        let mut book = Book::default();
        for builder in 1..=BUILDERS {
            book.add(BuilderId(builder), rules(&all, vec![]));
        }
        let mut plan = Plan::new(book, MasterId(1));
        let locks = Locks::new(&[]);
        // While nobody can build, what comes costs nothing.
        let start = Instant::now();
        for id in 1..=REQUESTS {
            plan.update_request(&request(id, id % BUILDERS + 1, 0));
            assert!(plan.begin(&locks).is_empty());
        }
        let arrival = start.elapsed();
        // Two builds on each of the workers at a time.
        for id in 1..=WORKERS {
            plan.update_worker(&worker(id, "w1"), &config);
        }
        let start = Instant::now();
        let mut running: std::collections::VecDeque<Begin> = plan.begin(&locks).into();
        let mut built = running.len();
        while built < BUILT {
            let done = running.pop_front().expect("a build runs");
            plan.release(done.worker, done.builder);
            let next = plan.begin(&locks);
            built += next.len();
            running.extend(next);
        }
        let building = start.elapsed();
        println!(
            "to take {REQUESTS} requests: {arrival:?}, to give {BUILT} of them to workers: {building:?}"
        );
        // Some ten times what it takes without optimisation on a busy machine.
        assert!(
            arrival.as_secs() < 10 && building.as_secs() < 60,
            "{arrival:?}, {building:?}"
        );
    }
}
