//! How the builders are: what runs, what waits, how the last build of each ended. By few reads, however many there are.

use std::collections::HashMap;

use weir_status_api::{
    At, Build, BuilderChoice, BuilderId, Entity, Error, Home, HomeQuery, List, MAX_VIEW_BUILDERS, Page,
    Query, Resource, Result, View, ViewQuery,
};

use crate::source::Source;

/// Running builds, waiting requests and recent builds that are asked for, each.
const FIRST: u32 = 200;
/// The same where there is more that runs or waits.
const MOST: u32 = 2_000;

/// How the builders are.
pub(crate) struct Overview {
    pub(crate) home: Home,
    /// Of each builder that has one the last build that ended: the one with the highest number.
    pub(crate) last: HashMap<BuilderId, Build>,
    /// Whether there is no more than what is here.
    pub(crate) complete: bool,
}

/// How the chosen builders are, as far as whoever reads may see them.
pub(crate) async fn overview(source: &Source, choice: BuilderChoice) -> Result<Overview> {
    let full = |home: &Home, limit: u32| home.running.len().max(home.waiting.len()) >= limit as usize;
    let mut limit = FIRST;
    let mut home = read_home(source, &choice, limit).await?;
    if full(&home, limit) {
        limit = MOST;
        home = read_home(source, &choice, limit).await?;
    }
    let complete = !full(&home, limit) && home.builders.len() < MAX_VIEW_BUILDERS as usize;
    let mut last: HashMap<BuilderId, Build> = HashMap::new();
    let all_seen = home.recent.len() < limit as usize;
    for build in std::mem::take(&mut home.recent) {
        let newer = last.get(&build.builder).is_none_or(|it| it.number < build.number);
        if newer {
            last.insert(build.builder, build);
        }
    }
    if !all_seen {
        // Those that built nothing for long; each is one look into an index.
        for builder in &home.builders {
            if !last.contains_key(&builder.id)
                && let Some(build) = last_ended(source, builder.id).await?
            {
                last.insert(builder.id, build);
            }
        }
    }
    Ok(Overview { home, last, complete })
}

async fn read_home(source: &Source, choice: &BuilderChoice, limit: u32) -> Result<Home> {
    let query = ViewQuery::Home(HomeQuery {
        builders: choice.clone(),
        limit,
    });
    match source.view(query).await? {
        At {
            value: View::Home(home),
            ..
        } => Ok(home),
        _ => Err(Error::internal("a view of what runs that is none")),
    }
}

async fn last_ended(source: &Source, builder: BuilderId) -> Result<Option<Build>> {
    use weir_status_api::BuildField::{Builder, Complete, Number};
    let query = Query::<Build>::new()
        .eq(Builder, builder.0)
        .eq(Complete, true)
        .descending(Number)
        .limit(1);
    Ok(rows(source, query).await?.pop())
}

/// The rows of one page.
pub(crate) async fn rows<R: Resource>(source: &Source, query: Query<R>) -> Result<Vec<R>> {
    let list: List = R::into_list(query);
    let Page { items, .. } = source.list(list).await?;
    let mixed = || Error::internal("a list of mixed kinds");
    let typed = items
        .into_iter()
        .map(|it: Entity| R::from_entity(it).ok_or_else(mixed));
    typed.collect()
}
