//! A read is one view, true at its cursor, and bad queries are refused.

use std::time::Duration;

use futures::StreamExt;
use weir_status_api::{
    Build, BuildField, BuildRequest, Change, ChangeField, Error, Key, Op, PageToken, Query, Read, ReadExt,
    Signal, Start, TopicFilter, Value, Watch,
};
use weir_status_db::{NewChange, Transition};

use crate::fill::fill;
use crate::rig::Rig;

fn change(number: usize) -> Transition {
    Transition::AddChange(Box::new(NewChange {
        author: format!("author {number}"),
        ..NewChange::default()
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_belongs_to_its_list_alone() {
    let rig = Rig::sqlite().await;
    fill(&rig).await;
    let query = || Query::<Change>::new().descending(ChangeField::When).limit(2);
    let token = rig.store.page(query()).await.unwrap().next.unwrap();
    let others = [
        query().eq(ChangeField::Branch, "main").after(token.clone()),
        query().ascending(ChangeField::Id).after(token.clone()),
        query().after(PageToken("00".to_owned())),
        query().after(PageToken("é".to_owned())),
        query().after(PageToken(String::new())),
    ];
    for other in others {
        let refused = rig.store.page(other).await.unwrap_err();
        assert!(
            matches!(&refused, Error::InvalidQuery { field, .. } if field == "after"),
            "{refused}"
        );
    }
    let builds = Query::<Build>::new().after(token.clone());
    rig.store.page(builds).await.unwrap_err();
    rig.store.page(query().limit(5).after(token)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_database_could_answer_is_refused() {
    let rig = Rig::sqlite().await;
    let many: Vec<Value> = (0..1001_i64).map(Value::Int).collect();
    let too_many = Query::<Build>::new().filter(BuildField::Id, Op::Eq, many);
    let nul = Query::<Build>::new().eq(BuildField::State, "a\0b");
    for query in [too_many, nul] {
        let refused = rig.store.page(query).await.unwrap_err();
        assert!(matches!(refused, Error::InvalidQuery { .. }), "{refused}");
    }
    let nowhere = rig.store.get(Key::Builder("a\0b".into())).await.unwrap_err();
    assert!(matches!(nowhere, Error::NotFound { .. }), "{nowhere}");
    let empty = rig.store.page(Query::<Build>::new().limit(0)).await.unwrap();
    assert!(empty.items.is_empty() && empty.next.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_values_a_filter_has_it_means_the_same() {
    let rig = Rig::sqlite().await;
    fill(&rig).await;
    let newest = || Query::<Build>::new().descending(BuildField::StartedAt).limit(7);
    let all = rig.store.page(newest()).await.unwrap().items;
    assert_eq!(all.len(), 7);
    for count in [2, 250, 300, 900] {
        let values = |count: i64| (1..=count).map(Value::Int).collect::<Vec<_>>();
        let several = newest().filter(BuildField::Builder, Op::Eq, values(count));
        let found = rig.store.page(several.clone()).await.unwrap();
        assert_eq!(found.items, all, "{count} builders");
        // With a second filter of as many as there can be.
        let both = several.filter(BuildField::Worker, Op::Eq, values(1000 - count));
        assert_eq!(
            rig.store.page(both).await.unwrap().items,
            all,
            "{count} builders and workers"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_have_the_properties_of_their_buildsets() {
    let rig = Rig::sqlite().await;
    fill(&rig).await;
    let query = |names: &[&str]| {
        Query::<BuildRequest>::new()
            .limit(4)
            .with_properties(names.iter().copied())
    };
    let all = rig.store.page(query(&["*"])).await.unwrap().items;
    assert_eq!(all[3].properties["reason"].value, 1);
    let some = rig.store.page(query(&["reason", "none"])).await.unwrap().items;
    assert_eq!(some[3].properties.len(), 1);
    assert!(
        rig.store.page(query(&[])).await.unwrap().items[3]
            .properties
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_and_the_events_after_its_cursor_are_all_there_is() {
    let rig = Rig::sqlite().await;
    let writer = {
        let store = rig.store.clone();
        tokio::spawn(async move {
            for number in 0..300 {
                store.apply(change(number)).await.unwrap();
            }
        })
    };
    for _ in 0..20 {
        let query = Query::<Change>::new().descending(ChangeField::Id).limit(1);
        let page = rig.store.page(query).await.unwrap();
        let newest = page.items.first().map_or(0, |change| change.id.0);
        if newest == 300 {
            break;
        }
        let filter = TopicFilter::parse("changes/*/new").unwrap();
        let mut events = rig.store.watch(filter, Start::After(page.cursor)).await.unwrap();
        let first = tokio::time::timeout(Duration::from_secs(8), async {
            loop {
                if let Signal::Event(event) = events.next().await.unwrap().unwrap() {
                    break event;
                }
            }
        });
        let first = first.await.unwrap();
        let weir_status_api::Entity::Change(first) = &first.entity else {
            panic!("{first:?}")
        };
        assert_eq!(first.id.0, newest + 1);
    }
    writer.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_that_are_given_up_leave_the_connections_fit() {
    let rig = Rig::sqlite().await;
    fill(&rig).await;
    for number in 0..200 {
        let read = rig.store.page(Query::<Change>::new());
        let wait = Duration::from_micros(number * 10);
        tokio::time::timeout(wait, read).await.map(Result::unwrap).ok();
    }
    let before = rig.store.page(Query::<Change>::new()).await.unwrap();
    rig.apply(change(1)).await;
    // As many as there are connections, each of which must see the new state.
    for _ in 0..8 {
        let after = rig.store.page(Query::<Change>::new()).await.unwrap();
        assert_eq!(after.items.len(), before.items.len() + 1);
    }
}
