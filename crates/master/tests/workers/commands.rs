//! Commands, from their start to their end.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use weir_master::workers::{CommandEvent, CommandSpec, Limit, Outcome, OutputStream, Settings};
use weir_testbed::eventually;

use super::house::{House, PATIENCE, argv, hear, is_alive, script, settings, wait_for};

#[tokio::test]
async fn output_and_headers_arrive() {
    let house = House::new().await;
    let _worker = house.worker().await;
    let heard = house.run("echo out; echo err >&2; pwd; exit 3").await;
    let workdir = house.base_dir().canonicalize().unwrap().join("build");
    assert_eq!(heard.stdout, format!("out\n{}\n", workdir.display()));
    assert_eq!(heard.stderr, "err\n");
    assert_eq!(heard.outcome, Some(Outcome::Exited(3)));
    let expected = format!(
        "echo out; echo err >&2; pwd; exit 3\n in dir {}\n",
        workdir.display()
    );
    assert!(heard.header.starts_with(&expected), "{}", heard.header);
    let end = "program finished with exit code 3\nelapsedTime=0.";
    assert!(heard.header.contains(end), "{}", heard.header);
}

#[tokio::test]
async fn bytes_that_are_no_text_go_through_untouched() {
    let house = House::new().await;
    let _worker = house.worker().await;
    let heard = house
        .run(r"printf 'a\377\000\303\n'; printf '\360\237' >&2")
        .await;
    assert_eq!(heard.stdout, b"a\xff\0\xc3\n"[..]);
    assert_eq!(heard.stderr, b"\xf0\x9f"[..]);
}

#[tokio::test]
async fn environment_and_input_reach_the_command() {
    let house = House::new().await;
    let mut options = house.options("instance-1");
    let own = |name: &str, value: &str| (name.into(), value.into());
    options.environment = BTreeMap::from([own("PATH", "/usr/bin:/bin"), own("A", "a"), own("B", "b")]);
    let _worker = super::house::Worker::start(options);
    house.wait_connected().await;
    let mut spec = script(r#"echo "$A,$B,$C,$PWD"; cat"#);
    spec.env = [("A", "${A}2"), ("C", "c")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    spec.unset_env = vec!["B".to_owned()];
    spec.stdin = Bytes::from_static(b"from the master");
    let heard = hear(&mut house.start(spec).await).await;
    let workdir = house.base_dir().canonicalize().unwrap().join("build");
    assert_eq!(
        heard.stdout,
        format!("a2,,c,{}\nfrom the master", workdir.display())
    );
    let changes = " environment:\n  A=${A}2\n  C=c\n  B is unset\n";
    assert!(heard.header.contains(changes), "{}", heard.header);
}

#[tokio::test]
async fn a_program_that_there_is_not_is_one_sentence() {
    let house = House::new().await;
    let _worker = house.worker().await;
    let mut command = house.start(argv(&["frobnicate", "--now"])).await;
    let heard = hear(&mut command).await;
    let Some(Outcome::CouldNotStart(why)) = heard.outcome else {
        panic!("{heard:?}");
    };
    let expected = "there is no program `frobnicate` in any folder of PATH (";
    assert!(why.starts_with(expected), "{why}");
    assert!(heard.header.starts_with("frobnicate --now\n"), "{}", heard.header);
    assert!(heard.header.contains(&why), "{}", heard.header);
}

#[tokio::test]
async fn a_working_directory_stays_inside() {
    let house = House::new().await;
    let _worker = house.worker().await;
    let spec = CommandSpec {
        workdir: "../outside".to_owned(),
        ..script("pwd")
    };
    let heard = hear(&mut house.start(spec).await).await;
    let why = "the working directory `../outside` must be below the worker's own folder, without `..`";
    assert_eq!(heard.outcome, Some(Outcome::CouldNotStart(why.to_owned())));
}

#[tokio::test]
async fn a_command_too_large_is_refused_here() {
    let house = House::new().await;
    let _worker = house.worker().await;
    let mut command = house.start(argv(&["echo", &"x".repeat(3_000_000)])).await;
    let heard = hear(&mut command).await;
    assert!(
        matches!(&heard.outcome, Some(Outcome::CouldNotStart(why)) if why.contains("too large")),
        "{heard:?}"
    );
}

#[tokio::test]
async fn a_signal_is_told() {
    let house = House::new().await;
    let _worker = house.worker().await;
    let heard = house.run("kill -KILL $$").await;
    assert_eq!(heard.outcome, Some(Outcome::Signalled(9)));
    assert!(heard.header.contains("process killed by signal 9\n"));
}

#[tokio::test]
async fn silence_has_a_limit() {
    let house = House::new().await;
    let _worker = house.worker().await;
    let mut spec = script("echo a; sleep 0.3; echo b; sleep 60");
    spec.idle_timeout = Some(Duration::from_millis(500));
    let heard = hear(&mut house.start(spec).await).await;
    assert_eq!(heard.stdout, "a\nb\n");
    assert_eq!(heard.outcome, Some(Outcome::TimedOut(Limit::Idle)));
    let told = "command timed out: 0.5 seconds without output, attempting to kill\n";
    assert!(heard.header.contains(told), "{}", heard.header);
}

#[tokio::test]
async fn time_has_a_limit() {
    let house = House::new().await;
    let _worker = house.worker().await;
    let mut spec = script("while true; do echo tick; sleep 0.05; done");
    spec.idle_timeout = Some(Duration::from_secs(5));
    spec.total_timeout = Some(Duration::from_millis(400));
    let heard = hear(&mut house.start(spec).await).await;
    assert!(heard.stdout.starts_with(b"tick\n"));
    assert_eq!(heard.outcome, Some(Outcome::TimedOut(Limit::Total)));
}

#[tokio::test]
async fn an_interrupt_ends_the_whole_tree() {
    let house = House::new().await;
    let _worker = house.worker().await;
    // Neither grandchild cares for SIGTERM, their parent does not wait for them, and one is in a session of
    // its own.
    let deaf = r#"sh -c 'trap "" TERM; echo $$; while true; do sleep 1; done' & "#;
    let mut command = house
        .start(script(&format!("{deaf} setsid {deaf} sleep 60")))
        .await;
    let mut text = String::new();
    while text.lines().count() < 2 {
        let heard = wait_for(&mut command, "\n").await;
        text.push_str(std::str::from_utf8(&heard.stdout).unwrap());
    }
    let grandchildren: Vec<&str> = text.lines().collect();
    assert!(grandchildren.iter().all(|it| is_alive(it)), "{grandchildren:?}");
    command.interrupt("somebody wants it");
    let heard = hear(&mut command).await;
    assert_eq!(
        heard.outcome,
        Some(Outcome::Interrupted("somebody wants it".to_owned()))
    );
    let told = "command interrupted (somebody wants it), attempting to kill\n";
    assert!(heard.header.contains(told), "{}", heard.header);
    eventually("they are gone", PATIENCE, async || {
        !grandchildren.iter().any(|it| is_alive(it))
    })
    .await;
}

#[tokio::test]
async fn what_is_left_running_delays_the_end_only_for_a_while() {
    let house = House::new().await;
    let _worker = house.worker().await;
    let heard = house.run("echo here; sleep 60 & echo $! >pid").await;
    assert_eq!(heard.stdout, "here\n");
    assert_eq!(heard.outcome, Some(Outcome::Exited(0)));
    let pid = std::fs::read_to_string(house.base_dir().join("build/pid")).unwrap();
    eventually("it is gone", PATIENCE, async || !is_alive(pid.trim())).await;
}

#[tokio::test]
async fn a_process_that_leaves_its_group_cannot_hold_the_end_up() {
    let house = House::new().await;
    let _worker = house.worker().await;
    let heard = house
        .run("echo here; setsid sh -c 'echo $$ >pid; exec sleep 60' &")
        .await;
    assert_eq!(heard.outcome, Some(Outcome::Exited(0)));
    let pid = std::fs::read_to_string(house.base_dir().join("build/pid")).unwrap();
    let kill = std::process::Command::new("kill").arg(pid.trim()).status();
    assert!(kill.unwrap().success());
}

#[tokio::test]
async fn a_dropped_command_is_interrupted() {
    let house = House::new().await;
    let _worker = house.worker().await;
    let mut command = house.start(script("echo $$; sleep 60")).await;
    let heard = wait_for(&mut command, "\n").await;
    let pid = String::from_utf8(heard.stdout.to_vec()).unwrap();
    drop(command);
    eventually("it is gone", PATIENCE, async || !is_alive(pid.trim())).await;
    assert_eq!(house.run("echo next").await.stdout, "next\n");
}

/// Without anybody who acknowledges, a command stops at its window, and others go on.
#[tokio::test]
async fn a_command_that_nobody_listens_to_waits_and_harms_no_other() {
    const WINDOW: usize = 256 * 1024;
    let house = House::with(Settings {
        window: WINDOW,
        ..settings()
    })
    .await;
    let _worker = house.worker().await;
    let mut flood = house.start(script("yes | head -c 5000000")).await;
    let mut unacknowledged = 0;
    let mut last = 0;
    // Nothing more comes than the window and what was on its way.
    while let Ok(event) = tokio::time::timeout(Duration::from_millis(500), flood.next()).await {
        let CommandEvent::Output {
            bytes,
            sequence,
            stream,
        } = event
        else {
            panic!("{event:?}");
        };
        unacknowledged += usize::from(stream == OutputStream::Stdout) * bytes.len();
        last = sequence;
    }
    assert!(
        (WINDOW / 2..=2 * WINDOW).contains(&unacknowledged),
        "{unacknowledged}"
    );
    assert_eq!(house.run("echo other").await.stdout, "other\n");
    flood.acknowledge(last);
    let rest = hear(&mut flood).await;
    assert_eq!(unacknowledged + rest.stdout.len(), 5_000_000);
    assert_eq!(rest.outcome, Some(Outcome::Exited(0)));
}
