//! What is configured.

use weir_status_api::conformance::Setup;
use weir_status_api::{
    Builder, BuilderId, ChangeSource, ChangeSourceId, Codebase, CodebaseId, ConfiguredOn, Entity,
    ForceScheduler, Project, ProjectId, Scheduler, SchedulerId, Verb, Worker, WorkerId, WorkerInfo,
};

use super::write::MASTER;
use super::{Fault, Transaction};

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
                description_format: new.description_format.clone(),
                project: new.project.as_ref().map(|slug| self.project(slug)),
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
                    away_reason: None,
                    graceful: false,
                    absence: None,
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

    fn project(&self, slug: &str) -> ProjectId {
        let known = self.projects.iter().find(|it| it.slug == slug);
        known.expect("a setup has the projects that it names").id
    }

    pub(super) fn configure_projects(&mut self, setup: &Setup) {
        let mut after = self.projects.clone();
        for new in &setup.projects {
            let place = after
                .iter()
                .position(|it| it.slug == new.slug)
                .unwrap_or(after.len());
            let row = Project {
                id: ProjectId(place as i64 + 1),
                name: new.name.clone(),
                slug: new.slug.clone(),
                description: new.description.clone(),
                description_format: new.description_format.clone(),
                active: after.get(place).is_some_and(|it| it.active),
            };
            if place == after.len() {
                after.push(row)
            } else {
                after[place] = row
            }
        }
        for (place, row) in after.iter_mut().enumerate() {
            let mut builders = setup.builders.iter();
            let stays = row.active && self.has(Fault::KeepsProjectsActive);
            row.active = stays || builders.any(|builder| builder.project.as_ref() == Some(&row.slug));
            self.tell_if_new(self.projects.get(place).cloned(), row.clone(), Verb::Update);
        }
        self.projects = after;
    }

    pub(super) fn configure_codebases(&mut self, setup: &Setup) {
        for new in &setup.codebases {
            let project = self.project(&new.project);
            let is_it = |it: &Codebase| it.project == project && it.slug == new.slug;
            let place = self
                .codebases
                .iter()
                .position(is_it)
                .unwrap_or(self.codebases.len());
            let before = self.codebases.get(place).cloned();
            let after = Codebase {
                id: CodebaseId(place as i64 + 1),
                project,
                name: new.name.clone(),
                slug: new.slug.clone(),
            };
            match self.codebases.get_mut(place) {
                Some(row) => *row = after.clone(),
                None => self.codebases.push(after.clone()),
            }
            self.tell_if_new(before, after, Verb::Update);
        }
    }

    pub(super) fn configure_change_sources(&mut self, setup: &Setup) {
        for name in &setup.change_sources {
            if self.change_sources.iter().all(|it| it.name != *name) {
                let id = ChangeSourceId(self.change_sources.len() as i64 + 1);
                self.change_sources.push(ChangeSource {
                    id,
                    name: name.clone(),
                    master: None,
                });
            }
        }
        for place in 0..self.change_sources.len() {
            let before = self.change_sources[place].clone();
            let master = setup.change_sources.contains(&before.name).then_some(MASTER);
            let after = ChangeSource {
                master,
                ..before.clone()
            };
            self.change_sources[place] = after.clone();
            self.tell_if_new(Some(before), after, Verb::Updated);
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
