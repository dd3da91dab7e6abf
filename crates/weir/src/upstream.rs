//! How commands reach a master.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use weir_status_api::{Access, Caller, StatusApi};
use weir_status_grpc::{Ca, GrpcStatus, Options};
use weir_status_http::{HttpOptions, HttpStatus};
use weir_web::Passage;

use crate::failure::Failure;

/// Where the master is, and who asks.
#[derive(Args, Clone, Debug)]
pub(crate) struct Upstream {
    /// The master's address; with TLS `grpcs://…`. With `http://…` or `https://…` that of a site with JSON, such as a Buildbot
    /// master's.
    #[arg(
        long,
        env = "WEIR_UPSTREAM",
        default_value = "grpc://127.0.0.1:8010",
        value_name = "URL"
    )]
    upstream: String,
    #[command(flatten)]
    trust: Trust,
    /// A file with the API token to present.
    #[arg(long, env = "WEIR_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// Which masters are trusted over TLS.
#[derive(Args, Clone, Debug)]
pub(crate) struct Trust {
    /// The certificates, as PEM, of the authorities to trust over TLS in place of the public ones.
    #[arg(long, env = "WEIR_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
}

impl Trust {
    /// Those authorities, if there are any.
    pub(crate) fn ca(&self) -> Result<Option<Ca>, Failure> {
        let read = |file: &PathBuf| Ca::read(file).map_err(|why| Failure::usage(format!("the CA: {why}")));
        self.ca.as_ref().map(read).transpose()
    }
}

impl Upstream {
    /// The master at a URL, asked by whoever holds the token in the file.
    pub(crate) fn at(url: String, trust: Trust, token_file: Option<PathBuf>) -> Self {
        Self {
            upstream: url,
            trust,
            token_file,
        }
    }

    /// The status API of that master, as whoever holds the token may see it. Connects when it is first asked.
    pub(crate) fn connect(&self) -> Result<Arc<dyn StatusApi>, Failure> {
        let caller = self.caller()?;
        if let Some(site) = self.site()? {
            return Ok(site.open(&caller));
        }
        Ok(Arc::new(self.status(caller.token().map(str::to_owned))?))
    }

    /// The same for others, who present tokens of their own, and must never act with ours.
    pub(crate) fn connect_for_others(&self) -> Result<Arc<dyn Access>, Failure> {
        match self.site()? {
            Some(site) => Ok(Arc::new(site)),
            None => Ok(Arc::new(self.status(None)?)),
        }
    }

    /// The way to that master's own JSON, if the address is that of a site with it.
    pub(crate) fn passage(&self) -> Result<Option<Passage>, Failure> {
        if !self.is_site() {
            return Ok(None);
        }
        Passage::new(&self.upstream, self.trust.ca()?.as_ref())
            .map(Some)
            .map_err(Failure::new)
    }

    fn is_site(&self) -> bool {
        self.upstream.starts_with("http://") || self.upstream.starts_with("https://")
    }

    /// Whether a watch of that master can go on where another one ended.
    pub(crate) async fn resumes(&self) -> Result<bool, Failure> {
        match self.site()? {
            Some(site) => Ok(site.resumes().await?),
            None => Ok(true),
        }
    }

    /// The site with JSON, if the address is that of one.
    fn site(&self) -> Result<Option<HttpStatus>, Failure> {
        if !self.is_site() {
            return Ok(None);
        }
        let options = HttpOptions {
            ca: self.trust.ca()?,
            ..HttpOptions::default()
        };
        HttpStatus::new(&self.upstream, options)
            .map(Some)
            .map_err(Failure::usage)
    }

    fn status(&self, token: Option<String>) -> Result<GrpcStatus, Failure> {
        let options = Options {
            token,
            ca: self.trust.ca()?,
            ..Options::default()
        };
        GrpcStatus::with_options(&self.upstream, options).map_err(Failure::usage)
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
