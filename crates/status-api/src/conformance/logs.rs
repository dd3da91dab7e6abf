//! Cases: the contents of logs.

use futures::future::join_all;

use super::check::{events_until, filter, newest, patiently, watch};
use super::scene::Scene;
use super::stage::{NewBuildset, Stage};
use super::story::{LINUX, Story, setup};
use crate::{
    BuildId, Clock, Entity, Error, Key, Log, LogChunk, LogId, LogKey, LogKind, Properties, Results, Start,
    StatusApi, Step, StepId, Timestamp,
};

/// More than any answer may have.
const BOUND: usize = 8 << 20;

pub(super) async fn scene_with_step(stage: &dyn Stage) -> (Scene<'_>, StepId) {
    let mut scene = Scene::new(stage, setup()).await;
    let (_, step) = build_with_step(&mut scene).await;
    (scene, step)
}

pub(super) async fn build_with_step(scene: &mut Scene<'_>) -> (BuildId, StepId) {
    let builder = scene.builder(LINUX);
    let new = NewBuildset {
        sources: vec![super::scene::source()],
        builders: vec![builder],
        ..NewBuildset::default()
    };
    let (_, requests) = scene.buildset(new).await;
    scene.claim(requests[&builder]).await;
    let build = scene.start(requests[&builder], "w1", Properties::new()).await;
    let step = scene.step(build, "compile").await;
    scene.start_step(step, "compiling", vec![]).await;
    (build, step)
}

async fn content(api: &dyn StatusApi, log: LogId, first: i64, limit: u32) -> LogChunk {
    let ask = async || api.log_content(log.into(), first, limit).await;
    let chunk = patiently("the content of a log", ask).await.value;
    assert_eq!(
        (chunk.log, chunk.first_line),
        (log, first),
        "a chunk says where it is"
    );
    chunk
}

pub(super) async fn ranges_of_lines(stage: &dyn Stage) {
    let (mut scene, step) = scene_with_step(stage).await;
    let odd = [
        "\n",
        "tab\tand\rreturn\n",
        "grün 🦀 \u{2028}\u{85}\n",
        "\u{0}\u{1b}[0m<&>\"'\\\n",
        "  \n",
    ];
    let plain = |number: usize| format!("line {number}\n");
    let lines: Vec<String> = (0..100)
        .map(|at| odd.get(at % 17).map_or_else(|| plain(at), |it| (*it).to_owned()))
        .collect();
    let log = scene.log(step, "text", LogKind::Text).await;
    for batch in [
        &lines[..1],
        &lines[1..8],
        &lines[8..60],
        &lines[60..61],
        &lines[61..],
    ] {
        scene.append(log, &batch.concat()).await;
    }
    for finished in [false, true] {
        if finished {
            scene.finish_log(log).await;
        }
        for first in [0, 1, 7, 8, 9, 59, 60, 61, 98, 99, 100, 101, 5000, 1 << 40] {
            for limit in [0, 1, 2, 52, 53, 99, 100, 101, u32::MAX] {
                let chunk = content(&*scene.api, log, first, limit).await;
                let skipped = lines.iter().skip(usize::try_from(first).expect("a place"));
                let expected: String = skipped.take(limit as usize).map(String::as_str).collect();
                assert_eq!(
                    chunk.content, expected,
                    "{limit} lines from {first} on (finished: {finished})"
                );
            }
        }
        let got = scene.api.log_content(log.into(), -1, 10).await;
        assert!(
            matches!(got, Err(Error::InvalidQuery { .. })),
            "a negative line is refused, but gives {got:?}"
        );
    }
}

pub(super) async fn open_and_finished_logs(stage: &dyn Stage) {
    let Story {
        mut scene, running, ..
    } = Story::tell(stage).await;
    for log in scene.world.all::<Log>() {
        let chunk = content(&*scene.api, log.id, 0, 1000).await;
        assert_eq!(
            chunk.content, scene.contents[&log.id],
            "the content of log {}",
            log.id
        );
        assert_eq!(
            chunk.content.matches('\n').count() as i64,
            log.num_lines,
            "the lines of log {}",
            log.id
        );
    }
    // The step of the build that runs has a log of that name already.
    let steps = scene.world.all::<Step>();
    let begun = steps
        .iter()
        .find(|step| step.build == running && step.started_at.is_some());
    let step = begun.expect("the story has a step that runs").id;
    let log = scene.log(step, "out", LogKind::Stdio).await;
    let twin: Log = scene.look(crate::Key::Log(log.into())).await;
    let clash = scene
        .world
        .all::<Log>()
        .into_iter()
        .find(|it| it.id != log && it.step == step && it.slug == twin.slug);
    assert_eq!(clash, None, "a slug is unique within its step");
    let mut whole = String::new();
    for number in 0..20 {
        let at = content(&*scene.api, log, number, 10).await;
        assert_eq!(at.content, "", "an open log has nothing at its end yet");
        let line = format!("o{number}\n");
        scene.append(log, &line).await;
        whole.push_str(&line);
        let at = content(&*scene.api, log, number, 10).await;
        assert_eq!(at.content, line, "what was added is read once that is answered");
    }
    scene.finish_log(log).await;
    let key = LogKey::Slug(step.into(), twin.slug);
    let at = patiently("a log", async || {
        scene.api.log_content(key.clone(), 0, 1000).await
    })
    .await;
    assert_eq!(at.value.content, whole, "a finished log is as it was");
}

pub(super) async fn huge_lines_and_bounded_answers(stage: &dyn Stage) {
    let (mut scene, step) = scene_with_step(stage).await;
    let log = scene.log(step, "huge", LogKind::Text).await;
    let mut lines: Vec<String> = vec![];
    for number in 0..5 {
        lines.push(format!("{}\n", format!("{number}é").repeat((1 << 20) / 3)));
        lines.extend((0..1500).map(|at| format!("{number} {at} {}\n", "x".repeat(700))));
    }
    for batch in lines.chunks(400) {
        scene.append(log, &batch.concat()).await;
    }
    let mut at = 0;
    while at < lines.len() {
        let first = i64::try_from(at).expect("a place");
        let chunk = content(&*scene.api, log, first, u32::MAX).await;
        let count = chunk.content.matches('\n').count();
        assert!(count > 0, "there is at least one line at {at} of {}", lines.len());
        assert!(
            chunk.content.len() <= BOUND,
            "an answer has {} bytes: it is bounded",
            chunk.content.len()
        );
        assert!(
            chunk.content == lines[at..at + count].concat(),
            "{count} whole lines from {at} on are as written"
        );
        at += count;
    }
    let end = content(&*scene.api, log, i64::try_from(at).expect("a place"), u32::MAX).await;
    assert_eq!(end.content, "", "beyond the end there is nothing");
}

/// Lines of a log that were handed in together, behind those before: up to which, and within which time.
struct Piece {
    end: i64,
    from: Timestamp,
    to: Timestamp,
}

/// What a chunk says of its lines' times holds: each has one, within its piece's, and they never fall.
fn check_times(chunk: &LogChunk, pieces: &[Piece]) {
    let begin = chunk.first_line;
    let end = begin + chunk.content.matches('\n').count() as i64;
    let what = format!("the lines {begin} to {end} with {:?}", chunk.times);
    let mut last = None;
    for it in &chunk.times {
        assert!((begin..end).contains(&it.line), "{what}: times of other lines");
        assert!(
            last.is_none_or(|(line, at)| line < it.line && at <= it.at),
            "{what}: times go back"
        );
        last = Some((it.line, it.at));
    }
    for line in begin..end {
        let piece = pieces.iter().find(|it| line < it.end).expect("a piece with it");
        let at = chunk.time_of(line);
        assert!(
            at.is_some_and(|at| at >= piece.from && at <= piece.to),
            "{what}: line {line} came between {} and {}",
            piece.from,
            piece.to
        );
    }
}

pub(super) async fn times_of_lines(stage: &dyn Stage) {
    let (mut scene, step) = scene_with_step(stage).await;
    let began = scene.look::<Step>(Key::Step(step.into())).await.started_at;
    let log = scene.log(step, "times", LogKind::Stdio).await;
    let (mut pieces, mut end) = (vec![], 0);
    let mut live = vec![];
    for count in [1, 3, 700, 1, 2, 40] {
        let lines: String = (0..count).map(|at| format!("o{end} {at}\n")).collect();
        let from = scene.tick();
        scene.append(log, &lines).await;
        end += count;
        let to = scene.writer.clock().now();
        pieces.push(Piece { end, from, to });
        let chunk = content(&*scene.api, log, 0, u32::MAX).await;
        check_times(&chunk, &pieces);
        let goes_on = chunk.times.starts_with(&live);
        assert!(goes_on, "{:?} was {live:?}: times stay", chunk.times);
        live = chunk.times;
    }
    assert!(live.len() >= pieces.len(), "what comes later has another time");
    assert!(
        began <= live.first().map(|it| it.at),
        "lines come after their step"
    );
    for finished in [false, true] {
        if finished {
            scene.finish_log(log).await;
            scene.finish_step(step, Results::Success, false).await;
        }
        for first in [0, 1, 2, 3, 4, 5, 500, 703, 704, 705, 706, 746, 747, 5000] {
            for limit in [0, 1, 2, 3, 300, u32::MAX] {
                check_times(&content(&*scene.api, log, first, limit).await, &pieces);
            }
        }
        let whole = content(&*scene.api, log, 0, u32::MAX).await;
        assert_eq!(
            whole.times, live,
            "times are what they were (finished: {finished})"
        );
    }
}

pub(super) async fn times_of_lines_that_come_together(stage: &dyn Stage) {
    let (mut scene, step) = scene_with_step(stage).await;
    let log = scene.log(step, "together", LogKind::Text).await;
    let (mut pieces, mut end) = (vec![], 0);
    let mut live = vec![];
    for _ in 0..4 {
        let from = scene.tick();
        join_all((0..50).map(|_| scene.writer.append_log(log, "a line\n"))).await;
        end += 50;
        let to = scene.writer.clock().now();
        pieces.push(Piece { end, from, to });
        let chunk = content(&*scene.api, log, 0, u32::MAX).await;
        check_times(&chunk, &pieces);
        live = chunk.times;
    }
    scene.tick();
    scene.writer.finish_log(log).await;
    let whole = content(&*scene.api, log, 0, u32::MAX).await;
    check_times(&whole, &pieces);
    assert_eq!(whole.times, live, "times are what they were");
}

pub(super) async fn deleted_contents_are_told(stage: &dyn Stage) {
    if !stage.abilities().delete_contents {
        return;
    }
    let mut scene = Scene::new(stage, setup()).await;
    let mut logs = vec![];
    for _ in 0..2 {
        let (build, step) = build_with_step(&mut scene).await;
        for name in ["out", "err"] {
            let log = scene.log(step, name, LogKind::Stdio).await;
            scene.append(log, &format!("o{name}\no{build}\n")).await;
            scene.finish_log(log).await;
            logs.push(log);
        }
        scene.finish_step(step, Results::Success, false).await;
        scene.finish(build, Results::Success).await;
    }
    let (gone, kept) = (logs[0], &logs[1..]);
    let before = newest(&*scene.api).await;
    scene.tick();
    stage.writer().delete_content(gone).await;
    let deleted = Log {
        kind: LogKind::Deleted,
        ..scene.world.one(gone.0)
    };
    scene.world.put(deleted.clone());
    for log in scene.world.all::<Log>() {
        let found: Log = scene.look(Key::Log(log.id.into())).await;
        assert_eq!(found, log, "a log without its content is there as it was");
    }
    let by_slug = LogKey::Slug(deleted.step.into(), deleted.slug.clone());
    for key in [LogKey::Id(gone), by_slug] {
        for (first, limit) in [(0, 1000), (1, 1), (2, 10), (0, 0)] {
            let told = patiently("a content that is gone", async || {
                match scene.api.log_content(key.clone(), first, limit).await {
                    Ok(at) => Ok(Err(at.value)),
                    Err(Error::ContentDeleted { what }) => Ok(Ok(what)),
                    Err(other) => Err(other),
                }
            });
            assert_eq!(
                told.await,
                Ok(key.to_string()),
                "{limit} lines from {first} on of {key}"
            );
        }
    }
    for log in kept {
        let chunk = content(&*scene.api, *log, 0, 1000).await;
        assert_eq!(chunk.content, scene.contents[log], "another log is whole");
    }
    let until = newest(&*scene.api).await;
    let mut stream = watch(&*scene.api, &filter(&["logs/*/*"]), Start::After(before)).await;
    let events = events_until(&mut stream, before, until).await;
    let told: Vec<_> = events
        .iter()
        .map(|it| (it.topics()[0].to_string(), it.entity.clone()))
        .collect();
    let expected = (format!("logs/{gone}/update"), Entity::Log(deleted));
    assert_eq!(told, [expected], "it is told once that the content is gone");
}
