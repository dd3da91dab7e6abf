//! What functions ask of a regular expression: `regex(…).match(text)`.

#![expect(
    unsafe_code,
    reason = "what Starlark derives for its values implements unsafe traits; none is written here"
)]

use std::fmt;

use allocative::Allocative;
use starlark::eval::{Arguments, Evaluator};
use starlark::starlark_simple_value;
use starlark::values::list::AllocList;
use starlark::values::{
    Heap, NoSerialize, ProvidesStaticType, StarlarkPagablePanic, StarlarkValue, Value, starlark_value,
};

use super::facts::wrong;
use crate::model::Pattern;

/// The method's name; Python's.
pub(crate) const MATCH: &str = "match";

/// The method with the expression that it is of.
#[derive(Debug, ProvidesStaticType, NoSerialize, StarlarkPagablePanic, Allocative)]
pub(crate) struct MatchMethod(#[allocative(skip)] pub(crate) Pattern);

starlark_simple_value!(MatchMethod);

impl fmt::Display for MatchMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<method {MATCH} of a regular expression>")
    }
}

#[starlark_value(type = "function")]
impl<'v> StarlarkValue<'v> for MatchMethod {
    fn invoke(
        &self,
        _: Value<'v>,
        arguments: &Arguments<'v, '_>,
        evaluator: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let heap = evaluator.heap();
        let values: Vec<Value<'v>> = arguments.positions(heap)?.collect();
        let text = match values.as_slice() {
            [text] if arguments.names_map()?.is_empty() => text.unpack_str(),
            _ => None,
        };
        let text = text.ok_or_else(|| wrong("match(text) takes a string"))?;
        Ok(found(&self.0, text, heap))
    }
}

/// What matches at the beginning of the text, then what each group of the expression matches, `None` for one that does
/// not; `None` alone if nothing does.
fn found<'v>(pattern: &Pattern, text: &str, heap: Heap<'v>) -> Value<'v> {
    let captures = match pattern {
        Pattern::Regex(regex) => regex.captures(text),
        Pattern::Text(_) => None,
    };
    captures.map_or_else(Value::new_none, |captures| {
        let groups = captures
            .iter()
            .map(|group| group.map_or_else(Value::new_none, |it| heap.alloc(it.as_str())));
        heap.alloc(AllocList(groups))
    })
}
