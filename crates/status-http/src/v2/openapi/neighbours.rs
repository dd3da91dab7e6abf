//! What is for other programs: monitoring, build lamps, pages that show a badge. Most of it is no JSON.

use serde_json::{Map, Value, json};

use super::answers::{good, with_errors};
use super::{described, flag, list, object, object_of, schema, text};

/// The paths and their operations.
pub(super) fn paths() -> Map<String, Value> {
    let all = [
        ("/metrics", metrics()),
        ("/cc.xml", projects()),
        ("/badges/{badge}", badge("The badge of a builder.", BUILDER)),
        (
            "/badges/project/{badge}",
            badge("The badge of a project.", "The project's slug, and `.svg`."),
        ),
        (
            "/plugins/badges/{badge}",
            badge("The badge of a builder, where Buildbot has it.", BUILDER),
        ),
        ("/change_hook/base", change_hook()),
        ("/avatar", avatar()),
        ("/robots.txt", robots()),
        ("/health", health()),
        ("/ready", ready()),
    ];
    all.into_iter().map(|(path, it)| (path.to_owned(), it)).collect()
}

const BUILDER: &str = "The builder's name or id, and `.svg`.";

fn get(summary: &str, parameters: &[Value], responses: &Value) -> Value {
    let mut operation = json!({"tags": ["neighbours"], "summary": summary, "responses": responses});
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    json!({"get": operation})
}

fn within_query(name: &str, description: &str, schema: &Value) -> Value {
    json!({"name": name, "in": "query", "description": description, "schema": schema})
}

fn metrics() -> Value {
    let mut answer = good("text/plain", &text(), true);
    answer["200"]["content"]["application/openmetrics-text"] = json!({"schema": text()});
    let summary =
        "How builders, workers and this server are, for Prometheus; in OpenMetrics where `Accept` has it.";
    get(summary, &[], &with_errors(answer, &[401, 403]))
}

fn projects() -> Value {
    let tag = within_query("tag", "Builders with one of these tags only.", &list(text()));
    let project = within_query("project", "Builders of the project with this slug only.", &text());
    let answers = with_errors(good("application/xml", &text(), true), &[401, 403, 404]);
    get("The builders as cctray has them.", &[tag, project], &answers)
}

fn badge(summary: &str, what: &str) -> Value {
    let path =
        json!({"name": "badge", "in": "path", "required": true, "description": what, "schema": text()});
    let branch = "Builds of this branch only; of a builder's badge.";
    let styles = json!({"type": "string", "enum": ["plastic", "flat", "flat-square", "badgeio"]});
    let parameters = [
        path,
        within_query("branch", branch, &text()),
        within_query("style", "How it looks.", &styles),
        within_query("left_text", "What stands at the left.", &text()),
    ];
    let answers = with_errors(good("image/svg+xml", &text(), true), &[401, 403, 404]);
    get(summary, &parameters, &answers)
}

fn avatar() -> Value {
    let size = json!({"type": "integer", "minimum": 1, "maximum": 512, "default": 32});
    let parameters = [
        within_query("email", "Who it is.", &text()),
        within_query("username", "Who it is, where there is no `email`.", &text()),
        within_query("size", "Its width and height in pixels.", &size),
    ];
    let answers = with_errors(good("image/svg+xml", &text(), false), &[]);
    get(
        "The picture of a person, as Buildbot's pages show it.",
        &parameters,
        &answers,
    )
}

fn change_hook() -> Value {
    let mut fields: Vec<(&str, Value)> = [
        "author",
        "who",
        "committer",
        "comments",
        "revision",
        "branch",
        "category",
        "revlink",
        "repository",
        "project",
        "codebase",
    ]
    .map(|name| (name, text()))
    .into();
    fields.extend([
        ("files", described(text(), "A list of texts, as JSON.")),
        ("properties", described(text(), "An object, as JSON.")),
        (
            "when",
            described(text(), "Seconds since 1970; now if it is not there."),
        ),
    ]);
    let form = described(object_of(&fields, &[]), "`author` or `who` must be there.");
    let told = json!({"description": "It is recorded.", "content": {"text/plain": {"schema": text()}}});
    let answers = Map::from_iter([("202".to_owned(), told)]);
    json!({"post": {
        "tags": ["neighbours"],
        "summary": "Adds a change, in the form of Buildbot's hook of that name.",
        "requestBody": {
            "required": true,
            "content": {"application/x-www-form-urlencoded": {"schema": form}},
        },
        "responses": with_errors(answers, &[400, 401, 403, 404, 408, 413]),
    }})
}

fn robots() -> Value {
    let answer = with_errors(good("text/plain", &text(), false), &[]);
    get("What programs that follow links need not read.", &[], &answer)
}

fn health() -> Value {
    let answer = with_errors(good("application/json", &schema("Health"), false), &[]);
    get("Whether the process answers.", &[], &answer)
}

fn ready() -> Value {
    let mut answers = with_errors(good("application/json", &schema("Ready"), true), &[]);
    answers["503"] = json!({
        "description": "Something that it depends on does not answer, or too much is asked.",
        "content": {"application/json": {"schema": {"anyOf": [schema("Unready"), schema("Error")]}}},
    });
    get("Whether what it reads from answers.", &[], &answers)
}

/// What these paths give.
pub(super) fn schemas() -> Map<String, Value> {
    let status = |word: &str| ("status", json!({"type": "string", "enum": [word]}));
    let dependencies = json!({"type": "object", "additionalProperties": schema("Dependency")});
    let of_ready = |word: &str| object(&[status(word), ("dependencies", dependencies.clone())]);
    let dependency = [
        ("ok", flag()),
        ("note", described(text(), "What there is to say of it.")),
        ("error", described(text(), "Why it does not answer.")),
    ];
    let all = [
        ("Health", object(&[status("ok")])),
        ("Ready", of_ready("ready")),
        ("Unready", of_ready("unready")),
        ("Dependency", object_of(&dependency, &["ok"])),
    ];
    all.into_iter().map(|(name, it)| (name.to_owned(), it)).collect()
}
