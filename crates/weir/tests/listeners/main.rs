//! Listeners of real masters and of `weir listen`: who is told what, and how often, when something goes wrong.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod apart;
mod bookmarks;
mod certificates;
mod changed;
mod dead_letters;
mod every_build;
mod killed;
mod receiver;
mod redirects;
mod shown;
#[path = "../site/mod.rs"]
mod site;
mod takeover;

use site::Site;
use weir_status_api::Results;

/// A site with two builders whose builds pass at once, and `listeners`.
fn config(listeners: &str) -> String {
    format!(
        r#"
master(anonymous_control = True)
worker(name = "w1", token_file = "w1.token")
builder(name = "quick", workers = ["w1"], steps = [shell(name = "true", command = "true")])
builder(name = "other", workers = ["w1"], steps = [shell(name = "true", command = "true")])
force(name = "force", builders = ["quick", "other"])
{listeners}
"#
    )
}

/// A webhook of that name to a URL, with `more` arguments, which waits for an answer for as long as a test may take.
fn hook(name: &str, url: &str, more: &str) -> String {
    format!("webhook(name = \"{name}\", url = \"{url}\", timeout = 300, {more})\n")
}

/// The webhook `hook` to a URL.
fn webhook(url: &str) -> String {
    hook("hook", url, "")
}

/// Forces a build of `quick`, and gives its id when it has passed.
async fn build(site: &Site) -> i64 {
    let build = site.finished(site.force("quick").await).await;
    assert_eq!(build.results, Some(Results::Success), "{build:?}");
    build.id.0
}
