//! The kinds of listeners.

use super::parameter::Must::{
    Boolean, Choice, Count, Duration, Durations, Events, FileText, IntegerMap, Path, SecretFile, SecretMap,
    SecretTexts, Size, Text, TextMap, Texts, TextsMap, TextsOrMaps, Url,
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
    &WEBHOOK,
    &LOG_FILE,
    &PROGRAM,
    &PROMETHEUS,
    &OPENTELEMETRY,
    &STATSD,
    &INFLUXDB,
    &HTTP_PUSH,
    &MAIL,
    &GITHUB_STATUS,
    &GITHUB_CHECKS,
    &GITHUB_COMMENT,
    &GITLAB_STATUS,
    &GITLAB_COMMENT,
    &GITEA_STATUS,
    &GITEA_COMMENT,
    &BITBUCKET_STATUS,
    &BITBUCKET_SERVER_STATUS,
    &BITBUCKET_SERVER_COMMENT,
    &GERRIT,
    &GERRIT_VERIFY_STATUS,
    &AZURE_DEVOPS,
    &IRC,
    &TELEGRAM,
    &MATRIX,
    &SLACK,
    &MATTERMOST,
    &DISCORD,
    &TEAMS,
    &ZULIP,
    &PUSHOVER,
    &NTFY,
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
    EVENTS_BY_HTTP,
    [
        required("url", Url),
        optional("events", Events),
        secret("secret", "secret_file"),
        optional("headers", SecretMap),
        optional("cloudevents", Boolean),
        optional("source", Text),
        optional("internal_redirects", Boolean),
    ]
);

const LOG_FILE: Kind = kind!(
    "log_file",
    EVENTS,
    [
        required("path", Path),
        optional("events", Events),
        optional("max_bytes", Size),
        optional("keep", Count),
    ]
);

const PROGRAM: Kind = kind!(
    "program",
    EVENTS,
    [
        required("command", Texts),
        optional("events", Events),
        optional("env", TextMap),
        optional("workdir", Path),
        optional("timeout", Duration),
        optional("in_order", Boolean),
    ]
);

const PROMETHEUS: Kind = kind!(
    "prometheus",
    EVENTS_BY_HTTP,
    [
        optional("listen", Text),
        optional("push", Url),
        optional("job", Text),
        optional("instance", Text),
        optional("push_every", Duration),
        optional("user", Text),
        password("password", "password_file"),
        optional("buckets", Durations),
        optional("step_names", Boolean),
        optional("max_series", Count),
    ]
);

const OPENTELEMETRY: Kind = kind!(
    "opentelemetry",
    EVENTS_BY_HTTP,
    [
        required("endpoint", Url),
        optional("headers", SecretMap),
        optional("service_name", Text),
        optional("key", Text),
        optional("web_url", Url),
        optional("attributes", TextMap),
    ]
);

const STATSD: Kind = kind!(
    "statsd",
    EVENTS,
    [
        required("address", Text),
        optional("tcp", Boolean),
        optional("prefix", Text),
        optional("tags", Boolean),
        optional("timeout", Duration),
    ]
);

const INFLUXDB: Kind = kind!(
    "influxdb",
    EVENTS_BY_HTTP,
    [
        required("url", Url),
        optional("bucket", Text),
        optional("org", Text),
        secret("token", "token_file"),
        optional("database", Text),
        optional("user", Text),
        password("password", "password_file"),
        optional("tags", TextMap),
        optional("properties", Texts),
    ]
);

const HTTP_PUSH: Kind = kind!(
    "http_push",
    REPORTS_BY_HTTP,
    [
        required("url", Url),
        optional("headers", SecretMap),
        secret("secret", "secret_file"),
        optional("internal_redirects", Boolean),
    ]
);

const MAIL: Kind = kind!(
    "mail",
    REPORTS_TO_PEOPLE,
    [
        required("from_address", Text),
        optional("relay", Text),
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

const GITHUB_CHECKS: Kind = forge!(
    "github_checks",
    [
        secret("token", "token_file"),
        optional("app_id", Text),
        optional("private_key_file", SecretFile),
        optional("installation_id", Count),
        optional("context", Text),
        optional("annotations", Count),
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

const GITLAB_COMMENT: Kind = forge!(
    "gitlab_comment",
    [
        required_secret("token", "token_file"),
        optional("context", Text),
        optional("edit", Boolean),
    ]
);

const GITEA_STATUS: Kind = forge!(
    "gitea_status",
    [required_secret("token", "token_file"), optional("context", Text)]
);

const GITEA_COMMENT: Kind = forge!(
    "gitea_comment",
    [
        required_secret("token", "token_file"),
        optional("context", Text),
        optional("edit", Boolean),
    ]
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

const BITBUCKET_SERVER_COMMENT: Kind = forge!(
    "bitbucket_server_comment",
    [
        secret("token", "token_file"),
        optional("user", Text),
        password("password", "password_file"),
        optional("context", Text),
        optional("edit", Boolean),
    ]
);

const AZURE_DEVOPS: Kind = forge!(
    "azure_devops",
    [
        required_secret("token", "token_file"),
        optional("context", Text),
        optional("genre", Text),
        optional("pull_requests", Boolean),
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
    REPORTS,
    [
        secret("webhook", "webhook_file"),
        secret("token", "token_file"),
        optional("channels", Texts),
        optional("api", Url),
        optional("timeout", Duration),
    ]
);

const MATTERMOST: Kind = kind!(
    "mattermost",
    REPORTS_BY_HTTP,
    [
        secret("webhook", "webhook_file"),
        optional("server", Url),
        secret("token", "token_file"),
        optional("channels", Texts),
        optional("username", Text),
    ]
);

const DISCORD: Kind = kind!(
    "discord",
    REPORTS,
    [
        required_secret("webhook", "webhook_file"),
        optional("username", Text),
        optional("thread", Text),
        optional("timeout", Duration),
    ]
);

const TEAMS: Kind = kind!(
    "teams",
    REPORTS,
    [
        required_secret("webhook", "webhook_file"),
        optional("timeout", Duration),
    ]
);

const MATRIX: Kind = kind!(
    "matrix",
    REPORTS_BY_HTTP,
    [
        required("homeserver", Url),
        required_secret("token", "token_file"),
        required("rooms", Texts),
        optional("notice", Boolean),
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
    REPORTS,
    [
        required_secret("token", "token_file"),
        required("users", SecretTexts),
        optional("priorities", IntegerMap),
        optional("retry", Count),
        optional("expire", Count),
        optional("device", Text),
        optional("sound", Text),
        optional("api", Url),
        optional("timeout", Duration),
    ]
);

const NTFY: Kind = kind!(
    "ntfy",
    REPORTS_BY_HTTP,
    [
        required("topic", Text),
        optional("server", Url),
        secret("token", "token_file"),
        optional("user", Text),
        password("password", "password_file"),
        optional("priorities", IntegerMap),
    ]
);

const TELEGRAM: Kind = kind!(
    "telegram",
    REPORTS,
    [
        required_secret("token", "token_file"),
        optional("chats", Texts),
        optional("api", Url),
        optional("commands", Boolean),
        optional("allow", TextsMap),
        secret("access_token", "access_token_file"),
        optional("tags", Texts),
        optional("commands_per_minute", Count),
        optional("timeout", Duration),
    ]
);

const IRC: Kind = kind!(
    "irc",
    REPORTS,
    [
        required("server", Text),
        optional("nick", Text),
        optional("channels", TextsOrMaps),
        optional("nicks", Texts),
        optional("tls", Boolean),
        optional("ca_file", FileText),
        optional("certificate_file", FileText),
        optional("key_file", SecretFile),
        password("server_password", "server_password_file"),
        optional("sasl", Choice(&["plain", "external"])),
        optional("account", Text),
        password("password", "password_file"),
        optional("nickserv", Text),
        optional("notice", Boolean),
        optional("colors", Boolean),
        optional("form", Choice(&["subject", "text"])),
        optional("lines", Count),
        optional("burst", Count),
        optional("line_seconds", Duration),
        optional("reconnect_seconds", Duration),
        optional("commands", Boolean),
        optional("command_prefix", Text),
        optional("allow", TextsMap),
        secret("access_token", "access_token_file"),
        optional("tags", Texts),
        optional("commands_per_minute", Count),
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
