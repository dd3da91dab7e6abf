//! What an import is given, and the rows that it becomes.

use std::collections::HashSet;

use weir_status_api::{
    Branch, Build, BuildId, BuildRequest, Builder, Buildset, ChangeId, ChangeSource, Codebase, Commit, Log,
    LogId, Master, Patch, Project, Properties, Results, Scheduler, SourceStamp, SourceStampId, Step,
    TestResult, TestResultSet, Worker,
};

use super::rows::*;
use crate::error::{Error, Result};
use crate::texts::cut;
use crate::transition::{NewChange, NewPatch, NewSourceStamp};

/// A change of another master.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedChange {
    /// Its id.
    pub id: ChangeId,
    /// The changes before it.
    pub parents: Vec<ChangeId>,
    /// The source stamp that it made.
    pub source_stamp: SourceStampId,
    /// The rest. Commits and states are not looked at.
    pub change: NewChange,
}

/// A buildset of another master.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedBuildset {
    /// The buildset; its source stamps are not looked at.
    pub buildset: Buildset,
    /// Its properties.
    pub properties: Properties,
    /// Its source stamps.
    pub source_stamps: Vec<SourceStampId>,
    /// Its changes.
    pub changes: Vec<ChangeId>,
}

/// Data of a build of another master.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedBuildData {
    /// The build.
    pub build: BuildId,
    /// Its name, unique within the build.
    pub name: String,
    /// Where it comes from.
    pub source: String,
    /// The bytes.
    pub value: Vec<u8>,
}

/// Whole lines of a log of another master, each with its `\n`; of a log they come in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedLines {
    /// The log.
    pub log: LogId,
    /// The number of the first of them, from 0.
    pub first_line: i64,
    /// The lines.
    pub text: String,
}

/// A part of what another master has done, stored in one transaction. What something refers to comes with it or came
/// before. All keep their ids.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the types say it all")]
pub struct History {
    pub masters: Vec<Master>,
    pub projects: Vec<Project>,
    pub codebases: Vec<Codebase>,
    pub commits: Vec<Commit>,
    pub branches: Vec<Branch>,
    pub change_sources: Vec<ChangeSource>,
    pub schedulers: Vec<Scheduler>,
    pub builders: Vec<Builder>,
    pub workers: Vec<Worker>,
    pub patches: Vec<Patch>,
    pub source_stamps: Vec<SourceStamp>,
    pub changes: Vec<ImportedChange>,
    pub buildsets: Vec<ImportedBuildset>,
    pub build_requests: Vec<BuildRequest>,
    pub builds: Vec<Build>,
    pub build_data: Vec<ImportedBuildData>,
    pub steps: Vec<Step>,
    pub logs: Vec<Log>,
    pub lines: Vec<ImportedLines>,
    pub test_result_sets: Vec<TestResultSet>,
    pub test_results: Vec<TestResult>,
}

impl History {
    /// The rows of all but the lines; `stamps` are the beginnings of the hashes of the source stamps so far.
    pub(super) fn into_rows(self, stamps: &mut HashSet<u64>) -> Result<Rows> {
        let mut rows = Rows::default();
        self.setup(&mut rows)?;
        for patch in self.patches {
            rows.patches.push(PatchRow {
                id: patch.id.0,
                level: patch.level,
                subdir: fit(&patch.subdir),
                author: fit(&patch.author),
                comment: whole(&patch.comment),
                body: patch.body,
            });
        }
        for stamp in self.source_stamps {
            rows.source_stamps.push(source_stamp(stamp, stamps)?);
        }
        for change in self.changes {
            rows.changes.push(self::change(change)?);
        }
        for it in self.buildsets {
            buildset(it, &mut rows)?;
        }
        rows.build_requests = self.build_requests.into_iter().map(build_request).collect();
        for it in self.builds {
            build(it, &mut rows)?;
        }
        rows.build_data = self.build_data.into_iter().map(build_data).collect();
        for it in self.steps {
            rows.steps.push(step(it)?);
        }
        rows.logs = self.logs.into_iter().map(log).collect();
        rows.test_result_sets = self.test_result_sets.into_iter().map(test_result_set).collect();
        rows.test_results = self.test_results.into_iter().map(test_result).collect();
        Ok(rows)
    }

    fn setup(&self, rows: &mut Rows) -> Result<()> {
        rows.masters.extend(self.masters.iter().map(|it| MasterRow {
            id: it.id.0,
            name: fit(&it.name),
            active: it.active,
            last_active: it.last_active.0,
        }));
        rows.projects.extend(self.projects.iter().map(|it| ProjectRow {
            id: it.id.0,
            name: fit(&it.name),
            slug: fit(&it.slug),
            description: it.description.as_deref().map(whole),
            description_format: it.description_format.as_deref().map(fit),
        }));
        rows.codebases.extend(self.codebases.iter().map(|it| CodebaseRow {
            id: it.id.0,
            project: it.project.0,
            name: fit(&it.name),
            slug: fit(&it.slug),
        }));
        rows.commits.extend(self.commits.iter().map(|it| CommitRow {
            id: it.id.0,
            codebase: it.codebase.0,
            author: fit(&it.author),
            committer: it.committer.as_deref().map(fit),
            comments: whole(&it.comments),
            made_at: it.when.0,
            revision: fit(&it.revision),
            parent: it.parent.map(|it| it.0),
        }));
        rows.branches.extend(self.branches.iter().map(|it| BranchRow {
            id: it.id.0,
            codebase: it.codebase.0,
            name: fit(&it.name),
            head: it.commit.map(|it| it.0),
            last_moved_at: it.last_moved_at.0,
        }));
        rows.change_sources
            .extend(self.change_sources.iter().map(|it| ChangeSourceRow {
                id: it.id.0,
                name: fit(&it.name),
            }));
        rows.schedulers
            .extend(self.schedulers.iter().map(|it| SchedulerRow {
                id: it.id.0,
                name: fit(&it.name),
                enabled: it.enabled,
            }));
        for it in &self.builders {
            rows.builders.push(BuilderRow {
                id: it.id.0,
                name: fit(&it.name),
                description: it.description.as_deref().map(whole),
                description_format: it.description_format.as_deref().map(fit),
                project: it.project.map(|it| it.0),
                tags_json: json(&it.tags)?,
            });
        }
        for it in &self.workers {
            rows.workers.push(WorkerRow {
                id: it.id.0,
                name: fit(&it.name),
                info_json: json(&it.info)?,
                paused: it.paused,
                pause_reason: it.pause_reason.as_deref().map(whole),
                away_reason: it.away_reason.as_deref().map(whole),
                graceful: it.graceful,
            });
        }
        Ok(())
    }
}

/// A text that an index holds whole. PostgreSQL takes no NUL into any.
fn fit(text: &str) -> String {
    match text.contains('\0') {
        true => cut(&whole(text)).into_owned(),
        false => cut(text).into_owned(),
    }
}

fn whole(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn json(value: &(impl serde::Serialize + ?Sized)) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::data(format!("cannot be written as JSON: {error}")))
}

fn source_stamp(stamp: SourceStamp, known: &mut HashSet<u64>) -> Result<SourceStampRow> {
    let patch = stamp.patch.map(|patch| {
        let new = NewPatch {
            level: patch.level,
            subdir: patch.subdir,
            author: patch.author,
            comment: patch.comment,
            body: patch.body,
        };
        (patch.id.0, new)
    });
    let (patch, new_patch) = patch.unzip();
    let new = NewSourceStamp {
        revision: stamp.revision,
        branch: stamp.branch,
        repository: stamp.repository,
        project: stamp.project,
        codebase: stamp.codebase,
        patch: new_patch,
    };
    let mut digest = new.digest()?;
    // Another master keeps apart what is one stamp here; each keeps its id, and the first is what new ones are found by.
    if !known.insert(beginning(&digest)) {
        digest = format!("{digest} {}", stamp.id);
    }
    Ok(SourceStampRow {
        id: stamp.id.0,
        digest,
        revision: new.revision.as_deref().map(fit),
        branch: new.branch.as_deref().map(fit),
        repository: fit(&new.repository),
        project: fit(&new.project),
        codebase: fit(&new.codebase),
        created_at: stamp.created_at.0,
        patch,
    })
}

/// The first 64 bits of a digest, by which it is told from others.
pub(super) fn beginning(digest: &str) -> u64 {
    let first = digest.get(..16).unwrap_or_default();
    u64::from_str_radix(first, 16).unwrap_or_default()
}

fn change(it: ImportedChange) -> Result<ChangeRow> {
    let new = it.change;
    Ok(ChangeRow {
        id: it.id.0,
        parents_json: json(&it.parents)?,
        author: fit(&new.author),
        committer: new.committer.as_deref().map(fit),
        files_json: json(&new.files)?,
        comments: whole(&new.comments),
        revision: new.revision.as_deref().map(fit),
        branch: new.branch.as_deref().map(fit),
        category: new.category.as_deref().map(fit),
        revlink: new.revlink.as_deref().map(fit),
        properties_json: json(&new.properties)?,
        repository: fit(&new.repository),
        project: fit(&new.project),
        codebase: fit(&new.codebase),
        source_stamp: it.source_stamp.0,
        made_at: new.when.0,
        received_at: new.when.0,
    })
}

fn code(results: Option<Results>) -> Option<i32> {
    results.map(Results::code)
}

fn buildset(it: ImportedBuildset, rows: &mut Rows) -> Result<()> {
    let id = it.buildset.id.0;
    rows.buildset_sources
        .extend(it.source_stamps.iter().map(|stamp| BuildsetSourceRow {
            buildset: id,
            source_stamp: stamp.0,
        }));
    rows.buildset_changes
        .extend(it.changes.iter().map(|change| BuildsetChangeRow {
            buildset: id,
            change: change.0,
        }));
    let new = it.buildset;
    rows.buildsets.push(BuildsetRow {
        id,
        external_id: new.external_id.as_deref().map(fit),
        reason: fit(&new.reason),
        rebuilt_build: new.rebuilt_build.map(|it| it.0),
        submitted_at: new.submitted_at.0,
        complete_at: new.complete_at.map(|it| it.0),
        results: code(new.results),
        parent_build: new.parent_build.map(|it| it.0),
        parent_relationship: new.parent_relationship.as_deref().map(fit),
        properties_json: json(&it.properties)?,
    });
    Ok(())
}

fn build_request(it: BuildRequest) -> BuildRequestRow {
    BuildRequestRow {
        id: it.id.0,
        buildset: it.buildset.0,
        builder: it.builder.0,
        priority: it.priority,
        claimed_at: it.claimed_at.map(|it| it.0),
        claimed_by: it.claimed_by.map(|it| it.0),
        complete_at: it.complete_at.map(|it| it.0),
        results: code(it.results),
        submitted_at: it.submitted_at.0,
        waited_for: it.waited_for,
    }
}

fn build(it: Build, rows: &mut Rows) -> Result<()> {
    for (name, property) in it.properties {
        rows.build_properties.push(BuildPropertyRow {
            build: it.id.0,
            name: fit(&name),
            value_json: json(&property.value)?,
            source: fit(&property.source),
        });
    }
    rows.builds.push(BuildRow {
        id: it.id.0,
        number: it.number,
        builder: it.builder.0,
        request: it.request.0,
        worker: it.worker.0,
        master: it.master.0,
        started_at: it.started_at.0,
        complete_at: it.complete_at.map(|it| it.0),
        locks_duration_s: it.locks_duration_s,
        results: code(it.results),
        state: fit(&it.state),
    });
    Ok(())
}

fn build_data(it: ImportedBuildData) -> BuildDataRow {
    BuildDataRow {
        build: it.build.0,
        name: fit(&it.name),
        source: fit(&it.source),
        length: i64::try_from(it.value.len()).unwrap_or(i64::MAX),
        value: it.value,
    }
}

fn step(it: Step) -> Result<StepRow> {
    Ok(StepRow {
        id: it.id.0,
        number: it.number,
        name: fit(&it.name),
        build: it.build.0,
        started_at: it.started_at.map(|it| it.0),
        locks_acquired_at: it.locks_acquired_at.map(|it| it.0),
        complete_at: it.complete_at.map(|it| it.0),
        results: code(it.results),
        state: fit(&it.state),
        urls_json: json(&it.urls)?,
        hidden: it.hidden,
    })
}

fn log(it: Log) -> LogRow {
    LogRow {
        id: it.id.0,
        name: fit(&it.name),
        slug: fit(&it.slug),
        step: it.step.0,
        complete: it.complete,
        num_lines: it.num_lines,
        kind: it.kind.letter().to_owned(),
    }
}

fn test_result_set(it: TestResultSet) -> TestResultSetRow {
    TestResultSetRow {
        id: it.id.0,
        builder: it.builder.0,
        build: it.build.0,
        step: it.step.0,
        description: it.description.as_deref().map(whole),
        category: fit(&it.category),
        value_unit: fit(&it.value_unit),
        tests_passed: it.tests_passed,
        tests_failed: it.tests_failed,
        complete: it.complete,
    }
}

fn test_result(it: TestResult) -> TestResultRow {
    TestResultRow {
        id: it.id.0,
        builder: it.builder.0,
        result_set: it.set.0,
        test_name: it.test_name.as_deref().map(whole),
        test_code_path: it.test_code_path.as_deref().map(whole),
        line: it.line,
        duration_ns: it.duration_ns,
        value: whole(&it.value),
    }
}
