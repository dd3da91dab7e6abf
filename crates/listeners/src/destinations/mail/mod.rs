//! Mail.

mod compose;
mod people;
mod relay;
mod taken;

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use lettre::Address;
use serde::Deserialize;
use weir_status_api::{Desk, ListenerError};

use compose::Composer;
use people::{People, Recipients, mailbox_of};
use relay::Relay;
use taken::Taken;

use crate::{Destination, OptionError, Outlet, Report};

/// How a [`Mail`] goes about it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailOptions {
    /// Who it is from: an address, or a name and an address in `<>`.
    pub from_address: String,
    /// The relay: a host, and maybe `:` and a port. The usual ports are 25 with `tls` `none`, 587 with `starttls` and 465
    /// with `tls`.
    pub relay: String,
    /// How the way to the relay is encrypted: `starttls`, `tls` or `none`; if not given, `starttls`, and `none` to a relay
    /// on this machine.
    pub tls: Option<String>,
    /// An authority to trust beside the usual ones, as PEM.
    pub ca: Option<String>,
    /// Who logs in at the relay.
    pub user: Option<String>,
    /// The password for it. A secret.
    pub password: Option<String>,
    /// The name that the relay is told is ours; the machine's if not given.
    pub hello: Option<String>,
    /// Who gets every mail, beside those whom the report names.
    pub to: Vec<String>,
    /// Who gets a copy of every mail that somebody gets.
    pub cc: Vec<String>,
    /// The only domains at which those whom the report names get mail, if not empty; `to` and `cc` are not bound by it.
    pub people_domains: Vec<String>,
    /// Where the relay tells of mails that it could not deliver, instead of to `from_address`.
    pub bounce_address: Option<String>,
    /// Where answers go, instead of to `from_address`.
    pub reply_to: Option<String>,
    /// More headers, by their names. The values can have placeholders: `{builder}`, `{project}`, `{branch}`, `{codebase}`,
    /// `{worker}`, `{number}` and `{step}`.
    pub extra_headers: BTreeMap<String, String>,
    /// Which mails a client shows together: those of a `buildset`, those of a `builder` and branch, or `none`.
    pub threads: String,
    /// How many bytes of attachments go with a mail; those beyond are named in its text.
    pub attachments_limit: usize,
    /// How many seconds the relay has for one mail.
    pub timeout: f64,
}

impl Default for MailOptions {
    /// Through the relay on this machine, to nobody.
    fn default() -> Self {
        Self {
            from_address: String::new(),
            relay: "localhost".to_owned(),
            tls: None,
            ca: None,
            user: None,
            password: None,
            hello: None,
            to: vec![],
            cc: vec![],
            people_domains: vec![],
            bounce_address: None,
            reply_to: None,
            extra_headers: BTreeMap::new(),
            threads: "buildset".to_owned(),
            attachments_limit: 10 << 20,
            timeout: 60.0,
        }
    }
}

/// Sends reports as mail (Buildbot's `MailNotifier`), by SMTP (RFC 5321) to a relay.
///
/// The `Message-ID` is the [delivery id](Report::delivery) at the sender's domain: a mailbox that gets one mail twice can
/// tell. `References` and `In-Reply-To` are the same for all mails of one buildset, or of one builder and branch, so that a
/// mail client shows them together. `Auto-Submitted` (RFC 3834) and `Precedence` keep machines from answering, and
/// `X-Weir-…` says for filters what it is about.
///
/// The relay is asked for each recipient by itself. Those that it takes get the mail; it is kept who they are, so that
/// nobody gets it again when it is tried for the others. A recipient that it refuses for good (SMTP's 5xx) parks the mail
/// once all others have it. As long as the relay cannot be reached or does not let us in, mails wait.
pub struct Mail {
    composer: Composer,
    people: People,
    relay: Relay,
    bounces: Address,
    taken: Taken,
    outlet: Outlet,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("composer", &self.composer)
            .field("people", &self.people)
            .finish_non_exhaustive()
    }
}

impl Mail {
    /// One of these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`OptionError`] says which option is wrong.
    pub fn new(options: MailOptions, outlet: &Outlet) -> Result<Self, OptionError> {
        let composer = Composer::new(&options)?;
        let bounces = match &options.bounce_address {
            Some(address) => mailbox_of("bounce_address", address)?.email,
            None => composer.from().email.clone(),
        };
        Ok(Self {
            people: People::new(&options)?,
            relay: Relay::new(&options, outlet)?,
            composer,
            bounces,
            taken: Taken::default(),
            outlet: outlet.clone(),
        })
    }

    fn shown(&self, report: &Report, recipients: &Recipients) -> String {
        let list = |all: &[lettre::message::Mailbox]| {
            let all: Vec<String> = all.iter().map(ToString::to_string).collect();
            all.join(", ")
        };
        let message = &report.message;
        let mut text = format!(
            "mail {}\nFrom: {}\nTo: {}\n",
            report.delivery,
            self.composer.from(),
            list(&recipients.to)
        );
        if !recipients.cc.is_empty() {
            text.push_str(&format!("Cc: {}\n", list(&recipients.cc)));
        }
        text.push_str(&format!("Subject: {}\n", message.subject));
        for it in &message.attachments {
            text.push_str(&format!("Attachment: {} ({} bytes)\n", it.name, it.content.len()));
        }
        format!("{text}\n{}", message.text)
    }
}

#[async_trait]
impl Destination for Mail {
    fn kind(&self) -> &'static str {
        "mail"
    }

    async fn deliver(&self, report: &Report) -> Result<(), ListenerError> {
        let recipients = self.people.of(report);
        if recipients.to.is_empty() {
            return Ok(());
        }
        if self.outlet.prints(|| self.shown(report, &recipients)) {
            return Ok(());
        }
        let have = self.taken.by(&report.delivery).await;
        let all = recipients
            .to
            .iter()
            .chain(&recipients.cc)
            .map(|it| it.email.clone());
        let missing: Vec<Address> = all.filter(|it| !have.contains(&it.to_string())).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let mail = self.composer.mail(report, &recipients)?.formatted();
        let handed = self.relay.hand(&self.bounces, &missing, &mail).await?;
        if handed.later.is_empty() && handed.never.is_empty() {
            self.taken.forget(&report.delivery).await;
            return Ok(());
        }
        self.taken.note(&report.delivery, handed.taken).await?;
        match handed.later.is_empty() {
            false => Err(ListenerError::Later(handed.later.join("; "))),
            true => Err(ListenerError::Never(handed.never.join("; "))),
        }
    }

    async fn attend(&self, desk: Desk) {
        self.taken.attend(desk).await;
        std::future::pending().await
    }
}
