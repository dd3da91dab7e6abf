//! Whether PostgreSQL can go about lists by an index, as SQLite does.
//!
//! On small tables it reads all whatever indexes there are, and it does so here only where nothing else is
//! possible: reading all and sorting are made dear.

use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query as SqlQuery, QueryFragment, QueryId};
use diesel::sql_types::Text;
use weir_status_api::{
    Build, BuildField, BuildRequest, BuildRequestField, Buildset, BuildsetField, Change, ChangeField, Commit,
    CommitField, Log, LogField, Op, Query, Resource, Step, StepField, TestResult, TestResultField,
    TestResultSet, TestResultSetField,
};
use weir_testbed::Postgres;

use super::queries::sql_of;
use super::*;

struct Explain(Box<dyn QueryFragment<Pg> + Send>);

impl QueryFragment<Pg> for Explain {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.unsafe_to_cache_prepared();
        out.push_sql("EXPLAIN ");
        self.0.walk_ast(out)
    }
}

impl SqlQuery for Explain {
    type SqlType = Text;
}

impl QueryId for Explain {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

async fn plan<R: Resource>(conn: &mut Conn, query: Query<R>) -> String {
    let sql = sql_of(R::into_list(query.limit(50))).unwrap();
    let lines: Vec<String> = diesel_async::RunQueryDsl::load(Explain(sql), conn).await.unwrap();
    lines.join("\n")
}

async fn dear(url: &str) -> Conn {
    let mut conn = Conn::establish(url).await.unwrap();
    let settings = "SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off;";
    conn.batch_execute(settings).await.unwrap();
    conn
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_go_by_an_index_in_its_order() {
    let server = Postgres::start().unwrap();
    let url = server.url();
    let database = open(&url).await.unwrap();
    let mut conn = dear(&url).await;
    let builds = Query::<Build>::new;
    let requests = Query::<BuildRequest>::new;
    let plans = [
        plan(&mut conn, builds().descending(BuildField::StartedAt)).await,
        plan(&mut conn, builds().descending(BuildField::CompleteAt)).await,
        plan(&mut conn, builds().ascending(BuildField::CompleteAt)).await,
        plan(&mut conn, builds().descending(BuildField::Results)).await,
        plan(&mut conn, builds().descending(BuildField::Complete)).await,
        plan(
            &mut conn,
            builds().eq(BuildField::Results, 2).descending(BuildField::Id),
        )
        .await,
        plan(
            &mut conn,
            builds().eq(BuildField::Master, 1).descending(BuildField::Id),
        )
        .await,
        plan(
            &mut conn,
            builds().eq(BuildField::State, "done").descending(BuildField::Id),
        )
        .await,
        plan(
            &mut conn,
            builds().eq(BuildField::Builder, 7).descending(BuildField::Number),
        )
        .await,
        plan(
            &mut conn,
            builds()
                .eq(BuildField::Builder, 7)
                .descending(BuildField::StartedAt),
        )
        .await,
        plan(
            &mut conn,
            requests()
                .eq(BuildRequestField::Complete, false)
                .descending(BuildRequestField::Priority)
                .ascending(BuildRequestField::SubmittedAt),
        )
        .await,
        plan(
            &mut conn,
            requests()
                .eq(BuildRequestField::Claimed, false)
                .descending(BuildRequestField::Priority)
                .descending(BuildRequestField::SubmittedAt),
        )
        .await,
        plan(
            &mut conn,
            Query::<Buildset>::new().descending(BuildsetField::ParentBuild),
        )
        .await,
        plan(
            &mut conn,
            Query::<Change>::new()
                .eq(ChangeField::Branch, "main")
                .descending(ChangeField::Id),
        )
        .await,
        plan(
            &mut conn,
            Query::<Change>::new()
                .eq(ChangeField::Comments, "x")
                .descending(ChangeField::Id),
        )
        .await,
        plan(
            &mut conn,
            Query::<Change>::new().descending(ChangeField::Comments),
        )
        .await,
        plan(
            &mut conn,
            Query::<Commit>::new()
                .eq(CommitField::Codebase, 1)
                .descending(CommitField::Id),
        )
        .await,
        plan(
            &mut conn,
            Query::<Step>::new()
                .eq(StepField::Hidden, true)
                .descending(StepField::Id),
        )
        .await,
        plan(
            &mut conn,
            Query::<Log>::new()
                .eq(LogField::Kind, "s")
                .descending(LogField::Id),
        )
        .await,
        plan(
            &mut conn,
            Query::<TestResult>::new().ascending(TestResultField::TestName),
        )
        .await,
    ];
    for plan in plans {
        assert!(plan.contains("Index"), "{plan}");
        assert!(!plan.contains("Seq Scan"), "{plan}");
        // What is sorted is sorted within what an index has put together.
        assert!(
            !plan.replace("Incremental Sort  (", "").contains("Sort  ("),
            "{plan}"
        );
    }
    let several = vec![1.into(), 2.into(), 3.into()];
    let of_commits =
        Query::<TestResultSet>::new().filter(TestResultSetField::Commit, Op::Eq, several.clone());
    let of_commits = plan(&mut conn, of_commits.descending(TestResultSetField::Id)).await;
    assert!(!of_commits.contains("Seq Scan"), "{of_commits}");
    let of_some = builds().filter(BuildField::Builder, Op::Eq, several);
    let plan = plan(&mut conn, of_some.descending(BuildField::StartedAt)).await;
    assert!(!plan.contains("Seq Scan"), "{plan}");
    assert_eq!(plan.matches("builds_by_builder_start").count(), 3, "{plan}");
    drop(database);
}

#[tokio::test(flavor = "multi_thread")]
async fn word_of_events_comes_from_other_connections() {
    let server = Postgres::start().unwrap();
    let url = server.url();
    let (told, mut words) = tokio::sync::mpsc::unbounded_channel();
    let follower = tokio::spawn(follow(url.clone(), move |cursor| {
        // The test may have ended.
        let _ = told.send(cursor);
    }));
    let mut conn = Conn::establish(&url).await.unwrap();
    let patience = std::time::Duration::from_secs(30);
    // It is not known when the follower listens: told again and again, it hears at last.
    let heard = tokio::time::timeout(patience, async {
        let mut often = tokio::time::interval(std::time::Duration::from_millis(50));
        loop {
            tokio::select! {
                word = words.recv() => break word,
                _ = often.tick() => notify(&mut conn, 17).await.unwrap(),
            }
        }
    });
    assert_eq!(heard.await.unwrap(), Some(weir_status_api::Cursor(17)));
    follower.abort();
}
