//! What is too large or of no known kind is refused, by what it promises and before it is there.

use weir_buildbot_wire::banana::{Decoder, Dialect, Expression};
use weir_buildbot_wire::pb::Message;
use weir_buildbot_wire::{Error, Limits, Result, Value, jelly, msgpack};

const SMALL: Limits = Limits {
    depth: 3,
    string: 10,
    items: 6,
    message: 40,
    objects: 2,
    calls: 2,
};

fn pop(bytes: &[u8]) -> Result<Option<Expression>> {
    let mut decoder = Decoder::new(SMALL);
    decoder.speak(Dialect::Pb);
    decoder.push(bytes);
    decoder.pop()
}

fn is_over<T: std::fmt::Debug>(result: Result<T>, what: &str) {
    match result {
        Err(Error::Limit { what: found, .. }) => assert_eq!(found, what),
        other => panic!("{what}: {other:?}"),
    }
}

#[test]
fn banana_is_refused_by_its_heads() {
    // Each is the head alone: nothing of what it promises is there.
    is_over(pop(b"\x0b\x82"), "bytes in a string");
    is_over(pop(b"\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x82"), "bytes in a string");
    is_over(pop(b"\x07\x80"), "items in a message");
    is_over(pop(b"\x04\x80\x03\x80"), "items in a message");
    is_over(pop(b"\x01\x80\x01\x80\x01\x80\x01\x80"), "lists in each other");
    is_over(
        pop(b"\x04\x80\x0a\x820123456789\x0a\x820123456789\x0a\x820123456789\x0a\x82"),
        "bytes in a message",
    );
    // And what is just small enough is not.
    assert_eq!(pop(b"\x0a\x82"), Ok(None));
    assert_eq!(pop(b"\x04\x80\x02\x80"), Ok(None));
    assert!(pop(b"\x0a\x820123456789").unwrap().is_some());
}

#[test]
fn the_limits_are_for_each_message() {
    let mut decoder = Decoder::new(SMALL);
    for _ in 0..10 {
        decoder.push(b"\x06\x80\x00\x81\x00\x81\x00\x81\x00\x81\x00\x81\x09\x82012345678");
        assert!(decoder.pop().unwrap().is_some());
    }
}

#[test]
fn what_is_no_banana_is_told_again_and_again() {
    for bytes in [&b"\x81"[..], b"\x00\x84", b"\x00\x88", b"\x20\x87", &[0; 66]] {
        let mut decoder = Decoder::new(SMALL);
        decoder.speak(Dialect::Pb);
        decoder.push(bytes);
        let first = decoder.pop();
        assert!(matches!(first, Err(Error::Banana(_))), "{first:?}");
        decoder.push(b"\x00\x81");
        assert_eq!(decoder.pop(), first);
    }
    let mut without_words = Decoder::new(SMALL);
    without_words.push(b"\x01\x87");
    assert!(matches!(without_words.pop(), Err(Error::Banana(_))));
    assert_eq!(pop(&[&[0x7f; 19][..], b"\x85"].concat()), Err(Error::Integer));
}

fn list<const N: usize>(items: [Expression; N]) -> Expression {
    Expression::List(items.to_vec())
}

fn named<const N: usize>(name: &str, items: [Expression; N]) -> Expression {
    Expression::List([Expression::text(name)].into_iter().chain(items).collect())
}

#[test]
fn what_is_shared_is_copied() {
    let shared = named("reference", [Expression::Int(1), named("tuple", [])]);
    let again = named("dereference", [Expression::Int(1)]);
    let read = jelly::read(named("list", [shared, again.clone(), again]), &Limits::OF_WORKER).unwrap();
    assert_eq!(read, Value::List(vec![Value::Tuple(vec![]); 3]));
}

#[test]
fn few_bytes_do_not_become_many_values() {
    // Each list holds the one before twice.
    let mut value = named("list", [Expression::Int(7)]);
    for number in 1..30 {
        let first = named("reference", [Expression::Int(number), value]);
        value = named("list", [first, named("dereference", [Expression::Int(number)])]);
    }
    is_over(jelly::read(value, &Limits::OF_WORKER), "values in a message");

    let large = Expression::Bytes(vec![0; Limits::OF_WORKER.string]);
    let large = named("reference", [Expression::Int(1), large]);
    let copies = std::iter::repeat_n(named("dereference", [Expression::Int(1)]), 1000);
    let all = [Expression::text("list"), large].into_iter().chain(copies);
    let all = Expression::List(all.collect());
    is_over(
        jelly::read(all, &Limits::OF_WORKER),
        "bytes of values in a message",
    );
}

#[test]
fn what_is_shared_does_not_become_deep() {
    // Each list holds the one before, which stands beside it.
    let chain = |length| {
        let first = named("reference", [Expression::Int(0), named("list", [])]);
        let others = (1..length).map(|number| {
            let before = named("dereference", [Expression::Int(number - 1)]);
            named("reference", [Expression::Int(number), named("list", [before])])
        });
        let all = [Expression::text("list"), first].into_iter().chain(others);
        jelly::read(Expression::List(all.collect()), &Limits::OF_WORKER)
    };
    assert!(chain(20).is_ok());
    is_over(chain(100), "values in each other");
}

#[test]
fn values_in_values_that_are_shared_are_counted_as_they_are() {
    let mut value = named("list", [Expression::Int(7)]);
    for number in 0..30 {
        value = named("reference", [Expression::Int(number), named("tuple", [value])]);
    }
    assert!(jelly::read(value, &Limits::OF_WORKER).is_ok());
}

#[test]
fn what_holds_itself_is_refused() {
    let itself = named("dereference", [Expression::Int(1)]);
    let value = named("reference", [Expression::Int(1), named("list", [itself.clone()])]);
    assert_eq!(jelly::read(value, &Limits::OF_WORKER), Err(Error::Reference(1)));
    assert_eq!(jelly::read(itself, &Limits::OF_WORKER), Err(Error::Reference(1)));
}

#[test]
fn other_types_are_refused_by_their_names() {
    let of = |name: &str| jelly::read(named(name, [Expression::text("os.system")]), &Limits::OF_WORKER);
    for name in [
        "class",
        "function",
        "instance",
        "module",
        "method",
        "persistent",
        "unpersistable",
        "copy",
        "cache",
        "cached",
        "lcache",
        "datetime",
        "decimal",
        "os.system",
        "twisted.spread.pb.RemoteCacheObserver",
    ] {
        assert_eq!(of(name), Err(Error::Type(name.into())));
    }
    // Nor are those that are spelled wrong.
    for value in [
        list([]),
        list([list([])]),
        named("None", [Expression::Int(1)]),
        named("boolean", [Expression::text("maybe")]),
        named("unicode", [Expression::Int(1)]),
        named("dictionary", [Expression::Int(1)]),
        named("dictionary", [list([Expression::Int(1)])]),
        named("remote", [Expression::text("root")]),
    ] {
        let read = jelly::read(value.clone(), &Limits::OF_WORKER);
        assert!(matches!(read, Err(Error::Form { .. })), "{value:?}: {read:?}");
    }
}

#[test]
fn an_error_may_be_of_any_class() {
    let failure = named("some.module.Failure", [named("dictionary", [])]);
    let error = named("error", [Expression::Int(1), failure]);
    let Message::Error(1, failure) = Message::read(error, &Limits::OF_WORKER).unwrap() else {
        panic!("an error");
    };
    assert_eq!(
        (failure.class(), failure.kind().as_ref()),
        ("some.module.Failure", "")
    );
}

#[test]
fn msgpack_is_refused_by_its_heads() {
    let read = |bytes: &[u8]| msgpack::decode(bytes, &SMALL);
    is_over(read(b"\xab"), "bytes in a string");
    is_over(read(b"\xc6\xff\xff\xff\xff"), "bytes in a string");
    is_over(read(b"\xdd\xff\xff\xff\xff"), "items in a message");
    is_over(read(b"\x84"), "items in a message");
    is_over(read(b"\x91\x91\x91\x91\xc0"), "lists in each other");
    is_over(read(&[0xc0; 41]), "bytes in a message");
    // As many items as are allowed, and fewer bytes than items.
    assert!(matches!(read(b"\x96\xc0"), Err(Error::Msgpack(_))));
    assert_eq!(
        read(b"\x96\xc0\xc0\xc0\xc0\xc0\xc0").unwrap(),
        Value::List(vec![Value::None; 6])
    );
    assert!(
        matches!(read(b"\xd4\x01\x00"), Err(Error::Type(_))),
        "an extension"
    );
    assert!(matches!(read(b"\xa1\xff"), Err(Error::Msgpack(_))), "no UTF-8");
}

#[test]
fn msgpack_has_no_form_for_what_is_of_the_broker() {
    for value in [Value::OfSender(1), Value::Set(vec![])] {
        assert!(matches!(msgpack::encode(&value), Err(Error::Type(_))));
    }
    assert_eq!(msgpack::encode(&Value::Int(1 << 64)), Err(Error::Integer));
}
