//! What a configuration consists of, so that two can be compared by those who must not see what is in it.
//!
//! Everything is taken apart by exhaustive patterns, so that a new field is a compile error until it is told of.

use sha2::{Digest, Sha256};
use weir_access::{Policy, Role, User};
use weir_status_api::{Configuration, ConfigurationPart};

use crate::model::{
    BuilderConfig, CancellerConfig, CancellerKind, ChangeSource, CodebaseConfig, GitPoller, ListenerConfig,
    LockConfig, MasterConfig, PbChangeSource, ProjectConfig, RetentionConfig, SchedulerConfig, SchedulerKind,
    Secret, WorkerConfig,
};

/// The fields of a struct or variant by their names, as texts.
macro_rules! fields {
    ($value:expr => $($of:ident)::+ { $($field:ident),* $(,)? }) => {{
        let $($of)::+ { $($field),* } = $value;
        vec![$((stringify!($field), format!("{:?}", $field))),*]
    }};
}

/// The fields of the variant of an enum, and which it is.
macro_rules! variants {
    ($value:expr => $of:ident { $($variant:ident $word:literal { $($field:ident),* $(,)? },)+ }) => {
        match $value {
            $($of::$variant { $($field),* } => vec![
                ("kind", $word.to_owned()),
                $((stringify!($field), format!("{:?}", $field))),*
            ],)+
        }
    };
}

type Fields = Vec<(&'static str, String)>;

/// The parts of `config`, each field told by a digest that is made with `salt`. Equal configurations give the same, and
/// of a function of the configuration its name counts: that its text may be another is told of the master as a whole.
pub fn describe(config: &MasterConfig, salt: &str) -> Configuration {
    let mut describing = Describing { salt, parts: vec![] };
    describing.all(config);
    Configuration {
        salt: salt.to_owned(),
        parts: describing.parts,
    }
}

struct Describing<'s> {
    salt: &'s str,
    parts: Vec<ConfigurationPart>,
}

impl Describing<'_> {
    fn add(&mut self, kind: &str, name: &str, fields: Fields) {
        let digests = fields.into_iter().map(|(field, value)| {
            let salted = format!("{}\0{kind}\0{name}\0{field}\0{value}", self.salt);
            let hash = Sha256::digest(salted);
            let digest = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
            (field.to_owned(), digest)
        });
        let part = ConfigurationPart {
            kind: kind.to_owned(),
            name: name.to_owned(),
            fields: digests.collect(),
        };
        self.parts.push(part);
    }

    fn each<T>(&mut self, kind: &str, all: &[T], describe: impl Fn(&T) -> (&str, Fields)) {
        for it in all {
            let (name, fields) = describe(it);
            self.add(kind, name, fields);
        }
    }

    fn all(&mut self, config: &MasterConfig) {
        let MasterConfig {
            title,
            web_url,
            listen,
            tls,
            buildbot_pb,
            buildbot_msgpack,
            plain_text_beyond_loopback,
            worker_grace,
            next_worker,
            prioritize_builders,
            workers,
            change_sources,
            projects,
            codebases,
            schedulers,
            cancellers,
            locks,
            builders,
            listeners,
            policy,
            collapse_requests,
            functions,
            retention,
            log,
            properties,
            secret_providers,
            source,
        } = config;
        let functions = (!functions.is_empty()).then_some(&source.text);
        let master = vec![
            ("title", title.clone()),
            ("web_url", format!("{web_url:?}")),
            ("listen", listen.to_string()),
            ("tls", format!("{tls:?}")),
            ("buildbot_pb", format!("{buildbot_pb:?}")),
            ("buildbot_msgpack", format!("{buildbot_msgpack:?}")),
            (
                "plain_text_beyond_loopback",
                plain_text_beyond_loopback.to_string(),
            ),
            ("worker_grace", format!("{worker_grace:?}")),
            ("next_worker", format!("{next_worker:?}")),
            ("prioritize_builders", format!("{prioritize_builders:?}")),
            ("collapse_requests", format!("{collapse_requests:?}")),
            ("functions", format!("{functions:?}")),
            ("log", format!("{log:?}")),
            ("properties", format!("{properties:?}")),
            ("secret_providers", format!("{secret_providers:?}")),
        ];
        self.add("master", "", master);
        self.each("worker", workers, |it| (&it.name, worker(it)));
        self.each("change source", change_sources, |it| {
            (it.name(), change_source(it))
        });
        self.each("project", projects, |it| {
            (&it.name, fields!(it => ProjectConfig { name, slug, description }))
        });
        for it in codebases {
            let name = format!("{}/{}", it.project, it.name);
            self.add(
                "codebase",
                &name,
                fields!(it => CodebaseConfig { name, slug, project }),
            );
        }
        self.each("scheduler", schedulers, |it| (&it.name, scheduler(it)));
        self.each("canceller", cancellers, |it| (&it.name, canceller(it)));
        self.each("lock", locks, |it| {
            (&it.name, fields!(it => LockConfig { name, scope, count, counts }))
        });
        self.each("builder", builders, |it| (&it.name, builder(it)));
        self.each("listener", listeners, |it| (&it.name, listener(it)));
        self.each("retention", retention.as_slice(), |it| ("", keeping(it)));
        self.policy(policy);
    }

    fn policy(&mut self, policy: &Policy) {
        let Policy {
            anonymous_control,
            users,
            roles,
            rules,
        } = policy;
        let access = vec![
            ("anonymous_control", anonymous_control.to_string()),
            ("rules", format!("{rules:?}")),
        ];
        self.add("access", "", access);
        self.each("user", users, |it| (&it.name, user(it)));
        self.each("role", roles, |it| {
            (&it.name, fields!(it => Role { name, users, groups }))
        });
    }
}

/// A secret's text, which goes into its digest and nowhere else.
fn exposed(secret: &Secret) -> String {
    secret.expose().to_owned()
}

fn user(user: &User) -> Fields {
    fields!(user => User { name, token_hash, password_hash, roles, groups, email, full_name })
}

fn worker(worker: &WorkerConfig) -> Fields {
    let mut fields = fields!(worker => WorkerConfig {
        name, token, has_password, max_builds, properties, missing_timeout, notify_on_missing,
    });
    fields.retain(|(name, _)| *name != "token");
    fields.push(("token", exposed(&worker.token)));
    fields
}

fn change_source(source: &ChangeSource) -> Fields {
    match source {
        ChangeSource::GitPoller(it) => fields!(it => GitPoller {
            name, repository, branches, poll_interval, project, codebase, category,
        }),
        ChangeSource::Pb(it) => {
            let mut fields = fields!(it => PbChangeSource { name, user, password, prefix });
            fields.retain(|(name, _)| *name != "password");
            fields.push(("password", exposed(&it.password)));
            fields
        }
    }
}

fn scheduler(scheduler: &SchedulerConfig) -> Fields {
    let mut fields = fields!(scheduler => SchedulerConfig {
        name, builders, properties, late_properties, priority, kind,
    });
    fields.retain(|(name, _)| *name != "kind");
    fields.extend(variants!(&scheduler.kind => SchedulerKind {
        SingleBranch "single_branch" { branch, tree_stable, filter, codebases },
        AnyBranch "any_branch" { tree_stable, filter, codebases },
        Periodic "periodic" { interval, sources },
        Nightly "nightly" { times, sources, changes },
        Dependent "dependent" { upstream },
        Triggerable "triggerable" { reason, sources },
        NightlyTriggerable "nightly_triggerable" { times, sources },
        Force "force" { button, label, reason, source, fields },
    }));
    fields
}

fn canceller(canceller: &CancellerConfig) -> Fields {
    let mut fields = fields!(canceller => CancellerConfig { name, builders, filter, kind });
    fields.retain(|(name, _)| *name != "kind");
    fields.extend(variants!(&canceller.kind => CancellerKind {
        OldBuilds "old_build_canceller" { branch_keys },
        FailingBuildsets "failing_buildset_canceller" { cancel },
    }));
    fields
}

fn builder(builder: &BuilderConfig) -> Fields {
    fields!(builder => BuilderConfig {
        name, workers, steps, total_timeout, locks, env, properties, late_properties, default_properties, tags,
        project, description, workdir, can_start_build, next_build, next_worker, collapse_requests,
    })
}

fn listener(listener: &ListenerConfig) -> Fields {
    let mut fields = fields!(listener => ListenerConfig {
        name, kind, options, secrets, named_secrets, reporting, terms,
    });
    fields.retain(|(name, _)| !matches!(*name, "options" | "secrets"));
    // What is secret is among the options, of which hashes are told.
    fields.extend(listener.options.iter().map(|(name, it)| (*name, it.to_string())));
    fields
}

fn keeping(retention: &RetentionConfig) -> Fields {
    fields!(retention => RetentionConfig {
        builds, builds_per_builder, least_per_builder, logs, changes, events,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const CONFIG: &str = r#"
worker("w1", token = "a-token-that-is-long-enough")
builder("b", workers = ["w1"], steps = [shell("make", name = "make")])
webhook("hook", url = "https://example.org", events = ["builds/*/finished"], secret = "a-secret")
periodic("often", interval = "1h", builders = ["b"])
force("force", builders = ["b"])
user("ada", token = "another-token-that-is-long", roles = ["all"])
role("all")
allow("control", roles = ["all"])
"#;

    fn told(old: &str, new: &str) -> Vec<String> {
        let describe = |source: &str| {
            let config = weir_check(source);
            describe(&config, "salt")
        };
        let changes = describe(old).changes_to(&describe(new));
        changes
            .iter()
            .map(|it| {
                let fields = it.fields.join(", ");
                format!("{} {} {} {fields}", it.difference.name(), it.kind, it.name)
            })
            .collect()
    }

    fn weir_check(source: &str) -> MasterConfig {
        crate::check(source, "weir.star", Path::new(".")).unwrap_or_else(|error| panic!("{error}"))
    }

    fn with(old: &str, new: &str) -> Vec<String> {
        assert!(CONFIG.contains(old), "{old}");
        told(CONFIG, &CONFIG.replace(old, new))
    }

    #[test]
    fn each_change_is_told_with_its_fields() {
        assert_eq!(told(CONFIG, &format!("\n# A remark.\n{CONFIG}")), [""; 0]);
        let cases: [(&str, &str, &[&str]); 7] = [
            ("a-token-that", "one-token-that", &["changed worker w1 token"]),
            ("a-secret", "other-secret", &["changed listener hook secret"]),
            (
                r#""make", name"#,
                r#""make -j", name"#,
                &["changed builder b steps"],
            ),
            ("1h", "2h", &["changed scheduler often interval"]),
            ("another-token", "third-token-", &["changed user ada token_hash"]),
            (
                r#"allow("control", roles = ["all"])"#,
                r#"allow("force", roles = ["all"])"#,
                &["changed access  rules"],
            ),
            (
                r#"force("force""#,
                r#"force("press""#,
                &["removed scheduler force ", "added scheduler press "],
            ),
        ];
        for (old, new, expected) in cases {
            assert_eq!(with(old, new), expected, "{new}");
        }
        let of_kind = told(
            CONFIG,
            &CONFIG.replace(r#"periodic("often", interval = "1h""#, r#"any_branch("often""#),
        );
        let expected = "changed scheduler often codebases, filter, interval, kind, sources, tree_stable";
        assert_eq!(of_kind, [expected]);
    }

    #[test]
    fn functions_that_may_be_others_are_told_of_the_master() {
        let functions = CONFIG
            .replace(r#"name = "make")"#, r#"name = "make", do_if = asks)"#)
            .replace("\nbuilder(", "\ndef asks(build):\n    return True\nbuilder(");
        let same = functions.replace("\ndef asks", "\n\n\ndef asks");
        assert_eq!(told(&functions, &same), ["changed master  functions"]);
        assert_eq!(told(&functions, &functions), [""; 0]);
    }

    #[test]
    fn another_salt_makes_other_digests() {
        let config = weir_check(CONFIG);
        let (one, other) = (describe(&config, "1"), describe(&config, "2"));
        assert_ne!(one.parts, other.parts);
        let text = format!("{one:?}");
        assert!(!text.contains("token-that") && !text.contains("a-secret"));
    }
}
