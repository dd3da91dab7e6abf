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
            GridQuery { builders, branch, codebase, revisions }
            ConsoleQuery { builders, branch, codebase, before, changes }
            CommitGraphQuery { first, second }
            BuildCell { id, number, started_at, complete_at, results }
            Cell { row, builder, builds, waiting }
            RunningBuild { build, step, expected_end_at }
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

/// `from` cannot be the name of a field: it is a word of Python's own.
impl Wire for api::WaterfallQuery {
    type Proto = v1::WaterfallQuery;
    fn into_proto(self) -> v1::WaterfallQuery {
        let Self {
            builders,
            from,
            to,
            steps,
            limit,
        } = self;
        v1::WaterfallQuery {
            builders: builders.put(),
            from_time: from.put(),
            to_time: to.put(),
            steps,
            limit,
        }
    }
    fn from_proto(proto: v1::WaterfallQuery) -> Result<Self, Malformed> {
        let v1::WaterfallQuery {
            builders,
            from_time,
            to_time,
            steps,
            limit,
        } = proto;
        Ok(Self {
            builders: take("builders", builders)?,
            from: take("from_time", from_time)?,
            to: take("to_time", to_time)?,
            steps,
            limit,
        })
    }
}
message_field!(api::WaterfallQuery);

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
