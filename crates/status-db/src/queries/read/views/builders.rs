//! Which builders a view shows.

use weir_status_api::{
    Builder, BuilderChoice, BuilderField, MAX_LIMIT, MAX_VIEW_BUILDERS, Op, Query, Resource, Value,
};

use super::super::list;
use super::Conn;
use crate::error::Result;

/// The builders that `choice` is about, by name.
pub(super) async fn chosen(conn: &mut Conn, choice: &BuilderChoice) -> Result<Vec<Builder>> {
    let mut query = Query::<Builder>::new()
        .ascending(BuilderField::Name)
        .limit(MAX_LIMIT);
    if !choice.builders.is_empty() {
        let ids = choice.builders.iter().map(|id| Value::from(*id)).collect();
        query = query.filter(BuilderField::Id, Op::Eq, ids);
    }
    if let Some(project) = choice.project {
        query = query.eq(BuilderField::Project, project);
    }
    if !choice.tags.is_empty() {
        let tags = choice.tags.iter().map(|tag| Value::from(tag.as_str())).collect();
        query = query.filter(BuilderField::Tags, Op::Contains, tags);
    }
    let (rows, _) = list(conn, Builder::into_list(query)).await?;
    let wanted = |builder: &Builder| {
        let left_out = builder.tags.iter().any(|tag| choice.without_tags.contains(tag));
        !left_out && (choice.removed_too || !builder.masters.is_empty())
    };
    let builders = rows.into_iter().filter_map(Builder::from_entity).filter(wanted);
    Ok(builders.take(MAX_VIEW_BUILDERS as usize).collect())
}

/// Their ids.
pub(super) fn ids(builders: &[Builder]) -> Vec<i64> {
    builders.iter().map(|builder| builder.id.0).collect()
}
