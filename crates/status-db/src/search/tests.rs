use std::collections::BTreeSet;

use proptest::prelude::*;
use weir_status_api::MAX_SEARCH_HITS;

use super::*;

fn scan(search: &LogSearch, kind: LogKind, text: &str) -> LogHits {
    let mut scan = Scan::new(search).unwrap();
    let more = scan.take(kind, 0, text);
    scan.found(LogId(1), more)
}

fn lines(hits: &LogHits) -> Vec<i64> {
    hits.hits.iter().map(|it| it.line).collect()
}

#[test]
fn streams_ends_and_colours_are_no_part_of_the_text() {
    let text = "oone\nhone\neo\n\no\x1b[31mo\x1b[0mne\r\nono e\n";
    let found = scan(&LogSearch::regex("^o"), LogKind::Stdio, text);
    assert_eq!(lines(&found), [0, 1, 2, 4]);
    let found = scan(&LogSearch::regex("one$"), LogKind::Stdio, text);
    assert_eq!(lines(&found), [0, 1, 4]);
    let coloured = &found.hits[2];
    assert_eq!((coloured.stream, coloured.text.as_str()), (Some('o'), "one"));
    assert_eq!(coloured.ranges, [HitRange { begin: 0, end: 3 }]);
    assert_eq!(found.next, 6);
    let found = scan(&LogSearch::text("one"), LogKind::Text, text);
    assert_eq!(lines(&found), [0, 1, 4]);
    assert_eq!(
        (found.hits[0].stream, found.hits[0].text.as_str()),
        (None, "oone")
    );
}

#[test]
fn places_are_counted_in_characters() {
    let found = scan(&LogSearch::text("ü"), LogKind::Text, "üxÜ🦀ü\n");
    let places: Vec<_> = found.hits[0].ranges.iter().map(|it| (it.begin, it.end)).collect();
    assert_eq!(places, [(0, 1), (4, 5)]);
    let any = LogSearch {
        ignore_case: true,
        ..LogSearch::text("ü")
    };
    assert_eq!(scan(&any, LogKind::Text, "üxÜ🦀ü\n").hits[0].ranges.len(), 3);
}

#[test]
fn a_long_line_shows_what_was_found() {
    let line = format!("{}needle{}\n", "é".repeat(10_000), "ü".repeat(10_000));
    let hit = &scan(&LogSearch::text("needle"), LogKind::Text, &line).hits[0];
    assert_eq!(hit.text_start, 9_900);
    assert_eq!(hit.text.chars().count(), MAX_HIT_TEXT);
    assert!(hit.text.contains("needle"));
    assert_eq!(
        hit.ranges,
        [HitRange {
            begin: 10_000,
            end: 10_006
        }]
    );
    let end = &scan(&LogSearch::text("ü\u{fc}"), LogKind::Text, &line).hits[0];
    assert_eq!(end.ranges.len(), MAX_HIT_RANGES);
    let last = &scan(&LogSearch::regex("ü$"), LogKind::Text, &line).hits[0];
    assert_eq!(last.text_start, 20_006 - 500);
    let empty = &scan(&LogSearch::regex("^"), LogKind::Text, &line).hits[0];
    assert_eq!((empty.text_start, empty.ranges.len()), (0, 0));
}

#[test]
fn a_regular_expression_looks_so_far_and_a_text_as_far_as_there_is() {
    let line = format!("{}needle\n", "x".repeat(MAX_REGEX_LINE));
    assert_eq!(scan(&LogSearch::regex("needle"), LogKind::Text, &line).hits, []);
    assert_eq!(
        scan(&LogSearch::text("needle"), LogKind::Text, &line).hits.len(),
        1
    );
}

#[test]
fn what_is_no_regular_expression_is_refused() {
    for (regex, why) in [
        ("(", "regex: unclosed group"),
        (r"\w{1000}", "regex: is too large a regular expression"),
        (r"(a)\1", "regex: backreferences are not supported"),
    ] {
        let error = Scan::new(&LogSearch::regex(regex)).unwrap_err();
        assert_eq!(error.to_string(), why);
    }
}

#[test]
fn the_longest_text_is_not_too_large() {
    for letter in ["k", "ſ", "🦀"] {
        let text = letter.repeat(weir_status_api::MAX_SEARCH_PATTERN / letter.len());
        let search = LogSearch {
            ignore_case: true,
            ..LogSearch::text(text)
        };
        assert!(Scan::new(&search).is_ok(), "{letter}");
    }
}

#[test]
fn it_ends_with_its_limit_or_its_time() {
    let text = "yes\nno\n".repeat(5_000);
    let most = scan(&LogSearch::text("yes"), LogKind::Text, &text);
    assert_eq!(most.hits.len(), MAX_SEARCH_HITS as usize);
    assert_eq!((most.next, most.complete), (1_999, false));
    let mut late = Scan::new(&LogSearch::text("nothing")).unwrap();
    late.end = Some(Instant::now());
    assert!(
        !late.take(LogKind::Text, 0, &text),
        "one chunk is searched all the same"
    );
    assert_eq!(late.next(), 10_000);
}

proptest! {
    /// Each line is searched once, however the text is cut and wherever the search goes on.
    #[test]
    fn going_on_finds_all(lines in prop::collection::vec("[ab]{0,3}", 1..40), chunk in 1..7_usize, limit in 1..5_u32) {
        let expected: BTreeSet<i64> = (0..).zip(&lines).filter(|(_, it)| it.contains('a')).map(|it| it.0).collect();
        let mut search = LogSearch { limit, ..LogSearch::text("a") };
        let mut found = vec![];
        while usize::try_from(search.first).unwrap() < lines.len() {
            let mut scan = Scan::new(&search).unwrap();
            for (at, part) in lines.chunks(chunk).enumerate() {
                let text: String = part.iter().map(|it| format!("{it}\n")).collect();
                if !scan.take(LogKind::Text, (at * chunk) as i64, &text) {
                    break;
                }
            }
            prop_assert!(scan.next() > search.first);
            search.first = scan.next();
            let hits = scan.found(LogId(1), false).hits;
            prop_assert!(hits.len() <= limit as usize);
            found.extend(hits.into_iter().map(|it| it.line));
        }
        prop_assert_eq!(found, Vec::from_iter(expected));
    }
}
