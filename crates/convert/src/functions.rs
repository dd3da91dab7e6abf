//! Functions of the configuration.

use crate::arguments::Arguments;
use crate::configuration::Converter;
use crate::recording::{Function, Made, ObjectKind, Value};
use crate::starlark::{comment, commented_out, quote};

/// What a function is used for: what it is given, and what Weir gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Something of a build: whether a step runs, what a text is.
    Build,
    /// Whether a change counts.
    Change,
    /// Whether a step is hidden.
    Hide,
    /// The properties in a command's output.
    Output,
}

impl Use {
    fn word(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Change => "change",
            Self::Hide => "hide",
            Self::Output => "output",
        }
    }

    fn parameters(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Change => "change",
            Self::Hide => "build, results",
            Self::Output => "exit_code, stdout, stderr",
        }
    }

    /// How to write one anew.
    fn instead(self) -> &'static str {
        match self {
            Self::Build => {
                "write a function of the build, which has prop(NAME), properties, sources, changes and worker"
            }
            Self::Change => {
                "write a function of the change, which has branch, files, author, comments and more"
            }
            Self::Hide => "write a function of the build and of the word for the results, e.g. \"success\"",
            Self::Output => {
                "write a function of the exit code, standard output and standard error that gives a dict"
            }
        }
    }
}

impl<'r> Converter<'r> {
    /// A function of the build for what was made: by `renderer`, an operator, or what else is known only then.
    pub(crate) fn function_of_build(&mut self, number: usize, at: Option<&str>) -> String {
        self.function(number, Use::Build, at)
    }

    /// The function for that use: its name, or a lambda.
    pub(crate) fn function(&mut self, number: usize, used: Use, at: Option<&str>) -> String {
        if let Some(name) = self.functions.get(&(number, used.word())) {
            return name.clone();
        }
        let Some(object) = self.recording.objects.get(number) else {
            return self.failing("a value", used.instead(), "", at);
        };
        let written = match &object.kind {
            ObjectKind::Function(function) => self.carried(function, used, object.at.as_deref()),
            ObjectKind::Made(made) => self.of_made(made, used, object.at.as_deref().or(at)),
            ObjectKind::Class(_) | ObjectKind::Other(_) => {
                let what = self.words_for(&Value::Object(number));
                self.failing_for(&what, used, used.instead(), "", at)
            }
        };
        self.functions.insert((number, used.word()), written.clone());
        written
    }

    fn of_made(&mut self, made: &'r Made, used: Use, at: Option<&str>) -> String {
        if made.class() == "renderer"
            && let Some(Value::Object(number)) = Arguments::of(made).take("function")
        {
            return self.function(*number, used, at);
        }
        if let Some(expression) = self.expression(made) {
            return format!("lambda build: {expression}");
        }
        let what = match &made.custom {
            Some(custom) => format!("`{}`, a class of your own", custom.class),
            None => format!("`{}`", made.class()),
        };
        self.failing_for(&what, used, used.instead(), "", at)
    }

    /// What an operator on properties comes to, as an expression in a function of the build.
    fn expression(&self, made: &Made) -> Option<String> {
        if made.class() == "Property" {
            let mut arguments = Arguments::of(made);
            let name = quote(arguments.text("key")?);
            return Some(match arguments.take("default") {
                Some(default) => format!("build.prop({name}, {})", self.data(default)?),
                None => format!("build.prop({name})"),
            });
        }
        if made.class() != "Operator" {
            return None;
        }
        let operand = |value: &Value| match self.recording.made(value) {
            Some((_, _, made)) => self.expression(made),
            None => self.data(value),
        };
        let [Value::Text(operator), left, right] = made.args.as_slice() else {
            return None;
        };
        let (left, right) = (operand(left)?, operand(right)?);
        Some(match operator.as_str() {
            "[]" => format!("{left}[{right}]"),
            operator => format!("({left} {operator} {right})"),
        })
    }

    fn carried(&mut self, function: &'r Function, used: Use, at: Option<&str>) -> String {
        match function.starlark.get(used.word()) {
            Some(text) if text.starts_with("lambda") => text.clone(),
            Some(text) => {
                let name = self.new_variable(function.name.rsplit('.').next().unwrap_or("function"));
                let place = at.map_or(String::new(), |at| comment(&format!("From {at}."), 100) + "\n");
                let text = text.replacen("def NAME(", &format!("def {name}("), 1);
                self.definitions.push(format!("{place}{text}"));
                name
            }
            None => {
                let why = function.why.get(used.word()).map_or("", String::as_str);
                let what = match function.name.as_str() {
                    name if name.ends_with("lambda") => format!("a lambda ({why})"),
                    name => format!("the function `{name}` ({why})"),
                };
                self.failing_for(&what, used, used.instead(), &function.source, at)
            }
        }
    }

    /// A function of the build that fails, in the place of what is not carried over.
    pub(crate) fn failing(&mut self, what: &str, instead: &str, source: &str, at: Option<&str>) -> String {
        self.failing_for(what, Use::Build, instead, source, at)
    }

    fn failing_for(
        &mut self,
        what: &str,
        used: Use,
        instead: &str,
        source: &str,
        at: Option<&str>,
    ) -> String {
        let said = self.lost(at, what, instead);
        let named = what.split('`').nth(1).filter(|it| {
            it.chars()
                .all(|it| it.is_alphanumeric() || it == '_' || it == '.')
        });
        let name = named.map_or("to_be_written".to_owned(), |it| {
            it.rsplit('.').next().unwrap_or(it).to_owned()
        });
        let name = self.new_variable(&name);
        let place = at.map_or(String::new(), |at| format!("{at}: "));
        let source = match source.is_empty() {
            true => String::new(),
            false => format!("{}\n", commented_out(source)),
        };
        self.definitions.push(format!(
            "{}\n{source}def {name}({}):\n    fail({})",
            comment(&said, 100),
            used.parameters(),
            quote(&format!("{place}{what} was not carried over")),
        ));
        name
    }

    /// The function that an argument is, if it is one; a truth is a truth.
    pub(crate) fn function_argument(
        &mut self,
        value: &'r Value,
        used: Use,
        at: Option<&str>,
    ) -> Option<String> {
        match value {
            Value::Object(number) => Some(self.function(*number, used, at)),
            _ => None,
        }
    }

    /// The source of a function, as a comment: in the place of one that is not carried over.
    pub(crate) fn source_of(&self, value: &Value) -> String {
        let Value::Object(number) = value else {
            return String::new();
        };
        match self.recording.objects.get(*number).map(|it| &it.kind) {
            Some(ObjectKind::Function(function)) if !function.source.is_empty() => {
                format!("\n{}", function.source)
            }
            _ => String::new(),
        }
    }
}
