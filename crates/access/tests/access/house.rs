//! A master with open and secret builders, and those who come to it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use weir_access::{Action, Audience, Guarded, Limit, Policy, Rule, User};
use weir_status_api::conformance::{BuilderSetup, HandClock, NewBuildset, Setup, SetupIds, Stage, Writer};
use weir_status_api::{
    Access, BuildId, Caller, Clock, Credentials, Error, ForceDefaults, ForceScheduler, LogKind, Properties,
    Property, Result, Results, StatusApi, Timestamp, Token, TokenId,
};

use crate::model::ModelStage;

/// What every hidden thing has in its name or text.
pub(crate) const HIDDEN: &str = "secret";
pub(crate) const ADMIN: &str = "the-token-of-the-administrator";
pub(crate) const EVA: &str = "the-token-of-eva";

/// Tokens in memory.
#[derive(Default)]
pub(crate) struct Drawer(Mutex<Vec<([u8; 32], Token)>>);

#[async_trait]
impl Credentials for Drawer {
    async fn add_token(&self, mut token: Token, hash: [u8; 32]) -> Result<Token> {
        let mut tokens = self.0.lock().unwrap();
        token.id = TokenId(tokens.len() as i64 + 1);
        tokens.push((hash, token.clone()));
        Ok(token)
    }

    async fn token(&self, hash: [u8; 32]) -> Result<Option<Token>> {
        let tokens = self.0.lock().unwrap();
        Ok(tokens
            .iter()
            .find(|(it, _)| *it == hash)
            .map(|(_, it)| it.clone()))
    }

    async fn tokens(&self, user: Option<&str>) -> Result<Vec<Token>> {
        let tokens = self.0.lock().unwrap();
        let theirs = tokens.iter().rev().map(|(_, it)| it.clone());
        Ok(theirs
            .filter(|it| user.is_none_or(|user| it.user == user))
            .collect())
    }

    async fn revoke_token(&self, token: TokenId, at: Timestamp) -> Result<()> {
        let mut tokens = self.0.lock().unwrap();
        let found = tokens.iter_mut().find(|(_, it)| it.id == token);
        let (_, found) = found.ok_or_else(|| Error::not_found(format!("token {token}")))?;
        found.revoked_at.get_or_insert(at);
        Ok(())
    }

    async fn forget_tokens(&self, before: Timestamp) -> Result<()> {
        let ended = |it: &Token| it.expires_at.min(it.revoked_at).is_some_and(|end| end < before);
        self.0.lock().unwrap().retain(|(_, it)| !ended(it));
        Ok(())
    }
}

/// A rule that allows `actions` to `to` on `builders`.
pub(crate) fn rule(actions: &[Action], to: Audience, builders: &[&str]) -> Rule {
    Rule {
        actions: actions.iter().copied().collect(),
        to,
        on: Limit {
            builders: builders.iter().map(|it| (*it).to_owned()).collect(),
            ..Limit::default()
        },
    }
}

pub(crate) fn everybody() -> Audience {
    Audience {
        anonymous: true,
        ..Audience::default()
    }
}

pub(crate) fn admins() -> Audience {
    Audience {
        roles: vec!["admin".to_owned()],
        ..Audience::default()
    }
}

/// Everybody sees the open builders, users control them, and administrators see and do all.
pub(crate) fn policy() -> Policy {
    let control: Vec<Action> = Action::ALL.iter().copied().filter(|it| it.is_control()).collect();
    let about_builders: Vec<Action> = control
        .iter()
        .copied()
        .filter(|it| it.is_about_builders())
        .collect();
    Policy {
        users: vec![
            User {
                roles: vec!["admin".to_owned()],
                ..User::with_token("root", ADMIN)
            },
            User::with_token("eva", EVA),
        ],
        rules: vec![
            rule(&[Action::Read], everybody(), &["open-*"]),
            rule(&[Action::Read, Action::Tokens], admins(), &[]),
            rule(&about_builders, Audience::default(), &["open-*"]),
            rule(&control, admins(), &[]),
        ],
        ..Policy::default()
    }
}

/// A master in memory and the door to it.
pub(crate) struct House {
    pub(crate) stage: ModelStage,
    pub(crate) door: Guarded,
    pub(crate) drawer: Arc<Drawer>,
    pub(crate) ids: SetupIds,
}

pub(crate) fn force(name: &str, builders: &[&str]) -> ForceScheduler {
    ForceScheduler {
        name: name.to_owned(),
        button_name: "Force".to_owned(),
        label: name.to_owned(),
        builder_names: builders.iter().map(|it| (*it).to_owned()).collect(),
        enabled: true,
        defaults: ForceDefaults::default(),
        properties: Properties::new(),
        fields: vec![],
    }
}

/// The builders, of which the first are open.
pub(crate) const BUILDERS: [&str; 5] = ["open-1", "secret-1", "open-2", "secret-2", "open-3"];

fn setup() -> Setup {
    Setup {
        builders: BUILDERS
            .iter()
            .map(|name| BuilderSetup {
                name: (*name).to_owned(),
                tags: vec![format!("tag-of-{name}")],
                workers: vec!["w".to_owned()],
                ..BuilderSetup::default()
            })
            .collect(),
        workers: vec!["w".to_owned()],
        schedulers: ["all", "force", "secret-force", "both"]
            .map(str::to_owned)
            .to_vec(),
        force_schedulers: vec![
            force("force", &["open-1"]),
            force("secret-force", &["secret-1", "secret-2"]),
            force("both", &["open-1", "secret-1", "open-2"]),
        ],
        ..Setup::default()
    }
}

impl House {
    pub(crate) async fn new(policy: Policy) -> Self {
        Self::with(policy, setup()).await
    }

    /// A house with that set up.
    pub(crate) async fn with(policy: Policy, setup: Setup) -> Self {
        let stage = ModelStage::new(None);
        let ids = stage.writer().configure(setup).await;
        let drawer = Arc::new(Drawer::default());
        let clock = Arc::new(stage.writer().clock().clone());
        let door = Guarded::new(stage.api(), drawer.clone(), clock, policy).unwrap();
        Self {
            stage,
            door,
            drawer,
            ids,
        }
    }

    pub(crate) fn writer(&self) -> &dyn Writer {
        self.stage.writer()
    }

    pub(crate) fn clock(&self) -> &HandClock {
        self.writer().clock()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock().now()
    }

    /// The API as whoever holds `token` sees it; anonymous callers hold none.
    pub(crate) fn open(&self, token: Option<&str>) -> Arc<dyn StatusApi> {
        self.door.open(&caller(token))
    }

    /// A buildset on the builders, with a build on each, of which each has a step and a log. What belongs to hidden
    /// builders alone says so in all its texts.
    pub(crate) async fn story(
        &self,
        builders: &[&str],
        parent: Option<BuildId>,
    ) -> BTreeMap<String, BuildId> {
        let writer = self.writer();
        let hidden = builders.iter().all(|it| it.contains(HIDDEN));
        let reason = if hidden { "a secret reason" } else { "a reason" };
        let (_, requests) = writer
            .add_buildset(NewBuildset {
                reason: reason.to_owned(),
                builders: builders.iter().map(|it| self.ids.builders[*it]).collect(),
                parent: parent.map(|it| (it, "triggered".to_owned())),
                ..NewBuildset::default()
            })
            .await;
        let mut builds = BTreeMap::new();
        for name in builders {
            let request = requests[&self.ids.builders[*name]];
            assert!(writer.claim(request).await);
            let properties = Properties::from([(format!("of-{name}"), Property::new(*name, "Builder"))]);
            let (build, _) = writer
                .start_build(request, self.ids.workers["w"], properties.clone())
                .await;
            writer.set_properties(build, properties).await;
            writer.set_build_state(build, &format!("building {name}")).await;
            let step = writer.add_step(build, &format!("step-of-{name}")).await;
            writer.start_step(step).await;
            let log = writer
                .add_log(step, &format!("log-of-{name}"), LogKind::Stdio)
                .await;
            writer.append_log(log, &format!("oline of {name}\n")).await;
            writer
                .finish_step(step, Results::Success, &format!("{name} did it"), false)
                .await;
            builds.insert((*name).to_owned(), build);
        }
        builds
    }
}

pub(crate) fn caller(token: Option<&str>) -> Caller {
    token.map_or(Caller::anonymous(), Caller::bearer)
}
