//! The content of logs, however it came.

use weir_status_api::{Error, LogId, LogKey, Read, StepKey};
use weir_status_db::{Store, Transition};

use crate::rig::Rig;

async fn lines(store: &Store, log: LogId, first: i64, limit: u32) -> Vec<String> {
    let chunk = store.log_content(log.into(), first, limit).await.unwrap().value;
    assert_eq!(chunk.first_line, first);
    chunk.content.split_inclusive('\n').map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn any_range_comes_out_of_chunks_of_any_size() {
    let rig = Rig::sqlite().await;
    let log = rig.log().await;
    let mut all = vec![];
    for part in 0..60_usize {
        let count = [1, 2, 900][part % 3];
        let part: Vec<String> = (0..count)
            .map(|line| format!("o{part} {line} {}\n", "x".repeat(line % 90)))
            .collect();
        rig.apply(Transition::AppendLog(log, part.concat())).await;
        all.extend(part);
    }
    for (first, limit) in [
        (0, 1),
        (0, 5000),
        (901, 7),
        (902, 3),
        (1805, 4000),
        (18_000, 100),
        (18_059, 9),
    ] {
        let end = all.len().min(first + limit);
        let found = lines(&rig.store, log, first as i64, limit as u32).await;
        assert_eq!(found, all[first..end], "{first} {limit}");
    }
    assert!(lines(&rig.store, log, all.len() as i64, 5).await.is_empty());
    assert!(lines(&rig.store, log, i64::MAX, u32::MAX).await.is_empty());
    assert!(lines(&rig.store, log, 0, 0).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_bounded_but_has_a_line() {
    let rig = Rig::sqlite().await;
    let log = rig.log().await;
    let long = format!("o{}\n", "y".repeat(3 << 20));
    let short = format!("o{}\n", "x".repeat(999)).repeat(5000);
    rig.apply(Transition::AppendLog(log, format!("{long}{short}")))
        .await;
    assert_eq!(lines(&rig.store, log, 0, 10).await, [long]);
    let many = lines(&rig.store, log, 1, 5000).await;
    assert!((900..1100).contains(&many.len()), "{}", many.len());
    // Whoever asks on from the last line gets all.
    let mut next = 1;
    while next < 5001 {
        let found = lines(&rig.store, log, next, 5000).await.len();
        assert!(found > 0);
        next += found as i64;
    }
    assert_eq!(next, 5001);
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_that_are_not_there_and_lines_that_cannot_be() {
    let rig = Rig::sqlite().await;
    let log = rig.log().await;
    let negative = rig.store.log_content(log.into(), -1, 5).await.unwrap_err();
    assert!(matches!(negative, Error::InvalidQuery { .. }), "{negative}");
    for key in [
        LogKey::Id(LogId(99)),
        LogKey::Slug(StepKey::Id(weir_status_api::StepId(99)), "stdio".to_owned()),
    ] {
        let missing = rig.store.log_content(key, 0, 5).await.unwrap_err();
        assert!(matches!(missing, Error::NotFound { .. }), "{missing}");
    }
}
