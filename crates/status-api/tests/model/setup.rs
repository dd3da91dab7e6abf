//! What is configured.

use weir_status_api::conformance::Setup;
use weir_status_api::{
    Builder, BuilderId, ConfiguredOn, Entity, ForceScheduler, Scheduler, SchedulerId, Verb, Worker, WorkerId,
    WorkerInfo,
};

use super::Transaction;
use super::write::MASTER;

impl Transaction<'_> {
    pub(super) fn configure_builders(&mut self, setup: &Setup) {
        let mut after = self.builders.clone();
        for builder in &mut after {
            builder.masters.clear();
        }
        for new in &setup.builders {
            let place = after
                .iter()
                .position(|it| it.name == new.name)
                .unwrap_or(after.len());
            let row = Builder {
                id: BuilderId(place as i64 + 1),
                name: new.name.clone(),
                masters: vec![MASTER],
                description: new.description.clone(),
                tags: new.tags.clone(),
            };
            if place == after.len() {
                after.push(row)
            } else {
                after[place] = row
            }
        }
        for (place, row) in after.iter().enumerate() {
            self.tell_if_new(self.builders.get(place).cloned(), row.clone(), Verb::Update);
        }
        self.builders = after;
    }

    pub(super) fn configure_workers(&mut self, setup: &Setup) {
        for name in &setup.workers {
            if self.workers.iter().all(|it| it.name != *name) {
                let id = WorkerId(self.workers.len() as i64 + 1);
                let worker = Worker {
                    id,
                    name: name.clone(),
                    configured_on: vec![],
                    connected_to: vec![],
                    info: WorkerInfo::default(),
                    paused: false,
                    pause_reason: None,
                    graceful: false,
                };
                self.workers.push(worker.clone());
                self.emit(Verb::New, worker);
            }
        }
        for place in 0..self.workers.len() {
            let before = self.workers[place].clone();
            let serving = setup
                .builders
                .iter()
                .filter(|it| it.workers.contains(&before.name));
            let builders = serving.filter_map(|it| self.builders.iter().find(|row| row.name == it.name));
            let configured_on = builders
                .map(|it| ConfiguredOn {
                    master: MASTER,
                    builder: it.id,
                })
                .collect();
            let after = Worker {
                configured_on,
                ..before.clone()
            };
            self.workers[place] = after.clone();
            self.tell_if_new(Some(before), after, Verb::StateUpdated);
        }
    }

    pub(super) fn configure_schedulers(&mut self, setup: &Setup) {
        for name in &setup.schedulers {
            if self.schedulers.iter().all(|it| it.name != *name) {
                let id = SchedulerId(self.schedulers.len() as i64 + 1);
                self.schedulers.push(Scheduler {
                    id,
                    name: name.clone(),
                    enabled: true,
                    master: None,
                });
            }
        }
        for place in 0..self.schedulers.len() {
            let before = self.schedulers[place].clone();
            let master = setup.schedulers.contains(&before.name).then_some(MASTER);
            let after = Scheduler {
                master,
                ..before.clone()
            };
            self.schedulers[place] = after.clone();
            self.tell_if_new(Some(before), after, Verb::Updated);
        }
        for new in &setup.force_schedulers {
            let known = self.force_schedulers.iter().position(|it| it.name == new.name);
            let before = known.map(|place| self.force_schedulers[place].clone());
            let enabled = self
                .schedulers
                .iter()
                .find(|it| it.name == new.name)
                .is_none_or(|it| it.enabled);
            let after = ForceScheduler {
                enabled,
                ..new.clone()
            };
            match known {
                Some(place) => self.force_schedulers[place] = after.clone(),
                None => self.force_schedulers.push(after.clone()),
            }
            self.tell_if_new(before, after, Verb::Updated);
        }
    }

    fn tell_if_new<R: Into<Entity> + PartialEq>(&mut self, before: Option<R>, after: R, changed: Verb) {
        match before {
            Some(before) if before == after => {}
            Some(_) => self.emit(changed, after),
            None => self.emit(Verb::New, after),
        }
    }
}
