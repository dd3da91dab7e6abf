//! Giving a file to the worker (Buildbot's `FileDownload`, `StringDownload`, `JSONStringDownload` and
//! `JSONPropertiesDownload`).

use serde_json::{Value, json};
use weir_config::{DownloadStep, Downloaded, PropertyValue, RenderError};
use weir_status_api::Results;

use super::super::command::Reader;
use super::super::log::LogWriter;
use super::super::step::{StepEnd, StepRun, cannot_render};
use super::place::on_master;
use super::{Given, conclude, execute, failed, rendered, title};
use crate::error::Result;
use crate::workers::FileCommand;

/// Gives the worker what it is to have.
pub(super) async fn run(step: &StepRun<'_>, download: &DownloadStep, log: &mut LogWriter) -> Result<StepEnd> {
    let (path, given) = match (rendered(step, &download.to), given(step, &download.what)) {
        (Ok(path), Ok(given)) => (path, given),
        (Err(error), _) | (_, Err(error)) => return Ok(cannot_render(&error, log)),
    };
    let mut given = match given {
        Ok(given) => given,
        Err(why) => return Ok(failed(&why, log)),
    };
    let command = FileCommand::DownloadFile {
        path: path.clone(),
        max_bytes: download.max_size,
        mode: download.mode,
    };
    let title = title(&command);
    let end = execute(step, command, log, Reader::Given(&mut given)).await?;
    let end = conclude(step, &title, end, log);
    Ok(match (end.results, given.failure()) {
        (Results::Success, _) => StepEnd::new(Results::Success, format!("downloaded {path}")),
        (Results::Failure, Some(why)) => failed(why, log),
        _ => end,
    })
}

/// What the worker is given. The inner error says why it cannot be had from where it is.
fn given(step: &StepRun<'_>, what: &Downloaded) -> Result<Result<Given, String>, RenderError> {
    let text = match what {
        Downloaded::File(path) => {
            let path = on_master(&step.engine.files, path, |it| rendered(step, &it.text))?;
            return Ok(path.map(Given::file));
        }
        Downloaded::Text(text) => rendered(step, text)?,
        Downloaded::Json(PropertyValue::Data(value)) => value.to_string(),
        Downloaded::Json(PropertyValue::Text(text)) => {
            text.value(&step.values)?.unwrap_or_default().to_string()
        }
        Downloaded::Properties => about_build(step).to_string(),
    };
    Ok(Ok(Given::text(text)))
}

/// The build's properties and sources, in Buildbot's form.
fn about_build(step: &StepRun<'_>) -> Value {
    let properties = step.values.properties.iter();
    let properties: serde_json::Map<_, _> = properties
        .map(|(name, property)| (name.clone(), property.value.clone()))
        .collect();
    let sources = step.values.sources.iter().map(|it| {
        json!({
            "branch": it.branch,
            "revision": it.revision,
            "repository": it.repository,
            "project": it.project,
            "codebase": it.codebase,
        })
    });
    json!({ "properties": properties, "sourcestamps": sources.collect::<Vec<_>>() })
}
