//! Functions of the configuration that are called while the master runs (Buildbot's renderers, `doStepIf`,
//! `nextBuild` and their like).
//!
//! What such a function is told is plain data, and so is what it gives; the same of one gives the same of the other.
//! Its module is frozen, so that a call changes nothing and calls do not know of each other.

mod answer;
mod argument;
mod choose;
mod facts;
mod matching;
mod observe;
mod plan;
mod report;
mod run;
mod take_up;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

use starlark::environment::FrozenModule;
use starlark::values::Value;

use crate::diagnostic::Place;
use crate::model::{LockConfig, LogTerms, MasterConfig, SchedulerKind};

pub use answer::Answer;
pub use argument::{Argument, BuildFacts, Facts, RequestFacts, WaitingBuilder};
pub(crate) use matching::{MATCH, MatchMethod};
pub use observe::{Observed, OutputEnd, OutputLine};
pub(crate) use plan::take_back;
pub use plan::{Generated, MOST_GENERATED, RanStep, StepFacts, StepOutput};
pub use run::{LONGEST_CALL, MAX_TICKS_OF_CALL};
pub(crate) use take_up::{is_function, take_up, take_up_variable};

/// A configuration's text after its evaluation, with what its functions need.
pub(crate) struct Program {
    /// The file's name, for people.
    file: String,
    /// The configuration's text.
    text: Arc<str>,
    /// What is left of the evaluation; none before its end.
    module: OnceLock<FrozenModule>,
    /// What steps that functions give may name; none before its end.
    names: OnceLock<Names>,
}

/// What steps may name.
struct Names {
    functions: BTreeMap<String, Function>,
    locks: Vec<LockConfig>,
    /// What holds for the logs of all steps.
    log: LogTerms,
    triggerables: Vec<String>,
}

impl Program {
    /// One that is still to be evaluated.
    pub(crate) fn new(file: &str, text: &str) -> Arc<Self> {
        Arc::new(Self {
            file: file.to_owned(),
            text: text.into(),
            module: OnceLock::new(),
            names: OnceLock::new(),
        })
    }

    /// The file's name, for people.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    /// Keeps what the evaluation left: from now on its functions can be called.
    pub(crate) fn complete(&self, module: FrozenModule) {
        // A program is evaluated once.
        let _ = self.module.set(module);
    }

    /// Keeps what steps may name that functions give.
    pub(crate) fn name(&self, config: &MasterConfig) {
        let functions = config.functions.0.iter();
        let triggerables = config.schedulers.iter().filter(|it| {
            matches!(
                it.kind,
                SchedulerKind::Triggerable { .. } | SchedulerKind::NightlyTriggerable { .. }
            )
        });
        let _ = self.names.set(Names {
            functions: functions.map(|(id, it)| (id.clone(), it.weak())).collect(),
            locks: config.locks.clone(),
            log: config.log,
            triggerables: triggerables.map(|it| it.name.clone()).collect(),
        });
    }

    /// The function of that id.
    pub(crate) fn function(&self, id: &str) -> Option<&Function> {
        self.names.get()?.functions.get(id)
    }

    /// The function that the value is.
    pub(crate) fn function_of(&self, value: Value<'_>) -> Option<Function> {
        let module = self.module.get()?;
        let is_it = |it: &&Function| {
            let slot = module.get(&Self::slot(it.id()));
            slot.is_ok_and(|slot| slot.value().ptr_eq(value))
        };
        self.names.get()?.functions.values().find(is_it).cloned()
    }

    /// The lock of that name.
    pub(crate) fn lock(&self, name: &str) -> Option<LockConfig> {
        let locks = &self.names.get()?.locks;
        locks.iter().find(|it| it.name == name).cloned()
    }

    /// What holds for the logs of all steps.
    pub(crate) fn log(&self) -> LogTerms {
        self.names.get().map(|it| it.log).unwrap_or_default()
    }

    /// The schedulers that builds can trigger.
    pub(crate) fn triggerables(&self) -> &[String] {
        self.names.get().map_or(&[], |it| it.triggerables.as_slice())
    }

    /// The name of the module's variable that holds a function; no name in a text has a space.
    pub(crate) fn slot(id: &str) -> String {
        format!("function {id}")
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("file", &self.file).finish()
    }
}

/// A function of the configuration that can be called while the master runs: a `def`, a `lambda` or a `partial`.
///
/// Two are equal if they are the same function of the same text. Whoever asks whether something is configured as
/// before takes a function of another text for another function, since what it calls may have changed.
#[derive(Clone)]
pub struct Function {
    about: Arc<About>,
    program: Held,
}

/// What is known of a function.
pub(crate) struct About {
    id: String,
    name: String,
    place: Place,
    /// How many arguments it takes: the bit of each number.
    takes: u32,
    /// Its parameters, for people.
    parameters: String,
}

/// A program, held strongly by whoever may call its functions, and weakly by what its own module holds.
#[derive(Clone)]
enum Held {
    Strong(Arc<Program>),
    Weak(Weak<Program>),
}

impl Held {
    fn program(&self) -> Option<Arc<Program>> {
        match self {
            Self::Strong(it) => Some(Arc::clone(it)),
            Self::Weak(it) => it.upgrade(),
        }
    }
}

impl Function {
    pub(crate) fn new(about: About, program: &Arc<Program>) -> Self {
        Self {
            about: Arc::new(about),
            program: Held::Strong(Arc::clone(program)),
        }
    }

    /// What it is called by within its text, always the same: its name, and a number if the text has several of
    /// that name, as a `lambda` has.
    pub fn id(&self) -> &str {
        &self.about.id
    }

    /// Its name, for people; `lambda` for what has none.
    pub fn name(&self) -> &str {
        &self.about.name
    }

    /// The line that it is in, from 1.
    pub fn line(&self) -> usize {
        self.about.place.line
    }

    /// Whether it can be called with that many arguments.
    pub(crate) fn takes(&self, arguments: usize) -> bool {
        arguments < 32 && self.about.takes & (1 << arguments) != 0
    }

    /// Its parameters, for people.
    pub(crate) fn parameters(&self) -> &str {
        &self.about.parameters
    }

    /// The same, for what its own module holds.
    pub(crate) fn weak(&self) -> Self {
        Self {
            about: Arc::clone(&self.about),
            program: match &self.program {
                Held::Strong(it) => Held::Weak(Arc::downgrade(it)),
                Held::Weak(it) => Held::Weak(Weak::clone(it)),
            },
        }
    }

    /// Calls it, and waits for its end: [`LONGEST_CALL`] at the most, so not on a thread that others wait for.
    ///
    /// # Errors
    /// [`FunctionError`] with the place, if it fails, takes too long, or gives what is no plain data.
    pub fn call(&self, arguments: Vec<Argument>) -> Result<Answer, FunctionError> {
        let given = run::Given {
            positional: arguments,
            ..run::Given::default()
        };
        run::call(self, given, Answer::of)
    }

    /// An error of the function as a whole, in the place where it is.
    pub fn error(&self, message: impl Into<String>) -> FunctionError {
        let file = self.program.program().map(|it| it.file.clone());
        FunctionError {
            function: self.about.name.clone(),
            file: file.unwrap_or_default(),
            line: self.about.place.line,
            column: self.about.place.column,
            message: message.into(),
        }
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        if self.about.id != other.about.id {
            return false;
        }
        match (self.program.program(), other.program.program()) {
            (Some(one), Some(other)) => Arc::ptr_eq(&one, &other) || one.text == other.text,
            (None, None) => true,
            _ => false,
        }
    }
}

impl Eq for Function {}

impl fmt::Debug for Function {
    /// Its id alone, which is the same wherever in its text it stands.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Function({})", self.about.id)
    }
}

/// Why a function gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {function}(): {message}")]
pub struct FunctionError {
    /// The function's name.
    pub function: String,
    /// The configuration's file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

/// The functions of a configuration by their [ids](Function::id).
///
/// A build that goes on after a restart of the master is built by the text that it began with: the text is evaluated
/// anew, and its functions are found here by the ids that they had.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Functions(BTreeMap<String, Function>);

impl Functions {
    pub(crate) fn of(functions: impl IntoIterator<Item = Function>) -> Self {
        let by_id = functions.into_iter().map(|it| (it.id().to_owned(), it));
        Self(by_id.collect())
    }

    /// The function of that id.
    pub fn get(&self, id: &str) -> Option<&Function> {
        self.0.get(id)
    }

    /// Whether the configuration has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
