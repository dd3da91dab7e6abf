//! Searching logs, however they came.

use futures::future::join_all;
use weir_status_api::{LogSearch, Read};
use weir_status_db::Transition;

use crate::rig::Rig;

/// A log that came line by line has more chunks than are looked up at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_very_many_chunks_is_searched_to_its_end() {
    let rig = Rig::sqlite().await;
    let log = rig.log().await;
    let appended = (0..2_100).map(|line| {
        let text = format!(
            "o{}\n",
            if line % 1_000 == 999 {
                "here"
            } else {
                "there is none"
            }
        );
        rig.store.apply(Transition::AppendLog(log, text))
    });
    for done in join_all(appended).await {
        done.unwrap();
    }
    rig.apply(Transition::AppendLog(
        log,
        format!("{}ohere\n", "ono\n".repeat(20_000)),
    ))
    .await;
    let mut search = LogSearch::regex("^here$");
    let mut found = vec![];
    loop {
        let at = rig
            .store
            .search_log(log.into(), search.clone())
            .await
            .unwrap()
            .value;
        found.extend(at.hits.iter().map(|it| it.line));
        if at.complete {
            assert_eq!(at.next, 22_101);
            break;
        }
        assert!(at.next > search.first);
        search.first = at.next;
    }
    assert_eq!(found.len(), 3);
    assert_eq!(found.last(), Some(&22_100));
}
