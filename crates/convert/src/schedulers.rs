//! Schedulers.

use crate::arguments::{Arguments, is_true, number, strings};
use crate::configuration::Converter;
use crate::functions::Use;
use crate::recording::Value;
use crate::starlark::{Call, dict, duration, identifier, plain_list, quote, remark};

/// The fields of a time that comes again, by Buildbot's names and ours.
const TIMES: [(&str, &str); 5] = [
    ("minute", "minute"),
    ("hour", "hour"),
    ("dayOfMonth", "day_of_month"),
    ("month", "month"),
    ("dayOfWeek", "day_of_week"),
];

/// A scheduler that is being written.
pub(crate) struct Scheduler<'r> {
    pub(crate) class: String,
    pub(crate) name: String,
    pub(crate) arguments: Arguments<'r>,
    pub(crate) at: Option<String>,
}

impl<'r> Converter<'r> {
    /// Finds out what schedulers are called, and which can be triggered.
    pub(crate) fn name_schedulers(&mut self) {
        for value in self.items(&["schedulers"]) {
            let Some((_, _, made)) = self.recording.made(value) else {
                continue;
            };
            let Some(name) = Arguments::of(made).text("name") else {
                continue;
            };
            if made.custom.as_ref().is_some_and(|it| !it.methods.is_empty()) || !is_known(made.class()) {
                continue;
            }
            let called = match made.class() {
                "ForceScheduler" | "Try_Userpass" | "Try_Jobdir" => identifier(name, 50),
                _ => name.chars().take(70).collect(),
            };
            if matches!(made.class(), "Triggerable" | "NightlyTriggerable") {
                self.triggerables.insert(called.clone());
            }
            self.schedulers.insert(name.to_owned(), called);
        }
    }

    pub(crate) fn write_schedulers(&mut self) -> Vec<String> {
        let mut written = vec![];
        for value in self.items(&["schedulers"]) {
            let at = self.recording.at(value).or(self.place_of_key("schedulers"));
            let made = self.recording.made(value);
            let name = made.and_then(|(_, _, made)| Arguments::of(made).text("name"));
            let known = name.and_then(|it| self.schedulers.get(it)).cloned();
            let (Some((_, _, made)), Some(known)) = (made, known) else {
                let what = format!("{} among the schedulers", self.words_for(value));
                let instead =
                    "write any_branch(…), nightly(…), force(…) or another of the chapter \"Configuration\"";
                written.push(remark(&self.lost(at, &what, instead)));
                continue;
            };
            let mut scheduler = Scheduler {
                class: made.class().to_owned(),
                name: known,
                arguments: Arguments::of(made),
                at: at.map(str::to_owned),
            };
            scheduler.arguments.forget(&["name", "reason_string"]);
            let text = self.scheduler(&mut scheduler);
            written.push(format!("{}{text}", crate::builders::from(at)));
        }
        written
    }

    fn scheduler(&mut self, scheduler: &mut Scheduler<'r>) -> String {
        let what = format!("the scheduler `{}`", scheduler.name);
        let at = scheduler.at.clone();
        let at = at.as_deref();
        let Some(builders) = self.scheduler_builders(scheduler) else {
            return self.without(scheduler, "has no builder that is known", "name its builders");
        };
        let mut call = match scheduler.class.as_str() {
            "SingleBranchScheduler" | "Scheduler" | "AnyBranchScheduler" => {
                self.of_changes(scheduler, &builders)
            }
            "Dependent" => match self.dependent(scheduler, &builders) {
                Some(call) => call,
                None => {
                    return self.without(
                        scheduler,
                        "depends on one that is not there",
                        "write upstream = NAME",
                    );
                }
            },
            "Periodic" => self.periodic(scheduler, &builders),
            "Nightly" => self.nightly(scheduler, &builders),
            "Triggerable" => self.triggerable(scheduler, &builders),
            "NightlyTriggerable" => {
                let mut call = begin("nightly_triggerable", scheduler, &builders);
                self.times(scheduler, &mut call);
                self.codebases(scheduler, &mut call);
                call
            }
            "ForceScheduler" => self.force(scheduler, &builders),
            _ => self.try_jobs(scheduler, &builders),
        };
        if let Some(properties) = scheduler.arguments.take("properties") {
            call.set_some("properties", self.properties(properties, at));
        }
        match scheduler.arguments.take("priority") {
            Some(Value::Int(priority))
                if !matches!(scheduler.class.as_str(), "ForceScheduler" | "Try_Userpass") =>
            {
                call.set("priority", priority.to_string());
            }
            Some(value @ Value::Object(_)) => {
                let instead = "priority, a function of the names of the builders and a list of changes that gives a number";
                call.comment(&self.choice(value, &what, "priority", instead, at));
            }
            _ => {}
        }
        scheduler
            .arguments
            .forget(&["reason", "createAbsoluteSourceStamps", "enabled", "shouldntBeSet"]);
        let rest = scheduler.arguments.clone();
        for said in self.unknown(at, &what, rest) {
            call.comment(&said);
        }
        call.render()
    }

    /// In the place of a scheduler that cannot be.
    fn without(&mut self, scheduler: &Scheduler<'r>, why: &str, instead: &str) -> String {
        let what = format!("the scheduler `{}` {why}", scheduler.name);
        // Whoever triggers it is told at its step.
        self.schedulers.retain(|_, it| *it != scheduler.name);
        remark(&self.lost(scheduler.at.as_deref(), &what, instead))
    }

    /// The builders as a list; none if none is known.
    fn scheduler_builders(&mut self, scheduler: &mut Scheduler<'r>) -> Option<String> {
        let names = scheduler.arguments.take("builderNames").and_then(strings)?;
        let known: Vec<String> = names
            .iter()
            .filter_map(|it| self.builders.get(it))
            .map(|it| quote(it))
            .collect();
        for name in &names {
            if self.builders.contains_key(name) {
                continue;
            }
            let what = format!(
                "the scheduler `{}` names the builder `{name}`, which is not there",
                scheduler.name
            );
            self.lost(
                scheduler.at.as_deref(),
                &what,
                "leave it out, or write that builder",
            );
        }
        (!known.is_empty()).then(|| plain_list(known))
    }

    fn of_changes(&mut self, scheduler: &mut Scheduler<'r>, builders: &str) -> Call {
        let at = scheduler.at.clone();
        let filter = self.filter(scheduler);
        let single = scheduler.class != "AnyBranchScheduler";
        // A single branch is one that has a name.
        let branch = filter.branch.clone();
        let mut call = match (&branch, single) {
            (Some(branch), true) => {
                let mut call = begin("single_branch", scheduler, builders);
                call.set_some("branch", branch.as_ref().map(|it| quote(it)));
                call
            }
            (_, true) => {
                let mut call = begin("any_branch", scheduler, builders);
                if scheduler.arguments.clone().take("treeStableTimer").is_some() {
                    let what = format!(
                        "the scheduler `{}` takes changes of several branches together",
                        scheduler.name
                    );
                    call.comment(&self.lost(
                        at.as_deref(),
                        &what,
                        "any_branch waits for each branch by itself until it is stable",
                    ));
                }
                call
            }
            (_, false) => begin("any_branch", scheduler, builders),
        };
        if !single || branch.is_none() {
            call.set_some("branches", filter.branches.clone());
        }
        if let Some(seconds) = scheduler
            .arguments
            .take("treeStableTimer")
            .and_then(number)
            .filter(|it| *it > 0.0)
        {
            call.set("tree_stable", duration(seconds));
        }
        let has_codebases = self.codebases(scheduler, &mut call);
        filter.write(&mut call, has_codebases);
        self.importance(scheduler, &mut call);
        call
    }

    fn importance(&mut self, scheduler: &mut Scheduler<'r>, call: &mut Call) {
        let at = scheduler.at.clone();
        if let Some(function) = scheduler.arguments.take("fileIsImportant") {
            call.set_some(
                "important",
                self.function_argument(function, Use::Change, at.as_deref()),
            );
        }
        if scheduler.arguments.truth("onlyImportant") == Some(true) {
            call.set("only_important", "True");
        }
    }

    /// Several codebases. Gives whether there are any.
    pub(crate) fn codebases(&mut self, scheduler: &mut Scheduler<'r>, call: &mut Call) -> bool {
        let names = match scheduler.arguments.take("codebases") {
            Some(Value::List(items)) => items.iter().map(|it| (it, None)).collect::<Vec<_>>(),
            Some(Value::Dict(pairs)) => pairs.iter().map(|(key, value)| (key, Some(value))).collect(),
            _ => return false,
        };
        let mut written = vec![];
        for (name, facts) in names {
            let Value::Text(name) = name else { continue };
            let mut told = vec![];
            if let Some(Value::Dict(facts)) = facts {
                let mut facts = Arguments::of_dict(facts);
                for fact in ["repository", "branch", "revision", "project"] {
                    if let Some(text) = facts.text(fact).filter(|it| !it.is_empty()) {
                        told.push((fact, quote(text)));
                    }
                }
            }
            written.push((name.clone(), told));
        }
        // The one without a name is what there is without codebases.
        if let [(name, told)] = written.as_slice()
            && name.is_empty()
        {
            if !matches!(
                scheduler.class.as_str(),
                "SingleBranchScheduler" | "Scheduler" | "AnyBranchScheduler"
            ) {
                told.iter()
                    .filter(|it| it.0 != "revision")
                    .for_each(|(fact, text)| call.set(fact, text.clone()));
            }
            return false;
        }
        let pairs = written.into_iter().map(|(name, told)| {
            let told: Vec<(String, String)> =
                told.into_iter().map(|(fact, text)| (quote(fact), text)).collect();
            (quote(&name), dict(&told))
        });
        let pairs: Vec<(String, String)> = pairs.collect();
        if pairs.is_empty() {
            return false;
        }
        call.set("codebases", dict(&pairs));
        true
    }

    /// None if what it depends on is not there.
    fn dependent(&mut self, scheduler: &mut Scheduler<'r>, builders: &str) -> Option<Call> {
        let name = match scheduler.arguments.take("upstream")? {
            Value::Text(name) => Some(name.as_str()),
            it => self
                .recording
                .made(it)
                .and_then(|(_, _, made)| Arguments::of(made).text("name")),
        };
        let upstream = self.schedulers.get(name?)?;
        let mut call = begin("dependent", scheduler, builders);
        call.set("upstream", quote(upstream));
        scheduler.arguments.forget(&["codebases"]);
        Some(call)
    }

    fn periodic(&mut self, scheduler: &mut Scheduler<'r>, builders: &str) -> Call {
        let mut call = begin("periodic", scheduler, builders);
        let seconds = scheduler
            .arguments
            .take("periodicBuildTimer")
            .and_then(number)
            .unwrap_or(86_400.0);
        call.set("interval", duration(seconds));
        call.set_some("branch", scheduler.arguments.text("branch").map(quote));
        self.codebases(scheduler, &mut call);
        if scheduler.arguments.truth("onlyIfChanged") == Some(true) {
            let what = format!("the scheduler `{}`: `onlyIfChanged`", scheduler.name);
            call.comment(&self.lost(
                scheduler.at.as_deref(),
                &what,
                "write nightly(…, only_if_changed = True)",
            ));
        }
        for name in ["fileIsImportant", "change_filter", "onlyImportant"] {
            scheduler.arguments.forget(&[name]);
        }
        call
    }

    fn nightly(&mut self, scheduler: &mut Scheduler<'r>, builders: &str) -> Call {
        let mut call = begin("nightly", scheduler, builders);
        self.times(scheduler, &mut call);
        let changed = scheduler.arguments.truth("onlyIfChanged") == Some(true);
        let mut filter = self.filter(scheduler);
        call.set_some("branch", filter.branch.clone().flatten().map(|it| quote(&it)));
        let has_codebases = self.codebases(scheduler, &mut call);
        if changed {
            call.set("only_if_changed", "True");
            if let Some(cron) = always(scheduler) {
                call.set("always_at", quote(&cron));
            }
            filter.codebases = None;
            filter.write(&mut call, has_codebases);
            self.importance(scheduler, &mut call);
        }
        scheduler.arguments.forget(&["fileIsImportant", "onlyImportant"]);
        call
    }

    /// The times at which it builds: in Buildbot those of the machine's own clock.
    fn times(&mut self, scheduler: &mut Scheduler<'r>, call: &mut Call) {
        for (theirs, ours) in TIMES {
            let value = scheduler.arguments.take(theirs);
            let is_usual = matches!((ours, value), ("minute", Some(Value::Int(0))))
                || matches!(value, Some(Value::Text(it)) if it == "*" && ours != "minute");
            if let Some(value) = value.filter(|_| !is_usual) {
                call.set_some(ours, self.data(value));
            }
        }
        let what = "times are those of the machine's time zone in Buildbot, and UTC here";
        let instead = "add timezone = \"Europe/Berlin\", say, to nightly schedulers";
        if self.has_noted(what) {
            return;
        }
        self.lost(scheduler.at.as_deref(), what, instead);
    }

    fn triggerable(&mut self, scheduler: &mut Scheduler<'r>, builders: &str) -> Call {
        let mut call = begin("triggerable", scheduler, builders);
        call.set_some(
            "reason",
            scheduler
                .arguments
                .text("reason")
                .filter(|it| !it.contains("%("))
                .map(quote),
        );
        self.codebases(scheduler, &mut call);
        call
    }

    fn try_jobs(&mut self, scheduler: &mut Scheduler<'r>, builders: &str) -> Call {
        let mut call = begin("try_jobs", scheduler, builders);
        let users = scheduler.arguments.take("userpass");
        let names: Vec<String> = match users {
            Some(Value::List(pairs)) => pairs
                .iter()
                .filter_map(|it| match it {
                    Value::List(pair) => pair.first(),
                    _ => None,
                })
                .filter_map(|it| match it {
                    Value::Text(name) => Some(name.clone()),
                    _ => None,
                })
                .collect(),
            _ => vec![],
        };
        let who = match (scheduler.class.as_str(), names.is_empty()) {
            ("Try_Jobdir", _) => "a mailbox of files for try jobs (`Try_Jobdir`)".to_owned(),
            (_, true) => "the users of `Try_Userpass`".to_owned(),
            (_, false) => format!("the users of `Try_Userpass`: {}", names.join(", ")),
        };
        let instead = "write user(NAME, token_file = FILE) for each, who runs `weir try --token-file FILE`";
        call.comment(&self.lost(scheduler.at.as_deref(), &who, instead));
        scheduler
            .arguments
            .forget(&["port", "userpass", "jobdir", "codebases"]);
        call
    }
}

fn is_known(class: &str) -> bool {
    matches!(
        class,
        "SingleBranchScheduler"
            | "Scheduler"
            | "AnyBranchScheduler"
            | "Dependent"
            | "Periodic"
            | "Nightly"
            | "Triggerable"
            | "NightlyTriggerable"
            | "ForceScheduler"
            | "Try_Userpass"
            | "Try_Jobdir"
    )
}

/// The call that every scheduler begins with.
pub(crate) fn begin(function: &str, scheduler: &Scheduler<'_>, builders: &str) -> Call {
    let mut call = Call::new(function).first(quote(&scheduler.name));
    call.set("builders", builders);
    call
}

/// The times that count even without a change, as a cron line.
fn always(scheduler: &mut Scheduler<'_>) -> Option<String> {
    let names = [
        "force_at_minute",
        "force_at_hour",
        "force_at_day_of_month",
        "force_at_month",
        "force_at_day_of_week",
    ];
    let values: Vec<Option<&Value>> = names.iter().map(|it| scheduler.arguments.take(it)).collect();
    if !values.iter().any(|it| it.is_some_and(is_given)) {
        return None;
    }
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let one = |value: &Value, number: usize| match value {
        // Buildbot counts days from Monday, a cron line from Sunday.
        Value::Int(day) if number == 4 => usize::try_from(*day)
            .ok()
            .and_then(|it| days.get(it))
            .map_or_else(|| day.to_string(), |it| (*it).to_owned()),
        Value::Int(it) => it.to_string(),
        Value::Text(it) => it.clone(),
        _ => "*".to_owned(),
    };
    let fields = values.iter().enumerate().map(|(number, value)| match value {
        None if number == 0 => "0".to_owned(),
        None => "*".to_owned(),
        Some(Value::List(items)) => items
            .iter()
            .map(|it| one(it, number))
            .collect::<Vec<_>>()
            .join(","),
        Some(value) => one(value, number),
    });
    Some(fields.collect::<Vec<_>>().join(" "))
}

fn is_given(value: &Value) -> bool {
    matches!(value, Value::Int(_)) || is_true(value)
}
