//! Cases, one per kind: what happens is told under its topics, and a watch of those gives just that.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::check::{events_until, filter, newest, watch};
use super::events::all_events;
use super::promises::Promises;
use super::reference::Row;
use super::scene_listener::MAIL;
use super::stage::Stage;
use super::story::Story;
use super::world::each_kind;
use crate::{
    Build, BuildRequest, Caller, Change, Codebase, Command, Cursor, DeadLetterChoice, Event, Kind, Log,
    Resource, Start, StatusApi, TestResult, TopicPattern,
};

async fn are_told<R: Row>(stage: &dyn Stage) {
    let story = Story::tell(stage).await;
    let events = all_events(&*story.scene.api).await;
    let mut promises = Promises::new();
    if R::KIND == Kind::TestResult {
        let told = async {
            let told = events
                .iter()
                .filter_map(|it| TestResult::from_entity(it.entity.clone()));
            assert_eq!(told.count(), 0, "test results have no events");
        };
        promises.that("events of test results", told).await;
        return promises.must_hold();
    }
    for row in story.scene.world.all::<R>() {
        let told = async {
            let same = |it: &Arc<Event>| {
                R::from_entity(it.entity.clone()).is_some_and(|it| it.identity() == row.identity())
            };
            assert!(events.iter().any(same), "there is no event of it");
        };
        let (id, name) = row.identity();
        promises.that(format!("{:?} {id} {name}", R::KIND), told).await;
    }
    must_be_told(&story, &events, patterns(&story, R::KIND), &mut promises).await;
    promises.must_hold();
}

macro_rules! cases {
    ($($name:ident: $resource:ident),+) => {$(
        pub(super) async fn $name(stage: &dyn Stage) {
            are_told::<crate::$resource>(stage).await;
        }
    )+};
}
each_kind!(cases);

pub(super) async fn properties(stage: &dyn Stage) {
    let story = Story::tell(stage).await;
    let events = all_events(&*story.scene.api).await;
    let mut promises = Promises::new();
    let topics = vec![format!("builds/{}/properties/update", story.ended)];
    must_be_told(&story, &events, topics, &mut promises).await;
    promises.must_hold();
}

pub(super) async fn control(stage: &dyn Stage) {
    let story = Story::tell(stage).await;
    let (running, claimed) = (story.running, story.claimed);
    let worker = story.scene.worker("w1");
    let reason = None;
    for command in [
        Command::StopBuild {
            build: running.into(),
            reason: reason.clone(),
        },
        Command::CancelRequest {
            request: claimed,
            reason: reason.clone(),
        },
        Command::PauseWorker {
            worker: worker.into(),
            reason: reason.clone(),
        },
        Command::UnpauseWorker {
            worker: worker.into(),
        },
        Command::StopWorker {
            worker: worker.into(),
            reason: reason.clone(),
        },
        Command::KillWorker {
            worker: worker.into(),
            reason,
        },
        Command::DeliverAgain {
            letters: DeadLetterChoice::One(story.letter),
        },
        Command::DropDeadLetters {
            letters: DeadLetterChoice::One(story.letter),
        },
    ] {
        let what = format!("{command:?}");
        let done = story.scene.api.control(&Caller::anonymous(), command).await;
        assert!(done.is_ok(), "{what} gives {done:?}");
    }
    let events = all_events(&*story.scene.api).await;
    let mut topics = vec![
        format!("control/builds/{running}/stop"),
        format!("control/buildrequests/{claimed}/cancel"),
    ];
    let listener = story.scene.listener(MAIL).id;
    topics.extend(["replay", "drop"].map(|action| format!("control/listeners/{listener}/{action}")));
    topics.push(format!("dead_letters/{}/deleted", story.letter));
    let asked = ["pause", "unpause", "stop", "kill"].into_iter();
    topics.extend(asked.map(|action| format!("control/worker/{worker}/{action}")));
    let mut promises = Promises::new();
    must_be_told(&story, &events, topics, &mut promises).await;
    promises.must_hold();
}

/// Each pattern must match an event, and a watch of each, and of all, must give those that match.
async fn must_be_told(
    story: &Story<'_>,
    events: &[Arc<Event>],
    patterns: Vec<String>,
    promises: &mut Promises,
) {
    let api = &*story.scene.api;
    let topics: BTreeSet<_> = events
        .iter()
        .flat_map(|event| event.topics())
        .map(|topic| topic.to_string())
        .collect();
    for text in &patterns {
        let pattern = TopicPattern::parse(text).expect("the kit's patterns are good");
        let told = async {
            let matches = |event: &Arc<Event>| event.topics().iter().any(|topic| pattern.matches(topic));
            assert!(
                events.iter().any(matches),
                "there is no such event among {topics:?}"
            );
        };
        promises.that(text, told).await;
    }
    let each = patterns.iter().map(|text| {
        let watched = must_be_watched(api, events, std::slice::from_ref(text));
        (format!("a watch of {text}"), watched)
    });
    let all = (
        "a watch of all these".to_owned(),
        must_be_watched(api, events, &patterns),
    );
    promises.those(each.chain([all])).await;
}

async fn must_be_watched(api: &dyn StatusApi, events: &[Arc<Event>], patterns: &[String]) {
    let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
    let filter = filter(&patterns);
    let mut stream = watch(api, &filter, Start::After(Cursor::ZERO)).await;
    let got = events_until(&mut stream, Cursor::ZERO, newest(api).await).await;
    let expected: Vec<Arc<Event>> = events
        .iter()
        .filter(|event| filter.matching(event).is_some())
        .cloned()
        .collect();
    assert_eq!(
        got, expected,
        "the events that come (left) are not those that match (right)"
    );
}

/// What the story must have brought; any verb where Buildbot has no such event, or sees no difference.
fn patterns(story: &Story<'_>, kind: Kind) -> Vec<String> {
    let (scene, ended, step, log) = (&story.scene, story.ended, story.step, story.log);
    let build: Build = scene.world.one(ended.0);
    let request: BuildRequest = scene.world.one(build.request.0);
    let (buildset, builder) = (request.buildset, request.builder);
    let of = |what: String, verbs: &[&str]| {
        let topics = verbs.iter().map(|verb| format!("{what}/{verb}"));
        topics.collect::<Vec<_>>()
    };
    match kind {
        Kind::Master => of(format!("masters/{}", scene.writer.master()), &["started"]),
        Kind::Builder => of(format!("builders/{builder}"), &["*"]),
        Kind::Build => [
            of(format!("builds/{ended}"), &["new", "update", "finished"]),
            of(
                format!("builders/{builder}/builds/{}", build.number),
                &["new", "update", "finished"],
            ),
            of(
                format!("workers/{}/builds/{ended}", build.worker),
                &["new", "update", "finished"],
            ),
        ]
        .concat(),
        Kind::BuildRequest => {
            let verbs = ["new", "claimed", "unclaimed", "complete"];
            let id = request.id;
            let mut all = of(format!("buildrequests/{id}"), &verbs);
            all.extend(of(format!("builders/{builder}/buildrequests/{id}"), &verbs));
            let long = format!("buildsets/{buildset}/builders/{builder}/buildrequests/{id}");
            all.extend(of(long, &verbs));
            // Its build was lost.
            all.extend(of(format!("buildrequests/{}", story.open), &["unclaimed"]));
            all
        }
        Kind::Buildset => of(format!("buildsets/{buildset}"), &["new", "complete"]),
        Kind::SourceStamp => {
            let change: Change = scene.world.one(story.changes[0].0);
            of(format!("sourcestamps/{}", change.source_stamp.id), &["*"])
        }
        Kind::Change => of(format!("changes/{}", story.changes[0]), &["new"]),
        Kind::Step => {
            let verbs = ["new", "started", "updated", "finished"];
            let mut all = of(format!("steps/{step}"), &verbs);
            all.extend(of(format!("builds/{ended}/steps/{step}"), &verbs));
            all
        }
        Kind::Log => {
            let verbs = ["new", "append", "finished"];
            let Log { slug, .. } = scene.world.one(log.0);
            let mut all = of(format!("logs/{log}"), &verbs);
            all.extend(of(format!("steps/{step}/logs/{slug}"), &verbs));
            all
        }
        Kind::Worker => of(
            format!("workers/{}", scene.worker("Spare")),
            &["connected", "disconnected", "missing", "state_updated"],
        ),
        Kind::Scheduler => of(
            format!("schedulers/{}", scene.ids.schedulers["nightly"]),
            &["updated"],
        ),
        Kind::ForceScheduler => vec!["forceschedulers/*/updated".to_owned()],
        Kind::ChangeSource => of(
            format!("changesources/{}", scene.ids.change_sources["poll"]),
            &["*"],
        ),
        Kind::Project => of(format!("projects/{}", scene.ids.projects["weir"]), &["*"]),
        Kind::Codebase => {
            let codebase: Codebase = scene.world.one(scene.codebase("weir", "main").0);
            of(format!("codebases/{}", codebase.id), &["*"])
        }
        Kind::Branch => vec!["branches/*/*".to_owned()],
        Kind::Commit => {
            let (main, commit) = (scene.codebase("weir", "main"), story.commits[1]);
            let mut all = of(format!("commits/{commit}"), &["new"]);
            all.extend(of(format!("codebases/{main}/commits/{commit}"), &["new"]));
            all
        }
        Kind::BuildData => of(format!("builds/{ended}/data/coverage"), &["*"]),
        Kind::TestResultSet => of(format!("test_result_sets/{}", story.set), &["new", "completed"]),
        Kind::TestResult => vec![],
        Kind::Listener => {
            let listener = scene.listener(MAIL).id;
            of(format!("listeners/{listener}"), &["new", "updated"])
        }
        Kind::DeadLetter => {
            let (listener, letter) = (scene.listener(MAIL).id, story.letter);
            let verbs = ["new", "updated"];
            let mut all = of(format!("dead_letters/{letter}"), &verbs);
            all.extend(of(format!("listeners/{listener}/dead_letters/{letter}"), &verbs));
            all
        }
    }
}
