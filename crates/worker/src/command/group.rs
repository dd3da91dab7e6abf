//! The processes of a command: its process group, and those below it that left the group.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

/// All processes of a command that can be found. What is left of the group is killed on drop.
#[derive(Debug)]
pub(crate) struct Group {
    id: Pid,
    /// Those that left the group but were still below it when it was to end.
    strays: BTreeSet<Identity>,
}

/// A process; the moment of its start tells it from a later one with the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    pid: i32,
    started: u64,
}

/// What `/proc` tells of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    parent: i32,
    group: i32,
    started: u64,
}

impl Group {
    /// The group of that id.
    pub(crate) const fn new(id: Pid) -> Self {
        Self {
            id,
            strays: BTreeSet::new(),
        }
    }

    /// Sends a signal to each process of the group, and to each below one of them that left it (a daemon
    /// whose parent has ended is below nobody and is not found).
    pub(crate) fn signal(&mut self, signal: Signal) {
        self.strays = strays(self.id.as_raw(), &self.strays, &processes());
        self.send(signal);
    }

    fn send(&self, signal: Signal) {
        // The one error there can be is that no process is left.
        let _ = killpg(self.id, signal);
        for stray in &self.strays {
            let _ = kill(Pid::from_raw(stray.pid), signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.strays.is_empty() {
            self.strays = strays(self.id.as_raw(), &self.strays, &processes());
        }
        self.send(Signal::SIGKILL);
    }
}

/// Every process that there is; none on systems without `/proc`.
fn processes() -> BTreeMap<i32, Stat> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return BTreeMap::new();
    };
    entries
        .filter_map(|entry| {
            let name = entry.ok()?.file_name();
            let pid = name.to_str()?.parse().ok()?;
            let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
            Some((pid, parse(&String::from_utf8_lossy(&text))?))
        })
        .collect()
}

/// Reads `/proc/PID/stat`, whose second field, the program's name, can hold anything.
fn parse(stat: &str) -> Option<Stat> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        started: fields.get(19)?.parse().ok()?,
    })
}

/// Those of `known` that are still there, and all below them or below a process of `group`, that are not in
/// it themselves.
fn strays(group: i32, known: &BTreeSet<Identity>, processes: &BTreeMap<i32, Stat>) -> BTreeSet<Identity> {
    let is_known = |pid: i32, stat: &Stat| {
        known.contains(&Identity {
            pid,
            started: stat.started,
        })
    };
    let mut found: BTreeSet<i32> = processes
        .iter()
        .filter(|(pid, stat)| stat.group == group || is_known(**pid, stat))
        .map(|(pid, _)| *pid)
        .collect();
    loop {
        let below: Vec<i32> = processes
            .iter()
            .filter(|(pid, stat)| found.contains(&stat.parent) && !found.contains(pid))
            .map(|(pid, _)| *pid)
            .collect();
        if below.is_empty() {
            break;
        }
        found.extend(below);
    }
    let identity = |pid: i32| {
        let stat = processes.get(&pid)?;
        let started = stat.started;
        (stat.group != group).then_some(Identity { pid, started })
    };
    found.into_iter().filter_map(identity).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stat(parent: i32, group: i32) -> Stat {
        Stat {
            parent,
            group,
            started: 7,
        }
    }

    fn found(group: i32, known: &[(i32, u64)], processes: &[(i32, Stat)]) -> Vec<i32> {
        let known = known
            .iter()
            .map(|(pid, started)| Identity {
                pid: *pid,
                started: *started,
            })
            .collect();
        strays(group, &known, &processes.iter().copied().collect())
            .into_iter()
            .map(|it| it.pid)
            .collect()
    }

    #[test]
    fn a_name_can_hold_anything() {
        let text = "42 (a) b) R 7 42 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 1000 2";
        let expected = Stat {
            parent: 7,
            group: 42,
            started: 12345,
        };
        assert_eq!(parse(text), Some(expected));
        assert_eq!(parse("42 (a) R 7"), None);
    }

    #[test]
    fn strays_are_below_the_group_but_not_in_it() {
        let processes = [
            (1, stat(0, 1)),
            (10, stat(1, 10)),
            (11, stat(10, 10)),
            (12, stat(11, 12)),
            (13, stat(12, 13)),
            (20, stat(1, 20)),
        ];
        assert_eq!(found(10, &[], &processes), [12, 13]);
    }

    #[test]
    fn a_known_stray_stays_one_until_its_id_is_anothers() {
        let processes = [(1, stat(0, 1)), (12, stat(1, 12)), (13, stat(12, 12))];
        assert_eq!(found(10, &[(12, 7)], &processes), [12, 13]);
        assert_eq!(found(10, &[(12, 6)], &processes), [0; 0]);
    }
}
