//! Lists in which hidden rows are left out: pages are filled up, and tell nothing of what is between their rows.

use weir_status_api::{
    BuildId, BuilderId, BuildsetId, CommitId, Condition, Cursor, DEFAULT_LIMIT, Entity, Error, Kind, List,
    ListParts, MAX_LIMIT, Op, Page, PageToken, Result, Value,
};

use crate::eyes::Eyes;

/// How many rows one call looks through at the most.
const MOST_ROWS: usize = 200_000;
/// How many values the conditions of a list compare with at the most; stores refuse more.
const MOST_VALUES: usize = 1_000;
/// How often a page is read again because its rows moved.
const TRIES: usize = 5;
/// No id is this.
const NOBODY: i64 = -1;

/// A page on the way to be filled.
struct Fill {
    parts: ListParts,
    /// What rows must fit as they are seen.
    conditions: Vec<Condition>,
    wanted: usize,
    skip: u64,
    items: Vec<Entity>,
    /// The oldest cursor of what was read: since then all rows are true.
    cursor: Option<Cursor>,
    looked_through: usize,
    /// Where the page's last row is: the token of the piece that it is in, and its place and identity there.
    last: Option<(Option<PageToken>, usize, Identity)>,
}

/// What makes a row itself.
type Identity = (Kind, i64, String);

fn identity(entity: &Entity) -> Option<Identity> {
    let of = |kind, id| Some((kind, id, String::new()));
    match entity {
        Entity::Master(it) => of(Kind::Master, it.id.0),
        Entity::Builder(it) => of(Kind::Builder, it.id.0),
        Entity::Build(it) => of(Kind::Build, it.id.0),
        Entity::BuildRequest(it) => of(Kind::BuildRequest, it.id.0),
        Entity::Buildset(it) => of(Kind::Buildset, it.id.0),
        Entity::SourceStamp(it) => of(Kind::SourceStamp, it.id.0),
        Entity::Change(it) => of(Kind::Change, it.id.0),
        Entity::Step(it) => of(Kind::Step, it.id.0),
        Entity::Log(it) => of(Kind::Log, it.id.0),
        Entity::Worker(it) => of(Kind::Worker, it.id.0),
        Entity::Scheduler(it) => of(Kind::Scheduler, it.id.0),
        Entity::ForceScheduler(it) => Some((Kind::ForceScheduler, 0, it.name.clone())),
        Entity::ChangeSource(it) => of(Kind::ChangeSource, it.id.0),
        Entity::Project(it) => of(Kind::Project, it.id.0),
        Entity::Codebase(it) => of(Kind::Codebase, it.id.0),
        Entity::Branch(it) => of(Kind::Branch, it.id.0),
        Entity::Commit(it) => of(Kind::Commit, it.id.0),
        Entity::BuildData(it) => Some((Kind::BuildData, it.build.0, it.name.clone())),
        Entity::TestResultSet(it) => of(Kind::TestResultSet, it.id.0),
        Entity::TestResult(it) => of(Kind::TestResult, it.id.0),
        Entity::Listener(it) => of(Kind::Listener, it.id.0),
        Entity::DeadLetter(it) => of(Kind::DeadLetter, it.id.0),
        Entity::Properties(_) | Entity::Control(_) => None,
    }
}

impl Eyes {
    /// A page of the list as these eyes see it.
    pub(crate) async fn list(&self, list: List) -> Result<Page<Entity>> {
        list.validate()?;
        let mut parts = list.into_parts();
        refuse_telling_orders(&parts)?;
        self.blind(&mut parts).await?;
        let conditions = parts.filters.clone();
        // Rows can be seen other than the store has them, so that it must not choose by this.
        let kind = parts.kind;
        parts
            .filters
            .retain(|it| !told_anew(kind, &it.field) || is_of_open_buildsets(it));
        self.narrow(&mut parts).await?;
        let wanted = usize::try_from(parts.limit.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT)).unwrap_or(0);
        if wanted == 0 {
            return self.read(parts).await;
        }
        let fill = Fill {
            skip: std::mem::take(&mut parts.offset),
            parts,
            conditions,
            wanted,
            items: vec![],
            cursor: None,
            looked_through: 0,
            last: None,
        };
        fill.run(self).await
    }

    async fn read(&self, parts: ListParts) -> Result<Page<Entity>> {
        self.shared.api.list(List::from_parts(parts)?).await
    }

    /// Takes what is hidden out of the conditions that name it, so that they find as much as for what does not exist.
    async fn blind(&self, parts: &mut ListParts) -> Result<()> {
        let kind = parts.kind;
        for condition in &mut parts.filters {
            for value in &mut condition.values {
                let Value::Int(id) = *value else { continue };
                let seen = match (kind, condition.field.as_str()) {
                    (Kind::Change, "build") | (Kind::Build, "triggered_by") => {
                        self.sees_build(BuildId(id)).await?
                    }
                    (Kind::SourceStamp, "buildset") => self.sees_buildset(BuildsetId(id)).await?,
                    (Kind::TestResultSet, "commit") => self.sees_commit(CommitId(id)).await?,
                    _ => break,
                };
                if !seen {
                    *value = Value::Int(NOBODY);
                }
            }
        }
        Ok(())
    }

    /// Lets the store leave hidden rows out where it can.
    async fn narrow(&self, parts: &mut ListParts) -> Result<()> {
        let field = match parts.kind {
            Kind::Builder => "id",
            Kind::Build | Kind::BuildRequest | Kind::TestResultSet | Kind::TestResult => "builder",
            _ => return Ok(()),
        };
        let seen = self.seen_builders().await?;
        parts.filters.extend(only_these(&seen, field, &parts.filters));
        Ok(())
    }

    /// The row as it is seen; none also if it fits the conditions only by what is hidden of it.
    async fn row(&self, row: Entity, conditions: &[Condition]) -> Result<Option<Entity>> {
        let row = self.show(row).await?;
        Ok(row.filter(|row| conditions.iter().all(|it| still_fits(row, it))))
    }
}

/// The condition that `field` is one of the builders that are seen, if there is room for it beside the others. It names
/// none that are hidden: page tokens are of a list with its conditions, and shall neither tell of hidden builders nor
/// end when others are hidden.
fn only_these(seen: &[BuilderId], field: &str, others: &[Condition]) -> Option<Condition> {
    let taken: usize = others.iter().map(|it| it.values.len()).sum();
    let values: Vec<Value> = match seen {
        [] => vec![Value::Int(NOBODY)],
        seen => seen.iter().map(|id| Value::Int(id.0)).collect(),
    };
    (values.len() + taken <= MOST_VALUES).then(|| Condition {
        field: field.to_owned(),
        op: Op::Eq,
        values,
    })
}

/// Whether the field can have another value for these eyes than in the store.
fn told_anew(kind: Kind, field: &str) -> bool {
    matches!(
        (kind, field),
        (Kind::Buildset, "complete" | "complete_at" | "results") | (Kind::Project, "active")
    )
}

/// Whether only buildsets fit that are not complete: those which are seen so are so in the store too.
fn is_of_open_buildsets(condition: &Condition) -> bool {
    condition.field == "complete" && fits(false.into(), condition) && !fits(true.into(), condition)
}

/// An order by what may be hidden would show it by the place of rows and in page tokens.
fn refuse_telling_orders(parts: &ListParts) -> Result<()> {
    let tells = |field: &str| {
        matches!(
            (parts.kind, field),
            (Kind::Buildset, "parent_build" | "rebuilt_build")
        ) || told_anew(parts.kind, field)
    };
    match parts.order.iter().find(|order| tells(&order.field)) {
        Some(order) => Err(Error::invalid(
            &order.field,
            "cannot be ordered by for callers who may not see every builder",
        )),
        None => Ok(()),
    }
}

/// Whether the row, of which something may be hidden now, fits a condition on that.
fn still_fits(row: &Entity, condition: &Condition) -> bool {
    match (row, condition.field.as_str()) {
        (Entity::ForceScheduler(it), "builder_names") => condition
            .values
            .iter()
            .any(|value| matches!(value, Value::Text(name) if it.builder_names.contains(name))),
        (Entity::Worker(it), "builder") => condition.values.iter().any(
            |value| matches!(value, Value::Int(id) if it.configured_on.iter().any(|on| on.builder.0 == *id)),
        ),
        (Entity::Project(it), "active") => fits(it.active.into(), condition),
        (Entity::Buildset(it), "complete") => fits(it.complete_at.is_some().into(), condition),
        (Entity::Buildset(it), "complete_at") => it.complete_at.is_some_and(|at| fits(at.0, condition)),
        (Entity::Buildset(it), "results") => it.results.is_some_and(|it| fits(it.code().into(), condition)),
        (Entity::Buildset(it), "parent_build") => it.parent_build.is_some(),
        (Entity::Buildset(it), "rebuilt_build") => it.rebuilt_build.is_some(),
        _ => true,
    }
}

/// Whether a number, time or truth fits the condition.
fn fits(held: i64, condition: &Condition) -> bool {
    let mut values = condition.values.iter().filter_map(|value| match value {
        Value::Int(it) => Some(*it),
        Value::Time(it) => Some(it.0),
        Value::Bool(it) => Some((*it).into()),
        Value::Text(_) => None,
    });
    match condition.op {
        Op::Eq => values.any(|it| held == it),
        Op::Ne => values.all(|it| held != it),
        Op::Lt => values.all(|it| held < it),
        Op::Le => values.all(|it| held <= it),
        Op::Gt => values.all(|it| held > it),
        Op::Ge => values.all(|it| held >= it),
        Op::Contains => false,
    }
}

impl Fill {
    async fn run(mut self, eyes: &Eyes) -> Result<Page<Entity>> {
        let mut more = false;
        let mut after = self.parts.after.take();
        'pieces: loop {
            let mut page = eyes.read(self.piece(after.clone())).await?;
            self.note(page.cursor);
            eyes.end_as_seen(&mut page.items).await?;
            self.looked_through += page.items.len();
            for (place, row) in page.items.into_iter().enumerate() {
                let itself = identity(&row);
                let Some(row) = eyes.row(row, &self.conditions).await? else {
                    continue;
                };
                if self.skip > 0 {
                    self.skip -= 1;
                } else if self.items.len() < self.wanted {
                    self.items.push(row);
                    self.last = itself.map(|it| (after.clone(), place, it));
                } else {
                    more = true;
                    break 'pieces;
                }
            }
            match page.next {
                Some(_) if self.looked_through >= MOST_ROWS => return Err(too_many_rows()),
                Some(next) => after = Some(next),
                None => break,
            }
        }
        let next = if more { self.token(eyes).await? } else { None };
        Ok(Page {
            items: self.items,
            cursor: self.cursor.unwrap_or(Cursor::ZERO),
            next,
        })
    }

    fn note(&mut self, cursor: Cursor) {
        self.cursor = Some(self.cursor.map_or(cursor, |known| known.min(cursor)));
    }

    /// The next piece to look through: as many rows as are missing and one more, and larger pieces if most rows
    /// are hidden.
    fn piece(&self, after: Option<PageToken>) -> ListParts {
        let missing = self.wanted - self.items.len() + 1;
        let skip = usize::try_from(self.skip).unwrap_or(usize::MAX);
        let rows = missing.saturating_add(skip).max(self.looked_through);
        let limit = u32::try_from(rows).unwrap_or(MAX_LIMIT).min(MAX_LIMIT);
        ListParts {
            limit: Some(limit),
            after,
            ..self.parts.clone()
        }
    }

    /// The token behind the last row of the page, and not behind a hidden one: tokens tell of their row.
    async fn token(&mut self, eyes: &Eyes) -> Result<Option<PageToken>> {
        let Some((after, mut place, itself)) = self.last.take() else {
            return Ok(None);
        };
        for _ in 0..TRIES {
            let limit = u32::try_from(place + 1).unwrap_or(MAX_LIMIT).min(MAX_LIMIT);
            let parts = ListParts {
                limit: Some(limit),
                after: after.clone(),
                ..self.parts.clone()
            };
            let page = eyes.read(parts.clone()).await?;
            self.note(page.cursor);
            if page.items.last().and_then(identity).as_ref() == Some(&itself) {
                return Ok(page.next);
            }
            // Rows came or went before it: look where it is now.
            let wider = ListParts {
                limit: Some(limit.saturating_mul(2).saturating_add(100).min(MAX_LIMIT)),
                ..parts
            };
            let page = eyes.read(wider).await?;
            let found = page
                .items
                .iter()
                .position(|row| identity(row).as_ref() == Some(&itself));
            let Some(found) = found else { break };
            place = found;
        }
        Err(Error::unavailable(
            "the rows of the list change too quickly; try again",
        ))
    }
}

fn too_many_rows() -> Error {
    Error::TooMany {
        why: format!(
            "rows were looked through ({MOST_ROWS}) to find some that you may see; ask for less, e.g. of one build or \
             builder"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_narrowed_as_far_as_a_store_takes_it() {
        let seen: Vec<BuilderId> = (1..=600).map(BuilderId).collect();
        let own = |count| Condition {
            field: "number".to_owned(),
            op: Op::Eq,
            values: vec![Value::Int(1); count],
        };
        let narrowed = only_these(&seen, "builder", &[own(400)]).unwrap();
        assert_eq!((narrowed.op, narrowed.values.len()), (Op::Eq, 600));
        assert_eq!(only_these(&seen, "builder", &[own(401)]), None);
        let nobody = only_these(&[], "builder", &[]).unwrap();
        assert_eq!(nobody.values, [Value::Int(NOBODY)]);
    }
}
