//! One call of one of the configuration's functions: its arguments by name, each read with what it must be.

use std::collections::BTreeMap;
use std::sync::Arc;

use starlark::eval::{Arguments, Evaluator};
use starlark::values::Value;

use crate::diagnostic::Place;
use crate::function::{is_function, take_back, take_up};
use crate::model::Secret;
use crate::nearest::{did_you_mean, nearest};
use crate::object::{Item, Object};
use crate::read::{self, Reading, Wrong};
use crate::session::{Files, Kind, Reference, Session};
use crate::sites::{Argument, CallSite};
use crate::spell;

/// A function of the configuration.
#[derive(Debug)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its parameters.
    pub(crate) parameters: &'static [&'static str],
    /// How many of them may be given by position, from the first on.
    pub(crate) positional: usize,
    /// Whether it takes arguments of any other name as well.
    pub(crate) any_name: bool,
    /// Does what it does; none if there was a mistake.
    pub(crate) run: for<'v> fn(&mut Call<'v, '_>) -> Option<Item>,
}

/// One call. Mistakes are noted in the session and make the call [not whole](Call::is_whole); reading goes on with
/// some value, so that one run finds them all.
pub(crate) struct Call<'v, 's> {
    session: &'s Session,
    function: &'static Function,
    /// What a method is called on.
    receiver: Option<Item>,
    site: CallSite,
    /// The place in the file's top level by way of which this call came about, if it is in a function.
    by_way_of: Option<Place>,
    values: BTreeMap<String, (Value<'v>, Option<Argument>)>,
    /// The arguments that are functions, as they were given.
    functions: BTreeMap<String, Value<'v>>,
    /// Parameters that were probably meant by arguments with a mistake, so that they are not missing as well.
    meant: Vec<&'static str>,
    whole: bool,
}

/// The session of an evaluation.
pub(crate) fn session<'a>(evaluator: &Evaluator<'_, 'a, '_>) -> Option<&'a Session> {
    evaluator.extra.and_then(|it| it.downcast_ref::<Session>())
}

impl<'v, 's> Call<'v, 's> {
    /// Sorts the arguments by name; too many and unknown ones are mistakes.
    pub(crate) fn bind(
        function: &'static Function,
        receiver: Option<Item>,
        arguments: &Arguments<'v, '_>,
        evaluator: &Evaluator<'v, 's, '_>,
    ) -> starlark::Result<Self> {
        let Some(session) = session(evaluator) else {
            return Err(starlark::Error::new_other(NoSession));
        };
        let top = evaluator.call_stack_top_location();
        // The outermost frame is called from the file's top level; if it is the only one, it is this call.
        let frames = evaluator.call_stack().into_frames();
        let outermost = frames.first().filter(|_| frames.len() > 1);
        if session.is_run_time && !crate::functions::is_of_run_time(function, session.gives_steps) {
            return Err(starlark::Error::new_other(OnlyWhenRead(function.name)));
        }
        let mut call = Self {
            session,
            function,
            receiver,
            site: top.map(|it| session.sites.at(&it)).unwrap_or_default(),
            by_way_of: outermost
                .and_then(|it| it.location.as_ref())
                .map(|it| crate::sites::place(&it.file, it.span)),
            values: BTreeMap::new(),
            functions: BTreeMap::new(),
            meant: vec![],
            whole: true,
        };
        for (number, value) in arguments.positions(evaluator.heap())?.enumerate() {
            if let Some(name) = function.parameters.get(number) {
                call.note_function(name, value);
            }
            let value = call.taken_up(value, call.site.positional(number), evaluator);
            call.bind_position(number, value);
        }
        for (name, value) in arguments.names_map()? {
            call.note_function(name.as_str(), value);
            let value = call.taken_up(value, call.site.named(name.as_str()), evaluator);
            call.bind_name(name.as_str(), value);
        }
        Ok(call)
    }

    /// The value with the functions in it taken up, so that they can be called when the file is read.
    fn taken_up(
        &self,
        value: Value<'v>,
        argument: Option<&Argument>,
        evaluator: &Evaluator<'v, 's, '_>,
    ) -> Value<'v> {
        if self.session.gives_steps {
            return take_back(value, evaluator.heap(), self.session);
        }
        if self.session.is_run_time {
            return value;
        }
        let place = |item: Option<usize>| {
            let items = argument.map(|it| it.items.as_slice()).unwrap_or_default();
            let item = item.and_then(|it| items.get(it).copied());
            item.or(argument.map(|it| it.value)).unwrap_or(self.site.place)
        };
        take_up(value, evaluator.module(), self.session, &place)
    }

    fn note_function(&mut self, name: &str, value: Value<'v>) {
        if is_function(value) {
            self.functions.insert(name.to_owned(), value);
        }
    }

    /// Whether the function that the argument is can be called with as many arguments by position, and these names.
    pub(crate) fn fills(&self, argument: &str, positional: usize, names: &[&str]) -> bool {
        let spec = self.functions.get(argument).and_then(|it| it.parameters_spec());
        spec.is_none_or(|it| it.can_fill_with_args(positional, names))
    }

    /// How what the call gives is written in a plan of steps; none if it is of no use there.
    pub(crate) fn spelling(&self, item: &Item) -> Option<Arc<str>> {
        if !matches!(
            item,
            Item::Step(_) | Item::Group(_) | Item::Command(_) | Item::Text(_) | Item::Regex(_)
        ) {
            return spell::of_item(item);
        }
        let arguments = self
            .values
            .iter()
            .map(|(name, (value, _))| Some(format!("{name} = {}", spell::of_value(*value)?)));
        let arguments: Vec<String> = arguments.collect::<Option<_>>()?;
        Some(format!("{}({})", self.function.name, arguments.join(", ")).into())
    }

    /// Ends the call: while the master runs, its first mistake ends the function that made it.
    pub(crate) fn end(&self) -> starlark::Result<()> {
        match self.session.first_mistake() {
            Some(mistake) if self.session.is_run_time => {
                let help = mistake.help.map(|it| format!("; {it}")).unwrap_or_default();
                Err(starlark::Error::new_other(Mistaken(mistake.message + &help)))
            }
            _ => Ok(()),
        }
    }

    fn bind_position(&mut self, number: usize, value: Value<'v>) {
        let argument = self.site.positional(number).cloned();
        let function = self.function;
        if number < function.positional {
            self.values
                .insert(function.parameters[number].to_owned(), (value, argument));
            return;
        }
        self.meant.extend(function.parameters.get(number));
        if number == function.positional {
            let place = argument.map_or(self.site.place, |it| it.place);
            let message = match number {
                0 => "takes arguments by name only".to_owned(),
                _ => format!(
                    "takes only {} by position",
                    listed(&function.parameters[..number])
                ),
            };
            let help = function
                .parameters
                .get(number)
                .map(|it| format!("name the others, e.g. {it} = …"));
            self.mistake_at(place, &message, help);
        }
    }

    fn bind_name(&mut self, name: &str, value: Value<'v>) {
        let argument = self.site.named(name).cloned();
        let place = argument.as_ref().map_or(self.site.place, |it| it.place);
        let function = self.function;
        if !function.any_name && !function.parameters.contains(&name) {
            let near = nearest(name, function.parameters.iter().copied());
            self.meant.extend(near);
            let help = near.map_or_else(
                || format!("it takes {}", listed(function.parameters)),
                did_you_mean,
            );
            self.mistake_at(place, &format!("unknown argument '{name}'"), Some(help));
        } else if self.values.contains_key(name) {
            self.mistake_at(
                place,
                &format!("'{name}' is given twice, by position and by name"),
                None,
            );
        } else {
            self.values.insert(name.to_owned(), (value, argument));
        }
    }

    /// Whether there was no mistake in it so far.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// What the method is called on.
    pub(crate) fn receiver(&self) -> Option<&Item> {
        self.receiver.as_ref()
    }

    /// The evaluation that it is part of.
    pub(crate) fn session(&self) -> &'s Session {
        self.session
    }

    /// Whether the argument is given, and not as `None`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.given(name).is_some_and(|it| !it.is_none())
    }

    /// The argument's value if `read` takes it. None if it is not given, `None`, or wrong.
    pub(crate) fn optional<T>(&mut self, name: &str, read: impl Fn(Value<'v>) -> Reading<T>) -> Option<T> {
        let value = self.given(name)?;
        if value.is_none() {
            return None;
        }
        self.read(name, value, read)
    }

    /// The argument's value if `read` takes it; `default` if it is not given or wrong.
    pub(crate) fn or<T>(&mut self, name: &str, read: impl Fn(Value<'v>) -> Reading<T>, default: T) -> T {
        match self.given(name) {
            Some(value) => self.read(name, value, read).unwrap_or(default),
            None => default,
        }
    }

    /// The argument's value if `read` takes it, none if it is `None`; `default` if it is not given or wrong.
    pub(crate) fn or_none<T>(
        &mut self,
        name: &str,
        read: impl Fn(Value<'v>) -> Reading<T>,
        default: T,
    ) -> Option<T> {
        match self.given(name) {
            Some(value) if value.is_none() => None,
            Some(value) => self.read(name, value, read),
            None => Some(default),
        }
    }

    /// The argument's value, which must be given; some value if that is a mistake.
    pub(crate) fn required<T: Default>(&mut self, name: &str, read: impl Fn(Value<'v>) -> Reading<T>) -> T {
        match self.given(name) {
            Some(value) => self.read(name, value, read).unwrap_or_default(),
            None => {
                if !self.meant.contains(&name) {
                    let message = format!("'{name}' is missing");
                    self.mistake_at(self.site.place, &message, Some(format!("add {name} = …")));
                }
                T::default()
            }
        }
    }

    /// Arguments of other names than the function's own, with their values.
    pub(crate) fn others<T>(&mut self, read: impl Fn(Value<'v>) -> Reading<T>) -> BTreeMap<String, T> {
        let own = self.function.parameters;
        let others: Vec<(String, Value<'v>)> = self
            .values
            .iter()
            .filter(|(name, _)| !own.contains(&name.as_str()))
            .map(|(name, (value, _))| (name.clone(), *value))
            .collect();
        others
            .into_iter()
            .filter_map(|(name, value)| {
                let value = self.read(&name, value, &read)?;
                Some((name, value))
            })
            .collect()
    }

    /// The text of `inline`, or of the file that `file` names; not both. None if neither is given, or wrong.
    pub(crate) fn optional_secret(&mut self, inline: &str, file: &str) -> Option<Secret> {
        self.secret_of(inline, file, read::check_secret)
    }

    /// The name of the secret that the argument is, if it is `secret(…)`.
    pub(crate) fn named_secret(&self, argument: &str) -> Option<String> {
        match Object::from_value(self.given(argument)?) {
            Some(Object(Item::Text(text))) => text.as_secret().map(str::to_owned),
            _ => None,
        }
    }

    /// As [`Call::optional_secret`], for one that people choose.
    pub(crate) fn optional_password(&mut self, inline: &str, file: &str) -> Option<Secret> {
        self.secret_of(inline, file, read::check_password)
    }

    fn secret_of(&mut self, inline: &str, file: &str, check: fn(&str) -> Reading<Secret>) -> Option<Secret> {
        if self.given(inline).is_some() && self.given(file).is_some() {
            let help = Some(format!("remove one, best '{inline}'"));
            self.mistake(file, &format!("'{inline}' and '{file}' are both given"), help);
            return None;
        }
        let (folder, files) = (&self.session.folder, self.session.files);
        if let Some(text) = self.optional(inline, |value| read::secret(value, check)) {
            return Some(text);
        }
        self.optional(file, |value| match files {
            Files::Read => read::secret_file(value, folder, check),
            Files::LeftAlone => read::text(value).map(|_| Secret::new("")),
        })
    }

    /// As [`Call::optional_secret`], but one of the two must be given.
    pub(crate) fn secret(&mut self, inline: &str, file: &str) -> Secret {
        self.required_secret(inline, file, read::check_secret)
    }

    /// As [`Call::secret`], for one that people choose.
    pub(crate) fn password(&mut self, inline: &str, file: &str) -> Secret {
        self.required_secret(inline, file, read::check_password)
    }

    fn required_secret(&mut self, inline: &str, file: &str, check: fn(&str) -> Reading<Secret>) -> Secret {
        let given = [inline, file]
            .into_iter()
            .any(|it| self.meant.contains(&it) || self.given(it).is_some_and(|it| !it.is_none()));
        if !given {
            let message = format!("'{file}' is missing");
            let help = format!("add {file} = \"…\", a file beside the configuration, or {inline} = \"…\"");
            self.mistake_at(self.site.place, &message, Some(help));
        }
        self.secret_of(inline, file, check)
            .unwrap_or_else(|| Secret::new(""))
    }

    /// Takes `name` for the thing that the call makes; it is a mistake if another of its kind has it.
    pub(crate) fn declare(&mut self, kind: Kind, name: &str) {
        // A name that is missing or malformed is a mistake already.
        if name.is_empty() {
            return;
        }
        self.declare_within(kind, "", "name", name);
    }

    /// Takes `name`, given to the argument or made of its name, among those of its kind within `scope`.
    pub(crate) fn declare_within(&mut self, kind: Kind, scope: &str, argument: &str, name: &str) {
        // No name has a NUL.
        let known_as = if scope.is_empty() {
            name.to_owned()
        } else {
            format!("{scope}\0{name}")
        };
        if let Err(first) = self.session.declare(kind, &known_as, self.site.place) {
            let message = format!("there is already a {kind} '{name}', in line {}", first.line);
            self.mistake(argument, &message, Some(format!("give it another {argument}")));
        }
    }

    /// Notes that somebody must be there who has secrets.
    pub(crate) fn use_secret(&self) {
        self.session.use_secret(self.site.place);
    }

    /// Notes that each of `names`, given to the argument, must be the name of a `kind`.
    pub(crate) fn refer(&self, kind: Kind, argument: &str, names: &[String]) {
        for (number, name) in names.iter().enumerate() {
            self.refer_one(kind, argument, number, name);
        }
    }

    /// Notes that `name`, item `number` of the argument, must be the name of a `kind`.
    pub(crate) fn refer_one(&self, kind: Kind, argument: &str, number: usize, name: &str) {
        self.session.refer(Reference {
            kind,
            name: name.to_owned(),
            place: self.item_place(argument, Some(number)),
            said_to: format!("{}(): '{argument}'", self.function.name),
        });
    }

    /// Notes that the scheduler follows the one that the argument names.
    pub(crate) fn follow(&self, argument: &str, scheduler: &str, upstream: &str) {
        self.session
            .follow(scheduler, upstream, self.item_place(argument, None));
    }

    /// Notes a mistake in the argument.
    pub(crate) fn mistake(&mut self, argument: &str, message: &str, help: Option<String>) {
        self.mistake_at(self.item_place(argument, None), message, help);
    }

    /// The name of the function that is called.
    pub(crate) fn function(&self) -> &'static str {
        self.function.name
    }

    /// Where the argument begins; the call's place if that is not known.
    pub(crate) fn place(&self) -> Place {
        self.site.place
    }

    fn mistake_at(&mut self, place: Place, message: &str, help: Option<String>) {
        self.whole = false;
        let message = format!("{}(): {message}", self.function.name);
        self.session
            .mistake_by_way_of(self.by_way_of, place, message, help);
    }

    fn given(&self, name: &str) -> Option<Value<'v>> {
        debug_assert!(self.function.parameters.contains(&name), "{name} is no parameter");
        self.values.get(name).map(|(value, _)| *value)
    }

    fn argument(&self, name: &str) -> Option<&Argument> {
        self.values.get(name).and_then(|(_, argument)| argument.as_ref())
    }

    fn item_place(&self, name: &str, item: Option<usize>) -> Place {
        let Some(argument) = self.argument(name) else {
            return self.site.place;
        };
        item.and_then(|it| argument.items.get(it).copied())
            .unwrap_or(argument.place)
    }

    fn read<T>(&mut self, name: &str, value: Value<'v>, read: impl Fn(Value<'v>) -> Reading<T>) -> Option<T> {
        match read(value) {
            Ok(it) => Some(it),
            Err(wrongs) => {
                self.whole = false;
                for wrong in wrongs {
                    self.wrong(name, wrong);
                }
                None
            }
        }
    }

    fn wrong(&mut self, name: &str, wrong: Wrong) {
        let Wrong {
            path,
            item,
            character,
            message,
            help,
        } = wrong;
        let text = self.argument(name).and_then(|it| it.text);
        let place = match (character, text) {
            (Some(character), Some(text)) => text.right(character),
            _ => self.item_place(name, item),
        };
        self.mistake_at(place, &format!("'{name}{path}' {message}"), help);
    }
}

/// `'a', 'b'`.
fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|it| format!("'{it}'")).collect();
    quoted.join(", ")
}

/// A function of the configuration that describes something was called while the master runs.
#[derive(Debug, thiserror::Error)]
#[error("{0}() describes the configuration, and cannot be called while the master runs")]
struct OnlyWhenRead(&'static str);

/// A call with a mistake, while the master runs.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Mistaken(String);

/// The evaluation was set up without a [`Session`].
#[derive(Debug, thiserror::Error)]
#[error("there is no session to gather the configuration in")]
struct NoSession;
