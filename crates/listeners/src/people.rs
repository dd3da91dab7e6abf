//! Which people a report goes to beside those whom its destination names.

use std::collections::BTreeMap;

use serde_json::Value;
use weir_status_api::ListenerError;

use crate::function::Function;
use crate::report::About;

/// How many people one report goes to.
const MOST: usize = 100;

/// Whom reports go to beside those whom the destination names, and how their addresses are found.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// Whether those who made what is built are told ([`BuildReport::blamelist`](crate::BuildReport::blamelist)).
    pub blamelist: bool,
    /// Whether those who asked for it are told ([`BuildReport::owners`](crate::BuildReport::owners)).
    pub owners: bool,
    /// How a name becomes an address.
    pub lookup: Lookup,
}

/// How a name such as `ada` or `Ada <ada@example.org>` becomes an address (Buildbot's `lookup`).
#[derive(Clone, Debug, Default)]
pub enum Lookup {
    /// Those that hold an address are one, others are told nothing.
    #[default]
    AsIs,
    /// A name without an address is one in this domain (Buildbot's `Domain`).
    Domain(String),
    /// By a name or address; those that are not there are as they are.
    Map(BTreeMap<String, String>),
    /// By a function that takes the name, and gives an address, or null for nobody.
    Function(Function),
}

impl People {
    /// The addresses of those whom a report goes to, each once, in order. Of a missing worker those whom its
    /// configuration names.
    ///
    /// # Errors
    /// [`ListenerError`] if a function fails.
    pub(crate) async fn recipients(&self, about: &About) -> Result<Vec<String>, ListenerError> {
        let mut names: Vec<&str> = vec![];
        if let About::Worker(worker) = about {
            let absence = worker.absence.iter();
            names.extend(absence.flat_map(|it| &it.notify).map(String::as_str));
        }
        for build in about.builds() {
            if self.blamelist {
                names.extend(build.blamelist.iter().map(String::as_str));
            }
            if self.owners {
                names.extend(build.owners.iter().map(String::as_str));
            }
        }
        let mut found: Vec<String> = vec![];
        for name in names {
            if let Some(address) = self.lookup.address(name).await?
                && !found.contains(&address)
                && found.len() < MOST
            {
                found.push(address);
            }
        }
        Ok(found)
    }
}

impl Lookup {
    /// The address of a person of that name.
    async fn address(&self, name: &str) -> Result<Option<String>, ListenerError> {
        let as_is = has_address(name).then(|| name.to_owned());
        match self {
            Self::AsIs => Ok(as_is),
            Self::Domain(domain) => {
                let plain = |it: &str| !it.is_empty() && !it.contains(char::is_whitespace);
                let made = plain(name).then(|| format!("{name}@{}", domain.trim_start_matches('@')));
                Ok(as_is.or(made))
            }
            Self::Map(addresses) => {
                let (before, within) = parts(name);
                let known = [name, before, within].iter().find_map(|it| addresses.get(*it));
                Ok(known.cloned().or(as_is))
            }
            Self::Function(function) => match function.call(Value::from(name)).await? {
                Value::Null => Ok(None),
                Value::String(address) => Ok(Some(address).filter(|it| has_address(it))),
                _ => Err(ListenerError::Never(format!(
                    "{}() must give an address or None",
                    function.name()
                ))),
            },
        }
    }
}

/// Whether there is an address in `Ada <ada@example.org>` or `ada@example.org`.
fn has_address(name: &str) -> bool {
    let (_, address) = parts(name);
    let (local, domain) = address.split_once('@').unwrap_or_default();
    let is_one = !local.is_empty() && !domain.is_empty() && !address.contains(char::is_whitespace);
    is_one && !name.contains(char::is_control)
}

/// `Ada` and `ada@example.org` of `Ada <ada@example.org>`; of others all of it, twice.
fn parts(name: &str) -> (&str, &str) {
    match name.strip_suffix('>').and_then(|it| it.rsplit_once('<')) {
        Some((before, address)) => (before.trim(), address),
        None => (name.trim(), name.trim()),
    }
}
