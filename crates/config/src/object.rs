//! The values that the configuration's functions give.

#![expect(
    unsafe_code,
    reason = "what Starlark derives for its values implements unsafe traits; none is written here"
)]

use std::fmt;
use std::sync::Arc;

use allocative::Allocative;
use starlark::eval::{Arguments, Evaluator};
use starlark::starlark_simple_value;
use starlark::values::{
    AllocValue, Freeze, FreezeResult, Freezer, Heap, NoSerialize, ProvidesStaticType, StarlarkPagablePanic,
    StarlarkValue, Trace, Value, ValueLike, starlark_value,
};
use weir_status_api::ForceField;

use crate::call::{Call, Function};
use crate::function;
use crate::functions::OF_LOCK;
use crate::model::{LockAccess, LockConfig, Pattern, ReportConfig, SequenceCommand, StepConfig};
use crate::spell;
use crate::text::Text;

/// What a function gave.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// A worker, by its name.
    Worker(String),
    /// A builder, by its name.
    Builder(String),
    /// A project, by its name.
    Project(String),
    /// A codebase.
    Codebase {
        /// Its name.
        name: String,
        /// Its project's name.
        project: String,
    },
    /// A scheduler, by its name.
    Scheduler(String),
    /// A lock.
    Lock(Box<LockConfig>),
    /// A way to take a lock.
    LockAccess(LockAccess),
    /// A step.
    Step(Box<StepConfig>),
    /// Steps that run at the same time; never empty.
    Group(Vec<StepConfig>),
    /// A command of a sequence.
    Command(Box<SequenceCommand>),
    /// A field of a force scheduler.
    Field(Box<ForceField>),
    /// A report, with what its session knows it by.
    Report(usize, Box<ReportConfig>),
    /// A text with substitutions.
    Text(Text),
    /// A regular expression.
    Regex(Pattern),
    /// A function of the configuration's own, which is called while the master runs.
    Function(function::Function),
    /// Something that nothing takes, e.g. a change source.
    Other(&'static str),
}

impl Item {
    /// The functions that are called on it.
    fn methods(&self) -> &'static [&'static Function] {
        match self {
            Self::Lock(_) => OF_LOCK,
            _ => &[],
        }
    }

    /// What it is, for people.
    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Self::Worker(_) => "a worker",
            Self::Builder(_) => "a builder",
            Self::Project(_) => "a project",
            Self::Codebase { .. } => "a codebase",
            Self::Scheduler(_) => "a scheduler",
            Self::Lock(_) => "a lock",
            Self::LockAccess(_) => "an access to a lock",
            Self::Step(_) => "a step",
            Self::Group(_) => "a group of steps",
            Self::Command(_) => "a command",
            Self::Field(_) => "a field",
            Self::Report(..) => "a report",
            Self::Text(_) => "an interpolated text",
            Self::Regex(_) => "a regular expression",
            Self::Function(_) => "a function",
            Self::Other(noun) => noun,
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Worker(name)
            | Self::Builder(name)
            | Self::Project(name)
            | Self::Scheduler(name)
            | Self::Codebase { name, .. } => Some(name),
            Self::Lock(lock) => Some(&lock.name),
            Self::LockAccess(access) => Some(&access.lock),
            Self::Step(step) => Some(&step.name),
            Self::Field(field) => Some(&field.name),
            Self::Group(_)
            | Self::Command(_)
            | Self::Report(..)
            | Self::Text(_)
            | Self::Regex(_)
            | Self::Function(_)
            | Self::Other(_) => None,
        }
    }

    /// What of it is still of use when the evaluation is over. A function's module must not hold itself, and so not
    /// what holds its functions.
    fn left_over(self) -> Self {
        match self {
            Self::Text(text) => Self::Text(text.weak()),
            Self::Function(function) => Self::Function(function.weak()),
            named @ (Self::Worker(_)
            | Self::Builder(_)
            | Self::Project(_)
            | Self::Scheduler(_)
            | Self::Lock(_)
            | Self::LockAccess(_)
            | Self::Regex(_)
            | Self::Codebase { .. }) => named,
            other => Self::Other(other.noun()),
        }
    }
}

/// What a function gave.
#[derive(Debug)]
pub(crate) struct Object(pub(crate) Item);

impl Object {
    /// The object that the value is, if it is one.
    pub(crate) fn from_value<'v>(value: Value<'v>) -> Option<&'v Self> {
        Made::from_value(value).map(|it| &it.object)
    }
}

/// What a function gave, as Starlark's value.
#[derive(Debug, ProvidesStaticType, NoSerialize, StarlarkPagablePanic, Allocative, Trace)]
pub(crate) struct Made {
    #[allocative(skip)]
    #[trace(static)]
    object: Object,
    /// How it is written in a plan of steps; none for what is of no use in one.
    #[allocative(skip)]
    #[trace(static)]
    pub(crate) spelling: Option<Arc<str>>,
}

impl Made {
    /// An item that is no more than itself.
    pub(crate) fn of(item: Item) -> Self {
        let spelling = spell::of_item(&item);
        Self::new(item, spelling)
    }

    /// What a call gave, and how it is written.
    pub(crate) fn new(item: Item, spelling: Option<Arc<str>>) -> Self {
        Self {
            object: Object(item),
            spelling,
        }
    }

    /// What a call gave that the value is, if it is one.
    pub(crate) fn from_value<'v>(value: Value<'v>) -> Option<&'v Self> {
        let left = || value.downcast_ref::<LeftMade>().map(|it| &it.0);
        value.downcast_ref::<Self>().or_else(left)
    }

    /// How it is written in a plan, if it was made when the configuration was read and only that is left of it.
    pub(crate) fn left_spelling<'v>(value: Value<'v>) -> Option<&'v Arc<str>> {
        let left = &value.downcast_ref::<LeftMade>()?.0;
        left.spelling
            .as_ref()
            .filter(|_| matches!(left.object.0, Item::Other(_)))
    }
}

impl<'v> AllocValue<'v> for Made {
    fn alloc_value(self, heap: Heap<'v>) -> Value<'v> {
        heap.alloc_complex(self)
    }
}

impl Freeze for Made {
    type Frozen = LeftMade;

    fn freeze(self, _: &Freezer) -> FreezeResult<LeftMade> {
        Ok(LeftMade(Self {
            object: Object(self.object.0.left_over()),
            spelling: self.spelling,
        }))
    }
}

/// What is left of it when the evaluation is over.
#[derive(Debug, ProvidesStaticType, NoSerialize, StarlarkPagablePanic, Allocative)]
pub(crate) struct LeftMade(Made);

impl fmt::Display for LeftMade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[starlark_value(type = "configuration_object")]
impl<'v> StarlarkValue<'v> for LeftMade {
    type Canonical = Made;

    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        self.0.get_attr(attribute, heap)
    }

    fn dir_attr(&self) -> Vec<String> {
        self.0.dir_attr()
    }
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.object.0 {
            Item::Text(text) => text.fmt(f),
            item => match item.name() {
                Some(name) => write!(f, "<{} '{name}'>", item.noun()),
                None => write!(f, "<{}>", item.noun()),
            },
        }
    }
}

#[starlark_value(type = "configuration_object")]
impl<'v> StarlarkValue<'v> for Made {
    fn get_attr(&self, attribute: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        let item = &self.object.0;
        if attribute == "name" {
            return item.name().map(|it| heap.alloc(it));
        }
        if let (function::MATCH, Item::Regex(pattern)) = (attribute, item) {
            return Some(heap.alloc(function::MatchMethod(pattern.clone())));
        }
        let function = item.methods().iter().find(|it| it.name == attribute)?;
        Some(heap.alloc(Builtin {
            function,
            of: Some(item.clone()),
        }))
    }

    fn dir_attr(&self) -> Vec<String> {
        let item = &self.object.0;
        let name = item.name().map(|_| "name").into_iter();
        let methods = item.methods().iter().map(|it| it.name);
        let matches = matches!(item, Item::Regex(_)).then_some(function::MATCH);
        let all = name.chain(methods).chain(matches);
        all.map(str::to_owned).collect()
    }
}

/// What a call with a mistake gives, and a name that is not known. It can be called and asked for attributes
/// and items, so that the rest of the file is still looked at, and is no further mistake wherever it is given.
#[derive(Debug, ProvidesStaticType, NoSerialize, StarlarkPagablePanic, Allocative)]
pub(crate) struct Broken;

/// The type's name; a Starlark error that has it comes from a mistake that is known already.
pub(crate) const BROKEN: &str = "result_of_a_mistake";

starlark_simple_value!(Broken);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(BROKEN)
    }
}

#[starlark_value(type = BROKEN)]
impl<'v> StarlarkValue<'v> for Broken {
    fn invoke(
        &self,
        me: Value<'v>,
        arguments: &Arguments<'v, '_>,
        evaluator: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let named = arguments.names_map()?;
        let name = named
            .iter()
            .find(|(key, _)| key.as_str() == "name")
            .map(|(_, value)| *value);
        let first = arguments.positions(evaluator.heap())?.next();
        if let (Some(name), Some(session)) = (
            name.or(first).and_then(Value::unpack_str),
            crate::call::session(evaluator),
        ) {
            session.declare_unclear(name);
        }
        Ok(me)
    }

    fn get_attr(&self, _: &str, heap: Heap<'v>) -> Option<Value<'v>> {
        Some(heap.alloc(Self))
    }

    fn at(&self, _: Value<'v>, heap: Heap<'v>) -> starlark::Result<Value<'v>> {
        Ok(heap.alloc(Self))
    }

    fn iterate_collect(&self, _: Heap<'v>) -> starlark::Result<Vec<Value<'v>>> {
        Ok(vec![])
    }
}

/// A function of the configuration, as Starlark's value.
#[derive(Debug, ProvidesStaticType, NoSerialize, StarlarkPagablePanic, Allocative)]
pub(crate) struct Builtin {
    #[allocative(skip)]
    pub(crate) function: &'static Function,
    /// What it is called on, if it is a method.
    #[allocative(skip)]
    pub(crate) of: Option<Item>,
}

starlark_simple_value!(Builtin);

impl fmt::Display for Builtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<function {}>", self.function.name)
    }
}

#[starlark_value(type = "function")]
impl<'v> StarlarkValue<'v> for Builtin {
    fn invoke(
        &self,
        _: Value<'v>,
        arguments: &Arguments<'v, '_>,
        evaluator: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let mut call = Call::bind(self.function, self.of.clone(), arguments, evaluator)?;
        let item = (self.function.run)(&mut call);
        call.end()?;
        Ok(match item {
            Some(item) if call.is_whole() => evaluator.heap().alloc({
                let spelling = call.spelling(&item);
                Made::new(item, spelling)
            }),
            _ => evaluator.heap().alloc(Broken),
        })
    }
}
