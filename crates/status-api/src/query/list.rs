//! Queries for any one kind of resource, as the API and its bindings carry them.

use super::{Condition, Field, Filter, Order, PageToken, Query};
use crate::Result;
use crate::resource::{Kind, Resource};

macro_rules! lists {
    ($($name:ident($resource:ident),)+) => {
        /// A query for any one kind of resource.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(missing_docs, reason = "each variant is the query for the resource of its name")]
        pub enum List { $($name(Query<crate::$resource>),)+ }

        impl List {
            /// The kind of resource asked for.
            pub fn kind(&self) -> Kind {
                match self { $(Self::$name(_) => Kind::$name,)+ }
            }

            /// The list that `parts` ask for.
            ///
            /// # Errors
            /// [`Error::InvalidQuery`](crate::Error::InvalidQuery) if a field is unknown or the query does not [validate](Query::validate).
            pub fn from_parts(parts: ListParts) -> Result<Self> {
                match parts.kind { $(Kind::$name => Ok(Self::$name(build_query(parts)?)),)+ }
            }

            /// The list as parts whose fields are known by name only, as bindings carry it.
            pub fn into_parts(self) -> ListParts {
                match self { $(Self::$name(query) => take_apart(query),)+ }
            }

            /// Checks the query within; see [`Query::validate`].
            ///
            /// # Errors
            /// As [`Query::validate`].
            pub fn validate(&self) -> Result<()> {
                match self { $(Self::$name(query) => query.validate(),)+ }
            }
        }
    };
}

lists! {
    Master(Master), Builder(Builder), Build(Build), BuildRequest(BuildRequest), Buildset(Buildset),
    SourceStamp(SourceStamp), Change(Change), Step(Step), Log(Log), Worker(Worker), Scheduler(Scheduler),
    ForceScheduler(ForceScheduler), ChangeSource(ChangeSource), Project(Project), Codebase(Codebase),
    Branch(Branch), Commit(Commit), BuildData(BuildData), TestResultSet(TestResultSet),
    TestResult(TestResult), Listener(ListenerStatus), DeadLetter(DeadLetter),
}

/// A [`List`] whose fields are known by name only.
#[derive(Clone, Debug, PartialEq)]
pub struct ListParts {
    /// The kind of resource asked for.
    pub kind: Kind,
    /// [`Query::filters`].
    pub filters: Vec<Condition>,
    /// [`Query::order`].
    pub order: Vec<Order<String>>,
    /// [`Query::limit`].
    pub limit: Option<u32>,
    /// [`Query::offset`].
    pub offset: u64,
    /// [`Query::after`].
    pub after: Option<PageToken>,
    /// [`Query::properties`].
    pub properties: Vec<String>,
}

impl ListParts {
    /// All resources of `kind`.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            filters: vec![],
            order: vec![],
            limit: None,
            offset: 0,
            after: None,
            properties: vec![],
        }
    }
}

fn build_query<R: Resource>(parts: ListParts) -> Result<Query<R>> {
    let ListParts {
        kind: _,
        filters,
        order,
        limit,
        offset,
        after,
        properties,
    } = parts;
    let filters = filters
        .into_iter()
        .map(|it| {
            Ok(Filter {
                field: R::Field::from_name(&it.field)?,
                op: it.op,
                values: it.values,
            })
        })
        .collect::<Result<_>>()?;
    let order = order
        .into_iter()
        .map(|it| {
            Ok(Order {
                field: R::Field::from_name(&it.field)?,
                descending: it.descending,
            })
        })
        .collect::<Result<_>>()?;
    let query = Query {
        filters,
        order,
        limit,
        offset,
        after,
        properties,
    };
    query.validate()?;
    Ok(query)
}

fn take_apart<R: Resource>(query: Query<R>) -> ListParts {
    let Query {
        filters,
        order,
        limit,
        offset,
        after,
        properties,
    } = query;
    let filters = filters
        .into_iter()
        .map(|it| Filter {
            field: it.field.name().to_owned(),
            op: it.op,
            values: it.values,
        })
        .collect();
    let order = order
        .into_iter()
        .map(|it| Order {
            field: it.field.name().to_owned(),
            descending: it.descending,
        })
        .collect();
    ListParts {
        kind: R::KIND,
        filters,
        order,
        limit,
        offset,
        after,
        properties,
    }
}
