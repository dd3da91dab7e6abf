//! Cases: walking lists page by page.

use std::collections::BTreeMap;

use super::check::patiently;
use super::orders::orderable;
use super::promises::Promises;
use super::reference::Row;
use super::scene::Scene;
use super::stage::Stage;
use super::story::{self, Story};
use super::world::{each_kind, named_order};
use crate::{
    Build, BuildField, BuildRequest, BuildRequestField, BuildsetField, Change, ChangeField, Error, List,
    Order, Page, PageToken, Query, ReadExt, StatusApi,
};

/// More pages than any list here has.
const MANY: usize = 200;

async fn walked_in_every_order<R: Row>(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let mut promises = Promises::new();
    for size in [1, 2] {
        let walk = walk_is_whole(api, Query::<R>::new(), size);
        promises.that(format!("by {size}"), walk).await;
    }
    let fields = orderable::<R>();
    for (place, &field) in fields.iter().enumerate() {
        for descending in [false, true] {
            let second = Order {
                field: fields[(place + 1) % fields.len()],
                descending: !descending,
            };
            let first = Order { field, descending };
            for order in [vec![first], vec![first, second]] {
                let name = named_order::<R>(&order);
                let query = Query::<R> {
                    order,
                    ..Query::new()
                };
                promises.that(name, walk_is_whole(api, query, 2)).await;
            }
        }
    }
    promises.must_hold();
}

macro_rules! cases {
    ($($name:ident: $resource:ident),+) => {$(
        pub(super) async fn $name(stage: &dyn Stage) {
            walked_in_every_order::<crate::$resource>(stage).await;
        }
    )+};
}
each_kind!(cases);

pub(super) async fn a_filtered_list_is_walked(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let built = Query::<Build>::new()
        .eq(BuildField::Complete, true)
        .descending(BuildField::Results);
    walk_is_whole(&*scene.api, built, 1).await;
}

async fn page<R: Row>(api: &dyn StatusApi, query: Query<R>) -> Page<R> {
    patiently("a page", async || api.page(query.clone()).await).await
}

async fn walk_is_whole<R: Row>(api: &dyn StatusApi, query: Query<R>, size: u32) {
    let whole = page(api, query.clone()).await.items;
    let mut walked = vec![];
    let mut next = query.clone().limit(size);
    for _ in 0..MANY {
        let page = page(api, next.clone()).await;
        assert!(
            page.items.len() <= size as usize,
            "a page is larger than its limit"
        );
        walked.extend(page.items);
        let Some(token) = page.next else { break };
        next = query.clone().limit(size).after(token);
    }
    let order = &query.order;
    assert_eq!(
        walked,
        whole,
        "{:?} by {order:?}, walked by {size} (left), are each there once (right)",
        R::KIND
    );
}

pub(super) async fn walking_is_steady_while_rows_are_added(stage: &dyn Stage) {
    let Story { mut scene, .. } = Story::tell(stage).await;
    for field in [
        ChangeField::Id,
        ChangeField::Revision,
        ChangeField::Committer,
        ChangeField::When,
    ] {
        for descending in [false, true] {
            let order = vec![Order { field, descending }];
            walk_while_changes_come(
                &mut scene,
                Query {
                    order,
                    ..Query::new()
                },
            )
            .await;
        }
    }
}

async fn walk_while_changes_come(scene: &mut Scene<'_>, query: Query<Change>) {
    let before = page(&*scene.api, query.clone()).await.items;
    let mut seen = BTreeMap::new();
    let mut next = query.clone().limit(3);
    for number in 0..MANY {
        let page = page(&*scene.api, next.clone()).await;
        for change in page.items {
            *seen.entry(change.id).or_insert(0) += 1;
        }
        let Some(token) = page.next else { break };
        next = query.clone().limit(3).after(token);
        // Not for ever: else there would always be one more at the end.
        if number < 5 {
            let change = story::change(scene, number);
            scene.change(change).await;
        }
    }
    let order = &query.order;
    for change in &before {
        let times = seen.get(&change.id).copied().unwrap_or(0);
        assert_eq!(
            times, 1,
            "change {} comes once while others are added, by {order:?}",
            change.id
        );
    }
    let twice: Vec<_> = seen.iter().filter(|(_, times)| **times > 1).collect();
    assert!(
        twice.is_empty(),
        "changes {twice:?} come more than once, by {order:?}"
    );
}

pub(super) async fn tokens_fit_one_list(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let token = page(api, Query::<BuildRequest>::new().limit(1))
        .await
        .next
        .expect("there are more");
    let by_priority = || {
        Query::<BuildRequest>::new()
            .ascending(BuildRequestField::Priority)
            .limit(1)
    };
    let other = page(api, by_priority()).await.next.expect("there are more");
    let with = |token: &str| Query::<BuildRequest>::new().after(PageToken(token.to_owned()));
    for (what, list) in [
        ("a token that nobody made", List::BuildRequest(with("nonsense"))),
        ("an empty token", List::BuildRequest(with(""))),
        ("a token of another order", List::BuildRequest(with(&other.0))),
        (
            "a token without its order",
            List::BuildRequest(by_priority().after(token.clone())),
        ),
        (
            "a token of another kind",
            List::Buildset(Query::new().after(token)),
        ),
        (
            "a token of another kind's order",
            List::Buildset(Query::new().ascending(BuildsetField::Results).after(other)),
        ),
    ] {
        let got = api.list(list).await;
        assert!(
            matches!(got, Err(Error::InvalidQuery { .. })),
            "{what} is refused, but gives {got:?}"
        );
    }
}
