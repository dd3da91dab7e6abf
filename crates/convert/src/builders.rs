//! Workers, locks and builders.

use crate::arguments::{Arguments, is_true, strings};
use crate::configuration::Converter;
use crate::recording::{Made, Value};
use crate::starlark::{Call, Item, dict, identifier, list, plain_list, quote, remark};

/// The line that says where something was.
pub(crate) fn from(at: Option<&str>) -> String {
    at.map_or(String::new(), |at| {
        format!("{}\n", remark(&format!("From {at}.")))
    })
}

impl<'r> Converter<'r> {
    /// Finds out what everything is called, since names are used before what they name.
    pub(crate) fn name_all(&mut self) {
        for value in self.items(&["workers", "slaves"]) {
            if let Some((_, _, made)) = self.recording.made(value)
                && let Some(Value::Text(name)) = Arguments::of(made).take("name")
            {
                self.workers.insert(name.clone(), identifier(name, 50));
            }
        }
        for value in self.items(&["builders"]) {
            if let Some(mut arguments) = self.builder_arguments(value)
                && let Some(name) = arguments.text("name")
            {
                let shortened: String = name.trim_start_matches('_').chars().take(70).collect();
                self.builders.insert(name.to_owned(), shortened);
            }
        }
        self.name_schedulers();
    }

    fn builder_arguments(&self, value: &'r Value) -> Option<Arguments<'r>> {
        match value {
            Value::Dict(pairs) => Some(Arguments::of_dict(pairs)),
            value => self.recording.made(value).map(|(_, _, made)| Arguments::of(made)),
        }
    }

    /// The locks that an argument `locks` takes.
    pub(crate) fn lock_list(&mut self, value: &'r Value, at: Option<&str>) -> Option<String> {
        let Value::List(items) = value else {
            self.lost(
                at,
                "`locks` that depend on the build",
                "name all locks that there may be: locks = [NAME.exclusive()]",
            );
            return None;
        };
        let locks: Vec<String> = items.iter().filter_map(|it| self.lock_access(it, at)).collect();
        (!locks.is_empty()).then(|| plain_list(locks))
    }

    fn lock_access(&mut self, value: &'r Value, at: Option<&str>) -> Option<String> {
        let Some((number, _, made)) = self.recording.made(value) else {
            self.lost(at, "a lock that is none", "write locks = [NAME.exclusive()]");
            return None;
        };
        let mut arguments = Arguments::of(made);
        let of = match (made.path.as_str(), made.of) {
            (".access", Some(of)) => of,
            // A lock by itself is held by one.
            _ if made.class().ends_with("Lock") => number,
            _ => match arguments.take("lockid").and_then(|it| self.recording.made(it)) {
                Some((of, ..)) => of,
                None => {
                    let what = format!("{} in `locks`", self.words_for(value));
                    self.lost(
                        at,
                        &what,
                        "write lock(NAME, count = …), and locks = [NAME.exclusive()]",
                    );
                    return None;
                }
            },
        };
        let lock = self.lock(of, at)?;
        let count = arguments
            .take("count")
            .map_or(Some("1".to_owned()), |it| self.data(it))?;
        Some(match (arguments.text("mode"), count.as_str()) {
            (Some("counting"), "1") => format!("{lock}.counting()"),
            (Some("counting"), count) => format!("{lock}.counting({count})"),
            _ => format!("{lock}.exclusive()"),
        })
    }

    /// The variable of a lock, which is written down when it is first used.
    fn lock(&mut self, number: usize, at: Option<&str>) -> Option<String> {
        if let Some(variable) = self.locks.get(&number) {
            return Some(variable.clone());
        }
        let value = Value::Object(number);
        let (_, object, made) = self.recording.made(&value)?;
        let mut arguments = Arguments::of(made);
        let Some(name) = arguments.text("name") else {
            self.lost(
                at,
                "a lock whose name is no string",
                "write lock(NAME, count = …)",
            );
            return None;
        };
        let mut unique = identifier(name, 50);
        while !self.lock_names.insert(unique.clone()) {
            unique.push('_');
        }
        let variable = self.new_variable(object.name.as_deref().unwrap_or(name));
        let mut call = Call::new(&format!("{variable} = lock")).first(quote(&unique));
        if made.class() != "MasterLock" {
            call.set("scope", quote("worker"));
        }
        if let Some(count) = arguments.take("maxCount").filter(|it| **it != Value::Int(1)) {
            call.set_some("count", self.data(count));
        }
        if let Some(Value::Dict(pairs)) = arguments.take_any(&["maxCountForWorker", "maxCountForSlave"]) {
            let counts: Vec<(String, String)> = pairs
                .iter()
                .filter_map(|(worker, count)| match worker {
                    Value::Text(worker) => Some((quote(self.workers.get(worker)?), self.data(count)?)),
                    _ => None,
                })
                .collect();
            call.set("counts", dict(&counts));
        }
        self.lock_lines.push(call.render());
        self.locks.insert(number, variable.clone());
        Some(variable)
    }

    pub(crate) fn write_builders(&mut self) -> Vec<String> {
        let shared = self.shared_factories();
        let mut written = vec![];
        let mut done = vec![];
        for value in self.items(&["builders"]) {
            let at = self.recording.at(value).or(self.place_of_key("builders"));
            let arguments = self.builder_arguments(value);
            let name = arguments
                .clone()
                .and_then(|mut it| it.text("name").map(str::to_owned));
            let (Some(mut arguments), Some(name)) = (arguments, name) else {
                let what = format!("{} among the builders", self.words_for(value));
                written.push(remark(&self.lost(
                    at,
                    &what,
                    "write builder(NAME, workers = […], steps = […])",
                )));
                continue;
            };
            if done.contains(&name) {
                continue;
            }
            arguments.forget(&["name"]);
            let steps = self.steps_of_builder(arguments.take("factory"), &shared, &mut written, at);
            let builder = self.builder(&name, steps, arguments, at);
            written.push(format!("{}{builder}", from(at)));
            done.push(name);
        }
        written
    }

    /// The factories that several builders have.
    fn shared_factories(&self) -> Vec<usize> {
        let factories = self.items(&["builders"]).into_iter().filter_map(|value| {
            let factory = self.builder_arguments(value)?.take("factory")?;
            self.recording.made(factory).map(|it| it.0)
        });
        let mut factories: Vec<usize> = factories.collect();
        factories.sort_unstable();
        let repeated = factories.windows(2).filter(|it| it[0] == it[1]).map(|it| it[0]);
        let mut repeated: Vec<usize> = repeated.collect();
        repeated.dedup();
        repeated
    }

    /// The steps, or the variable that has them, which is written down before the first that uses it.
    fn steps_of_builder(
        &mut self,
        factory: Option<&'r Value>,
        shared: &[usize],
        written: &mut Vec<String>,
        at: Option<&str>,
    ) -> String {
        let Some((number, object, made)) = factory.and_then(|it| self.recording.made(it)) else {
            let step = self.missing_step(
                "build",
                "its factory",
                "write its steps: steps = [git(…), shell(…)]",
                at,
            );
            return list(vec![step]);
        };
        if let Some(variable) = self.functions.get(&(number, "steps")) {
            return variable.clone();
        }
        let steps = list(self.factory_steps(made, object.at.as_deref()));
        if !shared.contains(&number) {
            return steps;
        }
        let variable = self.new_variable(&object.name.clone().unwrap_or_else(|| "steps".to_owned()));
        self.functions.insert((number, "steps"), variable.clone());
        written.push(format!("{variable} = {steps}"));
        variable
    }

    fn factory_steps(&mut self, made: &'r Made, at: Option<&str>) -> Vec<Item> {
        let mut steps = vec![];
        let mut arguments = Arguments::of(made);
        if made.class() != "BuildFactory" {
            let what = format!("`{}`, a factory with steps of its own", made.class());
            steps.push(self.missing_step(made.class(), &what, "write the steps that it has", at));
        } else if let Some(Value::List(items)) = arguments.take("steps") {
            items.iter().for_each(|it| steps.extend(self.step(it, at)));
        }
        for call in &made.calls {
            let Some((_, object, called)) = self.recording.made(call) else {
                continue;
            };
            let at = object.at.as_deref();
            match (
                called.path.as_str(),
                called.args.first().or(called.kwargs.first().map(|it| &it.1)),
            ) {
                (".addStep", Some(value)) => {
                    let is_class = matches!(value, Value::Object(number) if matches!(self.recording.objects.get(*number).map(|it| &it.kind), Some(crate::recording::ObjectKind::Class(_))));
                    if is_class || called.kwargs.len() > 1 {
                        let what = format!("{}, a class, as a step", self.words_for(value));
                        steps.push(self.missing_step(
                            "step",
                            &what,
                            "write addStep(CLASS(…)) and convert again",
                            at,
                        ));
                    } else {
                        steps.extend(self.step(value, at));
                    }
                }
                (".addSteps", Some(Value::List(items))) => {
                    items.iter().for_each(|it| steps.extend(self.step(it, at)))
                }
                (method, _) => {
                    let what = format!("`{}` of a factory", method.trim_start_matches('.'));
                    let item = self.missing_step("factory", &what, "write the steps that it adds", at);
                    steps.push(item);
                }
            }
        }
        if let Some((_, workdir)) = made.set.iter().find(|it| it.0 == "workdir") {
            let folder = self.text(workdir, at);
            let said = self.lost(
                at,
                "`workdir` of a factory",
                &format!("add workdir = {folder} to its builders"),
            );
            if let Some(first) = steps.first_mut() {
                first.comments.insert(0, said);
            }
        }
        if steps.is_empty() {
            steps.push(self.missing_step("build", "a factory without steps", "write its steps", at));
        }
        steps
    }

    fn builder(
        &mut self,
        name: &str,
        steps: String,
        mut arguments: Arguments<'r>,
        at: Option<&str>,
    ) -> String {
        let known = self.builders.get(name).cloned().unwrap_or_default();
        let mut call = Call::new("builder").first(quote(&known));
        if known != name {
            call.comment(&self.lost(
                at,
                &format!("the name `{name}`, which no builder of Weir can have"),
                &format!("it is `{known}` here"),
            ));
        }
        let what = format!("the builder `{name}`");
        let workers = self.builder_workers(&mut arguments);
        if workers.is_empty() {
            call.comment(&self.lost(
                at,
                &format!("{what} has no worker that is known"),
                "add workers = [\"NAME\"]",
            ));
        }
        call.set("workers", plain_list(workers));
        call.set("steps", steps);
        if let Some(environment) = arguments.take("env") {
            call.set_some("env", self.environment(environment, at));
        }
        if let Some(properties) = arguments.take("properties") {
            call.set_some("properties", self.properties(properties, at));
        }
        if let Some(properties) = arguments.take("defaultProperties") {
            call.set_some("default_properties", self.data(properties));
        }
        let tags = arguments.take_any(&["tags", "category"]).and_then(strings);
        call.set_some(
            "tags",
            tags.map(|tags| plain_list(tags.iter().map(|it| quote(it)))),
        );
        if let Some(project) = arguments.text("project").filter(|it| self.projects.contains(*it)) {
            call.set("project", quote(project));
        }
        for (theirs, ours) in [
            ("description", "description"),
            ("description_format", "description_format"),
        ] {
            call.set_some(ours, arguments.text(theirs).map(quote));
        }
        if let Some(locks) = arguments.take("locks") {
            call.set_some("locks", self.lock_list(locks, at));
        }
        self.choices(&mut call, &mut arguments, &what, at);
        arguments.forget(&["builddir", "workerbuilddir", "slavebuilddir"]);
        for said in self.unknown(at, &what, arguments) {
            call.comment(&said);
        }
        call.render()
    }

    fn builder_workers(&self, arguments: &mut Arguments<'r>) -> Vec<String> {
        let mut names = vec![];
        for argument in ["workername", "workernames", "slavename", "slavenames"] {
            names.extend(arguments.take(argument).and_then(strings).unwrap_or_default());
        }
        names
            .iter()
            .filter_map(|it| self.workers.get(it))
            .map(|it| quote(it))
            .collect()
    }

    /// Who builds what, when: functions that Buildbot calls with its own objects.
    fn choices(&mut self, call: &mut Call, arguments: &mut Arguments<'r>, what: &str, at: Option<&str>) {
        if let Some(value) = arguments.take_any(&["collapseRequests", "mergeRequests"]) {
            match value {
                Value::Bool(it) => call.set("collapse_requests", if *it { "True" } else { "False" }),
                value => call.comment(&self.choice(
                    value,
                    what,
                    "collapseRequests",
                    "collapse_requests, a function of two requests",
                    at,
                )),
            }
        }
        for (theirs, instead) in [
            (
                "nextBuild",
                "next_build, a function of a list of requests that gives one of them",
            ),
            (
                "nextWorker",
                "next_worker, a function of a list of workers and a request that gives one of the workers",
            ),
            (
                "nextSlave",
                "next_worker, a function of a list of workers and a request that gives one of the workers",
            ),
            (
                "canStartBuild",
                "can_start_build, a function of a worker and a request",
            ),
            ("do_build_if", "do_if of each step, a function of the build"),
        ] {
            if let Some(value) = arguments.take(theirs).filter(|it| is_true(it)) {
                call.comment(&self.choice(value, what, theirs, instead, at));
            }
        }
    }

    pub(crate) fn choice(
        &mut self,
        value: &Value,
        what: &str,
        argument: &str,
        instead: &str,
        at: Option<&str>,
    ) -> String {
        let at = self.recording.at(value).or(at).map(str::to_owned);
        let what = format!("{what}: `{argument}`, {}", self.words_for(value));
        let said = self.lost(at.as_deref(), &what, &format!("write {instead}"));
        said + &self.source_of(value)
    }
}
