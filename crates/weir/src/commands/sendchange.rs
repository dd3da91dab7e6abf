//! `weir sendchange`.

use std::io::Read;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use weir_status_api::{ChangeParams, Command, Outcome, Timestamp};

use crate::failure::Failure;
use crate::show::say;
use crate::upstream::Upstream;

/// Tells the master of a change, as a hook of a repository would.
#[derive(Args)]
pub(crate) struct SendChange {
    /// The files that it touches.
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    #[command(flatten)]
    upstream: Upstream,
    /// Who wrote it, e.g. `Ada <ada@example.org>`.
    #[arg(long, short = 'W', visible_alias = "who", value_name = "NAME")]
    author: String,
    /// Who committed it.
    #[arg(long, value_name = "NAME")]
    committer: Option<String>,
    /// The repository's URL.
    #[arg(long, short = 'R', value_name = "URL", default_value = "")]
    repository: String,
    /// The project.
    #[arg(long, short = 'P', value_name = "NAME", default_value = "")]
    project: String,
    /// The codebase.
    #[arg(long, value_name = "NAME", default_value = "")]
    codebase: String,
    /// The branch.
    #[arg(long, short, value_name = "BRANCH")]
    branch: Option<String>,
    /// The category.
    #[arg(long, short = 'C', value_name = "NAME")]
    category: Option<String>,
    /// The revision that it made.
    #[arg(long, short, value_name = "REVISION")]
    revision: Option<String>,
    /// A file with the revision that it made.
    #[arg(long, value_name = "FILE", conflicts_with = "revision")]
    revision_file: Option<PathBuf>,
    /// A property of the change; may be repeated.
    #[arg(long = "property", short, value_name = "NAME=VALUE")]
    properties: Vec<String>,
    /// The commit's message.
    #[arg(long, short = 'c', visible_alias = "comment", value_name = "TEXT")]
    comments: Option<String>,
    /// A file with the commit's message; `-` for standard input.
    #[arg(
        long,
        short = 'F',
        visible_alias = "logfile",
        value_name = "FILE",
        conflicts_with = "comments"
    )]
    comments_file: Option<PathBuf>,
    /// When it was made, in seconds since 1970; now unless given.
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    when: Option<f64>,
    /// Where to read it.
    #[arg(long, short = 'l', value_name = "URL")]
    revlink: Option<String>,
    /// Print what was made as JSON.
    #[arg(long)]
    json: bool,
}

impl SendChange {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let (as_json, upstream) = (self.json, self.upstream.clone());
        let change = self.change()?;
        let caller = upstream.caller()?;
        let api = upstream.connect()?;
        match api.control(&caller, Command::AddChange { change }).await? {
            Outcome::Change { change } if as_json => say(json!({"changeid": change.0})),
            Outcome::Change { change } => say(format!("change {change} is added")),
            other => Err(Failure::new(format!("the master answered {other:?}"))),
        }
    }

    fn change(self) -> Result<ChangeParams, Failure> {
        let properties = self.properties.iter().map(|it| match it.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.into())),
            _ => Err(Failure::usage(format!("--property {it}: write NAME=VALUE"))),
        });
        let revision = match &self.revision_file {
            Some(file) => Some(read(file)?.trim().to_owned()),
            None => self.revision,
        };
        let comments = match &self.comments_file {
            Some(file) => read(file)?,
            None => self.comments.unwrap_or_default(),
        };
        Ok(ChangeParams {
            author: self.author,
            committer: self.committer,
            files: self.files,
            comments,
            revision,
            branch: self.branch,
            category: self.category,
            revlink: self.revlink,
            properties: properties.collect::<Result<_, _>>()?,
            repository: self.repository,
            project: self.project,
            codebase: self.codebase,
            when: self.when.map(moment).transpose()?,
        })
    }
}

fn moment(seconds: f64) -> Result<Timestamp, Failure> {
    Timestamp::from_secs_f64(seconds)
        .ok_or_else(|| Failure::usage(format!("--when {seconds}: write seconds since 1970")))
}

fn read(file: &std::path::Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = match file.to_str() {
        Some("-") => std::io::stdin().lock().read_to_string(&mut text),
        _ => std::fs::File::open(file).and_then(|mut it| it.read_to_string(&mut text)),
    };
    match read {
        Ok(_) => Ok(text),
        Err(error) => Err(Failure::usage(format!(
            "{} cannot be read: {error}",
            file.display()
        ))),
    }
}
