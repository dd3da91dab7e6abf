//! Which changes of Gerrit's a report is about.

use weir_status_api::SourceStamp;

use crate::destinations::forge::work::Work;

/// A patch set of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// Its project.
    pub(super) project: String,
    /// What REST calls the change: `PROJECT~NUMBER`, or its Change-Id.
    pub(super) id: String,
    /// The patch set's commit, or its number.
    pub(super) revision: String,
}

/// The changes that a work is of, each once: those of the property `gerrit_changes` (a list of `change_id` and
/// `revision_id`), or the one of the properties `event.change.…` and `event.patchSet.…` that Gerrit's events give, or of a
/// branch `refs/changes/NN/NUMBER/PATCHSET`.
pub(super) fn changes(work: &Work<'_>) -> Vec<Change> {
    let listed = listed(work);
    if !listed.is_empty() {
        return listed;
    }
    let mut found: Vec<Change> = vec![];
    for stamp in work.stamps {
        if let Some(change) = of_stamp(work, stamp)
            && !found.contains(&change)
        {
            found.push(change);
        }
    }
    found
}

/// Those of the property `gerrit_changes`.
fn listed(work: &Work<'_>) -> Vec<Change> {
    let list = work
        .properties
        .get("gerrit_changes")
        .and_then(|it| it.value.as_array());
    let change = |it: &serde_json::Value| {
        Some(Change {
            project: text(&it["project"]).or_else(|| property(work, "event.change.project"))?,
            id: text(&it["change_id"])?,
            revision: text(&it["revision_id"])?,
        })
    };
    list.into_iter().flatten().filter_map(change).collect()
}

fn of_stamp(work: &Work<'_>, stamp: &SourceStamp) -> Option<Change> {
    let of_branch = stamp.branch.as_deref().and_then(number);
    let of_event = property(work, "event.change.project");
    // What else is built with the change is of other projects.
    let other = of_event
        .as_ref()
        .is_some_and(|it| !stamp.project.is_empty() && *it != stamp.project);
    if other {
        return None;
    }
    let project = of_event.unwrap_or_else(|| stamp.project.clone());
    if project.is_empty() {
        return None;
    }
    let number = property(work, "event.change.number").or(of_branch);
    let id = match number {
        Some(number) => format!("{project}~{number}"),
        None => property(work, "event.change.id")?,
    };
    let revision = property(work, "event.patchSet.revision");
    let revision = revision.or_else(|| work.revision(stamp).map(str::to_owned))?;
    Some(Change {
        project,
        id,
        revision,
    })
}

/// The number in `refs/changes/34/1234/5`.
fn number(branch: &str) -> Option<String> {
    let mut parts = branch.strip_prefix("refs/changes/")?.split('/').skip(1);
    let number: u64 = parts.next()?.parse().ok()?;
    parts.next()?;
    Some(number.to_string())
}

fn property(work: &Work<'_>, name: &str) -> Option<String> {
    text(&work.properties.get(name)?.value)
}

fn text(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::String(text) if !text.is_empty() => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
