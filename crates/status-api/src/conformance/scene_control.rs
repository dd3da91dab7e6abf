//! The part of a scene that is asked for through the API.

use std::collections::BTreeMap;

use super::scene::Scene;
use crate::{
    BuildId, BuildRequest, BuildRequestId, BuilderId, Buildset, BuildsetId, Caller, Command, Key, Outcome,
    PropertiesOf, Results,
};

impl Scene<'_> {
    /// Has a command carried out that must work.
    pub(super) async fn order(&self, command: Command) -> Outcome {
        self.tick();
        let what = format!("{command:?}");
        let done = self.api.control(&Caller::anonymous(), command).await;
        done.unwrap_or_else(|error| panic!("{what} fails: {error:?}"))
    }

    /// Gives an open request another priority.
    pub(super) async fn prioritize(&mut self, request: BuildRequestId, priority: i32) {
        let done = self.order(Command::SetPriority { request, priority }).await;
        assert_eq!(done, Outcome::Done);
        let open: BuildRequest = self.world.one(request.0);
        if open.complete_at.is_none() {
            self.world.put(BuildRequest { priority, ..open });
        }
    }

    /// Cancels a request that no master has claimed, or that is complete.
    pub(super) async fn cancel(&mut self, request: BuildRequestId) {
        let reason = Some("no need".to_owned());
        self.order(Command::CancelRequest { request, reason }).await;
        let now = crate::Clock::now(self.writer.clock());
        let open: BuildRequest = self.world.one(request.0);
        if open.complete_at.is_some() {
            return;
        }
        let buildset = open.buildset;
        self.world.put(BuildRequest {
            complete_at: Some(now),
            results: Some(Results::Cancelled),
            waiting_for: None,
            ..open
        });
        self.expect_end_of(buildset, now);
    }

    /// Builds the source of a build again.
    pub(super) async fn rebuild(&mut self, build: BuildId) -> BuildRequestId {
        let outcome = self.order(Command::Rebuild { build: build.into() }).await;
        let (buildset, requests) = self.expect_made(outcome).await;
        let first: BuildRequest = self.world.one(self.world.one::<crate::Build>(build.0).request.0);
        let changes = self.buildset_changes[&first.buildset].clone();
        self.buildset_changes.insert(buildset, changes);
        let made: Buildset = self.world.one(buildset.0);
        assert_eq!(
            made.rebuilt_build,
            Some(build),
            "a rebuild names the build it repeats"
        );
        requests.into_values().next().expect("a rebuild has a request")
    }

    /// Takes over what a command made, of which only a part is promised.
    pub(super) async fn expect_made(
        &mut self,
        outcome: Outcome,
    ) -> (BuildsetId, BTreeMap<BuilderId, BuildRequestId>) {
        let Outcome::Buildset { buildset, requests } = outcome else {
            panic!("a buildset is made, but the outcome is {outcome:?}")
        };
        let made: Buildset = self.look(Key::Buildset(buildset)).await;
        for stamp in &made.source_stamps {
            self.world.put(stamp.clone());
        }
        let now = crate::Clock::now(self.writer.clock());
        assert_eq!((made.submitted_at, made.complete_at), (now, None));
        self.world.put(made);
        for request in requests.values() {
            let made: BuildRequest = self.look(Key::BuildRequest(*request)).await;
            assert_eq!(
                (made.buildset, made.claimed_at, made.complete_at),
                (buildset, None, None)
            );
            self.world.put(made);
        }
        let of = PropertiesOf::Buildset(buildset);
        let properties = self.api.properties(of).await.expect("properties").value;
        self.buildset_properties.insert(buildset, properties);
        self.buildset_changes.insert(buildset, vec![]);
        (buildset, requests)
    }
}
