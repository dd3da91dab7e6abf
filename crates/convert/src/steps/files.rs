//! Steps that look after files on the worker.

use super::Writing;
use crate::configuration::Converter;
use crate::recording::Value;
use crate::starlark::{Call, plain_list, quote};

impl<'r> Converter<'r> {
    /// A command on files whose paths Buildbot takes from the builder's folder.
    pub(crate) fn file_command(&mut self, writing: &mut Writing<'r>, words: &[&str], paths: &[&str]) -> Call {
        let at = writing.at.clone();
        let mut command: Vec<String> = words.iter().map(|it| quote(it)).collect();
        for path in paths {
            if let Some(path) = writing.arguments.take(path) {
                command.push(self.text(path, at.as_deref()));
            }
        }
        let mut call = Call::new("shell").first(plain_list(command));
        if writing.arguments.clone().take("workdir").is_none() {
            call.set("workdir", quote("."));
        }
        self.terms(writing, &mut call);
        call
    }

    /// A file of what the configuration says.
    pub(crate) fn string_download(&mut self, writing: &mut Writing<'r>, content: String) -> Option<Call> {
        let at = writing.at.clone();
        let file = writing.arguments.take_any(&["workerdest", "slavedest"])?;
        let file = self.text(file, at.as_deref());
        let words = [quote("sh"), quote("-c"), quote("cat > \"$0\""), file];
        let mut call = Call::new("shell").first(plain_list(words));
        call.set("stdin", content);
        if let Some(Value::Int(mode)) = writing.arguments.take("mode") {
            let what = format!("the mode {mode:o} of a file that is written");
            let said = self.lost(at.as_deref(), &what, "write shell([\"chmod\", …]) behind it");
            writing.comments.push(said);
        }
        writing.arguments.forget(&["maxsize"]);
        self.terms(writing, &mut call);
        if writing.arguments.clone().take("name").is_none() {
            call.set("name", quote("write a file"));
        }
        Some(call)
    }
}
