//! Archives that are as they should be, and those that are not.

use std::os::unix::fs::MetadataExt;

use proptest::prelude::*;
use tar::{Builder, Header};

use super::*;

/// An entry: its kind, its path as it stands in the archive, and its bytes or where it links to.
type Given<'g> = (EntryType, &'g str, &'g str);

const FILE: EntryType = EntryType::Regular;
const FOLDER: EntryType = EntryType::Directory;
const LINK: EntryType = EntryType::Symlink;
const HARD: EntryType = EntryType::Link;

/// An archive of these entries, whose paths are taken as they are.
fn archive(entries: &[Given<'_>]) -> Vec<u8> {
    let mut builder = Builder::new(vec![]);
    for (kind, path, content) in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(0o4751);
        header.set_mtime(1_000_000_000);
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        let mut bytes = content.as_bytes();
        if matches!(*kind, EntryType::Symlink | EntryType::Link) {
            header.as_old_mut().linkname[..content.len()].copy_from_slice(bytes);
            bytes = b"";
        }
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        builder.append(&header, bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A folder in a folder, beside which is a file that must stay as it is.
fn scene() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("in")).unwrap();
    fs::write(dir.path().join("outside"), "outside").unwrap();
    dir
}

fn unpack(dir: &tempfile::TempDir, archive: &[u8], most: Option<u64>) -> Result<u64, String> {
    let stop = CancellationToken::new();
    let unpacking = Unpacking {
        folder: &dir.path().join("in"),
        most,
        stop: &stop,
    };
    unpacking.run(archive, false)
}

#[test]
fn a_folder_comes_back() {
    let dir = scene();
    let bytes = archive(&[
        (FOLDER, "./", ""),
        (FOLDER, "a/", ""),
        (FILE, "./a/file", "first"),
        (FILE, "b/c/file", "text"),
        (LINK, "b/link", "../a/file"),
        (HARD, "hard", "a/file"),
        // The last one counts.
        (FILE, "b/c/file", "other"),
    ]);
    assert_eq!(unpack(&dir, &bytes, Some(14)), Ok(4));
    let path = |it: &str| dir.path().join("in").join(it);
    for (file, text) in [
        ("a/file", "first"),
        ("b/c/file", "other"),
        ("b/link", "first"),
        ("hard", "first"),
    ] {
        assert_eq!(fs::read_to_string(path(file)).unwrap(), text, "{file}");
    }
    let metadata = fs::metadata(path("a/file")).unwrap();
    assert_eq!(
        (metadata.mode() & 0o7777, metadata.mtime()),
        (0o751, 1_000_000_000)
    );
    assert_eq!(fs::read_link(path("b/link")).unwrap(), Path::new("../a/file"));
}

#[test]
fn the_folder_itself_may_have_no_name() {
    let dir = scene();
    let bytes = archive(&[(FOLDER, "/", ""), (FILE, "a", "a")]);
    assert_eq!(unpack(&dir, &bytes, None), Ok(1));
    let refused = unpack(&dir, &archive(&[(FILE, "/", "a")]), None);
    assert!(refused.unwrap_err().contains("leads out of the folder"));
}

#[test]
fn a_compressed_one_does_too() {
    let dir = scene();
    let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    io::copy(&mut &*archive(&[(FILE, "a", "text")]), &mut encoder).unwrap();
    let stop = CancellationToken::new();
    let unpacking = Unpacking {
        folder: &dir.path().join("in"),
        most: None,
        stop: &stop,
    };
    assert_eq!(unpacking.run(&*encoder.finish().unwrap(), true), Ok(1));
    assert_eq!(fs::read(dir.path().join("in/a")).unwrap(), b"text");
}

#[test]
fn what_leads_out_or_is_no_file_is_refused() {
    for entries in [
        &[(FILE, "../outside", "x")][..],
        &[(FILE, "/tmp/x", "x")],
        &[(FILE, "a/../../outside", "x")],
        &[(LINK, "l", "..")],
        &[(LINK, "l", "/etc")],
        &[(LINK, "a/l", "../../outside")],
        &[(LINK, "a/up", ".."), (LINK, "l", "a/up/../outside")],
        &[(LINK, "a/up", ".."), (FILE, "a/up/x", "x")],
        &[(FOLDER, "a/", ""), (LINK, "l", "a"), (FOLDER, "l/b/", "")],
        &[(HARD, "h", "../outside")],
        &[(LINK, "a/up", ".."), (HARD, "h", "a/up/x")],
        &[(HARD, "h", "not")],
        &[(FOLDER, "a/", ""), (FILE, "a", "x")],
        &[(FILE, "a", "x"), (FILE, "a/b", "x")],
        &[(FILE, ".", "x")],
        &[(EntryType::Char, "d", "")],
        &[(EntryType::Block, "d", "")],
        &[(EntryType::Fifo, "d", "")],
        &[(EntryType::GNUSparse, "d", "")],
    ] {
        let dir = scene();
        let why = unpack(&dir, &archive(entries), None).unwrap_err();
        assert!(why.contains("the archive"), "{entries:?}: {why}");
        assert_eq!(fs::read(dir.path().join("outside")).unwrap(), b"outside");
        assert_eq!(dir.path().read_dir().unwrap().count(), 2);
    }
}

#[test]
fn it_ends_where_it_has_to() {
    let entries = [(FILE, "a", "12345"), (FILE, "b", "12345")];
    let why = unpack(&scene(), &archive(&entries), Some(9)).unwrap_err();
    assert!(
        why.ends_with("there is more in the archive than is allowed"),
        "{why}"
    );
    let bytes = archive(&entries);
    assert!(unpack(&scene(), &bytes[..1100], None).is_err());
    let stop = CancellationToken::new();
    stop.cancel();
    let dir = scene();
    let unpacking = Unpacking {
        folder: &dir.path().join("in"),
        most: None,
        stop: &stop,
    };
    assert!(unpacking.run(&*bytes, false).is_err());
    assert_eq!(dir.path().join("in").read_dir().unwrap().count(), 0);
}

/// Parts of paths and links that lead anywhere.
fn paths() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec!["a", "b", "c", "..", ".", "", "outside", "in"]);
    prop::collection::vec(part, 1..5).prop_map(|it| it.join("/"))
}

fn entries() -> impl Strategy<Value = Vec<(EntryType, String, String)>> {
    let kinds = vec![FILE, FOLDER, LINK, LINK, HARD];
    let entry = (prop::sample::select(kinds), paths(), paths());
    prop::collection::vec(entry, 1..12)
}

proptest! {
    #[test]
    fn nothing_outside_is_touched_and_no_link_leads_there(entries in entries()) {
        let entries: Vec<Given<'_>> = entries.iter().map(|(kind, path, link)| (*kind, &**path, &**link)).collect();
        let dir = scene();
        // It may be refused, but whatever was taken until then is within the folder.
        let _ = unpack(&dir, &archive(&entries), None);
        prop_assert_eq!(fs::read(dir.path().join("outside")).unwrap(), b"outside");
        prop_assert_eq!(dir.path().read_dir().unwrap().count(), 2);
        let root = dir.path().join("in").canonicalize().unwrap();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir().unwrap() {
                let path = entry.unwrap().path();
                let metadata = fs::symlink_metadata(&path).unwrap();
                if metadata.is_dir() {
                    folders.push(path);
                } else if let Ok(real) = path.canonicalize() {
                    prop_assert!(real.starts_with(&root), "{:?} leads to {:?}", path, real);
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_taken_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..2000), at in 0_usize..1500) {
        let mut whole = archive(&[(FILE, "a/b", "text"), (LINK, "c", "a/b")]);
        for (place, byte) in bytes.iter().take(20).enumerate() {
            let length = whole.len();
            whole[(at + place * 37) % length] = *byte;
        }
        for bytes in [&bytes, &whole] {
            let dir = scene();
            let _ = unpack(&dir, bytes, Some(1_000_000));
            prop_assert_eq!(dir.path().read_dir().unwrap().count(), 2);
        }
    }
}
