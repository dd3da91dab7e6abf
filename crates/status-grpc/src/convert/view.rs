//! Views.

use weir_status_api as api;

use super::{
    Field, Malformed, Wire, choice, message_field, messages, optional_messages, take, wire_of_message,
};
use crate::v1;

optional_messages! { BuilderChoice { builders, project, tags, without_tags, removed_too } }

/// Makes something of each struct whose message has the same name and fields.
macro_rules! for_views {
    ($make:ident) => {
        $make! {
            HomeQuery { builders, limit }
            WaterfallQuery { builders, from, to, steps, limit }
            GridQuery { builders, branch, codebase, revisions }
            ConsoleQuery { builders, branch, codebase, before, changes }
            CommitGraphQuery { first, second }
            BuildCell { id, number, started_at, complete_at, results }
            Cell { row, builder, builds, waiting }
            RunningBuild { build, step }
            WaitingRequest { request, why }
            BrokenBuilder { builder, last, since, last_good }
            Home { builders, workers, running, waiting, recent, broken }
            Waterfall { builders, builds, steps, changes, complete_from }
            GridRevision { source_stamps, submitted_at }
            Grid { builders, revisions, cells }
            Console { builders, changes, cells }
            CommitGraph { common, to_first, to_second }
        }
    };
}
#[cfg(test)]
pub(super) use for_views;

for_views!(messages);

choice! {
    ViewQuery = ViewQuery.query: view_query::Query {
        Home, Waterfall, Grid, Console, CommitGraph,
        ; _ => |_| v1::ViewQuery::default()
    }
}

choice! {
    View = View.view: view::View {
        Home, Waterfall, Grid, Console, CommitGraph,
        ; _ => |_| v1::View::default()
    }
}
