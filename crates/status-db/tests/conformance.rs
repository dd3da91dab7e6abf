//! The conformance kit against the store in-process: on SQLite, and on a throw-away PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod stage;

use stage::StoreStage;
use weir_status_api::conformance::CASES;
use weir_status_db::Database;
use weir_testbed::Postgres;

async fn on_sqlite() -> StoreStage {
    StoreStage::open(Database::Sqlite).await
}

mod sqlite {
    use super::on_sqlite;

    weir_status_api::conformance_tests!(on_sqlite);
}

/// Every 24th case from `first` on, each in a database of its own, on one server.
async fn on_postgres(first: usize) {
    let server = Postgres::start().unwrap();
    for case in CASES.iter().skip(first).step_by(24) {
        println!("{}", case.name);
        let stage = StoreStage::open(Database::Postgres(server.url())).await;
        case.run(&stage).await;
        stage.writer.store.close().await;
    }
}

macro_rules! postgres_tests {
    ($($name:ident: $first:literal,)+) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            on_postgres($first).await;
        }
    )+};
}

// A server takes a second to start: too long for each case, and one test for all cases would take too long.
postgres_tests! {
    postgres_part_1: 0,
    postgres_part_2: 1,
    postgres_part_3: 2,
    postgres_part_4: 3,
    postgres_part_5: 4,
    postgres_part_6: 5,
    postgres_part_7: 6,
    postgres_part_8: 7,
    postgres_part_9: 8,
    postgres_part_10: 9,
    postgres_part_11: 10,
    postgres_part_12: 11,
    postgres_part_13: 12,
    postgres_part_14: 13,
    postgres_part_15: 14,
    postgres_part_16: 15,
    postgres_part_17: 16,
    postgres_part_18: 17,
    postgres_part_19: 18,
    postgres_part_20: 19,
    postgres_part_21: 20,
    postgres_part_22: 21,
    postgres_part_23: 22,
    postgres_part_24: 23,
}
