//! Views as a query string, both ways.

use form_urlencoded::Serializer;
use weir_status_api::{
    BuilderChoice, BuilderId, ChangeId, ConsoleQuery, Error, GridQuery, HomeQuery, ProjectId, Result,
    Timestamp, ViewQuery, WaterfallQuery,
};

use super::values;
use crate::v2::ViewName;

/// Reads the parameters of a view.
///
/// # Errors
/// [`Error::InvalidQuery`] that names the parameter.
pub fn parse_view(name: ViewName, query: &[(String, String)]) -> Result<ViewQuery> {
    let given = Given::read(name, query)?;
    let query = match name {
        ViewName::Home => ViewQuery::Home(HomeQuery {
            limit: given.limit,
            builders: given.builders,
        }),
        ViewName::Waterfall => ViewQuery::Waterfall(WaterfallQuery {
            limit: given.limit,
            from: needed("from", given.from)?,
            to: needed("to", given.to)?,
            steps: given.steps,
            builders: given.builders,
        }),
        ViewName::Grid => ViewQuery::Grid(GridQuery {
            revisions: given.limit,
            builders: given.builders,
            branch: given.branch,
            codebase: given.codebase,
        }),
        ViewName::Console => ViewQuery::Console(ConsoleQuery {
            changes: given.limit,
            builders: given.builders,
            branch: given.branch,
            codebase: given.codebase,
            before: given.before,
        }),
    };
    query.validate().map_err(view_error_to_json_names)?;
    Ok(query)
}

fn needed(name: &str, time: Option<Timestamp>) -> Result<Timestamp> {
    time.ok_or_else(|| Error::invalid(name, "is needed: a time in whole seconds"))
}

/// What the parameters say.
#[derive(Default)]
struct Given {
    builders: BuilderChoice,
    limit: u32,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    steps: bool,
    branch: Option<String>,
    codebase: Option<String>,
    before: Option<ChangeId>,
}

impl Given {
    fn read(view: ViewName, query: &[(String, String)]) -> Result<Self> {
        let mut given = Self::default();
        for (name, value) in query {
            given.take(view, name, value)?;
        }
        Ok(given)
    }

    fn take(&mut self, view: ViewName, name: &str, value: &str) -> Result<()> {
        use ViewName::{Console, Grid, Waterfall};
        let builders = &mut self.builders;
        match (name, view) {
            ("builderid", _) => builders.builders.push(BuilderId(values::int(name, value)?)),
            ("projectid", _) => builders.project = Some(ProjectId(values::int(name, value)?)),
            ("tag", _) => builders.tags.push(value.to_owned()),
            ("without_tag", _) => builders.without_tags.push(value.to_owned()),
            ("removed", _) => builders.removed_too = values::flag(name, value)?,
            ("limit", _) => {
                let limit = super::parse::number::<u64>(name, value)?;
                self.limit = limit.try_into().unwrap_or(u32::MAX);
            }
            ("from", Waterfall) => self.from = Some(values::seconds(name, value)?),
            ("from_us", Waterfall) => self.from = Some(values::micros(name, value)?),
            ("to", Waterfall) => self.to = Some(values::seconds(name, value)?),
            ("to_us", Waterfall) => self.to = Some(values::micros(name, value)?),
            ("steps", Waterfall) => self.steps = values::flag(name, value)?,
            ("branch", Grid | Console) => self.branch = Some(value.to_owned()),
            ("codebase", Grid | Console) => self.codebase = Some(value.to_owned()),
            ("before_changeid", Console) => self.before = Some(ChangeId(values::int(name, value)?)),
            _ => return Err(super::parse::unrecognized(name)),
        }
        Ok(())
    }
}

/// The name of the view and the query string that ask for it; none for a view that has no such path.
pub fn write_view(query: &ViewQuery) -> Option<(ViewName, String)> {
    let mut text = Serializer::new(String::new());
    let (name, builders, limit) = match query {
        ViewQuery::Home(it) => (ViewName::Home, &it.builders, it.limit),
        ViewQuery::Waterfall(it) => {
            text.append_pair("from_us", &it.from.as_micros().to_string());
            text.append_pair("to_us", &it.to.as_micros().to_string());
            text.append_pair("steps", &it.steps.to_string());
            (ViewName::Waterfall, &it.builders, it.limit)
        }
        ViewQuery::Grid(it) => {
            write_source(it.branch.as_ref(), it.codebase.as_ref(), &mut text);
            (ViewName::Grid, &it.builders, it.revisions)
        }
        ViewQuery::Console(it) => {
            write_source(it.branch.as_ref(), it.codebase.as_ref(), &mut text);
            if let Some(id) = it.before {
                text.append_pair("before_changeid", &id.to_string());
            }
            (ViewName::Console, &it.builders, it.changes)
        }
        _ => return None,
    };
    write_builders(builders, &mut text);
    text.append_pair("limit", &limit.to_string());
    Some((name, text.finish()))
}

fn write_source(branch: Option<&String>, codebase: Option<&String>, text: &mut Serializer<'_, String>) {
    for (name, value) in [("branch", branch), ("codebase", codebase)] {
        if let Some(value) = value {
            text.append_pair(name, value);
        }
    }
}

fn write_builders(choice: &BuilderChoice, text: &mut Serializer<'_, String>) {
    for id in &choice.builders {
        text.append_pair("builderid", &id.to_string());
    }
    if let Some(id) = choice.project {
        text.append_pair("projectid", &id.to_string());
    }
    for tag in &choice.tags {
        text.append_pair("tag", tag);
    }
    for tag in &choice.without_tags {
        text.append_pair("without_tag", tag);
    }
    if choice.removed_too {
        text.append_pair("removed", "true");
    }
}

/// The names of a view's parts in the status API, and as parameters.
const NAMES: [(&str, &str); 2] = [("builders", "builderid"), ("tags", "tag")];

/// The error of a view, with the parameter that is wrong.
pub fn view_error_to_json_names(error: Error) -> Error {
    rename(error, |field| {
        NAMES.iter().find(|it| it.0 == field).map(|it| it.1)
    })
}

/// The error of a view, with the status API's name for the parameter that is wrong.
pub fn view_error_to_field_names(error: Error) -> Error {
    rename(error, |field| {
        NAMES.iter().find(|it| it.1 == field).map(|it| it.0)
    })
}

fn rename(error: Error, new_name: impl Fn(&str) -> Option<&'static str>) -> Error {
    match error {
        Error::InvalidQuery { field, why } => {
            let field = new_name(&field).map_or(field, str::to_owned);
            Error::InvalidQuery { field, why }
        }
        other => other,
    }
}
