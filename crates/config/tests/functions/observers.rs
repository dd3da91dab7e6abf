//! Functions that see the output of a step, called as the master calls them.

use std::path::Path;

use serde_json::json;
use weir_config::{FunctionError, Observed, OutputEnd, OutputLine};
use weir_status_api::Results;

use super::failure;

/// What the observer of that body says of lines, after it kept `kept`.
fn observed(body: &str, kept: serde_json::Value) -> Result<Observed, FunctionError> {
    let text = format!(
        "def see(lines, kept):\n    {body}\nworker(\"w\", token = \"t\")\n\
         builder(\"b\", workers = [\"w\"], steps = [shell(\"make\", observe = see)])\n"
    );
    let config = weir_config::check(&text, "weir.star", Path::new(".")).unwrap();
    let function = config.builders[0].steps[0].observers.function.clone().unwrap();
    let lines = ["oone", "etwo", "osix"].map(OutputLine::of_log).into();
    function.observe(lines, kept, None)
}

#[test]
fn an_observer_is_told_lines_and_what_it_kept() {
    let body = r#"return {
        "keep": {"n": (kept or {"n": 1})["n"] + len(lines), "x": [1.5, None, True]},
        "state": " ".join([it.stream + ":" + it.text for it in lines]),
        "warnings": 3,
        "results": "warnings",
        "properties": {"a": [1, {"b": "c"}], "n": None},
        "urls": {"all": "https://example.org/x"},
        "logs": {"one": "line", "more": ["a", "b\nc"]},
    }"#;
    let said = observed(body, serde_json::Value::Null).unwrap();
    assert_eq!(said.keep, Some(json!({"n": 4, "x": [1.5, null, true]})));
    assert_eq!(said.state.as_deref(), Some("stdout:one stderr:two stdout:six"));
    assert_eq!((said.warnings, said.results), (Some(3), Some(Results::Warnings)));
    assert_eq!(said.properties["a"], json!([1, {"b": "c"}]));
    assert_eq!(said.properties["n"], json!(null));
    assert_eq!(said.urls["all"], "https://example.org/x");
    assert_eq!(said.logs["one"], ["line"]);
    assert_eq!(said.logs["more"], ["a", "b\nc"]);
    let again = observed(body, said.keep.unwrap()).unwrap();
    assert_eq!(again.keep.unwrap()["n"], 7);
    for nothing in [
        "return None",
        "pass",
        "return {}",
        "return {\"state\": None, \"urls\": None}",
    ] {
        assert_eq!(observed(nothing, json!(1)).unwrap(), Observed::default());
    }
    let matches = "return {\"properties\": {it.text: regex(\"(o)(x)?n\").match(it.text) for it in lines}}";
    let said = observed(matches, json!(null)).unwrap();
    assert_eq!(said.properties["one"], json!(["on", "o", null]));
    assert_eq!(said.properties["two"], json!(null));
    // None is kept as well.
    let forgets = observed("return {\"keep\": None}", json!(1)).unwrap();
    assert_eq!(forgets.keep, Some(json!(null)));
}

#[test]
fn what_cannot_be_said_of_a_step_is_told_with_its_place() {
    for (body, told) in [
        ("return 3", "see(): must give a dict or None, not a number"),
        (
            "return {\"stat\": 1}",
            "see(): gives a dict with the unknown key 'stat'; did you mean 'state'?",
        ),
        (
            "return {\"state\": 1}",
            "see(): 'state' must be a string, not a number",
        ),
        (
            "return {\"keep\": lines}",
            "see(): 'keep' must be plain data, without line",
        ),
        (
            "return {\"keep\": \"x\" * 70000}",
            "see(): 'keep' has 70002 bytes as JSON; it may have 65536",
        ),
        (
            "return {\"warnings\": -1}",
            "see(): 'warnings' must be a whole number, not below 0, not a number",
        ),
        (
            "return {\"results\": \"bad\"}",
            "see(): 'results' must be \"success\", \"warnings\" or \"failure\", not \"bad\"",
        ),
        (
            "return {\"properties\": {\"\": 1}}",
            "see(): a name in 'properties' must have 1 to 256 bytes",
        ),
        (
            "return {\"urls\": {\"a\": \"javascript:x\"}}",
            "see(): a link in 'urls' must be an http or https URL of 2000 bytes at the most",
        ),
        (
            "return {\"logs\": {\"stdio\": \"x\"}}",
            "see(): 'logs' must not have 'stdio', which is the log of what it sees",
        ),
        (
            "return {\"logs\": {\"a\": [1]}}",
            "see(): 'logs' must be a dict of strings and lists of strings, not a dict",
        ),
        (
            "for i in range(300000):\n        pass",
            "is there a loop that hardly ends?",
        ),
        (
            "return regex(\"a\").match(1)",
            "see(): match(text) takes a string",
        ),
        ("fail(\"no\")", "see(): fail: no"),
    ] {
        let error = failure(observed(body, json!(null)));
        assert!(
            error.starts_with("weir.star:") && error.contains(told),
            "{error}\n{told}"
        );
    }
}

#[test]
fn an_observer_that_takes_a_third_argument_is_told_of_the_end() {
    let text = "def see(lines, kept, end):
    return {\"state\": \"%s %s\" % (end.results, end.exit_code) if end else \"runs\"}
worker(\"w\", token = \"t\")
builder(\"b\", workers = [\"w\"], steps = [sequence([\"make\"], observe = see)])
";
    let config = weir_config::check(text, "weir.star", Path::new(".")).unwrap();
    let function = config.builders[0].steps[0].observers.function.clone().unwrap();
    assert!(function.observes_end());
    for (end, state) in [
        (None, "runs"),
        (Some((Results::Failure, Some(3))), "failure 3"),
        (Some((Results::Failure, None)), "failure None"),
    ] {
        let end = end.map(|(results, exit_code)| OutputEnd { results, exit_code });
        let said = function.observe(vec![], json!(null), end).unwrap();
        assert_eq!(said.state.as_deref(), Some(state));
    }
}
