//! Whatever the bytes are: nothing fails, what is found is within its bounds, and cuts between pieces change nothing.

use proptest::prelude::*;
use weir_test_results::{FileReader, Format, LONGEST_NAME, LONGEST_PATH, Piece, Reader, TestResult};

const FORMATS: [Format; 4] = [Format::Libtest, Format::Tap, Format::Junit, Format::Subunit];

fn read(format: Format, pieces: &[&[u8]]) -> (Vec<TestResult>, Option<String>) {
    let mut all = vec![];
    let mut reader = Reader::new(format);
    for piece in pieces {
        reader.push(piece, &mut |it| all.push(it));
    }
    reader.finish(&mut |it| all.push(it));
    (all, reader.problem().map(str::to_owned))
}

/// Pieces of what programs write, and bytes that nobody writes.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        &b"test a ... ok\n"[..],
        b"not ok 1 - b # TODO\r\n",
        b"<testsuite name='s'>",
        b"<testcase name=\"&lt;\" time='1e400' line='-1'>",
        b"<failure/>",
        b"</testcase>",
        b"</testsuite>",
        b"<![CDATA[",
        b"&amp;",
        b"\xb3\x29\x03\x0c\x02ab",
        b"\xb3\x2b\x86\x40\x10",
        b"success: a [ multipart\n",
        b"]\n",
        b"file 3 a\n",
    ])
    .prop_map(<[u8]>::to_vec);
    let piece = prop_oneof![3 => known, 1 => prop::collection::vec(any::<u8>(), 0..40)];
    prop::collection::vec(piece, 0..20).prop_map(|it| it.concat())
}

proptest! {
    #[test]
    fn every_format_takes_any_bytes(bytes in bytes(), at in any::<prop::sample::Index>()) {
        let (first, second) = bytes.split_at(at.index(bytes.len() + 1));
        for format in FORMATS {
            let whole = read(format, &[&bytes]);
            prop_assert_eq!(&read(format, &[first, second]), &whole, "{:?}", format);
            for result in whole.0 {
                prop_assert!(!result.name.is_empty() && result.name.chars().count() <= LONGEST_NAME);
                prop_assert!(!result.name.contains('\0'));
                prop_assert!(result.path.is_none_or(|it| it.chars().count() <= LONGEST_PATH));
            }
        }
    }

    #[test]
    fn files_take_any_bytes(bytes in bytes(), at in any::<prop::sample::Index>()) {
        let (first, second) = bytes.split_at(at.index(bytes.len() + 1));
        let told = |pieces: &[&[u8]]| {
            let mut told = String::new();
            let mut each = |piece: Piece<'_>| match piece {
                Piece::Bytes(bytes) => bytes.iter().for_each(|it| told.push(char::from(*it))),
                other => told.push_str(&format!("{other:?}")),
            };
            let mut reader = FileReader::default();
            pieces.iter().for_each(|it| reader.push(it, &mut each));
            reader.finish(&mut each);
            told
        };
        prop_assert_eq!(told(&[first, second]), told(&[&bytes]));
    }
}
