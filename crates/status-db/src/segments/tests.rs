use proptest::prelude::*;

use super::chunk::{CHUNK_BYTES, MAX_LINE, unpack};
use super::*;

fn unpacked(chunks: &[Chunk]) -> String {
    chunks.iter().map(|chunk| unpack(&chunk.data).unwrap()).collect()
}

proptest! {
    #[test]
    fn text_comes_back_in_chunks_of_whole_lines(lengths in prop::collection::vec(0..30_000_usize, 0..40)) {
        let text: String = lengths.iter().map(|length| "aä\u{1f980}".repeat(length / 7) + "\n").collect();
        let chunks = pack(&text).unwrap();
        prop_assert_eq!(unpacked(&chunks), text.as_str());
        for chunk in &chunks {
            let part = unpack(&chunk.data).unwrap();
            prop_assert!(part.ends_with('\n'));
            prop_assert_eq!(part.matches('\n').count() as i64, chunk.lines);
            prop_assert!(part.len() <= CHUNK_BYTES || chunk.lines == 1);
        }
    }

    #[test]
    fn damaged_bytes_are_an_error_and_no_panic(at in 0..40_usize, flip in 1..=255_u8) {
        let mut data = pack(&"some text\n".repeat(30)).unwrap().remove(0).data;
        let at = at % data.len();
        data[at] ^= flip;
        // A flipped bit in the header can leave a frame that means the same; else the checksum tells.
        if let Ok(text) = unpack(&data) {
            prop_assert_eq!(text, "some text\n".repeat(30));
        }
        prop_assert!(unpack(&data[..at]).is_err());
    }
}

#[test]
fn a_long_line_is_a_chunk_by_itself() {
    let text = format!("a\n{}\nb\nc\n", "x".repeat(3 * CHUNK_BYTES));
    let lines: Vec<i64> = pack(&text).unwrap().iter().map(|chunk| chunk.lines).collect();
    assert_eq!(lines, [1, 1, 2]);
}

#[test]
fn a_claimed_size_beyond_all_bounds_is_refused() {
    let huge = zstd::bulk::compress(&vec![0; MAX_LINE + 1], 1).unwrap();
    assert!(matches!(unpack(&huge), Err(Error::InvalidData { .. })));
}

#[tokio::test]
async fn what_is_synced_can_be_read_over_several_segments() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = SegmentWriter::new(folder.path().join("logs")).await.unwrap();
    let reader = SegmentReader::new(folder.path().join("logs"));
    assert!(writer.needs_segment());
    assert!(matches!(writer.append(b"x"), Err(Error::Io { .. })));

    let mut places = vec![];
    for segment in 1..=40 {
        writer.begin(segment).await.unwrap();
        assert!(!writer.needs_segment());
        for line in 0..3 {
            let chunk = pack(&format!("{segment}.{line}\n")).unwrap().remove(0);
            places.push(writer.append(&chunk.data).unwrap());
        }
    }
    writer.sync().await.unwrap();

    let texts = reader.read(places.clone(), usize::MAX).await.unwrap();
    assert_eq!(texts.len(), 120);
    assert_eq!(texts[4], "2.1\n");
    assert_eq!(texts[119], "40.2\n");
    let enough = reader.read(places, 5).await.unwrap();
    assert_eq!(enough.concat(), "1.0\n1.1\n", "no more than needed is read");
}

#[tokio::test]
async fn a_torn_tail_of_another_process_harms_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(segment_path(folder.path(), 7), b"half a chu").unwrap();
    let mut writer = SegmentWriter::new(folder.path().to_owned()).await.unwrap();
    writer.begin(7).await.unwrap();
    let chunk = pack("whole\n").unwrap().remove(0);
    let place = writer.append(&chunk.data).unwrap();
    writer.sync().await.unwrap();
    assert_eq!(place.offset, 10);
    let reader = SegmentReader::new(folder.path().to_owned());
    assert_eq!(reader.read(vec![place], 1).await.unwrap(), ["whole\n"]);
}

#[tokio::test]
async fn a_missing_segment_is_told_by_its_path() {
    let reader = SegmentReader::new("/nowhere".into());
    let place = Place {
        segment: 3,
        offset: 0,
        length: 1,
    };
    let error = reader.read(vec![place], 1).await.unwrap_err();
    assert!(
        error.to_string().starts_with("reading /nowhere/0000000003.zst: "),
        "{error}"
    );
}
