//! The views: each is a number of queries that does not depend on how much there is, all of them by an index.

mod builders;
mod cells;
mod commits;
mod console;
mod grid;
mod home;
mod newest;
mod waiting;
mod waterfall;

use weir_status_api::{View, ViewQuery};

use super::super::{Conn, Db};
use super::rows;
use crate::error::{Error, Result};

#[cfg(test)]
pub(in super::super::super) use {newest::sql_of_builders_newest, waterfall::sql_of_crossing};

/// What `query` asks for.
pub(in super::super) async fn view(conn: &mut Conn, query: &ViewQuery) -> Result<View> {
    Ok(match query {
        ViewQuery::Home(query) => View::Home(home::home(conn, query).await?),
        ViewQuery::Waterfall(query) => View::Waterfall(waterfall::waterfall(conn, query).await?),
        ViewQuery::Grid(query) => View::Grid(grid::grid(conn, query).await?),
        ViewQuery::Console(query) => View::Console(console::console(conn, query).await?),
        ViewQuery::CommitGraph(query) => View::CommitGraph(commits::graph(conn, *query).await?),
        other => {
            return Err(Error::invalid(
                "view",
                format!("{other:?} is not known to this version"),
            ));
        }
    })
}
