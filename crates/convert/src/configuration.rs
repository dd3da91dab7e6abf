//! The whole configuration.

use std::collections::{BTreeMap, BTreeSet};

use crate::arguments::Arguments;
use crate::note::Note;
use crate::recording::{Object, ObjectKind, Recording, Value};
use crate::starlark::{remark, variable};

/// What `master.cfg` became.
#[derive(Clone, Default)]
pub struct Conversion {
    /// The text of `weir.star`.
    pub text: String,
    /// What was not carried over as it is, in the order of the places.
    pub notes: Vec<Note>,
    /// What workers, and those who tell of changes, show, by the names of the files beside it: the password that they had, or
    /// none if a new secret has to be made.
    pub worker_secrets: BTreeMap<String, Option<String>>,
    /// What listeners show to others, by the names of the files beside it.
    pub secrets: BTreeMap<String, String>,
    /// How many workers there are.
    pub workers: usize,
    /// How many builders there are.
    pub builders: usize,
    /// How many schedulers there are.
    pub schedulers: usize,
}

/// What is known while it is written.
pub(crate) struct Converter<'r> {
    pub(crate) recording: &'r Recording,
    pub(crate) notes: Vec<Note>,
    /// The names of variables that are taken.
    variables: BTreeSet<String>,
    /// Definitions of functions, in the order in which they came up.
    pub(crate) definitions: Vec<String>,
    /// The functions that are defined: by their object and what they are used for.
    pub(crate) functions: BTreeMap<(usize, &'static str), String>,
    /// The variables of locks, by their objects.
    pub(crate) locks: BTreeMap<usize, String>,
    /// What `lock(…)` is called with.
    pub(crate) lock_lines: Vec<String>,
    pub(crate) lock_names: BTreeSet<String>,
    /// What workers and builders are called here, by what they were called.
    pub(crate) workers: BTreeMap<String, String>,
    /// The files of what workers show, see [`Conversion::worker_secrets`].
    pub(crate) worker_secrets: BTreeMap<String, Option<String>>,
    /// The users that tell of changes.
    pub(crate) tellers: BTreeSet<String>,
    /// See [`Conversion::secrets`].
    pub(crate) secrets: BTreeMap<String, String>,
    /// The names of listeners.
    pub(crate) listeners: BTreeSet<String>,
    pub(crate) builders: BTreeMap<String, String>,
    pub(crate) projects: BTreeSet<String>,
    /// What schedulers are called here, and which of them can be triggered.
    pub(crate) schedulers: BTreeMap<String, String>,
    pub(crate) triggerables: BTreeSet<String>,
}

impl<'r> Converter<'r> {
    fn new(recording: &'r Recording) -> Self {
        Self {
            recording,
            notes: vec![],
            variables: BTreeSet::new(),
            definitions: vec![],
            functions: BTreeMap::new(),
            locks: BTreeMap::new(),
            lock_lines: vec![],
            lock_names: BTreeSet::new(),
            workers: BTreeMap::new(),
            worker_secrets: BTreeMap::new(),
            tellers: BTreeSet::new(),
            secrets: BTreeMap::new(),
            listeners: BTreeSet::new(),
            builders: BTreeMap::new(),
            projects: BTreeSet::new(),
            schedulers: BTreeMap::new(),
            triggerables: BTreeSet::new(),
        }
    }

    /// Tells of something that is not carried over; gives what a comment in its place says.
    pub(crate) fn lost(&mut self, at: Option<&str>, what: &str, instead: &str) -> String {
        let note = Note {
            at: at.map(str::to_owned),
            what: what.to_owned(),
            instead: instead.to_owned(),
        };
        let place = note.at.as_deref().map_or(String::new(), |at| format!(" ({at})"));
        let said = format!("NOT CARRIED OVER{place}: {what}; {instead}");
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
        said
    }

    /// Where a key of the configuration is set.
    pub(crate) fn place_of_key(&self, key: &str) -> Option<&'r str> {
        self.recording.keys.get(key).map(String::as_str)
    }

    /// A variable's name that is like `wanted`, and that nothing else has.
    pub(crate) fn new_variable(&mut self, wanted: &str) -> String {
        let name = variable(wanted);
        let mut number = 1;
        let mut unique = name.clone();
        while TAKEN.contains(&unique.as_str()) || !self.variables.insert(unique.clone()) {
            number += 1;
            unique = format!("{name}_{number}");
        }
        unique
    }

    /// A value of the configuration, and where it is set.
    pub(crate) fn key(&self, name: &str) -> Option<&'r Value> {
        let found = self.recording.config.iter().find(|it| it.0 == name)?;
        Some(&found.1).filter(|it| **it != Value::None)
    }

    /// All items of the lists of that name, one object counting as a list of one.
    pub(crate) fn items(&self, names: &[&str]) -> Vec<&'r Value> {
        let values = names.iter().filter_map(|it| self.key(it));
        let items = values.flat_map(|value| match value {
            Value::List(items) => items.iter().collect::<Vec<_>>(),
            value => vec![value],
        });
        items.collect()
    }

    /// What a value is, in a few words.
    pub(crate) fn words_for(&self, value: &Value) -> String {
        match value {
            Value::Object(number) => match self.recording.objects.get(*number) {
                Some(Object { kind, .. }) => match kind {
                    ObjectKind::Made(made) => match &made.custom {
                        Some(custom) => format!("`{}`, a class of your own", custom.class),
                        None => format!("`{}`", made.class()),
                    },
                    ObjectKind::Function(it) if it.name.ends_with("lambda") => "a lambda".to_owned(),
                    ObjectKind::Function(it) => format!("the function `{}`", it.name),
                    ObjectKind::Class(path) => format!("`{}`", path.rsplit('.').next().unwrap_or(path)),
                    ObjectKind::Other(what) => what.clone(),
                },
                None => "a value".to_owned(),
            },
            Value::Other(what) => what.clone(),
            Value::Dict(_) => "a dict".to_owned(),
            Value::List(_) => "a list".to_owned(),
            value => self.data(value).unwrap_or_else(|| "a value".to_owned()),
        }
    }

    /// Tells of arguments that nobody knows; gives the comments.
    pub(crate) fn unknown(&mut self, at: Option<&str>, what: &str, rest: Arguments<'_>) -> Vec<String> {
        let mut comments = vec![];
        for (name, value) in rest.rest() {
            let given = self.words_for(value);
            let given = if given.chars().count() > 60 {
                "…".to_owned()
            } else {
                given
            };
            let what = format!("{what}: `{name} = {given}`");
            comments.push(self.lost(
                at,
                &what,
                "Weir has no such argument here: leave it out, or see \"For users of Buildbot\" in the book",
            ));
        }
        comments
    }
}

/// What names mean in `weir.star` already, and what none of our variables shall hide.
const TAKEN: &[&str] = &[
    "master",
    "retention",
    "user",
    "role",
    "allow",
    "worker",
    "lock",
    "secrets_from_files",
    "secrets_from_env",
    "secrets_from_vault",
    "secret",
    "project",
    "codebase",
    "git_poller",
    "any_branch",
    "single_branch",
    "periodic",
    "nightly",
    "dependent",
    "triggerable",
    "nightly_triggerable",
    "regex",
    "force",
    "field_text",
    "field_int",
    "field_bool",
    "field_choice",
    "field_patch",
    "field_properties",
    "field_username",
    "field_group",
    "try_jobs",
    "old_build_canceller",
    "failing_buildset_canceller",
    "builder",
    "git",
    "shell",
    "test_results",
    "master_shell",
    "sequence",
    "command",
    "parallel",
    "generate",
    "build_data",
    "set_property",
    "set_properties",
    "trigger",
    "interpolate",
    "prop",
    "webhook",
    "struct",
    "set",
    "map",
    "filter",
    "partial",
    "len",
    "str",
    "int",
    "list",
    "dict",
    "sorted",
    "range",
    "any",
    "all",
    "fail",
    "print",
    "min",
    "max",
    "zip",
    "enumerate",
    "reversed",
    "bool",
    "tuple",
    "float",
    "abs",
    "hash",
    "type",
    "repr",
    "dir",
];

/// Writes down what was recorded.
pub(crate) fn write(recording: &Recording) -> Conversion {
    let mut converter = Converter::new(recording);
    for (what, at) in &recording.refused {
        let what = format!("it {what}, which was refused, and the file went on without");
        converter.lost(
            at.as_deref(),
            &what,
            "look whether the outcome is what you want, or allow it with --allow-…",
        );
    }
    converter.name_all();
    let setup = converter.setup();
    let projects = converter.write_projects();
    let workers = converter.write_workers();
    let builders = converter.write_builders();
    let change_sources = converter.write_change_sources();
    let schedulers = converter.write_schedulers();
    let services = converter.write_services();
    converter.tell_unknown_keys();
    let mut parts = vec![vec![remark(
        "Carried over from a configuration of Buildbot by `weir convert`. The places are those of that configuration. \
         See what was NOT CARRIED OVER below, then run `weir check` on this file.",
    )]];
    parts.push(setup);
    parts.push(projects);
    for (title, lines) in [
        ("Workers. What each shows is in the file that it names.", workers),
        ("Locks.", std::mem::take(&mut converter.lock_lines)),
        (
            "Functions, which the master calls while it runs.",
            std::mem::take(&mut converter.definitions),
        ),
        ("Builders.", builders),
        ("Where changes come from.", change_sources),
        ("Schedulers.", schedulers),
        ("Who is told, and what else runs beside.", services),
    ] {
        if let Some((first, others)) = lines.split_first() {
            parts.push(vec![format!("{}\n\n{first}", remark(title))]);
            parts.push(others.to_vec());
        }
    }
    let mut parts: Vec<String> = parts.into_iter().flatten().filter(|it| !it.is_empty()).collect();
    if let Some(source) = converter.missing_source_of_secrets(&parts) {
        parts.insert(1, source);
    }
    let counts = (converter.builders.len(), converter.schedulers.len());
    Conversion {
        text: parts.join("\n\n") + "\n",
        notes: in_order(converter.notes),
        workers: converter.workers.len(),
        worker_secrets: converter.worker_secrets,
        secrets: converter.secrets,
        builders: counts.0,
        schedulers: counts.1,
    }
}

/// By their places, those without one last.
fn in_order(mut notes: Vec<Note>) -> Vec<Note> {
    let place = |note: &Note| {
        let at = note.at.as_deref()?;
        let (file, line) = at.rsplit_once(':')?;
        Some((file.to_owned(), line.parse::<u64>().unwrap_or(0)))
    };
    notes.sort_by_cached_key(|it| (it.at.is_none(), place(it)));
    notes
}
