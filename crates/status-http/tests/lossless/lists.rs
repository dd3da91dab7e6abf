//! Lists come back from their path and query string.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use weir_status_api as api;
use weir_status_api::{
    DEFAULT_LIMIT, Field, FieldType, Filter, Kind, List, ListParts, MAX_LIMIT, Op, Order, PageToken, Query,
    Resource, Timestamp, Value,
};
use weir_status_http::v2::{self, Endpoint, Scope};

fn values(field_type: FieldType) -> BoxedStrategy<Value> {
    match field_type {
        FieldType::Int => any::<i64>().prop_map(Value::Int).boxed(),
        FieldType::Text | FieldType::TextList => ".{0,6}".prop_map(Value::Text).boxed(),
        FieldType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        FieldType::Time => prop_oneof![
            any::<i64>().prop_map(Timestamp),
            (0..9_i64).prop_map(Timestamp::from_secs),
        ]
        .prop_map(Value::Time)
        .boxed(),
    }
}

/// Conditions that are valid, whatever the field.
fn filters<R: Resource>() -> impl Strategy<Value = Vec<Filter<R::Field>>> {
    let valid = |filter: &Filter<R::Field>| {
        let Filter { field, op, values } = filter.clone();
        Query::<R>::new().filter(field, op, values).validate().is_ok()
    };
    let one = (select(R::Field::ALL.to_vec()), select(Op::ALL.to_vec())).prop_flat_map(|(field, op)| {
        vec(values(field.field_type()), 1..3).prop_map(move |values| Filter { field, op, values })
    });
    vec(one.prop_filter("a valid condition", valid), 0..4)
}

fn lists_of<R: Resource + std::fmt::Debug>() -> BoxedStrategy<List> {
    let orders = (select(R::Field::ALL.to_vec()), any::<bool>())
        .prop_map(|(field, descending)| Order { field, descending })
        .prop_filter("a field with an order", |order| {
            !order.field.is_relation() && order.field.field_type() != FieldType::TextList
        });
    let token = option::of(".{0,9}".prop_map(PageToken));
    let bounds = (option::of(any::<u32>()), any::<u64>(), token, vec(".{0,5}", 0..3));
    (filters::<R>(), vec(orders, 0..3), bounds)
        .prop_map(|(filters, order, (limit, offset, after, properties))| {
            R::into_list(Query {
                filters,
                order,
                limit,
                offset,
                after,
                properties,
            })
        })
        .boxed()
}

fn lists() -> impl Strategy<Value = List> {
    Union::new([
        lists_of::<api::Master>(),
        lists_of::<api::Builder>(),
        lists_of::<api::Build>(),
        lists_of::<api::BuildRequest>(),
        lists_of::<api::Buildset>(),
        lists_of::<api::SourceStamp>(),
        lists_of::<api::Change>(),
        lists_of::<api::Step>(),
        lists_of::<api::Log>(),
        lists_of::<api::Worker>(),
        lists_of::<api::Scheduler>(),
        lists_of::<api::ForceScheduler>(),
        lists_of::<api::ChangeSource>(),
        lists_of::<api::Project>(),
        lists_of::<api::Codebase>(),
        lists_of::<api::Branch>(),
        lists_of::<api::Commit>(),
        lists_of::<api::BuildData>(),
        lists_of::<api::TestResultSet>(),
        lists_of::<api::TestResult>(),
        lists_of::<api::ListenerStatus>(),
        lists_of::<api::DeadLetter>(),
    ])
}

/// The list without what means nothing: the order of conditions, a limit that is the usual one, and
/// properties of what has none.
fn level(list: List) -> ListParts {
    let mut parts = list.into_parts();
    parts.filters.sort_by_key(|filter| format!("{filter:?}"));
    parts.limit = Some(parts.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT));
    if !matches!(parts.kind, Kind::Build | Kind::BuildRequest) {
        parts.properties.clear();
    }
    parts
}

/// The list that a gateway reads from a path and query string.
fn read(path: &str, query: &str) -> List {
    let Some(Endpoint::List(kind, scopes)) = Endpoint::parse(path) else {
        panic!("{path} is no list");
    };
    let fixed = scopes.into_iter().map(|scope| match scope {
        Scope::Is(field, key) => api::Condition {
            field: field.to_owned(),
            ..v2::key_conditions(&key).unwrap()
        },
        other => panic!("{other:?} comes from no condition"),
    });
    let mut parts = parts(kind, query);
    parts.filters.extend(fixed);
    List::from_parts(parts).unwrap()
}

#[test]
fn a_list_below_a_parent_is_asked_for_where_buildbot_has_it() {
    fn list<R: Resource>(query: Query<R>) -> List {
        R::into_list(query)
    }
    for (list, path, extended) in [
        (
            list(Query::<api::Step>::new().eq(api::StepField::Build, 3)),
            "builds/3/steps",
            false,
        ),
        (
            list(Query::<api::Build>::new().eq(api::BuildField::Change, 3)),
            "changes/3/builds",
            false,
        ),
        (
            list(Query::<api::Build>::new().eq(api::BuildField::Builder, 3)),
            "builds",
            false,
        ),
        (
            list(Query::<api::Commit>::new().eq(api::CommitField::Codebase, 3)),
            "codebases/3/commits",
            false,
        ),
        (
            list(Query::<api::BuildData>::new().eq(api::BuildDataField::Build, 3)),
            "builds/3/data",
            false,
        ),
        (
            list(Query::<api::TestResult>::new().eq(api::TestResultField::Set, 3)),
            "test_result_sets/3/results",
            false,
        ),
        (list(Query::<api::TestResult>::new()), "test_results", true),
        (
            list(Query::<api::Codebase>::new().eq(api::CodebaseField::Project, 3)),
            "codebases",
            false,
        ),
    ] {
        let text = v2::write_list(list);
        assert_eq!((text.path.as_str(), text.extended), (path, extended));
    }
}

proptest! {
    #[test]
    fn a_list_comes_back(list in lists()) {
        let text = v2::write_list(list.clone());
        prop_assert_eq!(level(read(&text.path, &text.query)), level(list));
    }

    #[test]
    fn no_query_string_makes_it_panic(query in ".{0,60}", number in 0..Kind::ALL.len()) {
        let kind = Kind::ALL[number];
        let _ = v2::parse_list(kind, &v2::pairs(&query));
        let _ = v2::parse_selection(kind, &v2::pairs(&query));
        for column in v2::columns(kind) {
            let _ = v2::parse_list(kind, &v2::pairs(&format!("{}__{query}", column.name)));
        }
    }
}

fn parts(kind: Kind, query: &str) -> ListParts {
    v2::parse_list(kind, &v2::pairs(query)).unwrap().list.into_parts()
}

fn refused(kind: Kind, query: &str) -> String {
    v2::parse_list(kind, &v2::pairs(query)).unwrap_err().to_string()
}

#[test]
fn a_buildbot_clients_queries_are_read() {
    let it = parts(
        Kind::Build,
        "limit=7&order=-started_at&builderid__eq=1&builderid__eq=2&property=branch&property=owners&complete=TRUE",
    );
    assert_eq!(it.limit, Some(7));
    assert_eq!(
        it.order,
        [Order {
            field: "started_at".to_owned(),
            descending: true
        }]
    );
    assert_eq!(it.properties, ["branch", "owners"]);
    assert_eq!(it.filters[0].values, [Value::Int(1), Value::Int(2)]);
    assert_eq!(it.filters[1].values, [Value::Bool(true)]);
    assert_eq!(parts(Kind::Build, "").limit, Some(MAX_LIMIT));
    assert_eq!(
        parts(Kind::Builder, "tags__contains=a+b").filters[0].values,
        [Value::from("a b")]
    );
    // An open request's results are -1 there.
    let open = &parts(Kind::BuildRequest, "results=-1").filters[0];
    assert_eq!(
        (open.field.as_str(), &open.values[..]),
        ("complete", &[Value::Bool(false)][..])
    );
}

#[test]
fn whole_seconds_hold_all_their_microseconds() {
    let bounds = |query: &str| {
        let filters = parts(Kind::Build, query).filters.into_iter();
        filters.map(|it| (it.op, it.values)).collect::<Vec<_>>()
    };
    let second = |number| vec![Value::Time(Timestamp::from_secs(number))];
    assert_eq!(bounds("started_at=5"), [(Op::Ge, second(5)), (Op::Lt, second(6))]);
    assert_eq!(bounds("started_at__gt=5"), [(Op::Ge, second(6))]);
    assert_eq!(bounds("started_at__le=5"), [(Op::Lt, second(6))]);
    assert_eq!(
        bounds("started_at_us__gt=5"),
        [(Op::Gt, vec![Value::Time(Timestamp(5))])]
    );
}

#[test]
fn what_buildbot_ignores_is_ignored() {
    for query in ["nonsense__eq=1", "number__like=1", "number__lt=1&number__lt=2"] {
        assert_eq!(parts(Kind::Build, query).filters, [], "{query}");
    }
}

#[test]
fn bad_queries_name_the_parameter_and_why() {
    for (query, says) in [
        ("nonsense=1", "nonsense: unrecognized query parameter"),
        (
            "number=x",
            "number: invalid filter value `x`: a whole number is expected",
        ),
        (
            "complete=perhaps",
            "complete: invalid filter value `perhaps`: true or false is expected",
        ),
        (
            "limit=ten",
            "limit: invalid limit `ten`: a whole number from 0 on is expected",
        ),
        (
            "offset=-1",
            "offset: invalid offset `-1`: a whole number from 0 on is expected",
        ),
        ("order=nonsense", "order: no such field 'nonsense'"),
        ("order=properties", "order: cannot be ordered by 'properties'"),
        ("field=nonsense", "field: no such field 'nonsense'"),
        ("properties=x", "properties: this field cannot be filtered by"),
        ("buildid__contains=1", "buildid: cannot be compared by `contains`"),
    ] {
        assert_eq!(refused(Kind::Build, query), says);
    }
    assert_eq!(
        refused(Kind::Builder, "property=a"),
        "property: unrecognized query parameter"
    );
    let single = v2::parse_selection(Kind::Build, &v2::pairs("number=1")).unwrap_err();
    assert_eq!(single.to_string(), "number: this is not a collection");
}
