//! The page of the book that shows the tables.

use std::fs;
use std::path::Path;

use crate::Result;

/// Puts the tables of a benchmark between its two marks in `docs/src/benchmarks.md`.
pub(crate) fn write(root: &Path, bench: &str, tables: &str) -> Result<()> {
    let page = root.join("docs").join("src").join("benchmarks.md");
    let failed = |what, error| format!("{} cannot be {what}: {error}", page.display());
    let text = fs::read_to_string(&page).map_err(|error| failed("read", error))?;
    let (begin, end) = marks(bench);
    let text = between(&text, bench, tables)
        .ok_or_else(|| format!("{} has not the lines {begin} and {end}", page.display()))?;
    fs::write(&page, text).map_err(|error| failed("written", error))
}

/// The lines between which the tables of a benchmark are.
fn marks(bench: &str) -> (String, String) {
    let mark = |what| format!("<!-- bench {bench}: {what} -->");
    (mark("begin"), mark("end"))
}

/// The page with `tables` in place of what is between the marks.
fn between(page: &str, bench: &str, tables: &str) -> Option<String> {
    let (begin, end) = marks(bench);
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n\n{}\n\n{end}{after}", tables.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let (begin, end) = marks("a");
        let page = format!("# Title\n\n{begin}\nold\n{end}\n\nMore.\n");
        let new = between(&page, "a", "| new |\n").unwrap();
        assert_eq!(new, format!("# Title\n\n{begin}\n\n| new |\n\n{end}\n\nMore.\n"));
        assert_eq!(between(&new, "a", "| new |\n"), Some(new.clone()));
        assert_eq!(between(&new, "b", "x"), None);
    }
}
