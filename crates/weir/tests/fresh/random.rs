//! Random writes and reads: every answer is the one that a gateway without a memory gives.

use weir_status_api::conformance::Stage;
use weir_status_db::Database;
use weir_web::{Options, Present};

use crate::api::{Answer, Counted, Gateway};
use crate::stage::StoreStage;
use crate::writes::{Dice, World};

/// Every kind of answer: resources, lists, relations, places, parts, contents, and what is not there (yet).
const PATHS: &[&str] = &[
    "",
    "builders",
    "builders/1",
    "builders/late",
    "builders/late/builds",
    "builders?workerid=1",
    "builders/a/builds?limit=3&order=-number",
    "builders/a/builds/1",
    "builders/a/builds/1/steps",
    "builders/a/builds/1/steps/compile/logs/stdio",
    "builders/1/workers",
    "builders/1/forceschedulers",
    "builders/a/masters",
    "builders/1/buildrequests?complete=false",
    "builds",
    "builds?order=-started_at&limit=5",
    "builds?complete=false",
    "builds?property=n&limit=4",
    "builds?field=buildid&field=state_string",
    "builds?changeid=1",
    "builds?triggered_by_buildid=1",
    "builds/1",
    "builds/2?property=*",
    "builds/1/steps",
    "builds/1/changes",
    "builds/1/properties",
    "builds/1/property_list",
    "builds/1/triggered_builds",
    "buildrequests?order=-buildrequestid&limit=6",
    "buildrequests?property=*",
    "buildsets",
    "buildsets/1",
    "buildsets/1/properties",
    "buildsets/1/sourcestamps",
    "changes",
    "changes/1",
    "changes/1/builds",
    "changes?buildid=1",
    "sourcestamps",
    "sourcestamps?bsid=2",
    "steps/1",
    "steps?complete=false",
    "logs/1",
    "logs/1/contents",
    "logs/1/contents?offset=1&limit=2",
    "logs/1/search?text=a",
    "logs/1/search?regex=%5Eo&limit=1",
    "workers",
    "workers/w",
    "workers?builderid=3",
    "masters",
    "masters/1/builders",
    "schedulers",
    "forceschedulers",
    "forceschedulers/force",
    "projects",
];

/// What a client sees of an answer.
fn seen(answer: &Answer) -> (u16, &str, Option<&[u8]>, Option<i64>) {
    let tag = answer.headers.get("etag").map(http::HeaderValue::as_bytes);
    let cursor = answer.cursor().map(|it| it.0);
    (answer.status.as_u16(), &answer.body, tag, cursor)
}

macro_rules! seeds {
    ($($name:ident: $seed:literal,)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            each_answer_is_that_of_a_gateway_without_a_memory($seed).await;
        }
    )+};
}

seeds! {
    seed_1: 1,
    seed_2: 2,
    seed_3: 3,
}

async fn each_answer_is_that_of_a_gateway_without_a_memory(seed: u64) {
    let stage = StoreStage::open(Database::Sqlite).await;
    let store = stage.writer.store.clone();
    let counted = Counted::over(stage.api());
    let keeping = Options {
        present: Some(Present::new(move || store.newest())),
        // Little, so that answers have to make room for others.
        kept_bytes: 256 << 10,
        ..Options::default()
    };
    let forgetful = Options {
        kept_bytes: 0,
        ..Options::default()
    };
    let keeping = Gateway::over(counted.clone(), keeping);
    let forgetful = Gateway::over(stage.api(), forgetful);
    let mut dice = Dice::new(seed);
    let mut world = World::new(&stage.writer).await;
    let mut paths: Vec<&str> = PATHS.to_vec();
    for place in 0..paths.len() {
        let other = dice.roll(paths.len());
        paths.swap(place, other);
    }
    let mut asked = 0;
    // The same few are asked for again after each write, so that each is kept when something changes it.
    for paths in paths.chunks(9) {
        for step in 0..8 {
            world.write(&stage.writer, &mut dice).await;
            for path in paths {
                let accept = ["application/json", "text/html"][dice.roll(16) / 15];
                let kept = keeping.get(path, accept).await;
                let fresh = forgetful.get(path, accept).await;
                asked += 1;
                assert_eq!(seen(&kept), seen(&fresh), "seed {seed}, step {step}: {path}");
            }
        }
    }
    // Many answers take several reads: without a memory there are more reads than answers.
    let reads = counted.reads();
    assert!(
        reads < asked,
        "{reads} reads for {asked} answers: nothing was kept"
    );
}
