//! The part of a scene that is configured.

use std::collections::BTreeMap;

use super::scene::Scene;
use super::stage::{BuilderSetup, Setup};
use crate::{Builder, ConfiguredOn, Scheduler, Worker, WorkerId, WorkerInfo};

impl Scene<'_> {
    /// Configures `setup`; what was configured and is not in it is removed.
    pub(super) async fn configure(&mut self, setup: Setup) {
        self.tick();
        let new = self.writer.configure(setup.clone()).await;
        self.ids.builders.extend(new.builders);
        self.ids.workers.extend(new.workers);
        self.ids.schedulers.extend(new.schedulers);
        self.expect_builders(&setup);
        self.expect_workers(&setup);
        self.expect_schedulers(&setup);
    }

    fn expect_builders(&mut self, setup: &Setup) {
        let master = self.writer.master();
        for mut builder in self.world.all::<Builder>() {
            builder.masters.clear();
            self.world.put(builder);
        }
        for builder in &setup.builders {
            self.world.put(Builder {
                id: self.builder(&builder.name),
                name: builder.name.clone(),
                masters: vec![master],
                description: builder.description.clone(),
                tags: builder.tags.clone(),
            });
        }
    }

    fn expect_workers(&mut self, setup: &Setup) {
        let known: BTreeMap<WorkerId, Worker> = self
            .world
            .all::<Worker>()
            .into_iter()
            .map(|it| (it.id, it))
            .collect();
        for (name, id) in &self.ids.workers {
            let serves = |builder: &&BuilderSetup| builder.workers.contains(name);
            let configured_on = setup.builders.iter().filter(serves).map(|builder| ConfiguredOn {
                master: self.writer.master(),
                builder: self.builder(&builder.name),
            });
            let configured_on = configured_on.collect();
            let worker = known.get(id).cloned().unwrap_or_else(|| Worker {
                id: *id,
                name: name.clone(),
                configured_on: vec![],
                connected_to: vec![],
                info: WorkerInfo::default(),
                paused: false,
                pause_reason: None,
                graceful: false,
            });
            self.world.put(Worker {
                configured_on,
                ..worker
            });
        }
    }

    fn expect_schedulers(&mut self, setup: &Setup) {
        let known: BTreeMap<_, Scheduler> = self
            .world
            .all::<Scheduler>()
            .into_iter()
            .map(|it| (it.id, it))
            .collect();
        for (name, id) in &self.ids.schedulers {
            let master = setup.schedulers.contains(name).then(|| self.writer.master());
            let enabled = known.get(id).is_none_or(|scheduler| scheduler.enabled);
            self.world.put(Scheduler {
                id: *id,
                name: name.clone(),
                enabled,
                master,
            });
        }
        for scheduler in &setup.force_schedulers {
            self.world.put(scheduler.clone());
        }
    }
}
