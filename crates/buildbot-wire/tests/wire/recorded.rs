//! The recorded sessions: see README.md.

use std::fs;
use std::path::Path;

/// Who sent something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    Master,
    Worker,
}

impl Sender {
    pub(crate) const BOTH: [Self; 2] = [Self::Master, Self::Worker];
}

/// What came at once, and from whom.
pub(crate) type Piece = (Sender, Vec<u8>);

/// The pieces of a session in their order.
pub(crate) fn session(name: &str) -> Vec<Piece> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sessions");
    let text = fs::read_to_string(folder.join(name).with_extension("session")).expect("a session");
    text.lines().map(piece).collect()
}

fn piece(line: &str) -> Piece {
    let sender = match &line[..1] {
        "M" => Sender::Master,
        _ => Sender::Worker,
    };
    let digit = |it: u8| (it as char).to_digit(16).expect("a hexadecimal digit") as u8;
    let bytes = line.as_bytes()[2..].chunks_exact(2);
    (sender, bytes.map(|it| digit(it[0]) << 4 | digit(it[1])).collect())
}

/// All that one of them sent, in one.
pub(crate) fn all_of(session: &[Piece], sender: Sender) -> Vec<u8> {
    let pieces = session.iter().filter(|(of, _)| *of == sender);
    pieces.flat_map(|(_, bytes)| bytes.iter().copied()).collect()
}
