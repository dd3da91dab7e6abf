//! Who is told of builds, and what else runs beside.

mod cancellers;
mod chat;
mod destinations;
mod generators;

use crate::configuration::Converter;
use crate::recording::{Made, Value};
use crate::starlark::{Call, commented_out, identifier, quote, remark};

impl<'r> Converter<'r> {
    pub(crate) fn write_services(&mut self) -> Vec<String> {
        let mut written = vec![];
        for value in self.items(&["services", "status"]) {
            let at = self.recording.at(value).or(self.place_of_key("services"));
            match self.recording.made(value) {
                Some((_, _, made)) if made.class() == "OldBuildCanceller" => {
                    written.push(self.old_builds(made, at))
                }
                Some((_, _, made)) if made.class() == "FailingBuildsetCanceller" => {
                    written.push(self.failing_buildsets(made, at))
                }
                Some((_, _, made)) => written.push(self.reporter(made, value, at)),
                None => {
                    let what = format!("{} among the services", self.words_for(value));
                    written.push(remark(&self.lost(
                        at,
                        &what,
                        "write webhook(NAME, URL), which tells others of events",
                    )));
                }
            }
        }
        written
    }

    /// What a service of Buildbot's that tells of builds is here.
    fn reporter(&mut self, made: &'r Made, value: &Value, at: Option<&str>) -> String {
        if made.custom.is_none()
            && let Some(written) = self.destination(made, at)
        {
            return written;
        }
        let what = format!("the service {}", self.words_for(value));
        let instead =
            "write webhook(NAME, URL) with a program at that URL that does it, or a listener (`weir listen`)";
        let said = self.lost(at, &what, instead);
        let mut call = Call::new("webhook").first(quote("others"));
        call.set("url", quote("https://example.org/hook"));
        format!("{}\n{}", remark(&said), commented_out(&call.render()))
    }

    /// A name for a listener that no other has, like `wanted`.
    fn listener_name(&mut self, wanted: &str) -> String {
        let name = identifier(wanted, 45);
        let mut unique = name.clone();
        let mut number = 1;
        while !self.listeners.insert(unique.clone()) {
            number += 1;
            unique = format!("{name}-{number}");
        }
        unique
    }
}
