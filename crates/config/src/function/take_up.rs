//! Takes up the functions among the arguments of a call, so that they can be called when the evaluation is over.

use std::collections::BTreeMap;

use starlark::environment::Module;
use starlark::values::dict::{AllocDict, DictRef};
use starlark::values::list::{AllocList, ListRef};
use starlark::values::tuple::{AllocTuple, TupleRef};
use starlark::values::{Heap, Value};

use super::{About, Function, Program};
use crate::diagnostic::Place;
use crate::object::{Builtin, Item, Made};
use crate::session::Session;

/// How deep functions are looked for; deeper than any argument's value goes.
pub(super) const MAX_DEPTH: usize = 4;
/// The most arguments that a function is ever called with.
const MOST_ARGUMENTS: usize = 4;

/// The value with each function in it replaced by what stands for it; the value itself if it has none.
pub(crate) fn take_up<'v>(
    value: Value<'v>,
    module: &Module<'v>,
    session: &Session,
    place_of: &dyn Fn(Option<usize>) -> Place,
) -> Value<'v> {
    let heap = module.heap();
    let taken = |value: Value<'v>, item: Option<usize>| {
        is_function(value).then(|| {
            let known = |known: &mut BTreeMap<_, _>| function(value, module, session, known, place_of(item));
            heap.alloc(Made::of(Item::Function(session.take_up(known))))
        })
    };
    replaced(value, heap, &taken, MAX_DEPTH).unwrap_or(value)
}

/// Takes up a function that a variable of the file stands for.
pub(crate) fn take_up_variable<'v>(value: Value<'v>, module: &Module<'v>, session: &Session) {
    if is_function(value) {
        session.take_up(|known| function(value, module, session, known, Place::default()));
    }
}

/// The value with what `replace` gives for parts of it; none if it gives nothing. It is told the number of the item of
/// a list that the part is in.
pub(super) fn replaced<'v>(
    value: Value<'v>,
    heap: Heap<'v>,
    replace: &dyn Fn(Value<'v>, Option<usize>) -> Option<Value<'v>>,
    depth: usize,
) -> Option<Value<'v>> {
    if let Some(other) = replace(value, None) {
        return Some(other);
    }
    if depth == 0 {
        return None;
    }
    let inner =
        |value, item: Option<usize>| replaced(value, heap, &|value, _| replace(value, item), depth - 1);
    if let Some(list) = ListRef::from_value(value) {
        return items(list.content(), inner).map(|it| heap.alloc(AllocList(it)));
    }
    if let Some(tuple) = TupleRef::from_value(value) {
        return items(tuple.content(), inner).map(|it| heap.alloc(AllocTuple(it)));
    }
    let dict = DictRef::from_value(value)?;
    let values: Vec<Value<'v>> = dict.values().collect();
    let values = items(&values, |value, _| inner(value, None))?;
    let keys: Vec<Value<'v>> = dict.keys().collect();
    Some(alloc_dict(heap, keys, values))
}

fn alloc_dict<'v>(heap: Heap<'v>, keys: Vec<Value<'v>>, values: Vec<Value<'v>>) -> Value<'v> {
    heap.alloc(AllocDict(keys.into_iter().zip(values)))
}

/// The items with functions replaced; none if there are none among them.
fn items<'v>(
    items: &[Value<'v>],
    inner: impl Fn(Value<'v>, Option<usize>) -> Option<Value<'v>>,
) -> Option<Vec<Value<'v>>> {
    let mut found = false;
    let replaced = items
        .iter()
        .enumerate()
        .map(|(number, item)| match inner(*item, Some(number)) {
            Some(it) => {
                found = true;
                it
            }
            None => *item,
        })
        .collect();
    found.then_some(replaced)
}

/// Whether it is a `def`, a `lambda` or a `partial`, and none of the functions that Starlark or the configuration has.
pub(crate) fn is_function(value: Value<'_>) -> bool {
    value.parameters_spec().is_some()
        || (value.get_type() == "function"
            && value.function_name().is_none()
            && Builtin::from_value(value).is_none())
}

/// The function that stands for the value: one of `known`, those of its name so far, or a new one.
fn function<'v>(
    value: Value<'v>,
    module: &Module<'v>,
    session: &Session,
    known: &mut BTreeMap<String, Vec<Function>>,
    given_at: Place,
) -> Function {
    let name = value.function_name().unwrap_or("partial").to_owned();
    let namesakes = known.entry(name.clone()).or_default();
    // A function is given again as the one that a name stands for, or as the one that was made last.
    for it in [namesakes.first(), namesakes.last()].into_iter().flatten() {
        let slot = module.get(&Program::slot(it.id()));
        if slot.is_some_and(|slot| slot.ptr_eq(value)) {
            return it.clone();
        }
    }
    let id = match namesakes.len() {
        0 => name.clone(),
        before => format!("{name}#{}", before + 1),
    };
    module.set(&Program::slot(&id), value);
    let takes = (0..=MOST_ARGUMENTS)
        .filter(|number| {
            value
                .parameters_spec()
                .is_none_or(|it| it.can_fill_with_args(*number, &[]))
        })
        .fold(0, |takes, number| takes | 1 << number);
    let about = About {
        id,
        place: session.sites.definition(&name).unwrap_or(given_at),
        name,
        takes,
        parameters: value
            .parameters_spec()
            .map(|it| it.parameters_str())
            .unwrap_or_default(),
    };
    let function = Function::new(about, &session.program);
    namesakes.push(function.clone());
    function
}
