//! `trigger(…)`.

use super::Writing;
use crate::arguments::strings;
use crate::configuration::Converter;
use crate::recording::Value;
use crate::starlark::{Call, plain_list, quote};

impl<'r> Converter<'r> {
    /// A step that has other builders build; none if no scheduler of it is there.
    pub(crate) fn trigger(&mut self, writing: &mut Writing<'r>) -> Option<Call> {
        let at = writing.at.clone();
        let named = writing.arguments.take("schedulerNames").and_then(strings)?;
        let schedulers = self.triggered(&named, at.as_deref());
        if schedulers.is_empty() {
            return None;
        }
        let mut call = Call::new("trigger").first(Self::name_list(&schedulers));
        if writing.arguments.truth("waitForFinish") == Some(true) {
            call.set("wait", "True");
        }
        if let Some(names) = writing
            .arguments
            .take("unimportantSchedulerNames")
            .and_then(strings)
            .filter(|it| !it.is_empty())
        {
            let names = self.triggered(&names, at.as_deref());
            call.set("unimportant_schedulers", Self::name_list(&names));
        }
        if let Some(properties) = writing.arguments.take("set_properties") {
            call.set_some("set_properties", self.properties(properties, at.as_deref()));
        }
        if let Some(names) = writing
            .arguments
            .take("copy_properties")
            .and_then(strings)
            .filter(|it| !it.is_empty())
        {
            call.set("copy_properties", plain_list(names.iter().map(|it| quote(it))));
        }
        if writing.arguments.truth("alwaysUseLatest") == Some(true) {
            call.set("always_use_latest", "True");
        }
        if writing.arguments.truth("updateSourceStamp") == Some(false) {
            call.set("update_source_stamp", "False");
        }
        call.set_some(
            "relationship",
            writing.arguments.text("parent_relationship").map(quote),
        );
        if writing
            .arguments
            .take_any(&["sourceStamps", "sourceStamp"])
            .is_some_and(|it| *it != Value::List(vec![]))
        {
            let instead =
                "leave it out: the builds have this build's sources, or the newest with always_use_latest";
            let said = self.lost(at.as_deref(), "`sourceStamps` of the step `Trigger`", instead);
            writing.comments.push(said);
        }
        self.terms(writing, &mut call);
        Some(call)
    }

    fn triggered(&mut self, names: &[String], at: Option<&str>) -> Vec<String> {
        let mut found = vec![];
        for name in names {
            match self
                .schedulers
                .get(name)
                .filter(|it| self.triggerables.contains(*it))
            {
                Some(scheduler) => found.push(scheduler.clone()),
                None => {
                    let what = format!(
                        "the scheduler `{name}`, which a step triggers and which cannot be triggered"
                    );
                    self.lost(at, &what, "write triggerable(NAME, builders = […])");
                }
            }
        }
        found
    }
}
