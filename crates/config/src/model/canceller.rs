//! What cancels builds that are not worth going on.

use weir_access::matches;
use weir_status_api::SourceStamp;

use super::{Pattern, any_admits};

/// What cancels builds that are not worth going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CancellerConfig {
    /// Its name.
    pub name: String,
    /// The builders whose builds it looks at, by name; all if empty.
    pub builders: Vec<String>,
    /// The sources that it looks at: one of a buildset's is enough.
    pub filter: SourceFilter,
    /// What it cancels.
    pub kind: CancellerKind,
}

/// What a canceller cancels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CancellerKind {
    /// What is built on a branch, when a newer change of it is to be built on the same builder (Buildbot's
    /// `OldBuildCanceller`).
    OldBuilds {
        /// Beginnings of branches, in parts between `/`, `*` stands for any text in a part: branches with the same
        /// beginning are the same branch.
        branch_keys: Vec<String>,
    },
    /// What else belongs to a buildset, when one of its builds fails (Buildbot's `FailingBuildsetCanceller`).
    FailingBuildsets {
        /// The builders whose builds are cancelled; all if empty.
        cancel: Vec<String>,
    },
}

impl CancellerConfig {
    /// Whether it looks at builds of the builder.
    pub fn looks_at(&self, builder: &str) -> bool {
        self.builders.is_empty() || self.builders.iter().any(|it| it == builder)
    }
}

/// Sources by what they are of. An empty list admits everything (Buildbot's `SourceStampFilter`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceFilter {
    /// The branches; a source on the default branch has the branch "".
    pub branches: Vec<Pattern>,
    /// The projects.
    pub projects: Vec<Pattern>,
    /// The repositories.
    pub repositories: Vec<Pattern>,
    /// The codebases.
    pub codebases: Vec<Pattern>,
}

impl SourceFilter {
    /// Whether the source is one of them.
    pub fn admits(&self, source: &SourceStamp) -> bool {
        any_admits(&self.branches, source.branch.as_deref().unwrap_or_default())
            && any_admits(&self.projects, &source.project)
            && any_admits(&self.repositories, &source.repository)
            && any_admits(&self.codebases, &source.codebase)
    }
}

impl CancellerKind {
    /// What `branch` is known by: the beginning that it shares with others of the same kind, or all of it.
    pub fn branch_key<'b>(&self, branch: &'b str) -> &'b str {
        let Self::OldBuilds { branch_keys } = self else {
            return branch;
        };
        let beginning = |pattern: &String| {
            let mut length = 0;
            let mut parts = branch.split('/');
            for wanted in pattern.split('/') {
                let part = parts.next().filter(|it| matches(wanted, it))?;
                length += part.len() + 1;
            }
            branch.get(..length - 1)
        };
        branch_keys.iter().find_map(beginning).unwrap_or(branch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_are_the_same_by_their_beginning() {
        let branch_keys = vec!["refs/changes/*/*".to_owned(), "users/*".to_owned()];
        let kind = CancellerKind::OldBuilds { branch_keys };
        for (branch, key) in [
            ("refs/changes/34/1234/5", "refs/changes/34/1234"),
            ("refs/changes/34/1234", "refs/changes/34/1234"),
            ("refs/changes/34", "refs/changes/34"),
            ("users/ada/parser", "users/ada"),
            ("main", "main"),
            ("", ""),
        ] {
            assert_eq!(kind.branch_key(branch), key);
        }
    }
}
