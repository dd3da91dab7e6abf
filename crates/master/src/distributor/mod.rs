//! The distributor: gives open build requests to free workers, and carries requests to stop to builds that run.
//!
//! It is driven by the store's events alone, which it takes in their order: what it knows is a mirror of rows.

mod ask;
mod collapse;
mod order;
mod plan;
mod queue;
mod rules;
mod slots;
mod waits;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use weir_config::Collapse;
use weir_off_thread::off_thread;
use weir_status_api::{
    BuildId, BuildRequest, BuildRequestField, BuildRequestId, BuilderId, ControlAction, ControlRecord,
    ControlTarget, Cursor, Entity, EventStream, Query, ReadExt, Signal, Start, TopicFilter, Verb, Watch,
    Worker, WorkerId,
};

use crate::builds::{Assignment, Engine, LeftOpen, Stop};
use crate::current::Current;
use crate::error::Result;
use crate::master::accounts;
use ask::{Advice, MOST_REQUESTS, ask};
use collapse::Collapser;
use order::Order;
use plan::{Begin, Plan};
use queue::Queue;
use rules::Book;
use waits::Waits;

/// New requests that functions compare with others at a time; those that come meanwhile are not collapsed.
const MOST_COMPARISONS: usize = 100;

/// A configuration to go by from now on.
pub(crate) struct Adoption {
    pub(crate) current: Arc<Current>,
    /// Told when nothing begins by the one before any more.
    pub(crate) done: oneshot::Sender<()>,
}

/// A build that runs, or is about to.
struct Running {
    builder: BuilderId,
    worker: WorkerId,
    worker_name: String,
    build: Option<BuildId>,
    stop: Arc<Stop>,
}

/// Gives requests to workers.
pub(crate) struct Distributor {
    engine: Arc<Engine>,
    /// What new builds go by.
    current: Arc<Current>,
    adoptions: mpsc::Receiver<Adoption>,
    plan: Plan,
    waits: Waits,
    collapser: Collapser,
    /// Functions that are asked which request is next.
    asking: JoinSet<Advice>,
    /// The function that is asked in which order builders are looked at.
    ordering: JoinSet<Vec<BuilderId>>,
    /// Functions that are asked which requests are alike.
    comparing: JoinSet<()>,
    running: HashMap<BuildRequestId, Running>,
    requests: HashMap<BuildId, BuildRequestId>,
    tasks: JoinSet<()>,
    task_requests: HashMap<tokio::task::Id, BuildRequestId>,
    /// Builds whose tasks have ended, and which must not be left running.
    unended: Vec<BuildId>,
}

impl Distributor {
    /// A distributor that starts builds on `engine`, and goes on with those that an earlier life of the master `left`.
    pub(crate) fn new(engine: Arc<Engine>, left: Vec<LeftOpen>, adoptions: mpsc::Receiver<Adoption>) -> Self {
        let current = engine.current();
        let mut plan = Plan::new(Book::of(&current), engine.master());
        plan.order = Order::of(&current.config, &current.ids);
        let mut distributor = Self {
            engine,
            current,
            adoptions,
            plan,
            waits: Waits::new(),
            collapser: Collapser::default(),
            asking: JoinSet::new(),
            ordering: JoinSet::new(),
            comparing: JoinSet::new(),
            running: HashMap::new(),
            requests: HashMap::new(),
            tasks: JoinSet::new(),
            task_requests: HashMap::new(),
            unended: vec![],
        };
        for build in left {
            distributor.resume(build);
        }
        distributor
    }

    fn resume(&mut self, left: LeftOpen) {
        let (request, builder, worker) = (left.build.request, left.build.builder, left.build.worker);
        self.plan.slots.occupy(worker, builder);
        let running = Running {
            builder,
            worker,
            worker_name: left.worker_name().to_owned(),
            build: Some(left.build.id),
            stop: Arc::clone(&left.stop),
        };
        self.requests.insert(left.build.id, request);
        self.running.insert(request, running);
        let task = self.tasks.spawn(Arc::clone(&self.engine).resume(left));
        self.task_requests.insert(task.id(), request);
    }

    /// Runs until `stop`; then the builds that run are left to the next life of the master.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut pause = Duration::from_millis(200);
        loop {
            let error = tokio::select! {
                result = self.follow() => match result {
                    Ok(()) => "the events ended".to_owned(),
                    Err(error) => error.to_string(),
                },
                () = stop.cancelled() => break,
            };
            tracing::error!(error, "distributing is interrupted, trying again");
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                Some(adoption) = self.adoptions.recv() => self.adopt(adoption),
                () = stop.cancelled() => break,
            }
            pause = (pause * 2).min(Duration::from_secs(30));
        }
        // As if the master were killed now, but for the workers, which are told that it ends.
        self.engine.workers.let_go();
        self.tasks.shutdown().await;
    }

    /// Goes by another configuration from now on.
    fn adopt(&mut self, Adoption { current, done }: Adoption) {
        self.plan.adopt(Book::of(&current), &current.config);
        self.plan.order = Order::of(&current.config, &current.ids);
        // What the function before would answer is nobody's order any more.
        self.ordering = JoinSet::new();
        let busy = self.running.values().map(|it| it.worker_name.as_str()).collect();
        self.engine
            .workers
            .change_workers(accounts(&current.config), &busy);
        self.current = current;
        // Whoever asked for it may have gone.
        let _ = done.send(());
    }

    async fn follow(&mut self) -> Result<()> {
        self.end_builds_left_open().await?;
        let cursor = self.look().await?;
        let filter = TopicFilter::parse_all([
            "buildrequests/*/*",
            "workers/*/*",
            "builds/*/new",
            "control/*/*/*",
        ])?;
        let mut events = self.engine.store.watch(filter, Start::After(cursor)).await?;
        loop {
            self.collapse().await?;
            self.distribute();
            self.waits
                .tell(&self.plan, &self.engine.locks, &self.engine.store);
            if !self.step(&mut events).await? {
                return Ok(());
            }
        }
    }

    /// Reads the open requests and the workers; what changes meanwhile is in the events after the cursor.
    async fn look(&mut self) -> Result<Cursor> {
        self.plan.queue = Queue::default();
        self.collapser = Collapser::default();
        let store = self.engine.store.clone();
        let mut first = None;
        let mut workers = store.pages(Query::<Worker>::new());
        while let Some(page) = workers.next().await? {
            first.get_or_insert(page.cursor);
            for worker in &page.items {
                self.plan.update_worker(worker, &self.current.config);
                self.dismiss(worker.id);
            }
        }
        let requests = Query::<BuildRequest>::new()
            .eq(BuildRequestField::Complete, false)
            .eq(BuildRequestField::Claimed, false)
            .limit(1000);
        let mut requests = store.pages(requests);
        while let Some(page) = requests.next().await? {
            for request in &page.items {
                self.waits.learn(request);
                self.enqueue(request);
                self.arrive(request);
            }
        }
        Ok(first.unwrap_or(Cursor::ZERO))
    }

    fn arrive(&mut self, request: &BuildRequest) {
        let Some(rules) = self.plan.book.rules(request.builder) else {
            return;
        };
        match &rules.collapse {
            Collapse::Never => {}
            Collapse::Always => self.collapser.arrive(request),
            Collapse::If(function) => {
                let others = self.plan.queue.older(request.builder, request.id, MOST_REQUESTS);
                if others.is_empty() || self.comparing.len() >= MOST_COMPARISONS {
                    return;
                }
                let (store, function) = (self.engine.store.clone(), function.clone());
                let (builder, new) = (rules.name.clone(), request.id);
                self.comparing.spawn(async move {
                    if let Err(error) = ask::collapse(store, function, builder, new, others).await {
                        tracing::error!(request = %new, %error, "requests like a new one are not collapsed");
                    }
                });
            }
        }
    }

    /// Collapses the requests that came into each other, some at a time.
    async fn collapse(&mut self) -> Result<()> {
        let queue = &self.plan.queue;
        self.collapser
            .collapse(&self.engine.store, |it| queue.has(it))
            .await
    }

    fn enqueue(&mut self, request: &BuildRequest) {
        if request.claimed_at.is_some() || request.complete_at.is_some() {
            self.collapser.leave(request.id);
        }
        if self.running.contains_key(&request.id) {
            // Its task has not ended yet; when it has, an open request is looked at again.
            self.plan.queue.remove(request.id);
        } else {
            self.plan.update_request(request);
        }
    }

    /// Takes one event, or the end of one build. False when the events ended.
    async fn step(&mut self, events: &mut EventStream) -> Result<bool> {
        tokio::select! {
            Some(ended) = self.tasks.join_next_with_id() => {
                let id = match ended {
                    Ok((id, ())) => id,
                    Err(error) => {
                        tracing::error!(%error, "a build's task ended by a fault of the master");
                        error.id()
                    }
                };
                self.ended(id).await?;
            }
            signal = events.next() => match signal.transpose()? {
                None => return Ok(false),
                Some(Signal::Event(event)) => {
                    self.take(&event.entity);
                    if let (Verb::New, Entity::BuildRequest(request)) = (event.verb, &event.entity) {
                        self.arrive(request);
                    }
                }
                Some(Signal::Bookmark(_)) => {}
            },
            Some(adoption) = self.adoptions.recv() => self.adopt(adoption),
            () = self.engine.locks.builds_may_start() => {}
            () = self.waits.wait() => {}
            Some(advice) = self.asking.join_next() => match advice {
                Ok(advice) => self.plan.take(advice),
                Err(error) => tracing::error!(%error, "asking functions ended by a fault of the master"),
            },
            Some(order) = self.ordering.join_next() => self.plan.order.take(order.unwrap_or_else(|error| {
                tracing::error!(%error, "asking for the order of builders ended by a fault of the master");
                vec![]
            })),
            Some(ended) = self.comparing.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "comparing requests ended by a fault of the master");
                }
            }
            () = std::future::ready(()), if self.collapser.has_more() => {}
        }
        Ok(true)
    }

    fn take(&mut self, entity: &Entity) {
        match entity {
            Entity::BuildRequest(request) => self.enqueue(request),
            Entity::Worker(worker) => {
                self.plan.update_worker(worker, &self.current.config);
                self.dismiss(worker.id);
            }
            Entity::Build(build) => {
                if let Some(running) = self.running.get_mut(&build.request) {
                    running.build = Some(build.id);
                    self.requests.insert(build.id, build.request);
                }
            }
            Entity::Control(record) => self.control(record),
            _ => {}
        }
    }

    fn control(&mut self, record: &ControlRecord) {
        let request = match (record.target, record.action) {
            (ControlTarget::Worker(worker), ControlAction::Kill) => return self.kill(worker, record),
            (ControlTarget::Build(build), ControlAction::Stop) => self.requests.get(&build).copied(),
            (ControlTarget::BuildRequest(request), ControlAction::Cancel) => Some(request),
            _ => None,
        };
        if let Some(running) = request.and_then(|it| self.running.get(&it)) {
            running.stop.cancel(&record.tell("stopped"));
        }
    }

    /// Ends a worker at once: its builds are lost here and now, whatever it does, and are built again.
    fn kill(&mut self, worker: WorkerId, record: &ControlRecord) {
        let reason = record.tell("the worker was killed");
        for running in self.running.values().filter(|it| it.worker == worker) {
            running.stop.lose(&reason);
        }
        if let Some(name) = self.plan.slots.end(worker)
            && let Err(gone) = self.engine.workers.shut_down_worker(name)
        {
            tracing::info!(worker = name, %gone, "the worker to kill is not connected here");
        }
    }

    /// Lets a worker go that was told to end after its builds.
    fn dismiss(&self, worker: WorkerId) {
        if let Some(name) = self.plan.slots.done(worker)
            && let Err(gone) = self.engine.workers.shut_down_worker(name)
        {
            tracing::info!(worker = name, %gone, "the worker had left already");
        }
    }

    async fn ended(&mut self, task: tokio::task::Id) -> Result<()> {
        let Some(request) = self.task_requests.remove(&task) else {
            return Ok(());
        };
        if let Some(running) = self.running.remove(&request) {
            self.plan.release(running.worker, running.builder);
            self.dismiss(running.worker);
            if self.plan.slots.is_idle(running.worker) {
                self.engine.workers.let_leave(&running.worker_name);
            }
            if let Some(build) = running.build {
                self.requests.remove(&build);
                self.unended.push(build);
            }
        }
        self.end_builds_left_open().await?;
        // A build that ended as retry has left its request open.
        let key = weir_status_api::Key::BuildRequest(request);
        let request: BuildRequest = self.engine.store.one(key).await?.value;
        self.enqueue(&request);
        Ok(())
    }

    /// Ends what a fault left running. What the store does not take now is tried again at the next end of a build,
    /// or when distributing begins anew.
    async fn end_builds_left_open(&mut self) -> Result<()> {
        while let Some(build) = self.unended.last() {
            self.engine.end_if_open(*build).await?;
            self.unended.pop();
        }
        Ok(())
    }

    /// Starts every build that can start.
    fn distribute(&mut self) {
        for begin in self.plan.begin(&self.engine.locks) {
            self.start(begin);
        }
        if let Some(question) = self.plan.order.question() {
            self.ordering.spawn(async move {
                off_thread(move || question.ask()).await.unwrap_or_else(|stopped| {
                    tracing::error!(%stopped, "asking for the order of builders ended by a fault of the master");
                    vec![]
                })
            });
        }
        for question in self.plan.questions() {
            self.asking.spawn(ask(self.engine.store.clone(), question));
        }
    }

    fn start(&mut self, begin: Begin) {
        let Begin {
            request,
            builder,
            worker,
            holder,
            held,
        } = begin;
        self.waits.forget(request);
        let stop = Arc::new(Stop::default());
        let assignment = Assignment {
            request,
            builder,
            worker,
            current: Arc::clone(&self.current),
            stop: Arc::clone(&stop),
            holder,
            held,
        };
        let engine = Arc::clone(&self.engine);
        let task = self.tasks.spawn(async move { engine.build(assignment).await });
        self.task_requests.insert(task.id(), request);
        let running = Running {
            builder,
            worker,
            worker_name: self.plan.slots.name(worker).to_owned(),
            build: None,
            stop,
        };
        self.running.insert(request, running);
    }
}
