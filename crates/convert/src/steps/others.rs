//! Which step is what.

use super::Writing;
use crate::arguments::{Arguments, is_true, strings};
use crate::configuration::Converter;
use crate::functions::Use;
use crate::recording::Value;
use crate::starlark::{Call, plain_list, quote};

impl<'r> Converter<'r> {
    /// The steps that the step becomes.
    pub(crate) fn step_calls(&mut self, writing: &mut Writing<'r>) -> Vec<Call> {
        let call = match writing.class.as_str() {
            "ShellCommand"
            | "Shell"
            | "Compile"
            | "Configure"
            | "Test"
            | "WarningCountingShellCommand"
            | "PerlModuleTest"
            | "SubunitShellCommand"
            | "RemovePYCs"
            | "TreeSize"
            | "PyFlakes" => self.shell(writing),
            "CMake" => self.cmake(writing),
            "ShellSequence" => self.sequence(writing),
            "MasterShellCommand" => self.master_shell(writing),
            "Git" => self.git(writing),
            "GitHub" | "GitLab" | "Gerrit" => {
                let what = format!("what the step `{}` does beyond `Git`", writing.class);
                let said = self.lost(
                    writing.at(),
                    &what,
                    "the branch of a change may be a reference such as refs/pull/1/head",
                );
                writing.comments.push(said);
                writing.class = "Git".to_owned();
                self.git(writing)
            }
            "SetProperty" => self.set_property(writing),
            "SetProperties" => self.set_properties(writing),
            "SetPropertyFromCommand" => self.property_from_command(writing),
            "SetPropertiesFromEnv" => return self.properties_from_environment(writing),
            "Trigger" => match self.trigger(writing) {
                Some(call) => call,
                None => {
                    return self.missing(
                        writing,
                        "schedulers that are not known",
                        "write trigger([NAME]) with a triggerable(…)",
                    );
                }
            },
            "RemoveDirectory"
            | "MakeDirectory"
            | "CopyDirectory"
            | "FileExists"
            | "FileUpload"
            | "DirectoryUpload"
            | "MultipleFileUpload"
            | "FileDownload"
            | "StringDownload"
            | "JSONStringDownload"
            | "JSONPropertiesDownload" => match self.about_files(writing) {
                Some(call) => call,
                None => {
                    return self.missing(
                        writing,
                        "a step about files without their paths",
                        "write upload_file(…), download_file(…), … with them",
                    );
                }
            },
            _ => return self.other(writing),
        };
        vec![call]
    }

    fn missing(&mut self, writing: &mut Writing<'r>, what: &str, instead: &str) -> Vec<Call> {
        let what = format!("the step `{}`: {what}", writing.class);
        let class = std::mem::take(&mut writing.class);
        let at = writing.at.clone();
        writing.comments.push(self.lost(at.as_deref(), &what, instead));
        let place = at.map_or(String::new(), |at| format!("{at}: "));
        let message = format!("{place}{what} was not carried over").replace('\'', "`");
        let mut call = Call::new("shell").first(quote(&format!("echo '{message}' >&2; exit 1")));
        let name = writing.arguments.text("name").unwrap_or(&class);
        call.set("name", quote(&super::step_name(name)));
        writing.class = class;
        writing.arguments = Arguments::of_dict(&[]);
        vec![call]
    }

    /// A step that Weir has no kind for.
    fn other(&mut self, writing: &mut Writing<'r>) -> Vec<Call> {
        let instead = match writing.class.as_str() {
            "Mercurial" => "run its program: shell(\"[ -d .hg ] || hg clone URL .; hg pull; hg update …\")",
            "SVN" => "run its program: shell(\"svn checkout URL .\")",
            "Bzr" | "CVS" | "Darcs" | "Monotone" | "P4" | "Repo" => "run its program with shell(…)",
            "GET" | "PUT" | "POST" | "DELETE" | "HEAD" | "OPTIONS" | "HTTPStep" => {
                "write master_shell([\"curl\", \"--fail\", URL])"
            }
            "GitTag" | "GitPush" | "GitCommit" | "GitDiffInfo" => "run git: shell([\"git\", …])",
            "LogRenderable" => "write master_shell([\"echo\", TEXT])",
            "Assert" => "write shell(\"exit 1\", do_if = a function of the build)",
            "Trial" => "write shell([\"trial\", …], tests = \"subunit\") with a reporter that writes it",
            _ if writing.arguments.clone().take("command").is_some() => {
                let what = format!("what the step `{}` does beyond its command", writing.class);
                let said = self.lost(
                    writing.at(),
                    &what,
                    "observe = a function of the output's lines may do it",
                );
                writing.comments.push(said);
                return vec![self.shell(writing)];
            }
            _ => "write shell(…) with the command that it runs",
        };
        let given = match writing.arguments.clone().take_any(&["repourl", "url"]) {
            Some(Value::Text(text)) => format!("`{text}`"),
            _ => "Weir has no such step".to_owned(),
        };
        self.missing(writing, &given, instead)
    }

    fn cmake(&mut self, writing: &mut Writing<'r>) -> Call {
        let at = writing.at.clone();
        let program = writing
            .arguments
            .take("cmake")
            .map_or_else(|| quote("cmake"), |it| self.text(it, at.as_deref()));
        let mut words = vec![program];
        if let Some(generator) = writing.arguments.take("generator") {
            words.push(quote("-G"));
            words.push(self.text(generator, at.as_deref()));
        }
        if let Some(Value::Dict(pairs)) = writing.arguments.take("definitions") {
            for (name, value) in pairs {
                let Value::Text(name) = name else { continue };
                words.push(match value {
                    Value::Text(value) => quote(&format!("-D{name}={value}")),
                    value => {
                        let value = self.text(value, at.as_deref());
                        format!(
                            "interpolate({}, value = {value})",
                            quote(&format!("-D{name}=%(kw:value:-)s"))
                        )
                    }
                });
            }
        }
        if let Some(Value::List(options)) = writing.arguments.take("options") {
            words.extend(options.iter().map(|it| self.text(it, at.as_deref())));
        }
        if let Some(path) = writing.arguments.take("path") {
            words.push(self.text(path, at.as_deref()));
        }
        let mut call = Call::new("shell").first(plain_list(words));
        self.terms(writing, &mut call);
        call
    }

    fn set_property(&mut self, writing: &mut Writing<'r>) -> Call {
        let at = writing.at.clone();
        let name = writing
            .arguments
            .text("property")
            .map_or_else(|| quote("unnamed"), quote);
        let value = writing.arguments.take_even_none("value").unwrap_or(&Value::None);
        let value = self.property_value(value, at.as_deref());
        let mut call = Call::new("set_property").first(name);
        call.set("value", value);
        self.terms(writing, &mut call);
        call
    }

    fn set_properties(&mut self, writing: &mut Writing<'r>) -> Call {
        let at = writing.at.clone();
        let mut call = Call::new("set_properties");
        let properties = writing
            .arguments
            .take("properties")
            .and_then(|it| self.properties(it, at.as_deref()));
        match properties {
            Some(properties) => call.set("properties", properties),
            None => {
                let what = "the properties of `SetProperties`, which a function gives";
                let said = self.lost(at.as_deref(), what, "write {NAME: a function of the build, …}");
                writing.comments.push(said);
                let failing = self.failing(
                    what,
                    "write {NAME: a function of the build, …}",
                    "",
                    at.as_deref(),
                );
                call.set("properties", format!("{{\"unknown\": {failing}}}"));
            }
        }
        self.terms(writing, &mut call);
        call
    }

    fn property_from_command(&mut self, writing: &mut Writing<'r>) -> Call {
        let at = writing.at.clone();
        let command = writing
            .arguments
            .take("command")
            .map_or_else(|| quote("exit 1"), |it| self.command(it, at.as_deref()));
        let extract = writing.arguments.take("extract_fn").filter(|it| is_true(it));
        let mut call = match (writing.arguments.text("property"), extract) {
            (Some(property), _) => {
                let mut call = Call::new("set_property").first(quote(property));
                call.set("command", command);
                if writing.arguments.truth("strip") == Some(false) {
                    call.set("strip", "False");
                }
                call
            }
            (None, Some(extract)) => {
                let mut call = Call::new("set_properties");
                call.set("command", command);
                call.set_some(
                    "extract",
                    self.function_argument(extract, Use::Output, at.as_deref()),
                );
                call
            }
            (None, None) => {
                let mut call = Call::new("set_property").first(quote("unnamed"));
                call.set("command", command);
                call
            }
        };
        writing
            .arguments
            .forget(&["strip", "includeStdout", "includeStderr"]);
        self.terms(writing, &mut call);
        call
    }

    fn properties_from_environment(&mut self, writing: &mut Writing<'r>) -> Vec<Call> {
        let names = writing
            .arguments
            .take("variables")
            .and_then(strings)
            .unwrap_or_default();
        writing.arguments = Arguments::of_dict(&[]);
        let calls = names.iter().map(|name| {
            let mut call = Call::new("set_property").first(quote(name));
            call.set("command", quote(&format!("printf %s \"${name}\"")));
            call
        });
        calls.collect()
    }
}
