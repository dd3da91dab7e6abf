//! Who has to do with a build.

use serde_json::Value;
use weir_status_api::{Change, Properties, SourceStamp};

/// Who made what is built, each once and in order: the authors of changes and of patches (Buildbot's blamelist; who
/// committed another's change is not in it, which would be the forge more often than a person).
pub(super) fn blamelist(changes: &[Change], sources: &[SourceStamp]) -> Vec<String> {
    let authors = changes.iter().map(|it| it.author.as_str());
    let patches = sources
        .iter()
        .filter_map(|it| Some(it.patch.as_ref()?.author.as_str()));
    each_once(authors.chain(patches))
}

/// Who asked for it: the properties `owner`, a text, and `owners`, a list.
pub(super) fn owners(properties: &Properties) -> Vec<String> {
    let value = |name: &str| properties.get(name).map(|it| &it.value);
    let one = value("owner").and_then(Value::as_str);
    let several = value("owners").and_then(Value::as_array);
    let several = several.into_iter().flatten().filter_map(Value::as_str);
    each_once(one.into_iter().chain(several))
}

fn each_once<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let names: std::collections::BTreeSet<&str> = names.filter(|it| !it.trim().is_empty()).collect();
    names.into_iter().map(str::to_owned).collect()
}
