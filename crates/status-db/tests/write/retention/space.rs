//! The space of logs whose content is gone becomes free, and what is left can be read.

use std::path::Path;

use weir_status_api::{LogId, Read};
use weir_status_db::{Retention, Transition};

use super::{DAY, Old};
use crate::rig::new_buildset;

fn size(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder.join("logs")).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

/// Text that hardly gets smaller, the same for the same seed.
fn noise(seed: u64, bytes: usize) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut text = String::from("o");
    while text.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        text.push_str(&format!("{state:016x}"));
        if state.is_multiple_of(5) {
            text.push_str("\no");
        }
    }
    text.push('\n');
    text
}

async fn log(old: &Old, seed: u64, bytes: usize) -> LogId {
    let (_, requests) = old.buildset(new_buildset(vec![old.rig.builders[0]])).await;
    let build = old.rig.build(requests[0]).await;
    let (_, log) = old.rig.step(build).await;
    old.rig
        .apply(Transition::AppendLog(log, noise(seed, bytes)))
        .await;
    old.finish(build).await;
    log
}

async fn text(old: &Old, log: LogId) -> String {
    let mut text = String::new();
    loop {
        let first = text.matches('\n').count() as i64;
        let chunk = old
            .rig
            .store
            .log_content(log.into(), first, 100_000)
            .await
            .unwrap();
        if chunk.value.content.is_empty() {
            return text;
        }
        text.push_str(&chunk.value.content);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn segments_of_logs_that_are_gone_are_freed() {
    let old = Old::on(weir_status_db::Database::Sqlite).await;
    for seed in 0..4 {
        log(&old, seed, 1_000_000).await;
    }
    // In the same segment as what goes.
    let newest = log(&old, 100, 200_000).await;
    let Old { rig, clock } = old;
    // Another life writes another segment.
    let old = Old {
        rig: rig.reopened_at(std::sync::Arc::new(clock.clone())).await,
        clock,
    };
    old.pass(10);
    let folder = old.rig.dir.path().to_owned();
    let before = size(&folder);
    assert_eq!(
        text(&old, newest).await,
        noise(100, 200_000),
        "its segment is open now"
    );
    let logs = Retention {
        logs: Some(DAY),
        ..Retention::default()
    };
    let times = async || {
        let chunk = old.rig.store.log_content(newest.into(), 0, 1).await.unwrap();
        chunk.value.times
    };
    let stored = times().await;
    assert_eq!(stored.len(), 1);
    let gone = old.rig.store.retain(&logs).await.unwrap();
    assert_eq!(gone.logs, 4);
    assert_eq!(
        times().await,
        stored,
        "its lines were moved, and are as old as before"
    );
    let after = size(&folder);
    assert!(after * 5 < before, "{before} bytes became {after}");
    assert!(gone.log_bytes > before / 2, "{gone:?}");
    assert_eq!(text(&old, newest).await, noise(100, 200_000));
    assert!(old.rig.store.retain(&logs).await.unwrap().is_nothing());
}
