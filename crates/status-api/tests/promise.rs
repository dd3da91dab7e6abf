//! The table of promises in the book names cases that there are, and every kind of resource.

use weir_status_api::Kind;
use weir_status_api::conformance::CASES;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/src/promise.md");

/// The names between back-ticks that look like those of cases.
fn named(page: &str) -> Vec<&str> {
    let spans = page.split('`').skip(1).step_by(2);
    spans.filter(|span| span.contains("::")).collect()
}

#[test]
fn every_case_that_is_named_is_there() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let unknown: Vec<&str> = named(&page)
        .into_iter()
        .filter(|name| CASES.iter().all(|case| case.name != *name))
        .collect();
    assert!(unknown.is_empty(), "there are no such cases: {unknown:?}");
}

#[test]
fn every_kind_of_resource_has_its_cases() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let names = named(&page);
    for kind in Kind::ALL {
        let snake = snake(&format!("{kind:?}"));
        for family in ["get", "missing", "list", "filters", "orders", "pages", "topics"] {
            let name = format!("{family}::{snake}");
            assert!(names.contains(&name.as_str()), "`{name}` is not in the table");
        }
    }
}

fn snake(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}
