//! What functions are told, as Starlark's values.

#![expect(
    unsafe_code,
    reason = "what Starlark derives for its values implements unsafe traits; none is written here"
)]

use std::fmt;
use std::sync::Arc;

use allocative::Allocative;
use starlark::eval::{Arguments, Evaluator};
use starlark::starlark_simple_value;
use starlark::values::list::AllocList;
use starlark::values::{
    Heap, NoSerialize, ProvidesStaticType, StarlarkPagablePanic, StarlarkValue, UnpackValue, Value,
    starlark_value,
};

use super::argument::{Argument, Facts};

/// Something with attributes.
#[derive(Debug, ProvidesStaticType, NoSerialize, StarlarkPagablePanic, Allocative)]
pub(crate) struct FactsValue(#[allocative(skip)] pub(crate) Arc<Facts>);

starlark_simple_value!(FactsValue);

impl fmt::Display for FactsValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0.kind)
    }
}

impl Argument {
    /// The argument as a value of `heap`.
    pub(super) fn alloc<'v>(&self, heap: Heap<'v>) -> Value<'v> {
        match self {
            Self::Plain(value) => heap.alloc(value),
            Self::Facts(facts) => heap.alloc(FactsValue(Arc::clone(facts))),
            Self::List(items) => heap.alloc(AllocList(items.iter().map(|it| it.alloc(heap)))),
        }
    }
}

#[starlark_value(type = "facts")]
impl<'v> StarlarkValue<'v> for FactsValue {
    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        if let Some(value) = self.0.attributes.get(attribute) {
            return Some(value.alloc(heap));
        }
        let method = METHODS.iter().find(|it| it.name == attribute)?;
        self.0.attributes.contains_key(method.of).then(|| {
            heap.alloc(MethodValue {
                facts: Arc::clone(&self.0),
                method,
            })
        })
    }

    fn dir_attr(&self) -> Vec<String> {
        let methods = METHODS
            .iter()
            .filter(|it| self.0.attributes.contains_key(it.of))
            .map(|it| it.name);
        let attributes = self.0.attributes.keys().map(|it| it.as_ref());
        attributes.chain(methods).map(str::to_owned).collect()
    }

    fn equals(&self, other: Value<'v>) -> starlark::Result<bool> {
        Ok(Self::from_value(other).is_some_and(|it| Arc::ptr_eq(&it.0, &self.0)))
    }
}

/// A method of something with attributes.
#[derive(Debug)]
struct Method {
    name: &'static str,
    /// The attribute that whoever has the method has.
    of: &'static str,
    most_arguments: usize,
    run: for<'v> fn(&Facts, &[Value<'v>], Heap<'v>) -> Result<Value<'v>, &'static str>,
}

const METHODS: &[Method] = &[
    Method {
        name: "prop",
        of: "properties",
        most_arguments: 2,
        run: prop,
    },
    Method {
        name: "source",
        of: "sources",
        most_arguments: 1,
        run: source,
    },
];

/// The property's value, else the default, else `None`.
fn prop<'v>(facts: &Facts, arguments: &[Value<'v>], heap: Heap<'v>) -> Result<Value<'v>, &'static str> {
    let name = arguments.first().and_then(|it| it.unpack_str());
    let name = name.ok_or("prop(name, default) takes a property's name")?;
    let value = match facts.attributes.get("properties") {
        Some(Argument::Plain(serde_json::Value::Object(properties))) => properties.get(name),
        _ => None,
    };
    let default = arguments.get(1).copied().unwrap_or_else(Value::new_none);
    Ok(match value {
        None | Some(serde_json::Value::Null) => default,
        Some(value) => heap.alloc(value),
    })
}

/// The source of that codebase, `""` unless given; `None` if there is none.
fn source<'v>(facts: &Facts, arguments: &[Value<'v>], heap: Heap<'v>) -> Result<Value<'v>, &'static str> {
    let codebase = match arguments.first() {
        None => "",
        Some(it) => it
            .unpack_str()
            .ok_or("source(codebase) takes a codebase's name")?,
    };
    let Some(Argument::List(sources)) = facts.attributes.get("sources") else {
        return Ok(Value::new_none());
    };
    let wanted = Argument::Plain(codebase.into());
    let found = sources.iter().find(|it| match it {
        Argument::Facts(it) => it.attributes.get("codebase") == Some(&wanted),
        _ => false,
    });
    Ok(found.map_or_else(Value::new_none, |it| it.alloc(heap)))
}

/// A method with what it is of.
#[derive(Debug, ProvidesStaticType, NoSerialize, StarlarkPagablePanic, Allocative)]
struct MethodValue {
    #[allocative(skip)]
    facts: Arc<Facts>,
    #[allocative(skip)]
    method: &'static Method,
}

starlark_simple_value!(MethodValue);

impl fmt::Display for MethodValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<method {} of {}>", self.method.name, self.facts.kind)
    }
}

#[starlark_value(type = "function")]
impl<'v> StarlarkValue<'v> for MethodValue {
    fn invoke(
        &self,
        _: Value<'v>,
        arguments: &Arguments<'v, '_>,
        evaluator: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let heap = evaluator.heap();
        let mut values: Vec<Value<'v>> = arguments.positions(heap)?.collect();
        // `default` reads well by its name.
        for (name, value) in arguments.names_map()? {
            if self.method.name != "prop" || name.as_str() != "default" || values.len() != 1 {
                return Err(wrong(format!(
                    "{}() takes no '{}'",
                    self.method.name,
                    name.as_str()
                )));
            }
            values.push(value);
        }
        if values.len() > self.method.most_arguments {
            let most = self.method.most_arguments;
            return Err(wrong(format!(
                "{}() takes {most} arguments at the most",
                self.method.name
            )));
        }
        (self.method.run)(&self.facts, &values, heap).map_err(wrong)
    }
}

/// A call of a method that it does not take.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct WrongCall(String);

pub(super) fn wrong(message: impl Into<String>) -> starlark::Error {
    starlark::Error::new_other(WrongCall(message.into()))
}

/// What it stands for, if it is a number that a JSON number can hold.
pub(super) fn integer(value: Value<'_>) -> Option<i64> {
    i64::unpack_value(value).ok().flatten()
}
