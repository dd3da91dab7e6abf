//! From keys to ids.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use weir_status_api::{
    Branch, BranchField, Build, BuildData, BuildDataField, BuildField, BuildKey, BuildRequest,
    BuildRequestField, Builder, BuilderField, BuilderKey, Buildset, BuildsetField, Change, ChangeField,
    ChangeSource, ChangeSourceField, Codebase, CodebaseField, CodebaseKey, Commit, CommitField, CommitKey,
    DeadLetter, DeadLetterField, ForceScheduler, ForceSchedulerField, Key, List, ListenerField, ListenerKey,
    ListenerStatus, Log, LogField, LogKey, Master, MasterField, Project, ProjectField, ProjectKey, Query,
    Resource, Scheduler, SchedulerField, SchedulerKey, SourceStamp, SourceStampField, Step, StepField,
    StepKey, TestResult, TestResultField, TestResultSet, TestResultSetField, Value, Worker, WorkerField,
    WorkerKey,
};

use super::super::Conn;
use crate::error::Result;
use crate::schema::{builders, builds, codebases, commits, logs, projects, steps};

/// The list that holds what `key` names and nothing else; none if something that it goes by does not exist.
pub(super) async fn list_of(conn: &mut Conn, key: &Key) -> Result<Option<List>> {
    Ok(Some(match key {
        Key::Master(id) => one::<Master>(MasterField::Id, id.0),
        Key::Builder(BuilderKey::Id(id)) => one::<Builder>(BuilderField::Id, id.0),
        Key::Builder(BuilderKey::Name(name)) => return Ok(named::<Builder>(BuilderField::Name, name)),
        Key::Build(key) => return Ok(build(conn, key).await?.map(|id| one::<Build>(BuildField::Id, id))),
        Key::BuildRequest(id) => one::<BuildRequest>(BuildRequestField::Id, id.0),
        Key::Buildset(id) => one::<Buildset>(BuildsetField::Id, id.0),
        Key::SourceStamp(id) => one::<SourceStamp>(SourceStampField::Id, id.0),
        Key::Change(id) => one::<Change>(ChangeField::Id, id.0),
        Key::Step(key) => return Ok(step(conn, key).await?.map(|id| one::<Step>(StepField::Id, id))),
        Key::Log(key) => return Ok(log(conn, key).await?.map(|id| one::<Log>(LogField::Id, id))),
        Key::Worker(WorkerKey::Id(id)) => one::<Worker>(WorkerField::Id, id.0),
        Key::Worker(WorkerKey::Name(name)) => return Ok(named::<Worker>(WorkerField::Name, name)),
        Key::Scheduler(SchedulerKey::Id(id)) => one::<Scheduler>(SchedulerField::Id, id.0),
        Key::Scheduler(SchedulerKey::Name(name)) => {
            return Ok(named::<Scheduler>(SchedulerField::Name, name));
        }
        Key::ForceScheduler(name) => {
            return Ok(named::<ForceScheduler>(ForceSchedulerField::Name, name));
        }
        Key::ChangeSource(id) => one::<ChangeSource>(ChangeSourceField::Id, id.0),
        Key::Project(ProjectKey::Id(id)) => one::<Project>(ProjectField::Id, id.0),
        Key::Project(ProjectKey::Slug(slug)) => return Ok(named::<Project>(ProjectField::Slug, slug)),
        Key::Codebase(key) => {
            return Ok(codebase(conn, key)
                .await?
                .map(|id| one::<Codebase>(CodebaseField::Id, id)));
        }
        Key::Branch(id) => one::<Branch>(BranchField::Id, id.0),
        Key::Commit(key) => {
            return Ok(commit(conn, key)
                .await?
                .map(|id| one::<Commit>(CommitField::Id, id)));
        }
        Key::BuildData(of, name) => return build_data(conn, of, name).await,
        Key::TestResultSet(id) => one::<TestResultSet>(TestResultSetField::Id, id.0),
        Key::TestResult(id) => one::<TestResult>(TestResultField::Id, id.0),
        Key::Listener(ListenerKey::Id(id)) => one::<ListenerStatus>(ListenerField::Id, id.0),
        Key::Listener(ListenerKey::Name(name)) => {
            return Ok(named::<ListenerStatus>(ListenerField::Name, name));
        }
        Key::DeadLetter(id) => one::<DeadLetter>(DeadLetterField::Id, id.0),
    }))
}

fn one<R: Resource>(field: R::Field, value: impl Into<Value>) -> List {
    R::into_list(Query::new().eq(field, value).limit(1))
}

/// No name holds a NUL, and PostgreSQL refuses to look for one.
pub(super) fn is_name(text: &str) -> bool {
    !text.contains('\0')
}

fn named<R: Resource>(field: R::Field, name: &str) -> Option<List> {
    is_name(name).then(|| one::<R>(field, name))
}

/// The id of the build; for [`BuildKey::Id`] it need not exist.
pub(super) async fn build(conn: &mut Conn, key: &BuildKey) -> Result<Option<i64>> {
    let (builder, number) = match key {
        BuildKey::Id(id) => return Ok(Some(id.0)),
        BuildKey::Number(builder, number) => (builder, *number),
    };
    let builder = match builder {
        BuilderKey::Id(id) => id.0,
        BuilderKey::Name(name) if is_name(name) => {
            let found = builders::table
                .filter(builders::name.eq(name))
                .select(builders::id);
            match found.first(conn).await.optional()? {
                Some(id) => id,
                None => return Ok(None),
            }
        }
        BuilderKey::Name(_) => return Ok(None),
    };
    let found = builds::table
        .filter(builds::builder.eq(builder))
        .filter(builds::number.eq(number))
        .select(builds::id);
    Ok(found.first(conn).await.optional()?)
}

/// The id of the step; for [`StepKey::Id`] it need not exist.
async fn step(conn: &mut Conn, key: &StepKey) -> Result<Option<i64>> {
    let (StepKey::Number(of, _) | StepKey::Name(of, _)) = key else {
        return Ok(if let StepKey::Id(id) = key {
            Some(id.0)
        } else {
            None
        });
    };
    let Some(of) = build(conn, of).await? else {
        return Ok(None);
    };
    let found = steps::table.filter(steps::build.eq(of)).select(steps::id);
    Ok(match key {
        StepKey::Number(_, number) => found
            .filter(steps::number.eq(*number))
            .first(conn)
            .await
            .optional()?,
        StepKey::Name(_, name) if is_name(name) => {
            found.filter(steps::name.eq(name)).first(conn).await.optional()?
        }
        _ => None,
    })
}

/// The id of the log; for [`LogKey::Id`] it need not exist.
pub(super) async fn log(conn: &mut Conn, key: &LogKey) -> Result<Option<i64>> {
    match key {
        LogKey::Id(id) => Ok(Some(id.0)),
        LogKey::Slug(_, slug) if !is_name(slug) => Ok(None),
        LogKey::Slug(of, slug) => {
            let Some(of) = step(conn, of).await? else {
                return Ok(None);
            };
            let found = logs::table.filter(logs::step.eq(of)).filter(logs::slug.eq(slug));
            Ok(found.select(logs::id).first(conn).await.optional()?)
        }
    }
}

/// The id of the project; for [`ProjectKey::Id`] it need not exist.
async fn project(conn: &mut Conn, key: &ProjectKey) -> Result<Option<i64>> {
    match key {
        ProjectKey::Id(id) => Ok(Some(id.0)),
        ProjectKey::Slug(slug) if !is_name(slug) => Ok(None),
        ProjectKey::Slug(slug) => {
            let found = projects::table.filter(projects::slug.eq(slug));
            Ok(found.select(projects::id).first(conn).await.optional()?)
        }
    }
}

/// The id of the codebase; for [`CodebaseKey::Id`] it need not exist.
async fn codebase(conn: &mut Conn, key: &CodebaseKey) -> Result<Option<i64>> {
    match key {
        CodebaseKey::Id(id) => Ok(Some(id.0)),
        CodebaseKey::Slug(_, slug) if !is_name(slug) => Ok(None),
        CodebaseKey::Slug(of, slug) => {
            let Some(of) = project(conn, of).await? else {
                return Ok(None);
            };
            let found = codebases::table.filter(codebases::project.eq(of).and(codebases::slug.eq(slug)));
            Ok(found.select(codebases::id).first(conn).await.optional()?)
        }
    }
}

/// The id of the commit; for [`CommitKey::Id`] it need not exist.
async fn commit(conn: &mut Conn, key: &CommitKey) -> Result<Option<i64>> {
    match key {
        CommitKey::Id(id) => Ok(Some(id.0)),
        CommitKey::Revision(_, revision) if !is_name(revision) => Ok(None),
        CommitKey::Revision(of, revision) => {
            let Some(of) = codebase(conn, of).await? else {
                return Ok(None);
            };
            let found = commits::table.filter(commits::codebase.eq(of).and(commits::revision.eq(revision)));
            Ok(found.select(commits::id).first(conn).await.optional()?)
        }
    }
}

/// The list that holds the data that the build keeps under the name.
async fn build_data(conn: &mut Conn, of: &BuildKey, name: &str) -> Result<Option<List>> {
    let Some(of) = build(conn, of).await?.filter(|_| is_name(name)) else {
        return Ok(None);
    };
    let query = Query::<BuildData>::new().eq(BuildDataField::Build, of);
    Ok(Some(BuildData::into_list(
        query.eq(BuildDataField::Name, name).limit(1),
    )))
}
