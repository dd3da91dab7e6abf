//! What every step may be given.

use super::{Writing, step_name};
use crate::arguments::{is_true, number};
use crate::configuration::Converter;
use crate::functions::Use;
use crate::recording::Value;
use crate::starlark::{Call, dict, duration, plain_list, quote};

/// What displays alone would show, and what Weir has no need of.
const NOT_NEEDED: &[&str] = &[
    "description",
    "descriptionDone",
    "descriptionSuffix",
    "logEnviron",
    "progressMetrics",
    "useProgress",
    "updateBuildSummaryPolicy",
    "want_stdout",
    "want_stderr",
    "blocksize",
    "parms",
    "renderables",
];

const RESULTS: [&str; 7] = [
    "success",
    "warnings",
    "failure",
    "skipped",
    "exception",
    "retry",
    "cancelled",
];

/// How a step counts for its build, unless it says so.
struct Counts {
    halt: bool,
    flunk: bool,
    warn: bool,
}

fn counts_of(class: &str) -> Counts {
    let halts = [
        "Bzr",
        "CMake",
        "CVS",
        "Compile",
        "Configure",
        "CopyDirectory",
        "Darcs",
        "DebCowbuilder",
        "DebPbuilder",
        "DirectoryUpload",
        "FileDownload",
        "FileExists",
        "FileUpload",
        "Gerrit",
        "Git",
        "GitHub",
        "GitLab",
        "JSONPropertiesDownload",
        "JSONStringDownload",
        "MakeDirectory",
        "MasterShellCommand",
        "Mercurial",
        "Mock",
        "MockBuildSRPM",
        "MockRebuild",
        "Monotone",
        "MultipleFileUpload",
        "P4",
        "RemoveDirectory",
        "Repo",
        "RpmBuild",
        "SVN",
        "Sphinx",
        "StringDownload",
    ];
    Counts {
        halt: halts.contains(&class),
        flunk: !matches!(class, "DebLintian" | "PyFlakes"),
        warn: matches!(
            class,
            "DebLintian" | "HLint" | "PerlModuleTest" | "RpmLint" | "Test"
        ),
    }
}

impl<'r> Converter<'r> {
    /// Moves what every step may be given to the call.
    pub(crate) fn terms(&mut self, writing: &mut Writing<'r>, call: &mut Call) {
        self.name_of_step(writing, call);
        if let Some(environment) = writing.arguments.take("env") {
            let at = writing.at.clone();
            call.set_some("env", self.environment(environment, at.as_deref()));
        }
        if let Some(workdir) = writing.arguments.take("workdir") {
            let at = writing.at.clone();
            let workdir = self.text(workdir, at.as_deref());
            call.set("workdir", workdir);
        }
        Self::counts(writing, call);
        self.conditions(writing, call);
        Self::limits(writing, call);
        if let Some(locks) = writing.arguments.take("locks").filter(|it| is_true(it)) {
            let at = writing.at.clone();
            call.set_some("locks", self.lock_list(locks, at.as_deref()));
        }
        call.set_some("log_encoding", writing.arguments.text("logEncoding").map(quote));
        writing.arguments.forget(NOT_NEEDED);
    }

    fn name_of_step(&mut self, writing: &mut Writing<'r>, call: &mut Call) {
        match writing.arguments.take("name") {
            Some(Value::Text(name)) => call.set("name", quote(&step_name(name))),
            Some(_) => {
                let said = self.lost(
                    writing.at(),
                    "a step's name that depends on the build",
                    "give it a name that is a string",
                );
                writing.comments.push(said);
            }
            // By these, people know them.
            None if matches!(
                writing.class.as_str(),
                "Compile" | "Configure" | "Test" | "CMake" | "Sphinx" | "PyFlakes"
            ) =>
            {
                call.set("name", quote(&writing.class.to_lowercase()));
            }
            None => {}
        }
    }

    /// Weir's steps halt and flunk unless they say so; Buildbot's have each their own.
    fn counts(writing: &mut Writing<'r>, call: &mut Call) {
        let counts = counts_of(&writing.class);
        // Where no warnings can come up, it makes no difference whether they count.
        let has_codes = writing.arguments.clone().take("decodeRC").is_some();
        let may_warn = has_codes || super::shell::counts_warnings(&writing.class);
        let mut truth = |name: &str, otherwise: bool| writing.arguments.take(name).map_or(otherwise, is_true);
        let flags = [
            ("halt_on_failure", truth("haltOnFailure", counts.halt), true),
            ("flunk_on_failure", truth("flunkOnFailure", counts.flunk), true),
            ("warn_on_failure", truth("warnOnFailure", counts.warn), false),
            ("flunk_on_warnings", truth("flunkOnWarnings", false), false),
            ("always_run", truth("alwaysRun", false), false),
        ];
        for (name, value, ours) in flags {
            if value != ours {
                call.set(name, if value { "True" } else { "False" });
            }
        }
        let warns = truth("warnOnWarnings", writing.class == "HLint");
        if may_warn && !warns {
            call.set("warn_on_warnings", "False");
        }
    }

    fn conditions(&mut self, writing: &mut Writing<'r>, call: &mut Call) {
        let at = writing.at.clone();
        match writing.arguments.take("doStepIf") {
            None | Some(Value::Bool(true)) => {}
            Some(Value::Bool(false)) => call.set("do_if", "False"),
            Some(value) => call.set_some("do_if", self.function_argument(value, Use::Build, at.as_deref())),
        }
        match writing.arguments.take("hideStepIf") {
            None | Some(Value::Bool(false)) => {}
            Some(Value::Bool(true)) => call.set("hide_if", "True"),
            Some(value) => call.set_some("hide_if", self.function_argument(value, Use::Hide, at.as_deref())),
        }
        if let Some(Value::Dict(pairs)) = writing.arguments.take("decodeRC") {
            let result = |value: &Value| match value {
                Value::Int(it) => RESULTS
                    .get(usize::try_from(*it).ok()?)
                    .copied()
                    .filter(|it| !matches!(*it, "retry" | "cancelled")),
                _ => None,
            };
            let mut codes = vec![];
            for (code, value) in pairs {
                match (code, result(value)) {
                    (Value::Int(code), Some(result)) => codes.push((code.to_string(), quote(result))),
                    _ => {
                        let what = "a result in `decodeRC` that no exit code can have";
                        let said = self.lost(
                            at.as_deref(),
                            what,
                            "write \"success\", \"warnings\", \"failure\", \"skipped\" or \"exception\"",
                        );
                        writing.comments.push(said);
                    }
                }
            }
            if !codes.is_empty() {
                call.set("decode_rc", dict(&codes));
            }
        }
    }

    fn limits(writing: &mut Writing<'r>, call: &mut Call) {
        match writing.arguments.take_even_none("timeout") {
            Some(Value::None) => call.set("idle_timeout", "None"),
            Some(Value::Int(1200)) => {}
            Some(seconds) => call.set_some("idle_timeout", number(seconds).map(duration)),
            None => {}
        }
        for (theirs, ours) in [("maxTime", "total_timeout"), ("sigtermTime", "stop_grace")] {
            if let Some(seconds) = writing.arguments.take(theirs).and_then(number) {
                call.set(ours, duration(seconds));
            }
        }
        if let Some(signal) = writing.arguments.text("interruptSignal") {
            let signal = signal.trim_start_matches("SIG");
            // Buildbot's own is KILL, Weir's TERM and then KILL.
            if ["TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "KILL"].contains(&signal) {
                call.set("stop_signal", quote(signal));
            }
        }
    }

    /// Files that a command writes, as logs of its step.
    pub(crate) fn log_files(&mut self, writing: &mut Writing<'r>, call: &mut Call) {
        let at = writing.at.clone();
        if let Some(Value::Dict(pairs)) = writing.arguments.take("logfiles") {
            let mut files = vec![];
            for (name, file) in pairs {
                let Value::Text(name) = name else { continue };
                let file = match file {
                    Value::Dict(facts) => {
                        let mut facts = crate::arguments::Arguments::of_dict(facts);
                        let follow = facts.truth("follow").unwrap_or_default();
                        let Some(path) = facts.take("filename") else {
                            continue;
                        };
                        let path = self.text(path, at.as_deref());
                        match follow {
                            true => dict(&[(quote("filename"), path), (quote("follow"), "True".to_owned())]),
                            false => path,
                        }
                    }
                    file => self.text(file, at.as_deref()),
                };
                files.push((quote(&step_name(name)), file));
            }
            if !files.is_empty() {
                call.set("logfiles", dict(&files));
            }
        }
        if writing.arguments.truth("lazylogfiles") == Some(true) {
            call.set("lazy_logfiles", "True");
        }
    }

    /// The names of schedulers or of anything, as a list.
    pub(crate) fn name_list(names: &[String]) -> String {
        plain_list(names.iter().map(|it| quote(it)))
    }
}
