//! The steps about files: on the worker, and between it and the master.

use starlark::values::Value;

use super::super::builder::LONGEST_STEP_NAME;
use super::{of_step, step};
use crate::call::{Call, Function};
use crate::model::{DownloadStep, Downloaded, FileStep, MasterPath, StepKind, UploadStep, Uploaded};
use crate::object::Item;
use crate::read::{self, Reading};
use crate::text::Text;

/// A function of a step about files, with its own parameters.
macro_rules! file_step {
    ($name:ident, $run:ident, $positional:literal, $($own:literal),+) => {
        pub(in super::super) const $name: Function = Function {
            name: stringify!($run),
            parameters: of_step![$($own,)+ "name"],
            positional: $positional,
            any_name: false,
            run: $run,
        };
    };
}

file_step!(MAKE_DIRECTORY, make_directory, 1, "path");
file_step!(REMOVE_DIRECTORY, remove_directory, 1, "path");
file_step!(COPY_DIRECTORY, copy_directory, 2, "path", "to");
file_step!(REMOVE_FILE, remove_file, 1, "path");
file_step!(FILE_EXISTS, file_exists, 1, "path");
file_step!(
    UPLOAD_FILE,
    upload_file,
    2,
    "path",
    "to",
    "mode",
    "max_size",
    "keep_times",
    "url",
    "url_text"
);
file_step!(
    UPLOAD_DIRECTORY,
    upload_directory,
    2,
    "path",
    "to",
    "max_size",
    "compress",
    "url",
    "url_text"
);
file_step!(
    UPLOAD_FILES,
    upload_files,
    2,
    "paths",
    "to",
    "glob",
    "mode",
    "max_size",
    "keep_times",
    "compress",
    "url",
    "url_text"
);
file_step!(DOWNLOAD_FILE, download_file, 2, "path", "to", "mode", "max_size");
file_step!(DOWNLOAD_TEXT, download_text, 2, "text", "to", "mode", "max_size");
file_step!(DOWNLOAD_JSON, download_json, 2, "value", "to", "mode", "max_size");
file_step!(
    DOWNLOAD_PROPERTIES,
    download_properties,
    1,
    "to",
    "mode",
    "max_size"
);

fn make_directory(call: &mut Call<'_, '_>) -> Option<Item> {
    let path = call.required("path", worker_path);
    about(call, "make", &path.clone(), FileStep::MakeDirectory(path))
}

fn remove_directory(call: &mut Call<'_, '_>) -> Option<Item> {
    let path = call.required("path", worker_path);
    about(call, "remove", &path.clone(), FileStep::RemoveDirectory(path))
}

fn copy_directory(call: &mut Call<'_, '_>) -> Option<Item> {
    let path = call.required("path", worker_path);
    let to = call.required("to", worker_path);
    about(call, "copy", &path.clone(), FileStep::CopyDirectory { path, to })
}

fn remove_file(call: &mut Call<'_, '_>) -> Option<Item> {
    let path = call.required("path", worker_path);
    about(call, "remove", &path.clone(), FileStep::RemoveFile(path))
}

fn file_exists(call: &mut Call<'_, '_>) -> Option<Item> {
    let path = call.required("path", worker_path);
    about(call, "find", &path.clone(), FileStep::FileExists(path))
}

fn upload_file(call: &mut Call<'_, '_>) -> Option<Item> {
    let path = call.required("path", worker_path);
    let mut upload = upload(call, Uploaded::File(path.clone()));
    of_files(call, &mut upload);
    about(call, "upload", &path, FileStep::Upload(upload))
}

fn upload_directory(call: &mut Call<'_, '_>) -> Option<Item> {
    let path = call.required("path", worker_path);
    let mut upload = upload(call, Uploaded::Directory(path.clone()));
    upload.compress = call.or("compress", read::boolean, false);
    about(call, "upload", &path, FileStep::Upload(upload))
}

fn upload_files(call: &mut Call<'_, '_>) -> Option<Item> {
    let paths = call.required("paths", read::some(worker_path, "paths"));
    let glob = call.or("glob", read::boolean, false);
    let first = paths.first().cloned().unwrap_or_default();
    let mut upload = upload(call, Uploaded::Several { paths, glob });
    of_files(call, &mut upload);
    upload.compress = call.or("compress", read::boolean, false);
    about(call, "upload", &first, FileStep::Upload(upload))
}

/// What all uploads have in common.
fn upload(call: &mut Call<'_, '_>, what: Uploaded) -> UploadStep {
    let upload = UploadStep {
        what,
        to: master_path(call, "to"),
        mode: None,
        max_size: call.optional("max_size", read::size),
        keep_times: false,
        compress: false,
        url: call.optional("url", shown),
        url_text: call.optional("url_text", shown),
    };
    if call.has("url_text") && !call.has("url") {
        let help = Some("add url = …, or remove it".to_owned());
        call.mistake(
            "url_text",
            "'url_text' is the name of a 'url', which is not given",
            help,
        );
    }
    upload
}

/// How files are kept that are taken by themselves.
fn of_files(call: &mut Call<'_, '_>, upload: &mut UploadStep) {
    upload.mode = call.optional("mode", mode);
    upload.keep_times = call.or("keep_times", read::boolean, false);
}

fn download_file(call: &mut Call<'_, '_>) -> Option<Item> {
    let path = master_path(call, "path");
    download(call, Downloaded::File(path))
}

fn download_text(call: &mut Call<'_, '_>) -> Option<Item> {
    let text = call.required("text", read::template);
    download(call, Downloaded::Text(text))
}

fn download_json(call: &mut Call<'_, '_>) -> Option<Item> {
    let value = call.required("value", |value| read::value_or_template(value).map(Some))?;
    download(call, Downloaded::Json(value))
}

fn download_properties(call: &mut Call<'_, '_>) -> Option<Item> {
    download(call, Downloaded::Properties)
}

fn download(call: &mut Call<'_, '_>, what: Downloaded) -> Option<Item> {
    let to = call.required("to", worker_path);
    let download = DownloadStep {
        what,
        to: to.clone(),
        mode: call.optional("mode", mode),
        max_size: call.optional("max_size", read::size),
    };
    about(call, "download", &to, FileStep::Download(download))
}

/// The step, named after what it does and the last part of the path that it does it to, if that is known.
fn about(call: &mut Call<'_, '_>, verb: &str, path: &Text, what: FileStep) -> Option<Item> {
    let last = path
        .as_literal()
        .and_then(|it| it.rsplit('/').find(|it| !it.is_empty()));
    let name = match last {
        Some(last) => format!("{verb} {last}"),
        None => call.function().replace('_', " "),
    };
    let name: String = name
        .chars()
        .filter(|it| !it.is_control())
        .take(LONGEST_STEP_NAME)
        .collect();
    step(call, name.trim_end().to_owned(), StepKind::Files(what))
}

/// A path on the worker.
fn worker_path(value: Value<'_>) -> Reading<Text> {
    let path = read::some_template(value)?;
    match path.as_literal() {
        Some(text) if text.contains('\0') => read::wrong("must have no NUL", None),
        _ => Ok(path),
    }
}

/// A path on the master. Steps that a function gives do not choose where on the master's disk they read and write.
fn master_path(call: &mut Call<'_, '_>, name: &str) -> MasterPath {
    let text = call.required(name, read::some_template);
    let is_absolute = text.is_absolute();
    if is_absolute && call.session().is_run_time {
        let message = format!("'{name}' is an absolute path, which steps that a function gives cannot have");
        let help = "write a path below the master's folder `files`".to_owned();
        call.mistake(name, &message, Some(help));
    }
    let leads_out = text
        .as_literal()
        .is_some_and(|it| it.split('/').any(|part| part == ".."));
    if leads_out {
        call.mistake(name, &format!("'{name}' must not lead out by '..'"), None);
    }
    MasterPath { text, is_absolute }
}

/// Permissions, as Unix has them.
fn mode(value: Value<'_>) -> Reading<u32> {
    match u32::try_from(read::integer(value)?) {
        Ok(mode) if mode <= 0o777 => Ok(mode),
        _ => read::wrong("must be from 0 to 0o777", Some("write e.g. 0o644")),
    }
}

/// A text that is shown.
fn shown(value: Value<'_>) -> Reading<Text> {
    match read::some_template(value)? {
        text if text.has_secret() => read::wrong("must not hold a secret: it is stored and shown", None),
        text => Ok(text),
    }
}
