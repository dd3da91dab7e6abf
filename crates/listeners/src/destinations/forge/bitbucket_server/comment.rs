//! Comments on pull requests.

use async_trait::async_trait;
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use weir_status_api::ListenerError;

use super::{Auth, KIND, repository};
use crate::destinations::forge::comments::{Comment, Comments, Hidden, PAGE, PAGES, marked};
use crate::destinations::forge::place::{Forge, ForgeOptions};
use crate::destinations::forge::work::Outcome;
use crate::{Destination, OptionError, Outlet, Report};

/// The longest comment, in bytes.
const COMMENT: usize = 32_768;

/// How a [`BitbucketServerComment`] goes about it. Give `token`, or `user` and `password`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BitbucketServerCommentOptions {
    /// An HTTP access token. A secret.
    pub token: Option<String>,
    /// Whose password it is.
    pub user: Option<String>,
    /// The password. A secret.
    pub password: Option<String>,
    /// The name under which a pull request has one comment.
    pub context: String,
    /// Whether a report edits the earlier comment of its name, instead of making another one.
    pub edit: bool,
    /// Where it is: `url` is the forge's, `https://bitbucket.example.org`.
    #[serde(flatten)]
    pub forge: ForgeOptions,
}

impl Default for BitbucketServerCommentOptions {
    /// A comment for each builder, which is edited.
    fn default() -> Self {
        Self {
            token: None,
            user: None,
            password: None,
            context: "weir/{builder}".to_owned(),
            edit: true,
            forge: ForgeOptions::default(),
        }
    }
}

/// Comments on pull requests at Bitbucket Server (Buildbot's `BitbucketServerPRCommentPush`, which makes a new comment each
/// time): `POST /rest/api/1.0/projects/PROJECT/repos/NAME/pull-requests/N/comments`.
///
/// Our comment is looked for in the pull request's `activities`; if it is there, `PUT …/comments/ID` sets its text, with
/// the version that we saw, so a report that comes twice is there once.
pub struct BitbucketServerComment {
    forge: Forge,
    auth: Auth,
    comments: Comments,
}

impl BitbucketServerComment {
    /// One of these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] says which option is wrong.
    pub fn new(options: BitbucketServerCommentOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        let auth = Auth::new(options.token, options.user, options.password)?;
        let secret = auth.secret();
        Ok(Self {
            forge: Forge::new(&options.forge, &KIND, outlet)?,
            comments: Comments::new(&options.context, options.edit, secret, Hidden::Link, COMMENT)?,
            auth,
        })
    }

    async fn tell(&self, comment: &Comment) -> Result<(), ListenerError> {
        let answer = match self.find(comment).await? {
            Some((id, version)) => {
                let body = json!({"text": comment.text, "version": version});
                let request = self.request(comment, Method::PUT, &["comments", &id], "");
                // Where it has another version by now, we look again.
                self.forge.send_unless_busy(request, &body).await
            }
            None => {
                let body = json!({"text": comment.text});
                let request = self.request(comment, Method::POST, &["comments"], "");
                self.forge.send(request, Some(&body)).await
            }
        };
        answer.map(drop)
    }

    /// The id and the version of our comment, if it is there.
    async fn find(&self, comment: &Comment) -> Result<Option<(String, Value)>, ListenerError> {
        let mut start = 0;
        for _ in 0..PAGES {
            let query = format!("limit={PAGE}&start={start}");
            let request = self.request(comment, Method::GET, &["activities"], &query);
            let answer = self.forge.send(request, None).await?;
            let said = answer.list(Some("values"))?;
            let ours = marked(said.iter().map(|it| &it["comment"]), "text", &comment.marker);
            if let Some(ours) = ours {
                let id = ours["id"].as_u64().map(|it| it.to_string());
                return Ok(id.map(|id| (id, ours["version"].clone())));
            }
            match answer.read()?["nextPageStart"].as_u64() {
                Some(next) if next > start => start = next,
                _ => break,
            }
        }
        Ok(None)
    }

    fn request(&self, comment: &Comment, method: Method, below: &[&str], query: &str) -> RequestBuilder {
        let number = comment.pull.number.to_string();
        let parts = [&["pull-requests", number.as_str()], below].concat();
        let mut url = repository(&self.forge, &comment.pull.repository, &parts);
        if !query.is_empty() {
            url.set_query(Some(query));
        }
        self.auth.on(self.forge.request(method, url))
    }
}

#[async_trait]
impl Destination for BitbucketServerComment {
    fn kind(&self) -> &'static str {
        "bitbucket_server_comment"
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
