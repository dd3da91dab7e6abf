//! Whatever is written is read as it was, and whatever bytes come, reading them ends.

use proptest::prelude::*;
use weir_buildbot_wire::banana::{Decoder, Dialect, Expression, encode};
use weir_buildbot_wire::pb::{Broker, Message};
use weir_buildbot_wire::{Limits, Value, jelly, msgpack};

/// Integers of all lengths.
fn integer() -> impl Strategy<Value = i128> {
    (any::<i128>(), 0u32..127).prop_map(|(it, shift)| (it >> shift).max(-i128::MAX))
}

fn float() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_filter("equal to itself", |it| !it.is_nan()),
        Just(-0.0)
    ]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let words = prop_oneof![Just("message"), Just("None"), Just("unicode"), Just("reference")];
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20),
        words.prop_map(|it| it.as_bytes().to_vec()),
    ]
}

fn expression() -> impl Strategy<Value = Expression> {
    let leaf = prop_oneof![
        integer().prop_map(Expression::Int),
        float().prop_map(Expression::Float),
        bytes().prop_map(Expression::Bytes),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        prop::collection::vec(inner, 0..8).prop_map(Expression::List)
    })
}

/// Values that both protocols carry.
fn plain_value(integer: impl Strategy<Value = i128> + 'static) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::from),
        integer.prop_map(Value::Int),
        float().prop_map(Value::from),
        bytes().prop_map(Value::Bytes),
        ".{0,8}".prop_map(Value::Text),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        let items = prop::collection::vec(inner.clone(), 0..8);
        let pairs = prop::collection::vec((inner.clone(), inner), 0..6);
        prop_oneof![items.prop_map(Value::List), pairs.prop_map(Value::Map)]
    })
}

/// Values of the perspective broker.
fn value() -> impl Strategy<Value = Value> {
    let plain = plain_value(integer());
    let leaf = prop_oneof![
        3 => plain,
        1 => any::<u64>().prop_map(Value::OfSender),
        1 => any::<u64>().prop_map(Value::OfReceiver),
        1 => ".{0,8}".prop_map(|it| weir_buildbot_wire::Failure::runtime_error(&it).into()),
    ];
    leaf.prop_recursive(3, 30, 4, |inner| {
        let items = prop::collection::vec(inner, 0..4);
        prop_oneof![
            items.clone().prop_map(Value::Tuple),
            items.clone().prop_map(Value::Set),
            items.prop_map(Value::FrozenSet),
        ]
    })
}

/// What comes of bytes in these pieces.
fn read(bytes: &[u8], pieces: &[usize]) -> Option<Expression> {
    let mut decoder = Decoder::new(Limits::OF_WORKER);
    decoder.speak(Dialect::Pb);
    let mut rest = bytes;
    for piece in pieces {
        let (piece, after) = rest.split_at((*piece).min(rest.len()));
        decoder.push(piece);
        rest = after;
        if let Some(whole) = decoder.pop().unwrap() {
            assert!(rest.is_empty(), "only by the last byte");
            return Some(whole);
        }
    }
    decoder.push(rest);
    decoder.pop().unwrap()
}

proptest! {
    #[test]
    fn banana(expression in expression(), pieces in prop::collection::vec(0usize..9, 0..9), has_words: bool) {
        let dialect = if has_words { Dialect::Pb } else { Dialect::None };
        let mut written = vec![];
        encode(&expression, dialect, &mut written).unwrap();
        prop_assert_eq!(read(&written, &pieces), Some(expression));
    }

    #[test]
    fn values_in_jelly(value in value()) {
        let written = jelly::write(value.clone());
        prop_assert_eq!(jelly::read(written, &Limits::OF_WORKER).unwrap(), value);
    }

    #[test]
    fn values_in_msgpack(value in plain_value(prop_oneof![
        any::<u64>().prop_map(i128::from),
        any::<i64>().prop_map(i128::from),
        (any::<i64>(), 0u32..64).prop_map(|(it, shift)| i128::from(it >> shift)),
    ])) {
        let written = msgpack::encode(&value).unwrap();
        prop_assert_eq!(msgpack::decode(&written, &Limits::OF_WORKER).unwrap(), value);
    }

    #[test]
    fn messages_that_are_read_are_written_as_they_were(expression in expression()) {
        let named = match expression {
            Expression::List(items) => items,
            other => vec![other],
        };
        for name in ["message", "answer", "error", "decref", "version", "what"] {
            let items = [Expression::text(name)].into_iter().chain(named.clone());
            if let Ok(message) = Message::read(Expression::List(items.collect()), &Limits::OF_WORKER) {
                let again = Message::read(message.clone().write(), &Limits::OF_WORKER).unwrap();
                prop_assert_eq!(again, message);
            }
        }
    }

    #[test]
    fn a_broker_ends_with_whatever_comes(bytes in prop::collection::vec(any::<u8>(), 0..200), begun: bool) {
        let mut server = Broker::server([0; 16]);
        if begun {
            server.receive(b"\x02\x82pb\x02\x80\x13\x87\x06\x81");
        }
        server.receive(&bytes);
        while let Ok(Some(_)) = server.poll() {}
    }
}
