//! Who gets a mail.

use std::collections::BTreeMap;

use lettre::Address;
use lettre::message::Mailbox;

use super::MailOptions;
use crate::destinations::text::one_line;
use crate::{About, BuildReport, OptionError, Report};

/// Finds out who gets a mail.
#[derive(Debug)]
pub(super) struct People {
    to: Vec<Mailbox>,
    cc: Vec<Mailbox>,
    blamelist: bool,
    owners: bool,
    known: BTreeMap<String, Mailbox>,
    domain: Option<String>,
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
        let known = options.people.iter();
        let known = known.map(|(name, address)| Ok((name.clone(), mailbox_of("people", address)?)));
        if let Some(domain) = &options.domain
            && Address::new("somebody", domain).is_err()
        {
            let why = format!("is no domain: {domain:?}; write e.g. \"example.org\"");
            return Err(OptionError::new("domain", why));
        }
        Ok(Self {
            to: all("to", &options.to)?,
            cc: all("cc", &options.cc)?,
            blamelist: options.to_blamelist,
            owners: options.to_owners,
            known: known.collect::<Result<_, _>>()?,
            domain: options.domain.clone(),
            domains: options
                .people_domains
                .iter()
                .map(|it| it.to_lowercase())
                .collect(),
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
        let names = self.names(report);
        let found = names.iter().filter_map(|name| self.mailbox(name));
        let to = self.to.iter().cloned().chain(found).filter(&mut first).collect();
        let cc = self.cc.iter().filter(|it| first(it)).cloned().collect();
        Recipients { to, cc }
    }

    /// Names and addresses that the report gives.
    fn names(&self, report: &Report) -> Vec<String> {
        let mut names = report.message.recipients.clone();
        let mut add = |wanted: bool, of: fn(&BuildReport) -> &Vec<String>| {
            if wanted {
                names.extend(report.about.builds().iter().flat_map(of).cloned());
            }
        };
        add(self.blamelist, |it| &it.blamelist);
        add(self.owners, |it| &it.owners);
        if let (About::Request(request), true) = (&report.about, self.owners) {
            let owner = request.properties.get("owner").and_then(|it| it.value.as_str());
            names.extend(owner.map(str::to_owned));
        }
        names
    }

    /// Where somebody gets mail, if that is known and allowed.
    fn mailbox(&self, name: &str) -> Option<Mailbox> {
        if let Some(known) = self.known.get(name) {
            return Some(known.clone());
        }
        let found = mailbox(name).or_else(|| {
            let address = Address::new(name, self.domain.as_deref()?).ok()?;
            Some(Mailbox::new(None, address))
        });
        let allowed = |it: &Mailbox| {
            let domain = it.email.domain().to_lowercase();
            self.domains.is_empty() || self.domains.contains(&domain)
        };
        let found = found.filter(allowed);
        if found.is_none() {
            tracing::debug!("no mail goes to {name:?}, who has no address here");
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
