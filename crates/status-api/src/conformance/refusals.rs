//! Cases: queries that are refused, and the field that is named.

use super::stage::Stage;
use super::story::Story;
use crate::{
    Build, BuildField, BuildRequest, BuildRequestField, Builder, BuilderField, Buildset, BuildsetField,
    Condition, Error, Field, Kind, List, ListParts, Op, Order, Query, Read, StatusApi, Step, StepField,
    Value,
};

/// Queries that are wrong, and the field that must be named.
fn bad_parts() -> Vec<(ListParts, &'static str)> {
    let filter = |kind, field: &str, op, values: Vec<Value>| ListParts {
        filters: vec![Condition {
            field: field.to_owned(),
            op,
            values,
        }],
        ..ListParts::new(kind)
    };
    let order = |kind, field: &str| ListParts {
        order: vec![Order {
            field: field.to_owned(),
            descending: false,
        }],
        ..ListParts::new(kind)
    };
    vec![
        (
            filter(Kind::Build, "nonsense", Op::Eq, vec![1.into()]),
            "nonsense",
        ),
        (
            filter(Kind::Build, "number", Op::Eq, vec!["one".into()]),
            "number",
        ),
        (filter(Kind::Build, "state", Op::Eq, vec![1.into()]), "state"),
        (
            filter(Kind::Build, "complete", Op::Eq, vec![1.into()]),
            "complete",
        ),
        (
            filter(Kind::Build, "started_at", Op::Ge, vec![true.into()]),
            "started_at",
        ),
        (
            filter(Kind::Build, "number", Op::Gt, vec![1.into(), 2.into()]),
            "number",
        ),
        (filter(Kind::Build, "number", Op::Eq, vec![]), "number"),
        (
            filter(Kind::Build, "number", Op::Contains, vec![1.into()]),
            "number",
        ),
        (
            filter(Kind::Build, "complete", Op::Lt, vec![true.into()]),
            "complete",
        ),
        (filter(Kind::Build, "change", Op::Ne, vec![1.into()]), "change"),
        (filter(Kind::Builder, "tags", Op::Eq, vec!["unix".into()]), "tags"),
        (order(Kind::Build, "nonsense"), "nonsense"),
        (order(Kind::Build, "triggered_by"), "triggered_by"),
        (order(Kind::Builder, "tags"), "tags"),
    ]
}

pub(super) async fn bad_queries_are_refused(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    for (parts, field) in bad_parts() {
        let what = format!("{parts:?}");
        let error = List::from_parts(parts).expect_err(&what);
        assert!(
            matches!(&error, Error::InvalidQuery { field: named, .. } if named == field),
            "{what} is refused for {field}, not with {error:?}"
        );
    }
    // What can be put as a query in the types, and is wrong all the same.
    let build =
        |field: BuildField, op, values| (Query::<Build>::new().filter(field, op, values), field.name());
    for (query, field) in [
        build(BuildField::Number, Op::Eq, vec![]),
        build(BuildField::Number, Op::Gt, vec![1.into(), 2.into()]),
        build(BuildField::Number, Op::Eq, vec!["one".into()]),
        build(BuildField::Complete, Op::Le, vec![true.into()]),
        build(BuildField::Change, Op::Gt, vec![1.into()]),
        (Query::<Build>::new().ascending(BuildField::Change), "change"),
    ] {
        must_refuse(api, List::Build(query), field).await;
    }
    let tags = Query::<Builder>::new();
    must_refuse(
        api,
        List::Builder(tags.clone().eq(BuilderField::Tags, "unix")),
        "tags",
    )
    .await;
    must_refuse(api, List::Builder(tags.descending(BuilderField::Tags)), "tags").await;
    let hidden = Query::<Step>::new().filter(StepField::Hidden, Op::Contains, vec![true.into()]);
    must_refuse(api, List::Step(hidden), "hidden").await;
    let priority = Query::<BuildRequest>::new().eq(BuildRequestField::Priority, true);
    must_refuse(api, List::BuildRequest(priority), "priority").await;
    let late = Query::<Buildset>::new().eq(BuildsetField::SubmittedAt, "late");
    must_refuse(api, List::Buildset(late), "submitted_at").await;
}

async fn must_refuse(api: &dyn StatusApi, list: List, field: &str) {
    let what = format!("{list:?}");
    let got = Read::list(api, list).await;
    assert!(
        matches!(&got, Err(Error::InvalidQuery { field: named, .. }) if named == field),
        "{what} is refused for {field}, but gives {got:?}"
    );
}
