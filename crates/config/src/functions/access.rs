//! `user(…)`, `role(…)` and `allow(…)`.

use std::collections::BTreeSet;

use starlark::values::Value;
use weir_access::{Action, Audience, Limit, Role, Rule, User, check_password_hash};

use crate::call::{Call, Function};
use crate::nearest::{did_you_mean, nearest};
use crate::object::Item;
use crate::read::{self, Reading};
use crate::session::Kind;

pub(super) const USER: Function = Function {
    name: "user",
    parameters: &[
        "name",
        "token",
        "token_file",
        "password_hash",
        "roles",
        "groups",
        "email",
        "full_name",
    ],
    positional: 1,
    any_name: false,
    run: user,
};

pub(super) const ROLE: Function = Function {
    name: "role",
    parameters: &["name", "users", "groups"],
    positional: 1,
    any_name: false,
    run: role,
};

pub(super) const ALLOW: Function = Function {
    name: "allow",
    parameters: &[
        "actions",
        "builders",
        "tags",
        "projects",
        "roles",
        "users",
        "groups",
        "anonymous",
    ],
    positional: 1,
    any_name: false,
    run: allow,
};

/// The word for all that is done to builds, workers and schedulers.
const CONTROL: &str = "control";

fn user(call: &mut Call<'_, '_>) -> Option<Item> {
    let name = call.required("name", read::name(70));
    let token = call.optional_secret("token", "token_file");
    let user = User {
        password_hash: call.optional("password_hash", password_hash),
        roles: call.or("roles", read::list(read::name(70), "roles"), vec![]),
        groups: call.or("groups", read::list(read::name(70), "groups"), vec![]),
        email: call.optional("email", read::name(200)),
        full_name: call.optional("full_name", read::name(200)),
        ..match &token {
            Some(token) => User::with_token(&name, token.expose()),
            None => User {
                name: name.clone(),
                ..User::default()
            },
        }
    };
    call.declare(Kind::User, &name);
    declare_all(call, Kind::Role, &user.roles);
    declare_all(call, Kind::Group, &user.groups);
    let shares = |it: &User| it.token_hash.is_some() && it.token_hash == user.token_hash && it.name != name;
    if call
        .session()
        .configure(|config| config.policy.users.iter().any(shares))
    {
        let help = Some("give each user a token of their own".to_owned());
        call.mistake("name", &format!("'{name}' has the token of another user"), help);
    }
    call.session().configure(|config| config.policy.users.push(user));
    Some(Item::Other("a user"))
}

/// Names that come to be where they are first used.
fn declare_all(call: &Call<'_, '_>, kind: Kind, names: &[String]) {
    for name in names {
        // That it is there already is as it should be.
        let _ = call.session().declare(kind, name, call.place());
    }
}

/// What `weir hash-password` prints.
fn password_hash(value: Value<'_>) -> Reading<String> {
    let hash = read::text(value)?;
    match check_password_hash(&hash) {
        None => Ok(hash),
        Some(why) => read::wrong(why, Some("make one with: weir hash-password")),
    }
}

fn role(call: &mut Call<'_, '_>) -> Option<Item> {
    let role = Role {
        name: call.required("name", read::name(70)),
        users: call.or("users", read::list(read::name(70), "users"), vec![]),
        groups: call.or("groups", read::list(read::name(70), "groups"), vec![]),
    };
    call.declare(Kind::RoleFunction, &role.name);
    declare_all(call, Kind::Role, std::slice::from_ref(&role.name));
    call.refer(Kind::User, "users", &role.users);
    call.refer(Kind::Group, "groups", &role.groups);
    call.session().configure(|config| config.policy.roles.push(role));
    Some(Item::Other("a role"))
}

fn allow(call: &mut Call<'_, '_>) -> Option<Item> {
    let actions: BTreeSet<Action> = call.required("actions", actions).into_iter().collect();
    // An empty list would open all that it was meant to limit.
    let on = Limit {
        builders: call.or(
            "builders",
            read::some(read::builder, "builders or patterns"),
            vec![],
        ),
        tags: call.or("tags", read::some(read::name(70), "tags"), vec![]),
        projects: call.or(
            "projects",
            read::some(read::project, "projects or patterns"),
            vec![],
        ),
    };
    let to = Audience {
        anonymous: call.or("anonymous", read::boolean, false),
        roles: call.or("roles", read::some(read::name(70), "roles"), vec![]),
        users: call.or("users", read::some(read::name(70), "users"), vec![]),
        groups: call.or("groups", read::some(read::name(70), "groups"), vec![]),
    };
    refer(call, &on, &to);
    let actions = limited(call, actions, &on);
    if to.anonymous {
        check_anonymous(call, &actions, &to);
    }
    call.session()
        .configure(|config| config.policy.rules.push(Rule { actions, to, on }));
    Some(Item::Other("a rule"))
}

/// Actions, by their words; one alone needs no list.
fn actions(value: Value<'_>) -> Reading<Vec<Action>> {
    let groups = match value.unpack_str() {
        Some(_) => vec![action(value)?],
        None => read::some(action, "actions")(value)?,
    };
    Ok(groups.into_iter().flatten().collect())
}

fn action(value: Value<'_>) -> Reading<Vec<Action>> {
    let word = read::text(value)?;
    if word == CONTROL {
        return Ok(Action::ALL.iter().copied().filter(|it| it.is_control()).collect());
    }
    if let Some(action) = Action::from_name(&word) {
        return Ok(vec![action]);
    }
    let words = || Action::ALL.iter().map(|it| it.name()).chain([CONTROL]);
    let help = nearest(&word, words()).map_or_else(
        || format!("actions are {}", words().collect::<Vec<_>>().join(", ")),
        did_you_mean,
    );
    read::wrong(format!("is no action: '{word}'"), Some(&help))
}

/// The names in a rule must be something's; a pattern may match nothing yet.
fn refer(call: &Call<'_, '_>, on: &Limit, to: &Audience) {
    for (number, name) in on.builders.iter().enumerate() {
        if !name.contains('*') {
            call.refer_one(Kind::Builder, "builders", number, name);
        }
    }
    for (number, name) in on.projects.iter().enumerate() {
        if !name.contains('*') {
            call.refer_one(Kind::Project, "projects", number, name);
        }
    }
    call.refer(Kind::Role, "roles", &to.roles);
    call.refer(Kind::User, "users", &to.users);
    call.refer(Kind::Group, "groups", &to.groups);
}

/// The actions that a rule for some builders allows: those that are about builders.
fn limited(call: &mut Call<'_, '_>, actions: BTreeSet<Action>, on: &Limit) -> BTreeSet<Action> {
    if on.is_none() {
        return actions;
    }
    let (about, other): (BTreeSet<_>, BTreeSet<_>) =
        actions.into_iter().partition(|it| it.is_about_builders());
    if about.is_empty() && !other.is_empty() {
        let words: Vec<&str> = other.iter().map(|it| it.name()).collect();
        let message = format!(
            "limits '{}', which is about no builder, to some builders",
            words.join("', '")
        );
        let help = "leave out builders, tags and projects".to_owned();
        call.mistake("actions", &message, Some(help));
    }
    about
}

fn check_anonymous(call: &mut Call<'_, '_>, actions: &BTreeSet<Action>, to: &Audience) {
    if actions.contains(&Action::Tokens) {
        let message = "'tokens' cannot be allowed to anonymous callers: they have none";
        call.mistake("anonymous", message, None);
    }
    if !(to.roles.is_empty() && to.users.is_empty() && to.groups.is_empty()) {
        let message = "is for everybody by 'anonymous', and for some by 'roles', 'users' or 'groups'";
        call.mistake("anonymous", message, Some("leave one out".to_owned()));
    }
}
