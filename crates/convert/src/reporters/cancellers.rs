//! What cancels builds.

use crate::arguments::{Arguments, strings};
use crate::configuration::Converter;
use crate::recording::{Made, Value};
use crate::starlark::{Call, plain_list, quote};

impl<'r> Converter<'r> {
    pub(super) fn old_builds(&mut self, made: &'r Made, at: Option<&str>) -> String {
        let mut arguments = Arguments::of(made);
        let mut call =
            Call::new("old_build_canceller").first(quote(arguments.text("name").unwrap_or("old builds")));
        self.canceller(&mut call, &mut arguments, at);
        if let Some(function) = arguments.take("branch_key") {
            let instead = "write branch_keys, beginnings of branches that are one: [\"refs/changes/*/*\"]";
            call.comment(&self.choice(function, "a canceller of old builds", "branch_key", instead, at));
        }
        call.render()
    }

    pub(super) fn failing_buildsets(&mut self, made: &'r Made, at: Option<&str>) -> String {
        let mut arguments = Arguments::of(made);
        let mut call = Call::new("failing_buildset_canceller")
            .first(quote(arguments.text("name").unwrap_or("failing buildsets")));
        if let Some(Value::List(filters)) = arguments.clone().take("filters")
            && let [Value::List(filter)] = filters.as_slice()
            && let Some(cancelled) = filter.get(1).and_then(|it| self.known_builders(it))
        {
            call.set("cancel", cancelled);
        }
        self.canceller(&mut call, &mut arguments, at);
        call.render()
    }

    /// What the first filter says; a canceller of ours has one.
    fn canceller(&mut self, call: &mut Call, arguments: &mut Arguments<'r>, at: Option<&str>) {
        let Some(Value::List(filters)) = arguments.take("filters") else {
            return;
        };
        if filters.len() > 1 {
            call.comment(&self.lost(at, "further filters of a canceller", "write a canceller for each"));
        }
        let Some(Value::List(filter)) = filters.first() else {
            return;
        };
        if let Some(builders) = filter.first().and_then(|it| self.known_builders(it)) {
            call.set("builders", builders);
        }
        let Some((_, object, made)) = filter.last().and_then(|it| self.recording.made(it)) else {
            return;
        };
        let mut facts = Arguments::of(made);
        for (theirs, ours) in [
            ("branch", "branches"),
            ("project", "projects"),
            ("repository", "repositories"),
            ("codebase", "codebases"),
        ] {
            let patterns = facts
                .take(&format!("{theirs}_eq"))
                .and_then(|it| self.patterns(it));
            let regexes = facts.take(&format!("{theirs}_re")).and_then(strings);
            let regexes: Option<Vec<String>> =
                regexes.and_then(|it| it.iter().map(|it| self.regex(it, 0)).collect());
            call.set_some(ours, patterns.or(regexes.map(plain_list)));
        }
        for said in self.unknown(object.at.as_deref().or(at), "the filter of a canceller", facts) {
            call.comment(&said);
        }
    }

    pub(super) fn known_builders(&self, value: &Value) -> Option<String> {
        let names = strings(value)?;
        let known: Vec<String> = names
            .iter()
            .filter_map(|it| self.builders.get(it))
            .map(|it| quote(it))
            .collect();
        (!known.is_empty()).then(|| plain_list(known))
    }
}
