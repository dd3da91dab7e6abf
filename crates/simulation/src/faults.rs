//! What goes wrong: hosts die, links break and stall, the disk takes nothing, the clock is set back.

use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::chance::Chance;
use crate::network::HostId;
use crate::plant::Plant;
use crate::site::Site;
use crate::trace;
use crate::world::{Doom, World};

/// Brings faults upon a site.
pub(crate) struct Faults {
    chance: Chance,
    /// Which kinds of fault there are, each as often as it is listed: other seeds have others.
    kinds: Vec<Kind>,
    /// The longest pause between two faults, in milliseconds.
    pause: u64,
    /// How far the master's clock is from the right time, in seconds.
    clock: i64,
    /// Until when the disk takes nothing.
    disk_is_full_until: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    KillMaster,
    KillWorker,
    KillReader,
    Cut,
    Stall,
    Slow,
    Disk,
    Clock,
}

/// How far the clock may be from the right time, in seconds: what is further off is not believed.
const FARTHEST: i64 = 10 * 60 * 60;

const KINDS: [Kind; 8] = [
    Kind::KillMaster,
    Kind::KillWorker,
    Kind::KillReader,
    Kind::Cut,
    Kind::Stall,
    Kind::Slow,
    Kind::Disk,
    Kind::Clock,
];

impl Faults {
    /// Those of a seed; if something is planted, only what it needs.
    pub(crate) fn new(seed: u64, plant: Option<Plant>) -> Self {
        let mut chance = Chance::new(seed, "faults");
        let kinds = match plant {
            None => KINDS.into_iter().filter(|_| chance.once_in(2)).collect(),
            Some(Plant::ForgetfulDisk) => vec![Kind::KillMaster],
            Some(_) => vec![],
        };
        let pause = *chance.pick(&[300, 1500, 6000]);
        Self {
            chance,
            kinds,
            pause,
            clock: 0,
            disk_is_full_until: None,
        }
    }

    /// How long it is until the next fault.
    pub(crate) fn pause(&mut self) -> Duration {
        self.chance.millis(0..=self.pause)
    }

    /// Does something.
    pub(crate) fn strike(&mut self, world: &mut World, site: &Site) {
        if self.disk_is_full_until.is_some_and(|until| until <= world.now()) {
            self.mend_disk();
        }
        if self.kinds.is_empty() {
            return;
        }
        match *self.chance.pick(&self.kinds) {
            Kind::KillMaster => self.kill(world, site.master(), 20_000),
            Kind::KillWorker => {
                let worker = *self.chance.pick(&site.workers);
                self.kill(world, worker, 30_000);
            }
            Kind::KillReader => {
                let reader = self.reader(site);
                self.kill(world, reader, 10_000);
            }
            Kind::Cut => {
                let (one, other) = self.link(site);
                trace::note(format_args!(
                    "cut between {} and {}",
                    world.name(one),
                    world.name(other)
                ));
                world.network().cut(one, other);
            }
            Kind::Stall => self.stall(world, site),
            Kind::Slow => {
                let (from, to) = self.link(site);
                let (time, times) = (self.chance.millis(500..=20_000), self.chance.within(2..=100));
                trace::note(format_args!(
                    "{times} times slower from {} to {} for {:.1} s",
                    world.name(from),
                    world.name(to),
                    time.as_secs_f64()
                ));
                let until = world.now() + time;
                let times = u32::try_from(times).unwrap_or(1);
                world.network().slow_down(from, to, until, times);
            }
            Kind::Disk => self.fill_disk(world),
            Kind::Clock => {
                let seconds = i64::try_from(self.chance.within(1..=7200)).unwrap_or_default();
                let ahead = self.chance.once_in(2);
                let goes_ahead = self.clock < -FARTHEST || ahead && self.clock < FARTHEST;
                let seconds = if goes_ahead { seconds } else { -seconds };
                self.clock += seconds;
                site.shared.ledger.open().has_clock_jumped = true;
                trace::note(format_args!("the master's clock jumps by {seconds} s"));
                site.shared.clock.jump(seconds * 1_000_000);
            }
        }
    }

    /// All is well again: hosts are started, links and disk work, the clock is right.
    pub(crate) fn end(&mut self, world: &mut World, site: &Site) {
        trace::note("all is well again");
        self.mend_disk();
        world.network().heal();
        world.start_all();
        site.shared.clock.set_right();
    }

    fn kill(&mut self, world: &mut World, host: HostId, longest_pause: u64) {
        let most = *self.chance.pick(&[3, 30, 300]);
        let doom = Doom {
            acts: self.chance.within(1..=most),
            silently: self.chance.once_in(4),
            pause: self.chance.millis(100..=longest_pause),
        };
        world.doom(host, doom);
    }

    fn reader(&mut self, site: &Site) -> HostId {
        match self.chance.within(0..=3) {
            0 => site.gateway(),
            _ => *self.chance.pick(&site.listeners),
        }
    }

    /// A link, from one end to the other.
    fn link(&mut self, site: &Site) -> (HostId, HostId) {
        let other = match self.chance.within(0..=3) {
            0 => site.gateway(),
            1 => self.reader(site),
            2 => site.people,
            _ => *self.chance.pick(&site.workers),
        };
        let one = match self.chance.once_in(4) && other != site.gateway() {
            true => site.gateway(),
            false => site.master(),
        };
        match self.chance.once_in(2) {
            true => (one, other),
            false => (other, one),
        }
    }

    fn stall(&mut self, world: &mut World, site: &Site) {
        let (from, to) = self.link(site);
        let time = self.chance.millis(100..=60_000);
        let until = world.now() + time;
        world.network().stall(from, to, until);
        let both = self.chance.once_in(3);
        if both {
            world.network().stall(to, from, until);
        }
        trace::note(format_args!(
            "nothing arrives {} {} and {} for {:.1} s",
            if both {
                "between"
            } else {
                "from one to the other of"
            },
            world.name(from),
            world.name(to),
            time.as_secs_f64()
        ));
    }

    /// From now on no file of any host grows beyond some size. SQLite and the system tell of it as of a full disk.
    fn fill_disk(&mut self, world: &World) {
        let most = *self.chance.pick(&[0, 4096, 65_536, 1_000_000]);
        let most = self.chance.within(0..=most);
        let time = self.chance.millis(100..=15_000);
        trace::note(format_args!(
            "no file grows beyond {most} bytes for {:.1} s",
            time.as_secs_f64()
        ));
        limit_files(Some(most));
        self.disk_is_full_until = Some(world.now() + time);
    }

    fn mend_disk(&mut self) {
        limit_files(None);
        if self.disk_is_full_until.take().is_some() {
            trace::note("files grow again");
        }
    }
}

fn limit_files(most: Option<u64>) {
    let limited = getrlimit(Resource::RLIMIT_FSIZE).and_then(|(_, hard)| {
        let soft = most.unwrap_or(hard);
        setrlimit(Resource::RLIMIT_FSIZE, soft, hard)
    });
    limited.expect("a limit below the highest can be set");
}
