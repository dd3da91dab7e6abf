//! One server under the load.

use std::path::Path;
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt, TryStreamExt};

use super::fleet::Fleet;
use super::lag::{Lag, log_of};
use super::size::Size;
use crate::Result;
use crate::client::id;
use crate::events::Audience;
use crate::measure::quantile;
use crate::options::{Places, Which};
use crate::program::free_port;
use crate::server::{Buildbot, Programs, Server, Weir};
use crate::site::Site;

const PASSWORD: &str = "bench";
/// Builds that are asked for at a time.
const AT_ONCE: usize = 8;
/// How often longer than its commands a run may take.
const PATIENCE: u32 = 10;
/// How long a server rests before its memory is read.
const REST: Duration = Duration::from_secs(2);

/// What came of it.
pub(super) struct Measured {
    pub(super) name: &'static str,
    pub(super) size: Size,
    /// From the first simulated worker that dials to the moment at which all are let in.
    pub(super) connected: Duration,
    /// Memory when nothing is built.
    pub(super) idle_mib: f64,
    /// From the first build that is asked for to the end of the last.
    pub(super) took: Duration,
    /// CPU time of the master meanwhile.
    pub(super) cpu: Duration,
    /// The most memory that the master has had.
    pub(super) peak_mib: f64,
    /// The lag of the output: its median, of which one in a hundred is worse, the worst.
    pub(super) lag: [Option<Duration>; 3],
}

/// A server and its workers.
struct Run {
    site: Site,
    fleet: Fleet,
    size: Size,
}

/// Measures one server in `folder`, which is emptied.
pub(super) async fn measure(which: Which, places: &Places, size: Size, folder: &Path) -> Result<Measured> {
    let pb = free_port()?;
    let mut site = Site::configure(folder, |folder| configure(which, places, &size, pb, folder))?;
    eprintln!("==> {}", site.name());
    site.start_master().await?;
    start_real(&mut site, places, &size, pb).await?;
    let begun = Instant::now();
    let simulated: Vec<String> = (size.real..size.workers).map(worker_name).collect();
    let fleet = Fleet::gather(pb, &simulated, PASSWORD).await?;
    let connected = begun.elapsed();
    eprintln!("    {} workers are connected", size.workers);
    tokio::time::sleep(REST).await;
    let idle_mib = site.usage()?.rss_mib;
    let mut run = Run { site, fleet, size };
    let before = run.site.usage()?.cpu_s;
    let (took, mut seen) = run.build().await?;
    let usage = run.site.usage()?;
    eprintln!("    all that was printed is looked for in the logs");
    run.check_logs().await?;
    Ok(Measured {
        name: run.site.name(),
        size,
        connected,
        idle_mib,
        took,
        cpu: Duration::from_secs_f64((usage.cpu_s - before).max(0.0)),
        peak_mib: usage.peak_mib,
        lag: [0.5, 0.99, 1.0].map(|part| quantile(&mut seen, part)),
    })
}

fn worker_name(number: u16) -> String {
    format!("w{number:03}")
}

fn configure(which: Which, places: &Places, size: &Size, pb: u16, folder: &Path) -> Result<Box<dyn Server>> {
    let program = std::env::current_exe().map_err(|error| format!("this program is not found: {error}"))?;
    let mut names = size.names().to_vec();
    names.push(("PASSWORD", PASSWORD.to_owned()));
    names.push(("PROGRAM", program.display().to_string()));
    Ok(match which {
        Which::Weir => {
            names.push(("PB_PORT", pb.to_string()));
            let configuration = include_str!("weir.star");
            Box::new(Weir::configure_as(configuration, &names, &places.weir, folder)?)
        }
        Which::Buildbot => {
            let configuration = include_str!("master.cfg");
            Box::new(Buildbot::configure_as(
                configuration,
                &names,
                pb,
                &places.root,
                folder,
            )?)
        }
    })
}

/// Starts the workers that are Buildbot's own, and waits until they are connected.
async fn start_real(site: &mut Site, places: &Places, size: &Size, pb: u16) -> Result<()> {
    if size.real == 0 {
        return Ok(());
    }
    let programs = Programs::install(&places.root)?;
    for name in (0..size.real).map(worker_name) {
        programs.create_worker(site.folder(), pb, &name, PASSWORD)?;
        let command = programs.start(&site.folder().join(&name));
        site.start_worker(command, &name)?;
    }
    site.wait_for_workers(size.real.into()).await
}

impl Run {
    /// Lets all builders build at once. Gives how long that took, and how late output could be read.
    async fn build(&mut self) -> Result<(Duration, Vec<Duration>)> {
        let Self { site, fleet, size } = self;
        let patience = Duration::from_secs(size.output.seconds + 10) * PATIENCE;
        let builders = size.builders(site.client()).await?;
        let mut audience = Audience::one(site.client().base(), "builds/*/finished").await?;
        let mut lag = Lag::default();
        let begun = Instant::now();
        let client = site.client();
        let forced = stream::iter(builders.into_keys())
            .map(async |builder| client.force(builder).await)
            .buffer_unordered(AT_ONCE)
            .try_for_each(async |_| Ok(()));
        let ended = async {
            for done in 0..size.builds {
                if audience.next().await.is_none() {
                    return Err(format!("the stream of events ended after {done} builds"));
                }
            }
            Ok(begun.elapsed())
        };
        let built = tokio::time::timeout(patience, async { tokio::try_join!(forced, ended) });
        let took = tokio::select! {
            built = built => match built {
                Ok(built) => built?.1,
                Err(_) => return Err(format!("{} builds do not end in {} s", size.builds, patience.as_secs())),
            },
            why = fleet.failure() => return Err(why),
            watched = lag.watch(client, size) => match watched? {},
        };
        Ok((took, lag.seen))
    }

    /// An error unless all builds ended well, with all that was printed in their logs.
    async fn check_logs(&self) -> Result<()> {
        let client = self.site.client();
        client.settled().await?;
        let numbers = self.size.builders(client).await?;
        let builds = client.list("/api/v2/builds?complete=true&limit=1000").await?;
        if builds.len() != usize::from(self.size.builds) {
            return Err(format!(
                "{} of {} builds have ended",
                builds.len(),
                self.size.builds
            ));
        }
        for build in builds {
            if build["results"] != 0 {
                return Err(format!("a build did not end well: {build}"));
            }
            let log = log_of(client, id(&build, "buildid")?).await?;
            let log = log.ok_or_else(|| format!("a build has no log: {build}"))?;
            let text = client.text(&format!("/api/v2/logs/{log}/raw")).await?;
            let number = numbers
                .get(&id(&build, "builderid")?)
                .copied()
                .unwrap_or_default();
            let whole = self.size.output_of(number).check(&text);
            whole.map_err(|why| format!("print-{number:03}: {why}"))?;
        }
        Ok(())
    }
}
