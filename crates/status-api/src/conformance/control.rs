//! Cases: all that can be asked for beside forces.

use std::sync::Arc;

use super::check::{events_until, must_be_dense, must_get, newest, watch};
use super::scene::Scene;
use super::stage::{Stage, TOKEN, USER};
use super::story::{FORCE_ONE, LINUX, Story};
use super::world::World;
use crate::{
    Build, BuildId, BuildKey, BuildRequest, BuildRequestId, Buildset, Caller, Command, ControlAction,
    ControlRecord, ControlTarget, Cursor, Entity, Error, Event, ForceParams, Key, Outcome, PropertiesOf,
    ReadExt, Results, Scheduler, SchedulerKey, Start, StatusApi, TopicFilter, WorkerKey,
};

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
    let from = newest(&*scene.api).await;
    scene.tick();
    let what = format!("{command:?}");
    let outcome = api.control(caller, command).await;
    assert_eq!(outcome, Ok(Outcome::Done), "{what} by {caller:?}");
    events_since(scene, from).await
}

async fn events_since(scene: &Scene<'_>, from: Cursor) -> Vec<Arc<Event>> {
    let until = newest(&*scene.api).await;
    let mut stream = watch(&*scene.api, &TopicFilter::all(), Start::After(from)).await;
    let events = events_until(&mut stream, from, until).await;
    must_be_dense(&events, from, until);
    events
}

/// The record must be among the events, under its topic.
fn must_record(events: &[Arc<Event>], record: &ControlRecord, topic: &str) {
    let found = events
        .iter()
        .find(|event| event.entity == Entity::Control(record.clone()));
    let Some(event) = found else {
        panic!("there is no {record:?} among {events:#?}")
    };
    let topics: Vec<String> = event.topics().iter().map(ToString::to_string).collect();
    assert_eq!(topics, [topic]);
}

fn asked(target: ControlTarget, action: ControlAction, reason: Option<&str>) -> ControlRecord {
    ControlRecord {
        target,
        action,
        reason: reason.map(str::to_owned),
        caller: "anonymous".to_owned(),
    }
}

pub(super) async fn stops_are_recorded(stage: &dyn Stage) {
    let Story {
        scene,
        running,
        ended,
        ..
    } = Story::tell(stage).await;
    let build: Build = scene.world.one(running.0);
    for (key, reason) in [
        (BuildKey::Id(running), Some("it takes \"too\" long")),
        (BuildKey::Number(LINUX.into(), build.number), None),
    ] {
        let command = Command::StopBuild {
            build: key,
            reason: reason.map(str::to_owned),
        };
        let events = done(&scene, command).await;
        let record = asked(ControlTarget::Build(running), ControlAction::Stop, reason);
        must_record(&events, &record, &format!("control/builds/{running}/stop"));
    }
    let before: Build = scene.world.one(ended.0);
    done(
        &scene,
        Command::StopBuild {
            build: ended.into(),
            reason: None,
        },
    )
    .await;
    must_get(&*scene.api, Key::Build(ended.into()), &before).await;
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
    must_record(
        &events,
        &record,
        &format!("control/buildrequests/{claimed}/cancel"),
    );

    // One that is complete stays as it is.
    done(scene, cancel(open, None)).await;
    must_get(&*scene.api, Key::BuildRequest(open), &expected).await;
}

pub(super) async fn workers_are_asked(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let id = scene.worker("wörker 2");
    for worker in [WorkerKey::Id(id), "wörker 2".into()] {
        let reason = Some("new disk".to_owned());
        for (command, action, reason) in [
            (
                Command::PauseWorker {
                    worker: worker.clone(),
                    reason: reason.clone(),
                },
                ControlAction::Pause,
                Some("new disk"),
            ),
            (
                Command::UnpauseWorker {
                    worker: worker.clone(),
                },
                ControlAction::Unpause,
                None,
            ),
            (
                Command::StopWorker {
                    worker: worker.clone(),
                    reason,
                },
                ControlAction::Stop,
                Some("new disk"),
            ),
        ] {
            let events = done(&scene, command).await;
            let record = asked(ControlTarget::Worker(id), action, reason);
            must_record(
                &events,
                &record,
                &format!("control/worker/{id}/{}", action.name()),
            );
        }
    }
}

pub(super) async fn schedulers_are_enabled_and_disabled(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    for (scheduler, name, enabled) in [
        (SchedulerKey::from("On push"), "On push", false),
        (SchedulerKey::Id(scene.ids.schedulers["On push"]), "On push", true),
        (SchedulerKey::from("nightly"), "nightly", true),
        (
            SchedulerKey::Id(scene.ids.schedulers[FORCE_ONE]),
            FORCE_ONE,
            false,
        ),
    ] {
        let id = scene.ids.schedulers[name];
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
    }
}

fn commands_on_nothing() -> Vec<Command> {
    let (worker, reason) = (|| WorkerKey::from("nobody's"), None);
    vec![
        Command::StopBuild {
            build: BuildId(987_654_321).into(),
            reason: None,
        },
        Command::StopBuild {
            build: BuildKey::Number(LINUX.into(), 987_654_321),
            reason: None,
        },
        Command::Rebuild {
            build: BuildId(987_654_321).into(),
        },
        Command::CancelRequest {
            request: BuildRequestId(987_654_321),
            reason: None,
        },
        Command::PauseWorker {
            worker: worker(),
            reason,
        },
        Command::UnpauseWorker { worker: worker() },
        Command::StopWorker {
            worker: worker(),
            reason: None,
        },
        Command::EnableScheduler {
            scheduler: "nobody's".into(),
            enabled: true,
        },
    ]
}

pub(super) async fn control_of_nothing_is_not_found(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let before = newest(&*scene.api).await;
    for command in commands_on_nothing() {
        let got = scene.api.control(&Caller::anonymous(), command.clone()).await;
        assert!(
            matches!(got, Err(Error::NotFound { .. })),
            "{command:?} is not found, but gives {got:?}"
        );
    }
    assert_eq!(
        newest(&*scene.api).await,
        before,
        "what is refused leaves no event"
    );
}

pub(super) async fn a_closed_policy_admits_its_users_only(stage: &dyn Stage) {
    let Story { scene, running, .. } = Story::tell(stage).await;
    let guarded = stage.guarded();
    let before = newest(&*guarded).await;
    let commands = || {
        let mut commands = commands_on_nothing();
        commands.push(Command::StopBuild {
            build: running.into(),
            reason: None,
        });
        commands.push(Command::Force {
            scheduler: FORCE_ONE.to_owned(),
            params: ForceParams::default(),
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
    must_record(&events, &record, &format!("control/builds/{running}/stop"));
    // Their errors are those of what they ask for.
    let got = guarded.control(&caller, commands_on_nothing().remove(0)).await;
    assert!(
        matches!(got, Err(Error::NotFound { .. })),
        "an admitted caller is told what is not there, not {got:?}"
    );
    let got = guarded.get(Key::Build(running.into())).await;
    assert!(got.is_ok(), "reads are public");
}
