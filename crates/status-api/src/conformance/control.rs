//! Cases: all that can be asked for beside forces.

use std::sync::Arc;

use super::check::{events_until, must_be_dense, must_get, newest, watch};
use super::commands::Which;
use super::keyed::NO;
use super::scene::Scene;
use super::stage::{Stage, TOKEN, USER};
use super::story::{FORCE_ONE, LINUX, Story, setup};
use super::world::World;
use crate::{
    Build, BuildField, BuildRequest, Buildset, Caller, Command, ControlAction, ControlRecord, ControlTarget,
    Cursor, DeadLetterChoice, Entity, Error, Event, ForceParams, ForceScheduler, Key, ListenAsk, MasterId,
    Outcome, Properties, PropertiesOf, Query, ReadExt, Result, Results, Scheduler, Start, StatusApi,
    TopicFilter,
};

/// Gives a command, and tells what came of it and the events.
pub(super) async fn ordered(
    scene: &Scene<'_>,
    api: &dyn StatusApi,
    caller: &Caller,
    command: Command,
) -> (Result<Outcome>, Vec<Arc<Event>>) {
    let from = newest(&*scene.api).await;
    scene.tick();
    let outcome = api.control(caller, command).await;
    (outcome, events_since(scene, from).await)
}

/// Carries out a command that must work, and gives the events that came of it.
async fn done(scene: &Scene<'_>, command: Command) -> Vec<Arc<Event>> {
    done_by(scene, &*scene.api, &Caller::anonymous(), command).await
}

async fn done_by(
    scene: &Scene<'_>,
    api: &dyn StatusApi,
    caller: &Caller,
    command: Command,
) -> Vec<Arc<Event>> {
    let what = format!("{command:?}");
    let (outcome, events) = ordered(scene, api, caller, command).await;
    assert_eq!(outcome, Ok(Outcome::Done), "{what} by {caller:?}");
    events
}

async fn events_since(scene: &Scene<'_>, from: Cursor) -> Vec<Arc<Event>> {
    let until = newest(&*scene.api).await;
    let mut stream = watch(&*scene.api, &TopicFilter::all(), Start::After(from)).await;
    let events = events_until(&mut stream, from, until).await;
    must_be_dense(&events, from, until);
    events
}

/// The record must be among the events.
pub(super) fn must_record(events: &[Arc<Event>], record: &ControlRecord) {
    let wanted = Entity::Control(record.clone());
    assert!(
        events.iter().any(|event| event.entity == wanted),
        "there is no {record:?} among {events:#?}"
    );
}

pub(super) fn asked(target: ControlTarget, action: ControlAction, reason: Option<&str>) -> ControlRecord {
    ControlRecord {
        target,
        action,
        reason: reason.map(str::to_owned),
        caller: "anonymous".to_owned(),
    }
}

pub(super) async fn a_rebuild_repeats_a_build(stage: &dyn Stage) {
    let Story { scene, ended, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let build: Build = scene.world.one(ended.0);
    let request: BuildRequest = scene.world.one(build.request.0);
    let first: Buildset = scene.world.one(request.buildset.0);
    scene.tick();
    let outcome = api
        .control(&Caller::anonymous(), Command::Rebuild { build: ended.into() })
        .await;
    let Ok(Outcome::Buildset { buildset, requests }) = outcome else {
        panic!("a rebuild makes a buildset, but gives {outcome:?}")
    };
    assert_eq!(
        requests.keys().copied().collect::<Vec<_>>(),
        [build.builder],
        "on the same builder"
    );
    let again = api
        .one::<Buildset>(Key::Buildset(buildset))
        .await
        .expect("the buildset")
        .value;
    assert_eq!(again.rebuilt_build, Some(ended), "it names the build it repeats");
    assert_eq!(
        again.source_stamps, first.source_stamps,
        "it has the same source stamps"
    );
    let new = api
        .one::<BuildRequest>(Key::BuildRequest(requests[&build.builder]))
        .await
        .expect("the request")
        .value;
    assert_eq!(
        (new.buildset, new.claimed_at, new.complete_at),
        (buildset, None, None)
    );
    let got = api
        .properties(PropertiesOf::Buildset(buildset))
        .await
        .expect("properties")
        .value;
    for (name, property) in &scene.buildset_properties[&first.id] {
        assert_eq!(
            got.get(name).map(|it| &it.value),
            Some(&property.value),
            "it has the property {name}"
        );
    }
}

pub(super) async fn requests_are_cancelled(stage: &dyn Stage) {
    let story = Story::tell(stage).await;
    let (scene, open, claimed) = (&story.scene, story.open, story.claimed);
    let cancel = |request, reason: Option<&str>| Command::CancelRequest {
        request,
        reason: reason.map(str::to_owned),
    };

    done(scene, cancel(open, Some("no need"))).await;
    let now = super::stage::Writer::clock(scene.writer);
    let now = crate::Clock::now(now);
    let expected = BuildRequest {
        complete_at: Some(now),
        results: Some(Results::Cancelled),
        ..scene.world.one(open.0)
    };
    must_get(&*scene.api, Key::BuildRequest(open), &expected).await;
    let buildset: Buildset = scene.world.one(expected.buildset.0);
    let expected_set = Buildset {
        complete_at: Some(now),
        results: Some(Results::Cancelled),
        ..buildset
    };
    must_get(&*scene.api, Key::Buildset(expected_set.id), &expected_set).await;

    let events = done(scene, cancel(claimed, Some("enough"))).await;
    let record = asked(
        ControlTarget::BuildRequest(claimed),
        ControlAction::Cancel,
        Some("enough"),
    );
    must_record(&events, &record);

    // One that is complete stays as it is.
    done(scene, cancel(open, None)).await;
    must_get(&*scene.api, Key::BuildRequest(open), &expected).await;
}

pub(super) async fn a_scheduler_is_enabled_and_disabled_with_its_form(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    for (name, enabled) in [
        ("On push", false),
        ("On push", true),
        (FORCE_ONE, false),
        (FORCE_ONE, true),
    ] {
        let id = scene.ids.schedulers[name];
        let scheduler = id.into();
        let events = done(&scene, Command::EnableScheduler { scheduler, enabled }).await;
        let expected = Scheduler {
            enabled,
            ..scene.world.one(id.0)
        };
        must_get(&*scene.api, Key::Scheduler(id.into()), &expected).await;
        let told = events
            .iter()
            .any(|event| event.entity == Entity::Scheduler(expected.clone()));
        assert!(told, "the scheduler's change has an event: {events:#?}");
        let form = scene
            .api
            .one::<ForceScheduler>(Key::ForceScheduler(name.to_owned()))
            .await;
        assert!(
            form.is_err() || form.is_ok_and(|it| it.value.enabled == enabled),
            "its form follows"
        );
    }
}

pub(super) async fn a_rebuild_of_a_removed_builder_is_a_conflict(stage: &dyn Stage) {
    let Story { mut scene, ended, .. } = Story::tell(stage).await;
    let mut less = setup();
    less.builders.retain(|builder| builder.name != LINUX);
    scene.configure(less).await;
    let before = newest(&*scene.api).await;
    let rebuild = Command::Rebuild { build: ended.into() };
    let got = scene.api.control(&Caller::anonymous(), rebuild).await;
    assert!(
        matches!(got, Err(Error::Conflict { .. })),
        "nobody builds for a builder that was removed, but a rebuild gives {got:?}"
    );
    assert_eq!(
        newest(&*scene.api).await,
        before,
        "what is refused leaves no event"
    );
}

pub(super) async fn a_rebuild_is_of_the_same_changes(stage: &dyn Stage) {
    let Story {
        mut scene,
        running,
        changes,
        ..
    } = Story::tell(stage).await;
    scene.finish(running, Results::Failure).await;
    let request = scene.rebuild(running).await;
    scene.claim(request).await;
    let again = scene.start(request, "w1", Properties::new()).await;
    for change in &changes[..2] {
        let query = Query::<Build>::new().eq(BuildField::Change, *change);
        let builds = scene.api.page(query).await.expect("builds").items;
        let is_there = builds.iter().any(|build| build.id == again);
        assert!(
            is_there,
            "build {again}, which repeats {running}, is of change {change}"
        );
    }
}

pub(super) async fn a_master_that_is_not_there_has_no_configuration(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let before = newest(&*scene.api).await;
    for command in of_no_master() {
        let name = format!("{command:?}");
        let got = scene.api.control(&Caller::anonymous(), command).await;
        assert!(matches!(got, Err(Error::NotFound { .. })), "{name} gives {got:?}");
    }
    let after = newest(&*scene.api).await;
    assert_eq!(after, before, "what is refused leaves no event");
}

fn of_no_master() -> [Command; 2] {
    let master = MasterId(NO);
    [
        Command::Reconfigure { master },
        Command::DescribeConfiguration { master },
    ]
}

fn about_nothing() -> Vec<Command> {
    let all = [
        Which::StopBuild,
        Which::Rebuild,
        Which::CancelRequest,
        Which::SetPriority,
        Which::PauseWorker,
        Which::UnpauseWorker,
        Which::StopWorker,
        Which::KillWorker,
        Which::EnableScheduler,
    ];
    all.into_iter().flat_map(Which::about_nothing).collect()
}

pub(super) async fn a_closed_policy_admits_its_users_only(stage: &dyn Stage) {
    let Story { scene, running, .. } = Story::tell(stage).await;
    let guarded = stage.guarded();
    let before = newest(&*guarded).await;
    let commands = || {
        let mut commands = about_nothing();
        commands.extend(of_no_master());
        commands.push(Command::StopBuild {
            build: running.into(),
            reason: None,
        });
        commands.push(Command::Force {
            scheduler: FORCE_ONE.to_owned(),
            params: ForceParams::default(),
        });
        let letters = || DeadLetterChoice::One(crate::DeadLetterId(NO));
        commands.extend([
            Command::DeliverAgain { letters: letters() },
            Command::DropDeadLetters { letters: letters() },
            Command::RewindListener {
                listener: "nobody's".into(),
                first: Cursor(1),
            },
            Command::ForgetListener {
                listener: "nobody's".into(),
            },
            Command::Listen {
                listener: "a new one".to_owned(),
                holder: "nobody".to_owned(),
                ask: ListenAsk::Recall,
            },
        ]);
        commands.push(Command::AddChange {
            change: crate::ChangeParams {
                author: "Ada".to_owned(),
                ..Default::default()
            },
        });
        commands
    };
    for caller in [
        Caller::anonymous(),
        Caller::bearer("a-wrong-token"),
        Caller::bearer(""),
    ] {
        for command in commands() {
            let got = guarded.control(&caller, command.clone()).await;
            let refused = match caller.token() {
                None => matches!(got, Err(Error::PermissionDenied { .. })),
                Some(_) => matches!(got, Err(Error::Unauthenticated { .. })),
            };
            assert!(refused, "{caller:?} may not {command:?}, but gives {got:?}");
        }
    }
    assert_eq!(newest(&*guarded).await, before, "what is denied leaves no event");
    let (read, _) = World::read(&*guarded).await;
    read.must_equal("what anybody may read", &scene.world, "what was written");

    let caller = Caller::bearer(TOKEN);
    let stop = Command::StopBuild {
        build: running.into(),
        reason: None,
    };
    let events = done_by(&scene, &*guarded, &caller, stop).await;
    let record = asked(ControlTarget::Build(running), ControlAction::Stop, None);
    let record = ControlRecord {
        caller: USER.to_owned(),
        ..record
    };
    must_record(&events, &record);
    // Their errors are those of what they ask for.
    let got = guarded.control(&caller, about_nothing().remove(0)).await;
    assert!(
        matches!(got, Err(Error::NotFound { .. })),
        "an admitted caller is told what is not there, not {got:?}"
    );
    let got = guarded.get(Key::Build(running.into())).await;
    assert!(got.is_ok(), "reads are public");
}
