//! The crates that anybody may build upon stay free of what they must not need.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::process::Command;

/// What ends in a database.
const DATABASES: [&str; 9] = [
    "diesel",
    "diesel-async",
    "diesel_migrations",
    "libsqlite3-sys",
    "rusqlite",
    "sqlx",
    "postgres",
    "pq-sys",
    "tokio-postgres",
];
/// What ends in a transport.
const TRANSPORTS: [&str; 7] = ["axum", "hyper", "prost", "reqwest", "tonic", "tower", "weir-web"];

/// The names of all that `package` is built with, itself left out, with all its features.
fn dependencies(package: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--all-features",
            "--edges",
            "normal",
            "--prefix",
            "none",
        ])
        .args(["--format", "{p}", "--package", package])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree of {package} fails: {said}");
    let tree = String::from_utf8(output.stdout).unwrap();
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    let names: BTreeSet<String> = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    assert!(names.contains(package), "{package} is in its own tree: {names:?}");
    names.into_iter().filter(|name| name != package).collect()
}

#[track_caller]
fn must_lack(package: &str, unwanted: &[&str]) {
    let dependencies = dependencies(package);
    let found: Vec<&&str> = unwanted
        .iter()
        .filter(|name| dependencies.contains(**name))
        .collect();
    assert!(found.is_empty(), "{package} must not need {found:?}");
}

#[test]
fn what_looks_at_builds_needs_no_database() {
    for package in [
        "weir-status-api",
        "weir-status-grpc",
        "weir-status-http",
        "weir-listeners",
        "weir-web",
        "weir-access",
    ] {
        must_lack(package, &DATABASES);
        must_lack(package, &["weir-status-db", "weir-master"]);
    }
}

#[test]
fn the_status_api_needs_no_transport_and_no_other_crate_of_ours() {
    must_lack("weir-status-api", &TRANSPORTS);
    let ours: Vec<String> = dependencies("weir-status-api")
        .into_iter()
        .filter(|name| name.starts_with("weir"))
        .collect();
    assert!(ours.is_empty(), "the status API must not need {ours:?}");
}

#[test]
fn permission_needs_no_transport() {
    must_lack("weir-access", &TRANSPORTS);
    let ours: Vec<String> = dependencies("weir-access")
        .into_iter()
        .filter(|name| name.starts_with("weir"))
        .collect();
    assert_eq!(ours, ["weir-status-api"]);
}

#[test]
fn the_tree_shows_what_is_there() {
    let store = dependencies("weir-status-db");
    assert!(
        store.contains("diesel") && store.contains("libsqlite3-sys"),
        "the store has its databases: {store:?}"
    );
    assert!(dependencies("weir-status-grpc").contains("tonic"));
}
