//! Queries.

use weir_status_api as api;

use super::{Field, Malformed, Wire, choice, message_field, take};
use crate::v1;

choice! { Value = Value.value: value::Value { Int, Text, Bool, Time, } }

impl Wire for api::Condition {
    type Proto = v1::Filter;
    fn into_proto(self) -> v1::Filter {
        let Self { field, op, values } = self;
        v1::Filter {
            field,
            op: op.put(),
            values: values.put(),
        }
    }
    fn from_proto(proto: v1::Filter) -> Result<Self, Malformed> {
        let v1::Filter { field, op, values } = proto;
        Ok(Self {
            op: take("op", op)?,
            values: take("values", values)?,
            field,
        })
    }
}

impl Wire for api::Order<String> {
    type Proto = v1::Order;
    fn into_proto(self) -> v1::Order {
        let Self { field, descending } = self;
        v1::Order { field, descending }
    }
    fn from_proto(proto: v1::Order) -> Result<Self, Malformed> {
        let v1::Order { field, descending } = proto;
        Ok(Self { field, descending })
    }
}

impl Wire for api::ListParts {
    type Proto = v1::Query;
    fn into_proto(self) -> v1::Query {
        let Self {
            kind,
            filters,
            order,
            limit,
            offset,
            after,
            properties,
        } = self;
        v1::Query {
            kind: kind.put(),
            filters: filters.put(),
            order: order.put(),
            limit,
            offset,
            after: after.put(),
            properties,
        }
    }
    fn from_proto(proto: v1::Query) -> Result<Self, Malformed> {
        let v1::Query {
            kind,
            filters,
            order,
            limit,
            offset,
            after,
            properties,
        } = proto;
        Ok(Self {
            kind: take("kind", kind)?,
            filters: take("filters", filters)?,
            order: take("order", order)?,
            limit,
            offset,
            after: take("after", after)?,
            properties,
        })
    }
}

message_field!(api::ListParts);
