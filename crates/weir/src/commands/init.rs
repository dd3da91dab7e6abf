//! `weir init`.

use std::path::PathBuf;

use clap::Args;
use uuid::Uuid;

use crate::failure::Failure;

/// Writes a starter configuration.
#[derive(Args)]
pub(crate) struct Init {
    /// The folder to write to; made if it does not exist.
    folder: PathBuf,
}

impl Init {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let written = weir_config::init(&self.folder, &token).map_err(Failure::usage)?;
        for file in written {
            println!("wrote {}", file.display());
        }
        let folder = self.folder.display();
        println!(
            "\nNext:\n  weir check {folder}/weir.star\n  weir master --config {folder}/weir.star --data {folder}/data\n  \
             weir worker --master http://127.0.0.1:8010 --name worker1 --token-file {folder}/worker.token"
        );
        Ok(())
    }
}
