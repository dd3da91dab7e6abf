//! What a master is configured with, as far as it is told: which parts there are, and by what they differ.

use std::collections::BTreeMap;

/// How many changes an answer names at the most.
pub const MAX_LISTED_CHANGES: usize = 200;

/// What a master is configured with. Of values it tells digests alone: enough to see which differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// What the digests are made with: another text each time that somebody asks, so that they are good for a comparison
    /// with this answer and nothing else.
    pub salt: String,
    /// The parts.
    pub parts: Vec<ConfigurationPart>,
}

/// One part of a configuration: a builder, say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigurationPart {
    /// What it is, as the configuration's function for it is called where there is one for all of its kind: `builder`,
    /// `worker`, `scheduler`, `change source`, `lock`, …
    pub kind: String,
    /// Its name, unique among those of its kind; may be empty if there is one of the kind.
    pub name: String,
    /// A digest of each of its fields, by the field's name.
    pub fields: BTreeMap<String, String>,
}

/// What became of a part from one configuration to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Difference {
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// Some of its fields are others.
    Changed,
}

impl Difference {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Added, Self::Removed, Self::Changed];

    /// Its word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// How a part differs from one configuration to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigurationChange {
    /// As [`ConfigurationPart::kind`].
    pub kind: String,
    /// As [`ConfigurationPart::name`].
    pub name: String,
    /// What became of it.
    pub difference: Difference,
    /// The names of the fields that are others, if it was changed.
    pub fields: Vec<String>,
}

/// What came of a reconfiguration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconfigured {
    /// What is other than before, [`MAX_LISTED_CHANGES`] at the most.
    pub changes: Vec<ConfigurationChange>,
    /// How many more changes there are.
    pub unlisted: u64,
    /// What stays as it is until the master is started again, a sentence for each.
    pub restart: Vec<String>,
}

impl Reconfigured {
    /// Of these changes, and with these parts that wait for a restart.
    pub fn new(mut changes: Vec<ConfigurationChange>, restart: Vec<String>) -> Self {
        let unlisted = changes.len().saturating_sub(MAX_LISTED_CHANGES);
        changes.truncate(MAX_LISTED_CHANGES);
        Self {
            changes,
            unlisted: unlisted as u64,
            restart,
        }
    }
}

impl Configuration {
    /// How `new` differs from this one, by kind and name. Both must have been made with the same salt.
    pub fn changes_to(&self, new: &Self) -> Vec<ConfigurationChange> {
        let (old, new) = (self.by_name(), new.by_name());
        let mut names: Vec<_> = old.keys().chain(new.keys()).copied().collect();
        names.sort_unstable();
        names.dedup();
        let change = |(kind, name): (&str, &str)| {
            let (difference, fields) = match (old.get(&(kind, name)), new.get(&(kind, name))) {
                (Some(old), Some(new)) => match fields_that_differ(old, new) {
                    none if none.is_empty() => return None,
                    fields => (Difference::Changed, fields),
                },
                (Some(_), None) => (Difference::Removed, vec![]),
                (None, _) => (Difference::Added, vec![]),
            };
            Some(ConfigurationChange {
                kind: kind.to_owned(),
                name: name.to_owned(),
                difference,
                fields,
            })
        };
        names.into_iter().filter_map(change).collect()
    }

    fn by_name(&self) -> BTreeMap<(&str, &str), &BTreeMap<String, String>> {
        let parts = self.parts.iter();
        parts
            .map(|it| ((it.kind.as_str(), it.name.as_str()), &it.fields))
            .collect()
    }
}

fn fields_that_differ(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> Vec<String> {
    let mut names: Vec<_> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let differs = |name: &&String| old.get(*name) != new.get(*name);
    names.into_iter().filter(differs).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(kind: &str, name: &str, fields: &[(&str, &str)]) -> ConfigurationPart {
        ConfigurationPart {
            kind: kind.to_owned(),
            name: name.to_owned(),
            fields: fields
                .iter()
                .map(|(name, digest)| ((*name).to_owned(), (*digest).to_owned()))
                .collect(),
        }
    }

    fn configuration(parts: Vec<ConfigurationPart>) -> Configuration {
        Configuration {
            salt: String::new(),
            parts,
        }
    }

    #[test]
    fn parts_are_compared_by_kind_and_name() {
        let old = configuration(vec![
            part("worker", "a", &[("token", "1")]),
            part("builder", "a", &[("steps", "1"), ("tags", "1"), ("kind", "x")]),
            part("builder", "b", &[("steps", "1")]),
        ]);
        let new = configuration(vec![
            part("builder", "c", &[("steps", "1")]),
            part("builder", "a", &[("steps", "2"), ("tags", "1"), ("env", "1")]),
            part("worker", "a", &[("token", "1")]),
        ]);
        let told: Vec<String> = old
            .changes_to(&new)
            .iter()
            .map(|it| format!("{} {} {} {:?}", it.kind, it.name, it.difference.name(), it.fields))
            .collect();
        assert_eq!(
            told,
            [
                r#"builder a changed ["env", "kind", "steps"]"#,
                "builder b removed []",
                "builder c added []",
            ]
        );
        assert_eq!(new.changes_to(&new), []);
    }

    #[test]
    fn an_answer_names_so_many_changes_at_the_most() {
        let parts = (0..250).map(|it| part("builder", &it.to_string(), &[])).collect();
        let changes = configuration(vec![]).changes_to(&configuration(parts));
        let answer = Reconfigured::new(changes, vec![]);
        assert_eq!((answer.changes.len(), answer.unlisted), (MAX_LISTED_CHANGES, 50));
    }
}
