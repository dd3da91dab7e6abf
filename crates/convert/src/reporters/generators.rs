//! What reporters tell: their generators and formatters.

use crate::arguments::{Arguments, is_true, strings};
use crate::configuration::Converter;
use crate::recording::{Made, Value};
use crate::starlark::{Call, Item, list, plain_list, quote};

/// What to write in the place of a formatter that is no plain text.
const INSTEAD_OF_FORMATTER: &str = "write text, html or markdown, templates with the names that \"Reports\" in the book has, or format, a function";

impl<'r> Converter<'r> {
    /// The reports that the generators make; `usual` if none are given.
    pub(super) fn reports(
        &mut self,
        arguments: &mut Arguments<'r>,
        usual: &[Call],
        at: Option<&str>,
    ) -> String {
        let Some(Value::List(generators)) = arguments.take("generators") else {
            return list(usual.iter().map(|it| Item::from(it.render())).collect());
        };
        let mut reports = vec![];
        let mut comments = vec![];
        for value in generators {
            let at = self.recording.at(value).or(at).map(str::to_owned);
            let report = match self.recording.made(value) {
                Some((_, _, made)) if made.custom.is_none() => self.report(made, at.as_deref()),
                _ => None,
            };
            match report {
                Some(report) => reports.push(Item {
                    comments: std::mem::take(&mut comments),
                    text: report,
                }),
                None => {
                    let what = format!("the generator {}", self.words_for(value));
                    let instead = "write build_report(when = …, format = …) or another report";
                    comments.push(self.lost(at.as_deref(), &what, instead));
                }
            }
        }
        if reports.is_empty() {
            // What is told is for people to say; a listener has to tell something.
            reports.push(Item {
                comments,
                text: Call::new("build_report").render(),
            });
        }
        list(reports)
    }

    /// What one generator is here; none if it is none of Buildbot's.
    fn report(&mut self, made: &'r Made, at: Option<&str>) -> Option<String> {
        let mut arguments = Arguments::of(made);
        let what = format!("the generator `{}`", made.class());
        let mut call = Call::new(match made.class() {
            "BuildStatusGenerator" | "BuildStartEndStatusGenerator" => "build_report",
            "BuildSetStatusGenerator" | "BuildSetCombinedStatusGenerator" => "buildset_report",
            "BuildRequestGenerator" => "request_report",
            "WorkerMissingGenerator" => "worker_report",
            _ => return None,
        });
        match made.class() {
            "BuildStatusGenerator" | "BuildSetStatusGenerator" => {
                let mode = arguments.take("mode").and_then(mode);
                call.set("mode", mode.unwrap_or_else(usual_mode));
                if arguments.truth("report_new") == Some(true) {
                    call.set("start", "True");
                }
            }
            "BuildStartEndStatusGenerator" => call.set("start", "True"),
            "BuildSetCombinedStatusGenerator" => call.set("combined", "True"),
            "WorkerMissingGenerator" => {
                let workers = arguments
                    .take("workers")
                    .filter(|it| **it != Value::Text("all".to_owned()));
                call.set_some("workers", workers.and_then(|it| self.patterns(it)));
            }
            _ => {}
        }
        self.select(&mut call, &mut arguments);
        self.said_in(&mut call, &mut arguments, at);
        self.files(&mut call, &mut arguments);
        for said in self.unknown(at, &what, arguments) {
            call.comment(&said);
        }
        Some(call.render())
    }

    /// Of which builds.
    fn select(&mut self, call: &mut Call, arguments: &mut Arguments<'r>) {
        for name in ["builders", "tags", "branches", "schedulers"] {
            let patterns = arguments.take(name).and_then(|it| match (name, it) {
                ("builders", Value::List(_)) => self.known_builders(it),
                _ => self.patterns(it),
            });
            call.set_some(name, patterns);
        }
    }

    /// What a reporter of Buildbot before 2.9 tells, which had no generators but their arguments.
    pub(super) fn without_generators(&mut self, arguments: &mut Arguments<'r>) -> Call {
        let mut call = Call::new("build_report");
        let mode = arguments.take("mode").and_then(mode);
        call.set("mode", mode.unwrap_or_else(usual_mode));
        self.select(&mut call, arguments);
        if let Some(subject) = arguments.text("subject") {
            call.set("subject", quote(&subject_template(subject)));
        }
        self.files(&mut call, arguments);
        call
    }

    /// In which words: what is no plain text is told of.
    fn said_in(&mut self, call: &mut Call, arguments: &mut Arguments<'r>, at: Option<&str>) {
        if let Some(subject) = arguments.text("subject") {
            call.set("subject", quote(&subject_template(subject)));
        }
        let formatters = [
            "message_formatter",
            "formatter",
            "end_formatter",
            "start_formatter",
        ];
        let mut is_first = true;
        for formatter in formatters
            .iter()
            .filter_map(|it| arguments.take(it))
            .collect::<Vec<_>>()
        {
            let Some((_, object, made)) = self.recording.made(formatter) else {
                continue;
            };
            let at = object.at.as_deref().or(at);
            let mut parts = Arguments::of(made);
            if made.custom.is_none() && made.class() == "MessageFormatterRenderable" && is_first {
                is_first = false;
                if let Some(text) = parts.text("template") {
                    call.set("text", quote(&verbatim(text)));
                    continue;
                }
            }
            let wants_logs = parts.take("want_logs_content").is_some_and(is_true);
            if wants_logs {
                call.set("attach_logs", "True");
            }
            parts.forget(&[
                "template_type",
                "want_properties",
                "want_steps",
                "want_logs",
                "wantProperties",
                "wantSteps",
                "wantLogs",
            ]);
            let says_nothing = matches!(
                made.class(),
                "MessageFormatter" | "MessageFormatterMissingWorker" | "MessageFormatterEmpty"
            ) && parts.clone().rest().is_empty();
            if made.custom.is_some() || !says_nothing {
                let what = format!("the formatter {}", self.words_for(formatter));
                call.comment(&self.lost(at, &what, INSTEAD_OF_FORMATTER));
            }
        }
    }

    fn files(&mut self, call: &mut Call, arguments: &mut Arguments<'r>) {
        match arguments.take_any(&["add_logs", "addLogs"]) {
            Some(Value::Bool(true)) => call.set("attach_logs", "True"),
            Some(names @ Value::List(_)) => call.set_some("attach_logs", self.patterns(names)),
            _ => {}
        }
        if arguments
            .take_any(&["add_patch", "addPatch"])
            .is_some_and(is_true)
        {
            call.set("attach_patch", "True");
        }
    }
}

/// The mode as it was: one word, or a list without `all`.
fn mode(value: &Value) -> Option<String> {
    match value {
        Value::Text(word) => Some(quote(word)),
        Value::List(_) => {
            let words = strings(value)?;
            Some(plain_list(words.iter().map(|it| quote(it))))
        }
        _ => None,
    }
}

/// Buildbot's, where none is given.
pub(super) fn usual_mode() -> String {
    plain_list(["failing", "passing", "warnings"].map(quote))
}

/// A report of builds that have ended, in Buildbot's usual mode.
pub(super) fn ends() -> Call {
    let mut call = Call::new("build_report");
    call.set("mode", usual_mode());
    call
}

/// A report of builds that begin and end.
pub(super) fn starts_and_ends() -> Call {
    let mut call = Call::new("build_report");
    call.set("start", "True");
    call
}

/// `%(result)s` and the like as the names that templates have.
fn subject_template(subject: &str) -> String {
    let template = verbatim(subject);
    [
        ("%(result)s", "{{ results }}"),
        (
            "%(builder)s",
            "{{ build.builder if build else \"whole buildset\" }}",
        ),
        ("%(title)s", "{{ title }}"),
        ("%(projectName)s", "{{ title }}"),
        ("%%", "%"),
    ]
    .iter()
    .fold(template, |template, (theirs, ours)| {
        template.replace(theirs, ours)
    })
}

/// A text as a template that says it as it is.
fn verbatim(text: &str) -> String {
    match ["{{", "{%", "{#"].iter().any(|it| text.contains(it)) {
        true => format!("{{% raw %}}{text}{{% endraw %}}"),
        false => text.to_owned(),
    }
}
