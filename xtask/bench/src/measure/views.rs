//! What a display of many builders asks for, over JSON and gRPC.

use std::time::{Duration, Instant};

use weir_status_api::{
    BuilderChoice, Clock, ConsoleQuery, GridQuery, HomeQuery, Read, SystemClock, Timestamp, ViewQuery,
    WaterfallQuery,
};
use weir_status_grpc::GrpcStatus;
use weir_status_http::v2::write_view;

use super::load::{self, Load};
use super::quantile;
use crate::Result;
use crate::options::Plan;
use crate::site::Site;

/// Times that a view is asked for, each time in other words.
const TIMES: usize = 40;
/// What is asked before that does not count.
const WARM_UP: usize = 5;
/// In microseconds.
const DAY: i64 = 86_400_000_000;

/// What one view takes.
pub(crate) struct Viewed {
    /// What it is.
    pub(crate) name: &'static str,
    /// Bytes of the answer in JSON.
    pub(crate) bytes: usize,
    /// The median and the worst over JSON, when nobody has asked the same before.
    pub(crate) json: (Duration, Duration),
    /// The same over gRPC.
    pub(crate) grpc: (Duration, Duration),
    /// The same question again and again, over JSON.
    pub(crate) again: Load,
}

/// Asks for each view; all builders are in each.
pub(crate) async fn measure(site: &Site, plan: &Plan) -> Result<Vec<Viewed>> {
    let address = site.client().base().replacen("http", "grpc", 1);
    let grpc = GrpcStatus::connect(&address, None).map_err(|error| error.to_string())?;
    let mut all = vec![];
    for (name, query) in queries() {
        let mut bytes = 0;
        let (mut json, mut typed) = (vec![], vec![]);
        for number in 0..WARM_UP + TIMES {
            let query = in_other_words(&query, number);
            let begun = Instant::now();
            bytes = site.client().size(&path(&query)?).await?;
            json.push(begun.elapsed());
            let query = in_other_words(&query, number + WARM_UP + TIMES);
            let begun = Instant::now();
            grpc.view(query)
                .await
                .map_err(|error| format!("{name}: {error}"))?;
            typed.push(begun.elapsed());
        }
        let url = format!("{}{}", site.client().base(), path(&query)?);
        let (again, _) = load::wrk(site.folder(), &url, &[], plan.connections, plan.seconds).await?;
        all.push(Viewed {
            name,
            bytes,
            json: pair(&mut json)?,
            grpc: pair(&mut typed)?,
            again,
        });
    }
    Ok(all)
}

fn queries() -> Vec<(&'static str, ViewQuery)> {
    let now = SystemClock.now();
    let builders = BuilderChoice::default();
    let waterfall = |steps, limit| {
        ViewQuery::Waterfall(WaterfallQuery {
            builders: BuilderChoice::default(),
            from: Timestamp(now.as_micros() - DAY),
            to: now,
            steps,
            limit,
        })
    };
    vec![
        (
            "home",
            ViewQuery::Home(HomeQuery {
                builders: builders.clone(),
                limit: 100,
            }),
        ),
        ("waterfall, a day, 1,000 builds", waterfall(false, 1_000)),
        (
            "waterfall, a day, 300 builds with their steps",
            waterfall(true, 300),
        ),
        (
            "grid, 50 revisions",
            ViewQuery::Grid(GridQuery {
                builders: builders.clone(),
                branch: None,
                codebase: None,
                revisions: 50,
            }),
        ),
        (
            "console, 50 changes",
            ViewQuery::Console(ConsoleQuery {
                builders,
                branch: None,
                codebase: None,
                before: None,
                changes: 50,
            }),
        ),
    ]
}

/// The same query, with a tag left out that no builder has: no answer that is kept serves it.
fn in_other_words(query: &ViewQuery, number: usize) -> ViewQuery {
    let mut query = query.clone();
    let builders = match &mut query {
        ViewQuery::Home(it) => &mut it.builders,
        ViewQuery::Waterfall(it) => &mut it.builders,
        ViewQuery::Grid(it) => &mut it.builders,
        ViewQuery::Console(it) => &mut it.builders,
        _ => return query,
    };
    builders.without_tags.push(format!("none-{number}"));
    query
}

fn path(query: &ViewQuery) -> Result<String> {
    let (name, query) = write_view(query).ok_or("the view has no path")?;
    Ok(format!("/api/v2/views/{}?{query}", name.word()))
}

fn pair(values: &mut Vec<Duration>) -> Result<(Duration, Duration)> {
    values.drain(..WARM_UP);
    let both = quantile(values, 0.5).zip(quantile(values, 1.0));
    both.ok_or_else(|| "nothing was asked".to_owned())
}
