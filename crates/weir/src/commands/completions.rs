//! `weir completions`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::failure::Failure;

/// Prints shell completions.
#[derive(Args)]
pub(crate) struct Completions {
    /// For which shell.
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let mut command = crate::Weir::command();
        clap_complete::generate(self.shell, &mut command, "weir", &mut std::io::stdout());
        Ok(())
    }
}
