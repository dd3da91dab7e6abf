//! Connections that break.

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;
use std::io::Write;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use weir_master::workers::{CommandEvent, Outcome, OutputStream, RunningCommand, Settings};
use weir_testbed::{Link, eventually};
use weir_worker::Options;

use super::house::{
    Hole, House, PATIENCE, Told, Vanishes, Worker, hear, is_alive, script, settings, wait_for,
};

/// The worker `w1` behind a link that can be cut.
async fn linked(house: &House) -> (Link, Worker) {
    let link = Link::to(house.address).await.unwrap();
    let worker = Worker::start(through(&link, house.options("instance-1")));
    house.wait_connected().await;
    (link, worker)
}

fn through(link: &Link, mut options: Options) -> Options {
    options.master = format!("http://{}", link.address());
    options
}

/// Bytes without a pattern, the same each time (xorshift).
fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.write_all(&state.to_le_bytes()).unwrap();
    }
    bytes.truncate(size);
    bytes
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// Hears the standard output to its end, `each` time it gets a piece.
async fn flow(command: &mut RunningCommand, mut each: impl FnMut(&[u8])) -> Outcome {
    loop {
        match command.next().await {
            CommandEvent::Output {
                stream,
                bytes,
                sequence,
            } => {
                if stream == OutputStream::Stdout {
                    each(&bytes);
                }
                command.acknowledge(sequence);
            }
            CommandEvent::Finished { outcome, sequence } => {
                command.acknowledge(sequence);
                return outcome;
            }
            CommandEvent::Read { .. } => panic!("nobody gives it a file"),
            CommandEvent::Lost(why) => panic!("lost: {why}"),
        }
    }
}

#[tokio::test]
async fn a_hundred_megabytes_arrive_as_they_are() {
    const SIZE: usize = 100 * 1024 * 1024;
    let house = House::new().await;
    let _worker = house.worker().await;
    let noise = noise(SIZE);
    let mut hasher = DefaultHasher::new();
    hasher.write(&noise);
    std::fs::write(house.base_dir().join("noise"), &noise).unwrap();
    drop(noise);
    let mut command = house.start(script("cat ../noise")).await;
    let (mut count, mut heard) = (0, DefaultHasher::new());
    let outcome = flow(&mut command, |bytes| {
        count += bytes.len();
        heard.write(bytes);
    })
    .await;
    assert_eq!(outcome, Outcome::Exited(0));
    assert_eq!(count, SIZE);
    assert_eq!(heard.finish(), hasher.finish());
}

#[tokio::test]
async fn a_cut_connection_loses_and_repeats_nothing() {
    const SIZE: usize = 8 * 1024 * 1024;
    let house = House::with(Settings {
        window: 256 * 1024,
        ..settings()
    })
    .await;
    let (link, _worker) = linked(&house).await;
    let noise = noise(SIZE);
    std::fs::write(house.base_dir().join("noise"), &noise).unwrap();
    let mut command = house.start(script("cat ../noise")).await;
    let mut heard = Vec::new();
    let mut next_cut = SIZE / 8;
    let outcome = flow(&mut command, |bytes| {
        heard.extend_from_slice(bytes);
        if heard.len() >= next_cut {
            next_cut += SIZE / 8;
            link.cut();
        }
    })
    .await;
    assert_eq!(outcome, Outcome::Exited(0));
    assert_eq!(heard.len(), SIZE);
    assert_eq!(hash(&heard), hash(&noise));
    let cuts = house
        .told()
        .iter()
        .filter(|it| matches!(it, Told::Disconnected(..)))
        .count();
    assert!(cuts >= 3, "{cuts}");
}

#[tokio::test]
async fn a_command_ends_while_the_worker_is_away() {
    let house = House::new().await;
    let (link, _worker) = linked(&house).await;
    let mut command = house
        .start(script(
            "echo before; while [ ! -e go ]; do sleep 0.02; done; echo after; touch done; exit 5",
        ))
        .await;
    wait_for(&mut command, "before").await;
    link.refuse();
    eventually("w1 is away", PATIENCE, async || !house.manager.is_connected("w1")).await;
    let build = house.base_dir().join("build");
    std::fs::write(build.join("go"), "").unwrap();
    eventually("it is done", PATIENCE, async || build.join("done").exists()).await;
    link.heal();
    let heard = hear(&mut command).await;
    assert_eq!(heard.stdout, "after\n");
    assert_eq!(heard.outcome, Some(Outcome::Exited(5)));
}

#[tokio::test]
async fn an_interrupt_reaches_a_worker_that_was_away() {
    let house = House::new().await;
    let (link, _worker) = linked(&house).await;
    let mut command = house.start(script("echo up; sleep 60")).await;
    wait_for(&mut command, "up").await;
    link.refuse();
    eventually("w1 is away", PATIENCE, async || !house.manager.is_connected("w1")).await;
    command.interrupt("not needed");
    link.heal();
    let outcome = hear(&mut command).await.outcome;
    assert_eq!(outcome, Some(Outcome::Interrupted("not needed".to_owned())));
}

#[tokio::test]
async fn a_worker_that_is_killed_and_started_anew_has_lost_its_commands() {
    let house = House::new().await;
    let worker = house.worker().await;
    let mut command = house.start(script("echo $$; sleep 60")).await;
    wait_for(&mut command, "\n").await;
    drop(worker);
    eventually("w1 is gone", PATIENCE, async || !house.manager.is_connected("w1")).await;
    let _worker = Worker::start(house.options("instance-2"));
    let lost = hear(&mut command).await.lost;
    assert_eq!(lost.as_deref(), Some("its worker was started anew"));
    house.wait_connected().await;
    assert_eq!(house.run("echo again").await.stdout, "again\n");
}

#[tokio::test]
async fn a_worker_that_stays_away_has_lost_its_commands_and_ends_them() {
    let house = House::with(Settings {
        grace: Duration::from_millis(300),
        resume_within: Duration::from_millis(300),
        ..settings()
    })
    .await;
    let (link, _worker) = linked(&house).await;
    let mut command = house.start(script("echo $$; sleep 60")).await;
    let heard = wait_for(&mut command, "\n").await;
    let pid = String::from_utf8(heard.stdout.to_vec()).unwrap();
    link.refuse();
    let lost = hear(&mut command).await.lost;
    assert_eq!(
        lost.as_deref(),
        Some("the worker w1 was away for more than 300ms")
    );
    eventually("the command is gone", PATIENCE, async || !is_alive(pid.trim())).await;
    link.heal();
    house.wait_connected().await;
    assert_eq!(house.run("echo again").await.stdout, "again\n");
}

/// Short heartbeats, and the worker `w1` behind a hole.
async fn holed() -> (House, Hole, Worker) {
    let house = House::with(Settings {
        heartbeat_interval: Duration::from_millis(100),
        heartbeat_deadline: Duration::from_millis(500),
        ..settings()
    })
    .await;
    let hole = Hole::to(house.address).await;
    let mut options = house.options("instance-1");
    options.master = format!("http://{}", hole.address);
    // What it tries while everything vanishes is in vain.
    options.connect_timeout = Duration::from_millis(500);
    let worker = Worker::start(options);
    house.wait_connected().await;
    (house, hole, worker)
}

#[tokio::test]
async fn the_master_finds_a_silent_worker() {
    let (house, hole, _worker) = holed().await;
    hole.set(Vanishes::ToMaster);
    eventually("w1 is gone", PATIENCE, async || !house.manager.is_connected("w1")).await;
    let why = "no word of it for 500ms".to_owned();
    eventually("the registry knows", PATIENCE, async || {
        house.told().last() == Some(&Told::Disconnected("w1".to_owned(), why.clone()))
    })
    .await;
    hole.set(Vanishes::Nothing);
    house.wait_connected().await;
}

/// The master still hears the old connection when the worker, which hears nothing, comes with a new one.
#[tokio::test]
async fn the_worker_finds_a_silent_master() {
    let (house, hole, _worker) = holed().await;
    let mut command = house
        .start(script(
            "i=0; while [ ! -e go ]; do echo $((i += 1)); sleep 0.02; done",
        ))
        .await;
    let mut text = String::from_utf8(wait_for(&mut command, "1\n").await.stdout.to_vec()).unwrap();
    hole.set(Vanishes::ToWorker);
    // The old connection goes on; the hole is closed for the next one.
    eventually("the worker gives the old connection up", PATIENCE, async || {
        tokio::time::timeout(Duration::from_millis(20), async {
            let mut heard = super::house::Heard::default();
            super::house::take(&mut command, &mut heard).await;
            text.push_str(std::str::from_utf8(&heard.stdout).unwrap());
        })
        .await
        .ok();
        house.told().len() > 1
    })
    .await;
    hole.set(Vanishes::Nothing);
    house.wait_connected().await;
    std::fs::write(house.base_dir().join("build/go"), "").unwrap();
    let heard = hear(&mut command).await;
    text.push_str(std::str::from_utf8(&heard.stdout).unwrap());
    let numbers: Vec<usize> = text.lines().map(|it| it.parse().unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>());
    assert_eq!(heard.outcome, Some(Outcome::Exited(0)));
}

#[tokio::test]
async fn a_command_that_did_not_reach_the_worker_is_started_once() {
    let (house, hole, _worker) = holed().await;
    hole.set(Vanishes::ToWorker);
    let mut command = house.start(script("echo run >>runs")).await;
    eventually("the old connection is gone", PATIENCE, async || {
        house.told().len() > 1
    })
    .await;
    hole.set(Vanishes::Nothing);
    let heard = hear(&mut command).await;
    assert_eq!(heard.outcome, Some(Outcome::Exited(0)));
    let runs = std::fs::read_to_string(house.base_dir().join("build/runs")).unwrap();
    assert_eq!(runs, "run\n");
}

const MASTER: &str = "WEIR_TEST_MASTER";
const BASE_DIR: &str = "WEIR_TEST_BASE_DIR";

/// No test: what [`a_killed_worker_is_seen_at_once`] runs as a process of its own.
#[tokio::test]
#[ignore = "a worker for another test"]
async fn worker_process() {
    let (Ok(master), Ok(base_dir)) = (std::env::var(MASTER), std::env::var(BASE_DIR)) else {
        return;
    };
    let options = Options::new(master, "w1", "token-1", base_dir, "a process");
    weir_worker::run(options, CancellationToken::new()).await.unwrap();
}

#[tokio::test]
async fn a_killed_worker_is_seen_at_once() {
    let house = House::with(Settings {
        heartbeat_interval: Duration::from_secs(10),
        heartbeat_deadline: Duration::from_secs(60),
        grace: Duration::from_millis(200),
        ..settings()
    })
    .await;
    let mut worker = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "workers::sessions::worker_process", "--ignored"])
        .env(MASTER, format!("http://{}", house.address))
        .env(BASE_DIR, house.base_dir())
        .stdout(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    house.wait_connected().await;
    // Nobody is left who could end the command; it ends with the folder.
    std::fs::write(house.base_dir().join("keep"), "").unwrap();
    let mut command = house
        .start(script("echo up; while [ -e ../keep ]; do sleep 0.05; done"))
        .await;
    wait_for(&mut command, "up").await;
    worker.kill().await.unwrap();
    let lost = hear(&mut command).await.lost;
    assert_eq!(
        lost.as_deref(),
        Some("the worker w1 was away for more than 200ms")
    );
    assert!(!house.manager.is_connected("w1"));
    let [Told::Connected(_), Told::Disconnected(_, why)] = &house.told()[..] else {
        panic!("{:?}", house.told());
    };
    assert!(why.starts_with("the connection broke"), "{why}");
}
