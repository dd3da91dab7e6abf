//! Writing and reading one JSON object, field by field.

use serde_json::{Map, Value};
use weir_status_api::{Results, Timestamp};

use super::{Form, FormError};

/// Follows the name of a time for the same in microseconds.
pub(crate) const MICROS: &str = "_us";

/// A JSON object that is being written.
pub(super) struct Object(Map<String, Value>);

impl Object {
    pub(super) fn new() -> Self {
        Self(Map::new())
    }

    pub(super) fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Whole seconds, and microseconds beside them.
    pub(super) fn time(self, name: &str, time: Timestamp) -> Self {
        self.set(name, time.as_secs())
            .set(&format!("{name}{MICROS}"), time.as_micros())
    }

    pub(super) fn maybe_time(self, name: &str, time: Option<Timestamp>) -> Self {
        match time {
            Some(time) => self.time(name, time),
            None => self.set(name, Value::Null),
        }
    }

    pub(super) fn results(self, name: &str, results: Option<Results>) -> Self {
        self.set(name, results.map(Results::code))
    }

    pub(super) fn done(self) -> Value {
        Value::Object(self.0)
    }
}

/// A JSON object that is being read. A missing field is as good as null.
pub(super) struct Fields<'a> {
    kind: &'static str,
    object: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(kind: &'static str, value: &'a Value) -> Result<Self, FormError> {
        let object = value.as_object().ok_or_else(|| FormError {
            kind,
            field: "everything".to_owned(),
            expected: "an object",
        })?;
        Ok(Self { kind, object })
    }

    pub(super) fn bad(&self, name: &str, expected: &'static str) -> FormError {
        FormError {
            kind: self.kind,
            field: name.to_owned(),
            expected,
        }
    }

    /// The field's value; null if it is missing.
    pub(super) fn value(&self, name: &str) -> &'a Value {
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

    pub(super) fn maybe_int(&self, name: &str) -> Result<Option<i64>, FormError> {
        self.maybe(name, "a whole number", Value::as_i64)
    }

    pub(super) fn int(&self, name: &str) -> Result<i64, FormError> {
        self.maybe_int(name)?
            .ok_or_else(|| self.bad(name, "a whole number"))
    }

    pub(super) fn small_int(&self, name: &str) -> Result<i32, FormError> {
        i32::try_from(self.int(name)?).map_err(|_| self.bad(name, "a whole number of 32 bits"))
    }

    pub(super) fn maybe_text(&self, name: &str) -> Result<Option<String>, FormError> {
        self.maybe(name, "text", |value| value.as_str().map(str::to_owned))
    }

    pub(super) fn text(&self, name: &str) -> Result<String, FormError> {
        self.maybe_text(name)?.ok_or_else(|| self.bad(name, "text"))
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, FormError> {
        self.maybe(name, "true or false", Value::as_bool)?
            .ok_or_else(|| self.bad(name, "true or false"))
    }

    /// The microseconds if the server tells them, else the seconds.
    pub(super) fn maybe_time(&self, name: &str) -> Result<Option<Timestamp>, FormError> {
        if let Some(micros) = self.maybe_int(&format!("{name}{MICROS}"))? {
            return Ok(Some(Timestamp(micros)));
        }
        Ok(self.maybe_int(name)?.map(Timestamp::from_secs))
    }

    pub(super) fn time(&self, name: &str) -> Result<Timestamp, FormError> {
        self.maybe_time(name)?
            .ok_or_else(|| self.bad(name, "a time in seconds"))
    }

    /// Buildbot's number of a result; -1 and null for none.
    pub(super) fn results(&self, name: &str) -> Result<Option<Results>, FormError> {
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

    pub(super) fn ints(&self, name: &str) -> Result<Vec<i64>, FormError> {
        let items = self.items(name)?.iter();
        items
            .map(|it| {
                it.as_i64()
                    .ok_or_else(|| self.bad(name, "a list of whole numbers"))
            })
            .collect()
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<String>, FormError> {
        let items = self.items(name)?.iter();
        items
            .map(|it| it.as_str().map(str::to_owned))
            .map(|text| text.ok_or_else(|| self.bad(name, "a list of texts")))
            .collect()
    }

    /// A list of objects, each read by `read`.
    pub(super) fn objects<T>(
        &self,
        name: &str,
        read: impl Fn(Fields<'a>) -> Result<T, FormError>,
    ) -> Result<Vec<T>, FormError> {
        self.items(name)?
            .iter()
            .map(|item| read(Fields::of(self.kind, item)?))
            .collect()
    }

    pub(super) fn resource<T: Form>(&self, name: &str) -> Result<T, FormError> {
        T::from_json(self.value(name))
    }

    pub(super) fn resources<T: Form>(&self, name: &str) -> Result<Vec<T>, FormError> {
        self.items(name)?.iter().map(T::from_json).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a String, &'a Value)> {
        self.object.iter()
    }
}
