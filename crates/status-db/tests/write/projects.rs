//! Projects, codebases, commits, branches and change sources.

use weir_status_api::{
    Branch, BranchField, Commit, CommitKey, Entity, Key, Project, ProjectKey, Query, ReadExt, Timestamp, Verb,
};
use weir_status_db::{
    Applied, ChangeCommit, CodebaseSetup, Error, NewChange, NewCommit, ProjectSetup, Setup, SetupIds,
    Transition,
};

use crate::rig::{Rig, setup};

fn project(slug: &str) -> ProjectSetup {
    ProjectSetup {
        name: slug.to_uppercase(),
        slug: slug.to_owned(),
        ..ProjectSetup::default()
    }
}

/// Two projects, of which the first has a builder and a codebase.
fn with_projects() -> Setup {
    let mut setup = setup();
    setup.projects = vec![project("weir"), project("other")];
    setup.builders[0].project = Some("weir".to_owned());
    setup.codebases = ["main", "docs"]
        .map(|slug| CodebaseSetup {
            project: "weir".to_owned(),
            name: slug.to_owned(),
            slug: slug.to_owned(),
        })
        .into();
    setup.change_sources = vec!["poller".to_owned()];
    setup
}

async fn configure(rig: &Rig, setup: Setup) -> SetupIds {
    match rig.apply(Transition::Configure(rig.master, setup)).await {
        Applied::Setup(ids) => ids,
        other => panic!("{other:?}"),
    }
}

/// The projects told of after the cursor, and whether each is active.
async fn told(rig: &Rig, after: weir_status_api::Cursor) -> Vec<(String, bool)> {
    let events = rig.events(after).await;
    let projects = events.iter().filter_map(|event| match &event.entity {
        Entity::Project(it) => {
            assert_eq!(event.verb, Verb::Update);
            Some((it.slug.clone(), it.active))
        }
        _ => None,
    });
    projects.collect()
}

async fn active(rig: &Rig, slug: &str) -> bool {
    let key = weir_status_api::Key::Project(ProjectKey::from(slug));
    rig.store.one::<Project>(key).await.unwrap().value.active
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_active_while_a_builder_of_it_is_configured() {
    let rig = Rig::sqlite().await;
    let before = rig.cursor().await;
    let ids = configure(&rig, with_projects()).await;
    assert_eq!(ids.projects.len(), 2);
    assert_eq!(ids.codebases.len(), 2);
    assert_eq!(ids.change_sources.len(), 1);
    let both = [("weir".to_owned(), true), ("other".to_owned(), false)];
    assert_eq!(told(&rig, before).await, both);

    let before = rig.cursor().await;
    assert_eq!(configure(&rig, with_projects()).await, ids);
    assert_eq!(rig.cursor().await, before, "nothing changed");

    // A project that is not configured any more is still known, by its builder too.
    let mut moved = with_projects();
    moved.projects.clear();
    moved.codebases.clear();
    moved.builders[0].project = Some("other".to_owned());
    configure(&rig, moved).await;
    let turned = [("weir".to_owned(), false), ("other".to_owned(), true)];
    assert_eq!(told(&rig, before).await, turned);
    assert!(!active(&rig, "weir").await && active(&rig, "other").await);

    let before = rig.cursor().await;
    configure(&rig, Setup::default()).await;
    assert_eq!(told(&rig, before).await, [("other".to_owned(), false)]);

    let mut unknown = setup();
    unknown.builders[0].project = Some("nowhere".to_owned());
    let error = rig.store.apply(Transition::Configure(rig.master, unknown)).await;
    assert!(matches!(error, Err(Error::NotFound { .. })), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_and_heads_stay_within_their_codebase() {
    let rig = Rig::sqlite().await;
    let ids = configure(&rig, with_projects()).await;
    let of = |slug: &str| ids.codebases[&("weir".to_owned(), slug.to_owned())];
    let commit = |codebase: &str, revision: &str, parent| {
        Transition::AddCommit(NewCommit {
            codebase: of(codebase),
            author: "ada ".repeat(1000),
            committer: None,
            comments: "a comment".to_owned(),
            when: Timestamp::from_secs(5),
            revision: revision.to_owned(),
            parent,
        })
    };
    let Applied::Commit(first) = rig.apply(commit("main", "r1", None)).await else {
        panic!("a commit")
    };
    let before = rig.cursor().await;
    assert_eq!(
        rig.apply(commit("main", "r1", Some(first))).await,
        Applied::Commit(first)
    );
    assert_eq!(rig.cursor().await, before, "a known commit stays as it was");
    assert_ne!(
        rig.apply(commit("main", "r2", Some(first))).await,
        Applied::Commit(first)
    );
    let abroad = rig.store.apply(commit("docs", "r3", Some(first))).await;
    assert!(matches!(abroad, Err(Error::Invalid { .. })), "{abroad:?}");

    let head = |codebase: &str, head| Transition::MoveBranch {
        codebase: of(codebase),
        name: "main".to_owned(),
        head,
    };
    let made = rig.apply(head("main", None)).await;
    assert_eq!(rig.apply(head("main", Some(first))).await, made);
    let before = rig.cursor().await;
    assert_eq!(rig.apply(head("main", Some(first))).await, made);
    assert_eq!(rig.cursor().await, before, "the head did not move");
    let abroad = rig.store.apply(head("docs", Some(first))).await;
    assert!(matches!(abroad, Err(Error::Invalid { .. })), "{abroad:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_a_commit_is_recorded_with_it() {
    let rig = Rig::sqlite().await;
    let ids = configure(&rig, with_projects()).await;
    let codebase = ids.codebases[&("weir".to_owned(), "main".to_owned())];
    let change = |revision: Option<&str>, parent: &str| {
        Transition::AddChange(Box::new(NewChange {
            author: "ada".to_owned(),
            revision: revision.map(str::to_owned),
            branch: Some("next".to_owned()),
            commit: Some(ChangeCommit {
                codebase,
                parent: Some(parent.to_owned()),
            }),
            ..NewChange::default()
        }))
    };
    rig.apply(change(Some("r1"), "before the first look")).await;
    rig.apply(change(Some("r2"), "r1")).await;
    let commit = async |revision: &str| -> Commit {
        let key = CommitKey::Revision(codebase.into(), revision.to_owned());
        rig.store.one(Key::Commit(key)).await.unwrap().value
    };
    let (first, second) = (commit("r1").await, commit("r2").await);
    assert_eq!((first.parent, second.parent), (None, Some(first.id)));
    let of_codebase = Query::<Branch>::new().eq(BranchField::Codebase, codebase);
    let branches = rig.store.page(of_codebase).await.unwrap().items;
    assert_eq!(branches.len(), 1);
    assert_eq!(
        (branches[0].name.as_str(), branches[0].commit),
        ("next", Some(second.id))
    );
    let refused = rig.store.apply(change(None, "r2")).await;
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
}
