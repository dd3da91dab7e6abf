//! Evaluates a configuration, with bounds on what it may use.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use starlark::analysis::AstModuleLint;
use starlark::environment::{Globals, GlobalsBuilder, LibraryExtension, Module};
use starlark::eval::Evaluator;
use starlark::syntax::{AstModule, Dialect, DialectTypes};
use starlark::{Error, ErrorKind};

use crate::call::Function;
use crate::depth;
use crate::diagnostic::{ConfigErrors, Diagnostic, Place};
use crate::function::take_up_variable;
use crate::functions;
use crate::locks;
use crate::model::{ListenerConfig, MasterConfig, Source};
use crate::nearest::{did_you_mean, nearest};
use crate::object::{BROKEN, Broken, Builtin};
use crate::range::bounded_range;
use crate::session::{Files, Session};
use crate::sites::{self, Sites};

/// The longest file, in bytes.
const MAX_FILE: u64 = 1 << 20;
/// Calls and rounds of loops in one evaluation.
const MAX_TICKS: u64 = 500_000;
/// Bytes of Starlark values in one evaluation; looked at now and then, so more can be taken for a moment.
const MAX_HEAP: usize = 256 << 20;
/// Functions that have called each other.
pub(crate) const MAX_CALLS: usize = 50;
/// How long an evaluation may take; looked at now and then.
const LONGEST: Duration = Duration::from_secs(60);
/// Stack for an evaluation, since parsing takes more of it the deeper expressions nest.
const STACK: usize = 64 << 20;

/// Reads a master's configuration from a file. Token files are relative to its folder.
///
/// # Errors
/// Every mistake in it; one if it cannot be read.
pub fn load(path: &Path) -> Result<MasterConfig, ConfigErrors> {
    let (source, name, folder) = read(path)?;
    check(&source, &name, folder)
}

/// Reads a master's configuration from `source`, which mistakes call `file_name`. Token files are relative to
/// `folder`.
///
/// # Errors
/// Every mistake in it.
pub fn check(source: &str, file_name: &str, folder: &Path) -> Result<MasterConfig, ConfigErrors> {
    evaluate(
        source,
        file_name,
        folder,
        Files::Read,
        functions::MASTER,
        check_whole,
    )
}

/// Reads a master's configuration again, by which builds began that still run. It was right then, so the files of
/// secrets and certificates, which may be gone or changed since, are left alone: each secret from a file is empty.
///
/// # Errors
/// What this version takes for a mistake.
pub fn check_again(source: &Source) -> Result<MasterConfig, ConfigErrors> {
    let Source {
        text,
        file_name,
        folder,
    } = source;
    evaluate(
        text,
        file_name,
        folder,
        Files::LeftAlone,
        functions::MASTER,
        check_whole,
    )
}

fn check_whole(session: &Session) {
    if session.configure(|config| config.builders.is_empty()) {
        let help = Some("add builder(name = …, workers = […], steps = […])".to_owned());
        session.mistake(Place::default(), "no builder is configured".to_owned(), help);
    }
    locks::check_circles(session);
}

/// Reads a file of listeners, and of what they tell. Secret files are relative to its folder.
///
/// # Errors
/// Every mistake in it; one if it cannot be read.
pub fn load_listeners(path: &Path) -> Result<Vec<ListenerConfig>, ConfigErrors> {
    let (source, name, folder) = read(path)?;
    check_listeners(&source, &name, folder)
}

/// Reads a file of listeners from `source`, as [`check`] does.
///
/// # Errors
/// Every mistake in it.
pub fn check_listeners(
    source: &str,
    file_name: &str,
    folder: &Path,
) -> Result<Vec<ListenerConfig>, ConfigErrors> {
    let config = evaluate(
        source,
        file_name,
        folder,
        Files::Read,
        functions::LISTENERS,
        |session| {
            if session.configure(|config| config.listeners.is_empty()) {
                let help = Some("add e.g. webhook(name = …, url = …)".to_owned());
                session.mistake(Place::default(), "no listener is configured".to_owned(), help);
            }
        },
    )?;
    Ok(config.listeners)
}

/// The file's text, its name for people, and its folder.
fn read(path: &Path) -> Result<(String, String, &Path), ConfigErrors> {
    let name = path.display().to_string();
    let unreadable = |why: String| ConfigErrors::of_file(&name, why);
    let facts = std::fs::metadata(path).map_err(|error| unreadable(format!("cannot be read: {error}")))?;
    if !facts.is_file() {
        return Err(unreadable("is no file".to_owned()));
    }
    if facts.len() > MAX_FILE {
        return Err(unreadable(format!("has more than {MAX_FILE} bytes")));
    }
    let source =
        std::fs::read_to_string(path).map_err(|error| unreadable(format!("cannot be read: {error}")))?;
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    Ok((source, name, folder.unwrap_or(Path::new("."))))
}

/// Evaluates on a thread with a stack of its own; `complete` looks at the whole if there is no mistake.
fn evaluate(
    source: &str,
    file_name: &str,
    folder: &Path,
    files: Files,
    functions: &'static [&'static Function],
    complete: impl FnOnce(&Session) + Send,
) -> Result<MasterConfig, ConfigErrors> {
    if source.len() as u64 > MAX_FILE {
        return Err(ConfigErrors::of_file(
            file_name,
            format!("has more than {MAX_FILE} bytes"),
        ));
    }
    let run = || evaluate_here(source, file_name, folder, files, functions, LONGEST, complete);
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .name("configuration".to_owned())
            .stack_size(STACK)
            .spawn_scoped(scope, run)
            .map_err(|error| ConfigErrors::of_file(file_name, format!("cannot be evaluated: {error}")))?;
        thread
            .join()
            .unwrap_or_else(|_| Err(ConfigErrors::of_file(file_name, "its evaluation panicked")))
    })
}

fn evaluate_here(
    source: &str,
    file_name: &str,
    folder: &Path,
    files: Files,
    functions: &'static [&'static Function],
    longest: Duration,
    complete: impl FnOnce(&Session),
) -> Result<MasterConfig, ConfigErrors> {
    let dialect = dialect();
    if let Some(place) = depth::too_deep(source, file_name, &dialect) {
        return Err(ConfigErrors::new(vec![Diagnostic {
            file: file_name.to_owned(),
            line: place.line,
            column: place.column,
            message: format!("this nests more than {} levels deep", depth::MAX_DEPTH),
            help: Some("take parts of it into variables".to_owned()),
        }]));
    }
    let module = AstModule::parse(file_name, source.to_owned(), &dialect)
        .map_err(|error| ConfigErrors::new(vec![diagnostic(&error, file_name)]))?;
    let session = Session::new(file_name, source, folder.to_owned(), files, Sites::of(&module));
    session
        .is_elsewhere
        .set(functions.len() < functions::MASTER.len());
    let globals = globals(functions, &module, &session);
    let failure = run(module, &globals, &session, longest).err();
    let ended = failure.is_none();
    if let Some(failure) = failure {
        // An error about what a mistake gave comes from that mistake.
        if !(session.has_mistakes() && failure.message.contains(BROKEN)) {
            let place = Place {
                line: failure.line,
                column: failure.column,
            };
            session.mistake(place, failure.message, failure.help);
        }
    }
    if ended {
        session.check_references();
        session.check_circles();
        session.check_secrets();
        session.check_pb_users();
        session.check_reports();
        if !session.has_mistakes() {
            complete(&session);
        }
    }
    let program = Arc::clone(&session.program);
    let mut config = session.finish().map_err(ConfigErrors::new)?;
    program.name(&config);
    config.source = Source {
        text: source.to_owned(),
        file_name: file_name.to_owned(),
        folder: folder.to_owned(),
    };
    Ok(config)
}

/// Starlark as its users know it from Python: loops and conditions anywhere, f-strings, type annotations.
pub(crate) fn dialect() -> Dialect {
    Dialect {
        enable_load: false,
        enable_keyword_only_arguments: true,
        enable_types: DialectTypes::Enable,
        enable_top_level_stmt: true,
        enable_f_strings: true,
        ..Dialect::Standard
    }
}

/// Starlark's functions and ours. A name that is not known is a mistake, and is defined as what comes of one.
fn globals(functions: &'static [&'static Function], module: &AstModule, session: &Session) -> Globals {
    let extensions = [
        LibraryExtension::StructType,
        LibraryExtension::Map,
        LibraryExtension::Filter,
        LibraryExtension::Partial,
        LibraryExtension::SetType,
        LibraryExtension::Typing,
    ];
    let mut builder = GlobalsBuilder::extended_by(&extensions).with(bounded_range);
    for function in functions {
        builder.set(function.name, Builtin { function, of: None });
    }
    let known: HashSet<String> = {
        let globals = GlobalsBuilder::extended_by(&extensions).build();
        let own = functions.iter().map(|it| it.name.to_owned());
        globals
            .names()
            .map(|it| it.as_str().to_owned())
            .chain(own)
            .collect()
    };
    for lint in module.lint(Some(&known)) {
        if lint.short_name == "using-undefined" {
            let name = lint.original;
            let place = sites::place(&lint.location.file, lint.location.span);
            let candidates = known.iter().map(String::as_str).chain(session.sites.names());
            let instead = functions::instead(functions, &name).map(str::to_owned);
            let help = instead.or_else(|| nearest(&name, candidates).map(did_you_mean));
            session.mistake(place, format!("there is no '{name}'"), help);
            builder.set(&name, Broken);
        }
    }
    builder.build()
}

fn run(module: AstModule, globals: &Globals, session: &Session, longest: Duration) -> Result<(), Diagnostic> {
    let deadline = Instant::now() + longest;
    Module::with_temp_heap(|environment| {
        let mut evaluator = Evaluator::new(&environment);
        evaluator.extra = Some(session);
        evaluator.set_check_cancelled(Box::new(move || Instant::now() >= deadline));
        let bounded = evaluator
            .set_max_tick_count(MAX_TICKS)
            .and_then(|()| evaluator.set_max_heap_size(MAX_HEAP))
            .and_then(|()| evaluator.set_max_callstack_size(MAX_CALLS));
        if let Err(error) = bounded {
            return Err(diagnostic(&Error::new_other(error), &session.file));
        }
        let ended = evaluator.eval_module(module, globals).map(drop);
        ended.map_err(|error| {
            let mut diagnostic = diagnostic(&error, &session.file);
            let goes_beyond = if evaluator.get_total_tick_count() >= MAX_TICKS {
                format!("more than {MAX_TICKS} calls and rounds of loops")
            } else if Instant::now() >= deadline {
                format!("takes longer than {} seconds", longest.as_secs_f64())
            } else {
                return diagnostic;
            };
            diagnostic.message = goes_beyond;
            diagnostic.help = Some("is there a loop that hardly ends?".to_owned());
            diagnostic
        })?;
        drop(evaluator);
        if session.has_generators.get() {
            // What a function gives may name any of the file's functions.
            let names: BTreeSet<String> = environment
                .names()
                .map(|it| it.as_str().to_owned())
                .filter(|it| !it.contains(' '))
                .collect();
            for value in names.iter().filter_map(|it| environment.get(it)) {
                take_up_variable(value, &environment, session);
            }
        }
        if session.has_functions() && !session.has_mistakes() {
            let frozen = environment.freeze();
            let frozen = frozen.map_err(|error| diagnostic(&error.into(), &session.file))?;
            session.program.complete(frozen);
        }
        Ok(())
    })
}

/// Starlark's error as ours.
pub(crate) fn diagnostic(error: &Error, file_name: &str) -> Diagnostic {
    let message = match error.kind() {
        ErrorKind::Fail(why) => format!("fail: {}", why.to_string().trim_start()),
        _ => error.without_diagnostic().to_string(),
    };
    let place = error
        .span()
        .map(|it| sites::place(&it.file, it.span))
        .unwrap_or_default();
    Diagnostic {
        file: file_name.to_owned(),
        line: place.line,
        column: place.column,
        message: message.trim().replace('\n', " "),
        help: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_evaluation_ends_in_time() {
        let source = "for _ in range(400000):\n    max(range(1000))";
        let longest = Duration::from_millis(50);
        let told = evaluate_here(
            source,
            "weir.star",
            Path::new("."),
            Files::LeftAlone,
            functions::MASTER,
            longest,
            |_| {},
        );
        assert_eq!(
            told.unwrap_err().to_string(),
            "weir.star: takes longer than 0.05 seconds; is there a loop that hardly ends?"
        );
    }
}
