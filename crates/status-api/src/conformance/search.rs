//! Cases: searching the lines of a log.

use super::check::patiently;
use super::logs::{build_with_step, scene_with_step};
use super::scene::Scene;
use super::stage::Stage;
use super::story::setup;
use crate::{
    Error, HitRange, LogHit, LogHits, LogId, LogKey, LogKind, LogSearch, MAX_HIT_RANGES, MAX_HIT_TEXT,
    MAX_REGEX_LINE, MAX_SEARCH_HITS, MAX_SEARCH_PATTERN, Results, StatusApi,
};

/// Lines of a stdio log as they are stored, and as they are seen.
const LINES: [(&str, &str); 10] = [
    ("hmake error", "make error"),
    ("ocompiling weir.c", "compiling weir.c"),
    ("eerror: no gate", "error: no gate"),
    (
        "o\u{1b}[1m\u{1b}[38;5;1mErr\u{1b}[0mor: red\u{1b}[K",
        "Error: red",
    ),
    ("o\u{1b}]0;error\u{7}title", "title"),
    ("oan error\r\r", "an error"),
    ("o10 %\r20 %\terror", "10 %\r20 %\terror"),
    ("oÄRGER 🦀 error, Error", "ÄRGER 🦀 error, Error"),
    ("o", ""),
    ("iooo", "ooo"),
];

async fn found(api: &dyn StatusApi, log: LogId, search: &LogSearch) -> LogHits {
    let ask = async || api.search_log(log.into(), search.clone()).await;
    let found = patiently("a search", ask).await.value;
    assert_eq!(found.log, log, "it says which log was searched");
    assert!(
        found.next >= search.first,
        "it goes on at {}, before its begin {}",
        found.next,
        search.first
    );
    assert!(
        found.complete || found.next > search.first,
        "at least one line is searched from {} on",
        search.first
    );
    assert!(
        found.hits.len() <= search.effective_limit() as usize,
        "{} lines are more than are wanted",
        found.hits.len()
    );
    let mut behind = search.first;
    for hit in &found.hits {
        assert!(
            (behind..found.next).contains(&hit.line),
            "line {} in its order, before {}",
            hit.line,
            found.next
        );
        behind = hit.line + 1;
    }
    found
}

/// All that is found by going on to the log's end.
async fn all(api: &dyn StatusApi, log: LogId, search: &LogSearch) -> Vec<LogHit> {
    let mut search = search.clone();
    let mut hits = vec![];
    loop {
        let more = found(api, log, &search).await;
        hits.extend(more.hits);
        if more.complete {
            return hits;
        }
        search.first = more.next;
    }
}

/// The next line that is found, if there is one.
async fn next(api: &dyn StatusApi, log: LogId, search: &LogSearch) -> Option<i64> {
    let mut search = search.clone();
    loop {
        let more = found(api, log, &search).await;
        if let Some(hit) = more.hits.first() {
            return Some(hit.line);
        }
        if more.complete {
            return None;
        }
        search.first = more.next;
    }
}

fn numbers(hits: &[LogHit]) -> Vec<i64> {
    hits.iter().map(|it| it.line).collect()
}

fn in_any_case(search: LogSearch) -> LogSearch {
    LogSearch {
        ignore_case: true,
        ..search
    }
}

async fn scene_with_lines(stage: &dyn Stage) -> (Scene<'_>, LogId) {
    let (mut scene, step) = scene_with_step(stage).await;
    let log = scene.log(step, "stdio", LogKind::Stdio).await;
    for line in LINES.map(|it| it.0) {
        scene.append(log, &format!("{line}\n")).await;
    }
    (scene, log)
}

pub(super) async fn text_as_it_is_or_in_any_case(stage: &dyn Stage) {
    let (scene, log) = scene_with_lines(stage).await;
    for text in [
        "error", "Error", "o", "Ä", "ä", "🦀", "\t", "10 %\r20", "(", ".", "\u{1b}", "red", "gar",
    ] {
        for any_case in [false, true] {
            let search = LogSearch {
                ignore_case: any_case,
                ..LogSearch::text(text)
            };
            let fold = |it: &str| {
                if any_case {
                    it.to_lowercase()
                } else {
                    it.to_owned()
                }
            };
            let holds = |it: &&str| fold(it).contains(&fold(text));
            let expected: Vec<i64> = (0..)
                .zip(LINES.map(|it| it.1))
                .filter(|(_, seen)| holds(seen))
                .map(|(line, _)| line)
                .collect();
            let hits = all(&*scene.api, log, &search).await;
            assert_eq!(numbers(&hits), expected, "the lines of {search:?}");
            for hit in hits {
                let (stored, seen) = LINES[usize::try_from(hit.line).expect("a place")];
                assert_eq!(
                    (hit.text.as_str(), hit.text_start),
                    (seen, 0),
                    "the line as it is seen"
                );
                assert_eq!(hit.stream, stored.chars().next(), "the stream of {stored:?}");
            }
        }
    }
}

pub(super) async fn regular_expressions(stage: &dyn Stage) {
    let (scene, log) = scene_with_lines(stage).await;
    for (search, expected) in [
        (LogSearch::regex("^error"), vec![2]),
        (LogSearch::regex("error$"), vec![0, 5, 6]),
        (LogSearch::regex("^$"), vec![8]),
        (LogSearch::regex("^o+$"), vec![9]),
        (LogSearch::regex(r"\b[Ee]rror: (no|red)"), vec![2, 3]),
        (LogSearch::regex("^ärger"), vec![]),
        (in_any_case(LogSearch::regex("^ärger")), vec![7]),
        (LogSearch::regex("(?i)^ärger"), vec![7]),
        (LogSearch::regex("x*"), (0..10).collect()),
    ] {
        let hits = all(&*scene.api, log, &search).await;
        assert_eq!(numbers(&hits), expected, "the lines of {search:?}");
    }
}

pub(super) async fn places_are_told(stage: &dyn Stage) {
    let (mut scene, log) = scene_with_lines(stage).await;
    let at = |begin, end| HitRange { begin, end };
    let hits = all(&*scene.api, log, &in_any_case(LogSearch::text("error"))).await;
    let places: Vec<_> = hits.into_iter().map(|it| it.ranges).collect();
    let expected = [
        vec![at(5, 10)],
        vec![at(0, 5)],
        vec![at(0, 5)],
        vec![at(3, 8)],
        vec![at(10, 15)],
        vec![at(8, 13), at(15, 20)],
    ];
    assert_eq!(places, expected, "characters, not bytes");
    let nothing = all(&*scene.api, log, &LogSearch::regex("$")).await;
    assert!(
        nothing.iter().all(|it| it.ranges.is_empty()),
        "an empty place is none"
    );

    let line = format!("o{}needle{}\n", "é".repeat(2_000), "é".repeat(3_000));
    scene.append(log, &line).await;
    let hits = all(&*scene.api, log, &LogSearch::text("needle")).await;
    let [hit] = hits.as_slice() else {
        panic!("one line is found, not {hits:?}");
    };
    assert_eq!(hit.ranges, [at(2_000, 2_006)]);
    assert_eq!(hit.text.chars().count(), MAX_HIT_TEXT, "a long line is cut");
    let before = usize::try_from(hit.text_start).expect("a place");
    let expected: String = line.chars().skip(1 + before).take(MAX_HIT_TEXT).collect();
    assert_eq!(hit.text, expected, "it is told which part of it is shown");
    assert!(hit.text.contains("needle"), "that is what was found");
    let hits = all(&*scene.api, log, &LogSearch::text("é")).await;
    assert_eq!(hits[0].ranges.len(), MAX_HIT_RANGES, "a bounded number of places");
}

pub(super) async fn going_on_finds_each_line_once(stage: &dyn Stage) {
    let (mut scene, step) = scene_with_step(stage).await;
    let log = scene.log(step, "text", LogKind::Text).await;
    let lines: Vec<String> = (0..3_000)
        .map(|at| format!("line {at} of {}\n", at % 7))
        .collect();
    for batch in [&lines[..1], &lines[1..8], &lines[8..1_700], &lines[1_700..]] {
        scene.append(log, &batch.concat()).await;
    }
    let expected = |first: i64| -> Vec<i64> { (first..3_000).filter(|it| it % 7 == 3).collect() };
    for first in [0, 1, 7, 8, 9, 1_699, 1_700, 2_999, 3_000, 5_000, 1 << 40] {
        for limit in [0, 1, 3, 1_000, u32::MAX] {
            let search = LogSearch {
                first,
                limit,
                ..LogSearch::regex("of 3$")
            };
            if limit == 1 && first < 2_000 {
                let hit = next(&*scene.api, log, &search).await;
                assert_eq!(hit, expected(first).first().copied(), "the first from {first} on");
                continue;
            }
            let hits = all(&*scene.api, log, &search).await;
            assert_eq!(
                numbers(&hits),
                expected(first),
                "all from {first} on, {limit} at once"
            );
        }
    }
    let most = found(&*scene.api, log, &LogSearch::text("line")).await;
    assert!(
        most.hits.len() <= MAX_SEARCH_HITS as usize,
        "an answer is bounded"
    );
    assert!(!most.complete, "an answer that is full is not all");
}

pub(super) async fn huge_lines_are_searched(stage: &dyn Stage) {
    let (mut scene, step) = scene_with_step(stage).await;
    let log = scene.log(step, "huge", LogKind::Text).await;
    let huge = format!("begin{}end\n", "é".repeat(MAX_REGEX_LINE));
    scene.append(log, &format!("one\n{huge}end\n")).await;
    let hits = all(&*scene.api, log, &LogSearch::text("end")).await;
    assert_eq!(numbers(&hits), [1, 2], "a text is found wherever it is");
    let place = 5 + i64::try_from(MAX_REGEX_LINE).expect("a place");
    let end = HitRange {
        begin: place,
        end: place + 3,
    };
    assert_eq!(hits[0].ranges, [end]);
    let hits = all(&*scene.api, log, &LogSearch::regex("^(begin|end)")).await;
    assert_eq!(
        numbers(&hits),
        [1, 2],
        "a regular expression is found at the begin"
    );
}

pub(super) async fn open_logs_are_searched_up_to_their_end(stage: &dyn Stage) {
    let (mut scene, step) = scene_with_step(stage).await;
    let log = scene.log(step, "stdio", LogKind::Stdio).await;
    let mut search = LogSearch::text("even");
    for number in 0..12 {
        let at = found(&*scene.api, log, &search).await;
        assert_eq!(
            (at.hits, at.complete),
            (vec![], true),
            "there is nothing at the end yet"
        );
        search.first = at.next;
        let word = if number % 2 == 0 { "even" } else { "odd" };
        scene.append(log, &format!("o{word} {number}\n")).await;
        let expected = if number % 2 == 0 { vec![number] } else { vec![] };
        let hits = all(&*scene.api, log, &search).await;
        assert_eq!(
            numbers(&hits),
            expected,
            "what was added is found once that is answered"
        );
        search.first = number + 1;
    }
    scene.finish_log(log).await;
    let hits = all(&*scene.api, log, &LogSearch::text("even")).await;
    assert_eq!(numbers(&hits), [0, 2, 4, 6, 8, 10], "a finished log is as it was");
}

pub(super) async fn what_cannot_be_searched_is_refused(stage: &dyn Stage) {
    let (scene, log) = scene_with_lines(stage).await;
    let long = "x".repeat(MAX_SEARCH_PATTERN + 1);
    let negative = LogSearch {
        first: -1,
        ..LogSearch::text("a")
    };
    for search in [
        LogSearch::text(""),
        LogSearch::regex(""),
        LogSearch::text(&long),
        LogSearch::regex(&long),
        LogSearch::text("a\nb"),
        LogSearch::regex("("),
        LogSearch::regex(r"(a)\1"),
        LogSearch::regex(r"(?=a)"),
        LogSearch::regex(r"(\w{900}){900}"),
        negative,
    ] {
        let got = scene.api.search_log(log.into(), search.clone()).await;
        assert!(
            matches!(&got, Err(Error::InvalidQuery { why, .. }) if !why.is_empty()),
            "{search:?} is refused, but gives {got:?}"
        );
    }
    let longest = LogSearch::text(&long[1..]);
    assert_eq!(all(&*scene.api, log, &in_any_case(longest)).await, []);
}

pub(super) async fn deleted_contents_are_told(stage: &dyn Stage) {
    if !stage.abilities().delete_contents {
        return;
    }
    let mut scene = Scene::new(stage, setup()).await;
    let mut logs = vec![];
    // The newest build of a builder keeps its logs.
    for _ in 0..2 {
        let (build, step) = build_with_step(&mut scene).await;
        let log = scene.log(step, "out", LogKind::Stdio).await;
        scene.append(log, "oone\n").await;
        scene.finish_log(log).await;
        scene.finish_step(step, Results::Success, false).await;
        scene.finish(build, Results::Success).await;
        logs.push(log);
    }
    let log = logs[0];
    assert_eq!(all(&*scene.api, log, &LogSearch::text("one")).await.len(), 1);
    scene.tick();
    stage.writer().delete_content(log).await;
    let key = LogKey::Id(log);
    let told = patiently("a search of what is gone", async || {
        match scene.api.search_log(key.clone(), LogSearch::text("one")).await {
            Ok(at) => Ok(Err(at.value)),
            Err(Error::ContentDeleted { what }) => Ok(Ok(what)),
            Err(other) => Err(other),
        }
    });
    assert_eq!(told.await, Ok(key.to_string()), "its content is no longer kept");
}
