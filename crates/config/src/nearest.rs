//! The valid name that somebody probably meant.

/// The candidate that is nearest to `name`, if one is near enough.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (name.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|it| (distance(name, it), it))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, it)| it)
}

/// Offers `name` to somebody.
pub(crate) fn did_you_mean(name: &str) -> String {
    format!("did you mean '{name}'?")
}

/// Edits between the two; upper and lower case, `-` and `_` are the same.
fn distance(a: &str, b: &str) -> usize {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    strsim::damerau_levenshtein(&plain(a), &plain(b))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn only_a_near_name_is_offered() {
        let known = ["workers", "workdir", "name"];
        for (name, offered) in [
            ("workrs", Some("workers")),
            ("Work-dir", Some("workdir")),
            ("Name", Some("name")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, known), offered, "{name}");
        }
    }
}
