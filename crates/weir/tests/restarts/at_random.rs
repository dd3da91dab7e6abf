//! The master is killed again and again, at any moment, while builds run that write in all ways.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use weir_status_api::{
    Build, Cursor, LogKey, Query, Read, ReadExt, Results, Signal, Start, Step, TestResult, TestResultField,
    TestResultSet, TestResultSetField, TopicFilter, Watch,
};
use weir_testbed::eventually;

use super::site::Site;
use super::{force, open_requests};

/// How often the master is killed, unless the environment says otherwise.
const KILLS: u64 = 200;
/// How long the builds may take after that.
const PATIENCE: Duration = Duration::from_secs(120);

const CONFIG: &str = r#"
# Each request has a build of its own, so that each can be looked at.
master(anonymous_control = True, collapse_requests = False)
workers = [worker(name, token_file = name + ".token") for name in ["w1", "w2"]]

# What is written is also written to a file of the step's own, by stream.
WRITE = """
o() { printf "$@" | tee -a "$COPY.o"; }
e() { printf "$@" | tee -a "$COPY.e" >&2; }
echo run >> "$COPY.runs"
"""

def copy(step):
    return {"COPY": interpolate("@OUT@/%(prop:buildername)s-%(prop:buildnumber)s-" + step)}

builders = [builder(
    name,
    workers = workers,
    steps = [
        shell(WRITE + "seq 1 2000 | sed 's/^/line /' | tee -a \"$COPY.o\"", name = "fast", env = copy("fast")),
        shell(WRITE + """
            for i in 1 2 3 4 5 6; do
                o "part $i "; sleep 0.04; o "rest $i\\n"; e "err $i\\n"; sleep 0.03
            done
            e "no end"
        """, name = "slow", env = copy("slow")),
        shell(WRITE + "o 'before\\n'; sleep 0.1; o 'failing'; exit 3", name = "fails", env = copy("fails"),
              flunk_on_failure = False, halt_on_failure = False),
        build_data("data", command = WRITE + """
            for i in 1 2 3 4; do head -c 5000 /dev/urandom | tee -a "$COPY.d"; sleep 0.05; done
        """, env = copy("data")),
        shell(WRITE + """
            for i in $(seq 1 20); do o "ok $i - t$i\\n"; sleep 0.01; done
            o "not ok 21 - bad"
        """, name = "tests", tests = "tap", env = copy("tests")),
        sequence([
            command(WRITE + "o 'one '; sleep 0.1; o 'more\\n'; sleep 0.1; o 'open'", log = "first"),
            command("echo between"),
            command("echo 'again '; sleep 0.1; printf end", log = "first"),
        ], name = "parts", env = copy("parts")),
        shell("echo over", name = "last"),
    ],
) for name in ["a", "b", "c", "d"]]
force(name = "force", builders = builders)
"#;

/// Numbers without a pattern, the same for the same seed (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// A worker within this process, which is quick to connect again.
fn worker(site: &Site, name: &str) -> JoinHandle<()> {
    let token = std::fs::read_to_string(site.path(&format!("{name}.token"))).unwrap();
    let dir = site.path(&format!("worker-{name}"));
    let mut options =
        weir_worker::Options::new(&site.url, name, token, dir, format!("the process of {name}"));
    options.backoff_first = Duration::from_millis(20);
    options.backoff_most = Duration::from_millis(100);
    tokio::spawn(async move { weir_worker::run(options, CancellationToken::new()).await.unwrap() })
}

/// Sees all events, going on after the last one whenever the master is gone.
fn watcher(site: &Site) -> (Arc<Mutex<Vec<Cursor>>>, JoinHandle<()>) {
    let seen = Arc::new(Mutex::new(vec![]));
    let (api, kept) = (site.api(), Arc::clone(&seen));
    let watching = tokio::spawn(async move {
        loop {
            let last = kept.lock().unwrap().last().copied().unwrap_or(Cursor::ZERO);
            if let Ok(mut events) = api.watch(TopicFilter::all(), Start::After(last)).await {
                while let Some(Ok(signal)) = events.next().await {
                    if let Signal::Event(event) = signal {
                        kept.lock().unwrap().push(event.cursor);
                    }
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    (seen, watching)
}

/// Sites at a time, since a master's start and a worker's pauses leave room for others.
const SITES: u64 = 4;

#[tokio::test(flavor = "multi_thread")]
async fn builds_do_not_notice_that_their_master_is_killed() {
    let number = |name: &str| std::env::var(name).ok().and_then(|it| it.parse().ok());
    let kills: u64 = number("WEIR_TEST_KILLS").unwrap_or(KILLS);
    let seed: u64 = number("WEIR_TEST_SEED").unwrap_or(0x9e37_79b9_7f4a_7c15);
    println!("the seed is {seed}");
    let sites =
        (0..SITES).map(|site| kill_again_and_again(Random(seed ^ (site << 32)), kills.div_ceil(SITES)));
    futures::future::join_all(sites).await;
}

async fn kill_again_and_again(mut random: Random, kills: u64) {
    let out = tempfile::tempdir().unwrap();
    let mut site = Site::start(&CONFIG.replace("@OUT@", out.path().to_str().unwrap())).await;
    let workers = [worker(&site, "w1"), worker(&site, "w2")];
    let (seen, watching) = watcher(&site);
    let mut requests = vec![];
    for _ in 0..kills {
        if open_requests(&site).await < 4 {
            let builders = ["a", "b", "c", "d"].map(str::to_owned);
            requests.extend(force(&site, builders.into()).await);
        }
        tokio::time::sleep(Duration::from_millis(random.below(500))).await;
        site.kill_and_restart().await;
    }
    eventually("all builds end", PATIENCE, async || {
        open_requests(&site).await == 0
    })
    .await;
    println!("{} builds", requests.len());
    for request in requests {
        let builds = site.builds_of(request).await;
        let [build] = builds.as_slice() else {
            panic!("request {request} was built again: {builds:#?}");
        };
        check(&site, out.path(), build).await;
    }
    let newest = newest(&site).await;
    eventually("all events are seen", PATIENCE, async || {
        seen.lock().unwrap().last().copied() >= Some(newest)
    })
    .await;
    watching.abort();
    workers.iter().for_each(JoinHandle::abort);
    let seen = seen.lock().unwrap().clone();
    let all: Vec<Cursor> = (1..=seen.len() as i64).map(Cursor).collect();
    assert_eq!(seen, all, "events are missing, or were seen twice");
}

async fn newest(site: &Site) -> Cursor {
    let page = site.api().page(Query::<Build>::new().limit(1)).await.unwrap();
    page.cursor
}

async fn check(site: &Site, out: &Path, build: &Build) {
    assert_eq!(build.results, Some(Results::Success), "{build:?}");
    let steps = site.steps(build).await;
    let results: Vec<_> = steps.iter().map(|it| it.results.unwrap()).collect();
    let mut expected = [Results::Success; 7];
    expected[2] = Results::Failure;
    assert_eq!(results, expected, "{steps:#?}");
    let builder: weir_status_api::Builder = site
        .api()
        .one(weir_status_api::Key::Builder(build.builder.into()))
        .await
        .unwrap()
        .value;
    for step in &steps {
        let copy = out.join(format!("{}-{}-{}", builder.name, build.number, step.name));
        check_step(site, build, step, &copy).await;
    }
}

async fn check_step(site: &Site, build: &Build, step: &Step, copy: &Path) {
    let told = format!("{} of build {}", step.name, build.id);
    if step.name == "parts" {
        return check_parts(site, step, copy).await;
    }
    let text = site.log_text(step).await;
    assert_eq!(
        text.matches("\nhprogram finished with exit code ").count(),
        1,
        "{told}: {text}"
    );
    if step.name == "last" {
        return;
    }
    let runs = std::fs::read_to_string(with(copy, "runs")).unwrap();
    assert_eq!(runs, "run\n", "{told} ran more than once");
    if step.name == "data" {
        let kept = site
            .api()
            .build_data(build.id.into(), "data".to_owned())
            .await
            .unwrap()
            .value;
        assert!(
            kept == std::fs::read(with(copy, "d")).unwrap(),
            "{told}: the data is not what was written"
        );
        return;
    }
    for letter in ["o", "e"] {
        let written = std::fs::read_to_string(with(copy, letter)).unwrap_or_default();
        let logged: Vec<&str> = text.lines().filter_map(|it| it.strip_prefix(letter)).collect();
        let written: Vec<&str> = written.lines().collect();
        assert_eq!(logged, written, "{told}: {letter}");
    }
    if step.name == "tests" {
        check_tests(site, step).await;
    }
}

/// Each log has the output of its commands, in their order.
async fn check_parts(site: &Site, step: &Step, copy: &Path) {
    assert_eq!(std::fs::read_to_string(with(copy, "runs")).unwrap(), "run\n");
    let api = site.api();
    for (name, expected) in [("stdio", "between"), ("first", "one more\nopen\nagain \nend")] {
        let key = LogKey::Slug(step.id.into(), name.to_owned());
        let text = api.log_content(key, 0, 1000).await.unwrap().value.content;
        let said: Vec<&str> = text.lines().filter_map(|it| it.strip_prefix('o')).collect();
        assert_eq!(said.join("\n"), expected, "{name} of {step:?}: {text}");
    }
}

async fn check_tests(site: &Site, step: &Step) {
    let sets = Query::<TestResultSet>::new().eq(TestResultSetField::Step, step.id);
    let sets = site.api().page(sets).await.unwrap().items;
    let [set] = sets.as_slice() else {
        panic!("{sets:#?}");
    };
    assert!(
        set.complete && set.tests_passed == Some(20) && set.tests_failed == Some(1),
        "{set:?}"
    );
    let results = Query::<TestResult>::new()
        .eq(TestResultField::Set, set.id)
        .ascending(TestResultField::Id);
    let results = site.api().page(results).await.unwrap().items;
    let names: Vec<String> = results.into_iter().filter_map(|it| it.test_name).collect();
    let mut expected: Vec<String> = (1..=20).map(|i| format!("t{i}")).collect();
    expected.push("bad".to_owned());
    assert_eq!(names, expected);
}

fn with(copy: &Path, extension: &str) -> PathBuf {
    PathBuf::from(format!("{}.{extension}", copy.display()))
}
