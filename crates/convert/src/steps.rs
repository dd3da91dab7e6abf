//! Steps.

mod files;
mod others;
mod shell;
mod source;
mod terms;
mod triggers;

use crate::arguments::Arguments;
use crate::configuration::Converter;
use crate::recording::{Made, Value};
use crate::starlark::{Call, Item, quote};

/// Methods of a user's class that show something and decide nothing.
const SHOWING: [&str; 9] = [
    "describe",
    "createSummary",
    "getText",
    "getText2",
    "getCurrentSummary",
    "getResultSummary",
    "commandComplete",
    "maybeGetText2",
    "setDefaultWorkdir",
];

/// A step that is being written.
pub(crate) struct Writing<'r> {
    /// Its class.
    pub(crate) class: String,
    pub(crate) arguments: Arguments<'r>,
    pub(crate) at: Option<String>,
    /// What is said before it.
    pub(crate) comments: Vec<String>,
}

impl Writing<'_> {
    pub(crate) fn at(&self) -> Option<&str> {
        self.at.as_deref()
    }
}

impl<'r> Converter<'r> {
    /// The step, or several in its place; a list is several.
    pub(crate) fn step(&mut self, value: &'r Value, at: Option<&str>) -> Vec<Item> {
        if let Value::List(items) = value {
            return items.iter().flat_map(|it| self.step(it, at)).collect();
        }
        let Some((_, object, made)) = self.recording.made(value) else {
            let what = format!("{} as a step", self.words_for(value));
            return vec![self.missing_step("step", &what, "write shell(…), or what it does", at)];
        };
        let at = object.at.as_deref().or(at);
        let mut writing = Writing {
            class: made.class().to_owned(),
            arguments: Arguments::of(made),
            at: at.map(str::to_owned),
            comments: vec![],
        };
        if let Some(item) = self.custom_step(made, &mut writing) {
            return vec![item];
        }
        let calls = self.step_calls(&mut writing);
        let what = format!("the step `{}`", writing.class);
        let mut comments = std::mem::take(&mut writing.comments);
        comments.extend(self.unknown(at, &what, writing.arguments));
        let mut items: Vec<Item> = calls.iter().map(|it| Item::from(it.render())).collect();
        if let Some(first) = items.first_mut() {
            first.comments = comments;
        }
        items
    }

    /// What stands for a step of a class of the user's own, unless that only gives arguments to Buildbot's.
    fn custom_step(&mut self, made: &'r Made, writing: &mut Writing<'r>) -> Option<Item> {
        let custom = made.custom.as_ref()?;
        let deciding: Vec<&str> = custom
            .methods
            .iter()
            .map(String::as_str)
            .filter(|it| !SHOWING.contains(it))
            .collect();
        if deciding.is_empty() {
            let shown: Vec<String> = custom.methods.iter().map(|it| format!("`{it}`")).collect();
            if !shown.is_empty() {
                let what = format!("{} of the class `{}`", shown.join(" and "), custom.class);
                let said = self.lost(
                    writing.at(),
                    &what,
                    "observe = a function of the output's lines tells of a step",
                );
                writing.comments.push(said);
            }
            return None;
        }
        let what = format!(
            "the step `{}`, a class of your own with {}",
            custom.class,
            deciding.join(", ")
        );
        let instead = "write a function that gives steps, or generate(…): see \"Custom steps\" in the book";
        Some(self.missing_step(&custom.class, &what, instead, writing.at()))
    }

    /// In the place of a step that is not carried over: one that fails, and says so.
    pub(crate) fn missing_step(&mut self, name: &str, what: &str, instead: &str, at: Option<&str>) -> Item {
        let said = self.lost(at, what, instead);
        let place = at.map_or(String::new(), |at| format!("{at}: "));
        let message = format!("{place}{what} was not carried over").replace('\'', "`");
        let mut call = Call::new("shell").first(quote(&format!("echo '{message}' >&2; exit 1")));
        call.set("name", quote(&step_name(name)));
        Item {
            comments: vec![said],
            text: call.render(),
        }
    }
}

/// A name that a step can have.
pub(crate) fn step_name(name: &str) -> String {
    let name: String = name
        .replace('/', "_")
        .chars()
        .filter(|it| !it.is_control())
        .take(50)
        .collect();
    if name.trim().is_empty() {
        "step".to_owned()
    } else {
        name
    }
}
