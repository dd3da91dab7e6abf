//! What listeners cost: an idle master, and a busy one, with none, ten and a hundred of them.

use std::path::Path;
use std::time::{Duration, Instant};

use super::destinations::Destinations;
use super::kinds::Runner;
use super::pace::{PATIENCE, build, pace};
use super::site::{Setup, Site, empty};
use super::{Options, What};
use crate::Result;

/// How long what was begun by the start may take to come to its end, before anything is measured.
const REST: Duration = Duration::from_secs(2);

/// Builds a second at the calm pace: 1,000 deliveries of a hundred listeners.
const PACE: u32 = 5;

/// One row: so many listeners in the master, or beside it.
pub(super) struct Cost {
    /// Where they run.
    pub(super) runner: Runner,
    /// How many.
    pub(super) listeners: usize,
    /// CPU of the master while nothing happens, in parts of a core.
    pub(super) idle_cpu: f64,
    /// CPU of the process beside it then, if there is one.
    pub(super) idle_cpu_beside: Option<f64>,
    /// Transactions of the master a second while nothing happens.
    pub(super) idle_transactions: f64,
    /// Memory of the process that they are in at a calm pace, in MiB.
    pub(super) memory: f64,
    /// Builds a second, as many as there can be.
    pub(super) builds: f64,
    /// From the last build until all is told, in seconds.
    pub(super) late: f64,
    /// Memory of that process then, in MiB.
    pub(super) memory_after: f64,
}

/// How much is measured.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    /// How long nothing happens.
    pub(super) idle: Duration,
    /// How long builds come at a calm pace.
    pub(super) calm: Duration,
    /// How much is built then, as fast as there can be builds.
    pub(super) builds: u64,
    /// How many listeners, in the master and beside it.
    pub(super) counts: &'static [(Runner, usize)],
}

/// Measures each.
pub(super) async fn measure(options: &Options, plan: Plan) -> Result<Vec<Cost>> {
    let mut costs = vec![];
    for (runner, listeners) in plan.counts.iter().copied() {
        eprintln!("==> the cost of {listeners} listeners, {}", runner.way());
        let folder = options
            .folder()
            .join(format!("cost-{}-{listeners}", runner.way()));
        empty(&folder)?;
        costs.push(one(options, plan, &folder, runner, listeners).await?);
    }
    Ok(costs)
}

async fn one(options: &Options, plan: Plan, folder: &Path, runner: Runner, listeners: usize) -> Result<Cost> {
    let destinations = Destinations::start(folder).await?;
    let web = &destinations.addresses().web;
    let crowd: String = (1..=listeners)
        .map(|number| {
            format!(
                "webhook(\"crowd-{number}\", \"{web}/crowd\", events = [\"builds/*/new\", \"builds/*/finished\"])\n"
            )
        })
        .collect();
    let setup = match runner {
        Runner::Master => Setup {
            master: crowd,
            ..Setup::default()
        },
        Runner::Grpc => Setup {
            grpc: crowd,
            ..Setup::default()
        },
        Runner::Json => Setup {
            json: crowd,
            ..Setup::default()
        },
    };
    let mut site = Site::configure(&options.weir, folder, setup)?;
    site.start_all().await?;
    tokio::time::sleep(REST).await;

    let cpu = |site: &Site, runner| Ok::<_, String>(site.usage(runner)?.map(|it| it.cpu_s));
    let beside = Some(runner).filter(|it| *it != Runner::Master);
    let beside_cpu = |site: &Site| beside.map_or(Ok(None), |it| cpu(site, it));
    let (begun, transactions) = (Instant::now(), site.transactions()?);
    let before = (cpu(&site, Runner::Master)?, beside_cpu(&site)?);
    tokio::time::sleep(plan.idle).await;
    let seconds = begun.elapsed().as_secs_f64();
    let idle_transactions = f64::from(site.transactions()?.wrapping_sub(transactions)) / seconds;
    let since = |now: Option<f64>, before: Option<f64>| Some((now? - before?) / seconds);
    let idle_cpu = since(cpu(&site, Runner::Master)?, before.0).unwrap_or_default();
    let idle_cpu_beside = since(beside_cpu(&site)?, before.1);

    pace(&site, PACE, plan.calm).await?;
    all_told(&site, &destinations, listeners).await?;
    let memory = rss(&site, runner)?;
    let (begun, before) = (Instant::now(), site.ended().await?);
    build(&site, plan.builds, &mut |_| true).await?;
    let ended = site.ended().await? - before;
    let seconds = begun.elapsed().as_secs_f64();
    let late = Instant::now();
    all_told(&site, &destinations, listeners).await?;
    let late = late.elapsed().as_secs_f64();
    site.is_well()?;
    Ok(Cost {
        runner,
        listeners,
        idle_cpu,
        idle_cpu_beside,
        idle_transactions,
        memory,
        builds: ended as f64 / seconds,
        late,
        memory_after: rss(&site, runner)?,
    })
}

/// Memory of the process, in MiB.
fn rss(site: &Site, runner: Runner) -> Result<f64> {
    let usage = site.usage(runner)?.ok_or("a program is gone")?;
    Ok(usage.rss_mib)
}

/// Waits until all is built and told.
async fn all_told(site: &Site, destinations: &Destinations, listeners: usize) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while site.open().await? > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let happened = site.happened().await?;
    let events = happened.values().filter(|it| it.what != What::Claim).count();
    while destinations.told_by_crowd() < events * listeners {
        if Instant::now() > deadline {
            return Err(format!("{listeners} listeners do not tell of {events} events"));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
