//! What tells people and programs.

use super::super::parameter::Must::{
    Boolean, Choice, Duration, FileText, SecretMap, Size, Text, TextMap, Texts, Url,
};
use super::super::parameter::{Parameter, optional, password, required, secret};
use super::super::{Kind, listener};
use super::{REPORTS_BY_HTTP, REPORTS_TO_PEOPLE, count, names};
use crate::call::Function;

pub(super) const HTTP_PUSH: Kind = kind!(
    "http_push",
    REPORTS_BY_HTTP,
    [
        required("url", Url),
        optional("headers", SecretMap),
        secret("secret", "secret_file"),
        optional("internal_redirects", Boolean),
    ]
);

pub(super) const MAIL: Kind = kind!(
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
