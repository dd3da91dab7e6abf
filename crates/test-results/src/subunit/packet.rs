//! A packet of subunit's version 2.

use std::time::Duration;

/// The byte that a packet begins with; no text has it.
pub(super) const SIGNATURE: u8 = 0xb3;
/// The signature, the flags, the shortest length and the checksum.
const SHORTEST: usize = 1 + 2 + 1 + 4;
/// The longest packet there may be, in bytes.
const LONGEST: usize = 4 * 1024 * 1024;

/// What the flags say is there.
mod flag {
    pub(super) const VERSION: u16 = 0xf000;
    pub(super) const VERSION_2: u16 = 0x2000;
    pub(super) const TEST: u16 = 0x0800;
    pub(super) const ROUTE: u16 = 0x0400;
    pub(super) const TIME: u16 = 0x0200;
    pub(super) const TAGS: u16 = 0x0080;
    pub(super) const FILE: u16 = 0x0040;
    pub(super) const MIME: u16 = 0x0020;
    pub(super) const STATUS: u16 = 0x0007;
}

/// What is at the beginning of bytes.
pub(super) enum Next<'b> {
    /// The beginning of a packet.
    Unfinished,
    /// No packet: why.
    Broken(&'static str),
    /// A packet, and how many bytes it has.
    Packet(Packet<'b>, usize),
}

/// What a packet says.
#[derive(Debug, Default)]
pub(super) struct Packet<'b> {
    pub(super) test: Option<&'b str>,
    pub(super) route: &'b str,
    /// Since 1970.
    pub(super) time: Option<Duration>,
    pub(super) status: Status,
}

/// What a test has come to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Status {
    /// Nothing is said, or only that it exists.
    #[default]
    Other,
    InProgress,
    Success,
    UnexpectedSuccess,
    Skipped,
    Failure,
    ExpectedFailure,
}

/// Reads the packet at the beginning of `bytes`, whose first one is the signature.
pub(super) fn next(bytes: &[u8]) -> Next<'_> {
    let [_, high, low, after @ ..] = bytes else {
        return Next::Unfinished;
    };
    let flags = u16::from_be_bytes([*high, *low]);
    if flags & flag::VERSION != flag::VERSION_2 {
        return Next::Broken("it is of another version");
    }
    let mut rest = after;
    let Some(length) = number(&mut rest) else {
        return Next::Unfinished;
    };
    if !(SHORTEST..=LONGEST).contains(&length) {
        return Next::Broken("its length cannot be");
    }
    let Some(whole) = bytes.get(..length) else {
        return Next::Unfinished;
    };
    let head = bytes.len() - rest.len();
    let (body, checksum) = whole.split_at(length - 4);
    if checksum != crc32fast::hash(body).to_be_bytes() {
        return Next::Broken("its checksum is wrong");
    }
    match body.get(head..).and_then(|fields| read(flags, fields)) {
        Some(packet) => Next::Packet(packet, length),
        None => Next::Broken("its fields are longer than it"),
    }
}

fn read(flags: u16, mut fields: &[u8]) -> Option<Packet<'_>> {
    let has = |flag| flags & flag != 0;
    let mut packet = Packet {
        status: status(flags),
        ..Packet::default()
    };
    if has(flag::TIME) {
        let (seconds, rest) = fields.split_first_chunk::<4>()?;
        fields = rest;
        let nanos = u32::try_from(number(&mut fields)?).ok()?;
        packet.time = Some(
            Duration::from_secs(u32::from_be_bytes(*seconds).into()) + Duration::from_nanos(nanos.into()),
        );
    }
    if has(flag::TEST) {
        packet.test = Some(text(&mut fields)?);
    }
    if has(flag::TAGS) {
        for _ in 0..number(&mut fields)? {
            text(&mut fields)?;
        }
    }
    if has(flag::MIME) {
        text(&mut fields)?;
    }
    if has(flag::FILE) {
        text(&mut fields)?;
        let length = number(&mut fields)?;
        fields = fields.get(length..)?;
    }
    if has(flag::ROUTE) {
        packet.route = text(&mut fields)?;
    }
    Some(packet)
}

fn status(flags: u16) -> Status {
    match flags & flag::STATUS {
        2 => Status::InProgress,
        3 => Status::Success,
        4 => Status::UnexpectedSuccess,
        5 => Status::Skipped,
        6 => Status::Failure,
        7 => Status::ExpectedFailure,
        _ => Status::Other,
    }
}

/// A number: the first two bits say how many bytes follow.
fn number(bytes: &mut &[u8]) -> Option<usize> {
    let (first, mut rest) = bytes.split_first()?;
    let mut number = usize::from(first & 0x3f);
    for _ in 0..first >> 6 {
        let (next, after) = rest.split_first()?;
        number = number << 8 | usize::from(*next);
        rest = after;
    }
    *bytes = rest;
    Some(number)
}

/// A text after its length.
fn text<'b>(bytes: &mut &'b [u8]) -> Option<&'b str> {
    let length = number(bytes)?;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    std::str::from_utf8(text).ok()
}
