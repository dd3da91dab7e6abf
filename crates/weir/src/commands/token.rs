//! `weir token`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use comfy_table::Cell;
use weir_status_api::{
    Access, Caller, Clock, Credentials, IssuedToken, NewToken, SystemClock, Timestamp, Token as Known,
    TokenId, TokenOrigin, TokenScope,
};
use weir_status_db::TokenStore;
use weir_status_http::{HttpOptions, HttpStatus};

use crate::database::Storage;
use crate::failure::Failure;
use crate::show::table::Table;
use crate::show::{Look, say};
use crate::upstream::read_token;

/// Makes, lists and revokes API tokens: in a master's database, which whoever may write it can do, or with `--upstream`
/// and a token of one's own.
#[derive(Args)]
pub(crate) struct Token {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Make a token; its text is printed this once.
    Create(Create),
    /// List tokens, the newest first.
    List(List),
    /// Make a token invalid at once.
    Revoke(Revoke),
}

#[derive(Args)]
struct Create {
    /// Whose it shall be: a `user(…)` of the master's configuration. Over the API one's own if none is given.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// What it is for, for people.
    #[arg(long, value_name = "TEXT", default_value = "")]
    name: String,
    /// What it may be used for; may be repeated.
    #[arg(long = "scope", value_name = "SCOPE", required = true)]
    scopes: Vec<Scope>,
    /// When it ends, e.g. 90d; never if not given.
    #[arg(long, value_name = "DURATION")]
    expires: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct List {
    /// Only those of this user.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
struct Revoke {
    /// The token's id, from `weir token list`.
    id: i64,
    #[command(flatten)]
    place: Place,
}

#[derive(Clone, Copy, ValueEnum)]
enum Scope {
    /// To read and watch.
    Read,
    /// To control.
    Control,
    /// To make, list and revoke tokens.
    Tokens,
}

impl From<Scope> for TokenScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Control => Self::Control,
            Scope::Tokens => Self::Tokens,
        }
    }
}

/// Where the tokens are.
#[derive(Args)]
struct Place {
    #[command(flatten)]
    storage: Storage,
    /// The address of a master that is asked instead of its database.
    #[arg(long, value_name = "URL", conflicts_with = "data", requires = "token_file")]
    upstream: Option<String>,
    /// A file with a token that has the scope `tokens`, to ask with.
    #[arg(long, env = "WEIR_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// Who is asked about tokens.
enum Tokens {
    Database(TokenStore),
    Master(HttpStatus, Caller),
}

impl Place {
    async fn open(&self) -> Result<Tokens, Failure> {
        let Some(url) = &self.upstream else {
            let store = TokenStore::open(&self.storage.database()?, &self.storage.data).await;
            return Ok(Tokens::Database(store.map_err(Failure::new)?));
        };
        let Some(file) = &self.token_file else {
            return Err(Failure::usage("--upstream needs --token-file"));
        };
        // One port serves all.
        let url = url
            .strip_prefix("grpc://")
            .map(|it| format!("http://{it}"))
            .or_else(|| url.strip_prefix("grpcs://").map(|it| format!("https://{it}")))
            .unwrap_or_else(|| url.clone());
        let master = HttpStatus::new(&url, HttpOptions::default()).map_err(Failure::usage)?;
        Ok(Tokens::Master(master, Caller::bearer(read_token(file)?)))
    }
}

impl Token {
    pub(crate) async fn run(self) -> Result<(), Failure> {
        match self.what {
            What::Create(it) => it.run().await,
            What::List(it) => it.run().await,
            What::Revoke(it) => it.run().await,
        }
    }
}

impl Create {
    async fn run(self) -> Result<(), Failure> {
        let now = SystemClock.now();
        let lasts = self.expires.as_deref().map(weir_config::parse_duration);
        let lasts = lasts.transpose().map_err(Failure::usage)?;
        let new = NewToken {
            name: self.name,
            user: self.user,
            scopes: self.scopes.into_iter().map(TokenScope::from).collect(),
            expires_at: lasts.map(|it| now.plus(it)),
        };
        let IssuedToken { token, text } = match self.place.open().await? {
            Tokens::Database(store) => {
                let Some(user) = new.user.clone() else {
                    return Err(Failure::usage("--user says whose the token shall be"));
                };
                weir_access::issue(&store, &user, new, now).await?
            }
            Tokens::Master(master, caller) => master.issue_token(&caller, new).await?,
        };
        // Only the text goes to standard output, so that it can be put into a file.
        eprintln!(
            "token {} of `{}`; it works if the master's configuration has user(\"{}\", …). This is shown once:",
            token.id, token.user, token.user
        );
        say(text)
    }
}

impl List {
    async fn run(self) -> Result<(), Failure> {
        let mut tokens = match self.place.open().await? {
            Tokens::Database(store) => store.tokens(self.user.as_deref()).await?,
            Tokens::Master(master, caller) => master.tokens(&caller).await?,
        };
        if let Some(user) = &self.user {
            tokens.retain(|it| it.user == *user);
        }
        let now = SystemClock.now();
        let mut table = Table::new(
            Look::of_stdout(),
            ["id", "user", "name", "scopes", "kind", "made", "ends"],
        );
        for token in &tokens {
            table.row(row(token, now));
        }
        say(table)
    }
}

fn row(token: &Known, now: Timestamp) -> [Cell; 7] {
    let scopes: Vec<&str> = token.scopes.iter().map(|it| it.name()).collect();
    let kind = match token.origin {
        TokenOrigin::Made => "token",
        TokenOrigin::SignIn => "session",
    };
    let days = |from: Timestamp, to: Timestamp| to.since(from).as_secs() / 86_400;
    let ends = match (token.revoked_at, token.expires_at) {
        (Some(_), _) => "revoked".to_owned(),
        (None, None) => "never".to_owned(),
        (None, Some(end)) if end <= now => "expired".to_owned(),
        (None, Some(end)) => format!("in {} days", days(now, end)),
    };
    [
        Cell::new(token.id),
        Cell::new(&token.user),
        Cell::new(&token.name),
        Cell::new(scopes.join(", ")),
        Cell::new(kind),
        Cell::new(format!("{} days ago", days(token.created_at, now))),
        Cell::new(ends),
    ]
}

impl Revoke {
    async fn run(self) -> Result<(), Failure> {
        let id = TokenId(self.id);
        match self.place.open().await? {
            Tokens::Database(store) => store.revoke_token(id, SystemClock.now()).await?,
            Tokens::Master(master, caller) => master.revoke_token(&caller, id).await?,
        }
        say(format!("token {id} is revoked"))
    }
}
