//! `weir worker`.

use std::path::PathBuf;

use clap::Args;

use super::simulate::{self, Simulate};
use crate::failure::Failure;
use crate::upstream::{Trust, read_token};
use crate::{log, signals};

/// Runs a worker.
#[derive(Args)]
pub(crate) struct Worker {
    /// The master's address, e.g. `grpc://127.0.0.1:8010`; with TLS `grpcs://…`.
    #[arg(long, env = "WEIR_MASTER", value_name = "URL")]
    master: String,
    #[command(flatten)]
    trust: Trust,
    /// The worker's name in the master's configuration.
    #[arg(long)]
    name: String,
    /// A file with its token.
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,
    /// The folder in which it builds; made if it does not exist.
    #[arg(long, default_value = "weir-worker", value_name = "DIR")]
    dir: PathBuf,
    /// How much of what its commands say it keeps on disk at most while the master is away or slow: bytes, or e.g.
    /// `500MiB`. When it is full, commands wait.
    #[arg(long, default_value = "1GiB", value_name = "SIZE", value_parser = bytes)]
    journal_size: u64,
    /// Who keeps it, for people.
    #[arg(long, default_value = "")]
    admin: String,
    #[command(flatten)]
    simulate: Simulate,
}

impl Worker {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        log::init();
        let stop = signals::ending()?;
        let token = read_token(&self.token_file)?;
        let instance = uuid::Uuid::new_v4().to_string();
        let mut options = weir_worker::Options::new(self.master, self.name, token, self.dir, instance);
        options.admin = self.admin;
        options.journal_size = self.journal_size;
        options.ca = self.trust.ca()?;
        match self.simulate.workers(&options)? {
            Some(workers) => simulate::run(workers, stop).await,
            None => weir_worker::run(options, stop).await.map_err(Failure::new),
        }
    }
}

/// A size in bytes, with or without a unit.
fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => {
            return Err(
                "a size is a number of bytes, or one of KiB, MiB, GiB or TiB, e.g. `500MiB`".to_owned(),
            );
        }
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "a size begins with a number".to_owned())?;
    number
        .checked_mul(factor)
        .ok_or_else(|| "this is too much".to_owned())
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn a_size_may_have_a_unit() {
        for (text, expected) in [("0", 0), ("7", 7), ("2KiB", 2048), ("500 MiB", 524_288_000)] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for wrong in ["", "MiB", "1GB", "-1", "1.5GiB", "99999999TiB"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
