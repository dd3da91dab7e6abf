//! The page of the book that shows the tables.

use std::fs;
use std::path::Path;

use crate::Result;

const BEGIN: &str = "<!-- bench status: begin -->";
const END: &str = "<!-- bench status: end -->";

/// Puts the tables between the two marks of `docs/src/benchmarks.md`.
pub(crate) fn write(root: &Path, tables: &str) -> Result<()> {
    let page = root.join("docs").join("src").join("benchmarks.md");
    let failed = |what, error| format!("{} cannot be {what}: {error}", page.display());
    let text = fs::read_to_string(&page).map_err(|error| failed("read", error))?;
    let text = between(&text, tables)
        .ok_or_else(|| format!("{} has not the lines {BEGIN} and {END}", page.display()))?;
    fs::write(&page, text).map_err(|error| failed("written", error))
}

/// The page with `tables` in place of what is between the marks.
fn between(page: &str, tables: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", tables.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let page = format!("# Title\n\n{BEGIN}\nold\n{END}\n\nMore.\n");
        let new = between(&page, "| new |\n").unwrap();
        assert_eq!(new, format!("# Title\n\n{BEGIN}\n\n| new |\n\n{END}\n\nMore.\n"));
        assert_eq!(between(&new, "| new |\n"), Some(new));
        assert_eq!(between("no marks", "x"), None);
    }
}
