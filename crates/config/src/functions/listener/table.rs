//! The kinds of listeners.

use super::parameter::Must::{
    Boolean, Choice, Count, Duration, Events, FileText, Integer, IntegerMap, Path, SecretFile, Size, Text,
    TextMap, Texts, Url,
};
use super::parameter::{Parameter, optional, password, required, required_password, required_secret, secret};
use super::{COMMON, Kind, OF_HTTP, OF_PEOPLE, OF_REPORTS, Takes, listener};
use crate::call::Function;

/// What takes events as they are.
const EVENTS: Takes = Takes {
    reports: false,
    http: false,
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
    &WEBHOOK,
    &HTTP_PUSH,
    &MAIL,
    &GITHUB_STATUS,
    &GITHUB_COMMENT,
    &GITLAB_STATUS,
    &BITBUCKET_STATUS,
    &BITBUCKET_SERVER_STATUS,
    &GERRIT,
    &GERRIT_VERIFY_STATUS,
    &SLACK,
    &ZULIP,
    &PUSHOVER,
    &TELEGRAM,
    &IRC,
];

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

const WEBHOOK: Kind = kind!(
    "webhook",
    EVENTS,
    [
        required("url", Url),
        optional("events", Events),
        secret("secret", "secret_file"),
        optional("timeout", Duration),
    ]
);

const HTTP_PUSH: Kind = kind!(
    "http_push",
    REPORTS_BY_HTTP,
    [
        required("url", Url),
        optional("headers", TextMap),
        secret("secret", "secret_file"),
        optional("internal_redirects", Boolean),
    ]
);

const MAIL: Kind = kind!(
    "mail",
    REPORTS_TO_PEOPLE,
    [
        required("from_address", Text),
        required("relay", Text),
        optional("tls", Choice(&["starttls", "tls", "none"])),
        optional("ca_file", FileText),
        optional("user", Text),
        password("password", "password_file"),
        optional("hello", Text),
        optional("to", Texts),
        optional("cc", Texts),
        optional("people_domains", Texts),
        optional("bounce_address", Text),
        optional("reply_to", Text),
        optional("extra_headers", TextMap),
        optional("threads", Choice(&["buildset", "builder", "none"])),
        optional("attachments_limit", Size),
        optional("timeout", Duration),
    ]
);

/// What each forge takes beside what it asks for to let us in.
macro_rules! forge {
    ($name:literal, [$($own:expr),* $(,)?]) => {
        kind!(
            $name,
            REPORTS_BY_HTTP,
            [
                $($own,)*
                optional("url", Url),
                optional("repository", Text),
                optional("hosts", Texts),
            ]
        )
    };
}

const GITHUB_STATUS: Kind = forge!(
    "github_status",
    [
        secret("token", "token_file"),
        optional("app_id", Text),
        optional("private_key_file", SecretFile),
        optional("installation_id", Count),
        optional("context", Text),
    ]
);

const GITHUB_COMMENT: Kind = forge!(
    "github_comment",
    [
        secret("token", "token_file"),
        optional("app_id", Text),
        optional("private_key_file", SecretFile),
        optional("installation_id", Count),
        optional("context", Text),
        optional("edit", Boolean),
    ]
);

const GITLAB_STATUS: Kind = forge!(
    "gitlab_status",
    [required_secret("token", "token_file"), optional("context", Text)]
);

const BITBUCKET_STATUS: Kind = forge!(
    "bitbucket_status",
    [
        secret("token", "token_file"),
        optional("user", Text),
        password("password", "password_file"),
        optional("oauth_key", Text),
        secret("oauth_secret", "oauth_secret_file"),
        optional("oauth_url", Url),
        optional("context", Text),
    ]
);

const BITBUCKET_SERVER_STATUS: Kind = forge!(
    "bitbucket_server_status",
    [
        secret("token", "token_file"),
        optional("user", Text),
        password("password", "password_file"),
        optional("context", Text),
    ]
);

const GERRIT: Kind = forge!(
    "gerrit",
    [
        optional("server", Text),
        optional("port", Count),
        optional("user", Text),
        optional("identity_file", Path),
        optional("ssh", Text),
        password("password", "password_file"),
        optional("labels", Texts),
        optional("notify", Choice(&["NONE", "OWNER", "OWNER_REVIEWERS", "ALL"])),
    ]
);

const GERRIT_VERIFY_STATUS: Kind = forge!(
    "gerrit_verify_status",
    [
        required("user", Text),
        required_password("password", "password_file"),
        optional("context", Text),
        optional("reporter", Text),
        optional("category", Text),
        optional("abstain", Boolean),
    ]
);

const SLACK: Kind = kind!(
    "slack",
    REPORTS_BY_HTTP,
    [
        secret("webhook", "webhook_file"),
        secret("token", "token_file"),
        optional("channels", Texts),
        optional("api", Url),
    ]
);

const ZULIP: Kind = kind!(
    "zulip",
    REPORTS_BY_HTTP,
    [
        required("server", Url),
        required("email", Text),
        required_secret("key", "key_file"),
        optional("channel", Text),
        optional("topic", Text),
        optional("people", Texts),
    ]
);

const PUSHOVER: Kind = kind!(
    "pushover",
    REPORTS_BY_HTTP,
    [
        required_secret("token", "token_file"),
        required("users", Texts),
        optional("priorities", IntegerMap),
        optional("retry", Count),
        optional("expire", Count),
        optional("device", Text),
        optional("sound", Text),
        optional("api", Url),
    ]
);

const TELEGRAM: Kind = kind!(
    "telegram",
    REPORTS_BY_HTTP,
    [
        required_secret("token", "token_file"),
        required("chats", Texts),
        optional("thread", Integer),
        optional("api", Url),
        optional("commands", Boolean),
    ]
);

const IRC: Kind = kind!(
    "irc",
    REPORTS,
    [
        required("server", Text),
        required("nick", Text),
        optional("channels", Texts),
        optional("nicks", Texts),
        optional("tls", Boolean),
        optional("ca_file", FileText),
        password("server_password", "server_password_file"),
        optional("sasl", Choice(&["plain", "external"])),
        optional("account", Text),
        password("password", "password_file"),
        optional("notice", Boolean),
        optional("colors", Boolean),
        optional("form", Choice(&["subject", "text"])),
        optional("lines", Count),
        optional("commands", Boolean),
        optional("timeout", Duration),
    ]
);

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
