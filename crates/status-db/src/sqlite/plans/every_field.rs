//! Every field of the big tables: filters go by an index, and so do orders.
//!
//! Two operators cannot: what is not equal to a value is most of a table, and no index knows the parts of a
//! text. Those walk the table, or the index of the order, until the page is full: nothing is sorted, and
//! only a page that few rows match reads far.

use weir_status_api::{BuildData, Commit, Field, FieldType, Kind, TestResult, Value};

use super::*;

/// Relations and owners of a few rows each, such as the steps of a build: those few may be sorted.
const OF_FEW: [&str; 8] = [
    "change",
    "commit",
    "triggered_by",
    "build",
    "buildset",
    "step",
    "set",
    "source_stamp",
];

fn value(field_type: FieldType, number: i64) -> Value {
    match field_type {
        FieldType::Int => Value::Int(number),
        FieldType::Time => Value::Time(Timestamp(number)),
        FieldType::Bool => Value::Bool(number == 1),
        FieldType::Text | FieldType::TextList => Value::Text(format!("text {number}")),
    }
}

/// The operators that a field can be compared by.
fn ops<F: Field>(field: F) -> Vec<Op> {
    Op::ALL
        .into_iter()
        .filter(|op| match op {
            Op::Eq => true,
            _ if field.is_relation() => false,
            Op::Ne => true,
            Op::Contains => field.field_type() == FieldType::Text,
            Op::Lt | Op::Le | Op::Gt | Op::Ge => field.field_type() != FieldType::Bool,
        })
        .collect()
}

fn is_walked(kind: Kind, field: &str, op: Op) -> bool {
    // Names of build data are the same few for all builds, so a range of them is most of the table or nothing.
    let is_most = kind == Kind::BuildData && field == "name" && op != Op::Eq;
    is_most || matches!(op, Op::Ne | Op::Contains)
}

/// Asserts that each filter reads what matches and nothing else.
fn assert_filters<R: Resource>() {
    for field in R::Field::ALL.iter().copied() {
        for op in ops(field) {
            for several in [false, true] {
                if several && op.is_single() {
                    continue;
                }
                let numbers = if several { 1..4 } else { 1..2 };
                let values = numbers.map(|number| value(field.field_type(), number));
                let plan = list(Query::<R>::new().filter(field, op, values.collect()));
                let what = format!("{:?} {} {}: {plan}", R::KIND, field.name(), op.name());
                // Whatever is complete is most of a table, and everything is complete or not.
                let is_most = field.field_type() == FieldType::Bool;
                if (is_walked(R::KIND, field.name(), op) || is_most) && !plan.contains("SEARCH ") {
                    assert!(!plan.contains("TEMP B-TREE"), "{what}");
                } else {
                    // The first of several parts are looked at, and those are no more than a page each.
                    let read = plan.replace("SCAN firsts", "").replace("SCAN part", "");
                    assert!(read.contains("SEARCH ") && !read.contains("SCAN "), "{what}");
                }
            }
        }
    }
}

/// Asserts that the newest that a field equals are found without a look at the others.
fn assert_newest<R: Resource>(id: R::Field) {
    for field in R::Field::ALL.iter().copied() {
        let equal = value(field.field_type(), 0);
        let plan = list(
            Query::<R>::new()
                .filter(field, Op::Eq, vec![equal])
                .descending(id),
        );
        let what = format!("{:?} {}: {plan}", R::KIND, field.name());
        assert!(plan.contains("SEARCH ") && !plan.contains("SCAN "), "{what}");
        let of_few = OF_FEW.contains(&field.name()) || is_nearly_one(R::KIND, field.name());
        assert!(
            of_few || is_of_the_open(R::KIND, field.name()) || !plan.contains("TEMP B-TREE"),
            "{what}"
        );
    }
}

/// Asserts that each order is that of an index. What sorts the few rows that are equal in its first field
/// is none that reads all.
fn assert_orders<R: Resource>() {
    for field in R::Field::ALL.iter().copied().filter(|it| !it.is_relation()) {
        for query in [
            Query::<R>::new().ascending(field),
            Query::<R>::new().descending(field),
        ] {
            let plan = list(query);
            let what = format!("{:?} {}: {plan}", R::KIND, field.name());
            let sorts = plan.replace("USE TEMP B-TREE FOR LAST", "");
            assert!(!sorts.contains("TEMP B-TREE"), "{what}");
            assert!(sorts == plan || is_nearly_one(R::KIND, field.name()), "{what}");
        }
    }
}

/// Whether few rows are equal in the field.
fn is_nearly_one(kind: weir_status_api::Kind, field: &str) -> bool {
    use weir_status_api::Kind::{BuildRequest, Log, Step};
    matches!(
        (kind, field),
        (Step, "build")
            | (Log, "step")
            // Many have none, but those are open, and those are few.
            | (BuildRequest, "claimed_at" | "complete_at")
    )
}

/// Whether the field tells which requests are open. Those are few, and have an index in the order in which they are
/// to be done; in another they may be sorted.
fn is_of_the_open(kind: weir_status_api::Kind, field: &str) -> bool {
    kind == weir_status_api::Kind::BuildRequest && matches!(field, "claimed" | "complete")
}

macro_rules! every_field {
    ($($name:ident: $resource:ident, $field:ident;)+) => {$(
        #[test]
        fn $name() {
            assert_filters::<$resource>();
            assert_newest::<$resource>(weir_status_api::$field::Id);
            assert_orders::<$resource>();
        }
    )+};
}

every_field! {
    of_builds: Build, BuildField;
    of_build_requests: BuildRequest, BuildRequestField;
    of_buildsets: Buildset, BuildsetField;
    of_steps: Step, StepField;
    of_logs: Log, LogField;
    of_changes: Change, ChangeField;
    of_source_stamps: SourceStamp, SourceStampField;
    of_commits: Commit, CommitField;
    of_test_result_sets: TestResultSet, TestResultSetField;
    of_test_results: TestResult, TestResultField;
}

#[test]
fn of_build_data() {
    assert_filters::<BuildData>();
    assert_orders::<BuildData>();
}
