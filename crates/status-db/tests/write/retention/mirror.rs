//! What a watcher knows who puts each event over what was there, beside what reads give.

use std::collections::BTreeMap;

use weir_status_api::{
    Build, BuildId, BuildRequest, Buildset, Change, Cursor, Entity, Kind, Log, PageToken, Query, ReadExt,
    Resource, SourceStamp, Step, TestResult, TestResultSet, Verb,
};
use weir_status_db::Store;

use crate::rig::events;

/// Resources by kind and id.
pub(super) type Mirror = BTreeMap<(Kind, i64), Entity>;

async fn all<R: Resource>(store: &Store) -> Vec<R> {
    let mut query = Query::<R>::new().limit(1000);
    let mut found = vec![];
    loop {
        let page = store.page(query.clone()).await.unwrap();
        found.extend(page.items);
        let next: Option<PageToken> = page.next;
        match next {
            Some(next) => query = query.after(next),
            None => return found,
        }
    }
}

fn key(entity: &Entity) -> Option<(Kind, i64)> {
    let id = match entity {
        Entity::Build(it) => it.id.0,
        Entity::BuildRequest(it) => it.id.0,
        Entity::Buildset(it) => it.id.0,
        Entity::Change(it) => it.id.0,
        Entity::SourceStamp(it) => it.id.0,
        Entity::Step(it) => it.id.0,
        Entity::Log(it) => it.id.0,
        _ => return None,
    };
    Some((entity.kind()?, id))
}

/// What the events up to now tell, if all are kept.
pub(super) async fn of_events(store: &Store) -> Mirror {
    let mut mirror = Mirror::new();
    for event in events(store, Cursor::ZERO).await {
        let Some(key) = key(&event.entity) else {
            continue;
        };
        if event.verb == Verb::Deleted {
            assert!(mirror.remove(&key).is_some(), "{key:?} was not there");
            if let Entity::Build(build) = &event.entity {
                forget(&mut mirror, build.id);
            }
        } else {
            mirror.insert(key, event.entity.clone());
        }
    }
    mirror
}

/// What belongs to a build goes with it.
fn forget(mirror: &mut Mirror, build: BuildId) {
    let mut steps = vec![];
    mirror.retain(|_, entity| match entity {
        Entity::Step(step) if step.build == build => {
            steps.push(step.id);
            false
        }
        _ => true,
    });
    mirror.retain(|_, entity| !matches!(entity, Entity::Log(log) if steps.contains(&log.step)));
}

/// What reads give.
pub(super) async fn of_reads(store: &Store) -> Mirror {
    let mut entities: Vec<Entity> = vec![];
    entities.extend(all::<Build>(store).await.into_iter().map(Entity::from));
    entities.extend(all::<BuildRequest>(store).await.into_iter().map(Entity::from));
    entities.extend(all::<Buildset>(store).await.into_iter().map(Entity::from));
    entities.extend(all::<Change>(store).await.into_iter().map(Entity::from));
    entities.extend(all::<SourceStamp>(store).await.into_iter().map(Entity::from));
    entities.extend(all::<Step>(store).await.into_iter().map(Entity::from));
    entities.extend(all::<Log>(store).await.into_iter().map(Entity::from));
    let keyed = entities.into_iter().map(|entity| (key(&entity).unwrap(), entity));
    keyed.collect()
}

/// Nothing refers to what is not there.
pub(super) async fn check_references(store: &Store) {
    let mirror = of_reads(store).await;
    let there = |kind: Kind, id: i64| assert!(mirror.contains_key(&(kind, id)), "{kind:?} {id} is missing");
    for entity in mirror.values() {
        match entity {
            Entity::Build(it) => there(Kind::BuildRequest, it.request.0),
            Entity::BuildRequest(it) => there(Kind::Buildset, it.buildset.0),
            Entity::Buildset(it) => {
                it.parent_build.iter().for_each(|id| there(Kind::Build, id.0));
                it.rebuilt_build.iter().for_each(|id| there(Kind::Build, id.0));
                it.source_stamps
                    .iter()
                    .for_each(|stamp| there(Kind::SourceStamp, stamp.id.0));
            }
            Entity::Change(it) => there(Kind::SourceStamp, it.source_stamp.id.0),
            Entity::Step(it) => there(Kind::Build, it.build.0),
            Entity::Log(it) => there(Kind::Step, it.step.0),
            _ => {}
        }
    }
    let sets: BTreeMap<_, TestResultSet> = all(store)
        .await
        .into_iter()
        .map(|it: TestResultSet| (it.id, it))
        .collect();
    for set in sets.values() {
        there(Kind::Build, set.build.0);
        there(Kind::Step, set.step.0);
    }
    for result in all::<TestResult>(store).await {
        assert!(sets.contains_key(&result.set), "the set of {result:?} is missing");
    }
}
