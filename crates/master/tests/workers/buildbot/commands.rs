//! What commands say, and how they end.

use std::time::Duration;

use bytes::Bytes;
use weir_buildbot_wire::worker::{
    Argument, Command, CommandLine, FailureReason, FromWorker, Text, Update, Variable,
};
use weir_buildbot_wire::{Failure, Value};
use weir_master::workers::{CommandSpec, FollowedFile, Limit, Outcome, Settings};

use super::super::house::{argv, script, settings};
use super::super::puppet::Puppet;
use super::{heard, house, house_with, in_b1};

#[tokio::test]
async fn a_command_runs_with_all_that_belongs_to_it() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let spec = CommandSpec {
        env: [("A".to_owned(), "${HOME}/a".to_owned())].into(),
        unset_env: vec!["B".to_owned()],
        stdin: Bytes::from_static(b"in"),
        idle_timeout: Some(Duration::from_secs(7)),
        total_timeout: Some(Duration::from_secs(70)),
        interrupt_grace: Duration::from_millis(1500),
        max_lines: Some(9),
        pty: true,
        files: vec![FollowedFile {
            name: "my".to_owned(),
            path: "my.log".to_owned(),
            follow: true,
        }],
        ..in_b1(argv(&["make", "all"]))
    };
    let _command = house.start(spec).await;
    let started = worker.next_command().await;
    assert_eq!(started.builder, "b1");
    let Command::Shell(shell) = started.command else {
        panic!("{:?}", started.command);
    };
    let words = ["make", "all"].map(|it| Argument::Plain(it.to_owned()));
    assert_eq!(shell.command, CommandLine::Program(words.into()));
    assert_eq!(shell.workdir, "build");
    let env = [
        ("A".to_owned(), Variable::Text("${HOME}/a".to_owned())),
        ("B".to_owned(), Variable::Unset),
    ];
    assert_eq!(shell.env, env);
    assert_eq!(shell.initial_stdin, Some(b"in".to_vec()));
    assert_eq!(shell.timeout, Some(Duration::from_secs(7)));
    assert_eq!(shell.max_time, Some(Duration::from_secs(70)));
    assert_eq!(shell.sigterm_time, Some(Duration::from_secs(2)));
    assert_eq!(shell.max_lines, Some(9));
    assert_eq!(shell.use_pty, Some(true));
    let (name, file) = &shell.logfiles[0];
    assert_eq!(
        (name.as_str(), file.path.as_str(), file.follow),
        ("my", "my.log", Some(true))
    );
}

#[tokio::test]
async fn what_a_command_says_comes_in_order() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let mut command = house.start(in_b1(script("make"))).await;
    let started = worker.next_command().await;
    let header = Update::Header(Text::new("make\n"));
    worker.update(started.object, header);
    worker.print(started.object, "a");
    // As old workers send it: several at once, which are answered by the highest number.
    let updates = vec![Update::Stderr(Text::new("e\n")), Update::Stdout(Text::new("b\n"))];
    let call = worker.tell(started.object, FromWorker::Update { updates, number: 5 });
    assert_eq!(worker.answer(call).await.unwrap(), Value::Int(5));
    worker.finish(started.object, 3);
    let heard = heard(&mut worker, &mut command).await;
    assert_eq!(heard.stdout, "ab\n");
    assert_eq!(heard.stderr, "e\n");
    assert_eq!(heard.header, "make\nprogram finished with exit code 3\n");
    assert_eq!(heard.outcome, Some(Outcome::Exited(3)));
}

#[tokio::test]
async fn ways_to_end_are_told_apart() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let says = |text: &str| vec![Update::Header(Text::new(text)), Update::ReturnCode(Some(-1))];
    let reason = |reason| vec![Update::FailureReason(reason), Update::ReturnCode(Some(-1))];
    let timed_out = Outcome::TimedOut;
    for (updates, outcome) in [
        (says("process killed by signal 9\n"), Outcome::Signalled(9)),
        (
            reason(FailureReason::TimeoutWithoutOutput),
            timed_out(Limit::Idle),
        ),
        (reason(FailureReason::Timeout), timed_out(Limit::Total)),
        (reason(FailureReason::MaxLines), timed_out(Limit::Lines)),
        // Before there were reasons.
        (
            says("command timed out: 7 seconds without output, attempting to kill\n"),
            timed_out(Limit::Idle),
        ),
        (
            says("command timed out: 7 seconds elapsed, attempting to kill\n"),
            timed_out(Limit::Total),
        ),
        (vec![Update::ReturnCode(None)], Outcome::Exited(-1)),
    ] {
        let mut command = house.start(in_b1(script("make"))).await;
        let started = worker.next_command().await;
        for update in updates {
            worker.update(started.object, update);
        }
        worker.tell(started.object, FromWorker::Complete(None));
        assert_eq!(heard(&mut worker, &mut command).await.outcome, Some(outcome));
    }
    // It says nothing of how it ended, or that it failed.
    for failure in [None, Some(Failure::runtime_error("no such user"))] {
        let mut command = house.start(in_b1(script("make"))).await;
        let started = worker.next_command().await;
        worker.tell(started.object, FromWorker::Complete(failure));
        let heard = heard(&mut worker, &mut command).await;
        assert!(
            matches!(heard.outcome, Some(Outcome::CouldNotStart(_))),
            "{heard:?}"
        );
    }
}

#[tokio::test]
async fn a_command_is_interrupted() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let mut command = house.start(in_b1(script("make"))).await;
    let started = worker.next_command().await;
    command.interrupt("enough");
    worker
        .until("it is interrupted", |it| !it.interrupted.is_empty())
        .await;
    assert_eq!(worker.interrupted, [(started.id, "enough".to_owned())]);
    worker.finish(started.object, -1);
    let heard = heard(&mut worker, &mut command).await;
    assert_eq!(heard.outcome, Some(Outcome::Interrupted("enough".to_owned())));
}

#[tokio::test]
async fn commands_of_a_builder_run_at_once_in_places_of_their_own() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let mut commands = vec![];
    for _ in 0..3 {
        commands.push(house.start(in_b1(script("make"))).await);
    }
    worker.until("all have begun", |it| it.started.len() == 3).await;
    assert_eq!(worker.builders(), ["b1", "b1 (2)", "b1 (3)"]);
    let mut builders: Vec<_> = worker.started.iter().map(|it| it.builder.clone()).collect();
    builders.sort();
    assert_eq!(builders, ["b1", "b1 (2)", "b1 (3)"]);
    let objects: Vec<_> = worker.started.drain(..).map(|it| it.object).collect();
    for object in objects {
        worker.finish(object, 0);
    }
    for mut command in commands {
        assert_eq!(
            heard(&mut worker, &mut command).await.outcome,
            Some(Outcome::Exited(0))
        );
    }
}

#[tokio::test]
async fn what_is_said_of_an_ended_command_is_refused() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let mut command = house.start(in_b1(script("make"))).await;
    let started = worker.next_command().await;
    worker.finish(started.object, 0);
    heard(&mut worker, &mut command).await;
    let call = worker.print(started.object, "late\n");
    assert!(worker.answer(call).await.is_err());
    let call = worker.tell(started.object, FromWorker::Complete(None));
    assert!(worker.answer(call).await.is_err());
    assert!(house.manager.is_connected("w1"));
}

#[tokio::test]
async fn a_worker_waits_while_its_output_is_not_stored() {
    const WINDOW: usize = 256 * 1024;
    let house = house_with(Settings {
        window: WINDOW,
        ..settings()
    })
    .await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let mut command = house.start(in_b1(script("make"))).await;
    let started = worker.next_command().await;
    let line = "x".repeat(99_999) + "\n";
    let calls: Vec<_> = (0..40).map(|_| worker.print(started.object, &line)).collect();
    worker.finish(started.object, 0);
    // Nothing is taken: after a window of it the worker is heard no more.
    let answered = |it: &Puppet| calls.iter().filter(|call| it.answers.contains_key(call)).count();
    worker.until("some is answered", |it| answered(it) >= 2).await;
    let more = worker.until("all is answered", |it| answered(it) == 40);
    let waits = tokio::time::timeout(Duration::from_millis(300), more).await;
    assert!(waits.is_err(), "it does not wait");
    assert!(answered(&worker) < 8, "{}", answered(&worker));
    let heard = heard(&mut worker, &mut command).await;
    assert_eq!(heard.stdout.len(), 40 * 100_000);
    assert_eq!(heard.outcome, Some(Outcome::Exited(0)));
}

#[tokio::test]
async fn a_command_that_is_too_large_for_the_protocol_could_not_start() {
    let house = house().await;
    let mut worker = Puppet::let_in(&house.manager).await;
    let mut command = house.start(in_b1(script(&"x".repeat(700_000)))).await;
    let outcome = heard(&mut worker, &mut command).await.outcome;
    assert!(matches!(outcome, Some(Outcome::CouldNotStart(_))), "{outcome:?}");
    // Nothing was broken by it.
    let mut command = house.start(in_b1(script("make"))).await;
    let started = worker.next_command().await;
    worker.finish(started.object, 0);
    assert_eq!(
        heard(&mut worker, &mut command).await.outcome,
        Some(Outcome::Exited(0))
    );
}
