//! How SQLite goes about the common queries: by an index, however big the tables are.

use std::cell::RefCell;

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query as SqlQuery, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Integer, Text};
use weir_status_api::{
    Build, BuildField, BuildRequest, BuildRequestField, Buildset, BuildsetField, Change, ChangeField, Cursor,
    Log, LogField, Op, Query, Resource, SourceStamp, SourceStampField, Step, StepField, TestResultSet,
    TestResultSetField, Timestamp,
};

use super::queries::{sql_of, sql_of_events};
use super::*;

mod every_field;

type Sql = Box<dyn QueryFragment<Sqlite> + Send>;

struct Explain(Sql);

impl QueryFragment<Sqlite> for Explain {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("EXPLAIN QUERY PLAN ");
        self.0.walk_ast(out)
    }
}

impl SqlQuery for Explain {
    type SqlType = (Integer, Integer, Integer, Text);
}

impl QueryId for Explain {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl diesel::RunQueryDsl<SqliteConnection> for Explain {}

thread_local! {
    /// An empty database.
    static EMPTY: RefCell<SqliteConnection> = RefCell::new({
        let mut conn = SqliteConnection::establish(":memory:").unwrap();
        conn.run_pending_migrations(MIGRATIONS).unwrap();
        conn
    });
}

/// The steps of the plan for the SQL, in an empty database.
pub(super) fn plan(sql: Sql) -> String {
    let steps: Vec<(i32, i32, i32, String)> =
        EMPTY.with_borrow_mut(|conn| diesel::RunQueryDsl::load(Explain(sql), conn).unwrap());
    let steps: Vec<String> = steps.into_iter().map(|step| step.3).collect();
    steps.join("; ")
}

fn list<R: Resource>(query: Query<R>) -> String {
    plan(sql_of(R::into_list(query.limit(50))).unwrap())
}

fn builds() -> Query<Build> {
    Query::new()
}

/// Asserts that no step reads a whole table, and none sorts.
fn assert_by_index(plan: &str) {
    assert!(plan.contains("SEARCH "), "{plan}");
    assert!(!plan.contains("SCAN ") && !plan.contains("TEMP B-TREE"), "{plan}");
}

/// Asserts that the rows come in order from the table or an index, so that the limit ends it.
fn assert_in_order(plan: &str) {
    assert!(!plan.contains("TEMP B-TREE"), "{plan}");
}

/// As `.cargo/config.toml` has it compiled. Else a query with a bound limit is planned anew each time that it is asked.
#[test]
fn plans_do_not_hang_on_what_is_bound() {
    let asked = "SELECT count(*) AS n FROM pragma_compile_options WHERE compile_options = 'ENABLE_QPSG'";
    let found = EMPTY.with_borrow_mut(|conn| {
        diesel::RunQueryDsl::get_result::<i64>(diesel::dsl::sql::<BigInt>(asked), conn).unwrap()
    });
    assert_eq!(found, 1);
}

#[test]
fn the_last_builds_of_a_builder() {
    let of_builder = || builds().eq(BuildField::Builder, 7);
    assert_by_index(&list(of_builder().descending(BuildField::Number)));
    assert_by_index(&list(of_builder().descending(BuildField::Id)));
    assert_by_index(&list(of_builder().descending(BuildField::StartedAt)));
    assert_by_index(&list(of_builder().eq(BuildField::Number, 3)));
    let worker = builds().eq(BuildField::Worker, 7).descending(BuildField::Id);
    assert_by_index(&list(worker));
}

#[test]
fn the_last_builds_of_several_builders() {
    let several: Vec<_> = (1..=100_i64).map(Into::into).collect();
    let of_several = || builds().filter(BuildField::Builder, Op::Eq, several.clone());
    for query in [
        of_several().descending(BuildField::StartedAt),
        of_several().descending(BuildField::Number),
        of_several().descending(BuildField::Id),
    ] {
        let plan = list(query);
        // Each builder's are found in the order of an index; only their first are put together and sorted.
        assert_eq!(plan.matches("SCAN part").count(), 100, "{plan}");
        assert_eq!(plan.matches("USING COVERING INDEX").count(), 100, "{plan}");
        assert!(plan.matches("TEMP B-TREE").count() <= 2, "{plan}");
    }
}

#[test]
fn the_last_builds_of_very_many_builders() {
    let many: Vec<_> = (1..=800_i64).map(Into::into).collect();
    let of_many = builds().filter(BuildField::Builder, Op::Eq, many);
    let plan = list(of_many.descending(BuildField::StartedAt));
    assert!(plan.contains("SCAN builds USING INDEX builds_by_start"), "{plan}");
    assert_in_order(&plan);
}

#[test]
fn running_builds() {
    let running = || builds().eq(BuildField::Complete, false);
    assert_by_index(&list(running()));
    assert_by_index(&list(running().descending(BuildField::Id)));
    assert_by_index(&list(
        running().eq(BuildField::Builder, 7).descending(BuildField::Id),
    ));
}

#[test]
fn the_newest_of_all() {
    for plan in [
        list(builds().descending(BuildField::Id)),
        list(builds().descending(BuildField::StartedAt)),
        list(builds().descending(BuildField::CompleteAt)),
        list(Query::<Change>::new().descending(ChangeField::Id)),
        list(Query::<Change>::new().descending(ChangeField::When)),
        list(Query::<Buildset>::new().descending(BuildsetField::SubmittedAt)),
    ] {
        assert_in_order(&plan);
    }
    let since = Timestamp(5).into();
    let since = builds().filter(BuildField::StartedAt, Op::Ge, vec![since]);
    assert_by_index(&list(since.ascending(BuildField::StartedAt)));
}

#[test]
fn open_requests_by_priority() {
    let open = Query::<BuildRequest>::new().eq(BuildRequestField::Complete, false);
    let by_priority = open
        .descending(BuildRequestField::Priority)
        .ascending(BuildRequestField::SubmittedAt);
    let plan = list(by_priority);
    assert_in_order(&plan);
    assert!(plan.contains("build_requests_by_complete_at"), "{plan}");
    let of_builder = Query::<BuildRequest>::new().eq(BuildRequestField::Builder, 7);
    assert_by_index(&list(of_builder.descending(BuildRequestField::Id)));
}

#[test]
fn what_belongs_to_one() {
    for plan in [
        list(builds().eq(BuildField::Id, 7)),
        list(builds().eq(BuildField::Request, 7)),
        list(
            Query::<Step>::new()
                .eq(StepField::Build, 7)
                .ascending(StepField::Number),
        ),
        list(
            Query::<Log>::new()
                .eq(LogField::Step, 7)
                .ascending(LogField::Slug),
        ),
        list(Query::<BuildRequest>::new().eq(BuildRequestField::Buildset, 7)),
    ] {
        assert_by_index(&plan);
    }
    // The few of one owner may be sorted.
    for plan in [
        list(Query::<Step>::new().eq(StepField::Build, 7)),
        list(Query::<Log>::new().eq(LogField::Step, 7)),
        list(builds().eq(BuildField::Change, 7)),
        list(builds().eq(BuildField::TriggeredBy, 7)),
        list(Query::<Change>::new().eq(ChangeField::Build, 7)),
        list(Query::<SourceStamp>::new().eq(SourceStampField::Buildset, 7)),
    ] {
        assert!(plan.contains("SEARCH ") && !plan.contains("SCAN "), "{plan}");
    }
}

#[test]
fn test_result_sets_of_commits() {
    let commits = (1..=500_i64).map(Into::into).collect();
    let of_commits = Query::<TestResultSet>::new().filter(TestResultSetField::Commit, Op::Eq, commits);
    let plan = list(of_commits.descending(TestResultSetField::Id));
    assert!(plan.contains("SEARCH ") && !plan.contains("SCAN "), "{plan}");
    assert!(plan.contains("source_stamps_by_revision"), "{plan}");
}

#[test]
fn a_page_far_from_the_first() {
    let query = builds().eq(BuildField::Builder, 7).descending(BuildField::Number);
    let list_id = format!("{:?} {:?}", query.filters, query.order);
    let list_id = crate::page_token::ListId::new(Build::KIND, &list_id);
    let token = crate::page_token::encode(list_id, &[Some(900.into()), Some(1000.into())]);
    let plan = list(query.after(token));
    assert_by_index(&plan);
    assert!(plan.contains("builder=? AND number<?"), "{plan}");
}

#[test]
fn events_after_a_cursor() {
    assert_by_index(&plan(sql_of_events(Cursor(7))));
}
