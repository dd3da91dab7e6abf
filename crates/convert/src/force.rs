//! `force(…)` and its fields.

use crate::arguments::{Arguments, is_true, strings};
use crate::configuration::Converter;
use crate::recording::{Made, Value};
use crate::schedulers::{Scheduler, begin};
use crate::starlark::{Call, dict, plain_list, quote};

/// What a form asks for anyway, and what the source is asked for by.
const TAKEN: [&str; 7] = [
    "reason",
    "branch",
    "revision",
    "repository",
    "project",
    "owner",
    "priority",
];

impl<'r> Converter<'r> {
    pub(crate) fn force(&mut self, scheduler: &mut Scheduler<'r>, builders: &str) -> Call {
        let at = scheduler.at.clone();
        let mut call = begin("force", scheduler, builders);
        call.set_some("label", scheduler.arguments.text("label").map(quote));
        call.set_some("button", scheduler.arguments.text("buttonName").map(quote));
        if let Some(reason) = scheduler
            .arguments
            .take("reason")
            .and_then(|it| self.recording.made(it))
        {
            let default = Arguments::of(reason.2)
                .text("default")
                .filter(|it| !it.is_empty());
            call.set_some("reason", default.map(quote));
        }
        self.forced_codebases(scheduler, &mut call);
        let mut fields = vec![];
        let mut fixed = vec![];
        if let Some(Value::List(parameters)) = scheduler.arguments.take("properties") {
            for parameter in parameters {
                self.field(parameter, &mut fields, &mut fixed, at.as_deref());
            }
        }
        if !fields.is_empty() {
            call.set("fields", plain_list(fields));
        }
        if !fixed.is_empty() {
            call.set("properties", dict(&fixed));
        }
        scheduler
            .arguments
            .forget(&["username", "reasonString", "priority"]);
        call
    }

    /// What is built unless something else is asked for.
    fn forced_codebases(&mut self, scheduler: &mut Scheduler<'r>, call: &mut Call) {
        let Some(Value::List(items)) = scheduler.arguments.take("codebases") else {
            return;
        };
        let mut written = vec![];
        for item in items {
            let (name, told) = match item {
                Value::Text(name) => (name.clone(), vec![]),
                item => match self.recording.made(item) {
                    Some((_, _, made)) => (self.codebase_name(made), self.codebase_defaults(made)),
                    None => continue,
                },
            };
            written.push((name, told));
        }
        if let [(name, told)] = written.as_slice() {
            if !name.is_empty() {
                call.set("codebase", quote(name));
            }
            for (fact, text) in told.iter().filter(|it| it.0 != "revision") {
                call.set(fact, quote(text));
            }
            return;
        }
        let pairs = written.iter().map(|(name, told)| {
            let told: Vec<(String, String)> = told
                .iter()
                .map(|(fact, text)| (quote(fact), quote(text)))
                .collect();
            (quote(name), dict(&told))
        });
        let pairs: Vec<(String, String)> = pairs.collect();
        if !pairs.is_empty() {
            call.set("codebases", dict(&pairs));
        }
    }

    fn codebase_name(&self, made: &'r Made) -> String {
        Arguments::of(made)
            .text("codebase")
            .unwrap_or_default()
            .to_owned()
    }

    fn codebase_defaults(&self, made: &'r Made) -> Vec<(&'static str, String)> {
        let mut arguments = Arguments::of(made);
        let mut told = vec![];
        for fact in ["branch", "revision", "repository", "project"] {
            let default = match arguments.take(fact) {
                Some(Value::Text(text)) => Some(text.clone()),
                Some(value) => self.recording.made(value).and_then(|(_, _, made)| {
                    let mut arguments = Arguments::of(made);
                    let choices = arguments
                        .take("choices")
                        .and_then(strings)
                        .and_then(|it| it.into_iter().next());
                    arguments.text("default").map(str::to_owned).or(choices)
                }),
                None => None,
            };
            told.extend(default.filter(|it| !it.is_empty()).map(|it| (fact, it)));
        }
        told
    }

    /// A parameter as a field, or as a property that nobody is asked for.
    fn field(
        &mut self,
        value: &'r Value,
        fields: &mut Vec<String>,
        fixed: &mut Vec<(String, String)>,
        at: Option<&str>,
    ) {
        let at = self.recording.at(value).or(at);
        let Some((_, _, made)) = self.recording.made(value) else {
            self.lost(
                at,
                &format!("{} as a parameter", self.words_for(value)),
                "write field_text(NAME)",
            );
            return;
        };
        let mut arguments = Arguments::of(made);
        let class = made.class();
        let name = arguments.text("name").unwrap_or(match class {
            "UserNameParameter" => "username",
            "WorkerChoiceParameter" => "workername",
            _ => "",
        });
        if class == "FixedParameter" {
            let default = arguments
                .take("default")
                .map_or_else(|| quote(""), |it| self.property_value(it, at));
            fixed.push((quote(name), default));
            return;
        }
        if TAKEN.contains(&name) {
            let what = format!("the parameter `{name}`, a name that the form itself has");
            self.lost(at, &what, "give it another name, and use that property");
            return;
        }
        if class == "UserNameParameter" && name == "username" {
            // Whoever is signed in is known.
            return;
        }
        let Some(function) = function_of(class) else {
            let instead = match class {
                "FileParameter" => {
                    "give the content with field_text(NAME, lines = True), by `weir force --set-file`"
                }
                "WorkerChoiceParameter" => {
                    "leave it out, or write can_start_build, a function of a worker and a request"
                }
                _ => "write field_choice(NAME, [CHOICES])",
            };
            self.lost(at, &format!("the parameter `{name}` ({class})"), instead);
            return;
        };
        let mut call = Call::new(function);
        match (function, name.is_empty()) {
            ("field_group", true) => {}
            ("field_group", false) => call.set("name", quote(name)),
            _ => call = call.first(quote(name)),
        }
        let is_long = class == "TextParameter";
        self.of_field(&mut call, (function, is_long), &mut arguments, fixed, at);
        arguments.forget(&[
            "name",
            "size",
            "cols",
            "rows",
            "hide",
            "tooltip",
            "tablabel",
            "autopopulate",
            "need_email",
            "layout",
            "columns",
            "debug",
            "type",
        ]);
        self.unknown(at, &format!("the parameter `{name}`"), arguments);
        fields.push(call.render());
    }

    fn of_field(
        &mut self,
        call: &mut Call,
        (function, is_long): (&str, bool),
        arguments: &mut Arguments<'r>,
        fixed: &mut Vec<(String, String)>,
        at: Option<&str>,
    ) {
        if function == "field_group" {
            let mut inner = vec![];
            if let Some(Value::List(parameters)) = arguments.take("fields") {
                parameters
                    .iter()
                    .for_each(|it| self.field(it, &mut inner, fixed, at));
            }
            call.set("fields", plain_list(inner));
        }
        if function == "field_choice" {
            let choices = arguments.take("choices").and_then(strings).unwrap_or_default();
            call.set("choices", plain_list(choices.iter().map(|it| quote(it))));
            if arguments.truth("multiple") == Some(true) {
                call.set("multiple", "True");
            }
            if arguments.truth("strict") == Some(false) {
                call.set("strict", "False");
            }
        }
        call.set_some(
            "label",
            arguments
                .text("label")
                .filter(|it| !it.is_empty())
                .map(|it| quote(it.trim_end_matches(':'))),
        );
        if let Some(default) = arguments.take("default") {
            let default = match function {
                "field_bool" => Some(if is_true(default) { "True" } else { "False" }.to_owned()),
                "field_int" => self.data(default).map(|it| it.trim_matches('"').to_owned()),
                "field_text" | "field_choice" | "field_username" => {
                    self.data(default).filter(|it| it != "\"\"")
                }
                _ => None,
            };
            call.set_some("default", default);
        }
        if arguments.truth("required") == Some(true)
            && matches!(
                function,
                "field_text" | "field_int" | "field_choice" | "field_patch" | "field_username"
            )
        {
            call.set("required", "True");
        }
        if function == "field_text" {
            if is_long {
                call.set("lines", "True");
            }
            call.set_some(
                "pattern",
                arguments
                    .text("regex")
                    .filter(|it| self.regex(it, 0).is_some())
                    .map(quote),
            );
            if let Some(most) = arguments.take("maxsize") {
                call.set_some("max_length", self.data(most));
            }
        }
    }
}

fn function_of(class: &str) -> Option<&'static str> {
    Some(match class {
        "StringParameter" | "TextParameter" => "field_text",
        "IntParameter" => "field_int",
        "BooleanParameter" => "field_bool",
        "ChoiceStringParameter" => "field_choice",
        "UserNameParameter" => "field_username",
        "AnyPropertyParameter" => "field_properties",
        "PatchParameter" => "field_patch",
        "NestedParameter" | "ParameterGroup" => "field_group",
        _ => return None,
    })
}
