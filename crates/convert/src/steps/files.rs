//! Steps about files: on the worker, and between it and the master.

use super::Writing;
use crate::arguments::is_true;
use crate::configuration::Converter;
use crate::recording::Value;
use crate::starlark::{Call, plain_list, quote};

/// What the place of a file on the worker is called, in Buildbot's versions.
const WORKER_TO: &[&str] = &["workerdest", "slavedest"];
const WORKER_FROM: &[&str] = &["workersrc", "slavesrc"];
const WORKER_FROM_SEVERAL: &[&str] = &["workersrcs", "slavesrcs"];

impl<'r> Converter<'r> {
    /// The step about files of that class; none if it is no such step, or has no paths.
    pub(crate) fn about_files(&mut self, writing: &mut Writing<'r>) -> Option<Call> {
        match writing.class.as_str() {
            "MakeDirectory" => self.on_worker(writing, "make_directory", &["dir"]),
            "RemoveDirectory" => self.on_worker(writing, "remove_directory", &["dir"]),
            "CopyDirectory" => self.on_worker(writing, "copy_directory", &["src", "dest"]),
            "FileExists" => self.on_worker(writing, "file_exists", &["file"]),
            "FileUpload" => {
                let from = self.path(writing, WORKER_FROM)?;
                self.upload(writing, Call::new("upload_file").first(from))
            }
            "DirectoryUpload" => {
                let from = self.path(writing, WORKER_FROM)?;
                self.upload(writing, Call::new("upload_directory").first(from))
            }
            "MultipleFileUpload" => {
                let from = self.paths(writing)?;
                self.upload(writing, Call::new("upload_files").first(from))
            }
            "FileDownload" => {
                let from = self.master_path(writing, "mastersrc")?;
                self.download(writing, Call::new("download_file").first(from))
            }
            "StringDownload" => {
                let text = self.path(writing, &["s"]).unwrap_or_else(|| quote(""));
                self.download(writing, Call::new("download_text").first(text))
            }
            "JSONStringDownload" => {
                let at = writing.at.clone();
                let value = writing.arguments.take_even_none("o").unwrap_or(&Value::None);
                let value = self.property_value(value, at.as_deref());
                self.download(writing, Call::new("download_json").first(value))
            }
            "JSONPropertiesDownload" => self.download(writing, Call::new("download_properties")),
            _ => None,
        }
    }

    /// The argument that has one of the names, as a text.
    fn path(&mut self, writing: &mut Writing<'r>, names: &[&str]) -> Option<String> {
        let at = writing.at.clone();
        let value = writing.arguments.take_any(names)?;
        Some(self.text(value, at.as_deref()))
    }

    /// Where several files are; what a function gives may be several.
    fn paths(&mut self, writing: &mut Writing<'r>) -> Option<String> {
        let at = writing.at.clone();
        Some(match writing.arguments.take_any(WORKER_FROM_SEVERAL)? {
            Value::List(paths) if paths.is_empty() => return None,
            Value::List(paths) => plain_list(paths.iter().map(|it| self.text(it, at.as_deref()))),
            one => plain_list([self.text(one, at.as_deref())]),
        })
    }

    /// Where a file is on the master. Relative paths are from the master's folder in Buildbot.
    fn master_path(&mut self, writing: &mut Writing<'r>, name: &str) -> Option<String> {
        let at = writing.at.clone();
        let value = writing.arguments.take(name)?;
        let Value::Text(path) = value else {
            let text = self.text(value, at.as_deref());
            if text.starts_with("interpolate(\"~") {
                self.path_leads_out(writing, &text);
            }
            return Some(text);
        };
        if path.starts_with('~') || path.split('/').any(|it| it == "..") {
            self.path_leads_out(writing, path);
        } else if !path.starts_with('/') && name == "mastersrc" {
            let what = format!("the file `{path}` in the master's folder");
            let instead = "move it into the folder `files` of the new master's data";
            let said = self.lost(at.as_deref(), &what, instead);
            writing.comments.push(said);
        }
        let parts = path.split('/').filter(|it| !matches!(*it, ".." | "~" | "."));
        let path = parts.collect::<Vec<_>>().join("/");
        Some(quote(if path.is_empty() { "." } else { &path }))
    }

    fn path_leads_out(&mut self, writing: &mut Writing<'r>, path: &str) {
        let what = format!("the path `{path}` on the master, which leads out of its folder");
        let said = self.lost(writing.at(), &what, "write an absolute path");
        writing.comments.push(said);
    }

    /// A step whose paths Buildbot takes from the builder's folder.
    fn on_worker(&mut self, writing: &mut Writing<'r>, function: &str, paths: &[&str]) -> Option<Call> {
        let mut call = Call::new(function);
        for (number, path) in paths.iter().enumerate() {
            let path = self.path(writing, &[path])?;
            match number {
                0 => call = call.first(path),
                _ => call.set("to", path),
            }
        }
        if writing.arguments.clone().take("workdir").is_none() {
            call.set("workdir", quote("."));
        }
        Some(self.file_terms(writing, call))
    }

    fn upload(&mut self, writing: &mut Writing<'r>, mut call: Call) -> Option<Call> {
        let to = self.master_path(writing, "masterdest")?;
        call.set("to", to);
        let truth = |writing: &mut Writing<'_>, name: &str| writing.arguments.take(name).is_some_and(is_true);
        for (theirs, ours) in [
            ("glob", "glob"),
            ("keepstamp", "keep_times"),
            ("compress", "compress"),
        ] {
            if truth(writing, theirs) {
                call.set(ours, "True");
            }
        }
        let url = self.path(writing, &["url"]);
        let has_url = url.is_some();
        call.set_some("url", url);
        let text = self.path(writing, &["urlText"]);
        call.set_some("url_text", text.filter(|_| has_url));
        self.size_and_mode(writing, &mut call);
        Some(self.file_terms(writing, call))
    }

    fn download(&mut self, writing: &mut Writing<'r>, mut call: Call) -> Option<Call> {
        let to = self.path(writing, WORKER_TO)?;
        call.set("to", to);
        self.size_and_mode(writing, &mut call);
        Some(self.file_terms(writing, call))
    }

    fn size_and_mode(&mut self, writing: &mut Writing<'r>, call: &mut Call) {
        if let Some(size) = writing.arguments.take("maxsize") {
            call.set_some("max_size", self.data(size));
        }
        if let Some(Value::Int(mode)) = writing.arguments.take("mode") {
            call.set("mode", format!("0o{:o}", mode & 0o777));
        }
    }

    /// What every step may be given; how long it is silent does not count.
    fn file_terms(&mut self, writing: &mut Writing<'r>, mut call: Call) -> Call {
        writing.arguments.forget(&["timeout"]);
        self.terms(writing, &mut call);
        call
    }
}
