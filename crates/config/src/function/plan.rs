//! Functions that give steps, and the plans in which these steps are kept with their build.

use std::collections::BTreeMap;
use std::sync::Arc;

use starlark::environment::{GlobalsBuilder, Module};
use starlark::eval::Evaluator;
use starlark::syntax::AstModule;
use starlark::values::list::ListRef;
use starlark::values::tuple::TupleRef;
use starlark::values::{Heap, Value};
use weir_status_api::Results;

use super::argument::{Argument, BuildFacts};
use super::run::{self, Given, MAX_TICKS_OF_CALL};
use super::take_up::{is_function, replaced};
use super::{Function, FunctionError, Program};
use crate::depth;
use crate::evaluate::{MAX_CALLS, diagnostic, dialect};
use crate::functions;
use crate::model::StepConfig;
use crate::object::{Builtin, Item, Made, Object};
use crate::range::bounded_range;
use crate::session::Session;

/// How many steps functions may add to one build.
pub const MOST_GENERATED: usize = 1_000;
/// How long a plan may be, in bytes.
const LONGEST_PLAN: usize = 256 * 1024;
/// Bytes of Starlark values in the reading of a plan.
const MAX_HEAP: usize = 64 << 20;

/// What a function that gives steps is told of its step.
#[derive(Clone, Debug)]
pub struct StepFacts {
    /// The build.
    pub build: BuildFacts,
    /// The step's name.
    pub name: String,
    /// How its command exited and what it wrote, if it has one.
    pub output: Option<StepOutput>,
    /// The build's steps before it, in their order.
    pub ran: Vec<RanStep>,
}

/// What a command came to.
#[derive(Clone, Debug)]
pub struct StepOutput {
    /// Its exit code.
    pub exit_code: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// A step that has ended.
#[derive(Clone, Debug)]
pub struct RanStep {
    /// Its name.
    pub name: String,
    /// How it ended.
    pub results: Results,
    /// Its state, for people.
    pub state: String,
}

/// Steps that a function gave.
#[derive(Clone, Debug, Default)]
pub struct Generated {
    /// They as text, which [`Function::read_plan`] reads again.
    pub plan: String,
    /// The steps.
    pub steps: Vec<StepConfig>,
}

impl Function {
    /// Calls it for the steps that come behind the step that it is told of. It waits for that:
    /// [`LONGEST_CALL`](super::LONGEST_CALL) at the most, so not on a thread that others wait for.
    ///
    /// # Errors
    /// [`FunctionError`], as [`Function::call`], and if it gives what is no list of steps, or a step with a mistake.
    pub fn generate(
        &self,
        step: &StepFacts,
        arguments: &BTreeMap<String, serde_json::Value>,
    ) -> Result<Generated, FunctionError> {
        let named = arguments.iter();
        let given = Given {
            positional: vec![Argument::step(step)],
            named: named
                .map(|(name, value)| (name.clone(), Argument::Plain(value.clone())))
                .collect(),
            gives_steps: true,
        };
        let plan = run::call(self, given, plan_of)?;
        let steps = self.read_plan(&plan)?;
        if steps.len() > MOST_GENERATED {
            let why = format!("gives {} steps; a build takes {MOST_GENERATED}", steps.len());
            return Err(self.error(why));
        }
        Ok(Generated { plan, steps })
    }

    /// The steps of a plan that the function gave.
    ///
    /// # Errors
    /// [`FunctionError`] if this version of Weir does not take them.
    pub fn read_plan(&self, plan: &str) -> Result<Vec<StepConfig>, FunctionError> {
        let text = plan.to_owned();
        let (items, log) = run::on_thread(self, move |program, _| (items_of(program, &text), program.log()))?;
        let items = items.map_err(|why| self.error(format!("gave steps that cannot be taken: {why}")))?;
        let steps = items.into_iter().flat_map(|it| match it {
            Item::Step(step) => vec![*step],
            Item::Group(steps) => steps,
            _ => vec![],
        });
        let mut steps: Vec<StepConfig> = steps.collect();
        for step in &mut steps {
            step.log = step.log.or(log);
        }
        Ok(steps)
    }

    /// The same function, which can be called as long as `program` is there.
    pub(crate) fn of_program(&self, program: &Arc<Program>) -> Self {
        Self {
            about: Arc::clone(&self.about),
            program: super::Held::Strong(Arc::clone(program)),
        }
    }
}

/// The plan of the steps that a function gave.
fn plan_of(value: Value<'_>) -> Result<String, String> {
    if value.is_none() {
        return Ok("[]".to_owned());
    }
    let list = ListRef::from_value(value).map(ListRef::content);
    let items = list.or_else(|| TupleRef::from_value(value).map(TupleRef::content));
    let noun =
        |value: Value<'_>| Object::from_value(value).map_or_else(|| value.get_type(), |it| it.0.noun());
    let Some(items) = items else {
        return Err(format!("must give a list of steps, not {}", noun(value)));
    };
    let mut plan = String::from("[");
    for (number, item) in items.iter().enumerate() {
        let noun = noun(*item);
        let spelling = Made::from_value(*item).and_then(|it| it.spelling.as_ref());
        if !["a step", "a group of steps"].contains(&noun) {
            let help = match ListRef::from_value(*item) {
                Some(_) => "; join lists of steps with +",
                None => "",
            };
            return Err(format!(
                "must give a list of steps; item {number} is {noun}{help}"
            ));
        }
        let Some(spelling) = spelling else {
            return Err(format!(
                "gives a step that cannot be kept: item {number} is too large"
            ));
        };
        plan.push_str(spelling);
        plan.push_str(",\n");
        if plan.len() > LONGEST_PLAN {
            return Err(format!("gives steps of more than {LONGEST_PLAN} bytes"));
        }
    }
    plan.push(']');
    Ok(plan)
}

/// What the list in a plan's text holds.
fn items_of(program: &Arc<Program>, text: &str) -> Result<Vec<Item>, String> {
    let dialect = dialect();
    if depth::too_deep(text, "plan", &dialect).is_some() {
        return Err("they nest too deep".to_owned());
    }
    let parsed = AstModule::parse("plan", text.to_owned(), &dialect);
    let parsed = parsed.map_err(|error| diagnostic(&error, "plan").message)?;
    let mut globals = GlobalsBuilder::standard().with(bounded_range);
    for function in functions::of_plan() {
        globals.set(function.name, Builtin { function, of: None });
    }
    let globals = globals.build();
    let session = Session::at_run_time(program, true);
    Module::with_temp_heap(|module| {
        let mut evaluator = Evaluator::new(&module);
        evaluator.disable_gc();
        evaluator.extra = Some(&session);
        evaluator
            .set_max_tick_count(MAX_TICKS_OF_CALL)
            .and_then(|()| evaluator.set_max_heap_size(MAX_HEAP))
            .and_then(|()| evaluator.set_max_callstack_size(MAX_CALLS))
            .map_err(|error| error.to_string())?;
        let value = evaluator.eval_module(parsed, &globals);
        let value = value.map_err(|error| diagnostic(&error, "plan").message)?;
        let items = ListRef::from_value(value)
            .map(ListRef::content)
            .unwrap_or_default();
        let items = items.iter().map(|it| match Object::from_value(*it) {
            Some(Object(item)) => Ok(item.clone()),
            None => Err("they are no list of steps".to_owned()),
        });
        items.collect()
    })
}

/// The value, given to a call by a function that gives steps, with what stands for the configuration's functions in it,
/// and what was made when the configuration was read as it was then.
pub(crate) fn take_back<'v>(value: Value<'v>, heap: Heap<'v>, session: &Session) -> Value<'v> {
    let back = |value: Value<'v>, _: Option<usize>| -> Option<Value<'v>> {
        if is_function(value) {
            let known = session.program.function_of(value);
            let item = known.map_or(
                Item::Other(
                    "a function made while the build runs: only those of the file's top level can be kept",
                ),
                Item::Function,
            );
            return Some(heap.alloc(Made::of(item)));
        }
        let spelling = Made::left_spelling(value)?;
        let mut items = items_of(&session.program, &format!("[{spelling}]")).ok()?;
        let made = Made::new(items.pop()?, Some(Arc::clone(spelling)));
        Some(heap.alloc(made))
    };
    replaced(value, heap, &back, super::take_up::MAX_DEPTH).unwrap_or(value)
}
