//! The steps `set_property` and `set_properties` (Buildbot's `SetProperty`, `SetProperties` and
//! `SetPropertyFromCommand`).

use std::collections::BTreeMap;

use serde_json::Value;
use weir_config::{PropertyOrigin, PropertyValue, RenderError};
use weir_status_api::{Property, Results};

use super::command::{Captured, Reader};
use super::log::LogWriter;
use super::step::{StepEnd, StepRun, cannot_render};
use crate::error::Result;

/// How many bytes the output of a command may have that becomes a property.
const MOST_OUTPUT: usize = 64 * 1024;

/// Finds the values; they are set together with the end of the step.
pub(crate) async fn run(step: &StepRun<'_>, from: &PropertyOrigin, log: &mut LogWriter) -> Result<StepEnd> {
    let values = match from {
        PropertyOrigin::Values(values) => match render(step, values) {
            Ok(values) => values,
            Err(error) => return Ok(cannot_render(&error, log)),
        },
        PropertyOrigin::Output {
            property,
            command,
            strip,
        } => {
            let mut output = Captured::up_to(MOST_OUTPUT);
            let end = step.command(command, log, Reader::Captured(&mut output)).await?;
            if end.results != Results::Success {
                return Ok(end);
            }
            if output.is_cut {
                let why = format!("the output has more than {MOST_OUTPUT} bytes, too much for a property");
                log.say(&why);
                return Ok(StepEnd::new(Results::Failure, why));
            }
            BTreeMap::from([(property.clone(), text(&output.bytes, *strip).into())])
        }
    };
    let mut end = StepEnd::new(Results::Success, state(&values));
    for (name, value) in values {
        log.say(&format!("{name}: {value}"));
        end.properties
            .insert(name, Property::new(value, step.config.name.clone()));
    }
    Ok(end)
}

fn render(
    step: &StepRun<'_>,
    values: &BTreeMap<String, PropertyValue>,
) -> Result<BTreeMap<String, Value>, RenderError> {
    let render = |value: &PropertyValue| match value {
        PropertyValue::Text(text) => text.render(&step.values).map(Value::String),
        PropertyValue::Data(value) => Ok(value.clone()),
    };
    values
        .iter()
        .map(|(name, value)| Ok((name.clone(), render(value)?)))
        .collect()
}

/// Output as a property's value. The databases have no place for a NUL.
fn text(output: &[u8], strip: bool) -> String {
    let text = String::from_utf8_lossy(output).replace('\0', "\u{fffd}");
    if strip { text.trim().to_owned() } else { text }
}

/// For people: the value if there is one, which may be long.
fn state(values: &BTreeMap<String, Value>) -> String {
    const LONGEST: usize = 60;
    let [(name, value)] = values.iter().collect::<Vec<_>>()[..] else {
        return format!("set {} properties", values.len());
    };
    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let line = value.lines().next().unwrap_or_default();
    let short: String = line.chars().take(LONGEST).collect();
    let more = if short == value { "" } else { " …" };
    format!("{name}: {short}{more}")
}
