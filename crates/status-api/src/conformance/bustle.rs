//! Many things happening at once.

use futures::future::join_all;

use super::stage::{NewBuildset, SetupIds, Writer};
use super::story::{BARE, LINUX, ODD};
use crate::{LogKind, Results};

/// Runs `writers` at once, each through `rounds` whole builds; about fifteen events a round.
pub(super) async fn bustle(writer: &dyn Writer, ids: &SetupIds, writers: usize, rounds: usize) {
    join_all((0..writers).map(|number| write(writer, ids, number, rounds))).await;
}

async fn write(writer: &dyn Writer, ids: &SetupIds, number: usize, rounds: usize) {
    let builder = ids.builders[[LINUX, ODD, BARE][number % 3]];
    let worker = ids.workers[["w1", "wörker 2"][number % 2]];
    for round in 0..rounds {
        let new = NewBuildset {
            reason: format!("writer {number}, round {round}"),
            sources: vec![super::scene::source()],
            builders: vec![builder],
            ..NewBuildset::default()
        };
        let (_, requests) = writer.add_buildset(new).await;
        let request = requests[&builder];
        tokio::task::yield_now().await;
        assert!(writer.claim(request).await, "an open request can be claimed");
        let (build, _) = writer
            .start_build(request, worker, super::story::all_kinds_of_properties())
            .await;
        let step = writer.add_step(build, "compile").await;
        writer.start_step(step).await;
        let log = writer.add_log(step, "stdio", LogKind::Stdio).await;
        for lines in ["hbegin\n", "oone\notwo\n"] {
            writer.append_log(log, lines).await;
            // A writer that never waits would be alone on its thread.
            tokio::task::yield_now().await;
        }
        writer.finish_log(log).await;
        writer.finish_step(step, Results::Success, "done", false).await;
        let results = Results::ALL[round % Results::ALL.len()];
        tokio::task::yield_now().await;
        writer.finish_build(build, results, "build ended").await;
    }
}
