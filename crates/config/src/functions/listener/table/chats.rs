//! What tells chats and phones.

use super::super::parameter::Must::{
    Boolean, Choice, Count, Duration, FileText, IntegerMap, SecretFile, SecretTexts, Text, Texts, TextsMap,
    TextsOrMaps, Url,
};
use super::super::parameter::{Parameter, optional, password, required, required_secret, secret};
use super::super::{Kind, listener};
use super::{REPORTS, REPORTS_BY_HTTP, count, names};
use crate::call::Function;

pub(super) const IRC: Kind = kind!(
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

pub(super) const TELEGRAM: Kind = kind!(
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

pub(super) const MATRIX: Kind = kind!(
    "matrix",
    REPORTS_BY_HTTP,
    [
        required("homeserver", Url),
        required_secret("token", "token_file"),
        required("rooms", Texts),
        optional("notice", Boolean),
    ]
);

pub(super) const SLACK: Kind = kind!(
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

pub(super) const MATTERMOST: Kind = kind!(
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

pub(super) const DISCORD: Kind = kind!(
    "discord",
    REPORTS,
    [
        required_secret("webhook", "webhook_file"),
        optional("username", Text),
        optional("thread", Text),
        optional("timeout", Duration),
    ]
);

pub(super) const TEAMS: Kind = kind!(
    "teams",
    REPORTS,
    [
        required_secret("webhook", "webhook_file"),
        optional("timeout", Duration),
    ]
);

pub(super) const ZULIP: Kind = kind!(
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

pub(super) const PUSHOVER: Kind = kind!(
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

pub(super) const NTFY: Kind = kind!(
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
