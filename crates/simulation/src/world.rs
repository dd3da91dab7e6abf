//! The world: hosts that run one after the other on one thread, and the time, which is theirs.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use crate::chance::Chance;
use crate::network::{HostId, Network};
use crate::{here, nature, trace};

/// How far a host may be ahead of another while they talk, and while they do not.
const SHORT: Duration = Duration::from_millis(4);
const LONG: Duration = Duration::from_millis(200);

/// How long a host that is to be killed may take until it has acted as often.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a host does from its start to its end; whoever keeps it starts it again after that.
pub(crate) type Program = Arc<dyn Fn(u32) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// A machine with one program, which can be killed at any moment.
struct Host {
    name: String,
    program: Program,
    life: Option<Life>,
    /// How many lives it has had.
    lives: u32,
    /// When it is started, if it does not run.
    starts_at: Option<Duration>,
    /// How it is to be killed, and when at the latest.
    doom: Option<(Doom, Duration)>,
}

/// How a host is killed.
#[derive(Clone, Debug)]
pub(crate) struct Doom {
    /// After how many more acts: what it hears from others, and what it does with its disk.
    pub(crate) acts: u64,
    /// Whether nobody is told that its connections are gone before it is back.
    pub(crate) silently: bool,
    /// After how long it is started again.
    pub(crate) pause: Duration,
}

struct Life {
    runtime: Runtime,
    main: JoinHandle<Result<(), String>>,
    born: (Duration, Instant),
}

/// All hosts.
pub(crate) struct World {
    now: Duration,
    window: Duration,
    hosts: Vec<Host>,
    network: Network,
    chance: Chance,
}

impl World {
    /// One without hosts.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            now: Duration::ZERO,
            window: SHORT,
            hosts: Vec::new(),
            network: Network::new(seed),
            chance: Chance::new(seed, "world"),
        }
    }

    /// Its network.
    pub(crate) fn network(&self) -> &Network {
        &self.network
    }

    /// The time since its beginning.
    pub(crate) fn now(&self) -> Duration {
        self.now
    }

    /// The name of a host.
    pub(crate) fn name(&self, host: HostId) -> &str {
        &self.hosts[host].name
    }

    /// Whether a host runs.
    pub(crate) fn is_running(&self, host: HostId) -> bool {
        self.hosts[host].life.is_some()
    }

    /// The number that the next host gets.
    pub(crate) fn next_host(&self) -> HostId {
        self.hosts.len()
    }

    /// Adds a host, which starts at once.
    pub(crate) fn add(&mut self, name: impl Into<String>, program: Program) -> HostId {
        self.hosts.push(Host {
            name: name.into(),
            program,
            life: None,
            lives: 0,
            starts_at: Some(self.now),
            doom: None,
        });
        self.hosts.len() - 1
    }

    /// Lets the time go on until then.
    pub(crate) fn run_until(&mut self, end: Duration) {
        while self.now < end {
            self.start_those_due();
            self.window = if self.network.was_busy() {
                SHORT
            } else {
                (self.window * 2).min(LONG)
            };
            self.now = (self.now + self.window).min(end);
            let mut order: Vec<HostId> = (0..self.hosts.len()).collect();
            self.chance.shuffle(&mut order);
            for host in order {
                self.run_host(host);
            }
            nature::pass_to(self.now);
            here::leave(self.now);
        }
    }

    fn start_those_due(&mut self) {
        for host in 0..self.hosts.len() {
            let is_due = self.hosts[host].starts_at.is_some_and(|at| at <= self.now);
            if is_due && self.hosts[host].life.is_none() {
                self.start(host);
            }
        }
    }

    fn start(&mut self, number: HostId) {
        self.network.come_back(number);
        let interval = u32::try_from(self.chance.within(1..=61)).unwrap_or(61);
        let host = &mut self.hosts[number];
        host.starts_at = None;
        host.lives += 1;
        trace::note(format_args!("{} starts, life {}", host.name, host.lives));
        let runtime = runtime(interval);
        let at = runtime.block_on(async { Instant::now() });
        let main = runtime.spawn((host.program)(host.lives));
        host.life = Some(Life {
            runtime,
            main,
            born: (self.now, at),
        });
    }

    /// Lets a host run up to the present.
    fn run_host(&mut self, number: HostId) {
        let acts = self.hosts[number].doom.as_ref().map(|(doom, _)| doom.acts);
        let Some(life) = &mut self.hosts[number].life else {
            return;
        };
        here::enter(life.born);
        here::doom(acts);
        let until = life.born.1 + (self.now - life.born.0);
        life.runtime.block_on(async {
            let mut end = pin!(sleep_until(until));
            poll_fn(|context| match here::is_doomed(context.waker()) {
                true => Poll::Ready(()),
                false => end.as_mut().poll(context),
            })
            .await;
        });
        here::leave(self.now);
        if let Some((mut doom, until)) = self.hosts[number].doom.take() {
            doom.acts = here::acts_left().unwrap_or_default();
            here::doom(None);
            if doom.acts == 0 || until <= self.now {
                return self.kill(number, &doom);
            }
            self.hosts[number].doom = Some((doom, until));
        }
        let Some(life) = &mut self.hosts[number].life else {
            return;
        };
        if life.main.is_finished() {
            let ended = life.runtime.block_on(&mut life.main);
            let name = &self.hosts[number].name;
            match ended {
                Ok(Ok(())) => trace::note(format_args!("{name} ends")),
                Ok(Err(why)) => trace::note(format_args!("{name} ends: {why}")),
                Err(fault) => panic!("{name} ends by a fault: {fault}"),
            }
            self.end(number);
            let pause = self.chance.millis(500..=3000);
            self.hosts[number].starts_at = Some(self.now + pause);
        }
    }

    /// Has a host killed in the middle of what it does.
    pub(crate) fn doom(&mut self, number: HostId, doom: Doom) {
        let host = &mut self.hosts[number];
        if host.life.is_some() && host.doom.is_none() {
            host.doom = Some((doom, self.now + PATIENCE));
        }
    }

    fn kill(&mut self, number: HostId, doom: &Doom) {
        let name = &self.hosts[number].name;
        let how = if doom.silently {
            "is cut off and killed"
        } else {
            "is killed"
        };
        trace::note(format_args!(
            "{name} {how}, for {:.1} s",
            doom.pause.as_secs_f64()
        ));
        if doom.silently {
            self.network.leave(number, true);
        }
        self.end(number);
        self.hosts[number].starts_at = Some(self.now + doom.pause);
    }

    /// Runs something on no host.
    pub(crate) fn aside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let runtime = runtime(1);
        let at = runtime.block_on(async { Instant::now() });
        here::enter((self.now, at));
        let done = runtime.block_on(work);
        drop(runtime);
        here::leave(self.now);
        done
    }

    /// Starts all hosts that do not run.
    pub(crate) fn start_all(&mut self) {
        for host in &mut self.hosts {
            host.doom = None;
            if host.life.is_none() {
                host.starts_at = Some(self.now);
            }
        }
    }

    /// Ends all hosts for good.
    pub(crate) fn end_all(&mut self) {
        for host in 0..self.hosts.len() {
            self.end(host);
            self.hosts[host].starts_at = None;
        }
    }

    fn end(&mut self, number: HostId) {
        let Some(Life { runtime, main, born }) = self.hosts[number].life.take() else {
            return;
        };
        drop(main);
        let handle = runtime.handle().clone();
        let entered = handle.enter();
        here::enter(born);
        drop(runtime);
        here::leave(self.now);
        drop(entered);
        self.network.leave(number, false);
    }
}

/// A runtime on this thread with a time of its own. After `interval` steps of tasks it looks at its main task.
fn runtime(interval: u32) -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .event_interval(interval)
        .build()
        .expect("a runtime without input and output needs nothing that could fail")
}
