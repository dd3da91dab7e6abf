//! The book is whole: each page is in its summary, and each link leads to a file.
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

#[test]
fn every_page_is_in_the_summary() {
    let folder = root().join("docs/src");
    let summary: BTreeSet<String> = links(&fs::read_to_string(folder.join("SUMMARY.md")).unwrap())
        .into_iter()
        .collect();
    let pages: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".md") && name != "SUMMARY.md")
        .collect();
    assert_eq!(summary, pages);
}

#[test]
fn every_link_leads_somewhere() {
    check(&root().join("README.md"));
    check(&root().join("web-status/README.md"));
    for entry in fs::read_dir(root().join("docs/src")).unwrap() {
        let page = entry.unwrap().path();
        if page.extension().is_some_and(|it| it == "md") {
            check(&page);
        }
    }
}
