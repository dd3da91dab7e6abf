//! Views come back from their JSON, and their queries from the query string.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use weir_status_api::*;
use weir_status_http::v2::{self, Endpoint};

use super::{any_made, text};

fn builds() -> impl Strategy<Value = Vec<Build>> {
    vec(any_made::<Build>(), 0..3)
}

fn builders() -> impl Strategy<Value = Vec<Builder>> {
    vec(any_made::<Builder>(), 0..2)
}

/// Builds that run have ids of their own, and a step is one of its build.
fn running() -> impl Strategy<Value = Vec<RunningBuild>> {
    let expected = option::of((0..1_i64 << 50).prop_map(Timestamp));
    let one = (any_made::<Build>(), option::of(any_made::<Step>()), expected);
    vec(one, 0..3).prop_map(|all| {
        let numbered = (1..).zip(all);
        let running = numbered.map(|(id, (mut build, mut step, expected_end_at))| {
            build.id = BuildId(id);
            step.iter_mut().for_each(|step| step.build = build.id);
            RunningBuild {
                build,
                step,
                expected_end_at,
            }
        });
        running.collect()
    })
}

fn broken() -> impl Strategy<Value = BrokenBuilder> {
    let cell = any_made::<BuildCell>;
    (1..99_i64, cell(), cell(), option::of(1..99_i64)).prop_map(|(builder, last, since, good)| {
        BrokenBuilder {
            builder: BuilderId(builder),
            last,
            since,
            last_good: good.map(BuildId),
        }
    })
}

fn homes() -> impl Strategy<Value = Home> {
    let waiting = (any_made::<BuildRequest>(), any_made::<WaitReason>())
        .prop_map(|(request, why)| WaitingRequest { request, why });
    let lists = (builders(), vec(any_made::<Worker>(), 0..2), running());
    (lists, vec(waiting, 0..3), builds(), vec(broken(), 0..3)).prop_map(
        |((builders, workers, running), waiting, recent, broken)| Home {
            builders,
            workers,
            running,
            waiting,
            recent,
            broken,
        },
    )
}

/// Changes whose link is none or not empty: JSON does not tell these apart.
fn changes() -> impl Strategy<Value = Vec<Change>> {
    vec(any_made::<Change>(), 0..3).prop_map(|mut changes| {
        for change in &mut changes {
            change.revlink = change.revlink.take().filter(|link| !link.is_empty());
        }
        changes
    })
}

pub(crate) fn views() -> impl Strategy<Value = View> {
    let cells = || vec(any_made::<Cell>(), 0..4);
    let waterfalls = (
        builders(),
        builds(),
        vec(any_made::<Step>(), 0..3),
        changes(),
        any::<i64>(),
    )
        .prop_map(|(builders, builds, steps, changes, from)| Waterfall {
            builders,
            builds,
            steps,
            changes,
            complete_from: Timestamp(from),
        });
    let revisions =
        (vec(any_made::<SourceStamp>(), 0..3), any::<i64>()).prop_map(|(source_stamps, at)| GridRevision {
            source_stamps,
            submitted_at: Timestamp(at),
        });
    let grids = (builders(), vec(revisions, 0..3), cells()).prop_map(|(builders, revisions, cells)| Grid {
        builders,
        revisions,
        cells,
    });
    let consoles = (builders(), changes(), cells()).prop_map(|(builders, changes, cells)| Console {
        builders,
        changes,
        cells,
    });
    let ids = || vec(any::<i64>().prop_map(CommitId), 0..4);
    let graphs =
        (option::of(any_made::<Commit>()), ids(), ids()).prop_map(|(common, to_first, to_second)| {
            CommitGraph {
                common,
                to_first,
                to_second,
            }
        });
    prop_oneof![
        homes().prop_map(View::Home),
        waterfalls.prop_map(View::Waterfall),
        grids.prop_map(View::Grid),
        consoles.prop_map(View::Console),
        graphs.prop_map(View::CommitGraph),
    ]
}

/// A query that such a view answers.
fn query_for(view: &View) -> ViewQuery {
    let builders = BuilderChoice::default();
    match view {
        View::Home(_) => ViewQuery::Home(HomeQuery { builders, limit: 1 }),
        View::Waterfall(_) => ViewQuery::Waterfall(WaterfallQuery {
            builders,
            from: Timestamp(0),
            to: Timestamp(1),
            steps: true,
            limit: 1,
        }),
        View::Grid(_) => ViewQuery::Grid(GridQuery {
            builders,
            branch: None,
            codebase: None,
            revisions: 1,
        }),
        View::Console(_) => ViewQuery::Console(ConsoleQuery {
            builders,
            branch: None,
            codebase: None,
            before: None,
            changes: 1,
        }),
        _ => ViewQuery::CommitGraph(CommitGraphQuery {
            first: CommitId(1),
            second: CommitId(2),
        }),
    }
}

fn choices() -> impl Strategy<Value = BuilderChoice> {
    let tags = || vec(".{0,5}", 0..3);
    (
        vec(any::<i64>().prop_map(BuilderId), 0..3),
        option::of(any::<i64>().prop_map(ProjectId)),
        tags(),
        tags(),
        any::<bool>(),
    )
        .prop_map(
            |(builders, project, tags, without_tags, removed_too)| BuilderChoice {
                builders,
                project,
                tags,
                without_tags,
                removed_too,
            },
        )
}

fn queries() -> impl Strategy<Value = ViewQuery> {
    let text = || option::of(".{0,5}");
    prop_oneof![
        (choices(), 0..=MAX_VIEW_BUILDS)
            .prop_map(|(builders, limit)| ViewQuery::Home(HomeQuery { builders, limit })),
        (
            choices(),
            any::<i32>(),
            1..i64::MAX / 2,
            any::<bool>(),
            0..=MAX_VIEW_BUILDS
        )
            .prop_map(|(builders, from, length, steps, limit)| ViewQuery::Waterfall(
                WaterfallQuery {
                    builders,
                    from: Timestamp(from.into()),
                    to: Timestamp(i64::from(from) + length),
                    steps,
                    limit,
                }
            )),
        (choices(), text(), text(), 0..=MAX_VIEW_ROWS).prop_map(|(builders, branch, codebase, revisions)| {
            ViewQuery::Grid(GridQuery {
                builders,
                branch,
                codebase,
                revisions,
            })
        }),
        (
            choices(),
            text(),
            text(),
            option::of(any::<i64>()),
            0..=MAX_VIEW_ROWS
        )
            .prop_map(
                |(builders, branch, codebase, before, changes)| ViewQuery::Console(ConsoleQuery {
                    builders,
                    branch,
                    codebase,
                    before: before.map(ChangeId),
                    changes,
                })
            ),
    ]
}

proptest! {
    #[test]
    fn a_view_comes_back(view in views()) {
        let object = v2::view_object(&view);
        let written = serde_json::to_string(&object).unwrap();
        let value = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(&serde_json::to_string(&value).unwrap(), &written, "the fields are in their order");
        prop_assert_eq!(v2::view_from_json(&query_for(&view), &value), Ok(view));
    }

    #[test]
    fn a_views_query_comes_back(query in queries()) {
        let (name, text) = v2::write_view(&query).unwrap();
        let path = format!("views/{}", name.word());
        prop_assert_eq!(Endpoint::parse(&path), Some(Endpoint::View(name)));
        prop_assert_eq!(v2::parse_view(name, &v2::pairs(&text)), Ok(query));
    }

    #[test]
    fn no_parameter_of_a_view_makes_it_panic(query in ".{0,60}") {
        for name in [v2::ViewName::Home, v2::ViewName::Waterfall, v2::ViewName::Grid, v2::ViewName::Console] {
            let _ = v2::parse_view(name, &v2::pairs(&query));
        }
    }
}

#[test]
fn a_view_is_described_as_it_is() {
    for view in [
        View::Home(Home::default()),
        View::Waterfall(Waterfall::default()),
        View::Grid(Grid::default()),
        View::Console(Console::default()),
    ] {
        let (name, _) = v2::write_view(&query_for(&view)).unwrap();
        let object = text(&serde_json::to_value(v2::view_object(&view)).unwrap());
        let mut described: Vec<String> = v2::spec::Gives::View(name)
            .fields()
            .into_iter()
            .map(|(field, ..)| field)
            .collect();
        described.sort();
        assert_eq!(
            object.as_object().unwrap().keys().cloned().collect::<Vec<_>>(),
            described
        );
    }
}

#[test]
fn bad_parameters_of_a_view_are_named() {
    let refused = |name, query: &str| v2::parse_view(name, &v2::pairs(query)).unwrap_err().to_string();
    let waterfall = v2::ViewName::Waterfall;
    assert_eq!(
        refused(waterfall, "to=5"),
        "from: is needed: a time in whole seconds"
    );
    assert_eq!(
        refused(waterfall, "from=5&to=5"),
        "to: the range must end after it begins"
    );
    assert_eq!(
        refused(waterfall, "from=x&to=5"),
        "from: invalid filter value `x`: a time in whole seconds is expected"
    );
    assert_eq!(
        refused(waterfall, "branch=a"),
        "branch: unrecognized query parameter"
    );
    let many = (0..=MAX_VIEW_BUILDERS)
        .map(|id| format!("builderid={id}&"))
        .collect::<String>();
    assert!(refused(v2::ViewName::Home, &many).starts_with("builderid: "));
}
