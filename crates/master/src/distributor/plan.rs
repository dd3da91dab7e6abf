//! What can start: the open requests, the workers and the rules, and one look at them.

#[cfg(test)]
pub(super) mod tests;

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
use crate::locks::{Held, Holder, Locks, Pass, Ticket};

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
    /// It waits for locks, at this place in their row.
    Locked(Ticket),
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
    /// Builders whose first request waits for locks, the request, and its place in their row.
    pub(super) locked: BTreeMap<BuilderId, (BuildRequestId, Ticket)>,
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
                Choice::Locked(place) => drop(self.locked.insert(builder, (request, place))),
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
        let place = workers
            .into_iter()
            .find_map(|it| pass.wait(&holder, &rules.locks, self.slots.name(it)));
        place.map_or(Choice::Nobody, Choice::Locked)
    }
}
