//! Masters, projects, codebases, builders, workers, schedulers and change sources; commits and branches.

use std::collections::HashMap;

use serde_json::Value;
use weir_status_api::{
    Branch, BranchId, Builder, BuilderId, ChangeSource, ChangeSourceId, Codebase, CodebaseId, Commit,
    CommitId, Master, MasterId, Project, ProjectId, Scheduler, SchedulerId, Worker, WorkerId, WorkerInfo,
};
use weir_status_db::History;

use super::Parts;
use crate::error::Result;
use crate::note::Note;
use crate::record::id;

/// How many commits are read at a time.
const AT_ONCE: usize = 5000;

/// Builds whose worker Buildbot has forgotten.
const HAVE_LOST_WORKER: &str = "WHERE t.workerid IS NULL OR NOT EXISTS \
                                (SELECT 1 FROM workers w WHERE w.id = t.workerid) LIMIT 1";

impl Parts {
    /// All that is set up, at once.
    pub(super) async fn setup(&mut self, note: &mut Note) -> Result<History> {
        note.done = true;
        let mut history = History::default();
        let columns = ["#id", "name", "#last_active"];
        for mut it in self.source.read("masters", &columns, "ORDER BY t.id").await? {
            let id = id("masters", it.opt_int())?;
            self.known.add("masters", id);
            history.masters.push(Master {
                id: MasterId(id),
                name: it.text(),
                active: false,
                last_active: it.time(),
            });
        }
        self.projects(&mut history).await?;
        let named = ["#id", "name", "#enabled"];
        for mut it in self.source.read("changesources", &named, "ORDER BY t.id").await? {
            history.change_sources.push(ChangeSource {
                id: ChangeSourceId(id("changesources", it.opt_int())?),
                name: it.text(),
                master: None,
            });
        }
        for mut it in self.source.read("schedulers", &named, "ORDER BY t.id").await? {
            history.schedulers.push(Scheduler {
                id: SchedulerId(id("schedulers", it.opt_int())?),
                name: it.text(),
                enabled: it.opt_int() != Some(0),
                master: None,
            });
        }
        self.builders(&mut history).await?;
        self.workers(&mut history).await?;
        note.read += i64::try_from(history.builders.len()).unwrap_or(i64::MAX);
        for (table, rows) in [
            ("masters", history.masters.len()),
            ("projects", history.projects.len()),
            ("codebases", history.codebases.len()),
            ("change_sources", history.change_sources.len()),
            ("schedulers", history.schedulers.len()),
            ("builders", history.builders.len()),
            ("workers", history.workers.len()),
        ] {
            note.keep(table, rows);
        }
        Ok(history)
    }

    async fn projects(&mut self, history: &mut History) -> Result<()> {
        let columns = ["#id", "name", "slug", "description", "description_format"];
        for mut it in self.source.read("projects", &columns, "ORDER BY t.id").await? {
            let id = id("projects", it.opt_int())?;
            self.known.add("projects", id);
            history.projects.push(Project {
                id: ProjectId(id),
                name: it.text(),
                slug: it.text(),
                description: it.opt_text(),
                description_format: it.opt_text(),
                active: false,
            });
        }
        let columns = ["#id", "#projectid", "name", "slug"];
        for mut it in self.source.read("codebases", &columns, "ORDER BY t.id").await? {
            let id = id("codebases", it.opt_int())?;
            let Some(project) = self.known.only("projects", it.opt_int()) else {
                continue;
            };
            self.known.add("codebases", id);
            history.codebases.push(Codebase {
                id: CodebaseId(id),
                project: ProjectId(project),
                name: it.text(),
                slug: it.text(),
            });
        }
        Ok(())
    }

    async fn builders(&mut self, history: &mut History) -> Result<()> {
        let mut tags: HashMap<i64, Vec<String>> = HashMap::new();
        let of_tags = [("tags", "g", ["name"].as_slice())];
        let joined = "JOIN tags g ON g.id = t.tagid ORDER BY t.id";
        let found = self
            .source
            .read_joined("builders_tags", &["#builderid"], &of_tags, joined)
            .await?;
        for mut it in found {
            tags.entry(it.int()).or_default().push(it.text());
        }
        let columns = ["#id", "name", "description", "description_format", "#projectid"];
        for mut it in self.source.read("builders", &columns, "ORDER BY t.id").await? {
            let id = id("builders", it.opt_int())?;
            self.known.add("builders", id);
            history.builders.push(Builder {
                id: BuilderId(id),
                name: it.text(),
                masters: Vec::new(),
                description: it.opt_text(),
                description_format: it.opt_text(),
                project: self.known.only("projects", it.opt_int()).map(ProjectId),
                tags: tags.remove(&id).unwrap_or_default(),
            });
        }
        Ok(())
    }

    async fn workers(&mut self, history: &mut History) -> Result<()> {
        let columns = ["#id", "name", "info", "#paused", "pause_reason", "#graceful"];
        for mut it in self.source.read("workers", &columns, "ORDER BY t.id").await? {
            let id = id("workers", it.opt_int())?;
            self.known.add("workers", id);
            history.workers.push(Worker {
                name: it.text(),
                info: info(it.value()),
                paused: it.flag(),
                pause_reason: it.opt_text(),
                graceful: it.flag(),
                ..worker(id)
            });
        }
        if self
            .source
            .read("builds", &["#id"], HAVE_LOST_WORKER)
            .await?
            .is_empty()
        {
            return Ok(());
        }
        let free = |name: &String| !history.workers.iter().any(|it| it.name == *name);
        let mut names = std::iter::once("deleted".to_owned()).chain((2..).map(|it| format!("deleted-{it}")));
        let name = names.find(free).unwrap_or_default();
        history.workers.push(Worker {
            name,
            ..worker(self.lost_worker)
        });
        Ok(())
    }

    /// Commits of codebases.
    pub(super) async fn commits(&mut self, note: &mut Note) -> Result<History> {
        let columns = [
            "#id",
            "#codebaseid",
            "author",
            "committer",
            "comments",
            "#when_timestamp",
            "revision",
            "#parent_commitid",
        ];
        let mut history = History::default();
        let rest = note.next("id", AT_ONCE);
        for mut it in self.source.read("codebase_commits", &columns, &rest).await? {
            let id = id("codebase_commits", it.opt_int())?;
            (note.after.0, note.read) = (id, note.read + 1);
            let Some(codebase) = self.known.only("codebases", it.opt_int()) else {
                continue;
            };
            self.known.add("commits", id);
            history.commits.push(Commit {
                id: CommitId(id),
                codebase: CodebaseId(codebase),
                author: it.text(),
                committer: it.opt_text(),
                comments: it.text(),
                when: it.time(),
                revision: it.text(),
                parent: self.known.only("commits", it.opt_int()).map(CommitId),
            });
        }
        note.keep("commits", history.commits.len());
        Ok(history)
    }

    /// Branches of codebases.
    pub(super) async fn branches(&mut self, note: &mut Note) -> Result<History> {
        let columns = ["#id", "#codebaseid", "name", "#commitid", "#last_timestamp"];
        let mut history = History::default();
        let rest = note.next("id", AT_ONCE);
        for mut it in self.source.read("codebase_branches", &columns, &rest).await? {
            let id = id("codebase_branches", it.opt_int())?;
            (note.after.0, note.read) = (id, note.read + 1);
            let Some(codebase) = self.known.only("codebases", it.opt_int()) else {
                continue;
            };
            history.branches.push(Branch {
                id: BranchId(id),
                codebase: CodebaseId(codebase),
                name: it.text(),
                commit: self.known.only("commits", it.opt_int()).map(CommitId),
                last_moved_at: it.time(),
            });
        }
        note.keep("branches", history.branches.len());
        Ok(history)
    }
}

/// A worker of which nothing is known.
fn worker(id: i64) -> Worker {
    Worker {
        id: WorkerId(id),
        name: String::new(),
        configured_on: Vec::new(),
        connected_to: Vec::new(),
        info: WorkerInfo::default(),
        paused: false,
        pause_reason: None,
        away_reason: None,
        graceful: false,
        absence: None,
    }
}

/// What a worker told of itself. Texts and numbers beyond the four that all have are facts.
fn info(value: Value) -> WorkerInfo {
    let mut info = WorkerInfo::default();
    let Value::Object(told) = value else {
        return info;
    };
    for (name, value) in told {
        let text = match value {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            _ => continue,
        };
        match name.as_str() {
            "admin" => info.admin = Some(text),
            "host" => info.host = Some(text),
            "access_uri" => info.access_uri = Some(text),
            "version" => info.version = Some(text),
            _ => drop(info.facts.insert(name, text)),
        }
    }
    info
}
