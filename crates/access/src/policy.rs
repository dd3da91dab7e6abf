//! Who may do what, as the configuration has it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use weir_status_api::Identity;

use crate::secret;
use crate::standing::Standing;

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// What a rule can allow.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $($(#[$doc])* $name,)+ }

        impl Action {
            /// All actions.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The action's word in the configuration.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

actions! {
    /// To see builders and all that belongs to them.
    Read = "read",
    /// To start builds through a force scheduler.
    Force = "force",
    /// To build the same again.
    Rebuild = "rebuild",
    /// To stop builds.
    Stop = "stop",
    /// To cancel build requests.
    Cancel = "cancel",
    /// To change the priority of build requests.
    Priority = "priority",
    /// To pause, unpause and stop workers.
    Workers = "workers",
    /// To enable and disable schedulers.
    Schedulers = "schedulers",
    /// To add changes.
    Changes = "changes",
    /// To have a master read its configuration again, and to be told what it is configured with.
    Reconfigure = "reconfigure",
    /// To run listeners that keep their places with the master.
    Listen = "listen",
    /// To have listeners deliver again, and to forget what they could not deliver.
    Replay = "replay",
    /// To make tokens for others, and to list and revoke theirs.
    Tokens = "tokens",
}

impl Action {
    /// The action of that word, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }

    /// Whether it asks for something to be done to builds, workers, schedulers or a master.
    pub const fn is_control(self) -> bool {
        !matches!(self, Self::Read | Self::Tokens)
    }

    /// Whether it is about builders, so that a rule can limit it to some of them.
    pub const fn is_about_builders(self) -> bool {
        !matches!(
            self,
            Self::Workers
                | Self::Schedulers
                | Self::Changes
                | Self::Reconfigure
                | Self::Listen
                | Self::Replay
                | Self::Tokens
        )
    }
}

/// Somebody who is known by name: by a token of the configuration, a password, or tokens made for them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct User {
    /// The name to sign in with.
    pub name: String,
    /// SHA-256 of the token that the configuration gives them.
    pub token_hash: Option<[u8; 32]>,
    /// The hash of their password, `$argon2id$…`.
    pub password_hash: Option<String>,
    /// Roles that they have by themselves.
    pub roles: Vec<String>,
    /// The groups that they are in.
    pub groups: Vec<String>,
    /// Where they get mail.
    pub email: Option<String>,
    /// What people call them.
    pub full_name: Option<String>,
}

impl User {
    /// The user `name`, who presents `token`.
    pub fn with_token(name: impl Into<String>, token: &str) -> Self {
        Self {
            name: name.into(),
            token_hash: Some(secret::hash(token)),
            ..Self::default()
        }
    }
}

impl fmt::Debug for User {
    /// Shows who they are, never what their secrets hash to.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("name", &self.name)
            .field("roles", &self.roles)
            .field("groups", &self.groups)
            .finish_non_exhaustive()
    }
}

/// A role, and who has it beside those users who name it themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Users that have it, by name.
    pub users: Vec<String>,
    /// Groups whose members have it.
    pub groups: Vec<String>,
}

/// Whom a rule is for. With nothing given: everybody who is known by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// Also those who did not say who they are.
    pub anonymous: bool,
    /// Those who have one of these roles.
    pub roles: Vec<String>,
    /// These users.
    pub users: Vec<String>,
    /// The members of these groups.
    pub groups: Vec<String>,
}

impl Audience {
    /// Whether somebody is meant; none for an anonymous caller.
    fn includes(&self, who: Option<&Identity>) -> bool {
        if self.anonymous {
            return true;
        }
        let Some((who, name)) = who.and_then(|who| Some((who, who.name.as_ref()?))) else {
            return false;
        };
        let shares = |mine: &[String], theirs: &[String]| mine.iter().any(|it| theirs.contains(it));
        let all = self.roles.is_empty() && self.users.is_empty() && self.groups.is_empty();
        all || self.users.contains(name)
            || shares(&self.roles, &who.roles)
            || shares(&self.groups, &who.groups)
    }
}

/// Some of the builders: those that fit each list that is not empty. `*` stands for any text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limit {
    /// Patterns of names.
    pub builders: Vec<String>,
    /// Patterns of tags, one of which the builder must have.
    pub tags: Vec<String>,
    /// Patterns of the name of the builder's project; a builder without one is in the project "".
    pub projects: Vec<String>,
}

impl Limit {
    /// Whether it lets every builder through.
    pub fn is_none(&self) -> bool {
        self.builders.is_empty() && self.tags.is_empty() && self.projects.is_empty()
    }

    pub(crate) fn admits(&self, builder: &Facts) -> bool {
        let fits = |patterns: &[String], text: &str| patterns.iter().any(|it| matches(it, text));
        (self.builders.is_empty() || fits(&self.builders, &builder.name))
            && (self.tags.is_empty() || builder.tags.iter().any(|tag| fits(&self.tags, tag)))
            && (self.projects.is_empty()
                || fits(&self.projects, builder.project.as_deref().unwrap_or_default()))
    }
}

/// What rules look at of a builder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) name: String,
    pub(crate) tags: Vec<String>,
    pub(crate) project: Option<String>,
    pub(crate) project_id: Option<weir_status_api::ProjectId>,
    /// Whether it is configured on a master.
    pub(crate) configured: bool,
}

/// One rule: it allows some actions to some people on some builders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// What it allows.
    pub actions: BTreeSet<Action>,
    /// To whom.
    pub to: Audience,
    /// On which builders.
    pub on: Limit,
}

/// Who may do what. Rules only allow: as soon as one speaks of an action, that action is open to those alone whom a
/// rule allows it. An action of which no rule speaks is open as ever: reading to everybody, control to everybody
/// who is known by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Whether callers without a name may control where no rule speaks of it.
    pub anonymous_control: bool,
    /// Those who are known by name.
    pub users: Vec<User>,
    /// The roles.
    pub roles: Vec<Role>,
    /// The rules.
    pub rules: Vec<Rule>,
}

impl Policy {
    /// Whether somebody can sign in with a password.
    pub fn has_passwords(&self) -> bool {
        self.users.iter().any(|user| user.password_hash.is_some())
    }

    pub(crate) fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    /// What is known of the user.
    pub(crate) fn identity(&self, user: &User) -> Identity {
        let by_role = self.roles.iter().filter(|role| {
            role.users.contains(&user.name) || role.groups.iter().any(|it| user.groups.contains(it))
        });
        let roles: BTreeSet<String> = user
            .roles
            .iter()
            .cloned()
            .chain(by_role.map(|role| role.name.clone()))
            .collect();
        Identity {
            name: Some(user.name.clone()),
            full_name: user.full_name.clone(),
            email: user.email.clone(),
            groups: user.groups.clone(),
            roles: roles.into_iter().collect(),
        }
    }

    /// On what `who` may do `action`, whatever their token is for.
    pub(crate) fn grant(&self, action: Action, who: &Standing) -> Grant {
        let identity = match who {
            Standing::Insider(_) => return Grant::Everything,
            Standing::Anonymous => None,
            Standing::Known(known) => Some(&known.identity),
        };
        let mut spoken_of = false;
        let mut limits = vec![];
        for rule in self.rules.iter().filter(|rule| rule.actions.contains(&action)) {
            spoken_of = true;
            if rule.to.includes(identity) {
                if rule.on.is_none() {
                    return Grant::Everything;
                }
                limits.push(rule.on.clone());
            }
        }
        let open = match action {
            Action::Read => true,
            Action::Tokens => false,
            _ => identity.is_some() || self.anonymous_control,
        };
        match limits.is_empty() {
            false => Grant::Some(limits.into()),
            true if !spoken_of && open => Grant::Everything,
            true => Grant::Nothing,
        }
    }
}

/// On what somebody may do an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    Nothing,
    Some(Arc<[Limit]>),
    Everything,
}

/// Whether `pattern` matches the whole of `text`, `*` standing for any text: what patterns mean everywhere in a
/// configuration. It keeps one point to return to, so that no pattern takes long.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            retry = Some((p + 1, t));
            p += 1;
        } else if pattern.get(p) == Some(&text[t]) {
            p += 1;
            t += 1;
        } else if let Some((after_star, from)) = retry {
            retry = Some((after_star, from + 1));
            p = after_star;
            t = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|it| *it == b'*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_in_a_pattern_is_any_text() {
        for (pattern, text, expected) in [
            ("main", "main", true),
            ("main", "maint", false),
            ("release/*", "release/1.2", true),
            ("release/*", "release", false),
            ("*-fix", "a-fix-fix", true),
            ("*a*b", "xaxxb", true),
            ("*a*b", "xaxx", false),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
