//! Banana: what is read is written so that it is read again, wherever the bytes are cut; and a connection that has not
//! logged in ends with whatever comes.

use weir_buildbot_wire::banana::{Decoder, Dialect, Expression, encode};
use weir_buildbot_wire::pb::{Broker, Event, Side};
use weir_buildbot_wire::{Limits, Result};

pub(crate) fn try_it(bytes: &[u8]) {
    let whole = read([bytes].into_iter());
    let pieces = read(bytes.chunks(1 + bytes.len() % 7));
    assert_eq!(written(&whole.0), written(&pieces.0));
    assert_eq!(whole.1, pieces.1, "the same mistake, if any");
    let again = read([written(&whole.0).as_slice()].into_iter());
    assert_eq!(written(&again.0), written(&whole.0));
    for side in [Side::Server, Side::Client] {
        connection(side, bytes);
    }
}

/// The expressions in these pieces, and how it ends.
fn read<'b>(pieces: impl Iterator<Item = &'b [u8]>) -> (Vec<Expression>, Result<()>) {
    let mut decoder = Decoder::new(Limits::BEFORE_LOGIN);
    decoder.speak(Dialect::Pb);
    let mut all = vec![];
    for piece in pieces {
        decoder.push(piece);
        loop {
            match decoder.pop() {
                Ok(Some(expression)) => all.push(expression),
                Ok(None) => break,
                Err(error) => return (all, Err(error)),
            }
        }
    }
    (all, Ok(()))
}

fn written(expressions: &[Expression]) -> Vec<u8> {
    let mut bytes = vec![];
    for it in expressions {
        encode(it, Dialect::Pb, &mut bytes).expect("what was read is small enough");
    }
    bytes
}

/// Takes whatever comes, and answers what is asked.
fn connection(side: Side, bytes: &[u8]) {
    let mut broker = match side {
        Side::Server => Broker::server([7; 16]),
        Side::Client => Broker::client("worker", "sekrit"),
    };
    broker.receive(bytes);
    while let Ok(Some(event)) = broker.poll() {
        let call = match event {
            Event::Login(login) => {
                broker.admit().expect("a login to decide");
                Some(login.call)
            }
            Event::Call(call) => call.call,
            _ => None,
        };
        if let Some(call) = call {
            let object = broker.export().expect("few objects");
            broker.answer(call, object.into()).expect("a call that waits");
        }
    }
    broker.transmit();
}
