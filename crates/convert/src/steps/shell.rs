//! Steps that run commands.

use super::Writing;
use crate::configuration::Converter;
use crate::note::Note;
use crate::recording::Value;
use crate::starlark::{Call, Item, plain_list, quote};

/// What lines with warnings are like, unless a step says so.
const WARNING: &str = "(?i).*warning[: ].*";

/// Whether a step of that class looks for warnings in its output.
pub(crate) fn counts_warnings(class: &str) -> bool {
    matches!(
        class,
        "Compile" | "Test" | "WarningCountingShellCommand" | "PerlModuleTest" | "RpmLint"
    )
}

/// The command of a step that is given none.
fn default_command(class: &str) -> Option<&'static [&'static str]> {
    Some(match class {
        "Compile" => &["make", "all"],
        "Configure" => &["./configure"],
        "Test" => &["make", "test"],
        "PerlModuleTest" => &["prove", "--lib", "lib", "-r", "t"],
        "BuildEPYDoc" => &["make", "epydocs"],
        "PyFlakes" => &["make", "pyflakes"],
        "RemovePYCs" => &["find", ".", "-name", "*.pyc", "-exec", "rm", "{}", ";"],
        "TreeSize" => &["du", "-s", "-k", "."],
        _ => return None,
    })
}

impl<'r> Converter<'r> {
    /// A step that runs a command.
    pub(crate) fn shell(&mut self, writing: &mut Writing<'r>) -> Call {
        let at = writing.at.clone();
        let command = match (writing.arguments.take("command"), default_command(&writing.class)) {
            (Some(command), _) => self.command(command, at.as_deref()),
            (None, Some(words)) => plain_list(words.iter().map(|it| quote(it))),
            (None, None) => {
                let said = self.lost(
                    at.as_deref(),
                    &format!("the step `{}` has no command", writing.class),
                    "write its command",
                );
                writing.comments.push(said);
                quote("exit 1")
            }
        };
        let mut call = Call::new("shell").first(command);
        self.terms(writing, &mut call);
        self.input_and_output(writing, &mut call);
        match writing.class.as_str() {
            "SubunitShellCommand" => {
                call.set("tests", quote("subunit"));
                writing.arguments.forget(&["failureOnNoTests"]);
            }
            "PyFlakes" | "PyLint" | "TreeSize" | "Trial" => {
                let what = format!("what `{}` reads in the output", writing.class);
                let said = self.lost(
                    at.as_deref(),
                    &what,
                    "write warning_pattern = regex(\"…\"), or observe = a function of lines",
                );
                writing.comments.push(said);
                writing.arguments.forget(&["store_results"]);
            }
            _ => {}
        }
        call
    }

    fn input_and_output(&mut self, writing: &mut Writing<'r>, call: &mut Call) {
        let at = writing.at.clone();
        if writing.arguments.truth("usePTY") == Some(true) {
            call.set("pty", "True");
        }
        if let Some(input) = writing.arguments.take("initialStdin") {
            let input = self.text(input, at.as_deref());
            call.set("stdin", input);
        }
        if let Some(most) = writing.arguments.take_any(&["max_lines", "maxLines"]) {
            call.set_some("max_lines", self.data(most));
        }
        self.log_files(writing, call);
        if counts_warnings(&writing.class) {
            self.warnings(writing, call);
        }
    }

    fn warnings(&mut self, writing: &mut Writing<'r>, call: &mut Call) {
        let (expression, flags) = match writing.arguments.take("warningPattern") {
            Some(Value::Text(text)) => (text.clone(), 0),
            Some(Value::Regex(text, flags)) => (text.clone(), *flags),
            Some(_) => return,
            // Commands whose lines nobody has named look for none; what compiles and tests does.
            None => (WARNING.to_owned(), 0),
        };
        match self.regex(&expression, flags) {
            Some(regex) => call.set("warning_pattern", regex),
            None => {
                let what = format!("the regular expression `{expression}`");
                let said = self.lost(
                    writing.at(),
                    &what,
                    "write one without look-around and back-references",
                );
                writing.comments.push(said);
            }
        }
        if let Some(most) = writing.arguments.take("maxWarnCount") {
            call.set_some("max_warn_count", self.data(most));
        }
        let mut lost = vec![];
        for name in [
            "warningExtractor",
            "directoryEnterPattern",
            "directoryLeavePattern",
            "suppressionFile",
            "suppressionList",
        ] {
            if writing.arguments.take(name).is_some() {
                lost.push(format!("`{name}`"));
            }
        }
        if !lost.is_empty() {
            let what = format!("{} of the step `{}`", lost.join(", "), writing.class);
            let said = self.lost(
                writing.at(),
                &what,
                "observe = a function of the output's lines counts what you like",
            );
            writing.comments.push(said);
        }
    }

    /// A regular expression, if Weir's can be it: without look-around and back-references.
    pub(crate) fn regex(&self, expression: &str, flags: i64) -> Option<String> {
        let odd = ["(?=", "(?!", "(?<=", "(?<!", "(?P=", "\\1", "\\2", "\\3", "(?("];
        if expression.len() > 900 || odd.iter().any(|it| expression.contains(it)) {
            return None;
        }
        let mut letters = String::new();
        // Python's numbers of IGNORECASE, MULTILINE, DOTALL and VERBOSE.
        for (flag, letter) in [(2, 'i'), (8, 'm'), (16, 's'), (64, 'x')] {
            if flags & flag != 0 {
                letters.push(letter);
            }
        }
        // Rust has no `\Z`, and its `\z` is that.
        let expression = expression.replace("\\Z", "\\z");
        let expression = if letters.is_empty() {
            expression
        } else {
            format!("(?{letters}){expression}")
        };
        Some(format!("regex({})", quote(&expression)))
    }

    /// Several commands in a step.
    pub(crate) fn sequence(&mut self, writing: &mut Writing<'r>) -> Call {
        let at = writing.at.clone();
        let mut commands: Vec<Item> = vec![];
        match writing.arguments.take("commands") {
            Some(Value::List(items)) => items
                .iter()
                .for_each(|it| commands.extend(self.command_of_sequence(it, at.as_deref()))),
            _ => {
                let what = "the commands of a `ShellSequence`, which a function gives";
                let said = self.lost(
                    at.as_deref(),
                    what,
                    "write generate(…) with a function that gives shell(…) for each",
                );
                commands.push(Item {
                    comments: vec![said],
                    text: quote("exit 1"),
                });
            }
        }
        let mut call = Call::new("sequence").first(crate::starlark::list(commands));
        self.terms(writing, &mut call);
        self.log_files(writing, &mut call);
        call
    }

    fn command_of_sequence(&mut self, value: &'r Value, at: Option<&str>) -> Option<Item> {
        let Some((_, object, made)) = self.recording.made(value) else {
            return Some(Item::from(self.command(value, at)));
        };
        let at = object.at.as_deref().or(at);
        let mut arguments = crate::arguments::Arguments::of(made);
        let command = self.command(arguments.take("command")?, at);
        let mut call = Call::new("command").first(command);
        call.set_some(
            "log",
            arguments
                .take_any(&["logname", "logfile"])
                .map(|it| self.text(it, at)),
        );
        // Each command's own, which are as those of a step of Buildbot's.
        for (theirs, ours, otherwise, default) in [
            ("haltOnFailure", "halt_on_failure", false, true),
            ("flunkOnFailure", "flunk_on_failure", true, true),
            ("warnOnFailure", "warn_on_failure", false, false),
            ("flunkOnWarnings", "flunk_on_warnings", false, false),
        ] {
            let value = arguments.truth(theirs).unwrap_or(otherwise);
            if value != default {
                call.set(ours, if value { "True" } else { "False" });
            }
        }
        arguments.forget(&["warnOnWarnings", "logfile"]);
        let comments = self.unknown(at, "a command of a sequence", arguments);
        Some(Item {
            comments,
            text: call.render(),
        })
    }

    /// A command on the master's machine.
    pub(crate) fn master_shell(&mut self, writing: &mut Writing<'r>) -> Call {
        let at = writing.at.clone();
        let command = match writing.arguments.take("command") {
            Some(command) => self.command(command, at.as_deref()),
            None => quote("exit 1"),
        };
        let mut call = Call::new("master_shell").first(command);
        if let Some(Value::Text(folder)) = writing.arguments.take("path") {
            let what = format!("a command of the master in the folder `{folder}`");
            let said = self.lost(
                at.as_deref(),
                &what,
                "write `cd` in the command; its folder is one of the build's in the master's data",
            );
            writing.comments.push(said);
        }
        writing.arguments.forget(&["usePTY"]);
        self.terms(writing, &mut call);
        call
    }

    /// All notes so far, for those who say something once.
    pub(crate) fn has_noted(&self, what: &str) -> bool {
        self.notes.iter().any(|Note { what: it, .. }| it == what)
    }
}
