//! Observers see each line once, also when the master was killed in the middle.

use serde_json::json;
use weir_status_api::{Log, LogField, LogKey, PropertiesOf, Query, Read, ReadExt, Results};
use weir_testbed::eventually;

use crate::site::{SOON, Site};

const CONFIG: &str = r#"
master(anonymous_control = True, worker_grace = "1m")
w1 = worker("w1", token_file = "w1.token")

def see(lines, kept):
    number = kept or 0
    seen = []
    for line in lines:
        number += 1
        seen.append("%d %s" % (number, line.text))
    return {"keep": number, "state": "%d lines" % number, "logs": {"seen": seen}, "properties": {"seen": number}}

builder(
    "watched",
    workers = [w1],
    steps = [
        shell(
            "for i in $(seq 1 300); do echo line $i; done; printf 'the begin'; while [ ! -e '@HOLD@' ]; do sleep 0.1; done; echo ning; echo warning: x; printf end",
            name = "work",
            observe = see,
            warning_pattern = "warning:*",
        ),
        shell(interpolate("test %(prop:seen)s-%(prop:warnings-count)s = 303-1"), name = "use"),
    ],
)
force("force", builders = ["watched"])
"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_observer_outlives_its_master() {
    let hold = tempfile::tempdir().unwrap().keep().join("hold");
    let mut site = Site::start(&CONFIG.replace("@HOLD@", hold.to_str().unwrap())).await;
    let _worker = site.worker("w1");
    let request = site.force("watched").await;
    let build = site.begun(request).await;
    eventually("it is seen", SOON, async || {
        let step = site.steps(&build).await.into_iter().next()?;
        (step.state == "300 lines").then_some(())
    })
    .await;
    site.kill_and_restart().await;
    std::fs::write(&hold, "").unwrap();
    let build = site.finished(request).await;
    let steps = site.steps(&build).await;
    assert_eq!(build.results, Some(Results::Warnings), "{steps:#?}");
    assert!(
        steps[0].state.ends_with(", 303 lines, 1 warning"),
        "{:?}",
        steps[0]
    );
    let of = PropertiesOf::Build(build.id.into());
    let properties = site.api().properties(of).await.unwrap().value;
    assert_eq!(properties["seen"].value, json!(303));
    let api = site.api();
    let query = Query::<Log>::new()
        .eq(LogField::Step, steps[0].id)
        .eq(LogField::Name, "seen");
    let log = api.page(query).await.unwrap().items.pop().unwrap();
    let text = api.log_content(LogKey::Id(log.id), 0, 1000).await.unwrap();
    let mut expected: Vec<String> = (1..=300).map(|i| format!("o{i} line {i}")).collect();
    expected.extend(["o301 the beginning", "o302 warning: x", "o303 end"].map(str::to_owned));
    assert_eq!(text.value.content.lines().collect::<Vec<_>>(), expected);
}
