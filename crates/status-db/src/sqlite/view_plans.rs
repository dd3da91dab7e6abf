//! How SQLite goes about the views: each query by an index, and in its order where it has a limit.

use super::plans::plan;
use super::queries::{sql_of_builders_newest, sql_of_crossing};

#[test]
fn the_newest_builds_come_in_the_order_of_an_index() {
    for sql in sql_of_builders_newest() {
        let plan = plan(sql);
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        assert!(plan.contains(" USING INDEX "), "{plan}");
    }
}

#[test]
fn builds_that_cross_a_moment_are_looked_for_by_how_long_they_took() {
    let plans: Vec<String> = sql_of_crossing().into_iter().map(plan).collect();
    let indices = [
        // Those that run: they have no end.
        "INDEX builds_by_end (complete_at=?)",
        "INDEX builds_by_start (started_at>? AND started_at<?)",
        "INDEX builds_longer_1 (started_at>? AND started_at<?)",
        "INDEX builds_longer_2 (started_at>? AND started_at<?)",
        "INDEX builds_longer_3 (started_at<?)",
    ];
    assert_eq!(plans.len(), indices.len());
    for (plan, index) in plans.iter().zip(indices) {
        assert!(plan.contains(index), "{index}: {plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
}
