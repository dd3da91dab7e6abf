//! What the logs of steps hold.

use std::collections::BTreeMap;

use weir_status_api::*;

use super::site::Site;

/// The logs of a step, by their names.
pub(super) async fn logs(site: &Site, step: &Step) -> BTreeMap<String, String> {
    let query = Query::<Log>::new().eq(LogField::Step, step.id);
    let mut logs = BTreeMap::new();
    for log in site.api().page(query).await.unwrap().items {
        let content = site
            .api()
            .log_content(LogKey::Id(log.id), 0, 10_000)
            .await
            .unwrap();
        assert!(log.complete, "{log:?}");
        logs.insert(log.name, content.value.content);
    }
    logs
}

pub(super) async fn logs_have_limits_encodings_and_files(site: &Site) {
    let build = site.finished(site.force("logs").await).await;
    assert_eq!(build.results, Some(Results::Success), "{build:?}");
    let steps = site.steps(&build).await;
    let limited = &logs(site, &steps[0]).await["stdio"];
    let output: Vec<_> = limited.lines().filter(|it| it.starts_with('o')).collect();
    assert_eq!(output, ["o100000", "o100001", "o100002", "o100008", "o100009"]);
    assert!(
        limited.contains("h5 lines are left out here, 35 bytes, then comes its end\no100008"),
        "{limited}"
    );
    assert!(logs(site, &steps[1]).await["stdio"].contains("ogr\u{fc}n\n"));
    assert_eq!(steps[2].state, "word: gr\u{fc}n");
    let files = logs(site, &steps[3]).await;
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["a", "kept", "never", "spaced", "stdio"]);
    assert_eq!(files["a"], "oone\notwo\n");
    assert_eq!(files["kept"], "oold\n");
    assert_eq!(files["spaced"], "onot text\n");
    assert_eq!(files["never"], "");
    assert!(
        files["stdio"].contains("obegins\n") && !files["stdio"].contains("oone"),
        "{files:?}"
    );
    let lazy = logs(site, &steps[4]).await;
    assert_eq!(lazy.keys().collect::<Vec<_>>(), ["a", "stdio"]);
    assert_eq!(lazy["a"], "ox\n");
    for step in &steps[5..] {
        assert_eq!(step.results, Some(Results::Failure), "{step:?}");
        assert_eq!(step.state, "'yes' (failure) (max lines reached)");
    }
}
