//! Where changes come from, and which of them count.

use crate::arguments::{Arguments, is_true, number, strings};
use crate::configuration::Converter;
use crate::functions::Use;
use crate::recording::{Made, Value};
use crate::schedulers::Scheduler;
use crate::starlark::{Call, duration, plain_list, quote, remark};

/// Which changes count for a scheduler.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// The one branch, by its name; `Some(None)` for the repository's default branch.
    pub(crate) branch: Option<Option<String>>,
    pub(crate) branches: Option<String>,
    projects: Option<String>,
    repositories: Option<String>,
    pub(crate) codebases: Option<String>,
    categories: Option<String>,
    /// Conditions on the change, as expressions.
    conditions: Vec<String>,
    /// A function that says it all.
    function: Option<String>,
    comments: Vec<String>,
}

impl Filter {
    /// Writes all but the branch, and codebases only where that is no dict of them.
    pub(crate) fn write(self, call: &mut Call, has_codebases: bool) {
        for it in &self.comments {
            call.comment(it);
        }
        call.set_some("projects", self.projects);
        call.set_some("repositories", self.repositories);
        if !has_codebases {
            call.set_some("codebases", self.codebases);
        }
        call.set_some("categories", self.categories);
        match (self.function, self.conditions.is_empty()) {
            (Some(function), true) => call.set("filter", function),
            (Some(function), false) => {
                let conditions = self.conditions.join(" and ");
                call.set(
                    "filter",
                    format!("lambda change: {conditions} and ({function})(change)"),
                );
            }
            (None, false) => call.set(
                "filter",
                format!("lambda change: {}", self.conditions.join(" and ")),
            ),
            (None, true) => {}
        }
    }
}

impl<'r> Converter<'r> {
    /// What a scheduler's arguments say of changes.
    pub(crate) fn filter(&mut self, scheduler: &mut Scheduler<'r>) -> Filter {
        let at = scheduler.at.clone();
        let mut filter = Filter::default();
        let name = scheduler.name.clone();
        match scheduler.arguments.take_even_none("branch") {
            Some(Value::Text(branch)) => {
                filter.branch = Some(Some(branch.clone()));
                filter.branches = self.patterns(&Value::Text(branch.clone()));
            }
            Some(Value::None) => filter.branch = Some(None),
            Some(other) => self.named_branches(&mut filter, other),
            None => {}
        }
        if let Some(branches) = scheduler.arguments.take("branches") {
            self.named_branches(&mut filter, branches);
        }
        if let Some(categories) = scheduler.arguments.take("categories") {
            filter.categories = self.patterns(categories);
        }
        let Some(value) = scheduler.arguments.take("change_filter") else {
            return filter;
        };
        match self.recording.made(value) {
            Some((_, _, made)) if made.custom.as_ref().is_none_or(|it| it.methods.is_empty()) => {
                self.change_filter(
                    &mut filter,
                    made,
                    &name,
                    self.recording.at(value).or(at.as_deref()),
                );
            }
            _ => {
                let what = format!("the scheduler `{name}`: {} as its filter", self.words_for(value));
                let instead =
                    "write branches, projects, … with patterns, or filter = a function of the change";
                let said = self.lost(at.as_deref(), &what, instead);
                filter.comments.push(said);
            }
        }
        filter
    }

    fn named_branches(&self, filter: &mut Filter, value: &Value) {
        match strings(value).as_deref() {
            Some([branch]) => {
                filter.branch = Some(Some(branch.clone()));
                filter.branches = self.patterns(value);
            }
            _ => filter.branches = self.patterns(value),
        }
    }

    fn change_filter(&mut self, filter: &mut Filter, made: &'r Made, name: &str, at: Option<&str>) {
        let mut arguments = Arguments::of(made);
        match arguments.take_even_none("branch") {
            Some(Value::None) => {
                filter.branch = Some(None);
                filter.branches = Some(plain_list([quote("")]));
            }
            Some(value) => self.named_branches(filter, value),
            None => {}
        }
        for (field, attribute) in [
            ("branch", "branch"),
            ("project", "project"),
            ("repository", "repository"),
            ("category", "category"),
            ("codebase", "codebase"),
        ] {
            let mut patterns = match field {
                "branch" => filter.branches.take(),
                field => arguments.take(field).and_then(|it| self.patterns(it)),
            };
            if let Some(expressions) = arguments.take(&format!("{field}_re")) {
                match self.regexes(expressions) {
                    Some(regexes) => patterns = Some(regexes),
                    None => filter.comments.push(self.lost(
                        at,
                        &format!("`{field}_re` of the scheduler `{name}`"),
                        "write a regex(…) without look-around and back-references",
                    )),
                }
            }
            match field {
                "branch" => filter.branches = patterns,
                "project" => filter.projects = patterns,
                "repository" => filter.repositories = patterns,
                "category" => filter.categories = patterns,
                _ => filter.codebases = patterns,
            }
            self.exclusions(filter, &mut arguments, (field, attribute), name, at);
        }
        if let Some(Value::Object(number)) = arguments.take("filter_fn") {
            filter.function = Some(self.function(*number, Use::Change, at));
        }
        arguments.forget(&["name"]);
        let unknown = self.unknown(at, &format!("the filter of the scheduler `{name}`"), arguments);
        filter.comments.extend(unknown);
    }

    /// What must not be, and functions of one value.
    fn exclusions(
        &mut self,
        filter: &mut Filter,
        arguments: &mut Arguments<'r>,
        (field, attribute): (&str, &str),
        name: &str,
        at: Option<&str>,
    ) {
        if let Some(value) = arguments.take(&format!("{field}_not_eq")) {
            let values = strings(value).unwrap_or_default();
            let values = plain_list(values.iter().map(|it| quote(it)));
            filter
                .conditions
                .push(format!("change.{attribute} not in {values}"));
        }
        if let Some(value) = arguments.take(&format!("{field}_not_re")) {
            let expressions: Vec<String> = match value {
                Value::List(items) => items.iter().filter_map(|it| self.one_regex(it)).collect(),
                value => self.one_regex(value).into_iter().collect(),
            };
            for it in expressions {
                filter
                    .conditions
                    .push(format!("not {it}.match(change.{attribute} or \"\")"));
            }
        }
        if let Some(value) = arguments.take(&format!("{field}_fn")) {
            let what = format!("`{field}_fn` of the scheduler `{name}`");
            let at = self.recording.at(value).or(at).map(str::to_owned);
            let said = self.lost(
                at.as_deref(),
                &what,
                &format!("write filter = lambda change: … change.{attribute} …"),
            );
            filter.comments.push(said + &self.source_of(value));
        }
    }

    /// Strings as patterns: in Buildbot each is a name, and `*` is one of its letters.
    pub(crate) fn patterns(&self, value: &Value) -> Option<String> {
        let items: Vec<Option<String>> = match value {
            Value::Text(text) => vec![Some(text.clone())],
            Value::None => vec![None],
            Value::List(items) => items
                .iter()
                .map(|it| match it {
                    Value::Text(text) => Some(text.clone()),
                    _ => None,
                })
                .collect(),
            _ => return None,
        };
        let written = items.iter().map(|it| match it {
            Some(text) if text.contains('*') => format!("regex({})", quote(&format!("{}$", escaped(text)))),
            Some(text) => quote(text),
            None => quote(""),
        });
        (!items.is_empty()).then(|| plain_list(written))
    }

    fn regexes(&self, value: &Value) -> Option<String> {
        match value {
            Value::List(items) => Some(plain_list(
                items
                    .iter()
                    .map(|it| self.one_regex(it))
                    .collect::<Option<Vec<_>>>()?,
            )),
            value => Some(plain_list([self.one_regex(value)?])),
        }
    }

    fn one_regex(&self, value: &Value) -> Option<String> {
        match value {
            Value::Text(text) => self.regex(text, 0),
            Value::Regex(text, flags) => self.regex(text, *flags),
            _ => None,
        }
    }

    pub(crate) fn write_change_sources(&mut self) -> Vec<String> {
        let mut written = vec![];
        for value in self.items(&["change_source", "change_sources"]) {
            let at = self.recording.at(value).or(self.place_of_key("change_source"));
            match self.recording.made(value) {
                Some((_, _, made))
                    if made.class() == "GitPoller"
                        && made.custom.as_ref().is_none_or(|it| it.methods.is_empty()) =>
                {
                    written.push(self.git_poller(made, at));
                }
                Some((_, _, made)) if made.class() == "PBChangeSource" => {
                    written.push(self.pb_change_source(made, at));
                }
                Some((_, _, made)) => {
                    let instead = match made.class() {
                        "GerritChangeSource" | "GerritEventLogPoller" => {
                            "let a hook of Gerrit run `weir sendchange`, or follow branches with git_poller(…)"
                        }
                        _ => "follow the repository with git_poller(…), or let a hook run `weir sendchange`",
                    };
                    let what = format!("the change source {}", self.words_for(value));
                    written.push(remark(&self.lost(at, &what, instead)));
                }
                None => {
                    let what = format!("{} among the change sources", self.words_for(value));
                    written.push(remark(&self.lost(at, &what, "write git_poller(…)")));
                }
            }
        }
        written
    }

    fn pb_change_source(&mut self, made: &'r Made, at: Option<&str>) -> String {
        let mut arguments = Arguments::of(made);
        let user = arguments.text("user").unwrap_or("change").to_owned();
        if self.workers.values().any(|it| *it == user) || !self.tellers.insert(user.clone()) {
            let what = format!("a `PBChangeSource` for the user `{user}`");
            let instead = "give it another user: there is somebody of that name already";
            return remark(&self.lost(at, &what, instead));
        }
        let mut call = Call::new("pb_change_source").first(quote(&user));
        let file = format!("{user}.password");
        let password = match arguments.take("passwd") {
            // Buildbot's own.
            None => Some("changepw".to_owned()),
            Some(Value::Text(text)) => Some(text.clone()),
            Some(_) => {
                let what = format!("the password of `{user}`, which is no string");
                call.comment(&self.lost(at, &what, &format!("{file} has a new one")));
                None
            }
        };
        call.set("password_file", quote(&file));
        self.worker_secrets.insert(file, password);
        for argument in ["prefix", "name"] {
            let given = arguments.text(argument).filter(|it| !it.is_empty());
            call.set_some(argument, given.map(quote));
        }
        if arguments.take("port").is_some() {
            let what = "a port of its own of a `PBChangeSource`";
            call.comment(&self.lost(at, what, "programs log in where workers do, at buildbot_pb"));
        }
        for said in self.unknown(at, "a `PBChangeSource`", arguments) {
            call.comment(&said);
        }
        call.render()
    }

    fn git_poller(&mut self, made: &'r Made, at: Option<&str>) -> String {
        let mut arguments = Arguments::of(made);
        let Some(repository) = arguments.text("repourl") else {
            return remark(&self.lost(
                at,
                "a `GitPoller` of something that is no string",
                "write git_poller(URL)",
            ));
        };
        let mut call = Call::new("git_poller").first(quote(repository));
        match arguments.take_any(&["branches", "branch"]) {
            Some(Value::Bool(true)) => {}
            Some(Value::Object(_)) => {
                let said = self.lost(
                    at,
                    "`branches` of a `GitPoller`, a function",
                    "write branches = [\"main\", \"release/*\"]",
                );
                call.comment(&said);
            }
            Some(branches) => {
                let names = strings(branches).unwrap_or_default();
                let names = names.iter().map(|it| quote(it.trim_start_matches("refs/heads/")));
                call.set("branches", plain_list(names));
            }
            // Buildbot follows the branch that is the repository's own.
            None => {
                let what = format!("`{repository}` is polled for its default branch");
                call.comment(&self.lost(
                    at,
                    &what,
                    "name that branch: branches = [\"main\", \"master\"] takes the usual ones",
                ));
                call.set("branches", plain_list([quote("main"), quote("master")]));
            }
        }
        let interval = arguments
            .take_any(&["pollInterval", "pollinterval"])
            .and_then(number)
            .unwrap_or(600.0);
        call.set("poll_interval", duration(interval));
        for (theirs, ours) in [
            ("codebase", "codebase"),
            ("project", "project"),
            ("category", "category"),
            ("name", "name"),
        ] {
            call.set_some(
                ours,
                arguments.text(theirs).filter(|it| !it.is_empty()).map(quote),
            );
        }
        if arguments
            .take_any(&[
                "sshPrivateKey",
                "sshHostKey",
                "sshKnownHosts",
                "auth_credentials",
                "git_credentials",
            ])
            .is_some_and(is_true)
        {
            let instead = "give them to git for the master's user: ~/.ssh/config, or a credential helper";
            call.comment(&self.lost(at, "keys and passwords of a `GitPoller`", instead));
        }
        if arguments.truth("only_tags") == Some(true) {
            call.comment(&self.lost(
                at,
                "`only_tags` of a `GitPoller`",
                "let a hook run `weir sendchange` for tags",
            ));
        }
        arguments.forget(&[
            "workdir",
            "gitbin",
            "usetimestamps",
            "encoding",
            "pollAtLaunch",
            "pollRandomDelayMin",
            "pollRandomDelayMax",
            "buildPushesWithNoCommits",
        ]);
        for said in self.unknown(at, "a `GitPoller`", arguments) {
            call.comment(&said);
        }
        call.render()
    }
}

/// The text as a regular expression that matches it alone.
fn escaped(text: &str) -> String {
    text.chars()
        .flat_map(
            |it| match it.is_alphanumeric() || matches!(it, '/' | '_' | '-' | ' ') {
                true => vec![it],
                false => vec!['\\', it],
            },
        )
        .collect()
}
