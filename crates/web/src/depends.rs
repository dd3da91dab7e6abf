//! Which events can change an answer.

use weir_status_api::{Entity, Kind, PropertiesOf};
use weir_status_http::v2::{Endpoint, Scope, columns};

/// How many kinds of event there can be: one bit each.
pub(crate) const SLOTS: usize = 64;
/// The kind of event that tells of a build's properties.
const PROPERTIES: usize = SLOTS - 1;
/// No kind of event: what of an answer changes by and by.
const TIME: usize = SLOTS - 2;
const _: () = assert!(Kind::ALL.len() < TIME);

/// The kinds of event that can change an answer: those of the resources in it.
///
/// Each change of a resource has an event of its own, also one that follows from another change, so that a list
/// without relations depends on one kind only, and on the builders, by which some of it may be hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Depends(u64);

impl Depends {
    /// What never changes.
    pub(crate) const NOTHING: Self = Self(0);

    fn slot(slot: usize) -> Self {
        Self(1 << slot)
    }

    pub(crate) fn kind(kind: Kind) -> Self {
        Self::slot(kind as usize)
    }

    fn properties() -> Self {
        Self::slot(PROPERTIES)
    }

    /// What changes without an event, and may be a little old.
    fn time() -> Self {
        Self::slot(TIME)
    }

    /// Whether an answer may be given again for a little while only, though there was no event.
    pub(crate) fn ages(self) -> bool {
        self.0 & Self::time().0 != 0
    }

    /// How resources belong together: every kind but those that come in great numbers and hang on one parent.
    fn relations() -> Self {
        let mut all = Self::NOTHING;
        for kind in Kind::ALL {
            if !matches!(kind, Kind::Step | Kind::Log) {
                all = all.and(Self::kind(*kind));
            }
        }
        all
    }

    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn slots(self) -> impl Iterator<Item = usize> {
        (0..SLOTS).filter(move |slot| self.0 & (1 << slot) != 0)
    }
}

/// The slot of an event's resource; none if no answer shows it.
pub(crate) fn slot_of(entity: &Entity) -> Option<usize> {
    match entity {
        Entity::Properties(_) => Some(PROPERTIES),
        Entity::Control(_) => None,
        entity => entity.kind().map(|kind| kind as usize),
    }
}

type Pairs = [(String, String)];

/// What the answer to a read depends on. None if events do not tell all: test results have none, the places of listeners
/// none either.
///
/// That a name or a place in a path stands for an id does not change, and no answer is kept for one that stands
/// for nothing yet.
pub(crate) fn of(endpoint: &Endpoint, query: &Pairs) -> Option<Depends> {
    let depends = match endpoint {
        Endpoint::Rootlinks | Endpoint::Spec => Depends::NOTHING,
        Endpoint::One(key) => rows(key.kind(), query)?,
        Endpoint::OneWithin(key, scopes) => rows(key.kind(), query)?.and(within(key.kind(), scopes)),
        Endpoint::List(kind, scopes) => rows(*kind, query)?.and(within(*kind, scopes)),
        Endpoint::Contents(_) | Endpoint::Search(_) => Depends::kind(Kind::Log),
        Endpoint::Properties(of) | Endpoint::PropertyList(of) => match of {
            PropertiesOf::Build(_) => Depends::properties().and(Depends::kind(Kind::Build)),
            PropertiesOf::Buildset(_) => Depends::kind(Kind::Buildset),
        },
        Endpoint::ChangePropertyList(_) => Depends::kind(Kind::Change),
        Endpoint::CommitGraph(_) => Depends::kind(Kind::Commit),
        Endpoint::View(_) => Depends::relations().and(Depends::kind(Kind::Step)),
        _ => return None,
    };
    Some(match depends {
        Depends::NOTHING => depends,
        // Whether somebody may see what belongs to a builder can hang on the builder.
        depends => depends.and(Depends::kind(Kind::Builder)),
    })
}

/// Resources of `kind`, and what parameters bring in.
fn rows(kind: Kind, query: &Pairs) -> Option<Depends> {
    let mut depends = match kind {
        // How far a listener is changes without an event.
        Kind::TestResult | Kind::Listener => return None,
        // The JSON of schedulers and change sources holds their master, whose
        // [`last_active`](weir_status_api::Master::last_active) changes without an event.
        Kind::Master | Kind::Scheduler | Kind::ChangeSource => Depends::kind(kind)
            .and(Depends::kind(Kind::Master))
            .and(Depends::time()),
        kind => Depends::kind(kind),
    };
    for (name, _) in query {
        let name = name.split_once("__").map_or(name.as_str(), |(name, _)| name);
        if name == "property" {
            depends = depends
                .and(Depends::properties())
                .and(Depends::kind(Kind::Buildset));
        } else if columns(kind).iter().any(|it| it.relation && it.name == name) {
            depends = depends.and(Depends::relations());
        }
    }
    Some(depends)
}

/// What restricts resources of `kind` to those below others.
fn within(kind: Kind, scopes: &[Scope]) -> Depends {
    let scope = |scope: &Scope| match scope {
        Scope::Is(field, _) if !is_relation(kind, field) => Depends::kind(kind),
        Scope::Starts(_) => Depends::kind(Kind::Builder).and(Depends::kind(Kind::ForceScheduler)),
        _ => Depends::relations(),
    };
    scopes.iter().map(scope).fold(Depends::NOTHING, Depends::and)
}

fn is_relation(kind: Kind, field: &str) -> bool {
    let mut relations = columns(kind).iter().filter(|it| it.relation);
    relations.any(|it| it.field == Some(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_path(path: &str) -> Option<Depends> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        of(
            &Endpoint::parse(path).unwrap(),
            &weir_status_http::v2::pairs(query),
        )
    }

    fn has(depends: Depends, kind: Kind) -> bool {
        depends.slots().any(|slot| slot == kind as usize)
    }

    #[test]
    fn an_answer_depends_on_what_it_shows() {
        for (path, kind) in [
            ("builders/a", Kind::Builder),
            ("builders/a/builds/3", Kind::Build),
            ("builders/a/builds?limit=3&order=-number", Kind::Build),
            ("builds/3/steps/compile/logs/stdio/contents", Kind::Log),
            ("logs/3/search?text=error", Kind::Log),
            ("builds/3/steps", Kind::Step),
            ("changes/1/properties_list", Kind::Change),
            ("buildsets/1/properties", Kind::Buildset),
            ("forceschedulers", Kind::ForceScheduler),
            ("projects/app/builders", Kind::Builder),
            ("builds/3/data/sizes", Kind::BuildData),
            ("codebases/1/commit_range/2/3/commits_common_parent", Kind::Commit),
            ("builders/a/forceschedulers", Kind::ForceScheduler),
        ] {
            let expected = Depends::kind(kind).and(Depends::kind(Kind::Builder));
            assert_eq!(of_path(path), Some(expected), "{path}");
        }
        assert_eq!(of_path(""), Some(Depends::NOTHING));
    }

    #[test]
    fn a_relation_depends_on_all_that_it_goes_through() {
        for path in [
            "builds?changeid=1",
            "builds?triggered_by_buildid__eq=1",
            "changes/1/builds",
            "builds/1/changes",
            "builds/1/triggered_builds",
            "buildsets/1/sourcestamps",
            "sourcestamps/1/changes",
            "workers/1/builders",
            "builders/1/workers",
            "masters/1/builders",
            "masters/1/workers/1",
            "codebases/1/commit_range/2/3/test_result_sets",
            "test_result_sets?commitid=1",
        ] {
            let depends = of_path(path).unwrap();
            for kind in [
                Kind::Build,
                Kind::BuildRequest,
                Kind::Buildset,
                Kind::Worker,
                Kind::Builder,
            ] {
                assert!(has(depends, kind), "{path}: {kind:?}");
            }
        }
    }

    #[test]
    fn properties_come_as_changes_of_their_own() {
        for path in [
            "builds?property=owner",
            "builds/1?property=*",
            "builds/1/properties",
            "builds/1/property_list",
        ] {
            assert!(
                of_path(path).unwrap().slots().any(|slot| slot == PROPERTIES),
                "{path}"
            );
        }
    }

    #[test]
    fn what_shows_a_master_ages() {
        for path in [
            "masters",
            "masters/1",
            "schedulers",
            "schedulers/1",
            "builders/1/masters",
            "masters/1/schedulers",
            "changesources",
        ] {
            let depends = of_path(path).unwrap();
            assert!(depends.ages() && has(depends, Kind::Master), "{path}");
        }
        for path in ["builders", "builds/1", "masters/1/builders", ""] {
            assert!(!of_path(path).unwrap().ages(), "{path}");
        }
    }

    #[test]
    fn what_events_do_not_tell_is_not_kept() {
        assert_eq!(of_path("test_result_sets/1/results"), None);
    }
}
