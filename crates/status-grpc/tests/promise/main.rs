//! The promise of the proto files: what stands in `proto/baseline` stays.
//!
//! Anything may be added. What is there keeps its file, name, number, type and place, so that messages on the wire,
//! JSON and generated code of older clients stay good.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod listing;
mod sources;

use std::path::PathBuf;

use listing::Listing;
use sources::Sources;

const PACKAGE: &str = "weir.status.v1";

const PREFACE: &str = "\
# What the gRPC interface promises; a line that is here must stay as it is. Renewed by `cargo xtask promise --write`.
";

fn baseline() -> PathBuf {
    sources::root().join("baseline").join(format!("{PACKAGE}.txt"))
}

/// What of `present` nobody promised yet.
fn unpromised(promised: &Listing, present: &Listing) -> Listing {
    let mut unpromised = Listing::default();
    for (head, lines) in &present.0 {
        let known = promised.0.get(head);
        let new = lines
            .iter()
            .filter(|line| !known.is_some_and(|it| it.contains(line)));
        let new: Vec<_> = new.cloned().collect();
        if known.is_none() || !new.is_empty() {
            unpromised.0.insert(head.clone(), new);
        }
    }
    unpromised
}

/// What of `promised` is not there any more, in words.
fn broken(promised: &Listing, present: &Listing) -> Vec<String> {
    let mut broken = vec![];
    for (head, lines) in &promised.0 {
        let Some(now) = present.0.get(head) else {
            broken.push(format!("{head} is gone"));
            continue;
        };
        for line in lines.iter().filter(|it| !now.contains(it)) {
            // Its number or name may tell what became of it.
            let key = |line: &str| line.split([' ', '(']).next().map(str::to_owned);
            let instead = now.iter().find(|it| key(it) == key(line));
            broken.push(match instead {
                Some(instead) => format!("{head}: `{line}` became `{instead}`"),
                None => format!("{head}: `{line}` is gone"),
            });
        }
    }
    broken
}

#[test]
fn what_is_promised_stands() {
    let present = Listing::of(&Sources::stored().compile(), PACKAGE);
    if std::env::var_os("WEIR_PROMISE").is_some_and(|it| it == "write") {
        std::fs::write(baseline(), format!("{PREFACE}\n{present}")).unwrap();
    }
    let promised = Listing::parse(&std::fs::read_to_string(baseline()).unwrap());
    let unpromised = unpromised(&promised, &present);
    if unpromised != Listing::default() {
        eprintln!("new, and not promised before `cargo xtask promise --write`:\n{unpromised}");
    }
    let broken = broken(&promised, &present);
    assert!(
        broken.is_empty(),
        "older clients would fail:\n- {}\nKeep it beside what is new; or, if nobody can have relied on it, withdraw the \
         promise by `cargo xtask promise --write`.",
        broken.join("\n- ")
    );
}

/// The words that Python keeps for itself; those of other languages of gRPC get another name by their compilers.
const PYTHONS_WORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

#[test]
fn every_field_can_be_named_in_python() {
    let listing = Listing::of(&Sources::stored().compile(), PACKAGE);
    let lines = listing.0.values().flatten();
    let names = lines.filter_map(|line| line.split_once(' ')?.1.split_once(':'));
    let kept: Vec<_> = names
        .map(|it| it.0)
        .filter(|it| PYTHONS_WORDS.contains(it))
        .collect();
    assert_eq!(kept, [""; 0]);
}

#[test]
fn a_listing_is_read_as_it_was_written() {
    let listing = Listing::of(&Sources::stored().compile(), PACKAGE);
    assert!(listing.0.len() > 50, "{listing}");
    assert_eq!(Listing::parse(&format!("{PREFACE}\n{listing}")), listing);
}

/// What is broken by replacing `old` in the file `name` by `new`.
fn broken_by(name: &str, old: &str, new: &str) -> Vec<String> {
    let stored = Listing::of(&Sources::stored().compile(), PACKAGE);
    let changed = Listing::of(&Sources::stored().replace(name, old, new).compile(), PACKAGE);
    broken(&stored, &changed)
}

const BUILD: &str = "message weir.status.v1.Build in weir/status/v1/resources.proto";
const KEY: &str = "message weir.status.v1.BuilderKey in weir/status/v1/queries.proto";
const SERVICE: &str = "service weir.status.v1.StatusService in weir/status/v1/service.proto";

#[test]
fn a_field_that_is_removed_or_changed_breaks_the_promise() {
    let of_build = "  int64 locks_duration_s = 9;";
    for (new, says) in [
        ("", "`9 locks_duration_s: int64` is gone".to_owned()),
        ("  reserved 9;", "`9 locks_duration_s: int64` is gone".to_owned()),
        (
            "  int64 locks_duration_s = 90;",
            "`9 locks_duration_s: int64` is gone".to_owned(),
        ),
        ("  int64 locks_s = 9;", became("locks_s: int64")),
        (
            "  sint64 locks_duration_s = 9;",
            became("locks_duration_s: sint64"),
        ),
        (
            "  optional int64 locks_duration_s = 9;",
            became("locks_duration_s: optional int64"),
        ),
        (
            "  repeated int64 locks_duration_s = 9;",
            became("locks_duration_s: repeated int64"),
        ),
        (
            "  map<string, int64> locks_duration_s = 9;",
            became("locks_duration_s: map<string, int64>"),
        ),
        (
            "  oneof waited { int64 locks_duration_s = 9; }",
            became("locks_duration_s: int64 of waited"),
        ),
    ] {
        let broken = broken_by("resources.proto", of_build, new);
        assert_eq!(broken, [format!("{BUILD}: {says}")], "`{new}`");
    }
    let of_map = "map<string, Property> properties = 12;";
    let broken = broken_by("resources.proto", of_map, "map<string, string> properties = 12;");
    let says =
        "`12 properties: map<string, weir.status.v1.Property>` became `12 properties: map<string, string>`";
    assert_eq!(broken, [format!("{BUILD}: {says}")]);
}

fn became(what: &str) -> String {
    format!("`9 locks_duration_s: int64` became `9 {what}`")
}

#[test]
fn a_choice_that_is_taken_apart_breaks_the_promise() {
    let choice = "  oneof by {
    // By its id.
    int64 id = 1;
    // By its name.
    string name = 2;
  }";
    let apart = "  int64 id = 1; string name = 2;";
    assert_eq!(
        broken_by("queries.proto", choice, apart),
        [
            format!("{KEY}: `1 id: int64 of by` became `1 id: int64`"),
            format!("{KEY}: `2 name: string of by` became `2 name: string`"),
        ]
    );
}

#[test]
fn a_value_of_an_enum_that_is_removed_or_changed_breaks_the_promise() {
    let head = "enum weir.status.v1.Results in weir/status/v1/resources.proto";
    for (new, says) in [
        ("", "`5 RESULTS_RETRY` is gone"),
        ("RESULTS_AGAIN = 5;", "`5 RESULTS_RETRY` became `5 RESULTS_AGAIN`"),
        ("RESULTS_RETRY = 7;", "`5 RESULTS_RETRY` is gone"),
    ] {
        let broken = broken_by("resources.proto", "RESULTS_RETRY = 5;", new);
        assert_eq!(broken, [format!("{head}: {says}")], "`{new}`");
    }
}

#[test]
fn a_method_or_message_that_is_removed_or_changed_breaks_the_promise() {
    let watch = "rpc Watch(WatchRequest) returns (stream WatchResponse);";
    let listed = "Watch(weir.status.v1.WatchRequest) -> stream weir.status.v1.WatchResponse";
    for (new, says) in [
        ("", format!("`{listed}` is gone")),
        (
            "rpc Watch(WatchRequest) returns (WatchResponse);",
            format!("`{listed}` became `{}`", listed.replace("-> stream ", "-> ")),
        ),
        (
            "rpc Watch(stream WatchRequest) returns (stream WatchResponse);",
            format!(
                "`{listed}` became `{}`",
                listed.replace("Watch(", "Watch(stream ")
            ),
        ),
        (
            "rpc Watch(ListRequest) returns (stream WatchResponse);",
            format!(
                "`{listed}` became `{}`",
                listed.replace("WatchRequest", "ListRequest")
            ),
        ),
    ] {
        let broken = broken_by("service.proto", watch, new);
        assert_eq!(broken, [format!("{SERVICE}: {says}")], "`{new}`");
    }
}

#[test]
fn a_message_that_is_removed_breaks_the_promise() {
    let stored = Listing::of(&Sources::stored().compile(), PACKAGE);
    let sources = Sources::stored()
        .replace("access.proto", "message SignOutResponse {}", "")
        .replace(
            "access.proto",
            "returns (SignOutResponse)",
            "returns (RevokeTokenResponse)",
        );
    let head = "service weir.status.v1.AccessService in weir/status/v1/access.proto";
    let listed = "SignOut(weir.status.v1.SignOutRequest) -> weir.status.v1.";
    assert_eq!(
        broken(&stored, &Listing::of(&sources.compile(), PACKAGE)),
        [
            "message weir.status.v1.SignOutResponse in weir/status/v1/access.proto is gone".to_owned(),
            format!("{head}: `{listed}SignOutResponse` became `{listed}RevokeTokenResponse`"),
        ]
    );
}

#[test]
fn what_moves_to_another_file_breaks_imports() {
    let moved = "// A link that a step shows.\nmessage Url {\n  // Its text.\n  string name = 1;\n  // Where it leads.\n  string url = 2;\n}\n";
    let stored = Listing::of(&Sources::stored().compile(), PACKAGE);
    let sources = Sources::stored()
        .replace("resources.proto", moved, "")
        .replace(
            "resources.proto",
            "import \"google",
            "import \"weir/status/v1/links.proto\";\nimport \"google",
        )
        .add(
            "links.proto",
            &format!("syntax = \"proto3\";\npackage weir.status.v1;\n{moved}"),
        );
    let broken = broken(&stored, &Listing::of(&sources.compile(), PACKAGE));
    assert_eq!(
        broken,
        ["message weir.status.v1.Url in weir/status/v1/resources.proto is gone"]
    );
}

#[test]
fn what_is_added_keeps_the_promise() {
    for (name, old, new) in [
        (
            "resources.proto",
            "int64 locks_duration_s = 9;",
            "int64 locks_duration_s = 9; string mood = 99;",
        ),
        (
            "resources.proto",
            "RESULTS_RETRY = 5;",
            "RESULTS_RETRY = 5; RESULTS_BORED = 7;",
        ),
        ("events.proto", "Log log = 9;", "Log log = 9; Url url = 99;"),
        (
            "service.proto",
            "rpc Watch(",
            "rpc Look(GetRequest) returns (stream GetResponse);\n  rpc Watch(",
        ),
        (
            "access.proto",
            "message SignOutRequest {}",
            "message SignOutRequest {}\nmessage New {}",
        ),
        ("queries.proto", "// How a field is compared.", "// Differently."),
    ] {
        assert_eq!(broken_by(name, old, new), [""; 0], "`{new}`");
    }
}

#[test]
fn what_is_added_is_told() {
    let stored = Listing::of(&Sources::stored().compile(), PACKAGE);
    assert_eq!(unpromised(&stored, &stored), Listing::default());
    let sources = Sources::stored()
        .replace(
            "access.proto",
            "message SignOutRequest {}",
            "message SignOutRequest {}\nmessage New {}",
        )
        .replace(
            "resources.proto",
            "RESULTS_RETRY = 5;",
            "RESULTS_RETRY = 5; RESULTS_BORED = 7;",
        );
    let told = unpromised(&stored, &Listing::of(&sources.compile(), PACKAGE)).to_string();
    assert_eq!(
        told,
        "enum weir.status.v1.Results in weir/status/v1/resources.proto\n  7 RESULTS_BORED\n\n\
         message weir.status.v1.New in weir/status/v1/access.proto\n"
    );
}
