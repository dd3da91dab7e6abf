//! Queries: filters, order and bounded pages over one type of resource.

mod list;

use std::fmt::Debug;
use std::hash::Hash;

use crate::resource::Resource;
use crate::{Error, Result, Timestamp};

pub use list::{List, ListParts};

/// How many rows a page has if the query does not say.
pub const DEFAULT_LIMIT: u32 = 100;
/// How many rows a page has at the most; a query for more gets this many and a [`PageToken`].
pub const MAX_LIMIT: u32 = 10_000;

/// What a field holds, so that bindings can parse values for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// A whole number, an id or a results code.
    Int,
    /// Text.
    Text,
    /// Yes or no.
    Bool,
    /// A moment.
    Time,
    /// Several texts; can be filtered by [`Op::Contains`] only.
    TextList,
}

/// A field of a resource by which it can be filtered and ordered.
pub trait Field: Copy + Debug + Eq + Hash + Send + Sync + 'static {
    /// All fields of the resource.
    const ALL: &'static [Self];
    /// The field's name in this crate, stable over versions.
    fn name(self) -> &'static str;
    /// What it holds.
    fn field_type(self) -> FieldType;
    /// Whether it is a relation to another resource: compared by [`Op::Eq`] only, and not ordered by.
    fn is_relation(self) -> bool;

    /// The field of that name.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] if there is none.
    fn from_name(name: &str) -> Result<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|field| field.name() == name)
            .ok_or_else(|| Error::invalid(name, "there is no such field"))
    }
}

macro_rules! fields {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$field_doc:meta])* $field:ident: $type:ident = $text:literal $(($relation:ident))?,)+
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$field_doc])* $field,)+ }

        impl $crate::query::Field for $name {
            const ALL: &'static [Self] = &[$(Self::$field,)+];
            fn name(self) -> &'static str {
                match self { $(Self::$field => $text,)+ }
            }
            fn field_type(self) -> $crate::query::FieldType {
                match self { $(Self::$field => $crate::query::FieldType::$type,)+ }
            }
            fn is_relation(self) -> bool {
                match self { $(Self::$field => [$(stringify!($relation),)? ""].len() > 1,)+ }
            }
        }
    };
}
pub(crate) use fields;

/// How a field is compared. Texts compare by their bytes and letter for letter, in order too: `B` is below
/// `a`, and no letter stands for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Equals one of the values.
    Eq,
    /// Equals none of the values; a missing value does not match.
    Ne,
    /// Is below the one value.
    Lt,
    /// Is not above the one value.
    Le,
    /// Is above the one value.
    Gt,
    /// Is not below the one value.
    Ge,
    /// Holds one of the values: as a part of a text, as a member of a list.
    Contains,
}

impl Op {
    /// All operators.
    pub const ALL: [Self; 7] = [
        Self::Eq,
        Self::Ne,
        Self::Lt,
        Self::Le,
        Self::Gt,
        Self::Ge,
        Self::Contains,
    ];

    /// The operator's name, as Buildbot's.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Lt => "lt",
            Self::Le => "le",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Contains => "contains",
        }
    }

    /// Whether it compares with exactly one value.
    pub const fn is_single(self) -> bool {
        matches!(self, Self::Lt | Self::Le | Self::Gt | Self::Ge)
    }
}

/// A value to compare with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// A whole number.
    Int(i64),
    /// Text.
    Text(String),
    /// Yes or no.
    Bool(bool),
    /// A moment.
    Time(Timestamp),
}

impl Value {
    fn fits(&self, field: FieldType) -> bool {
        matches!(
            (self, field),
            (Self::Int(_), FieldType::Int)
                | (Self::Text(_), FieldType::Text | FieldType::TextList)
                | (Self::Bool(_), FieldType::Bool)
                | (Self::Time(_), FieldType::Time)
        )
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Time(value)
    }
}

/// One condition on one field. A missing value matches no condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter<F> {
    /// The field.
    pub field: F,
    /// How it is compared.
    pub op: Op,
    /// With what.
    pub values: Vec<Value>,
}

/// A [`Filter`] whose field is known by name only, as bindings carry it.
pub type Condition = Filter<String>;

/// One field to order by. A missing value is the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order<F> {
    /// The field.
    pub field: F,
    /// Highest first.
    pub descending: bool,
}

/// Where the next page begins. Opaque: only the implementation that made it can read it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageToken(pub String);

/// Which resources, in which order, how many.
///
/// The filters hold all at once. Whatever the order, the id (for force schedulers the name, for build data
/// build and name) settles the rest, ascending unless the last field is descending; so an order is always total.
#[derive(Clone, Debug, PartialEq)]
pub struct Query<R: Resource> {
    /// The conditions, all of which must hold.
    pub filters: Vec<Filter<R::Field>>,
    /// The order, most important first.
    pub order: Vec<Order<R::Field>>,
    /// Rows at the most; [`DEFAULT_LIMIT`] if none, never more than [`MAX_LIMIT`]. With 0 a page has no rows
    /// and no token, only its cursor.
    pub limit: Option<u32>,
    /// Rows to skip, from where the page would begin. Prefer [`Query::after`], which costs the same on every
    /// page.
    pub offset: u64,
    /// Begin behind the page that gave this token, which must come from the same filters and order. Walking
    /// the pages gives each row once that was there all the time and whose place in the order did not change.
    pub after: Option<PageToken>,
    /// Properties to fill in (builds and build requests; others ignore them); `*` for all. A name that is not
    /// set is left out.
    pub properties: Vec<String>,
}

impl<R: Resource> Default for Query<R> {
    fn default() -> Self {
        Self {
            filters: vec![],
            order: vec![],
            limit: None,
            offset: 0,
            after: None,
            properties: vec![],
        }
    }
}

impl<R: Resource> Query<R> {
    /// All of the resources, by id, a page at a time.
    pub fn new() -> Self {
        Self::default()
    }

    /// With the condition that `field` compares by `op` with one of `values`.
    #[must_use]
    pub fn filter(mut self, field: R::Field, op: Op, values: Vec<Value>) -> Self {
        self.filters.push(Filter { field, op, values });
        self
    }

    /// With the condition that `field` equals `value`.
    #[must_use]
    pub fn eq(self, field: R::Field, value: impl Into<Value>) -> Self {
        self.filter(field, Op::Eq, vec![value.into()])
    }

    /// Then ordered by `field`, lowest first.
    #[must_use]
    pub fn ascending(mut self, field: R::Field) -> Self {
        self.order.push(Order {
            field,
            descending: false,
        });
        self
    }

    /// Then ordered by `field`, highest first.
    #[must_use]
    pub fn descending(mut self, field: R::Field) -> Self {
        self.order.push(Order {
            field,
            descending: true,
        });
        self
    }

    /// `limit` rows at the most.
    #[must_use]
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Behind the page that gave `token`.
    #[must_use]
    pub fn after(mut self, token: PageToken) -> Self {
        self.after = Some(token);
        self
    }

    /// With these properties filled in; `*` for all.
    #[must_use]
    pub fn with_properties(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.properties.extend(names.into_iter().map(Into::into));
        self
    }

    /// How many rows a page has.
    pub fn page_size(&self) -> u32 {
        self.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT)
    }

    /// Checks what every implementation must refuse in the same words.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] if a value does not fit its field, an operator its field or its number of values.
    pub fn validate(&self) -> Result<()> {
        for filter in &self.filters {
            let name = filter.field.name();
            let field_type = filter.field.field_type();
            if filter.values.is_empty() {
                return Err(Error::invalid(name, "needs a value to compare with"));
            }
            if filter.op.is_single() && filter.values.len() > 1 {
                return Err(Error::invalid(
                    name,
                    format!("`{}` takes one value", filter.op.name()),
                ));
            }
            if let Some(value) = filter.values.iter().find(|value| !value.fits(field_type)) {
                return Err(Error::invalid(
                    name,
                    format!("{value:?} does not fit, it holds {field_type:?}"),
                ));
            }
            let allowed = match filter.op {
                _ if filter.field.is_relation() => filter.op == Op::Eq,
                Op::Contains => matches!(field_type, FieldType::Text | FieldType::TextList),
                Op::Eq | Op::Ne => field_type != FieldType::TextList,
                _ => matches!(field_type, FieldType::Int | FieldType::Time | FieldType::Text),
            };
            if !allowed {
                return Err(Error::invalid(
                    name,
                    format!("cannot be compared by `{}`", filter.op.name()),
                ));
            }
        }
        match self
            .order
            .iter()
            .find(|order| order.field.is_relation() || order.field.field_type() == FieldType::TextList)
        {
            Some(order) => Err(Error::invalid(order.field.name(), "cannot be ordered by")),
            None => Ok(()),
        }
    }
}
