//! The steps `set_property` and `set_properties` (Buildbot's `SetProperty`, `SetProperties` and
//! `SetPropertyFromCommand`).

use std::collections::BTreeMap;

use serde_json::Value;
use weir_config::{Answer, Argument, Command, Function, PropertyOrigin, PropertyValue, RenderError};
use weir_off_thread::off_thread;
use weir_status_api::{Property, Results};

use super::captured::Captured;
use super::command::{End, Reader};
use super::lines;
use super::log::LogWriter;
use super::step::{StepEnd, StepRun, cannot_render};
use crate::error::Result;
use crate::workers::Outcome;

/// How long the name of a property may be that a function gives, in bytes.
const LONGEST_NAME: usize = 256;

/// How many bytes the output of a command may have that becomes a property.
const MOST_OUTPUT: usize = 64 * 1024;

/// Finds the values; they are set together with the end of the step.
pub(crate) async fn run(step: &StepRun<'_>, from: &PropertyOrigin, log: &mut LogWriter) -> Result<StepEnd> {
    match from {
        PropertyOrigin::Values(values) => Ok(match render(step, values) {
            Ok(values) => set(step, values, log),
            Err(error) => cannot_render(&error, log),
        }),
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
                return Ok(too_large(log));
            }
            let value = text(step, &output.bytes, *strip).into();
            Ok(set(step, BTreeMap::from([(property.clone(), value)]), log))
        }
        PropertyOrigin::Extracted { command, extract } => extracted(step, command, extract, log).await,
    }
}

/// The properties that a function finds in what a command gave, however the command ended by itself.
async fn extracted(
    step: &StepRun<'_>,
    command: &Command,
    extract: &Function,
    log: &mut LogWriter,
) -> Result<StepEnd> {
    let (spec, title) = match step.rendered(command) {
        Ok(it) => it,
        Err(error) => return Ok(cannot_render(&error, log)),
    };
    let mut output = Captured::up_to(MOST_OUTPUT).with_stderr();
    let end = step.execute(spec, log, Reader::Captured(&mut output)).await?;
    let code = match &end {
        End::Outcome(Outcome::Exited(code)) => Some(*code),
        _ => None,
    };
    let end = step.decide(&title, end, log);
    let Some(code) = code.filter(|_| step.stop.told().is_none()) else {
        return Ok(end);
    };
    if output.is_cut {
        return Ok(too_large(log));
    }
    let (stdout, stderr) = output.both();
    let arguments = vec![
        Argument::Plain(code.into()),
        Argument::Plain(text(step, &stdout, false).into()),
        Argument::Plain(text(step, &stderr, false).into()),
    ];
    let function = extract.clone();
    let called = off_thread(move || function.call(arguments)).await;
    let values = match called {
        Ok(Ok(Answer::Dict(values))) => plain(step, values),
        Ok(Ok(_)) => Err(format!("{}() must give a dict of properties", extract.name())),
        Ok(Err(error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    Ok(match values {
        Ok(values) => StepEnd {
            results: end.results,
            ..set(step, values, log)
        },
        Err(why) => {
            log.say(&why);
            StepEnd::new(Results::Exception, why)
        }
    })
}

fn too_large(log: &mut LogWriter) -> StepEnd {
    let why = format!("the output has more than {MOST_OUTPUT} bytes, too much for a property");
    log.say(&why);
    StepEnd::new(Results::Failure, why)
}

/// The end of a step that sets these.
fn set(step: &StepRun<'_>, values: BTreeMap<String, Value>, log: &mut LogWriter) -> StepEnd {
    let source = &step.config.name;
    let named = values
        .into_iter()
        .map(|(name, value)| (name, Property::new(value, source.clone())));
    let mut properties = named.collect();
    // What is shown of a long value must not end within a secret.
    step.values.secrets.mask_properties(&mut properties);
    let mut end = StepEnd::new(Results::Success, state(&properties));
    for (name, property) in &properties {
        log.say(&format!("{name}: {}", property.value));
    }
    end.properties = properties;
    end
}

/// What a function gave, as values of properties.
fn plain(step: &StepRun<'_>, values: BTreeMap<String, Answer>) -> Result<BTreeMap<String, Value>, String> {
    let value = |answer| value(step, answer);
    values
        .into_iter()
        .map(
            |(name, answer)| match name.is_empty() || name.len() > LONGEST_NAME {
                true => Err(format!(
                    "the name of a property must have 1 to {LONGEST_NAME} bytes"
                )),
                false => Ok((name, value(answer)?)),
            },
        )
        .collect()
}

fn value(step: &StepRun<'_>, answer: Answer) -> Result<Value, String> {
    Ok(match answer {
        Answer::Plain(value) => value,
        Answer::Text(text) => text.render(&step.values).map_err(|it| it.to_string())?.into(),
        Answer::List(items) => {
            let items = items.into_iter().map(|it| value(step, it));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Answer::Dict(items) => {
            let items = items.into_iter().map(|(name, it)| Ok((name, value(step, it)?)));
            Value::Object(items.collect::<Result<_, String>>()?)
        }
        Answer::Facts(_) => return Err("a property must be plain data".to_owned()),
    })
}

fn render(
    step: &StepRun<'_>,
    values: &BTreeMap<String, PropertyValue>,
) -> Result<BTreeMap<String, Value>, RenderError> {
    let render = |value: &PropertyValue| match value {
        PropertyValue::Text(text) => text.value(&step.values).map(Option::unwrap_or_default),
        PropertyValue::Data(value) => Ok(value.clone()),
    };
    values
        .iter()
        .map(|(name, value)| Ok((name.clone(), render(value)?)))
        .collect()
}

/// Output as a property's value. The databases have no place for a NUL.
fn text(step: &StepRun<'_>, output: &[u8], strip: bool) -> String {
    let text = lines::text(output, step.config.log.encoding()).replace('\0', "\u{fffd}");
    if strip { text.trim().to_owned() } else { text }
}

/// For people: the value if there is one, which may be long.
fn state(properties: &BTreeMap<String, Property>) -> String {
    const LONGEST: usize = 60;
    let [(name, Property { value, .. })] = properties.iter().collect::<Vec<_>>()[..] else {
        return format!("set {} properties", properties.len());
    };
    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let line = value.lines().next().unwrap_or_default();
    let short: String = line.chars().take(LONGEST).collect();
    let more = if short == value { "" } else { " …" };
    format!("{name}: {short}{more}")
}
