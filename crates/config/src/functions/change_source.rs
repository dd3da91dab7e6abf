//! `git_poller(…)` and `pb_change_source(…)`.

use std::time::Duration;

use crate::call::{Call, Function};
use crate::model::{ChangeSource, GitPoller, PbChangeSource};
use crate::object::Item;
use crate::read;
use crate::session::Kind;

/// Between two looks at a repository, unless given.
const POLL_INTERVAL: Duration = Duration::from_secs(60);

pub(super) const GIT_POLLER: Function = Function {
    name: "git_poller",
    parameters: &[
        "repository",
        "branches",
        "poll_interval",
        "project",
        "codebase",
        "category",
        "name",
    ],
    positional: 1,
    any_name: false,
    run: git_poller,
};

fn git_poller(call: &mut Call<'_, '_>) -> Option<Item> {
    let repository = call.required("repository", read::repository);
    let name = call.optional("name", read::name(200));
    let (project, codebase) = origin(call);
    let poller = GitPoller {
        name: name.unwrap_or_else(|| repository.clone()),
        repository,
        branches: call.or("branches", read::patterns(read::text, "branches"), vec![]),
        poll_interval: call.or("poll_interval", read::duration, POLL_INTERVAL),
        project,
        codebase,
        category: call.optional("category", read::string),
    };
    call.declare(Kind::ChangeSource, &poller.name);
    call.session()
        .configure(|config| config.change_sources.push(ChangeSource::GitPoller(poller)));
    Some(Item::Other("a git poller"))
}

pub(super) const PB_CHANGE_SOURCE: Function = Function {
    name: "pb_change_source",
    parameters: &["user", "password", "password_file", "prefix", "name"],
    positional: 1,
    any_name: false,
    run: pb_change_source,
};

fn pb_change_source(call: &mut Call<'_, '_>) -> Option<Item> {
    let user = call.required("user", read::identifier);
    let name = call.optional("name", read::name(200));
    let source = PbChangeSource {
        name: name.unwrap_or_else(|| user.clone()),
        password: call.password("password", "password_file"),
        prefix: call.optional("prefix", read::text),
        user,
    };
    call.declare(Kind::ChangeSource, &source.name);
    call.declare_within(Kind::PbUser, "", "user", &source.user);
    call.session()
        .configure(|config| config.change_sources.push(ChangeSource::Pb(source)));
    Some(Item::Other("a change source"))
}

/// The project and codebase of its changes. A codebase that is given as such brings its project along.
fn origin(call: &mut Call<'_, '_>) -> (String, String) {
    let project = call.optional("project", read::project_text);
    let Some((codebase, of)) = call.optional("codebase", read::codebase) else {
        return (project.unwrap_or_default(), String::new());
    };
    match (project, of) {
        (Some(project), Some(of)) if project != of => {
            let message = format!("'project' is '{project}', but the codebase is of the project '{of}'");
            call.mistake("project", &message, Some("leave 'project' out".to_owned()));
            (of, codebase)
        }
        (project, of) => (project.or(of).unwrap_or_default(), codebase),
    }
}
