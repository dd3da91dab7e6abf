//! The state as one value: put together from reads, or from events, to be compared.

use std::collections::BTreeMap;

use super::check::patiently;
use super::reference::Row;
use crate::{
    Branch, Build, BuildData, BuildId, BuildRequest, Builder, Buildset, Change, ChangeSource, Codebase,
    Commit, Cursor, DeadLetter, Entity, Event, Field, ForceScheduler, Kind, ListenerStatus as Listener, Log,
    Master, Order, Project, Properties, PropertiesOf, Query, ReadExt, Resource, Scheduler, SourceStamp,
    StatusApi, Step, TestResult, TestResultSet, Timestamp, Verb, Worker,
};

/// Calls the macro with all types of resource.
macro_rules! each_resource {
    ($with:ident) => {
        $with!(
            Master,
            Builder,
            Build,
            BuildRequest,
            Buildset,
            SourceStamp,
            Change,
            Step,
            Log,
            Worker,
            Scheduler,
            ForceScheduler,
            ChangeSource,
            Project,
            Codebase,
            Branch,
            Commit,
            BuildData,
            TestResultSet,
            TestResult,
            Listener,
            DeadLetter
        )
    };
}

/// Calls the macro with the names of the cases of each kind, and their types of resource.
macro_rules! each_kind {
    ($with:ident) => {
        $with!(
            master: Master,
            builder: Builder,
            build: Build,
            build_request: BuildRequest,
            buildset: Buildset,
            source_stamp: SourceStamp,
            change: Change,
            step: Step,
            log: Log,
            worker: Worker,
            scheduler: Scheduler,
            force_scheduler: ForceScheduler,
            change_source: ChangeSource,
            project: Project,
            codebase: Codebase,
            branch: Branch,
            commit: Commit,
            build_data: BuildData,
            test_result_set: TestResultSet,
            test_result: TestResult,
            listener: ListenerStatus,
            dead_letter: DeadLetter
        );
    };
}
pub(super) use each_kind;

/// All resources and the properties of all builds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct World {
    entities: BTreeMap<(Kind, i64, String), Entity>,
    /// Properties by build.
    pub(super) properties: BTreeMap<BuildId, Properties>,
}

impl World {
    /// Puts a resource in the place of the one before it.
    pub(super) fn put(&mut self, entity: impl Into<Entity>) {
        let entity = level(entity.into());
        if let Some(key) = place(&entity) {
            self.entities.insert(key, entity);
        }
    }

    /// Puts what an event tells.
    pub(super) fn apply(&mut self, event: &Event) {
        if let Entity::Properties(update) = &event.entity {
            let properties = self.properties.entry(update.build).or_default();
            properties.extend(update.changed.clone());
        }
        match event.verb {
            Verb::Deleted => self.remove(&event.entity),
            _ => self.put(event.entity.clone()),
        }
    }

    /// Takes a resource away.
    pub(super) fn remove(&mut self, entity: &Entity) {
        if let Some(key) = place(entity) {
            self.entities.remove(&key);
        }
    }

    /// All resources of one type, by id.
    pub(super) fn all<R: Resource>(&self) -> Vec<R> {
        let from = (R::KIND, i64::MIN, String::new());
        let own = self
            .entities
            .range(from..)
            .take_while(|((kind, ..), _)| *kind == R::KIND);
        own.filter_map(|(_, entity)| R::from_entity(entity.clone()))
            .collect()
    }

    /// The resource of one type with that id.
    pub(super) fn one<R: Row>(&self, id: impl Into<i64>) -> R {
        let id = id.into();
        let found = self.entities.get(&(R::KIND, id, String::new()));
        found
            .and_then(|entity| R::from_entity(entity.clone()))
            .unwrap_or_else(|| panic!("the scene has no {:?} {id}", R::KIND))
    }

    /// What events tell of it: test results have none.
    pub(super) fn as_told(&self) -> Self {
        let mut told = self.clone();
        told.entities.retain(|(kind, ..), _| *kind != Kind::TestResult);
        told
    }

    /// All there is, read page by page. The state must stand still for all of it to be of one moment.
    pub(super) async fn read(api: &dyn StatusApi) -> (Self, Cursor) {
        let mut world = Self::default();
        let mut cursors = vec![];
        macro_rules! read_all {
            ($($resource:ident),+) => {$(
                let (rows, cursor) = read_list::<$resource>(api).await;
                rows.into_iter().for_each(|row| world.put(row));
                cursors.push(cursor);
            )+};
        }
        each_resource!(read_all);
        for build in world.all::<Build>() {
            let of = || PropertiesOf::Build(build.id.into());
            let properties = patiently("properties of a build", async || api.properties(of()).await).await;
            if !properties.value.is_empty() {
                world.properties.insert(build.id, properties.value);
            }
        }
        let newest = cursors.iter().max().copied().expect("there are lists");
        (world, newest)
    }

    /// Panics with the first difference, saying what `self` and `other` are.
    pub(super) fn must_equal(&self, mine: &str, other: &Self, theirs: &str) {
        for key in self.entities.keys().chain(other.entities.keys()) {
            let (one, two) = (self.entities.get(key), other.entities.get(key));
            assert_eq!(one, two, "{mine} (left) is not {theirs} (right) for {key:?}");
        }
        let (one, two) = (&self.properties, &other.properties);
        assert_eq!(
            one, two,
            "the properties of {mine} (left) are not those of {theirs} (right)"
        );
    }
}

async fn read_list<R: Resource>(api: &dyn StatusApi) -> (Vec<R>, Cursor) {
    let mut query = Query::<R>::new();
    let mut rows = vec![];
    loop {
        let page = patiently("a page", async || api.page(query.clone()).await).await;
        rows.extend(page.items);
        match page.next {
            Some(token) => query = query.after(token),
            None => return (rows, page.cursor),
        }
    }
}

/// Leaves out what the API does not promise: the order of what is a set, a master's last sign of life, and how
/// far a listener is and until when it is held.
pub(super) fn level(mut entity: Entity) -> Entity {
    match &mut entity {
        Entity::Master(master) => master.last_active = Timestamp::default(),
        Entity::Builder(builder) => builder.masters.sort(),
        Entity::Worker(worker) => {
            worker.configured_on.sort_by_key(|on| (on.master, on.builder));
            worker.connected_to.sort();
        }
        Entity::Buildset(buildset) => buildset.source_stamps.sort_by_key(|stamp| stamp.id),
        Entity::Listener(listener) => {
            listener.place = None;
            listener.held_until = None;
        }
        Entity::DeadLetter(letter) => letter.event.entity = level(letter.event.entity.clone()),
        _ => {}
    }
    entity
}

fn place(entity: &Entity) -> Option<(Kind, i64, String)> {
    macro_rules! identity {
        ($($resource:ident),+) => {
            match entity {
                $(Entity::$resource(row) => {
                    let (id, name) = row.identity();
                    Some(($resource::KIND, id, name))
                })+
                Entity::Properties(_) | Entity::Control(_) => None,
            }
        };
    }
    each_resource!(identity)
}

/// The order in words.
pub(super) fn named_order<R: Resource>(order: &[Order<R::Field>]) -> String {
    let words = order.iter().map(|by| {
        let direction = if by.descending { "down" } else { "up" };
        format!("{} {direction}", by.field.name())
    });
    format!("by {}", words.collect::<Vec<_>>().join(", "))
}
