//! Texts: `interpolate(…)` and `prop(…)`, which are completed when a build runs, and what texts are to be like:
//! `regex(…)`.

use crate::call::{Call, Function};
use crate::model::Pattern;
use crate::object::Item;
use crate::read;
use crate::text::Text;

pub(super) const INTERPOLATE: Function = Function {
    name: "interpolate",
    parameters: &["template"],
    positional: 1,
    any_name: true,
    run: interpolate,
};

pub(super) const PROP: Function = Function {
    name: "prop",
    parameters: &["name", "default"],
    positional: 2,
    any_name: false,
    run: prop,
};

pub(super) const REGEX: Function = Function {
    name: "regex",
    parameters: &["expression"],
    positional: 1,
    any_name: false,
    run: regex,
};

fn regex(call: &mut Call<'_, '_>) -> Option<Item> {
    // Without an expression there was a mistake, and what is made of the call counts for nothing.
    let nothing = || Pattern::Text(String::new());
    let pattern = call.required("expression", |value| {
        let expression = read::text(value)?;
        Pattern::regex(&expression)
            .map(Some)
            .or_else(|why| read::wrong(why, None))
    });
    Some(Item::Regex(pattern.unwrap_or_else(nothing)))
}

fn interpolate(call: &mut Call<'_, '_>) -> Option<Item> {
    let keywords = call.others(read::template);
    if !call.is_whole() {
        return None;
    }
    let text = call.required("template", |value| {
        let template = read::string(value)?;
        Text::parse_with(&template, &keywords).map_err(|error| {
            let before = template.get(..error.offset).unwrap_or_default();
            vec![read::Wrong {
                path: String::new(),
                item: None,
                character: Some(before.chars().count()),
                message: format!("is wrong: {error}"),
                help: None,
            }]
        })
    });
    if text.has_secret() {
        call.use_secret();
    }
    Some(Item::Text(text))
}

fn prop(call: &mut Call<'_, '_>) -> Option<Item> {
    let name = call.required("name", read::property_name);
    let default = call.optional("default", read::template);
    Some(Item::Text(Text::property(name, default)))
}
