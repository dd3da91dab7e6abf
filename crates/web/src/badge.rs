//! Badges: how a builder or a project is, as a small picture for pages elsewhere. Paths and parameters are those of
//! Buildbot's plugin.

use weir_status_api::{
    At, Build, BuilderChoice, BuilderId, BuilderKey, Entity, Error, GridQuery, Key, ProjectKey, Query,
    Result, Results, View, ViewQuery,
};
use weir_status_http::v2;

use crate::overview::{overview, rows};
use crate::picture::Look;
use crate::source::Source;

/// How many revisions of a branch are looked at for one that was built.
const REVISIONS: u32 = 20;

/// What a badge is of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    /// A builder; its builds of one branch, or all.
    Builder(BuilderKey, Option<String>),
    /// The builders of a project, by slug.
    Project(String),
}

/// A badge that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    subject: Subject,
    look: Look,
}

impl Asked {
    /// Parameters that a badge does not know are passed over: pages add some to get around caches.
    pub(crate) fn parse(path: &str, query: &[(String, String)]) -> Result<Self> {
        let branch = query.iter().find(|(name, _)| name == "branch");
        let branch = branch.map(|(_, branch)| branch.clone());
        let subject = subject(path, branch).ok_or_else(|| Error::not_found(format!("badge `{path}`")))?;
        let look = Look::parse(query)?;
        Ok(Self { subject, look })
    }
}

fn subject(path: &str, branch: Option<String>) -> Option<Subject> {
    let path = path.strip_suffix(".svg")?;
    if let Some(slug) = path.strip_prefix("/badges/project/") {
        return v2::decode_path(slug).map(Subject::Project);
    }
    let name = path.strip_prefix("/badges/");
    let name = v2::decode_path(name.or_else(|| path.strip_prefix("/plugins/badges/"))?)?;
    // As everywhere: a name that is a number is an id.
    let key = match name.parse() {
        Ok(id) => BuilderKey::Id(BuilderId(id)),
        Err(_) => BuilderKey::Name(name),
    };
    Some(Subject::Builder(key, branch))
}

/// What a badge tells, in Buildbot's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// There is nothing to tell of, or nothing that the reader may see.
    Unknown,
    /// A build runs.
    Running,
    /// How the last one ended.
    Ended(Results),
}

impl Status {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Running => "running",
            Self::Ended(results) => results.name(),
        }
    }

    fn of(results: Option<Results>) -> Self {
        results.map_or(Self::Running, Self::Ended)
    }
}

/// The picture. What is not there has one too, as with Buildbot: nobody can tell it from what is hidden.
pub(crate) async fn read(source: &Source, asked: Asked) -> Result<String> {
    let status = match asked.subject {
        Subject::Builder(key, branch) => of_builder(source, key, branch).await,
        Subject::Project(slug) => of_project(source, slug).await,
    };
    let status = match status {
        Err(Error::NotFound { .. }) => Status::Unknown,
        status => status?,
    };
    Ok(asked.look.draw(status))
}

async fn of_builder(source: &Source, key: BuilderKey, branch: Option<String>) -> Result<Status> {
    use weir_status_api::BuildField::{Builder, Number};
    let Entity::Builder(builder) = source.get(Key::Builder(key)).await?.value else {
        return Err(Error::internal("a builder that is none"));
    };
    if let Some(branch) = branch {
        return of_branch(source, builder.id, branch).await;
    }
    let query = Query::<Build>::new().eq(Builder, builder.id.0);
    let last = rows(source, query.descending(Number).limit(1)).await?.pop();
    Ok(last.map_or(Status::Unknown, |build| Status::of(build.results)))
}

async fn of_branch(source: &Source, builder: BuilderId, branch: String) -> Result<Status> {
    let query = ViewQuery::Grid(GridQuery {
        builders: BuilderChoice {
            builders: vec![builder],
            removed_too: true,
            ..BuilderChoice::default()
        },
        branch: Some(branch),
        codebase: None,
        revisions: REVISIONS,
    });
    let At {
        value: View::Grid(grid),
        ..
    } = source.view(query).await?
    else {
        return Err(Error::internal("a grid that is none"));
    };
    let builds = grid.cells.iter().flat_map(|cell| &cell.builds);
    let last = builds.max_by_key(|build| build.number);
    Ok(last.map_or(Status::Unknown, |build| Status::of(build.results)))
}

/// The worst of what the last builds of a project's builders came to.
async fn of_project(source: &Source, slug: String) -> Result<Status> {
    let Entity::Project(project) = source.get(Key::Project(ProjectKey::Slug(slug))).await?.value else {
        return Err(Error::internal("a project that is none"));
    };
    let choice = BuilderChoice {
        project: Some(project.id),
        ..BuilderChoice::default()
    };
    let overview = overview(source, choice).await?;
    let ended = overview.last.values().filter_map(|build| build.results);
    Ok(match ended.reduce(Results::worst) {
        Some(results) => Status::Ended(results),
        None if overview.home.running.is_empty() => Status::Unknown,
        None => Status::Running,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_a_builder_or_a_project() {
        let builder = |name: &str| Some(Subject::Builder(BuilderKey::Name(name.to_owned()), None));
        for (path, expected) in [
            ("/badges/linux.svg", builder("linux")),
            ("/badges/linux/x86.svg", builder("linux/x86")),
            ("/plugins/badges/a%20%26b.svg", builder("a &b")),
            ("/badges/project%2Fapp.svg", builder("project/app")),
            ("/plugins/badges/project/app.svg", builder("project/app")),
            (
                "/badges/project/app.svg",
                Some(Subject::Project("app".to_owned())),
            ),
            (
                "/badges/7.svg",
                Some(Subject::Builder(BuilderKey::Id(BuilderId(7)), None)),
            ),
            ("/badges/linux.png", None),
            ("/badges/%ff.svg", None),
        ] {
            assert_eq!(subject(path, None), expected, "{path}");
        }
    }
}
