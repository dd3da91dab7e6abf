//! Whom reports go to beside those whom the listener names.

use starlark::values::Value;
use starlark::values::dict::DictRef;

use crate::call::Call;
use crate::model::{LookupConfig, PeopleConfig};
use crate::read::{self, Reading};

pub(super) fn people(call: &mut Call<'_, '_>) -> PeopleConfig {
    let people = PeopleConfig {
        blamelist: call.or("to_blamelist", read::boolean, false),
        owners: call.or("to_owners", read::boolean, false),
        lookup: call.or("lookup", lookup, LookupConfig::AsIs),
    };
    if call.has("lookup") && !people.blamelist && !people.owners {
        let help = Some("add to_blamelist = True or to_owners = True".to_owned());
        let message = "'lookup' says nothing without 'to_blamelist' or 'to_owners'";
        call.mistake("lookup", message, help);
    }
    people
}

/// A domain, a dict of names and addresses, or a function.
fn lookup(value: Value<'_>) -> Reading<LookupConfig> {
    if DictRef::from_value(value).is_some() {
        return read::dict(read::text, read::text)(value).map(LookupConfig::Map);
    }
    match value.unpack_str() {
        None => match read::any_function(value) {
            Ok(_) => read::function(&["name"])(value).map(LookupConfig::Function),
            Err(_) => read::unexpected(
                value,
                "a domain, a dict of names and addresses or a function of (name)",
                Some("write e.g. lookup = \"example.org\""),
            ),
        },
        Some(domain) => {
            let plain = |c: char| c.is_alphanumeric() || "-.".contains(c);
            let domain = domain.trim_start_matches('@');
            match !domain.is_empty() && domain.chars().all(plain) {
                true => Ok(LookupConfig::Domain(domain.to_owned())),
                false => read::wrong(
                    format!("is no domain: '{domain}'"),
                    Some("write e.g. \"example.org\""),
                ),
            }
        }
    }
}
