//! The book is whole: each page is in its summary, each link leads to a file, and each feature that Buildbot's users look
//! for has a test.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The targets of the links and pictures of a Markdown text, without those to other sites and within the page.
fn links(text: &str) -> Vec<String> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.split('#').next().unwrap().to_owned())
        .filter(|target| !target.is_empty() && !target.contains("://"))
        .collect()
}

fn check(page: &Path) {
    let text = fs::read_to_string(page).unwrap();
    for link in links(&text) {
        let target = page.parent().unwrap().join(&link);
        assert!(target.exists(), "{}: {link} leads nowhere", page.display());
    }
}

/// The pages of the book, by their paths within it.
fn pages() -> BTreeSet<String> {
    fn collect(folder: &Path, within: &Path, pages: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder.join(within)).unwrap() {
            let name = entry.unwrap().file_name();
            let path = within.join(&name);
            if folder.join(&path).is_dir() {
                collect(folder, &path, pages);
            } else if path.extension().is_some_and(|it| it == "md") {
                pages.insert(path.to_str().unwrap().to_owned());
            }
        }
    }
    let mut pages = BTreeSet::new();
    collect(&root().join("docs/src"), Path::new(""), &mut pages);
    pages
}

#[test]
fn every_page_is_in_the_summary() {
    let summary = root().join("docs/src/SUMMARY.md");
    let mut summary: BTreeSet<String> = links(&fs::read_to_string(summary).unwrap()).into_iter().collect();
    summary.insert("SUMMARY.md".to_owned());
    assert_eq!(summary, pages());
}

#[test]
fn every_link_leads_somewhere() {
    check(&root().join("README.md"));
    check(&root().join("web-status/README.md"));
    for page in pages() {
        check(&root().join("docs/src").join(page));
    }
}

/// The names of all functions of the workspace's Rust files.
fn functions() -> BTreeSet<String> {
    fn collect(folder: &Path, names: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, names);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let found = text
                    .split("fn ")
                    .skip(1)
                    .filter_map(|it| it.split(['(', '<']).next());
                names.extend(found.map(str::to_owned));
            }
        }
    }
    let mut names = BTreeSet::new();
    for folder in ["crates", "xtask/src", "xtask/tests"] {
        collect(&root().join(folder), &mut names);
    }
    names
}

/// The titles of all tests of the web status.
fn titles() -> BTreeSet<String> {
    fn collect(folder: &Path, titles: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, titles);
            } else if path.to_string_lossy().ends_with(".test.ts") {
                let text = fs::read_to_string(&path).unwrap();
                titles.extend(text.lines().filter_map(title));
            }
        }
    }
    let mut titles = BTreeSet::new();
    collect(&root().join("web-status/test"), &mut titles);
    titles
}

/// The title in a line such as `it('shows builders', async () => {`.
fn title(line: &str) -> Option<String> {
    let line = line.trim_start();
    let rest = ["it(", "test("].iter().find_map(|it| line.strip_prefix(it))?;
    let quote = rest.chars().next().filter(|it| "'\"`".contains(*it))?;
    let (title, _) = rest[1..].split_once(&format!("{quote}, "))?;
    Some(title.replace('\\', ""))
}

/// What stands between backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// What is wrong with the tests that a table of features names in its last column.
fn faults(page: &str, functions: &BTreeSet<String>) -> Vec<String> {
    let mut faults = vec![];
    // The test of the rows of a section that name none.
    let mut usual: Option<&str> = None;
    for line in page.lines() {
        if line.starts_with('#') {
            usual = None;
        }
        if let Some((_, rest)) = line.split_once("Where no other test is named, it is ") {
            usual = code(rest).next();
        }
        let Some(cells) = line.strip_prefix('|').and_then(|it| it.strip_suffix('|')) else {
            continue;
        };
        let cells: Vec<&str> = cells.split(" | ").map(str::trim).collect();
        let [feature, .., ours, test] = cells.as_slice() else {
            faults.push(format!("{line}: has too few cells"));
            continue;
        };
        if matches!(*feature, "feature" | "what") || feature.starts_with("---") {
            continue;
        }
        let elsewhere = test.starts_with("see [");
        let mut named = code(test).chain(usual).peekable();
        if named.peek().is_none() && !elsewhere && !ours.contains("missing") {
            faults.push(format!("{feature}: names neither a test nor why it is missing"));
        }
        let gone = named.filter(|it| !functions.contains(*it));
        faults.extend(gone.map(|it| format!("{feature}: there is no test {it}")));
    }
    faults
}

#[test]
fn features_have_tests() {
    let page = fs::read_to_string(root().join("docs/src/buildbot.md")).unwrap();
    // Some are seen in a browser.
    let tests = &functions() | &titles();
    let faults = faults(&page, &tests);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn features_of_the_web_status_have_tests() {
    let page = fs::read_to_string(root().join("docs/src/web-status.md")).unwrap();
    let faults = faults(&page, &titles());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn titles_of_tests_are_read() {
    let given = |line| title(line).unwrap_or_default();
    assert_eq!(
        given("  it('is the page\\'s own', async () => {"),
        "is the page's own"
    );
    assert_eq!(given("it(`shows ${name}`, () => {"), "shows ${name}");
    assert_eq!(given("// it shows nothing"), "");
}

#[test]
fn features_without_tests_are_found() {
    let functions = BTreeSet::from(["there".to_owned(), "usual".to_owned()]);
    let page = "## A\n| feature | Buildbot | Weir | test |\n| --- | --- | --- | --- |\n\
                | one | `a` | `a` | `there` |\n| two | `b` | missing: why | |\n| three | `c` | `c` | |\n\
                | four | `d` | `d` | `there`, `gone` |\n| five | `e` | `e` | see [A](#a) |\n\
                ## B\nWhere no other test is named, it is `usual`.\n| six | `f` | `f` | |\n";
    assert_eq!(
        faults(page, &functions),
        [
            "three: names neither a test nor why it is missing",
            "four: there is no test gone",
        ]
    );
}
