//! The part of a scene that is configured.

use std::collections::BTreeMap;

use super::scene::Scene;
use super::stage::{BuilderSetup, Setup};
use crate::{
    Builder, ChangeSource, Codebase, ConfiguredOn, Project, Scheduler, Worker, WorkerId, WorkerInfo,
};

impl Scene<'_> {
    /// Configures `setup`; what was configured and is not in it is removed.
    pub(super) async fn configure(&mut self, setup: Setup) {
        self.tick();
        let new = self.writer.configure(setup.clone()).await;
        self.ids.builders.extend(new.builders);
        self.ids.workers.extend(new.workers);
        self.ids.schedulers.extend(new.schedulers);
        self.ids.projects.extend(new.projects);
        self.ids.codebases.extend(new.codebases);
        self.ids.change_sources.extend(new.change_sources);
        self.expect_builders(&setup);
        self.expect_workers(&setup);
        self.expect_schedulers(&setup);
        self.expect_projects(&setup);
        self.expect_change_sources(&setup);
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
                description_format: builder.description_format.clone(),
                project: builder.project.as_ref().map(|slug| self.ids.projects[slug]),
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
                away_reason: None,
                graceful: false,
                absence: None,
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

    fn expect_projects(&mut self, setup: &Setup) {
        let is_active = |slug: &str| {
            setup
                .builders
                .iter()
                .any(|builder| builder.project.as_deref() == Some(slug))
        };
        for mut project in self.world.all::<Project>() {
            project.active = is_active(&project.slug);
            self.world.put(project);
        }
        for project in &setup.projects {
            self.world.put(Project {
                id: self.ids.projects[&project.slug],
                name: project.name.clone(),
                slug: project.slug.clone(),
                description: project.description.clone(),
                description_format: project.description_format.clone(),
                active: is_active(&project.slug),
            });
        }
        for codebase in &setup.codebases {
            let place = (codebase.project.clone(), codebase.slug.clone());
            self.world.put(Codebase {
                id: self.ids.codebases[&place],
                project: self.ids.projects[&codebase.project],
                name: codebase.name.clone(),
                slug: codebase.slug.clone(),
            });
        }
    }

    fn expect_change_sources(&mut self, setup: &Setup) {
        for (name, id) in &self.ids.change_sources {
            let master = setup.change_sources.contains(name).then(|| self.writer.master());
            self.world.put(ChangeSource {
                id: *id,
                name: name.clone(),
                master,
            });
        }
    }
}
