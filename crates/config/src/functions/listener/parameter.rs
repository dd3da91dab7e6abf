//! What listeners take as their own, read by what it must be.

use serde_json::Value as Json;
use starlark::values::Value;
use weir_status_api::{TopicFilter, TopicPattern};

use crate::call::Call;
use crate::model::{ListenerOptions, Secret};
use crate::read::{self, Reading};
use crate::session::Files;

/// The longest file that an option is read from, in bytes.
pub(super) const MAX_FILE: u64 = 1 << 20;

/// One parameter of a kind of listener. Those that are given become options of the same name.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// Of a secret, the parameter that names a file with it.
    pub(super) file: Option<&'static str>,
    pub(super) must: Must,
    pub(super) is_required: bool,
}

/// What a parameter must be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Must {
    /// A text that is not empty.
    Text,
    /// An `http` or `https` URL.
    Url,
    /// A word that nobody may read.
    Secret,
    /// A line that nobody may read.
    Password,
    /// True or False.
    Boolean,
    /// A whole number from 1 on.
    Count,
    /// A duration; seconds as an option.
    Duration,
    /// A size; bytes as an option.
    Size,
    /// A list of texts.
    Texts,
    /// A dict of texts.
    TextMap,
    /// A dict of texts that nobody may read.
    SecretMap,
    /// A list of texts that nobody may read.
    SecretTexts,
    /// A dict of whole numbers.
    IntegerMap,
    /// A dict of lists of texts.
    TextsMap,
    /// A list of numbers, as durations or seconds.
    Durations,
    /// A list of texts, or of dicts of texts in their place.
    TextsOrMaps,
    /// One of these.
    Choice(&'static [&'static str]),
    /// Topic patterns.
    Events,
    /// A file beside the configuration; its path as an option.
    Path,
    /// A file beside the configuration; what is in it as an option, under the name without `_file`.
    FileText,
    /// As that, and nobody may read it.
    SecretFile,
}

pub(super) const fn required(name: &'static str, must: Must) -> Parameter {
    Parameter {
        is_required: true,
        ..optional(name, must)
    }
}

pub(super) const fn optional(name: &'static str, must: Must) -> Parameter {
    Parameter {
        name,
        file: None,
        must,
        is_required: false,
    }
}

/// One that is given as it is, or by the file that the other names.
pub(super) const fn secret(name: &'static str, file: &'static str) -> Parameter {
    Parameter {
        file: Some(file),
        ..optional(name, Must::Secret)
    }
}

/// As [`secret`], and it must be given.
pub(super) const fn required_secret(name: &'static str, file: &'static str) -> Parameter {
    Parameter {
        is_required: true,
        ..secret(name, file)
    }
}

/// A secret that people choose.
pub(super) const fn password(name: &'static str, file: &'static str) -> Parameter {
    Parameter {
        must: Must::Password,
        ..secret(name, file)
    }
}

/// As [`password`], and it must be given.
pub(super) const fn required_password(name: &'static str, file: &'static str) -> Parameter {
    Parameter {
        is_required: true,
        ..password(name, file)
    }
}

impl Parameter {
    /// The name of the secret that it is, if it is given as `secret(…)` and may be one.
    pub(super) fn named_secret(&self, call: &mut Call<'_, '_>) -> Option<String> {
        let file = self.file?;
        let name = call.named_secret(self.name)?;
        if call.has(file) {
            let message = format!("'{}' and '{file}' are both given", self.name);
            call.mistake(file, &message, Some("remove one".to_owned()));
        }
        Some(name)
    }

    /// Reads it, if it is given, and adds it to the options.
    pub(super) fn read(
        &self,
        call: &mut Call<'_, '_>,
        options: &mut ListenerOptions,
        secrets: &mut Vec<Secret>,
    ) {
        let value = match (self.file, self.is_required) {
            (Some(file), true) if self.must == Must::Password => Some(call.password(self.name, file)),
            (Some(file), true) => Some(call.secret(self.name, file)),
            (Some(file), false) if self.must == Must::Password => call.optional_password(self.name, file),
            (Some(file), false) => call.optional_secret(self.name, file),
            (None, _) => None,
        };
        if self.file.is_some() {
            if let Some(secret) = value {
                options.insert(self.name, secret.expose().into());
                secrets.push(secret);
            }
            return;
        }
        let (name, value) = match self.must {
            Must::FileText | Must::SecretFile => {
                let text = file_text(call, self.name);
                if self.must == Must::SecretFile {
                    secrets.extend(text.as_deref().map(Secret::new));
                }
                (self.name.trim_end_matches("_file"), text.map(Json::from))
            }
            _ if self.is_required => (self.name, Some(call.required(self.name, |it| self.value(it)))),
            _ => (self.name, call.optional(self.name, |it| self.value(it))),
        };
        if let Some(value) = &value {
            secrets.extend(self.within(value).map(Secret::new));
        }
        let value = match (self.must, value) {
            (Must::Path, Some(Json::String(path))) => {
                let path = call.session().folder.join(path);
                Some(path.to_string_lossy().into_owned().into())
            }
            (_, value) => value,
        };
        if let Some(value) = value {
            options.insert(name, value);
        }
    }

    /// The texts within the value that nobody may read.
    fn within<'j>(&self, value: &'j Json) -> impl Iterator<Item = &'j str> {
        let list = |of: bool| value.as_array().filter(|_| of).into_iter().flatten();
        let map = value.as_object().filter(|_| self.must == Must::SecretMap);
        let listed = list(self.must == Must::SecretTexts);
        // Beside an open text, a list can have one with a password.
        let locked = list(self.must == Must::TextsOrMaps).filter_map(|it| it.get("password"));
        let all = map
            .into_iter()
            .flat_map(|it| it.values())
            .chain(listed)
            .chain(locked);
        all.filter_map(Json::as_str)
    }

    fn value(&self, value: Value<'_>) -> Reading<Json> {
        Ok(match self.must {
            Must::Text | Must::Secret | Must::Password | Must::Path | Must::FileText | Must::SecretFile => {
                read::text(value)?.into()
            }
            Must::Url => url(value)?.into(),
            Must::Boolean => read::boolean(value)?.into(),
            Must::Count => read::count(value)?.into(),
            Must::Duration => read::duration(value)?.as_secs_f64().into(),
            Must::Size => read::size(value)?.into(),
            Must::Texts | Must::SecretTexts => read::list(read::text, "strings")(value)?.into(),
            Must::TextMap | Must::SecretMap => {
                let map = read::dict(read::text, read::string)(value)?;
                map.into_iter().map(|(name, it)| (name, Json::from(it))).collect()
            }
            Must::IntegerMap => {
                let map = read::dict(read::text, read::integer)(value)?;
                map.into_iter().map(|(name, it)| (name, Json::from(it))).collect()
            }
            Must::TextsMap => {
                let map = read::dict(read::text, read::list(read::text, "strings"))(value)?;
                map.into_iter().map(|(name, it)| (name, Json::from(it))).collect()
            }
            Must::Durations => {
                let durations = read::list(read::duration, "durations")(value)?;
                durations.iter().map(std::time::Duration::as_secs_f64).collect()
            }
            Must::TextsOrMaps => read::list(text_or_map, "strings and dicts")(value)?.into(),
            Must::Choice(words) => {
                let word = read::text(value)?;
                if !words.contains(&word.as_str()) {
                    let help = format!("it can be {}", words.join(", "));
                    return read::wrong(format!("is none of its words: '{word}'"), Some(&help));
                }
                word.into()
            }
            Must::Events => events(value)?.into(),
        })
    }
}

pub(in crate::functions) fn url(value: Value<'_>) -> Reading<String> {
    let url = read::text(value)?;
    let rest = ["http://", "https://"].iter().find_map(|it| url.strip_prefix(it));
    let host = rest.map(|it| it.split(['/', '?', '#']).next().unwrap_or_default());
    let whole = host.is_some_and(|it| !it.is_empty() && !it.starts_with(':'));
    if !whole || url.contains(|c: char| c.is_control() || c.is_whitespace()) {
        let help = "write e.g. \"https://example.org/hook\"";
        return read::wrong(format!("is no http or https URL: '{url}'"), Some(help));
    }
    Ok(url)
}

fn text_or_map(value: Value<'_>) -> Reading<Json> {
    if value.unpack_str().is_some() {
        return Ok(read::text(value)?.into());
    }
    let map = read::dict(read::text, read::string)(value)?;
    Ok(map.into_iter().map(|(name, it)| (name, Json::from(it))).collect())
}

/// Topic patterns.
fn events(value: Value<'_>) -> Reading<Vec<String>> {
    let patterns = read::some(event, "topic patterns")(value)?;
    match TopicFilter::parse_all(patterns.iter().map(String::as_str)) {
        Ok(_) => Ok(patterns),
        Err(_) => read::wrong("has more than 100 patterns", None),
    }
}

fn event(value: Value<'_>) -> Reading<String> {
    let pattern = read::string(value)?;
    match TopicPattern::parse(&pattern) {
        Ok(_) => Ok(pattern),
        Err(_) => read::wrong(
            format!("is no topic pattern: '{pattern}'"),
            Some("write e.g. \"builds/*/finished\""),
        ),
    }
}

/// What is in the file that the argument names, relative to the configuration's folder. Empty while files are left alone.
pub(super) fn file_text(call: &mut Call<'_, '_>, argument: &str) -> Option<String> {
    let (folder, files) = (&call.session().folder, call.session().files);
    call.optional(argument, |value| {
        let path = folder.join(read::text(value)?);
        if files == Files::LeftAlone {
            return Ok(String::new());
        }
        let shown = path.display();
        let unreadable = |why: String| read::wrong(format!("is wrong: {shown} {why}"), None);
        match std::fs::metadata(&path) {
            Err(error) => return unreadable(format!("cannot be read: {error}")),
            Ok(facts) if !facts.is_file() => return unreadable("is no file".to_owned()),
            Ok(facts) if facts.len() > MAX_FILE => {
                return unreadable(format!("has more than {MAX_FILE} bytes"));
            }
            Ok(_) => {}
        }
        std::fs::read_to_string(&path).or_else(|error| unreadable(format!("cannot be read: {error}")))
    })
}
