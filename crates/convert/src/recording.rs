//! What the recorder tells, as types.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// A value of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    /// A compiled regular expression, and its flags.
    Regex(String, i64),
    /// The number of something in [`Recording::objects`].
    Object(usize),
    /// What is no data and nothing that was recorded, in words.
    Other(String),
}

/// Something that is more than data.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object {
    pub(crate) kind: ObjectKind,
    /// Where it was made.
    pub(crate) at: Option<String>,
    /// The global variable that holds it.
    pub(crate) name: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ObjectKind {
    Made(Made),
    Function(Function),
    /// A class or a function of Buildbot itself.
    Class(String),
    Other(String),
}

/// Something that was made by a call of Buildbot's class or function, or of a class derived from it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Made {
    /// The path of Buildbot's class, or `.METHOD` for what a method gave.
    pub(crate) path: String,
    pub(crate) args: Vec<Value>,
    pub(crate) kwargs: Vec<(String, Value)>,
    /// What was called on it, in order.
    pub(crate) calls: Vec<Value>,
    /// What the method was called on.
    pub(crate) of: Option<usize>,
    /// Plain attributes that were set.
    pub(crate) set: Vec<(String, Value)>,
    pub(crate) custom: Option<Custom>,
}

impl Made {
    /// The class's own name.
    pub(crate) fn class(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or_default()
    }
}

/// What a class of the user's adds to Buildbot's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Custom {
    pub(crate) class: String,
    pub(crate) methods: Vec<String>,
    pub(crate) attributes: Vec<(String, Value)>,
}

/// A function of the configuration.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) source: String,
    /// The function in Starlark, by what it is used for; a `def` is called `NAME`.
    pub(crate) starlark: BTreeMap<String, String>,
    /// Why it is not there.
    pub(crate) why: BTreeMap<String, String>,
}

/// All that was recorded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recording {
    /// `BuildmasterConfig`.
    pub(crate) config: Vec<(String, Value)>,
    pub(crate) objects: Vec<Object>,
    /// Where each key is set.
    pub(crate) keys: BTreeMap<String, String>,
    /// What was refused, and the configuration went on without: what, and where.
    pub(crate) refused: Vec<(String, Option<String>)>,
}

impl Recording {
    /// None if that is not what the recorder writes.
    pub(crate) fn from_json(json: &Json) -> Option<Self> {
        let pairs = |json: &Json| -> Option<Vec<(String, Value)>> {
            let pairs = json.as_array()?.iter();
            pairs.map(pair).collect()
        };
        let refused = json["refused"].as_array()?.iter();
        Some(Self {
            config: pairs(&json["config"])?,
            objects: json["objects"]
                .as_array()?
                .iter()
                .map(object)
                .collect::<Option<_>>()?,
            keys: strings(&json["keys"]),
            refused: refused
                .map(|it| (text(&it["what"]).unwrap_or_default(), text(&it["at"])))
                .collect(),
        })
    }

    /// What was made, if that is what the value is.
    pub(crate) fn made<'r>(&'r self, value: &Value) -> Option<(usize, &'r Object, &'r Made)> {
        let Value::Object(number) = value else {
            return None;
        };
        let object = self.objects.get(*number)?;
        match &object.kind {
            ObjectKind::Made(made) => Some((*number, object, made)),
            _ => None,
        }
    }

    /// Where the value was made.
    pub(crate) fn at(&self, value: &Value) -> Option<&str> {
        match value {
            Value::Object(number) => self.objects.get(*number)?.at.as_deref(),
            Value::List(items) => items.iter().find_map(|it| self.at(it)),
            _ => None,
        }
    }
}

fn text(json: &Json) -> Option<String> {
    json.as_str().map(str::to_owned)
}

fn strings(json: &Json) -> BTreeMap<String, String> {
    let pairs = json.as_object().into_iter().flatten();
    pairs
        .filter_map(|(key, value)| Some((key.clone(), text(value)?)))
        .collect()
}

fn pair(json: &Json) -> Option<(String, Value)> {
    Some((text(json.get(0)?)?, value(json.get(1)?)?))
}

fn value(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => Value::None,
        Json::Bool(it) => Value::Bool(*it),
        Json::Number(it) => match it.as_i64() {
            Some(number) => Value::Int(number),
            None => Value::Float(it.as_f64()?),
        },
        Json::String(it) => Value::Text(it.clone()),
        Json::Array(items) => Value::List(items.iter().map(value).collect::<Option<_>>()?),
        Json::Object(it) => {
            if let Some(pairs) = it.get("dict") {
                let pairs = pairs.as_array()?.iter();
                let pair = |it: &Json| Some((value(it.get(0)?)?, value(it.get(1)?)?));
                Value::Dict(pairs.map(pair).collect::<Option<_>>()?)
            } else if let Some(number) = it.get("object") {
                Value::Object(usize::try_from(number.as_u64()?).ok()?)
            } else if let Some(regex) = it.get("regex") {
                Value::Regex(text(regex)?, it.get("flags")?.as_i64()?)
            } else {
                Value::Other(text(it.get("other")?)?)
            }
        }
    })
}

fn object(json: &Json) -> Option<Object> {
    let values = |json: &Json| json.as_array()?.iter().map(value).collect::<Option<Vec<_>>>();
    let pairs = |json: &Json| json.as_array()?.iter().map(pair).collect::<Option<Vec<_>>>();
    let kind = if let Some(path) = json.get("call") {
        ObjectKind::Made(Made {
            path: text(path)?,
            args: values(&json["args"])?,
            kwargs: pairs(&json["kwargs"])?,
            calls: values(&json["calls"])?,
            of: json["of"].as_u64().and_then(|it| usize::try_from(it).ok()),
            set: pairs(&json["set"])?,
            custom: custom(&json["custom"]),
        })
    } else if let Some(name) = json.get("function") {
        ObjectKind::Function(Function {
            name: text(name)?,
            source: text(&json["source"])?,
            starlark: strings(&json["starlark"]),
            why: strings(&json["why"]),
        })
    } else if let Some(path) = json.get("class") {
        ObjectKind::Class(text(path)?)
    } else {
        ObjectKind::Other(text(json.get("other")?)?)
    };
    Some(Object {
        kind,
        at: text(&json["at"]),
        name: text(&json["name"]),
    })
}

fn custom(json: &Json) -> Option<Custom> {
    let methods = json.get("methods")?.as_array()?.iter();
    let attributes = json.get("attributes")?.as_array()?.iter();
    Some(Custom {
        class: text(json.get("class")?)?,
        methods: methods.filter_map(text).collect(),
        attributes: attributes.map(pair).collect::<Option<_>>()?,
    })
}
