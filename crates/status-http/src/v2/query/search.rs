//! A search of a log as a query string, both ways.

use form_urlencoded::Serializer;
use weir_status_api::{Error, LogSearch, Result, SearchPattern};

use super::values;

/// Reads the parameters of a search of a log.
///
/// # Errors
/// [`Error::InvalidQuery`] that names the parameter.
pub fn parse_search(query: &[(String, String)]) -> Result<LogSearch> {
    let mut pattern = None;
    let mut search = LogSearch::text("");
    for (name, value) in query {
        let given = match name.as_str() {
            "text" => SearchPattern::Text(value.clone()),
            "regex" => SearchPattern::Regex(value.clone()),
            "ignore_case" => {
                search.ignore_case = values::flag(name, value)?;
                continue;
            }
            "offset" => {
                search.first = values::int(name, value)?;
                continue;
            }
            "limit" => {
                let limit = super::parse::number::<u64>(name, value)?;
                search.limit = limit.try_into().unwrap_or(u32::MAX);
                continue;
            }
            _ => return Err(super::parse::unrecognized(name)),
        };
        if pattern.replace(given).is_some() {
            let why = "there is more than one `text` or `regex`: one thing is looked for";
            return Err(Error::invalid(name, why));
        }
    }
    let missing = || Error::invalid("text", "is needed, or `regex`: what is looked for");
    search.pattern = pattern.ok_or_else(missing)?;
    search.validate()?;
    Ok(search)
}

/// The query string that asks for the search.
pub fn write_search(search: &LogSearch) -> String {
    let mut text = Serializer::new(String::new());
    match &search.pattern {
        SearchPattern::Text(it) => text.append_pair("text", it),
        SearchPattern::Regex(it) => text.append_pair("regex", it),
    };
    if search.ignore_case {
        text.append_pair("ignore_case", "true");
    }
    text.append_pair("offset", &search.first.to_string());
    text.append_pair("limit", &search.limit.to_string());
    text.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v2::pairs;

    #[test]
    fn what_is_written_is_read() {
        for search in [
            LogSearch::text("a&b=ü +%"),
            LogSearch {
                ignore_case: true,
                first: 1 << 40,
                limit: 3,
                ..LogSearch::regex("^(a|b)$")
            },
        ] {
            assert_eq!(parse_search(&pairs(&write_search(&search))), Ok(search));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (query, field) in [
            ("", "text"),
            ("text=", "text"),
            ("regex=", "regex"),
            ("text=a%0Ab", "text"),
            ("text=a&regex=b", "regex"),
            ("text=a&text=b", "text"),
            ("text=a&offset=-1", "first"),
            ("text=a&offset=x", "offset"),
            ("text=a&limit=x", "limit"),
            ("text=a&ignore_case=maybe", "ignore_case"),
            ("text=a&first=1", "first"),
        ] {
            let refused = parse_search(&pairs(query));
            assert!(
                matches!(&refused, Err(Error::InvalidQuery { field: it, .. }) if it == field),
                "{query}: {refused:?}"
            );
        }
    }
}
