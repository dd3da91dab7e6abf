//! How IRC is configured.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use weir_status_api::Caller;

use super::message::{channel_key, is_word};
use crate::OptionError;
use crate::bot::{BotOptions, Channels};

/// How an [`Irc`](super::Irc) goes about it; the defaults are those of the names in brackets.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IrcOptions {
    /// The server, `host` or `host:port`; the port is 6697 with TLS and 6667 without. Required.
    pub server: String,
    /// The nick (`weir`); `_` is added while somebody else has it.
    pub nick: String,
    /// The channels to join and to tell of reports: names, or names with the password that they need.
    pub channels: Vec<Channel>,
    /// Nicks that are told of reports in private.
    pub nicks: Vec<String>,
    /// Whether the connection is encrypted (no).
    pub tls: bool,
    /// Authorities to trust in place of the public ones, as PEM.
    pub ca: String,
    /// The client's certificate, as PEM, for `sasl = "external"`.
    pub certificate: String,
    /// The certificate's key, as PEM. Secret.
    pub key: String,
    /// The password that the server itself wants. Secret.
    pub server_password: String,
    /// How it signs in to its account: `plain`, `external`, or not by SASL (empty).
    pub sasl: String,
    /// The account's name (the nick), for `sasl = "plain"`.
    pub account: String,
    /// The account's password: for SASL, or else for the service of nicks. Secret.
    pub password: String,
    /// The service of nicks that is told the password where there is no SASL (`NickServ`).
    pub nickserv: String,
    /// Whether channels are told by notices, which no other bot answers (no).
    pub notice: bool,
    /// Whether lines have a colour by results (yes).
    pub colors: bool,
    /// What of a report is said: its `subject` with a link, or its whole `text` (`subject`).
    pub form: String,
    /// How many lines a report has at the most (10).
    pub lines: usize,
    /// How many lines may go at once (4).
    pub burst: usize,
    /// How long one more line takes to be allowed, seconds (1).
    pub line_seconds: f64,
    /// How long a report waits for a connection, and again for the server to take it when its last line has gone out,
    /// seconds (30).
    pub timeout: f64,
    /// How long to wait before the first attempt to connect again, seconds (5); it doubles up to five minutes.
    pub reconnect_seconds: f64,
    /// Whether it answers commands (yes).
    pub commands: bool,
    /// What commands begin with that do not begin with its nick.
    pub command_prefix: String,
    /// Who may give which commands, by nick or `account:NAME`.
    pub allow: BTreeMap<String, Vec<String>>,
    /// The API token with which it forces and stops. Secret.
    pub access_token: String,
    /// Where the web status is, for links in answers.
    pub web: String,
    /// It tells by itself of builders with these tags only.
    pub tags: Vec<String>,
    /// How many commands a person may give in a minute (20).
    pub commands_per_minute: usize,
}

impl Default for IrcOptions {
    fn default() -> Self {
        let bot = BotOptions::default();
        Self {
            server: String::new(),
            nick: "weir".to_owned(),
            channels: vec![],
            nicks: vec![],
            tls: false,
            ca: String::new(),
            certificate: String::new(),
            key: String::new(),
            server_password: String::new(),
            sasl: String::new(),
            account: String::new(),
            password: String::new(),
            nickserv: "NickServ".to_owned(),
            notice: false,
            colors: true,
            form: "subject".to_owned(),
            lines: 10,
            burst: 4,
            line_seconds: 1.0,
            timeout: 30.0,
            reconnect_seconds: 5.0,
            commands: true,
            command_prefix: String::new(),
            allow: BTreeMap::new(),
            access_token: String::new(),
            web: String::new(),
            tags: vec![],
            commands_per_minute: bot.per_minute,
        }
    }
}

/// A channel to join.
#[derive(Clone, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Channel {
    /// One that is open to all, by its name: `#weir`.
    Open(String),
    /// One with a password.
    Locked {
        /// Its name.
        channel: String,
        /// Its password. Secret.
        password: String,
    },
}

impl Channel {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Open(name) | Self::Locked { channel: name, .. } => name,
        }
    }

    pub(super) fn join(&self) -> String {
        match self {
            Self::Open(name) => format!("JOIN {name}"),
            Self::Locked { channel, password } => format!("JOIN {channel} {password}"),
        }
    }
}

/// How it signs in to its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sasl {
    Plain,
    External,
}

/// How to get to the server.
pub(super) struct Way {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

impl IrcOptions {
    /// Sees whether all fits together that has no form of its own below.
    pub(super) fn check(&self) -> Result<(), OptionError> {
        let word = |option, it: &str| match is_word(it) {
            true => Ok(()),
            false => Err(OptionError::new(
                option,
                format!("has '{it}', which is no name on IRC"),
            )),
        };
        word("nick", &self.nick)?;
        for channel in &self.channels {
            word("channels", channel.name())?;
            if let Channel::Locked { password, .. } = channel
                && !is_word(password)
            {
                return Err(OptionError::new(
                    "channels",
                    "has a password that is empty or has blanks",
                ));
            }
        }
        self.nicks.iter().try_for_each(|it| word("nicks", it))?;
        word("nickserv", &self.nickserv)?;
        if !["subject", "text"].contains(&self.form.as_str()) {
            return Err(OptionError::new("form", "is neither 'subject' nor 'text'"));
        }
        if self.lines == 0 || self.burst == 0 {
            return Err(OptionError::new("lines", "or 'burst' is 0; use at least 1"));
        }
        let times = [
            ("line_seconds", self.line_seconds),
            ("timeout", self.timeout),
            ("reconnect_seconds", self.reconnect_seconds),
        ];
        match times.into_iter().find(|it| !(0.001..=3600.0).contains(&it.1)) {
            Some((option, _)) => Err(OptionError::new(option, "is not between 0.001 and 3600 seconds")),
            None => self.bot().check(),
        }
    }

    pub(super) fn bot(&self) -> BotOptions {
        BotOptions {
            prefix: self.command_prefix.clone(),
            allow: self.allow.clone(),
            caller: match self.access_token.is_empty() {
                true => Caller::anonymous(),
                false => Caller::bearer(&self.access_token),
            },
            web: (!self.web.is_empty()).then(|| self.web.clone()),
            tags: self.tags.clone(),
            per_minute: self.commands_per_minute,
            channels: Some(Channels {
                configured: self
                    .channels
                    .iter()
                    .filter_map(|it| channel_key(it.name()))
                    .collect(),
                key: channel_key,
            }),
            ..BotOptions::default()
        }
    }

    pub(super) fn sasl(&self) -> Result<Option<Sasl>, OptionError> {
        match self.sasl.as_str() {
            "" => Ok(None),
            "plain" if self.password.is_empty() => {
                Err(OptionError::new("sasl", "is 'plain', which wants a password"))
            }
            "plain" => Ok(Some(Sasl::Plain)),
            "external" if self.certificate.is_empty() || !self.tls => Err(OptionError::new(
                "sasl",
                "is 'external', which wants tls, certificate and key",
            )),
            "external" => Ok(Some(Sasl::External)),
            _ => Err(OptionError::new("sasl", "is neither 'plain' nor 'external'")),
        }
    }

    pub(super) fn way(&self) -> Result<Way, OptionError> {
        let wrong = |why: &str| OptionError::new("server", why);
        let usual = if self.tls { 6697 } else { 6667 };
        let (host, port) = match self.server.rsplit_once(':') {
            // An address of IPv6 without a port has colons too.
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => (
                host,
                port.parse().map_err(|_| wrong("has a port that is no number"))?,
            ),
            _ => (self.server.as_str(), usual),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(wrong("is missing; write e.g. 'irc.example.org'"));
        }
        let tls = match self.tls {
            true => {
                let name =
                    ServerName::try_from(host.clone()).map_err(|_| wrong("is no name that TLS can check"))?;
                Some((Arc::new(self.tls_config()?), name))
            }
            false => None,
        };
        Ok(Way { host, port, tls })
    }

    fn tls_config(&self) -> Result<ClientConfig, OptionError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| OptionError::new("tls", format!("cannot be set up: {error}")))?
            .with_root_certificates(self.authorities()?);
        if self.certificate.is_empty() {
            return Ok(builder.with_no_client_auth());
        }
        let chain = certificates("certificate", &self.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes())
            .map_err(|error| OptionError::new("key", format!("is no key as PEM: {error}")))?;
        builder
            .with_client_auth_cert(chain, key)
            .map_err(|error| OptionError::new("certificate", format!("does not go with its key: {error}")))
    }

    fn authorities(&self) -> Result<RootCertStore, OptionError> {
        if self.ca.is_empty() {
            return Ok(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect());
        }
        let mut store = RootCertStore::empty();
        let (usable, _) = store.add_parsable_certificates(certificates("ca", &self.ca)?);
        match usable {
            0 => Err(OptionError::new("ca", "holds no certificate as PEM")),
            _ => Ok(store),
        }
    }
}

fn certificates(option: &'static str, pem: &str) -> Result<Vec<CertificateDer<'static>>, OptionError> {
    CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| OptionError::new(option, format!("is no certificate as PEM: {error}")))
}
