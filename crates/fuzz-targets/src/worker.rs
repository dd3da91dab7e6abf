//! The worker protocol: messages come back as they were, and whatever order they come in, the receiver's account holds.

use prost::Message;
use weir_worker_protocol::v1::{FromWorker, ToWorker};
use weir_worker_protocol::{Arrival, Inbox, MESSAGE_OVERHEAD, WINDOW_SLACK};

/// Bytes of output that may be under way.
const WINDOW: usize = 1000;

pub(crate) fn try_it(bytes: &[u8]) {
    comes_back::<FromWorker>(bytes);
    comes_back::<ToWorker>(bytes);
    account(bytes);
}

fn comes_back<M: Message + Default + PartialEq>(bytes: &[u8]) {
    if let Ok(message) = M::decode(bytes) {
        let again = M::decode(message.encode_to_vec().as_slice()).expect("what was written can be read");
        assert_eq!(again.encode_to_vec(), message.encode_to_vec());
    }
}

/// Each four bytes are a message, or tell that some are stored.
fn account(bytes: &[u8]) {
    let mut inbox = Inbox::new(WINDOW);
    let mut taken: Vec<usize> = vec![];
    for it in bytes.chunks_exact(4) {
        let [what, sequence, high, low] = *it else { return };
        let (sequence, payload) = (u64::from(sequence), usize::from(u16::from_be_bytes([high, low])));
        if what % 4 == 0 {
            inbox.acknowledge(sequence);
        } else if inbox.accept(sequence, payload, what % 4 == 1) == Ok(Arrival::New) {
            taken.push(payload + MESSAGE_OVERHEAD);
        }
        let stored = usize::try_from(inbox.acknowledged()).expect("a small number");
        assert_eq!(inbox.received(), taken.len() as u64, "in order, each once");
        let held: usize = taken[stored..].iter().sum();
        assert!(held <= WINDOW + WINDOW_SLACK, "{held} bytes are held");
    }
}
