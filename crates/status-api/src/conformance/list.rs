//! Cases, one per kind: a list holds what was written, in order, as much of it as was asked for.

use super::check::{levelled, patiently};
use super::promises::Promises;
use super::reference::Row;
use super::stage::Stage;
use super::story::Story;
use super::world::each_kind;
use crate::{MAX_LIMIT, Page, Query, ReadExt, StatusApi};

async fn page<R: Row>(api: &dyn StatusApi, query: Query<R>) -> Page<R> {
    let page = patiently("a list", async || api.page(query.clone()).await).await;
    Page {
        items: page.items.into_iter().map(levelled).collect(),
        ..page
    }
}

async fn holds_all<R: Row>(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let all = scene.world.all::<R>();
    let mut promises = Promises::new();
    let whole = async {
        let page = page::<R>(api, Query::new()).await;
        assert_eq!(
            page.items, all,
            "a list (left) is not what was written, by id (right)"
        );
        assert_eq!(page.next, None, "the last page has no token");
    };
    promises.that("without an order it is by id", whole).await;
    let total = all.len();
    let limits = [
        0,
        1,
        total - 1,
        total,
        total + 1,
        MAX_LIMIT as usize,
        u32::MAX as usize,
    ];
    for limit in limits {
        for offset in [0, 1, total - 1, total, total + 5] {
            let part = async {
                let mut asked = Query::<R>::new().limit(u32::try_from(limit).expect("a limit"));
                asked.offset = offset as u64;
                let page = page(api, asked).await;
                let expected: Vec<R> = all.iter().skip(offset).take(limit).cloned().collect();
                assert_eq!(page.items, expected, "the part of the list");
                let more = limit > 0 && offset + limit < total;
                assert_eq!(page.next.is_some(), more, "of {total} rows: is there a token");
            };
            promises
                .that(format!("limit {limit}, offset {offset}"), part)
                .await;
        }
    }
    promises.must_hold();
}

macro_rules! cases {
    ($($name:ident: $resource:ident),+) => {$(
        pub(super) async fn $name(stage: &dyn Stage) {
            holds_all::<crate::$resource>(stage).await;
        }
    )+};
}
each_kind!(cases);
