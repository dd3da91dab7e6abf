//! Cases, one per kind: any filters, order and pages over any history.

use super::check::{levelled, patiently};
use super::dice::Dice;
use super::filters::candidates;
use super::history::History;
use super::orders::orderable;
use super::promises::Promises;
use super::reference::{Row, compares, fits};
use super::stage::Stage;
use super::world::each_kind;
use crate::{Field, FieldType, Filter, Op, Order, Query, ReadExt, StatusApi, Value};

/// Queries that are asked in a case.
const MANY: usize = 40;

fn random_filter<R: Row>(all: &[R], dice: &mut Dice) -> Option<Filter<R::Field>> {
    let fields: Vec<R::Field> = R::Field::ALL
        .iter()
        .copied()
        .filter(|it| !it.is_relation())
        .collect();
    let field = dice.pick(&fields)?;
    let ops: &[Op] = match field.field_type() {
        FieldType::TextList => &[Op::Contains],
        FieldType::Bool => &[Op::Eq, Op::Ne],
        FieldType::Int | FieldType::Time => &[Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge],
        FieldType::Text => &Op::ALL,
    };
    let op = dice.pick(ops)?;
    let values = candidates(all, field, usize::MAX);
    let count = if op.is_single() { 1 } else { 1 + dice.below(3) };
    let picked = (0..count).filter_map(|_| dice.pick(&values));
    let mut values: Vec<Value> = picked.collect();
    if let (Op::Contains, FieldType::Text) = (op, field.field_type()) {
        for value in &mut values {
            if let Value::Text(text) = value {
                let skipped = text.chars().skip(dice.below(3));
                *text = skipped.take(1 + dice.below(4)).collect();
            }
        }
    }
    Some(Filter { field, op, values })
}

fn random_order<R: Row>(dice: &mut Dice) -> Vec<Order<R::Field>> {
    let fields = dice.some(&orderable::<R>(), 3).into_iter();
    let order = fields.map(|field| Order {
        field,
        descending: dice.once_in(2),
    });
    order.collect()
}

async fn walked<R: Row>(api: &dyn StatusApi, query: &Query<R>, size: u32) -> Vec<R> {
    let mut rows = vec![];
    let mut next = query.clone().limit(size);
    loop {
        let page = patiently("a page", async || api.page(next.clone()).await).await;
        assert!(
            page.items.len() <= size as usize,
            "a page is larger than its limit"
        );
        rows.extend(page.items);
        match page.next {
            Some(token) => next = query.clone().limit(size).after(token),
            None => return rows,
        }
    }
}

async fn are_answered<R: Row>(stage: &dyn Stage) {
    let mut history = History::of(stage, Dice::of_case(20 + R::KIND as u64), 120).await;
    let replay = history.dice.replay();
    let all = walked(&*history.scene.api, &Query::<R>::new(), 10_000).await;
    let mut promises = Promises::new();
    for _ in 0..MANY {
        let dice = &mut history.dice;
        let count = dice.below(4);
        let filters: Vec<_> = (0..count).filter_map(|_| random_filter(&all, dice)).collect();
        let order = random_order::<R>(dice);
        let size = [1 + dice.below(5) as u32, 7, 50, 10_000][dice.below(4)].max(all.len() as u32 / 20 + 1);
        let mut expected = all.clone();
        expected.retain(|row| filters.iter().all(|it| fits(&row.held(it.field), it)));
        expected.sort_by(|one, two| compares(one, two, &order));
        let query = Query::<R> {
            filters,
            order,
            ..Query::new()
        };
        let name = format!("{query:?} by {size} ({replay})");
        let answered = async {
            let got = walked(&*history.scene.api, &query, size).await;
            let level = |rows: Vec<R>| rows.into_iter().map(levelled).collect::<Vec<R>>();
            let (got, expected) = (level(got), level(expected));
            assert_eq!(
                got, expected,
                "what is given (left) is not what fits, in order (right)"
            );
        };
        promises.that(name, answered).await;
    }
    promises.must_hold();
}

macro_rules! cases {
    ($($name:ident: $resource:ident),+) => {$(
        pub(super) async fn $name(stage: &dyn Stage) {
            are_answered::<crate::$resource>(stage).await;
        }
    )+};
}
each_kind!(cases);
