//! Comments on pull requests: one for each name, which later reports edit.

use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;
use weir_status_api::{Properties, SourceStamp};

use super::location::parts;
use super::place::Forge;
use crate::destinations::placeholders::{Template, Values};
use crate::text::cut_bytes;
use crate::{OptionError, Report};

/// How many comments are asked for at once.
pub(super) const PAGE: usize = 50;

/// How many times comments are asked for, to find ours: beyond, a new one is made.
pub(super) const PAGES: usize = 40;

/// Properties that hold a pull request's number, by those who set them: Buildbot's hooks for GitHub, and for Bitbucket.
const NUMBERS: [&str; 4] = [
    "github.number",
    "bitbucket.id",
    "pullrequest.number",
    "gitlab.iid",
];

/// A pull request (a merge request at GitLab's).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pull {
    /// Its repository, as the forge names it.
    pub(super) repository: Vec<String>,
    /// Its number there.
    pub(super) number: u64,
}

/// What a pull request is told.
#[derive(Clone, Debug)]
pub(super) struct Comment {
    /// The pull request.
    pub(super) pull: Pull,
    /// What the comment has and no other.
    pub(super) marker: String,
    /// All of it.
    pub(super) text: String,
}

/// How the forge is told what readers shall not see.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hidden {
    /// As a comment of HTML.
    Html,
    /// As a link's definition that nothing uses, where HTML is shown as it is.
    Link,
}

/// Makes comments of reports.
pub(super) struct Comments {
    name: Template,
    edit: bool,
    key: Hmac<Sha256>,
    hidden: Hidden,
    longest: usize,
}

impl Comments {
    /// Comments under the name that the option `context` gives, of `longest` bytes at the most. With `edit`, a report
    /// replaces the text of the earlier one of its name. `secret` is what only we know.
    pub(super) fn new(
        context: &str,
        edit: bool,
        secret: &str,
        hidden: Hidden,
        longest: usize,
    ) -> Result<Self, OptionError> {
        let key = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
        Ok(Self {
            name: Template::parse("context", context)?,
            edit,
            key: key.map_err(|error| OptionError::new("token", format!("is no key: {error}")))?,
            hidden,
            longest,
        })
    }

    /// Those that a report gives: one for each of the forge's pull requests that it is about.
    pub(super) fn of(&self, report: &Report, forge: &Forge) -> Vec<Comment> {
        let name = self.name.fill_apart(&Values::of(&report.about));
        let comment = |pull: Pull| {
            let delivery = if self.edit { "" } else { report.delivery.as_str() };
            let marker = self.marker(&pull, &name, delivery);
            let end = match self.hidden {
                Hidden::Html => format!("\n\n<!-- {marker} -->"),
                Hidden::Link => format!("\n\n[//]: # ({marker})"),
            };
            let text = report.message.markdown_or_text().trim_end();
            let text = cut_bytes(text, self.longest - end.len());
            Comment {
                text: text + &end,
                pull,
                marker,
            }
        };
        pulls(report, forge).into_iter().map(comment).collect()
    }

    /// What our comment has in it. Nobody else can make one, so that we edit no comment of another's.
    fn marker(&self, pull: &Pull, name: &str, delivery: &str) -> String {
        let mut code = self.key.clone();
        for part in [
            &pull.repository.join("/"),
            &pull.number.to_string(),
            name,
            delivery,
        ] {
            code.update(part.as_bytes());
            code.update(b"\0");
        }
        let code = code.finalize().into_bytes();
        let hex: String = code.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("weir:{hex}")
    }
}

/// The first of `comments` whose `text` has the marker.
pub(super) fn marked<'a>(
    comments: impl IntoIterator<Item = &'a Value>,
    text: &str,
    marker: &str,
) -> Option<&'a Value> {
    let has = |it: &&Value| it[text].as_str().is_some_and(|text| text.contains(marker));
    comments.into_iter().find(has)
}

/// The forge's pull requests that a report is about, each once.
pub(super) fn pulls(report: &Report, forge: &Forge) -> Vec<Pull> {
    let mut pulls: Vec<Pull> = vec![];
    let stamps = report.about.source_stamps();
    let is_alone = forge.has_one_of(stamps);
    for stamp in stamps {
        let Some(repository) = forge.repository(stamp) else {
            continue;
        };
        if let Some(number) = number(report, stamp, is_alone) {
            let pull = Pull { repository, number };
            if !pulls.contains(&pull) {
                pulls.push(pull);
            }
        }
    }
    pulls
}

/// The number of the pull request that a source stamp is of: by its branch, by properties, or by its changes. Where it is
/// not alone, what properties say is of any of the others as well.
fn number(report: &Report, stamp: &SourceStamp, is_alone: bool) -> Option<u64> {
    let of_branch = stamp.branch.as_deref().and_then(of_ref);
    let properties = report.about.properties().filter(|_| is_alone);
    let of_report = || properties.and_then(of_properties);
    let of_changes = || {
        let changes = report.about.builds().iter().flat_map(|it| &it.changes);
        let mut ours = changes.filter(|it| it.codebase == stamp.codebase);
        ours.find_map(|it| {
            let of_link = || it.revlink.as_deref().and_then(of_url);
            of_properties(&it.properties).or_else(of_link)
        })
    };
    of_branch.or_else(of_report).or_else(of_changes)
}

fn of_properties(properties: &Properties) -> Option<u64> {
    let numbered = NUMBERS.iter().find_map(|name| {
        let value = &properties.get(*name)?.value;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    });
    let linked = || of_url(properties.get("pullrequesturl")?.value.as_str()?);
    numbered.or_else(linked)
}

/// The number in a branch such as `refs/pull/17/merge`.
fn of_ref(branch: &str) -> Option<u64> {
    let mut parts = branch.strip_prefix("refs/")?.split('/');
    let is_pull = matches!(parts.next()?, "pull" | "pull-requests" | "merge-requests");
    parts.next()?.parse().ok().filter(|_| is_pull)
}

/// The number in a URL such as `https://example.org/weir/weir/-/merge_requests/17`.
fn of_url(url: &str) -> Option<u64> {
    let path = url.split(['?', '#']).next()?;
    let parts = parts(path);
    let at = parts.iter().rposition(|it| {
        matches!(
            it.as_str(),
            "pull" | "pulls" | "pull-requests" | "merge_requests" | "pullrequest"
        )
    })?;
    parts.get(at + 1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{of_ref, of_url};

    #[test]
    fn the_number_is_found_in_branches_and_urls() {
        assert_eq!(of_ref("refs/pull/17/merge"), Some(17));
        assert_eq!(of_ref("refs/merge-requests/3/head"), Some(3));
        assert_eq!(of_ref("refs/pull-requests/4/from"), Some(4));
        assert_eq!(of_ref("refs/heads/17"), None);
        assert_eq!(of_ref("main"), None);
        assert_eq!(of_url("https://github.com/weir/weir/pull/17"), Some(17));
        assert_eq!(
            of_url("https://example.org/a/b/-/merge_requests/5#note_1"),
            Some(5)
        );
        assert_eq!(
            of_url("https://example.org/projects/P/repos/R/pull-requests/6/overview"),
            Some(6)
        );
        assert_eq!(of_url("https://example.org/a/b/commit/17"), None);
    }
}
