//! The secrets of a build: read when it uses them, and kept out of sight from then on.

mod mask;
mod provide;
#[cfg(test)]
pub(crate) mod tests;
mod vault;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use encoding_rs::{Encoding, UTF_8};
use weir_config::{BuilderConfig, MasterConfig, RenderError, SecretProvider};
use weir_status_api::Property;

use super::late::blocking;
use mask::mask_text;
pub(crate) use mask::{Held, Masker, Patterns};

/// How many secrets one build can use.
const MOST_SECRETS: usize = 100;

/// How many bytes a secret can have.
const LARGEST_SECRET: usize = 64 * 1024;

/// The secrets that a build uses. Each is read when the build uses it for the first time, and once more by each later
/// life of the master. Their values are nowhere but here and in what the build's commands are given.
pub(crate) struct Secrets {
    providers: Vec<SecretProvider>,
    /// The encodings of the build's output beside UTF-8.
    encodings: Vec<&'static Encoding>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    values: BTreeMap<String, String>,
    patterns: Arc<Patterns>,
    /// Why those that the build used before cannot all be kept out of sight.
    forgotten: Option<RenderError>,
}

/// The value of the secret of that name, of the first provider that has it, for what is no build. Waits for it, so that
/// others go on meanwhile.
///
/// # Errors
/// Why it cannot be had, in one sentence.
pub fn find_secret(providers: &[SecretProvider], name: &str) -> Result<String, String> {
    let value = blocking(|| provide::find(providers, name))?;
    match value.len() > LARGEST_SECRET {
        true => Err(format!("it has more than {LARGEST_SECRET} bytes")),
        false => Ok(value),
    }
}

impl Secrets {
    /// Of a build of the builder, which uses none yet.
    pub(crate) fn new(config: &MasterConfig, builder: &BuilderConfig) -> Self {
        let mut encodings: Vec<_> = builder.steps.iter().map(|it| it.log.encoding()).collect();
        encodings.retain(|it| *it != UTF_8);
        encodings.dedup();
        Self {
            providers: config.secret_providers.clone(),
            encodings,
            state: Mutex::default(),
        }
    }

    /// Those that the build has used in an earlier life of the master. If one cannot be had, [`Secrets::forgotten`]
    /// says so.
    pub(crate) fn recall(&self, names: &[String]) {
        for name in names {
            if let Err(error) = self.get(name) {
                self.with(|state| state.forgotten = Some(error));
                return;
            }
        }
    }

    /// Why no step of the build may go on: it could show a secret that nobody knows.
    pub(crate) fn forgotten(&self) -> Option<RenderError> {
        self.with(|state| state.forgotten.clone())
    }

    /// The value of a secret, which is hidden from now on. Waits for it, so that others go on meanwhile.
    ///
    /// # Errors
    /// [`RenderError::Secret`] says why it cannot be had.
    pub(crate) fn get(&self, name: &str) -> Result<String, RenderError> {
        if let Some(known) = self.with(|state| state.values.get(name).cloned()) {
            return Ok(known);
        }
        let wrong = |why: String| RenderError::Secret {
            name: name.to_owned(),
            why,
        };
        if self.with(|state| state.values.len()) >= MOST_SECRETS {
            return Err(wrong(format!("the build uses more than {MOST_SECRETS} secrets")));
        }
        let value = find_secret(&self.providers, name).map_err(wrong)?;
        Ok(self.with(|state| {
            // Another step of the build may have read it meanwhile.
            let value = state.values.entry(name.to_owned()).or_insert(value).clone();
            let known = state
                .values
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()));
            state.patterns = Arc::new(Patterns::of(known, &self.encodings));
            value
        }))
    }

    /// The names of the master's own variables that are secrets.
    pub(crate) fn variables(&self) -> Vec<String> {
        provide::variables(&self.providers)
    }

    /// The names of all that are used.
    pub(crate) fn names(&self) -> Vec<String> {
        self.with(|state| state.values.keys().cloned().collect())
    }

    /// What must not be seen.
    pub(crate) fn patterns(&self) -> Arc<Patterns> {
        self.with(|state| Arc::clone(&state.patterns))
    }

    /// The text with their names in the place of their values (Buildbot's `cleanupTextFromSecrets`).
    pub(crate) fn mask(&self, text: &str) -> String {
        let patterns = self.patterns();
        match patterns.is_empty() {
            true => text.to_owned(),
            false => mask_text(&patterns, text),
        }
    }

    /// The same for properties, in all texts that they hold.
    pub(crate) fn mask_properties(&self, properties: &mut BTreeMap<String, Property>) {
        if self.patterns().is_empty() {
            return;
        }
        let masked = std::mem::take(properties)
            .into_iter()
            .map(|(name, mut property)| {
                self.mask_value(&mut property.value);
                (self.mask(&name), property)
            });
        *properties = masked.collect();
    }

    fn mask_value(&self, value: &mut serde_json::Value) {
        use serde_json::Value;
        match value {
            Value::String(text) => *text = self.mask(text),
            Value::Array(items) => items.iter_mut().for_each(|it| self.mask_value(it)),
            Value::Object(items) => {
                let masked = std::mem::take(items).into_iter().map(|(name, mut value)| {
                    self.mask_value(&mut value);
                    (self.mask(&name), value)
                });
                *items = masked.collect();
            }
            // A number can be a secret as well.
            Value::Number(number) => {
                let (shown, masked) = (number.to_string(), self.mask(&number.to_string()));
                if shown != masked {
                    *value = Value::String(masked);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
