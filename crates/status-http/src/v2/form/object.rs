//! Writing and reading one JSON object, field by field.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use weir_status_api::{BuildCell, Cell, Properties, Property, Results, Timestamp};

use super::{Form, FormError, view};

/// Follows the name of a time for the same in microseconds.
pub(crate) const MICROS: &str = "_us";

/// A resource as a JSON object: its fields by name, borrowed from it where that saves a copy.
///
/// Its text is that of the [`Value`] which [`Form::to_json`] makes of it, written without making that first.
#[derive(Clone, Debug)]
pub struct Object<'a>(Vec<(Name<'a>, Item<'a>)>);

/// The name of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Name<'a> {
    base: &'a str,
    /// Whether [`MICROS`] follows.
    micros: bool,
}

impl Name<'_> {
    fn is(self, name: &str) -> bool {
        let base = if self.micros {
            name.strip_suffix(MICROS)
        } else {
            Some(name)
        };
        base == Some(self.base)
    }
}

/// The value of a field.
#[derive(Clone, Debug)]
pub(crate) enum Item<'a> {
    Null,
    Flag(bool),
    Int(i64),
    Text(&'a str),
    Texts(&'a [String]),
    Object(Object<'a>),
    Objects(Vec<Object<'a>>),
    Property(&'a Property),
    Properties(&'a Properties),
    Cell(&'a BuildCell),
    Cells(&'a [Cell]),
    Value(Value),
}

impl<'a> Object<'a> {
    pub(crate) fn new() -> Self {
        // As many as most resources have.
        Self(Vec::with_capacity(20))
    }

    fn push(mut self, base: &'a str, micros: bool, item: Item<'a>) -> Self {
        self.0.push((Name { base, micros }, item));
        self
    }

    pub(crate) fn set(self, name: &'a str, item: impl Into<Item<'a>>) -> Self {
        self.push(name, false, item.into())
    }

    /// Whole seconds, and microseconds beside them.
    pub(crate) fn time(self, name: &'a str, time: Timestamp) -> Self {
        self.push(name, false, Item::Int(time.as_secs()))
            .push(name, true, Item::Int(time.as_micros()))
    }

    pub(crate) fn maybe_time(self, name: &'a str, time: Option<Timestamp>) -> Self {
        match time {
            Some(time) => self.time(name, time),
            None => self.set(name, Item::Null),
        }
    }

    pub(super) fn results(self, name: &'a str, results: Option<Results>) -> Self {
        self.set(name, results.map(Results::code))
    }

    /// The object; its fields are written in the order of their names, as those of a [`Value`] are.
    pub(crate) fn done(mut self) -> Self {
        self.0.sort_unstable_by_key(|(name, _)| *name);
        self
    }

    /// Puts `item` in the place of what the field holds.
    pub(super) fn replace(&mut self, name: &str, item: Item<'a>) {
        if let Some((_, old)) = self.0.iter_mut().find(|(it, _)| it.is(name)) {
            *old = item;
        }
    }

    /// Leaves the fields with these names only.
    pub(crate) fn retain(&mut self, names: &[String]) {
        self.0.retain(|(it, _)| names.iter().any(|name| it.is(name)));
    }

    /// Makes null properties those of something that has none.
    pub(crate) fn with_properties(&mut self) {
        let null = |(name, item): &(Name<'_>, Item<'_>)| name.is("properties") && matches!(item, Item::Null);
        if self.0.iter().any(null) {
            self.replace("properties", Item::Value(Value::Object(Map::new())));
        }
    }
}

impl Serialize for Name<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.micros {
            true => serializer.collect_str(&format_args!("{}{MICROS}", self.base)),
            false => serializer.serialize_str(self.base),
        }
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, item)| (name, item)))
    }
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Flag(it) => serializer.serialize_bool(*it),
            Self::Int(it) => serializer.serialize_i64(*it),
            Self::Text(it) => serializer.serialize_str(it),
            Self::Texts(it) => it.serialize(serializer),
            Self::Object(it) => it.serialize(serializer),
            Self::Objects(it) => it.serialize(serializer),
            Self::Property(it) => (&it.value, &it.source).serialize(serializer),
            Self::Properties(all) => {
                serializer.collect_map(all.iter().map(|(name, it)| (name, Item::Property(it))))
            }
            Self::Cell(it) => view::write_build_cell(it, serializer),
            Self::Cells(it) => view::write_cells(it, serializer),
            Self::Value(it) => it.serialize(serializer),
        }
    }
}

macro_rules! items {
    ($($from:ty => |$it:ident| $item:expr;)+) => {$(
        impl<'a> From<$from> for Item<'a> { fn from($it: $from) -> Self { $item } }
    )+};
}

items! {
    bool => |it| Item::Flag(it);
    i64 => |it| Item::Int(it);
    i32 => |it| Item::Int(it.into());
    &'a str => |it| Item::Text(it);
    &'a String => |it| Item::Text(it);
    &'a [String] => |it| Item::Texts(it);
    &'a Vec<String> => |it| Item::Texts(it);
    &'a Property => |it| Item::Property(it);
    &'a Properties => |it| Item::Properties(it);
    Object<'a> => |it| Item::Object(it);
    Vec<Object<'a>> => |it| Item::Objects(it);
    Value => |it| Item::Value(it);
    String => |it| Item::Value(it.into());
    Vec<i64> => |it| Item::Value(it.into());
    Vec<Value> => |it| Item::Value(it.into());
}

impl<'a, T: Into<Item<'a>>> From<Option<T>> for Item<'a> {
    fn from(it: Option<T>) -> Self {
        it.map_or(Item::Null, Into::into)
    }
}

/// A JSON object that is being read. A missing field is as good as null.
pub(crate) struct Fields<'a> {
    kind: &'static str,
    object: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(kind: &'static str, value: &'a Value) -> Result<Self, FormError> {
        let object = value.as_object().ok_or_else(|| FormError {
            kind,
            field: "everything".to_owned(),
            expected: "an object",
        })?;
        Ok(Self { kind, object })
    }

    pub(crate) fn bad(&self, name: &str, expected: &'static str) -> FormError {
        FormError {
            kind: self.kind,
            field: name.to_owned(),
            expected,
        }
    }

    /// The field's value; null if it is missing.
    pub(crate) fn value(&self, name: &str) -> &'a Value {
        self.object.get(name).unwrap_or(&Value::Null)
    }

    fn maybe<T>(
        &self,
        name: &str,
        expected: &'static str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, FormError> {
        match self.value(name) {
            Value::Null => Ok(None),
            value => read(value).map(Some).ok_or_else(|| self.bad(name, expected)),
        }
    }

    pub(crate) fn maybe_int(&self, name: &str) -> Result<Option<i64>, FormError> {
        self.maybe(name, "a whole number", Value::as_i64)
    }

    pub(crate) fn int(&self, name: &str) -> Result<i64, FormError> {
        self.maybe_int(name)?
            .ok_or_else(|| self.bad(name, "a whole number"))
    }

    pub(crate) fn small_int(&self, name: &str) -> Result<i32, FormError> {
        i32::try_from(self.int(name)?).map_err(|_| self.bad(name, "a whole number of 32 bits"))
    }

    pub(crate) fn maybe_text(&self, name: &str) -> Result<Option<String>, FormError> {
        self.maybe(name, "text", |value| value.as_str().map(str::to_owned))
    }

    pub(crate) fn text(&self, name: &str) -> Result<String, FormError> {
        self.maybe_text(name)?.ok_or_else(|| self.bad(name, "text"))
    }

    pub(crate) fn maybe_flag(&self, name: &str) -> Result<Option<bool>, FormError> {
        self.maybe(name, "true or false", Value::as_bool)
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, FormError> {
        self.maybe_flag(name)?
            .ok_or_else(|| self.bad(name, "true or false"))
    }

    /// The microseconds if the server tells them, else the seconds.
    pub(crate) fn maybe_time(&self, name: &str) -> Result<Option<Timestamp>, FormError> {
        if let Some(micros) = self.maybe_int(&format!("{name}{MICROS}"))? {
            return Ok(Some(Timestamp(micros)));
        }
        Ok(self.maybe_int(name)?.map(Timestamp::from_secs))
    }

    pub(crate) fn time(&self, name: &str) -> Result<Timestamp, FormError> {
        self.maybe_time(name)?
            .ok_or_else(|| self.bad(name, "a time in seconds"))
    }

    /// Buildbot's number of a result; -1 and null for none.
    pub(crate) fn results(&self, name: &str) -> Result<Option<Results>, FormError> {
        match self.maybe_int(name)? {
            None | Some(-1) => Ok(None),
            Some(code) => i32::try_from(code)
                .ok()
                .and_then(Results::from_code)
                .map(Some)
                .ok_or_else(|| self.bad(name, "a results code, 0 to 6")),
        }
    }

    fn items(&self, name: &str) -> Result<&'a [Value], FormError> {
        let items = self.maybe(name, "a list", |value| value.as_array().map(Vec::as_slice))?;
        Ok(items.unwrap_or_default())
    }

    pub(crate) fn ints(&self, name: &str) -> Result<Vec<i64>, FormError> {
        let items = self.items(name)?.iter();
        items
            .map(|it| {
                it.as_i64()
                    .ok_or_else(|| self.bad(name, "a list of whole numbers"))
            })
            .collect()
    }

    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, FormError> {
        let items = self.items(name)?.iter();
        items
            .map(|it| it.as_str().map(str::to_owned))
            .map(|text| text.ok_or_else(|| self.bad(name, "a list of texts")))
            .collect()
    }

    /// A list of objects, each read by `read`.
    pub(crate) fn objects<T>(
        &self,
        name: &str,
        read: impl Fn(Fields<'a>) -> Result<T, FormError>,
    ) -> Result<Vec<T>, FormError> {
        self.items(name)?
            .iter()
            .map(|item| read(Fields::of(self.kind, item)?))
            .collect()
    }

    pub(crate) fn resource<T: Form>(&self, name: &str) -> Result<T, FormError> {
        T::from_json(self.value(name))
    }

    pub(crate) fn resources<T: Form>(&self, name: &str) -> Result<Vec<T>, FormError> {
        self.items(name)?.iter().map(T::from_json).collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.object.iter()
    }
}
