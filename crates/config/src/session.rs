//! What one evaluation gathers: mistakes, names, and what the file configures.

#![expect(
    unsafe_code,
    reason = "what Starlark derives for its values implements unsafe traits; none is written here"
)]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use starlark::values::ProvidesStaticType;

use crate::diagnostic::{Diagnostic, Place};
use crate::function::{Function, Functions, Program};
use crate::model::MasterConfig;
use crate::nearest::{did_you_mean, nearest};
use crate::sites::Sites;

/// What has a name that is unique among its like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Worker,
    ChangeSource,
    /// Who logs in where workers do, and is none.
    PbUser,
    Scheduler,
    /// A scheduler that builds can trigger.
    Triggerable,
    Canceller,
    Builder,
    Project,
    ProjectSlug,
    Codebase,
    CodebaseSlug,
    Lock,
    Listener,
    User,
    Role,
    RoleFunction,
    Group,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Worker => "worker",
            Self::ChangeSource => "change source",
            Self::PbUser => "change source with the user",
            Self::Scheduler => "scheduler",
            Self::Triggerable => "triggerable scheduler",
            Self::Canceller => "canceller",
            Self::Builder => "builder",
            Self::Project => "project",
            Self::Codebase => "codebase",
            Self::ProjectSlug | Self::CodebaseSlug => "slug",
            Self::Lock => "lock",
            Self::Listener => "listener",
            Self::User => "user",
            Self::Role | Self::RoleFunction => "role",
            Self::Group => "group",
        })
    }
}

/// A name that must turn out to be something's.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    /// What it must be the name of.
    pub(crate) kind: Kind,
    /// The name.
    pub(crate) name: String,
    /// Where it stands.
    pub(crate) place: Place,
    /// The function and argument that it was given to, for people.
    pub(crate) said_to: String,
}

/// What becomes of the files that a configuration names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Files {
    /// They are read, and must be right.
    Read,
    /// They are not looked at.
    LeftAlone,
}

/// One evaluation of one file.
#[derive(Debug, ProvidesStaticType)]
pub(crate) struct Session {
    /// The file's name, for people.
    pub(crate) file: String,
    /// The folder that token files are relative to.
    pub(crate) folder: PathBuf,
    /// Whether those files are read.
    pub(crate) files: Files,
    /// Where the file's calls are.
    pub(crate) sites: Sites,
    /// What the functions among the arguments belong to.
    pub(crate) program: Arc<Program>,
    /// Whether the evaluation is that of a function while the master runs, which configures nothing.
    pub(crate) is_run_time: bool,
    /// Whether what is evaluated then may make steps.
    pub(crate) gives_steps: bool,
    /// Whether the file is one of listeners, whose master is configured elsewhere.
    pub(crate) is_elsewhere: Cell<bool>,
    /// Whether the file has steps that functions give, so that its functions can be named by them.
    pub(crate) has_generators: Cell<bool>,
    /// The functions so far, by their names.
    functions: RefCell<BTreeMap<String, Vec<Function>>>,
    mistakes: RefCell<Vec<Diagnostic>>,
    known: RefCell<HashSet<(Place, String)>>,
    names: RefCell<BTreeMap<(Kind, String), Place>>,
    /// Names whose kind is not known, since what they were given to is a mistake itself.
    unclear: RefCell<Vec<String>>,
    references: RefCell<Vec<Reference>>,
    /// Schedulers that follow another: by their names, the other's name and where it stands.
    upstreams: RefCell<BTreeMap<String, (String, Place)>>,
    draft: RefCell<MasterConfig>,
    /// Where `master(…)` is, if it is.
    master: RefCell<Option<Place>>,
    /// Where the first text is that asks for a secret.
    first_secret: RefCell<Option<Place>>,
    /// The reports that were made, until a listener takes them: where, and by which function.
    loose_reports: RefCell<BTreeMap<usize, (Place, &'static str)>>,
    /// How many reports were made.
    reports: Cell<usize>,
}

impl Session {
    /// One that has gathered nothing yet.
    pub(crate) fn new(file: &str, text: &str, folder: PathBuf, files: Files, sites: Sites) -> Self {
        Self {
            file: file.to_owned(),
            folder,
            files,
            sites,
            program: Program::new(file, text),
            is_run_time: false,
            gives_steps: false,
            is_elsewhere: Cell::new(false),
            has_generators: Cell::new(false),
            functions: RefCell::default(),
            mistakes: RefCell::default(),
            known: RefCell::default(),
            names: RefCell::default(),
            unclear: RefCell::default(),
            references: RefCell::default(),
            upstreams: RefCell::default(),
            draft: RefCell::new(MasterConfig::bare()),
            master: RefCell::default(),
            first_secret: RefCell::default(),
            loose_reports: RefCell::default(),
            reports: Cell::new(0),
        }
    }

    /// One for a function that is called while the master runs.
    pub(crate) fn at_run_time(program: &Arc<Program>, gives_steps: bool) -> Self {
        let names = program.triggerables().iter();
        let names = names.map(|it| ((Kind::Triggerable, it.clone()), Place::default()));
        Self {
            is_run_time: true,
            gives_steps,
            names: RefCell::new(names.collect()),
            program: Arc::clone(program),
            ..Self::new(
                program.file(),
                "",
                PathBuf::new(),
                Files::LeftAlone,
                Sites::default(),
            )
        }
    }

    /// Takes up a function among those known so far.
    pub(crate) fn take_up<T>(&self, take: impl FnOnce(&mut BTreeMap<String, Vec<Function>>) -> T) -> T {
        take(&mut self.functions.borrow_mut())
    }

    /// Whether the file gives a function to be called later.
    pub(crate) fn has_functions(&self) -> bool {
        !self.functions.borrow().is_empty()
    }

    /// The first mistake, for an evaluation that ends with it.
    pub(crate) fn first_mistake(&self) -> Option<Diagnostic> {
        self.mistakes.borrow().first().cloned()
    }

    /// Adds a mistake, unless it is known already: a loop or a function can make the same one many times.
    pub(crate) fn mistake(&self, place: Place, message: String, help: Option<String>) {
        self.mistake_by_way_of(None, place, message, help);
    }

    /// As [`Session::mistake`], for a call in a function that was called at `way`.
    pub(crate) fn mistake_by_way_of(
        &self,
        way: Option<Place>,
        place: Place,
        mut message: String,
        help: Option<String>,
    ) {
        if !self.known.borrow_mut().insert((place, message.clone())) {
            return;
        }
        if let Some(way) = way.filter(|it| it.line != place.line) {
            message.push_str(&format!(" (by way of line {})", way.line));
        }
        self.mistakes.borrow_mut().push(Diagnostic {
            file: self.file.clone(),
            line: place.line,
            column: place.column,
            message,
            help,
        });
    }

    /// Whether there is a mistake so far.
    pub(crate) fn has_mistakes(&self) -> bool {
        !self.mistakes.borrow().is_empty()
    }

    /// Takes the name for something at `place`; gives the place of what has it already.
    pub(crate) fn declare(&self, kind: Kind, name: &str, place: Place) -> Result<(), Place> {
        match self.names.borrow_mut().entry((kind, name.to_owned())) {
            std::collections::btree_map::Entry::Vacant(it) => {
                it.insert(place);
                Ok(())
            }
            std::collections::btree_map::Entry::Occupied(it) => Err(*it.get()),
        }
    }

    /// Where what has the name was made.
    pub(crate) fn place_of(&self, kind: Kind, name: &str) -> Option<Place> {
        self.names.borrow().get(&(kind, name.to_owned())).copied()
    }

    /// Notes the name of something that cannot be told, so that references to it are no further mistakes.
    pub(crate) fn declare_unclear(&self, name: &str) {
        self.unclear.borrow_mut().push(name.to_owned());
    }

    /// Notes that `reference` must be something's name.
    pub(crate) fn refer(&self, reference: Reference) {
        if self.is_run_time {
            // All that it can be the name of is there.
            self.check_reference(&reference);
        } else {
            self.references.borrow_mut().push(reference);
        }
    }

    /// Notes that the scheduler follows `upstream`, which is named at `place`.
    pub(crate) fn follow(&self, scheduler: &str, upstream: &str, place: Place) {
        let upstream = (upstream.to_owned(), place);
        self.upstreams.borrow_mut().insert(scheduler.to_owned(), upstream);
    }

    /// Finds schedulers that follow each other in a circle; each circle is told once.
    pub(crate) fn check_circles(&self) {
        let upstreams = self.upstreams.borrow();
        let mut known = HashSet::new();
        for start in upstreams.keys() {
            let mut way = vec![start.as_str()];
            let mut at = start;
            while let Some((upstream, place)) = upstreams.get(at) {
                if let Some(begins) = way.iter().position(|it| it == upstream) {
                    let circle = &way[begins..];
                    if circle.iter().all(|it| known.insert((*it).to_owned())) {
                        let way = [circle, &[upstream.as_str()]].concat().join("' follows '");
                        self.mistake(
                            *place,
                            format!("dependent(): 'upstream' closes a circle: '{way}'"),
                            Some("let one of them start by itself".to_owned()),
                        );
                    }
                    break;
                }
                way.push(upstream);
                at = upstream;
            }
        }
    }

    /// Notes that the text at `place` asks for a secret.
    pub(crate) fn use_secret(&self, place: Place) {
        self.first_secret.borrow_mut().get_or_insert(place);
    }

    /// Finds that secrets are asked for which nobody has.
    pub(crate) fn check_secrets(&self) {
        let place = self
            .first_secret
            .borrow()
            .filter(|_| self.draft.borrow().secret_providers.is_empty());
        if let Some(place) = place {
            let help = "add secrets_from_files(…), secrets_from_env(…) or secrets_from_vault(…)";
            self.mistake(
                place,
                "a secret is used, but there is nothing to get it from".to_owned(),
                Some(help.to_owned()),
            );
        }
    }

    /// Notes that a report was made at `place`, and gives what it is known by from now on.
    pub(crate) fn declare_report(&self, place: Place, function: &'static str) -> usize {
        let id = self.reports.get();
        self.reports.set(id + 1);
        self.loose_reports.borrow_mut().insert(id, (place, function));
        id
    }

    /// Notes that it cannot be told which of the reports so far some listener takes.
    pub(crate) fn lose_reports(&self) {
        self.loose_reports.borrow_mut().clear();
    }

    /// Notes that a listener takes the report.
    pub(crate) fn use_report(&self, id: usize) {
        self.loose_reports.borrow_mut().remove(&id);
    }

    /// Finds reports that no listener takes.
    pub(crate) fn check_reports(&self) {
        for (place, function) in self.loose_reports.borrow().values() {
            let message = format!("{function}(): no listener takes this report");
            let help = "put it into reports = […] of what shall tell it";
            self.mistake(*place, message, Some(help.to_owned()));
        }
    }

    /// Notes the one `master(…)`; gives the place of the first if this is another.
    pub(crate) fn declare_master(&self, place: Place) -> Result<(), Place> {
        let mut master = self.master.borrow_mut();
        match *master {
            Some(first) => Err(first),
            None => {
                *master = Some(place);
                Ok(())
            }
        }
    }

    /// Changes or looks at what the file configures so far.
    pub(crate) fn configure<T>(&self, change: impl FnOnce(&mut MasterConfig) -> T) -> T {
        change(&mut self.draft.borrow_mut())
    }

    /// Finds workers with the name of somebody else who logs in where they do.
    pub(crate) fn check_pb_users(&self) {
        let names = self.names.borrow();
        let users = names.iter().filter(|((kind, _), _)| *kind == Kind::PbUser);
        for ((_, name), place) in users {
            if let Some(worker) = names.get(&(Kind::Worker, name.clone())) {
                let message = format!(
                    "pb_change_source(): 'user' is the name of the worker in line {}, and both log in at one place: '{name}'",
                    worker.line
                );
                let help = "give it another user".to_owned();
                self.mistake(*place, message, Some(help));
            }
        }
    }

    /// Finds references to nothing.
    pub(crate) fn check_references(&self) {
        for reference in self.references.borrow().iter() {
            self.check_reference(reference);
        }
    }

    fn check_reference(&self, reference: &Reference) {
        let Reference {
            kind,
            name,
            place,
            said_to,
        } = reference;
        let names = self.names.borrow();
        if names.contains_key(&(*kind, name.clone())) || self.unclear.borrow().contains(name) {
            return;
        }
        let known: Vec<&str> = names
            .keys()
            .filter(|(it, _)| it == kind)
            .map(|(_, name)| name.as_str())
            .collect();
        let near = nearest(name, known.iter().copied());
        let help = near.map(did_you_mean).or_else(|| list(&known));
        self.mistake(
            *place,
            format!("{said_to} names no {kind}: there is no '{name}'"),
            help,
        );
    }

    /// What was gathered: the mistakes, or what the file configures if there are none.
    pub(crate) fn finish(self) -> Result<MasterConfig, Vec<Diagnostic>> {
        let mistakes = self.mistakes.into_inner();
        if mistakes.is_empty() {
            let mut config = self.draft.into_inner();
            config.complete();
            config.functions = Functions::of(self.functions.into_inner().into_values().flatten());
            Ok(config)
        } else {
            Err(mistakes)
        }
    }
}

/// `known are 'a', 'b'`, if there are any; the first ten.
fn list(names: &[&str]) -> Option<String> {
    if names.is_empty() {
        return None;
    }
    let shown: Vec<String> = names.iter().take(10).map(|it| format!("'{it}'")).collect();
    let more = if names.len() > 10 { ", …" } else { "" };
    Some(format!("known are {}{more}", shown.join(", ")))
}
