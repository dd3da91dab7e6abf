//! How much is done with a server.

use std::collections::BTreeMap;

use super::output::Output;
use crate::Result;
use crate::client::{Client, id};

/// How much is done with a server. Each build is on a builder of its own, which has its share of the workers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// Workers, all of them.
    pub(super) workers: u16,
    /// Those of them that are Buildbot's own, the first ones.
    pub(super) real: u16,
    /// Builds at once.
    pub(super) builds: u16,
    /// What the command of the first build prints.
    pub(super) output: Output,
}

impl Size {
    /// What the command of a build prints.
    pub(super) fn output_of(&self, number: u16) -> Output {
        Output {
            seed: self.output.seed + u64::from(number),
            ..self.output
        }
    }

    /// Millions of bytes that are printed in all.
    pub(super) fn megabytes(&self) -> f64 {
        self.output.bytes() as f64 * f64::from(self.builds) / 1e6
    }

    /// The numbers of the builders, by their ids.
    pub(super) async fn builders(&self, client: &Client) -> Result<BTreeMap<i64, u16>> {
        let mut numbers = BTreeMap::new();
        for builder in client.list("/api/v2/builders").await? {
            let number = builder["name"]
                .as_str()
                .and_then(|it| it.strip_prefix("print-")?.parse().ok());
            if let Some(number) = number {
                numbers.insert(id(&builder, "builderid")?, number);
            }
        }
        match numbers.len() == usize::from(self.builds) {
            true => Ok(numbers),
            false => Err(format!(
                "the master has {} of {} builders",
                numbers.len(),
                self.builds
            )),
        }
    }

    /// What a configuration is told of it.
    pub(super) fn names(&self) -> [(&'static str, String); 5] {
        [
            ("WORKERS", self.workers.to_string()),
            ("BUILDS", self.builds.to_string()),
            ("RATE", self.output.rate.to_string()),
            ("SECONDS", self.output.seconds.to_string()),
            ("SEED", self.output.seed.to_string()),
        ]
    }
}
