//! Arbitrary values of everything that goes over the wire.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::strategy::Union;
use serde_json::Value as Json;
use weir_status_api as api;
use weir_status_api::{Field as _, Resource};

use super::resource::for_resources;
use super::view::for_views;

/// A type of which there are arbitrary values.
pub(crate) trait Arb: Clone + Debug + Sized + 'static {
    fn any() -> BoxedStrategy<Self>;
}

pub(crate) fn error() -> BoxedStrategy<api::Error> {
    Arb::any()
}

macro_rules! plain {
    ($($type:ty),+) => {$(
        impl Arb for $type {
            fn any() -> BoxedStrategy<Self> { any::<$type>().boxed() }
        }
    )+};
}

plain!(bool, char, i32, i64, u8, u32, u64, String);

macro_rules! wrapped {
    ($($type:ident),+ $(,)?) => {$(
        impl Arb for api::$type {
            fn any() -> BoxedStrategy<Self> { Arb::any().prop_map(api::$type).boxed() }
        }
    )+};
}

wrapped!(
    BranchId,
    BuildId,
    BuildRequestId,
    BuilderId,
    BuildsetId,
    ChangeId,
    ChangeSourceId,
    CodebaseId,
    CommitId,
    Cursor,
    DeadLetterId,
    ListenerId,
    LogId,
    MasterId,
    PatchId,
    ProjectId,
    SchedulerId,
    SourceStampId,
    StepId,
    TestResultId,
    TestResultSetId,
    Timestamp,
    TokenId,
    WorkerId,
    PageToken,
);

impl<T: Arb> Arb for Option<T> {
    fn any() -> BoxedStrategy<Self> {
        proptest::option::of(T::any()).boxed()
    }
}

impl<T: Arb> Arb for Vec<T> {
    fn any() -> BoxedStrategy<Self> {
        vec(T::any(), 0..4).boxed()
    }
}

impl<K: Arb + Ord, T: Arb> Arb for BTreeMap<K, T> {
    fn any() -> BoxedStrategy<Self> {
        btree_map(K::any(), T::any(), 0..3).boxed()
    }
}

impl<T: Arb> Arb for Arc<T> {
    fn any() -> BoxedStrategy<Self> {
        T::any().prop_map(Arc::new).boxed()
    }
}

/// An event within a dead letter: never one about a dead letter, so that it ends.
impl Arb for Box<api::Event> {
    fn any() -> BoxedStrategy<Self> {
        (Arb::any(), Arb::any(), Arb::any(), api::Step::any())
            .prop_map(|(cursor, at, verb, step)| {
                Box::new(api::Event {
                    cursor,
                    at,
                    verb,
                    entity: step.into(),
                })
            })
            .boxed()
    }
}

impl Arb for Json {
    fn any() -> BoxedStrategy<Self> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<u64>().prop_map(Json::from),
            any::<f64>()
                .prop_filter("JSON knows finite numbers only", |it| it.is_finite())
                .prop_map(Json::from),
            any::<String>().prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..4).prop_map(Json::from),
                btree_map(any::<String>(), inner, 0..4).prop_map(|it| it.into_iter().collect()),
            ]
        })
        .boxed()
    }
}

macro_rules! words {
    ($($type:ident: $all:expr;)+) => {$(
        impl Arb for api::$type {
            fn any() -> BoxedStrategy<Self> { proptest::sample::select($all.to_vec()).boxed() }
        }
    )+};
}

words! {
    Results: api::Results::ALL;
    Verb: api::Verb::ALL;
    Kind: api::Kind::ALL;
    Op: api::Op::ALL;
    ControlAction: api::ControlAction::ALL;
    Difference: api::Difference::ALL;
    TokenScope: api::TokenScope::ALL;
    TokenOrigin: [api::TokenOrigin::Made, api::TokenOrigin::SignIn];
    WaitReason: api::WaitReason::ALL;
    LogKind: [api::LogKind::Stdio, api::LogKind::Text, api::LogKind::Html, api::LogKind::Deleted];
}

/// Pairs within pairs, as there are no tuples of any length.
macro_rules! nested {
    () => { () };
    ($head:ident $(, $tail:ident)*) => { ($head, nested!($($tail),*)) };
}

macro_rules! nested_any {
    () => { Just(()) };
    ($head:ident $(, $tail:ident)*) => { (Arb::any(), nested_any!($($tail),*)) };
}

macro_rules! structs {
    ($($type:ident { $($field:ident),* $(,)? })+) => {$(
        impl Arb for api::$type {
            fn any() -> BoxedStrategy<Self> {
                nested_any!($($field),*)
                    .prop_map(|nested!($($field),*)| api::$type { $($field),* })
                    .boxed()
            }
        }
    )+};
}

for_resources!(structs);
for_views!(structs);

structs! {
    PropertiesUpdate { build, changed }
    Event { cursor, at, verb, entity }
    ForceParams {
        builders, reason, priority, branch, revision, repository, project, values, idempotency_key,
    }
    ChangeParams {
        author, committer, files, comments, revision, branch, category, revlink, properties, repository, project,
        codebase, when,
    }
    ControlRecord { target, action, reason, caller }
    ConfigurationChange { kind, name, difference, fields }
    Reconfigured { changes, unlisted, restart }
    ConfigurationPart { kind, name, fields }
    Configuration { salt, parts }
    Place { after, done }
    DeadLetter { id, listener, event, why, parked_at, again }
    BuilderChoice { builders, project, tags, without_tags, removed_too }
    WaterfallQuery { builders, from, to, steps, limit }
    Identity { name, full_name, email, groups, roles }
    NewToken { name, user, scopes, expires_at }
    Token { id, name, user, origin, scopes, created_at, expires_at, revoked_at }
    IssuedToken { token, text }
}

macro_rules! enums {
    ($($type:ident { $($variant:ident { $($part:tt: $name:ident),* },)+ })+) => {$(
        impl Arb for api::$type {
            fn any() -> BoxedStrategy<Self> {
                Union::new([$(
                    nested_any!($($name),*)
                        .prop_map(|nested!($($name),*)| api::$type::$variant { $($part: $name),* })
                        .boxed(),
                )+])
                .boxed()
            }
        }
    )+};
}

enums! {
    ForceFieldKind { Text {}, Int {}, Bool {}, Choice { 0: it }, Patch { codebase: it }, Properties {}, }
    BuilderKey { Id { 0: it }, Name { 0: it }, }
    WorkerKey { Id { 0: it }, Name { 0: it }, }
    SchedulerKey { Id { 0: it }, Name { 0: it }, }
    BuildKey { Id { 0: it }, Number { 0: builder, 1: number }, }
    StepKey { Id { 0: it }, Number { 0: build, 1: number }, Name { 0: build, 1: name }, }
    SearchPattern { Text { 0: it }, Regex { 0: it }, }
    LogKey { Id { 0: it }, Slug { 0: step, 1: slug }, }
    PropertiesOf { Build { 0: it }, Buildset { 0: it }, }
    ListenerKey { Id { 0: it }, Name { 0: it }, }
    ProjectKey { Id { 0: it }, Slug { 0: it }, }
    CodebaseKey { Id { 0: it }, Slug { 0: project, 1: slug }, }
    CommitKey { Id { 0: it }, Revision { 0: codebase, 1: revision }, }
    Key {
        Master { 0: it }, Builder { 0: it }, Build { 0: it }, BuildRequest { 0: it }, Buildset { 0: it },
        SourceStamp { 0: it }, Change { 0: it }, Step { 0: it }, Log { 0: it }, Worker { 0: it },
        Scheduler { 0: it }, ForceScheduler { 0: it }, ChangeSource { 0: it }, Project { 0: it },
        Codebase { 0: it }, Branch { 0: it }, Commit { 0: it }, BuildData { 0: build, 1: name },
        TestResultSet { 0: it }, TestResult { 0: it }, Listener { 0: it }, DeadLetter { 0: it },
    }
    Entity {
        Master { 0: it }, Builder { 0: it }, Build { 0: it }, BuildRequest { 0: it }, Buildset { 0: it },
        SourceStamp { 0: it }, Change { 0: it }, Step { 0: it }, Log { 0: it }, Worker { 0: it },
        Scheduler { 0: it }, ForceScheduler { 0: it }, Properties { 0: it }, Control { 0: it },
        ChangeSource { 0: it }, Project { 0: it }, Codebase { 0: it }, Branch { 0: it }, Commit { 0: it },
        BuildData { 0: it }, TestResultSet { 0: it }, TestResult { 0: it }, Listener { 0: it }, DeadLetter { 0: it },
    }
    ViewQuery { Home { 0: it }, Waterfall { 0: it }, Grid { 0: it }, Console { 0: it }, CommitGraph { 0: it }, }
    View { Home { 0: it }, Waterfall { 0: it }, Grid { 0: it }, Console { 0: it }, CommitGraph { 0: it }, }
    Signal { Event { 0: it }, Bookmark { 0: it }, }
    ControlTarget { Build { 0: it }, BuildRequest { 0: it }, Worker { 0: it }, Listener { 0: it }, }
    ListenAsk {
        Hold { kind: kind, on: on, seconds: seconds },
        Release {},
        Recall {},
        KeepPlace { place: place, rewinds: rewinds },
        Note { waiting: waiting },
        Park { event: event, why: why },
        Unpark { letter: letter },
        KeepState { state: state },
    }
    DeadLetterChoice { One { 0: it }, Of { listener: listener, first: first }, }
    Command {
        Force { scheduler: scheduler, params: params },
        StopBuild { build: build, reason: reason },
        Rebuild { build: build },
        CancelRequest { request: request, reason: reason },
        PauseWorker { worker: worker, reason: reason },
        UnpauseWorker { worker: worker },
        StopWorker { worker: worker, reason: reason },
        EnableScheduler { scheduler: scheduler, enabled: enabled },
        SetPriority { request: request, priority: priority },
        KillWorker { worker: worker, reason: reason },
        AddChange { change: change },
        Reconfigure { master: master },
        DescribeConfiguration { master: master },
        Listen { listener: listener, holder: holder, ask: ask },
        DeliverAgain { letters: letters },
        DropDeadLetters { letters: letters },
        RewindListener { listener: listener, first: first },
        ForgetListener { listener: listener },
    }
    Outcome {
        Done {},
        Buildset { buildset: buildset, requests: requests },
        Change { change: change },
        Reconfigured { report: report },
        Configuration { configuration: configuration },
        HeldByAnother { on: on },
        Recalled { place: place, rewinds: rewinds, state: state },
    }
    Error {
        NotFound { what: what },
        InvalidQuery { field: field, why: why },
        InvalidInput { fields: fields },
        CursorExpired { oldest: oldest },
        PermissionDenied { why: why },
        Unauthenticated { why: why },
        TooMany { why: why },
        Conflict { why: why },
        Unavailable { why: why },
        NotSupported { operation: operation, implementer: implementer },
        Internal { why: why },
        ContentDeleted { what: what },
    }
}

/// A filter that suits its field.
fn filter<F: api::Field>() -> BoxedStrategy<api::Filter<F>> {
    let field = proptest::sample::select(F::ALL.to_vec());
    field
        .prop_flat_map(|field| {
            use api::FieldType::{Bool, Int, Text, TextList, Time};
            use api::Op::{Contains, Eq, Ge, Gt, Le, Lt, Ne};
            let values: BoxedStrategy<api::Value> = match field.field_type() {
                Int => i64::any().prop_map(api::Value::Int).boxed(),
                Text | TextList => String::any().prop_map(api::Value::Text).boxed(),
                Bool => bool::any().prop_map(api::Value::Bool).boxed(),
                Time => api::Timestamp::any().prop_map(api::Value::Time).boxed(),
            };
            let ops = match field.field_type() {
                _ if field.is_relation() => vec![Eq],
                TextList => vec![Contains],
                Bool => vec![Eq, Ne],
                Text => vec![Eq, Ne, Lt, Le, Gt, Ge, Contains],
                Int | Time => vec![Eq, Ne, Lt, Le, Gt, Ge],
            };
            let op = proptest::sample::select(ops);
            op.prop_flat_map(move |op| {
                let count = if op.is_single() { 1..2_usize } else { 1..4 };
                vec(values.clone(), count).prop_map(move |values| api::Filter { field, op, values })
            })
        })
        .boxed()
}

fn query<R: Resource + Debug>() -> BoxedStrategy<api::List> {
    let sortable: Vec<R::Field> = R::Field::ALL
        .iter()
        .copied()
        .filter(|it| !it.is_relation() && it.field_type() != api::FieldType::TextList)
        .collect();
    let order = (proptest::sample::select(sortable), any::<bool>())
        .prop_map(|(field, descending)| api::Order { field, descending });
    let bounds = (Arb::any(), Arb::any(), Arb::any(), Arb::any());
    (vec(filter::<R::Field>(), 0..3), vec(order, 0..3), bounds)
        .prop_map(|(filters, order, (limit, offset, after, properties))| {
            R::into_list(api::Query {
                filters,
                order,
                limit,
                offset,
                after,
                properties,
            })
        })
        .boxed()
}

impl Arb for api::List {
    fn any() -> BoxedStrategy<Self> {
        Union::new([
            query::<api::Master>(),
            query::<api::Builder>(),
            query::<api::Build>(),
            query::<api::BuildRequest>(),
            query::<api::Buildset>(),
            query::<api::SourceStamp>(),
            query::<api::Change>(),
            query::<api::Step>(),
            query::<api::Log>(),
            query::<api::Worker>(),
            query::<api::Scheduler>(),
            query::<api::ForceScheduler>(),
            query::<api::ChangeSource>(),
            query::<api::Project>(),
            query::<api::Codebase>(),
            query::<api::Branch>(),
            query::<api::Commit>(),
            query::<api::BuildData>(),
            query::<api::TestResultSet>(),
            query::<api::TestResult>(),
            query::<api::ListenerStatus>(),
            query::<api::DeadLetter>(),
        ])
        .boxed()
    }
}
