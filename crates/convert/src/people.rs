//! Who signs in, and who may do what.

use crate::arguments::{Arguments, is_true, strings};
use crate::configuration::Converter;
use crate::recording::Value;
use crate::starlark::{Call, plain_list, quote, remark};

impl<'r> Converter<'r> {
    /// Users, roles and rules; and whether anybody may do all without a name.
    pub(crate) fn people(&mut self) -> (Vec<String>, bool) {
        let Some(Value::Dict(www)) = self.key("www") else {
            // Without the web nobody could.
            return (vec![], false);
        };
        let mut arguments = Arguments::of_dict(www);
        let mut written = vec![];
        let place = self.place_of_key("www");
        let auth = arguments.take("auth");
        if let Some(auth) = auth {
            let at = self.recording.at(auth).or(self.place_of_key("auth")).or(place);
            self.sign_in(auth, &mut written, at);
        }
        let authz = arguments.take("authz");
        if let Some(authz) = authz {
            let at = self.recording.at(authz).or(place);
            self.rules(authz, &mut written, at);
        }
        self.rest_of_web(arguments);
        (written, auth.is_none() && authz.is_none())
    }

    fn sign_in(&mut self, auth: &'r Value, written: &mut Vec<String>, at: Option<&str>) {
        let made = self.recording.made(auth);
        let users = made
            .filter(|(_, _, made)| made.class() == "UserPasswordAuth")
            .and_then(|(_, _, made)| Arguments::of(made).take("users"));
        let names: Vec<&str> = match users {
            Some(Value::Dict(pairs)) => pairs.iter().filter_map(|it| text(&it.0)).collect(),
            Some(Value::List(pairs)) => pairs
                .iter()
                .filter_map(|it| match it {
                    Value::List(pair) => pair.first().and_then(text),
                    _ => None,
                })
                .collect(),
            _ => {
                let what = format!("{} to sign in with", self.words_for(auth));
                let instead = "write user(NAME, password_hash = …) for each (`weir hash-password` makes it), or a token";
                written.push(remark(&self.lost(at, &what, instead)));
                return;
            }
        };
        for name in names {
            let mut call = Call::new("user").first(quote(name));
            let instead = "write password_hash = what `weir hash-password` prints";
            call.comment(&self.lost(at, &format!("the password of the user `{name}`"), instead));
            written.push(call.render());
        }
    }

    fn rules(&mut self, authz: &'r Value, written: &mut Vec<String>, at: Option<&str>) {
        let Some((_, _, made)) = self.recording.made(authz) else {
            return;
        };
        let mut arguments = Arguments::of(made);
        if let Some(Value::List(matchers)) = arguments.take("roleMatchers") {
            matchers.iter().for_each(|it| self.role(it, written, at));
        }
        if let Some(Value::List(rules)) = arguments.take("allowRules") {
            rules.iter().for_each(|it| self.rule(it, written, at));
        }
    }

    fn role(&mut self, value: &'r Value, written: &mut Vec<String>, at: Option<&str>) {
        let at = self.recording.at(value).or(at);
        let Some((_, _, made)) = self.recording.made(value) else {
            return;
        };
        let mut arguments = Arguments::of(made);
        if made.class() != "RolesFromUsername" {
            let what = format!("roles by `{}`", made.class());
            written.push(remark(&self.lost(
                at,
                &what,
                "write role(NAME, users = […]) or role(NAME, groups = […])",
            )));
            return;
        }
        let roles = arguments.take("roles").and_then(strings).unwrap_or_default();
        let users = arguments.take("usernames").and_then(strings).unwrap_or_default();
        for role in roles {
            let mut call = Call::new("role").first(quote(&role));
            call.set("users", plain_list(users.iter().map(|it| quote(it))));
            written.push(call.render());
        }
    }

    fn rule(&mut self, value: &'r Value, written: &mut Vec<String>, at: Option<&str>) {
        let at = self.recording.at(value).or(at);
        let Some((_, _, made)) = self.recording.made(value) else {
            return;
        };
        let mut arguments = Arguments::of(made);
        let actions: &[&str] = match made.class() {
            "AnyEndpointMatcher" => &["read", "control"],
            "AnyControlEndpointMatcher" => &["control"],
            "ForceBuildEndpointMatcher" => &["force"],
            "StopBuildEndpointMatcher" => &["stop", "cancel"],
            "RebuildBuildEndpointMatcher" => &["rebuild"],
            "EnableSchedulerEndpointMatcher" => &["schedulers"],
            class => {
                let what = format!("the rule `{class}`");
                written.push(remark(&self.lost(
                    at,
                    &what,
                    "write allow([ACTIONS], roles = [NAME])",
                )));
                return;
            }
        };
        let Some(role) = arguments.text("role") else {
            return;
        };
        if role == "owner" {
            let instead =
                "write allow([\"stop\", \"rebuild\"], users = […]): Weir has no rule for who began a build";
            written.push(remark(&self.lost(at, "a rule for the owner of a build", instead)));
            return;
        }
        if !written.iter().any(|it| {
            it.replace("\n    ", "")
                .starts_with(&format!("role({}", quote(role)))
        }) {
            let what = format!("who has the role `{role}`");
            let said = self.lost(at, &what, "write role(NAME, users = […]), or roles of a user");
            let mut call = Call::new("role").first(quote(role));
            call.comment(&said);
            written.push(call.render());
        }
        let mut call = Call::new("allow").first(plain_list(actions.iter().map(|it| quote(it))));
        if let Some(builder) = arguments.text("builder") {
            call.set("builders", plain_list([quote(builder)]));
        }
        call.set("roles", plain_list([quote(role)]));
        written.push(call.render());
    }

    fn rest_of_web(&mut self, mut arguments: Arguments<'r>) {
        arguments.forget(&[
            "port",
            "json_cache_seconds",
            "rest_minimum_version",
            "maxRequestsPerConnection",
            "max_search_results",
            "debug",
            "graphql",
            "cookie_expiration_time",
            "logfileName",
            "logRotateLength",
            "maxRotatedFiles",
            "versions",
            "jsonp",
        ]);
        let place = self.place_of_key("www");
        for (name, value) in arguments.rest() {
            if !is_true(value) {
                continue;
            }
            let instead = match name.as_str() {
                "change_hook_dialects" => {
                    "POST /change_hook/base is there for callers who may; other hooks are missing: git_poller(…), or let the hook run `weir sendchange`"
                }
                "change_hook_auth" => "write allow([\"changes\"], users = [NAME])",
                "ui_default_config" => {
                    "write it as JSON for `weir master --ui buildbot --ui-settings FILE`; the web status has its own defaults"
                }
                "plugins" | "theme" | "default_page" | "custom_templates_dir" => {
                    "the web status has its views: see \"The web status\" in the book"
                }
                "avatar_methods" => "leave it out",
                "allowed_origins" => "leave it out, or let a proxy in front add it",
                _ => "leave it out",
            };
            let at = self.place_of_key(&name).or(place);
            self.lost(at, &format!("`{name}` of `www`"), instead);
        }
    }
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}
