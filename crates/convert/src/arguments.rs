//! The arguments of a call, by their names.

use crate::recording::{Made, Value};

/// What a class of Buildbot takes by position.
fn positions(class: &str) -> &'static [&'static str] {
    match class {
        "Worker" | "BuildSlave" | "Slave" => &["name", "password", "max_builds"],
        name if name.ends_with("Worker") || name.ends_with("BuildSlave") => &["name", "password"],
        "MasterLock" | "WorkerLock" | "SlaveLock" => &["name", "maxCount", "maxCountForWorker"],
        ".access" => &["mode", "count"],
        "LockAccess" => &["lockid", "mode", "count"],
        "BuildFactory" => &["steps"],
        "BuilderConfig" => &["name", "workername", "workernames"],
        "Interpolate" | "WithProperties" => &["fmtstring"],
        "Property" => &["key", "default", "defaultWhenFalse"],
        "Secret" => &["secret_name"],
        "renderer" | "Transform" => &["function"],
        "ShellArg" => &["command", "logname"],
        "Git" | "GitHub" | "GitLab" | "Gerrit" => &["repourl", "port", "branch", "mode", "method"],
        "SetProperty" => &["property", "value"],
        "SetProperties" => &["properties"],
        "SetPropertyFromCommand" => &["property", "extract_fn", "strip"],
        "SetPropertiesFromEnv" => &["variables", "source"],
        "ShellSequence" => &["commands"],
        "MasterShellCommand" => &["command"],
        "Trigger" => &[
            "schedulerNames",
            "sourceStamp",
            "sourceStamps",
            "updateSourceStamp",
            "alwaysUseLatest",
            "waitForFinish",
        ],
        "FileUpload" | "DirectoryUpload" => &["workersrc", "masterdest"],
        "MultipleFileUpload" => &["workersrcs", "masterdest"],
        "FileDownload" => &["mastersrc", "workerdest"],
        "StringDownload" => &["s", "workerdest"],
        "JSONStringDownload" => &["o", "workerdest"],
        "JSONPropertiesDownload" => &["workerdest"],
        "RemoveDirectory" | "MakeDirectory" => &["dir"],
        "FileExists" => &["file"],
        "CopyDirectory" => &["src", "dest"],
        "CMake" => &["path", "generator", "definitions", "options", "cmake"],
        "HTTPStep" => &["url", "method"],
        "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS" => &["url"],
        "SingleBranchScheduler" | "Scheduler" | "AnyBranchScheduler" => &["name"],
        "Dependent" => &["name", "upstream", "builderNames"],
        "Periodic" => &["name", "builderNames", "periodicBuildTimer"],
        "Nightly" | "NightlyTriggerable" => &[
            "name",
            "builderNames",
            "minute",
            "hour",
            "dayOfMonth",
            "month",
            "dayOfWeek",
        ],
        "Triggerable" => &["name", "builderNames"],
        "ForceScheduler" => &["name", "builderNames"],
        "Try_Userpass" => &["name", "builderNames", "port", "userpass"],
        "Try_Jobdir" => &["name", "builderNames", "jobdir"],
        "ParameterGroup" | "NestedParameter" => &["name", "fields"],
        "CodebaseParameter" => &["codebase", "name"],
        name if name.ends_with("Parameter") => &["name", "label"],
        "GitPoller" => &["repourl", "branches", "branch", "workdir", "pollInterval"],
        "PBChangeSource" => &["user", "passwd", "port", "prefix"],
        "Project" => &["name", "slug", "description", "description_format"],
        "Codebase" => &["name", "project", "slug"],
        "SecretInAFile" => &["dirname", "suffixes", "strip"],
        "VaultAuthenticatorToken" => &["token"],
        "VaultAuthenticatorApprole" => &["roleId", "secretId"],
        "HashiCorpVaultKvSecretProvider" => {
            &["vault_server", "authenticator", "secrets_mount", "api_version"]
        }
        "JanitorConfigurator" => &["logHorizon", "hour"],
        "OldBuildCanceller" => &["name", "filters", "branch_key"],
        "FailingBuildsetCanceller" => &["name", "filters"],
        "SourceStampFilter" | "ChangeFilter" => &["filter_fn"],
        "UserPasswordAuth" => &["users"],
        "HttpStatusPush" => &["serverUrl"],
        "MailNotifier" => &["fromaddr", "relayhost", "lookup", "extraRecipients"],
        "Domain" => &["domain"],
        "GitHubStatusPush" | "GitHubCommentPush" | "GitLabStatusPush" => &["token", "context", "baseURL"],
        "BitbucketStatusPush" => &["oauth_key", "oauth_secret", "auth"],
        "BitbucketServerStatusPush" | "BitbucketServerPRCommentPush" => &["base_url", "user", "password"],
        "BitbucketServerCoreAPIStatusPush" => &["base_url", "token", "auth"],
        "GerritStatusPush" => &["server", "username", "port", "identity_file"],
        "GerritVerifyStatusPush" => &["baseURL", "auth"],
        "PushoverNotifier" => &["user_key", "api_token"],
        "ZulipStatusPush" => &["endpoint", "token", "stream"],
        "IRC" => &["host", "nick", "channels"],
        "TelegramBot" => &["bot_token", "chat_ids"],
        "BuildStatusGenerator" | "BuildSetStatusGenerator" => {
            &["mode", "tags", "builders", "schedulers", "branches"]
        }
        "BuildStartEndStatusGenerator" | "BuildRequestGenerator" => {
            &["tags", "builders", "schedulers", "branches"]
        }
        "BuildSetCombinedStatusGenerator" => &["message_formatter"],
        "WorkerMissingGenerator" => &["workers"],
        "MessageFormatterRenderable" => &["template", "subject"],
        "MessageFormatterFunction" | "MessageFormatterFunctionRaw" => &["function", "template_type"],
        "RolesFromUsername" => &["roles", "usernames"],
        "RolesFromGroups" => &["groupPrefix"],
        "AnyEndpointMatcher" | "AnyControlEndpointMatcher" | "EnableSchedulerEndpointMatcher" => &["role"],
        name if name.ends_with("EndpointMatcher") => &["builder"],
        _ => &[],
    }
}

/// The arguments of a call that nobody has looked at yet.
#[derive(Clone, Debug)]
pub(crate) struct Arguments<'r> {
    pairs: Vec<(String, &'r Value)>,
}

impl<'r> Arguments<'r> {
    /// Those of what was made. What the user's class says as attributes, and what was set later, counts as well.
    pub(crate) fn of(made: &'r Made) -> Self {
        let class = if made.path.starts_with('.') {
            made.path.as_str()
        } else {
            made.class()
        };
        let names = positions(class);
        let mut pairs: Vec<(String, &Value)> = made
            .args
            .iter()
            .enumerate()
            .map(|(number, value)| match names.get(number) {
                Some(name) => ((*name).to_owned(), value),
                None => (format!("argument {}", number + 1), value),
            })
            .collect();
        pairs.extend(made.kwargs.iter().map(|(name, value)| (name.clone(), value)));
        let attributes = made.custom.iter().flat_map(|it| &it.attributes);
        for (name, value) in
            attributes.filter(|it| !matches!(it.0.as_str(), "renderables" | "compare_attrs" | "parms"))
        {
            if !pairs.iter().any(|it| it.0 == *name) {
                pairs.push((name.clone(), value));
            }
        }
        Self { pairs }
    }

    /// Those of a dict.
    pub(crate) fn of_dict(dict: &'r [(Value, Value)]) -> Self {
        let named = dict.iter().filter_map(|(key, value)| match key {
            Value::Text(key) => Some((key.clone(), value)),
            _ => None,
        });
        Self {
            pairs: named.collect(),
        }
    }

    /// The argument of that name, once; `None` in Python is none.
    pub(crate) fn take(&mut self, name: &str) -> Option<&'r Value> {
        self.take_even_none(name).filter(|it| **it != Value::None)
    }

    /// The argument of that name, once.
    pub(crate) fn take_even_none(&mut self, name: &str) -> Option<&'r Value> {
        let number = self.pairs.iter().position(|it| it.0 == name)?;
        Some(self.pairs.remove(number).1)
    }

    /// The argument that has one of the names.
    pub(crate) fn take_any(&mut self, names: &[&str]) -> Option<&'r Value> {
        let mut found = None;
        for name in names {
            let value = self.take(name);
            found = found.or(value);
        }
        found
    }

    /// A string.
    pub(crate) fn text(&mut self, name: &str) -> Option<&'r str> {
        let Some(Value::Text(_)) = self.pairs.iter().find(|it| it.0 == name).map(|it| it.1) else {
            return None;
        };
        match self.take(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether there is an argument of that name, other than `None`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|it| it.0 == name && *it.1 != Value::None)
    }

    /// What Python takes for true or false.
    pub(crate) fn truth(&mut self, name: &str) -> Option<bool> {
        self.take(name).map(is_true)
    }

    /// Leaves out what says nothing to Weir.
    pub(crate) fn forget(&mut self, names: &[&str]) {
        self.pairs.retain(|it| !names.contains(&it.0.as_str()));
    }

    /// What is left.
    pub(crate) fn rest(self) -> Vec<(String, &'r Value)> {
        self.pairs.into_iter().filter(|it| *it.1 != Value::None).collect()
    }
}

/// Whether Python takes a value for true.
pub(crate) fn is_true(value: &Value) -> bool {
    match value {
        Value::None => false,
        Value::Bool(it) => *it,
        Value::Int(it) => *it != 0,
        Value::Float(it) => *it != 0.0,
        Value::Text(it) => !it.is_empty(),
        Value::List(it) => !it.is_empty(),
        Value::Dict(it) => !it.is_empty(),
        Value::Regex(..) | Value::Object(_) | Value::Other(_) => true,
    }
}

/// The strings of a list, or of one string.
pub(crate) fn strings(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Text(text) => Some(vec![text.clone()]),
        Value::List(items) => items
            .iter()
            .map(|it| match it {
                Value::Text(text) => Some(text.clone()),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

/// A number of seconds, or of anything.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(it) => Some(*it as f64),
        Value::Float(it) => Some(*it),
        Value::Text(it) => it.trim().parse().ok(),
        _ => None,
    }
}
