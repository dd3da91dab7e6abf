//! The master, how long things are kept, secrets and projects; and what Weir has no setting for.

use std::path::Path;

use crate::arguments::{Arguments, is_true, number, strings};
use crate::configuration::Converter;
use crate::recording::Value;
use crate::starlark::{Call, duration, identifier, quote, remark};

/// Keys that say nothing to Weir.
const NOT_NEEDED: &[&str] = &[
    "buildbotNetUsageData",
    "buildCacheSize",
    "changeCacheSize",
    "caches",
    "logCompressionLimit",
    "logCompressionMethod",
    "validation",
    "titleURL",
    "multiMaster",
    "mq",
];

/// Keys that are looked at elsewhere.
const LOOKED_AT: &[&str] = &[
    "builders",
    "workers",
    "slaves",
    "schedulers",
    "change_source",
    "change_sources",
    "services",
    "status",
    "configurators",
    "secretsProviders",
    "projects",
    "codebases",
    "www",
    "title",
    "collapseRequests",
    "mergeRequests",
    "logMaxSize",
    "logMaxTailSize",
    "logEncoding",
    "properties",
    "changeHorizon",
    "protocols",
    "slavePortnum",
];

/// Keys that are told of, each with what to do instead.
const TOLD: &[(&str, &str)] = &[
    (
        "db",
        "weir master --database URL for PostgreSQL, else nothing: SQLite is in --data DIR. `weir import-buildbot` brings the history over",
    ),
    (
        "db_url",
        "weir master --database URL for PostgreSQL, else nothing: SQLite is in --data DIR. `weir import-buildbot` brings the history over",
    ),
    (
        "buildbotURL",
        "links are made from the address that people use; a proxy in front keeps it",
    ),
    ("codebaseGenerator", "write codebase = NAME in each git_poller(…)"),
    (
        "prioritizeBuilders",
        "master(prioritize_builders = …): a list of builders, or a function of them",
    ),
    (
        "select_next_worker",
        "master(next_worker = \"least_busy\", \"random\" or \"first\"), or next_worker of a builder",
    ),
    ("user_managers", "write user(NAME, …) in the configuration"),
    (
        "manhole",
        "there is no shell in the master: `weir status`, `weir watch` and the API tell what it does",
    ),
    ("metrics", "`weir status` and the API tell what there is"),
    ("machines", "keep workers running: Weir begins no machines"),
    (
        "revlink",
        "changes have a link of their own: weir sendchange --revlink",
    ),
];

impl<'r> Converter<'r> {
    /// `master(…)`, `retention(…)`, people and secrets.
    pub(crate) fn setup(&mut self) -> Vec<String> {
        let mut written = vec![];
        // Projects have to be known where builders name them.
        for value in self.items(&["projects"]) {
            if let Some((_, _, made)) = self.recording.made(value) {
                self.projects
                    .extend(Arguments::of(made).text("name").map(str::to_owned));
            }
        }
        let (people, anonymous) = self.people();
        written.push(self.master(anonymous));
        written.extend(people);
        written.extend(self.retention());
        written.extend(self.secrets());
        written
    }

    fn master(&mut self, anonymous: bool) -> String {
        let mut call = Call::new("master");
        if let Some(Value::Text(title)) = self.key("title") {
            let title: String = title.chars().take(200).collect();
            call.set("title", quote(&title));
        }
        if let Some((port, is_local)) = self.port() {
            if !is_local {
                let at = self.place_of_key("www");
                let what = format!("the web's port {port}, on all addresses");
                let instead = "it is this machine's alone here: add TLS to serve others, or a proxy in front";
                call.comment(&self.lost(at, &what, instead));
            }
            call.set("listen", quote(&format!("127.0.0.1:{port}")));
        }
        self.write_worker_ports(&mut call);
        if anonymous {
            call.comment(
                "Nobody signs in, as it was: whoever reaches the address may force and stop builds.",
            );
            call.set("anonymous_control", "True");
        }
        for (theirs, ours) in [
            ("logMaxSize", "log_max_size"),
            ("logMaxTailSize", "log_max_tail_size"),
            ("logEncoding", "log_encoding"),
        ] {
            if let Some(value) = self.key(theirs) {
                call.set_some(ours, self.data(value));
            }
        }
        for name in ["collapseRequests", "mergeRequests"] {
            match self.key(name) {
                Some(Value::Bool(it)) => call.set("collapse_requests", if *it { "True" } else { "False" }),
                Some(value) => {
                    let at = self.place_of_key(name);
                    call.comment(&self.choice(
                        value,
                        "the master",
                        name,
                        "collapse_requests, a function of two requests",
                        at,
                    ));
                }
                None => {}
            }
        }
        if let Some(Value::Dict(pairs)) = self.key("properties").filter(|it| is_true(it)) {
            match self.data(&Value::Dict(pairs.clone())) {
                Some(properties) => call.set("properties", properties),
                None => {
                    let at = self.place_of_key("properties");
                    call.comment(&self.lost(
                        at,
                        "`properties` of the master that are no plain data",
                        "give them to builders",
                    ));
                }
            }
        }
        if call.is_empty() {
            String::new()
        } else {
            call.render()
        }
    }

    /// The port of the web, and whether others cannot reach it.
    fn port(&self) -> Option<(u16, bool)> {
        let Some(Value::Dict(www)) = self.key("www") else {
            return None;
        };
        let port = Arguments::of_dict(www).take("port")?;
        match port {
            Value::Int(port) => Some((u16::try_from(*port).ok()?, false)),
            // Twisted's: `tcp:8010:interface=127.0.0.1`.
            Value::Text(text) => {
                let is_local = text.contains("interface=127.") || text.contains("interface=localhost");
                Some((text.split(':').find_map(|it| it.parse().ok())?, is_local))
            }
            _ => None,
        }
    }

    fn retention(&mut self) -> Option<String> {
        let mut call = Call::new("retention");
        for value in self.items(&["configurators"]) {
            let at = self.recording.at(value).map(str::to_owned);
            let Some((_, _, made)) = self.recording.made(value) else {
                continue;
            };
            let mut arguments = Arguments::of(made);
            if made.class() != "JanitorConfigurator" {
                let what = format!("the configurator {}", self.words_for(value));
                call.comment(&self.lost(at.as_deref(), &what, "write what it makes"));
                continue;
            }
            if let Some(seconds) = arguments.take("logHorizon").and_then(number) {
                call.set("logs", duration(seconds.max(3600.0)));
            }
            if arguments.take("build_data_horizon").is_some() {
                let what = "`build_data_horizon` of a `JanitorConfigurator`";
                call.comment(&self.lost(
                    at.as_deref(),
                    what,
                    "build data goes with its build: retention(builds = \"90d\")",
                ));
            }
        }
        if let Some(number) = self.key("changeHorizon").and_then(|it| self.data(it)) {
            let at = self.place_of_key("changeHorizon");
            let what = format!("`changeHorizon`, the newest {number} changes");
            call.comment(&self.lost(
                at,
                &what,
                "Weir keeps changes by their age: retention(changes = \"365d\")",
            ));
        }
        (!call.is_empty()).then(|| call.render())
    }

    fn secrets(&mut self) -> Vec<String> {
        let mut written = vec![];
        for value in self.items(&["secretsProviders"]) {
            let at = self.recording.at(value).or(self.place_of_key("secretsProviders"));
            let Some((_, _, made)) = self.recording.made(value) else {
                continue;
            };
            let mut arguments = Arguments::of(made);
            match made.class() {
                "SecretInAFile" => {
                    let folder = arguments.text("dirname").unwrap_or("secrets");
                    let mut call = Call::new("secrets_from_files").first(quote(folder));
                    let suffixes = arguments.take("suffixes").and_then(strings).unwrap_or_default();
                    if let [first, ..] = suffixes.as_slice() {
                        call.set("suffix", quote(first));
                    }
                    if suffixes.len() > 1 {
                        let what = "several suffixes of `SecretInAFile`";
                        call.comment(&self.lost(at, what, "write secrets_from_files(…) for each"));
                    }
                    if arguments.truth("strip") == Some(false) {
                        call.set("strip", "False");
                    }
                    written.push(self.unless_missing(folder, &call, at));
                }
                "HashiCorpVaultKvSecretProvider" => written.push(self.vault(arguments, at)),
                class => {
                    let what = format!("the secrets provider `{class}`");
                    let instead = "write secrets_from_files(FOLDER), secrets_from_env(PREFIX) or secrets_from_vault(URL)";
                    written.push(remark(&self.lost(at, &what, instead)));
                }
            }
        }
        written
    }

    /// Where secrets come from, if they are used and no place is left that they could come from.
    pub(crate) fn missing_source_of_secrets(&mut self, parts: &[String]) -> Option<String> {
        let lines = || {
            parts
                .iter()
                .flat_map(|it| it.lines())
                .filter(|it| !it.trim_start().starts_with('#'))
        };
        let is_used = lines().any(|it| it.contains("secret(") || it.contains("%(secret:"));
        if !is_used || lines().any(|it| it.starts_with("secrets_from_")) {
            return None;
        }
        let what = "where secrets come from";
        let instead = "until then they are variables of the master's environment: CI_SECRET_NAME";
        let said = self.lost(self.place_of_key("secretsProviders"), what, instead);
        Some(format!("{}\nsecrets_from_env(\"CI_SECRET_\")", remark(&said)))
    }

    /// A folder that is not there is a mistake of the configuration.
    fn unless_missing(&mut self, folder: &str, call: &Call, at: Option<&str>) -> String {
        if Path::new(folder).is_absolute() && Path::new(folder).is_dir() {
            return call.render();
        }
        let what = format!("the folder of secrets `{folder}`, which is not there");
        let said = self.lost(
            at,
            &what,
            "make it beside weir.star (mkdir -m 700), and take the `#` away",
        );
        format!(
            "{}\n{}",
            remark(&said),
            crate::starlark::commented_out(&call.render())
        )
    }

    fn vault(&mut self, mut arguments: Arguments<'r>, at: Option<&str>) -> String {
        let mut call = Call::new("secrets_from_vault")
            .first(arguments.text("vault_server").map_or_else(|| quote(""), quote));
        call.set_some("mount", arguments.text("secrets_mount").map(quote));
        if let Some(version) = arguments.take("api_version").filter(|it| **it != Value::Int(2)) {
            call.set_some("version", self.data(version));
        }
        let login = arguments
            .take("authenticator")
            .and_then(|it| self.recording.made(it));
        match login {
            Some((_, _, made)) if made.class() == "VaultAuthenticatorApprole" => {
                call.set_some("role_id", Arguments::of(made).text("roleId").map(quote));
                call.set("secret_id_file", quote("vault.secret-id"));
            }
            _ => call.set("token_env", quote("VAULT_TOKEN")),
        }
        let instead = "put it into that file, or into that variable, and take the `#` away";
        let said = self.lost(
            at,
            "the token or secret of Vault, which stands in no configuration here",
            instead,
        );
        format!(
            "{}\n{}",
            remark(&said),
            crate::starlark::commented_out(&call.render())
        )
    }

    pub(crate) fn write_projects(&mut self) -> Vec<String> {
        let mut written = vec![];
        for value in self.items(&["projects"]) {
            let Some((_, _, made)) = self.recording.made(value) else {
                continue;
            };
            let mut arguments = Arguments::of(made);
            let Some(name) = arguments.text("name") else {
                continue;
            };
            let mut call = Call::new("project").first(quote(name));
            call.set_some(
                "slug",
                arguments.text("slug").map(|it| quote(&identifier(it, 70))),
            );
            call.set_some("description", arguments.text("description").map(quote));
            call.set_some(
                "description_format",
                arguments.text("description_format").map(quote),
            );
            written.push(call.render());
        }
        for value in self.items(&["codebases"]) {
            let at = self.recording.at(value);
            let Some((_, _, made)) = self.recording.made(value) else {
                continue;
            };
            let mut arguments = Arguments::of(made);
            let project = arguments.take("project").and_then(|it| match it {
                Value::Text(name) => Some(name.as_str()),
                it => self
                    .recording
                    .made(it)
                    .and_then(|(_, _, made)| Arguments::of(made).text("name")),
            });
            let (Some(name), Some(project)) = (
                arguments.text("name"),
                project.filter(|it| self.projects.contains(*it)),
            ) else {
                written.push(remark(&self.lost(
                    at,
                    "a codebase of a project that is not there",
                    "write codebase(NAME, project = PROJECT)",
                )));
                continue;
            };
            let mut call = Call::new("codebase").first(quote(name));
            call.set("project", quote(project));
            call.set_some(
                "slug",
                arguments.text("slug").map(|it| quote(&identifier(it, 70))),
            );
            written.push(call.render());
        }
        written
    }

    /// Tells of the keys that nobody has looked at.
    pub(crate) fn tell_unknown_keys(&mut self) {
        for (name, value) in &self.recording.config {
            let is_known = NOT_NEEDED.contains(&name.as_str()) || LOOKED_AT.contains(&name.as_str());
            if is_known || !is_true(value) {
                continue;
            }
            let instead = TOLD.iter().find(|it| it.0 == name).map(|it| it.1);
            let at = self.place_of_key(name);
            self.lost(
                at,
                &format!("`{name}` of the master"),
                instead.unwrap_or("Weir has no such setting: leave it out"),
            );
        }
    }
}
