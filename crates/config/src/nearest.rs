//! The valid name that somebody probably meant.

/// `did you mean 'NAME'?` for the candidate that is nearest to `name`, if one is near enough.
pub(crate) fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let allowed = (name.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .map(|it| (distance(name, it), it))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, it)| format!("did you mean '{it}'?"))
}

/// Edits between the two; upper and lower case, `-` and `_` are the same.
fn distance(a: &str, b: &str) -> usize {
    let plain = |text: &str| text.to_lowercase().replace('-', "_");
    strsim::damerau_levenshtein(&plain(a), &plain(b))
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn only_a_near_name_is_offered() {
        let known = ["workers", "workdir", "name"];
        assert_eq!(
            did_you_mean("workrs", known).as_deref(),
            Some("did you mean 'workers'?")
        );
        assert_eq!(did_you_mean("Name", known).as_deref(), Some("did you mean 'name'?"));
        assert_eq!(did_you_mean("colour", known), None);
    }
}
