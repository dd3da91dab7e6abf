//! A command is run for each event, and its end says what becomes of the event.

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::kill;
use nix::unistd::Pid;
use serde_json::Value;
use weir_listeners::{Outlet, Program, ProgramOptions};
use weir_status_api::{Lane, Listener as _, ListenerError, Results, Verb};
use weir_testbed::eventually;

use super::world::{World, build, ended, printing};

fn shell(script: &str) -> ProgramOptions {
    ProgramOptions {
        command: ["/bin/sh", "-c", script].map(str::to_owned).to_vec(),
        ..ProgramOptions::default()
    }
}

async fn run(options: ProgramOptions, outlet: &Outlet) -> Result<(), ListenerError> {
    let world = World::new();
    let event = world.tell(Verb::Finished, ended(build(3), Results::Success));
    let command = Program::new("notify".to_owned(), options, outlet).unwrap();
    command.on_event(&event, world.as_ref()).await
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn it_is_told_of_the_event() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = shell("cat >event.json; echo \"$WEIR_TOPIC $WEIR_CURSOR $WEIR_DELIVERY $SITE\" >env");
    options.workdir = Some(folder.path().to_owned());
    options.env.insert("SITE".to_owned(), "a b".to_owned());
    run(options, &Outlet::open()).await.unwrap();
    let event: Value = serde_json::from_str(&read(folder.path().join("event.json"))).unwrap();
    assert_eq!(event["topic"], "builds/3/finished");
    assert_eq!(event["resource"]["buildid"], 3);
    assert_eq!(
        read(folder.path().join("env")),
        "builds/3/finished 1 notify-1 a b\n"
    );
}

#[tokio::test]
async fn its_exit_code_says_what_becomes_of_the_event() {
    assert_eq!(run(shell("exit 0"), &Outlet::open()).await, Ok(()));
    let later = run(shell("echo busy; exit 75"), &Outlet::open()).await;
    let why = "/bin/sh ended with exit code 75: busy";
    assert_eq!(later, Err(ListenerError::Later(why.to_owned())));
    let never = run(shell("echo one; echo two >&2; exit 3"), &Outlet::open()).await;
    let why = "/bin/sh ended with exit code 3: one | two";
    assert_eq!(never, Err(ListenerError::Never(why.to_owned())));
    let killed = run(shell("kill -9 $$"), &Outlet::open()).await;
    assert!(
        matches!(&killed, Err(ListenerError::Never(why)) if why.contains("signal")),
        "{killed:?}"
    );
}

#[tokio::test]
async fn a_program_that_is_not_there_may_come() {
    let mut options = shell("");
    options.command = vec!["/no/such/program".to_owned()];
    let answer = run(options, &Outlet::open()).await;
    let Err(ListenerError::Later(why)) = answer else {
        panic!("{answer:?}");
    };
    assert!(why.starts_with("/no/such/program cannot be started: "), "{why}");
}

#[tokio::test]
async fn it_need_not_read_and_may_write_without_end() {
    let talks = "exec 0<&-; i=0; while [ $i -lt 3000 ]; do echo \"line $i of many that nobody wants to read\"; i=$((i+1)); done; exit 1";
    let answer = run(shell(talks), &Outlet::open()).await;
    let Err(ListenerError::Never(why)) = answer else {
        panic!("{answer:?}");
    };
    assert!(
        why.ends_with("line 2999 of many that nobody wants to read"),
        "{why}"
    );
    assert!(why.len() < 1000, "{why}");
}

#[tokio::test]
async fn at_the_timeout_all_that_it_started_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = shell("sleep 1000 & echo $! >child; wait");
    options.workdir = Some(folder.path().to_owned());
    options.timeout = 0.5;
    let answer = run(options, &Outlet::open()).await;
    let why = "/bin/sh ran longer than 500ms, and was killed";
    assert_eq!(answer, Err(ListenerError::Later(why.to_owned())));
    gone(&folder.path().join("child")).await;
}

#[tokio::test]
async fn what_it_leaves_running_is_killed_when_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = shell("sleep 1000 & echo $! >child");
    options.workdir = Some(folder.path().to_owned());
    run(options, &Outlet::open()).await.unwrap();
    gone(&folder.path().join("child")).await;
}

/// The process whose id the file holds has ended.
async fn gone(file: &Path) {
    let child = Pid::from_raw(read(file).trim().parse().unwrap());
    eventually("the child is gone", Duration::from_secs(10), async || {
        // Somebody has to take note of its end before its id is free.
        let is_zombie = std::fs::read_to_string(format!("/proc/{child}/stat"))
            .is_ok_and(|it| it.rsplit(')').next().is_some_and(|it| it.trim().starts_with('Z')));
        is_zombie || kill(child, None).is_err()
    })
    .await;
}

#[tokio::test]
async fn secrets_are_in_no_reason_and_a_dry_run_runs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let outlet = Outlet::open().with_secrets(["hunter2".to_owned()]);
    let answer = run(shell("echo password=hunter2; exit 1"), &outlet).await;
    let why = "/bin/sh ended with exit code 1: password=…";
    assert_eq!(answer, Err(ListenerError::Never(why.to_owned())));

    let (outlet, printed) = printing();
    let outlet = outlet.with_secrets(["hunter2".to_owned()]);
    let mut options = shell("echo hunter2 >ran");
    options.workdir = Some(folder.path().to_owned());
    run(options, &outlet).await.unwrap();
    assert!(!folder.path().join("ran").exists());
    let printed = printed.lock().unwrap().join("\n");
    assert!(
        printed.contains("run [\"/bin/sh\", \"-c\", \"echo … >ran\"]"),
        "{printed}"
    );
    assert!(printed.contains("builds/3/finished"), "{printed}");
}

#[test]
fn in_order_all_events_are_of_one_lane() {
    let world = World::new();
    let event = world.tell(Verb::Finished, ended(build(3), Results::Success));
    let lane = |in_order| {
        let options = ProgramOptions {
            in_order,
            ..shell("")
        };
        Program::new("notify".to_owned(), options, &Outlet::open())
            .unwrap()
            .lane(&event)
    };
    assert_eq!(lane(true), Lane::All);
    assert_eq!(lane(false), Lane::of(&event));
}

#[test]
fn wrong_options_are_told() {
    let wrong = |change: fn(&mut ProgramOptions)| {
        let mut options = shell("");
        change(&mut options);
        Program::new("notify".to_owned(), options, &Outlet::open())
            .unwrap_err()
            .option
    };
    assert_eq!(wrong(|it| it.command.clear()), "command");
    assert_eq!(wrong(|it| it.command[2] = "a\0b".to_owned()), "command");
    assert_eq!(wrong(|it| it.timeout = -1.0), "timeout");
    assert_eq!(
        wrong(|it| drop(it.env.insert("A=B".to_owned(), String::new()))),
        "env"
    );
    assert_eq!(wrong(|it| it.events.clear()), "events");
}
