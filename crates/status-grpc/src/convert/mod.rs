//! Between the API's types and the wire's, field by field.
//!
//! Structs are taken apart by exhaustive patterns on both sides, so that a new field is a compile error until
//! it is carried.

mod access;
mod control;
mod error;
mod event;
mod key;
mod query;
mod resource;
mod scalar;
#[cfg(test)]
pub(crate) mod strategy;
#[cfg(test)]
mod tests;
mod view;

use std::collections::BTreeMap;

use weir_status_api::Error;

/// What came over the wire is not what this version can take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {why}")]
pub(crate) struct Malformed {
    /// The field, from the outermost message in.
    path: String,
    why: String,
    /// Whether a newer peer may have meant something by it.
    newer: bool,
}

impl Malformed {
    fn invalid(why: impl ToString) -> Self {
        Self {
            path: String::new(),
            why: why.to_string(),
            newer: false,
        }
    }

    fn missing() -> Self {
        Self::invalid("is missing")
    }

    fn unknown(what: impl std::fmt::Display) -> Self {
        Self {
            newer: true,
            ..Self::invalid(format!("{what} is not known to this version"))
        }
    }

    /// The same, as seen from the message that has it in `field`.
    pub(crate) fn within(mut self, field: &str) -> Self {
        self.path = match self.path.as_str() {
            "" => field.to_owned(),
            path => format!("{field}.{path}"),
        };
        self
    }

    /// As the server tells a client whose request it is.
    pub(crate) fn in_request(self) -> Error {
        Error::invalid(self.path, self.why)
    }

    /// As the client tells its caller when it is in an answer.
    pub(crate) fn in_answer(self) -> Error {
        if self.newer {
            Error::NotSupported {
                operation: format!("the server's answer ({self})"),
                implementer: "this version of the gRPC client".to_owned(),
            }
        } else {
            Error::internal(format!("the server's answer is malformed: {self}"))
        }
    }
}

/// A type with a form on the wire.
pub(crate) trait Wire: Sized {
    /// That form.
    type Proto;
    /// To the wire.
    fn into_proto(self) -> Self::Proto;
    /// From the wire.
    fn from_proto(proto: Self::Proto) -> Result<Self, Malformed>;
}

/// A type as a field of a message. It differs from [`Wire`] for messages, which can be missing.
pub(crate) trait Field: Sized {
    /// The field's type.
    type Proto;
    /// To the field.
    fn put(self) -> Self::Proto;
    /// From the field.
    fn take(proto: Self::Proto) -> Result<Self, Malformed>;
}

/// From a field, telling its name if that fails.
pub(crate) fn take<T: Field>(name: &str, proto: T::Proto) -> Result<T, Malformed> {
    T::take(proto).map_err(|error| error.within(name))
}

impl<T: Wire> Field for Option<T> {
    type Proto = Option<T::Proto>;
    fn put(self) -> Self::Proto {
        self.map(T::into_proto)
    }
    fn take(proto: Self::Proto) -> Result<Self, Malformed> {
        proto.map(T::from_proto).transpose()
    }
}

impl<T: Wire> Field for Vec<T> {
    type Proto = Vec<T::Proto>;
    fn put(self) -> Self::Proto {
        self.into_iter().map(T::into_proto).collect()
    }
    fn take(proto: Self::Proto) -> Result<Self, Malformed> {
        proto
            .into_iter()
            .enumerate()
            .map(|(place, it)| T::from_proto(it).map_err(|error| error.within(&place.to_string())))
            .collect()
    }
}

impl<K: Wire + Ord, T: Wire> Field for BTreeMap<K, T>
where
    K::Proto: Ord + std::fmt::Display,
{
    type Proto = BTreeMap<K::Proto, T::Proto>;
    fn put(self) -> Self::Proto {
        self.into_iter()
            .map(|(key, it)| (key.into_proto(), it.into_proto()))
            .collect()
    }
    fn take(proto: Self::Proto) -> Result<Self, Malformed> {
        proto
            .into_iter()
            .map(|(key, it)| {
                let name = key.to_string();
                let it = T::from_proto(it).map_err(|error| error.within(&name))?;
                Ok((K::from_proto(key)?, it))
            })
            .collect()
    }
}

/// [`Wire`] for a struct whose message has the same name and fields.
macro_rules! wire_of_message {
    ($name:ident { $($field:ident),* }) => {
        impl Wire for api::$name {
            type Proto = v1::$name;
            fn into_proto(self) -> v1::$name {
                let api::$name { $($field),* } = self;
                v1::$name { $($field: Field::put($field)),* }
            }
            fn from_proto(proto: v1::$name) -> Result<Self, Malformed> {
                let v1::$name { $($field),* } = proto;
                Ok(api::$name { $($field: take(stringify!($field), $field)?),* })
            }
        }
    };
}

/// [`Wire`] and [`Field`] for structs whose message has the same name and fields.
macro_rules! messages {
    ($($name:ident { $($field:ident),* $(,)? })+) => {$(
        wire_of_message! { $name { $($field),* } }
        message_field!(api::$name);
    )+};
}

/// As [`messages`], of structs that are their default where their message is missing.
macro_rules! optional_messages {
    ($($name:ident { $($field:ident),* $(,)? })+) => {$(
        wire_of_message! { $name { $($field),* } }
        impl Field for api::$name {
            type Proto = Option<v1::$name>;
            fn put(self) -> Self::Proto {
                Some(self.into_proto())
            }
            fn take(proto: Self::Proto) -> Result<Self, Malformed> {
                proto.map_or_else(|| Ok(Self::default()), Self::from_proto)
            }
        }
    )+};
}

/// [`Field`] for a type whose form is a message.
macro_rules! message_field {
    ($name:ty) => {
        impl Field for $name {
            type Proto = Option<<$name as Wire>::Proto>;
            fn put(self) -> Self::Proto {
                Some(self.into_proto())
            }
            fn take(proto: Self::Proto) -> Result<Self, Malformed> {
                Self::from_proto(proto.ok_or_else(Malformed::missing)?)
            }
        }
    };
}

/// [`Wire`] and [`Field`] for an enum whose message is one `oneof`: first the variants that hold one value as it
/// is, then those whose parts are a message of their own; at last the message of variants yet to come.
macro_rules! choice {
    ($name:ident = $message:ident.$slot:ident: $module:ident::$oneof:ident {
        $($single:ident,)*
        $(; $($variant:ident { $($part:tt: $field:ident),* } = $of:ident::$parts:ident,)+)?
        $(; _ => $fallback:expr)?
    }) => {
        impl Wire for api::$name {
            type Proto = v1::$message;
            fn into_proto(self) -> v1::$message {
                let choice = match self {
                    $(api::$name::$single(it) => v1::$module::$oneof::$single(Wire::into_proto(it)),)*
                    $($(api::$name::$variant { $($part: $field),* } => v1::$module::$oneof::$variant(
                        v1::$of::$parts { $($field: Field::put($field)),* },
                    ),)+)?
                    $(other => return $fallback(other),)?
                };
                v1::$message { $slot: Some(choice) }
            }
            fn from_proto(proto: v1::$message) -> Result<Self, Malformed> {
                let choice = proto
                    .$slot
                    .ok_or_else(|| Malformed::unknown(concat!("an empty or newer `", stringify!($message), "`")))?;
                Ok(match choice {
                    $(v1::$module::$oneof::$single(it) => api::$name::$single(Wire::from_proto(it)?),)*
                    $($(v1::$module::$oneof::$variant(v1::$of::$parts { $($field),* }) => api::$name::$variant {
                        $($part: take(stringify!($field), $field)?),*
                    },)+)?
                })
            }
        }
        message_field!(api::$name);
    };
}

use {choice, message_field, messages, optional_messages, wire_of_message};
