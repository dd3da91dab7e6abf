//! The kinds of listeners.

/// Makes a [`Kind`] of its name, what it has in common, and its own parameters. Its name may be given by position, and so
/// may what comes first of its own if that is required.
macro_rules! kind {
    ($name:literal, $takes:expr, $own:expr) => {{
        const OWN: &[Parameter] = &$own;
        const NAMES: [&str; count(OWN, $takes)] = names(OWN, $takes);
        Kind {
            function: Function {
                name: $name,
                parameters: &NAMES,
                positional: 1 + matches!(
                    OWN,
                    [
                        Parameter {
                            is_required: true,
                            ..
                        },
                        ..
                    ]
                ) as usize,
                any_name: false,
                run: listener,
            },
            own: OWN,
            takes: $takes,
        }
    }};
}

mod chats;
mod events;
mod forges;
mod messages;

use super::parameter::Parameter;
use super::{COMMON, Kind, OF_HTTP, OF_PEOPLE, OF_REPORTS, Takes};
use crate::call::Function;

/// What takes events as they are.
const EVENTS: Takes = Takes {
    reports: false,
    http: false,
    people: false,
};
/// What takes events as they are, and tells them by HTTP.
const EVENTS_BY_HTTP: Takes = Takes {
    reports: false,
    http: true,
    people: false,
};
/// What tells reports by HTTP.
const REPORTS_BY_HTTP: Takes = Takes {
    reports: true,
    http: true,
    people: false,
};

/// What tells reports by mail.
const REPORTS_TO_PEOPLE: Takes = Takes {
    reports: true,
    http: false,
    people: true,
};
/// What tells reports in another way.
const REPORTS: Takes = Takes {
    reports: true,
    http: false,
    people: false,
};

/// All kinds.
pub(super) const KINDS: &[&Kind] = &[
    &events::WEBHOOK,
    &events::LOG_FILE,
    &events::PROGRAM,
    &events::PROMETHEUS,
    &events::OPENTELEMETRY,
    &events::STATSD,
    &events::INFLUXDB,
    &messages::HTTP_PUSH,
    &messages::MAIL,
    &forges::GITHUB_STATUS,
    &forges::GITHUB_CHECKS,
    &forges::GITHUB_COMMENT,
    &forges::GITLAB_STATUS,
    &forges::GITLAB_COMMENT,
    &forges::GITEA_STATUS,
    &forges::GITEA_COMMENT,
    &forges::BITBUCKET_STATUS,
    &forges::BITBUCKET_SERVER_STATUS,
    &forges::BITBUCKET_SERVER_COMMENT,
    &forges::GERRIT,
    &forges::GERRIT_VERIFY_STATUS,
    &forges::AZURE_DEVOPS,
    &chats::IRC,
    &chats::TELEGRAM,
    &chats::MATRIX,
    &chats::SLACK,
    &chats::MATTERMOST,
    &chats::DISCORD,
    &chats::TEAMS,
    &chats::ZULIP,
    &chats::PUSHOVER,
    &chats::NTFY,
];

/// The functions that make them.
pub(in crate::functions) const FUNCTIONS: [&Function; KINDS.len()] = {
    let mut functions = [&KINDS[0].function; KINDS.len()];
    let mut at = 1;
    while at < KINDS.len() {
        functions[at] = &KINDS[at].function;
        at += 1;
    }
    functions
};

/// The parts that a kind's parameters come from, beside its own.
const fn parts(takes: Takes) -> [&'static [&'static str]; 4] {
    [
        if takes.reports { OF_REPORTS } else { &[] },
        if takes.people { OF_PEOPLE } else { &[] },
        if takes.http { OF_HTTP } else { &[] },
        COMMON,
    ]
}

/// How many parameters a kind has.
const fn count(own: &[Parameter], takes: Takes) -> usize {
    let mut count = 1;
    let mut at = 0;
    while at < own.len() {
        count += if own[at].file.is_some() { 2 } else { 1 };
        at += 1;
    }
    let parts = parts(takes);
    let mut part = 0;
    while part < parts.len() {
        count += parts[part].len();
        part += 1;
    }
    count
}

/// Their names: `name`, its own, and those that it has in common with others.
const fn names<const N: usize>(own: &[Parameter], takes: Takes) -> [&'static str; N] {
    let mut names = ["name"; N];
    let mut next = 1;
    let mut at = 0;
    while at < own.len() {
        names[next] = own[at].name;
        next += 1;
        if let Some(file) = own[at].file {
            names[next] = file;
            next += 1;
        }
        at += 1;
    }
    let parts = parts(takes);
    let mut part = 0;
    while part < parts.len() {
        let mut at = 0;
        while at < parts[part].len() {
            names[next] = parts[part][at];
            next += 1;
            at += 1;
        }
        part += 1;
    }
    names
}
