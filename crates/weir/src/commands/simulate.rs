//! Many workers in one process that run nothing, to try a master and its configuration under load.

use std::ops::RangeInclusive;
use std::time::Duration;

use clap::Args;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// What simulated workers do.
#[derive(Args)]
pub(crate) struct Simulate {
    /// Stands for this many workers in one process, which run nothing: `{}` in `--name` is the number of each, from 1.
    /// All present the same token.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    simulate: Option<u32>,
    /// With `--simulate`: how long a command takes, e.g. `2s`, or between two times, `100ms..5s`.
    #[arg(long, requires = "simulate", default_value = "1s", value_name = "TIME", value_parser = times)]
    duration: RangeInclusive<Duration>,
    /// With `--simulate`: how many lines a command writes, e.g. `20`, or between two numbers, `0..500`.
    #[arg(long, requires = "simulate", default_value = "20", value_name = "COUNT", value_parser = counts)]
    lines: RangeInclusive<u64>,
    /// With `--simulate`: which part of the commands fails, e.g. `5%`.
    #[arg(long, requires = "simulate", default_value = "0%", value_name = "PART", value_parser = part)]
    fail: f64,
    /// With `--simulate`: the same number gives the same commands.
    #[arg(long, requires = "simulate", default_value_t = 0, value_name = "NUMBER")]
    seed: u64,
}

impl Simulate {
    /// The options of each worker, made from those of one; none if nothing is to be simulated.
    pub(crate) fn workers(
        &self,
        one: &weir_worker::Options,
    ) -> Result<Option<Vec<weir_worker::Options>>, Failure> {
        let Some(count) = self.simulate else {
            return Ok(None);
        };
        if count > 1 && !one.name.contains("{}") {
            return Err(Failure::usage(format!(
                "{count} workers need {count} names: write e.g. --name '{}{{}}'",
                one.name
            )));
        }
        let worker = |number: u32| {
            let mut options = one.clone();
            options.name = one.name.replace("{}", &number.to_string());
            options.base_dir = one.base_dir.join(&options.name);
            options.instance = uuid::Uuid::new_v4().to_string();
            options.simulation = Some(weir_worker::Simulation {
                seed: self.seed,
                duration: self.duration.clone(),
                lines: self.lines.clone(),
                fail: self.fail,
            });
            options
        };
        Ok(Some((1..=count).map(worker).collect()))
    }
}

/// Runs all of them until `stop`; the first that cannot go on ends all.
pub(crate) async fn run(workers: Vec<weir_worker::Options>, stop: CancellationToken) -> Result<(), Failure> {
    let stop = stop.child_token();
    let mut running: JoinSet<_> = workers
        .into_iter()
        .map(|it| weir_worker::run(it, stop.clone()))
        .collect();
    let mut result = Ok(());
    while let Some(ended) = running.join_next().await {
        let ended = ended
            .map_err(Failure::new)
            .and_then(|it| it.map_err(Failure::new));
        if ended.is_err() {
            stop.cancel();
        }
        result = result.and(ended);
    }
    result
}

/// One value, or the first and the last of a range.
fn range<T: Clone + PartialOrd>(
    text: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<RangeInclusive<T>, String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let (first, last) = (read(first.trim())?, read(last.trim())?);
    if first > last {
        return Err("it begins after its end".to_owned());
    }
    Ok(first..=last)
}

fn times(text: &str) -> Result<RangeInclusive<Duration>, String> {
    range(text, |it| match it {
        "0" | "0s" => Ok(Duration::ZERO),
        it => weir_config::parse_duration(it).map_err(|error| error.to_string()),
    })
}

fn counts(text: &str) -> Result<RangeInclusive<u64>, String> {
    range(text, |it| {
        it.parse().map_err(|_| format!("`{it}` is no number of lines"))
    })
}

fn part(text: &str) -> Result<f64, String> {
    text.strip_suffix('%')
        .and_then(|it| it.trim().parse::<f64>().ok())
        .filter(|it| (0.0..=100.0).contains(it))
        .map(|it| it / 100.0)
        .ok_or_else(|| "a part is from 0% to 100%".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_one_value_or_two() {
        assert_eq!(counts("20"), Ok(20..=20));
        assert_eq!(counts("0..7"), Ok(0..=7));
        assert!(counts("7..0").is_err());
        assert!(counts("x").is_err());
        assert_eq!(times("0s..1m"), Ok(Duration::ZERO..=Duration::from_secs(60)));
        assert!(times("5").is_err());
    }

    #[test]
    fn a_part_is_in_percent() {
        assert_eq!(part("5%"), Ok(0.05));
        assert_eq!(part("100 %"), Ok(1.0));
        for wrong in ["5", "101%", "-1%", "x%"] {
            assert!(part(wrong).is_err(), "{wrong}");
        }
    }
}
