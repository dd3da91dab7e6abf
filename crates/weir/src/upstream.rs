//! How commands reach a master.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use weir_status_api::{Access, Caller, StatusApi};
use weir_status_grpc::GrpcStatus;

use crate::failure::Failure;

/// Where the master is, and who asks.
#[derive(Args, Clone, Debug)]
pub(crate) struct Upstream {
    /// The master's address.
    #[arg(
        long,
        env = "WEIR_UPSTREAM",
        default_value = "grpc://127.0.0.1:8010",
        value_name = "URL"
    )]
    upstream: String,
    /// A file with the API token to present.
    #[arg(long, env = "WEIR_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl Upstream {
    /// The status API of that master, as whoever holds the token may see it. Connects when it is first asked.
    pub(crate) fn connect(&self) -> Result<Arc<dyn StatusApi>, Failure> {
        let caller = self.caller()?;
        let status =
            GrpcStatus::connect(&self.upstream, caller.token().map(str::to_owned)).map_err(Failure::usage)?;
        Ok(Arc::new(status))
    }

    /// The same for others, who present tokens of their own, and must never act with ours.
    pub(crate) fn connect_for_others(&self) -> Result<Arc<dyn Access>, Failure> {
        let status = GrpcStatus::connect(&self.upstream, None).map_err(Failure::usage)?;
        Ok(Arc::new(status))
    }

    /// Who asks.
    pub(crate) fn caller(&self) -> Result<Caller, Failure> {
        match &self.token_file {
            None => Ok(Caller::anonymous()),
            Some(file) => {
                let token = read_token(file)?;
                if !token.chars().all(|it| (' '..='~').contains(&it)) {
                    return Err(Failure::usage(format!(
                        "the token file {} holds characters other than visible ASCII",
                        file.display()
                    )));
                }
                Ok(Caller::bearer(token))
            }
        }
    }
}

/// The token in `file`, without the white space around it.
pub(crate) fn read_token(file: &std::path::Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::usage(format!(
            "the token file {} cannot be read: {error}",
            file.display()
        ))
    })?;
    let token = text.trim();
    if token.is_empty() {
        return Err(Failure::usage(format!(
            "the token file {} is empty",
            file.display()
        )));
    }
    Ok(token.to_owned())
}
