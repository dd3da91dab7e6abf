//! Who gets a mail.

use lettre::message::Mailbox;

use super::MailOptions;
use crate::text::one_line;
use crate::{OptionError, Report};

/// Finds out who gets a mail.
#[derive(Debug)]
pub(super) struct People {
    to: Vec<Mailbox>,
    cc: Vec<Mailbox>,
    domains: Vec<String>,
}

/// Who gets one mail, each once.
#[derive(Debug)]
pub(super) struct Recipients {
    /// Whom it is to.
    pub(super) to: Vec<Mailbox>,
    /// Who gets a copy.
    pub(super) cc: Vec<Mailbox>,
}

impl People {
    /// As the options say.
    pub(super) fn new(options: &MailOptions) -> Result<Self, OptionError> {
        let all = |option, texts: &[String]| {
            let mailboxes = texts.iter().map(|it| mailbox_of(option, it));
            mailboxes.collect::<Result<Vec<_>, _>>()
        };
        let domains = options.people_domains.iter();
        Ok(Self {
            to: all("to", &options.to)?,
            cc: all("cc", &options.cc)?,
            domains: domains.map(|it| it.to_lowercase()).collect(),
        })
    }

    /// Those of one report.
    pub(super) fn of(&self, report: &Report) -> Recipients {
        let mut seen = vec![];
        let mut first = |mailbox: &Mailbox| {
            let address = mailbox.email.to_string().to_lowercase();
            let new = !seen.contains(&address);
            seen.push(address);
            new
        };
        let found = report.message.recipients.iter();
        let found = found.filter_map(|name| self.mailbox(name));
        let to = self.to.iter().cloned().chain(found);
        let to = to.filter(&mut first).collect();
        let cc = self.cc.iter().filter(|it| first(it)).cloned().collect();
        Recipients { to, cc }
    }

    /// Where somebody whom the report names gets mail, if there is an address, and mail may go to it.
    fn mailbox(&self, name: &str) -> Option<Mailbox> {
        let allowed = |it: &Mailbox| {
            let domain = it.email.domain().to_lowercase();
            self.domains.is_empty() || self.domains.contains(&domain)
        };
        let found = mailbox(name).filter(allowed);
        if found.is_none() {
            tracing::debug!("no mail goes to {name:?}");
        }
        found
    }
}

/// The mailbox that an option's text is.
pub(super) fn mailbox_of(option: &'static str, text: &str) -> Result<Mailbox, OptionError> {
    mailbox(text).ok_or_else(|| {
        let why = format!("has no mail address in {text:?}; write e.g. \"Ada <ada@example.org>\"");
        OptionError::new(option, why)
    })
}

/// The mailbox that `text` is: an address, or a name of any characters and an address in `<>`.
fn mailbox(text: &str) -> Option<Mailbox> {
    let text = text.trim();
    let (name, address) = match text.strip_suffix('>').and_then(|it| it.rsplit_once('<')) {
        Some((name, address)) => (one_line(name), address),
        None => (String::new(), text),
    };
    let name = name.trim_matches('"').trim();
    let name = Some(name.to_owned()).filter(|it| !it.is_empty());
    Some(Mailbox::new(name, address.trim().parse().ok()?))
}
