//! Values and texts.

use crate::arguments::Arguments;
use crate::configuration::Converter;
use crate::recording::{Made, ObjectKind, Value};
use crate::starlark::{Call, dict, plain_list, quote};

impl<'r> Converter<'r> {
    /// Plain data as it is; none if it is none.
    pub(crate) fn data(&self, value: &Value) -> Option<String> {
        Some(match value {
            Value::None => "None".to_owned(),
            Value::Bool(true) => "True".to_owned(),
            Value::Bool(false) => "False".to_owned(),
            Value::Int(it) => it.to_string(),
            Value::Float(it) => format!("{it:?}"),
            Value::Text(it) => quote(it),
            Value::List(items) => {
                plain_list(items.iter().map(|it| self.data(it)).collect::<Option<Vec<_>>>()?)
            }
            Value::Dict(pairs) => {
                let pair = |(key, value): &(Value, Value)| match key {
                    Value::Text(key) => Some((quote(key), self.data(value)?)),
                    _ => None,
                };
                dict(&pairs.iter().map(pair).collect::<Option<Vec<_>>>()?)
            }
            Value::Regex(..) | Value::Object(_) | Value::Other(_) => return None,
        })
    }

    /// A text, which may be completed when a build runs. What cannot be said is a function that fails and says so.
    pub(crate) fn text(&mut self, value: &'r Value, at: Option<&str>) -> String {
        match value {
            Value::Text(text) => literal(text),
            Value::Int(it) => quote(&it.to_string()),
            Value::Float(it) => quote(&format!("{it:?}")),
            Value::Bool(it) => quote(if *it { "True" } else { "False" }),
            Value::None => quote(""),
            Value::Object(number) => match self.recording.made(value) {
                Some((_, _, made)) => self.made_text(*number, made, at),
                None => self.function_of_build(*number, at),
            },
            value => {
                let what = self.words_for(value);
                self.failing(
                    &format!("{what} in the place of a text"),
                    "a string, interpolate(…) or a function of the build",
                    "",
                    at,
                )
            }
        }
    }

    fn made_text(&mut self, number: usize, made: &'r Made, at: Option<&str>) -> String {
        let mut arguments = Arguments::of(made);
        match made.class() {
            "Interpolate" => self.interpolation(made, at),
            "WithProperties" if made.kwargs.is_empty() => match old_template(made) {
                Some(template) => completed(&template),
                None => self.function_of_build(number, at),
            },
            "Property" => match arguments.text("key") {
                Some(name) => {
                    let default = match arguments.take("default") {
                        Some(default) => self.text(default, at),
                        None => quote(""),
                    };
                    format!("prop({}, {default})", quote(name))
                }
                None => self.function_of_build(number, at),
            },
            "Secret" => match arguments.text("secret_name") {
                Some(name) => Call::new("secret").first(quote(name)).render(),
                None => self.function_of_build(number, at),
            },
            _ => self.function_of_build(number, at),
        }
    }

    fn interpolation(&mut self, made: &'r Made, at: Option<&str>) -> String {
        let Some(Value::Text(template)) = made.args.first() else {
            let what = "`Interpolate` of something that is no string";
            return self.failing(what, "interpolate(\"…\")", "", at);
        };
        if made.args.len() > 1 {
            return match old_template(made) {
                Some(template) => completed(&template),
                None => self.failing(
                    "`Interpolate` with values by position",
                    "interpolate(\"%(kw:a)s\", a = …)",
                    "",
                    at,
                ),
            };
        }
        let mut call = Call::new("interpolate").first(quote(&with_defaults(template)));
        for (name, value) in &made.kwargs {
            let value = self.text(value, at);
            call.set(name, value);
        }
        match made.kwargs.is_empty() {
            true => completed(&with_defaults(template)),
            false => call.render(),
        }
    }

    /// What a property is set to: data keeps its type.
    pub(crate) fn property_value(&mut self, value: &'r Value, at: Option<&str>) -> String {
        match self.data(value) {
            Some(data) if !matches!(value, Value::Text(_)) => data,
            _ => self.text(value, at),
        }
    }

    /// A dict of names and texts or data. Names that are no strings are told of.
    pub(crate) fn properties(&mut self, value: &'r Value, at: Option<&str>) -> Option<String> {
        let Value::Dict(pairs) = value else {
            return None;
        };
        let mut written = vec![];
        for (name, value) in pairs {
            if let Value::Text(name) = name {
                written.push((quote(name), self.property_value(value, at)));
            }
        }
        (!written.is_empty()).then(|| dict(&written))
    }

    /// An environment: lists are joined as paths are.
    pub(crate) fn environment(&mut self, value: &'r Value, at: Option<&str>) -> Option<String> {
        let Value::Dict(pairs) = value else {
            self.lost(
                at,
                "`env`, which is no dict",
                "write env = {\"NAME\": TEXT}; each TEXT may be a function",
            );
            return None;
        };
        let mut written = vec![];
        for (name, value) in pairs {
            let Value::Text(name) = name else { continue };
            let text = match value {
                Value::None => {
                    let what = format!("`env` takes away the variable `{name}`");
                    self.lost(at, &what, "write `unset` in the command");
                    continue;
                }
                Value::List(parts) => match parts.iter().map(plain_text).collect::<Option<Vec<_>>>() {
                    Some(parts) => quote(&parts.join(":")),
                    None => self.failing(
                        &format!("the list that `{name}` of `env` is"),
                        "interpolate(\"…:…\")",
                        "",
                        at,
                    ),
                },
                value => self.text(value, at),
            };
            written.push((quote(name), text));
        }
        (!written.is_empty()).then(|| dict(&written))
    }

    /// A command: words, or a script.
    pub(crate) fn command(&mut self, value: &'r Value, at: Option<&str>) -> String {
        match value {
            Value::List(_) => {
                let mut words = vec![];
                self.words(value, at, &mut words);
                if words.is_empty() {
                    quote("true")
                } else {
                    plain_list(words)
                }
            }
            Value::Object(_) => {
                let text = self.text(value, at);
                // What a function gives may be a list, which a script may not be.
                if self.gives_words(value, &text) {
                    format!("[{text}]")
                } else {
                    text
                }
            }
            value => self.text(value, at),
        }
    }

    fn words(&mut self, value: &'r Value, at: Option<&str>, words: &mut Vec<String>) {
        match value {
            // Buildbot flattens.
            Value::List(items) => items.iter().for_each(|it| self.words(it, at, words)),
            Value::None => {}
            value => words.push(self.text(value, at)),
        }
    }

    /// Whether a text is a function that gives the words of a command.
    fn gives_words(&self, value: &Value, text: &str) -> bool {
        let is_call = ["interpolate(", "prop(", "secret(", "\""]
            .iter()
            .any(|it| text.starts_with(it));
        let Some((_, _, made)) = self.recording.made(value).filter(|_| !is_call) else {
            return !is_call;
        };
        let Some(Value::Object(number)) = made.args.first() else {
            return true;
        };
        match self.recording.objects.get(*number).map(|it| &it.kind) {
            Some(ObjectKind::Function(function)) => match function.starlark.get("build") {
                Some(text) => {
                    text.contains("return [")
                        || text.contains(": [")
                        || !text.contains("return ") && !text.starts_with("lambda")
                }
                None => true,
            },
            _ => true,
        }
    }
}

/// A string that stands for itself.
fn literal(text: &str) -> String {
    const MEANT: [&str; 5] = ["%(prop:", "%(src:", "%(worker:", "%(secret:", "%(kw:"];
    match MEANT.iter().any(|it| text.contains(it)) {
        true => format!("interpolate({})", quote(&text.replace('%', "%%"))),
        false => quote(text),
    }
}

fn completed(template: &str) -> String {
    match template.contains("%(") {
        true => format!("interpolate({})", quote(template)),
        false => literal(&template.replace("%%", "%")),
    }
}

fn plain_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Int(it) => Some(it.to_string()),
        _ => None,
    }
}

/// A template in which values that are not there are empty, as they are to Buildbot.
fn with_defaults(template: &str) -> String {
    let mut written = String::new();
    let mut rest = template;
    while let Some(start) = rest.find("%(") {
        let (before, found) = rest.split_at(start);
        written.push_str(before);
        let body = &found[2..];
        let end = body.find(['(', ')', '%']).unwrap_or(body.len());
        let is_plain = body[end..].starts_with(")s") && is_whole(&body[..end]);
        if is_plain {
            written.push_str(&format!("%({}:-)s", &body[..end]));
            rest = &body[end + 2..];
        } else {
            written.push_str("%(");
            rest = body;
        }
    }
    written + rest
}

/// Whether what stands in parentheses has no modifier, and can have one.
fn is_whole(inside: &str) -> bool {
    let mut parts = inside.split(':');
    let wanted = match parts.next() {
        Some("prop" | "worker" | "kw") => 1,
        Some("src") => 2,
        _ => return false,
    };
    let rest: Vec<&str> = parts.collect();
    let is_name = |it: &&str| {
        it.chars()
            .all(|it| it.is_alphanumeric() || matches!(it, '_' | '-' | '.' | ' '))
    };
    rest.len() == wanted && rest.iter().all(is_name)
}

/// The template of `WithProperties`, and of `Interpolate` with properties by position, in today's form.
fn old_template(made: &Made) -> Option<String> {
    let Some(Value::Text(template)) = made.args.first() else {
        return None;
    };
    let names: Option<Vec<&str>> = made.args[1..]
        .iter()
        .map(|it| match it {
            Value::Text(name) => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let mut names = names?.into_iter();
    let mut written = String::new();
    let mut rest = template.as_str();
    while let Some(start) = rest.find('%') {
        written.push_str(&rest[..start]);
        rest = &rest[start + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            written.push_str("%%");
            rest = after;
        } else if let Some(after) = rest.strip_prefix('s') {
            if made.class() == "Interpolate" {
                return None;
            }
            written.push_str(&format!("%(prop:{}:-)s", names.next()?));
            rest = after;
        } else {
            let (inside, after) = rest.strip_prefix('(')?.split_once(")s")?;
            // `%(name:-default)s`, and `%(name)s`.
            let inside = if inside.contains(':') {
                inside.to_owned()
            } else {
                format!("{inside}:-")
            };
            written.push_str(&format!("%(prop:{inside})s"));
            rest = after;
        }
    }
    Some(written + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_empty() {
        let templates = [
            ("a %(prop:b)s c", "a %(prop:b:-)s c"),
            (
                "%(src::branch)s%(src:lib:revision)s",
                "%(src::branch:-)s%(src:lib:revision:-)s",
            ),
            ("%(prop:b:-x)s %(secret:k)s %%", "%(prop:b:-x)s %(secret:k)s %%"),
            ("%(prop:b:+%(prop:c)s)s", "%(prop:b:+%(prop:c:-)s)s"),
            ("%(kw:it)s %(odd)s", "%(kw:it:-)s %(odd)s"),
        ];
        for (template, expected) in templates {
            assert_eq!(with_defaults(template), expected);
        }
    }
}
