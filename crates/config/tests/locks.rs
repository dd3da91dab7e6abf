#![expect(clippy::unwrap_used, reason = "a test may panic")]
//! Locks, and what is said of those that can never be had.

use std::path::Path;

use weir_config::{Collapse, LockMode, LockScope, NextWorker};

const WORKERS: &str = r#"
w = worker("w", token = "t")
v = worker("v", token = "u")
db = lock("db", count = 2)
net = lock("net")
disk = lock("disk", scope = "worker", counts = {"w": 3})
"#;

fn mistakes(source: &str) -> Vec<String> {
    let mistakes =
        weir_config::check(&format!("{WORKERS}{source}"), "weir.star", Path::new(".")).unwrap_err();
    let diagnostics = mistakes.diagnostics().iter();
    diagnostics
        .map(|it| {
            let help = it.help.as_deref().unwrap_or_default();
            format!("{}:{} {}; {help}", it.line - 6, it.column, it.message)
        })
        .collect()
}

#[test]
fn locks_are_taken_by_builders_and_steps() {
    let source = r#"
master(next_worker = "random", collapse_requests = False)
builder("a", workers = [w, v], locks = [disk.counting(3), net.exclusive()], steps = [shell("make", locks = [db.counting()])])
builder("b", workers = [w], next_worker = "first", collapse_requests = True, steps = [shell(db.name)])
"#;
    let config = weir_config::check(&format!("{WORKERS}{source}"), "weir.star", Path::new(".")).unwrap();
    let [db, net, disk] = config.locks.as_slice() else {
        panic!("{:?}", config.locks);
    };
    assert_eq!(
        (db.name.as_str(), db.scope, db.count),
        ("db", LockScope::Master, 2)
    );
    assert_eq!((net.count, disk.scope), (1, LockScope::Worker));
    assert_eq!((disk.count_on("w"), disk.count_on("v")), (3, 1));
    let [a, b] = config.builders.as_slice() else {
        panic!("{:?}", config.builders);
    };
    let taken: Vec<_> = a.locks.iter().map(|it| (it.lock.as_str(), it.mode)).collect();
    assert_eq!(
        taken,
        [("disk", LockMode::Counting(3)), ("net", LockMode::Exclusive)]
    );
    assert_eq!(a.steps[0].locks[0].mode, LockMode::Counting(1));
    assert_eq!(
        (&a.next_worker, &config.next_worker),
        (&None, &NextWorker::Random)
    );
    assert_eq!(b.next_worker, Some(NextWorker::First));
    assert_eq!(
        (&a.collapse_requests, &config.collapse_requests),
        (&None, &Collapse::Never)
    );
    assert_eq!(b.collapse_requests, Some(Collapse::Always));
}

#[test]
fn locks_that_can_never_be_had_are_mistakes() {
    let said = mistakes(
        r#"
db.counting(3)
builder("a", workers = [v], locks = [disk.counting(2)], steps = [shell("make")])
builder("b", workers = [w, v], steps = [shell("make", locks = [disk.counting(2)])])
builder("c", workers = [w], locks = [db.counting()], steps = [shell("make", locks = [db.counting()])])
"#,
    );
    assert_eq!(
        said,
        [
            "2:13 counting(): 'count' is 3, but lock 'db' can be held 2 times at the most; ask for less, or give the lock count = 3",
            "3:29 builder(): no worker of the builder has lock 'disk' 2 times; ask for less, or raise its count",
            "4:32 builder(): step 'make' takes lock 'disk' 2 times, and would wait for ever on worker 'v', where it can be held 1 times at the most; ask for less, or raise its count",
            "5:54 builder(): step 'make' takes lock 'db', which its builder holds already; take it in one of the two",
        ]
    );
}

#[test]
fn builds_that_would_wait_for_each_other_are_mistakes() {
    let said = mistakes(
        r#"
builder("a", workers = [w, v], locks = [db.exclusive()], steps = [shell("make", locks = [net.exclusive()])])
builder("b", workers = [w], locks = [net.exclusive()], steps = [shell("make", locks = [disk.exclusive()])])
builder("c", workers = [w, v], locks = [disk.exclusive()], steps = [shell("test", locks = [db.counting()])])
"#,
    );
    let [said] = said.as_slice() else {
        panic!("{said:?}");
    };
    for part in [
        "builder 'a' holds lock 'db' while its step 'make' waits for 'net'",
        "builder 'b' holds lock 'net' while its step 'make' waits for 'disk'",
        "builder 'c' holds lock 'disk' while its step 'test' waits for 'db'",
    ] {
        assert!(said.contains(part), "{said}");
    }
    // On different workers a worker's locks are different ones.
    let apart = r#"
cpu = lock("cpu", scope = "worker")
builder("a", workers = [w], locks = [cpu.exclusive()], steps = [shell("make", locks = [disk.exclusive()])])
builder("b", workers = [v], locks = [disk.exclusive()], steps = [shell("make", locks = [cpu.exclusive()])])
"#;
    weir_config::check(&format!("{WORKERS}{apart}"), "weir.star", Path::new(".")).unwrap();
}

#[test]
fn mistakes_in_locks_are_told() {
    let said = mistakes(
        r#"
lock("a b")
lock("db", scope = "wroker")
lock("x", counts = {"w": 2})
lock("y", scope = "worker", counts = {"vv": 2, "w": 0})
builder("a", workers = [w], locks = [db, "net", w], steps = [shell("make", locks = [net.exclusive(), net.exclusive()])])
builder("b", workers = [w], next_worker = "furst", locks = net.exclusive(), steps = [shell("make")])
"#,
    );
    let told = said.join("\n");
    for part in [
        "2:6 lock(): 'name' is no identifier: 'a b'",
        "3:12 lock(): 'scope' is no scope: 'wroker'; did you mean 'worker'?",
        "4:11 lock(): 'counts' is for workers, and the lock is one for all of them; remove it, or add scope = \"worker\"",
        "lock(): 'counts[\"w\"]' must be 1 or more",
        "6:38 builder(): 'locks[0]' must say how the lock is taken; write .exclusive() or .counting() behind it",
        "builder(): 'locks[1]' must be an access to a lock, not a string",
        "builder(): 'locks[2]' must be an access to a lock, not a worker",
        "shell(): 'locks' has lock 'net' twice; take it once, e.g. counting(2)",
        "builder(): 'next_worker' is no rule for choosing a worker: 'furst'; did you mean 'first'?",
        "builder(): 'locks' must be a list of accesses to locks, not an access to a lock; put it in [ ]",
    ] {
        assert!(told.contains(part), "no {part} in\n{told}");
    }
}
