//! Cases: orders, limits and offsets.

use super::check::patiently;
use super::promises::Promises;
use super::reference::{Row, compares};
use super::stage::Stage;
use super::story::Story;
use super::world::each_kind;
use crate::{
    Build, BuildField, Change, ChangeField, Field, FieldType, MAX_LIMIT, Order, Query, ReadExt, Resource,
    StatusApi,
};

/// The fields by which a resource can be ordered.
pub(super) fn orderable<R: Resource>() -> Vec<R::Field> {
    let can = |field: &R::Field| !field.is_relation() && field.field_type() != FieldType::TextList;
    R::Field::ALL.iter().copied().filter(can).collect()
}

async fn by_every_field<R: Row>(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let rows = patiently("a list", async || api.page(Query::<R>::new()).await).await;
    let fields = orderable::<R>();
    let mut promises = Promises::new();
    for (place, &field) in fields.iter().enumerate() {
        let second = fields[(place + 1) % fields.len()];
        for (first_down, second_down) in [
            (false, None),
            (true, None),
            (false, Some(true)),
            (true, Some(false)),
        ] {
            let by = |field, descending| Order { field, descending };
            let mut order = vec![by(field, first_down)];
            order.extend(second_down.map(|descending| by(second, descending)));
            let name = super::world::named_order::<R>(&order);
            promises.that(name, ordered(api, &rows.items, order)).await;
        }
    }
    promises.must_hold();
}

async fn ordered<R: Row>(api: &dyn StatusApi, rows: &[R], order: Vec<Order<R::Field>>) {
    let mut expected = rows.to_vec();
    expected.sort_by(|one, two| compares(one, two, &order));
    let query = Query::<R> {
        order,
        ..Query::new()
    };
    let got = patiently("a list", async || api.page(query.clone()).await).await;
    assert_eq!(
        got.items, expected,
        "what is given (left) is not ordered so (right): a missing value is the lowest, the id settles the rest"
    );
}

macro_rules! cases {
    ($($name:ident: $resource:ident),+) => {$(
        pub(super) async fn $name(stage: &dyn Stage) {
            by_every_field::<crate::$resource>(stage).await;
        }
    )+};
}
each_kind!(cases);

pub(super) async fn limits_and_offsets(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let query = || Query::<Change>::new().descending(ChangeField::When);
    let all = api.page(query()).await.expect("changes").items;
    let total = all.len();
    for limit in [
        0,
        1,
        total - 1,
        total,
        total + 1,
        MAX_LIMIT as usize,
        u32::MAX as usize,
    ] {
        for offset in [0, 1, total - 1, total, total + 5] {
            let mut asked = query().limit(u32::try_from(limit).expect("a limit"));
            asked.offset = offset as u64;
            let page = patiently("a page", async || api.page(asked.clone()).await).await;
            let expected: Vec<Change> = all.iter().skip(offset).take(limit).cloned().collect();
            assert_eq!(page.items, expected, "limit {limit}, offset {offset}");
            let more = limit > 0 && offset + limit < total;
            assert_eq!(
                page.next.is_some(),
                more,
                "limit {limit}, offset {offset} of {total}: is there a token"
            );
        }
    }
    // A token goes on behind its page, however that one began.
    let mut asked = Query::<Build>::new().ascending(BuildField::Builder).limit(1);
    let builds = api.page(asked.clone().limit(100)).await.expect("builds").items;
    asked.offset = 1;
    let page = api.page(asked.clone()).await.expect("a page");
    assert_eq!(page.items, builds[1..2]);
    asked.offset = 0;
    let page = api
        .page(asked.after(page.next.expect("there is more")))
        .await
        .expect("a page");
    assert_eq!(page.items, builds[2..3], "a token begins behind its page");
}
