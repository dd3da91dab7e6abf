//! Reviews by SSH: the program `ssh` runs `gerrit review` at the server.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use weir_status_api::ListenerError;

use super::change::Change;
use super::review::{GerritOptions, has_line};
use crate::options::seconds;
use crate::text::{cut, one_line};
use crate::{OptionError, Outlet};

/// How much of what the program says an error quotes, in characters.
const QUOTED: usize = 200;

/// What `ssh` exits with if it did not get as far as to run anything.
const NO_CONNECTION: i32 = 255;

/// A server that is reached by SSH.
pub(super) struct Ssh {
    program: String,
    server: String,
    port: u16,
    user: String,
    identity: Option<String>,
    timeout: Duration,
    outlet: Outlet,
}

impl Ssh {
    /// As the options say; runs nothing yet.
    pub(super) fn new(options: &GerritOptions, server: &str, outlet: &Outlet) -> Result<Self, OptionError> {
        let user = options.user.clone().unwrap_or_default();
        // What begins with a dash is an option to `ssh`.
        let fits = |it: &str| !it.is_empty() && !it.starts_with('-') && !it.contains(char::is_whitespace);
        if !fits(server) {
            return Err(OptionError::new("server", format!("is no host: {server:?}")));
        }
        if !fits(&user) {
            let why = format!("is {user:?}; by SSH it has to be who logs in");
            return Err(OptionError::new("user", why));
        }
        Ok(Self {
            program: options.ssh.clone(),
            server: server.to_owned(),
            port: options.port,
            user,
            identity: options.identity_file.clone(),
            timeout: seconds("timeout", options.forge.timeout)?,
            outlet: outlet.clone(),
        })
    }

    /// Gives a review, unless the change has a message with `mark` already.
    pub(super) async fn review(
        &self,
        change: &Change,
        review: &Value,
        mark: &str,
    ) -> Result<(), ListenerError> {
        let command = format!(
            "gerrit review --json --project {} {}",
            quoted(&change.project),
            quoted(&change.revision)
        );
        let shown = || {
            let arguments = self.arguments(&command).join(" ");
            format!("{} {arguments}\n\n{review}", self.program)
        };
        if self.outlet.prints(shown) || self.has(change, mark).await? {
            return Ok(());
        }
        self.run(&command, &review.to_string()).await.map(drop)
    }

    /// Whether the change has a message with `mark`. Where that cannot be asked, it is taken not to.
    async fn has(&self, change: &Change, mark: &str) -> Result<bool, ListenerError> {
        let query = format!("commit:{}", change.revision);
        let command = format!("gerrit query --format JSON --comments {}", quoted(&query));
        let said = match self.run(&command, "").await {
            Err(ListenerError::Never(_)) => return Ok(false),
            said => said?,
        };
        // A line is a change, and the last one counts them.
        let changes = said
            .lines()
            .filter_map(|it| serde_json::from_str::<Value>(it).ok());
        let has = |it: Value| it["comments"].as_array().is_some_and(|it| has_line(it, mark));
        Ok(changes.into_iter().any(has))
    }

    /// What Gerrit says to `command`.
    async fn run(&self, command: &str, input: &str) -> Result<String, ListenerError> {
        let later = |error| ListenerError::Later(format!("{} does not run: {error}", self.program));
        let run = async {
            let mut child = Command::new(&self.program)
                .args(self.arguments(command))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .map_err(later)?;
            if let Some(mut stdin) = child.stdin.take() {
                // If it reads nothing, what it says and exits with tells why.
                let _ = stdin.write_all(input.as_bytes()).await;
            }
            child.wait_with_output().await.map_err(later)
        };
        let late =
            |_| ListenerError::Later(format!("{} did not end within {:?}", self.program, self.timeout));
        let output = tokio::time::timeout(self.timeout, run).await.map_err(late)??;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let why = format!("Gerrit says: {}", cut(&one_line(&said), QUOTED));
        let why = self.outlet.mask(&why);
        match output.status.code() {
            Some(NO_CONNECTION) | None => Err(ListenerError::Later(why)),
            Some(_) => Err(ListenerError::Never(why)),
        }
    }

    /// What the program is told.
    fn arguments(&self, command: &str) -> Vec<String> {
        let mut arguments = vec!["-o".to_owned(), "BatchMode=yes".to_owned()];
        if let Some(identity) = &self.identity {
            arguments.extend(["-i".to_owned(), identity.clone()]);
        }
        arguments.extend([
            "-p".to_owned(),
            self.port.to_string(),
            "--".to_owned(),
            format!("{}@{}", self.user, self.server),
            command.to_owned(),
        ]);
        arguments
    }
}

/// The text as one word of Gerrit's command line, whose quotes are those of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
