//! Log text is stored before it is acknowledged, and comes back as it was.

use futures::future::join_all;
use weir_status_api::{LogId, LogKey, Read};
use weir_status_db::{Error, Store, Transition};

use crate::rig::{Rig, shorts};

/// All that is stored of a log.
pub(crate) async fn content(store: &Store, log: LogId) -> String {
    let mut text = String::new();
    loop {
        let first = i64::try_from(text.lines().count()).unwrap();
        let chunk = store.log_content(LogKey::Id(log), first, 100_000).await.unwrap();
        if chunk.value.content.is_empty() {
            return text;
        }
        assert_eq!(chunk.value.first_line, first);
        text.push_str(&chunk.value.content);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn much_text_comes_back_as_it_was() {
    let rig = Rig::sqlite().await;
    let log = rig.log().await;
    let mut expected = String::new();
    for part in 0..4 {
        let text: String = (0..20_000)
            .map(|line| format!("opart {part} line {line}\n"))
            .collect();
        rig.apply(Transition::AppendLog(log, text.clone())).await;
        expected.push_str(&text);
    }
    assert!(content(&rig.store, log).await == expected);
    let rig = rig.reopened().await;
    assert!(content(&rig.store, log).await == expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_wait_together_are_joined_into_few_events() {
    let rig = Rig::sqlite().await;
    let log = rig.log().await;
    let before = rig.cursor().await;
    let appends = (0..200).map(|line| rig.store.apply(Transition::AppendLog(log, format!("o{line}\n"))));
    for applied in join_all(appends).await {
        applied.unwrap();
    }
    let text = content(&rig.store, log).await;
    let mut lines: Vec<u32> = text.lines().map(|line| line[1..].parse().unwrap()).collect();
    // They were handed in at once, in no certain order.
    lines.sort_unstable();
    assert_eq!(lines, (0..200).collect::<Vec<_>>());
    let events = rig.events(before).await;
    assert!(events.len() < 50, "{} events", events.len());
    assert_eq!(shorts(&events).last().unwrap(), "log stdio append 200");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_appended_is_refused() {
    let rig = Rig::sqlite().await;
    let log = rig.log().await;
    let append = |log, text: &str| rig.store.apply(Transition::AppendLog(log, text.to_owned()));
    let error = append(log, "ono line feed").await.unwrap_err();
    assert!(matches!(error, Error::Invalid { .. }), "{error}");
    let error = append(LogId(99), "olost\n").await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
    append(log, "okept\n").await.unwrap();
    rig.apply(Transition::FinishLog(log)).await;
    let error = append(log, "otoo late\n").await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error}");
    assert_eq!(content(&rig.store, log).await, "okept\n");
}
