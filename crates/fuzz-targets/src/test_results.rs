//! Results of tests: whatever a test program writes is read, and cuts between pieces change nothing.

use weir_test_results::{FileReader, Format, LONGEST_NAME, Piece, Reader, TestResult};

pub(crate) fn try_it(input: (u8, u16, &[u8])) {
    let (format, at, bytes) = input;
    let (first, second) = bytes.split_at(usize::from(at).min(bytes.len()));
    let format = match format % 5 {
        0 => Format::Libtest,
        1 => Format::Tap,
        2 => Format::Junit,
        3 => Format::Subunit,
        _ => {
            assert_eq!(sent(&[first, second]), sent(&[bytes]));
            return;
        }
    };
    let whole = read(format, &[bytes]);
    assert_eq!(read(format, &[first, second]), whole);
    for result in whole.0 {
        assert!(!result.name.is_empty() && result.name.chars().count() <= LONGEST_NAME);
        assert!(!result.name.contains('\0'));
    }
}

fn read(format: Format, pieces: &[&[u8]]) -> (Vec<TestResult>, Option<String>) {
    let mut all = vec![];
    let mut reader = Reader::new(format);
    for piece in pieces {
        reader.push(piece, &mut |it| all.push(it));
    }
    reader.finish(&mut |it| all.push(it));
    (all, reader.problem().map(str::to_owned))
}

/// What is told of files: pieces of one file are joined.
fn sent(pieces: &[&[u8]]) -> Vec<u8> {
    let mut told = vec![];
    let mut each = |piece: Piece<'_>| match piece {
        Piece::Bytes(bytes) => told.extend_from_slice(bytes),
        other => told.extend(format!("{other:?}").into_bytes()),
    };
    let mut reader = FileReader::default();
    for piece in pieces {
        reader.push(piece, &mut each);
    }
    reader.finish(&mut each);
    told
}
