//! No value of a secret is seen, and nothing else is lost or changed, however a stream is cut.

use proptest::prelude::*;

use super::*;

/// Marks the bytes that are part of any form of a secret.
fn parts(patterns: &Patterns, text: &[u8]) -> Vec<bool> {
    let mut parts = vec![false; text.len()];
    for pattern in &patterns.patterns {
        let length = pattern.bytes.len();
        for begin in 0..(text.len() + 1).saturating_sub(length) {
            if text[begin..begin + length] == pattern.bytes {
                parts[begin..begin + length].fill(true);
            }
        }
    }
    parts
}

/// The text with `#` for each run of hidden bytes.
fn expected(text: &[u8], hidden: &[bool]) -> String {
    let mut shown = String::new();
    for (at, byte) in text.iter().enumerate() {
        match hidden[at] {
            true if at > 0 && hidden[at - 1] => {}
            true => shown.push('#'),
            false => shown.push(char::from(*byte)),
        }
    }
    shown
}

/// What was shown, with `#` for names that follow each other.
fn shown(seen: &[u8]) -> String {
    let mut shown = String::from_utf8(seen.to_vec()).unwrap();
    for name in ["<A>", "<B>", "<C>"] {
        shown = shown.replace(name, "#");
    }
    while shown.contains("##") {
        shown = shown.replace("##", "#");
    }
    shown
}

fn push_all(masker: &mut Masker, text: &[u8], cuts: &[usize]) -> Vec<u8> {
    let mut seen = vec![];
    let mut rest = text;
    for cut in cuts {
        let (piece, after) = rest.split_at((*cut).min(rest.len()));
        seen.extend_from_slice(&masker.push(piece));
        rest = after;
    }
    seen.extend_from_slice(&masker.push(rest));
    seen
}

fn patterns(values: &[String]) -> Arc<Patterns> {
    let secrets = ["A", "B", "C"].into_iter().zip(values.iter().map(String::as_str));
    Arc::new(Patterns::of(secrets, &[]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn nothing_leaks_and_nothing_else_changes(
        values in prop::collection::vec("[ab]{1,5}|[abc\n' ]{1,12}|[a-c]{8,9}\n[a-c]{8,9}", 1..4),
        parts_of_text in prop::collection::vec("[abc\n' ]{0,6}|A|B|C|a{1,9}", 0..24),
        cuts in prop::collection::vec(0usize..9, 0..30),
        at in 0.0..1.0,
    ) {
        let mut text = parts_of_text.concat();
        for (name, value) in ["A", "B", "C"].into_iter().zip(&values) {
            text = text.replace(name, value);
        }
        let text = text.replace(['A', 'B', 'C'], "").into_bytes();
        let patterns = patterns(&values);
        let hidden = parts(&patterns, &text);

        let mut whole = Masker::new(Arc::clone(&patterns));
        let mut seen = push_all(&mut whole, &text, &cuts);
        seen.extend(whole.finish());
        prop_assert_eq!(shown(&seen), expected(&text, &hidden));

        let mut stars = Masker::new(Arc::clone(&patterns));
        stars.keep_length(true);
        let mut seen = push_all(&mut stars, &text, &cuts);
        seen.extend(stars.finish());
        let starred: Vec<u8> = text.iter().zip(&hidden).map(|(byte, it)| if *it { b'*' } else { *byte }).collect();
        prop_assert_eq!(seen, starred);

        // Gone on with by somebody else, in the middle.
        let middle = (text.len() as f64 * at) as usize;
        let mut before = Masker::new(Arc::clone(&patterns));
        let first = push_all(&mut before, &text[..middle], &cuts);
        let held = before.held();
        let again = middle - held.bytes as usize;
        let mut after = Masker::after(Arc::clone(&patterns), &held);
        let mut seen = first.clone();
        seen.extend(push_all(&mut after, &text[again..], &cuts));
        seen.extend(after.finish());
        prop_assert_eq!(shown(&seen), expected(&text, &hidden));

        // Where what was held back does not come again, it stays hidden.
        let mut without = Masker::without(Arc::clone(&patterns), &held);
        let mut seen = first;
        seen.extend(push_all(&mut without, &text[middle..], &cuts));
        seen.extend(without.finish());
        let mut hidden = hidden;
        hidden[again..middle].fill(true);
        prop_assert_eq!(shown(&seen), expected(&text, &hidden));
    }
}

#[test]
fn what_is_learnt_is_hidden_also_in_what_is_held_back() {
    let first = patterns(&["abcde".to_owned()]);
    let mut masker = Masker::new(first);
    assert_eq!(&*masker.push(b"xx abc"), b"xx ");
    masker.learn(&patterns(&["abcde".to_owned(), "bcx".to_owned()]));
    assert_eq!(&*masker.push(b"x abcde"), b"a<B> <A>");
    assert_eq!(masker.finish(), b"");
}

#[test]
fn an_endless_value_takes_no_memory() {
    let mut masker = Masker::new(patterns(&["aa".to_owned()]));
    let mut seen = vec![];
    for _ in 0..1000 {
        seen.extend_from_slice(&masker.push(&[b'a'; 1000]));
        assert!(masker.held().bytes <= 1);
        assert!(masker.hidden.len() <= 2);
    }
    assert_eq!(seen, b"<A>");
}

#[test]
fn values_are_hidden_in_the_forms_that_they_have() {
    let key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nab\n-----END KEY-----\n";
    let secrets = [("key", key), ("word", "it's"), ("blank", " \n"), ("short", "7")];
    let patterns = Arc::new(Patterns::of(secrets, &[]));
    for (text, masked) in [
        (
            "<<EOF\n-----BEGIN KEY-----\nMIIEvQIBADANBg\nab\n-----END KEY-----\nEOF",
            "<<EOF\n<key>EOF",
        ),
        ("> MIIEvQIBADANBg\n> ab\n", "> <key>\n> ab\n"),
        (r"echo 'it'\''s' it's 7", r"echo '<word>' <word> <short>"),
        (" \n", " \n"),
    ] {
        assert_eq!(mask_text(&patterns, text), masked);
    }
}

#[test]
fn values_are_hidden_in_the_encodings_of_logs() {
    let encodings = [encoding_rs::WINDOWS_1252, encoding_rs::SHIFT_JIS];
    let patterns = Arc::new(Patterns::of([("key", "schl\u{fc}ssel")], &encodings));
    let mut masker = Masker::new(patterns);
    let mut seen = masker.push(b"a schl\xfcssel ").into_owned();
    seen.extend_from_slice(&masker.push("schl\u{fc}ssel".as_bytes()));
    seen.extend(masker.finish());
    assert_eq!(String::from_utf8(seen).unwrap(), "a <key> <key>");
}
