//! Comments on pull requests.

use async_trait::async_trait;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use weir_status_api::ListenerError;

use super::auth::{Auth, below};
use super::{GithubOptions, KIND};
use crate::destinations::forge::comments::{Comment, Comments, Hidden, PAGE, PAGES, marked};
use crate::destinations::forge::place::{Forge, ForgeOptions};
use crate::destinations::forge::work::Outcome;
use crate::{Answer, Destination, OptionError, Outlet, Report};

/// The longest comment, in bytes.
const LONGEST: usize = 65_536;

/// How a [`GithubComment`] goes about it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GithubCommentOptions {
    /// The name under which a pull request has one comment.
    pub context: String,
    /// Whether a report edits the earlier comment of its name, instead of making another one.
    pub edit: bool,
    /// Who asks.
    #[serde(flatten)]
    pub auth: GithubOptions,
    /// Where it is.
    #[serde(flatten)]
    pub forge: ForgeOptions,
}

impl Default for GithubCommentOptions {
    /// GitHub itself, and a comment for each builder, which is edited.
    fn default() -> Self {
        Self {
            context: "weir/{builder}".to_owned(),
            edit: true,
            auth: GithubOptions::default(),
            forge: ForgeOptions::default(),
        }
    }
}

/// Comments on pull requests at GitHub (Buildbot's `GitHubCommentPush`, which makes a new comment each time).
///
/// Our comment has a mark that is not shown and that nobody else can make. A report looks for it among the comments
/// (`GET /repos/OWNER/NAME/issues/N/comments`), and edits it (`PATCH …/issues/comments/ID`) or makes one (`POST`); so a
/// report that comes twice is there once. Reports that are about no pull request send nothing.
pub struct GithubComment {
    forge: Forge,
    auth: Auth,
    comments: Comments,
}

impl GithubComment {
    /// One of these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] says which option is wrong.
    pub fn new(options: GithubCommentOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        let auth = Auth::new(&options.auth)?;
        let secret = options
            .auth
            .token
            .or(options.auth.private_key)
            .unwrap_or_default();
        Ok(Self {
            forge: Forge::new(&options.forge, &KIND, outlet)?,
            auth,
            comments: Comments::new(&options.context, options.edit, &secret, Hidden::Html, LONGEST)?,
        })
    }

    async fn tell(&self, comment: &Comment) -> Result<(), ListenerError> {
        let body = json!({"body": comment.text});
        let number = comment.pull.number.to_string();
        match self.find(comment, &number).await? {
            Some(id) => {
                self.ask(
                    comment,
                    Method::PATCH,
                    &["issues", "comments", &id],
                    0,
                    Some(&body),
                )
                .await
            }
            None => {
                self.ask(
                    comment,
                    Method::POST,
                    &["issues", &number, "comments"],
                    0,
                    Some(&body),
                )
                .await
            }
        }
        .map(drop)
    }

    /// The id of our comment, if it is there.
    async fn find(&self, comment: &Comment, number: &str) -> Result<Option<String>, ListenerError> {
        for page in 1..=PAGES {
            let answer = self
                .ask(comment, Method::GET, &["issues", number, "comments"], page, None)
                .await?;
            let comments = answer.list(None)?;
            if let Some(ours) = marked(&comments, "body", &comment.marker) {
                return Ok(ours["id"].as_u64().map(|it| it.to_string()));
            }
            if comments.len() < PAGE {
                break;
            }
        }
        Ok(None)
    }

    /// Asks about what is below the pull request's repository; `page` 0 is none.
    async fn ask(
        &self,
        comment: &Comment,
        method: Method,
        below_it: &[&str],
        page: usize,
        body: Option<&Value>,
    ) -> Result<Answer, ListenerError> {
        let repository = &comment.pull.repository;
        let mut url = self
            .forge
            .url(&[&["repos"], &below(repository)[..], below_it].concat());
        if page > 0 {
            url.set_query(Some(&format!("per_page={PAGE}&page={page}")));
        }
        let request = self.auth.request(&self.forge, repository, method, url).await?;
        self.forge.send(request, body).await
    }
}

#[async_trait]
impl Destination for GithubComment {
    fn kind(&self) -> &'static str {
        "github_comment"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        let mut outcome = Outcome::default();
        for comment in self.comments.of(report, &self.forge) {
            let what = comment.marker.clone();
            let told = self.forge.in_order(what, report, self.tell(&comment));
            outcome.add(told.await);
        }
        outcome.end()
    }
}
