//! The forms of force schedulers, with fields of every kind.

use serde_json::{Value, json};
use weir_status_api::*;
use weir_status_http::v2::Form;

/// A force scheduler's form, as `(full name, type, default)` in the order of display.
fn outline(field: &Value, lines: &mut Vec<Value>) {
    lines.push(json!([field["fullName"], field["type"], field["default"]]));
    for child in field["fields"].as_array().into_iter().flatten() {
        outline(child, lines);
    }
}

#[test]
fn force_schedulers_have_buildbots_form() {
    let scheduler = ForceScheduler {
        name: "force".to_owned(),
        button_name: "Force".to_owned(),
        label: "force".to_owned(),
        builder_names: vec!["linux".to_owned()],
        enabled: true,
        defaults: ForceDefaults {
            reason: "by hand".to_owned(),
            codebase: "app".to_owned(),
            ..ForceDefaults::default()
        },
        properties: Properties::new(),
        fields: vec![ForceField {
            name: "target".to_owned(),
            label: "Target".to_owned(),
            kind: ForceFieldKind::Choice(vec!["a".to_owned(), "b".to_owned()]),
            default: json!("a"),
            required: true,
        }],
    };
    let object = scheduler.to_json();
    let mut lines = vec![];
    for field in object["all_fields"].as_array().into_iter().flatten() {
        outline(field, &mut lines);
    }
    let expected = json!([
        [null, "nested", ""],
        ["username", "username", ""],
        ["reason", "text", "by hand"],
        ["priority", "int", 0],
        ["app", "nested", ""],
        ["app_branch", "text", ""],
        ["app_project", "text", ""],
        ["app_repository", "text", ""],
        ["app_revision", "text", ""],
        ["target", "list", "a"],
    ]);
    assert_eq!(Value::Array(lines), expected);
    assert_eq!(
        object["all_fields"][2],
        json!({
            "name": "target", "fullName": "target", "label": "Target", "tablabel": "Target", "type": "list",
            "default": "a", "required": true, "multiple": false, "regex": null, "hide": false, "maxsize": null,
            "autopopulate": null, "tooltip": "", "choices": ["a", "b"], "strict": true,
        })
    );
}

#[test]
fn every_kind_of_field_survives() {
    let field = |name: &str, kind, default| ForceField {
        name: name.to_owned(),
        label: format!("The {name}"),
        kind,
        default,
        required: false,
    };
    let choices = ["a", "b"].map(str::to_owned).to_vec();
    let ruled = |lines, pattern: Option<&str>, max_length| {
        ForceFieldKind::Ruled(TextRules {
            lines,
            pattern: pattern.map(str::to_owned),
            max_length,
        })
    };
    let scheduler = ForceScheduler {
        name: "force".to_owned(),
        button_name: "Force".to_owned(),
        label: "force".to_owned(),
        builder_names: vec!["linux".to_owned()],
        enabled: true,
        defaults: ForceDefaults {
            codebase: "app".to_owned(),
            ..ForceDefaults::default()
        },
        properties: Properties::new(),
        fields: vec![
            field(
                "lib",
                ForceFieldKind::Codebase(ForceSource {
                    branch: Some("stable".to_owned()),
                    revision: Some("abc".to_owned()),
                    repository: "/srv/lib".to_owned(),
                    project: "weir".to_owned(),
                }),
                json!(""),
            ),
            field("plain", ForceFieldKind::Text, json!("x")),
            field("version", ruled(false, Some("[0-9.]+"), Some(10)), json!("1.0")),
            field("notes", ruled(true, None, None), json!("")),
            field(
                "jobs",
                ForceFieldKind::Within {
                    min: Some(1),
                    max: None,
                },
                json!(4),
            ),
            field("who", ForceFieldKind::Username, json!("")),
            field(
                "kinds",
                ForceFieldKind::Choices {
                    choices: choices.clone(),
                    strict: false,
                    multiple: true,
                },
                json!(["a"]),
            ),
            field(
                "sanitizer",
                ForceFieldKind::Group(vec![
                    field("on", ForceFieldKind::Bool, json!(false)),
                    field(
                        "",
                        ForceFieldKind::Group(vec![field("of", ForceFieldKind::Choice(choices), json!("a"))]),
                        json!(""),
                    ),
                ]),
                json!(""),
            ),
            ForceField {
                required: true,
                ..field(
                    "patch",
                    ForceFieldKind::Patch {
                        codebase: "app".to_owned(),
                    },
                    json!(""),
                )
            },
            field("more", ForceFieldKind::Properties, json!("")),
        ],
    };
    let object = scheduler.to_json();
    assert_eq!(
        ForceScheduler::from_json(&object).expect("a force scheduler"),
        scheduler
    );
    let mut lines = vec![];
    for field in object["all_fields"].as_array().into_iter().flatten() {
        outline(field, &mut lines);
    }
    let names: Vec<_> = lines.iter().map(|it| &it[0]).collect();
    for name in [
        "lib_branch",
        "lib_revision",
        "sanitizer",
        "sanitizer_on",
        "sanitizer_of",
        "notes",
    ] {
        assert!(names.contains(&&json!(name)), "{name} is none of {names:?}");
    }
}
