//! Of what is told: modes, selections, and what each kind of report looks at.

use weir_listeners::{Function, Mode, Modes, Occasion, Patterns, ReportKind, ReportOptions, Selection};
use weir_status_api::{Results, Verb};

use super::site::{Site, build, event};
use super::{Bench, ends, failed};

/// Whether the end of a build is told, with these results after those.
async fn is_told(mode: Mode, previous: Option<Results>, results: Results) -> bool {
    let mut site = Site::new();
    site.builds = vec![build(17, 2, 17, results)];
    if let Some(previous) = previous {
        site.builds.push(build(16, 2, 16, previous));
    }
    let bench = Bench::new(vec![ReportOptions {
        modes: Modes(vec![mode]),
        ..ends()
    }]);
    bench.tell(&failed(&site), &site).await.unwrap();
    !bench.taken().is_empty()
}

#[tokio::test]
async fn modes_mean_what_buildbots_mean() {
    use Results::*;
    let of = [
        (Mode::Passing, Success),
        (Mode::Warnings, Warnings),
        (Mode::Failing, Failure),
        (Mode::Exception, Exception),
        (Mode::Cancelled, Cancelled),
    ];
    for (mode, wanted) in of {
        for results in Results::ALL {
            let told = is_told(mode, None, results).await;
            assert_eq!(told, results == wanted, "{mode:?} {results}");
        }
    }
    for (previous, results, problem, change) in [
        (None, Failure, false, false),
        (Some(Failure), Failure, false, false),
        (Some(Success), Failure, true, true),
        (Some(Exception), Failure, true, true),
        (Some(Failure), Success, false, true),
        (Some(Success), Success, false, false),
        (Some(Success), Warnings, false, true),
    ] {
        let told = is_told(Mode::Problem, previous, results).await;
        assert_eq!(told, problem, "problem: {previous:?} {results}");
        let told = is_told(Mode::Change, previous, results).await;
        assert_eq!(told, change, "change: {previous:?} {results}");
    }
}

#[tokio::test]
async fn a_build_that_ran_again_is_nobodys_predecessor() {
    let mut site = Site::new();
    site.builds = vec![
        build(15, 2, 15, Results::Success),
        build(16, 2, 16, Results::Retry),
        build(17, 2, 17, Results::Failure),
    ];
    let bench = Bench::new(vec![ReportOptions {
        modes: Modes(vec![Mode::Problem]),
        ..ends()
    }]);
    let report = bench.only(&failed(&site), &site).await;
    assert_eq!(report.about.builds()[0].previous.as_ref().unwrap().number, 15);
}

#[tokio::test]
async fn builds_are_selected_by_what_is_known_of_them() {
    let patterns = |it: &str| Patterns::of([it]);
    let none = Selection::default;
    for (selection, expected) in [
        (none(), true),
        (
            Selection {
                builders: patterns("linux"),
                ..none()
            },
            true,
        ),
        (
            Selection {
                builders: patterns("windows"),
                ..none()
            },
            false,
        ),
        (
            Selection {
                tags: patterns("release"),
                ..none()
            },
            true,
        ),
        (
            Selection {
                tags: patterns("slow"),
                ..none()
            },
            false,
        ),
        (
            Selection {
                branches: patterns("main"),
                ..none()
            },
            true,
        ),
        (
            Selection {
                branches: patterns("next"),
                ..none()
            },
            false,
        ),
        (
            Selection {
                schedulers: patterns("nightly"),
                ..none()
            },
            true,
        ),
        (
            Selection {
                schedulers: patterns("force"),
                ..none()
            },
            false,
        ),
        (
            Selection {
                projects: patterns("lib"),
                ..none()
            },
            true,
        ),
        (
            Selection {
                projects: patterns("app"),
                ..none()
            },
            false,
        ),
        (
            Selection {
                codebases: patterns(""),
                ..none()
            },
            true,
        ),
        (
            Selection {
                codebases: patterns("lib"),
                ..none()
            },
            false,
        ),
        (
            Selection {
                builders: patterns("linux"),
                tags: patterns("slow"),
                ..none()
            },
            false,
        ),
    ] {
        let site = Site::new();
        let told = format!("{selection:?}");
        let bench = Bench::new(vec![ReportOptions { selection, ..ends() }]);
        bench.tell(&failed(&site), &site).await.unwrap();
        assert_eq!(!bench.taken().is_empty(), expected, "{told}");
    }
}

#[tokio::test]
async fn a_function_has_the_last_word() {
    let site = Site::new();
    let when = |name: &'static str| {
        Function::new("when", move |report| {
            Ok((report["build"]["builder"] == name && report["results"] == "failure").into())
        })
    };
    for (name, expected) in [("linux", 1), ("windows", 0)] {
        let bench = Bench::new(vec![ReportOptions {
            when: Some(when(name)),
            ..ends()
        }]);
        bench.tell(&failed(&site), &site).await.unwrap();
        assert_eq!(bench.taken().len(), expected, "{name}");
    }
    let bench = Bench::new(vec![ReportOptions {
        when: Some(Function::new("when", |_| Ok(3.into()))),
        ..ends()
    }]);
    let error = bench.tell(&failed(&site), &site).await.unwrap_err();
    assert_eq!(error.to_string(), "when() must give True or False");
}

#[tokio::test]
async fn steps_are_told_by_their_names_and_compared_with_those_before() {
    let site = Site::new();
    let kind = |start: bool| ReportKind::Step {
        steps: Patterns::new([|name: &str| name.starts_with("comp")]),
        start,
        finish: true,
    };
    let bench = Bench::new(vec![ReportOptions {
        modes: Modes(vec![Mode::Problem]),
        ..ReportOptions::new(kind(false))
    }]);
    let report = bench
        .only(&event(1, Verb::Finished, site.steps[2].clone()), &site)
        .await;
    assert_eq!(report.occasion, Occasion::StepFinished);
    assert_eq!(report.about.builds()[0].step().unwrap().step.name, "compile");
    assert_eq!(report.about.results(), Some(Results::Failure));
    assert_eq!(report.message.subject, "linux #17: compile failed");
    for step in [&site.steps[3], &site.steps[0]] {
        bench
            .tell(&event(2, Verb::Finished, step.clone()), &site)
            .await
            .unwrap();
    }
    assert!(bench.taken().is_empty());
    let bench = Bench::new(vec![ReportOptions::new(kind(true))]);
    let mut begun = site.steps[2].clone();
    (begun.results, begun.complete_at) = (None, None);
    let report = bench.only(&event(3, Verb::Started, begun), &site).await;
    assert_eq!(report.message.subject, "linux #17: compile has begun");
}

#[tokio::test]
async fn a_buildset_is_told_in_one_message() {
    let mut site = Site::new();
    site.requests.remove(0);
    let complete = event(4, Verb::Complete, site.buildset.clone());
    let kind = |combined| ReportOptions::new(ReportKind::Buildset { combined });
    let report = Bench::new(vec![kind(false)]).only(&complete, &site).await;
    let builders: Vec<&str> = report
        .about
        .builds()
        .iter()
        .map(|it| it.builder.name.as_str())
        .collect();
    assert_eq!(builders, ["linux", "windows"]);
    assert_eq!(report.message.subject, "Buildset 9 failed: 2 builds");
    // Of its builds those alone that are to be told.
    let failing = ReportOptions {
        modes: Modes(vec![Mode::Failing]),
        ..kind(false)
    };
    let report = Bench::new(vec![failing]).only(&complete, &site).await;
    assert_eq!(report.about.builds().len(), 1);
    // As a whole it is told with all of them, by its own results.
    for (mode, expected) in [(Mode::Failing, 1), (Mode::Passing, 0)] {
        let bench = Bench::new(vec![ReportOptions {
            modes: Modes(vec![mode]),
            ..kind(true)
        }]);
        bench.tell(&complete, &site).await.unwrap();
        let reports = bench.taken();
        assert_eq!(reports.len(), expected, "{mode:?}");
        for report in reports {
            assert_eq!(report.about.builds().len(), 2);
        }
    }
}

#[tokio::test]
async fn requests_are_told_when_they_are_made_and_cancelled() {
    let mut site = Site::new();
    let mut cancelled = site.requests[1].clone();
    cancelled.results = Some(Results::Cancelled);
    let kind = ReportKind::Request {
        added: true,
        cancelled: true,
    };
    let bench = Bench::new(vec![ReportOptions::new(kind)]);
    let report = bench
        .only(&event(5, Verb::New, site.requests[1].clone()), &site)
        .await;
    assert_eq!(report.occasion, Occasion::RequestAdded);
    assert_eq!(report.message.subject, "linux was asked for a build");
    // Its build was stopped: that is told as a build.
    let complete = event(6, Verb::Complete, cancelled);
    bench.tell(&complete, &site).await.unwrap();
    assert!(bench.taken().is_empty());
    site.builds.clear();
    let report = bench.only(&complete, &site).await;
    assert_eq!(report.occasion, Occasion::RequestCancelled);
    assert_eq!(report.message.subject, "A request of linux was cancelled");
}

#[tokio::test]
async fn a_missing_worker_is_told_to_those_whom_it_names() {
    let site = Site::new();
    let missing = event(7, Verb::Missing, site.worker.clone());
    let of = |name: &str| {
        ReportOptions::new(ReportKind::Worker {
            workers: Patterns::of([name]),
        })
    };
    let report = Bench::new(vec![of("w1")]).only(&missing, &site).await;
    assert_eq!(report.message.subject, "Worker w1 is missing");
    assert_eq!(report.message.recipients, ["admin@example.org"]);
    let bench = Bench::new(vec![of("w2")]);
    bench.tell(&missing, &site).await.unwrap();
    assert!(bench.taken().is_empty());
}

#[tokio::test]
async fn what_was_never_built_is_selected_as_builds_are() {
    // The request of `windows` was not needed.
    let mut site = Site::new();
    site.requests.remove(0);
    site.builds.pop();
    site.requests[1].results = Some(Results::Skipped);
    let complete = event(4, Verb::Complete, site.buildset.clone());
    let of = |combined, builder: &str| ReportOptions {
        selection: Selection {
            builders: Patterns::of([builder]),
            ..Selection::default()
        },
        ..ReportOptions::new(ReportKind::Buildset { combined })
    };
    let unbuilt = |report: weir_listeners::Report| match report.about {
        weir_listeners::About::Buildset(it) => it.unbuilt.len(),
        other => panic!("{other:?}"),
    };
    let report = Bench::new(vec![of(false, "linux")]).only(&complete, &site).await;
    assert_eq!(unbuilt(report), 0);
    // As a whole it is told if anything of it is selected.
    let none = Bench::new(vec![of(true, "macos")]);
    none.tell(&complete, &site).await.unwrap();
    assert!(none.taken().is_empty());
    let report = Bench::new(vec![of(true, "windows")]).only(&complete, &site).await;
    assert_eq!(unbuilt(report), 1);
    site.builds.clear();
    none.tell(&complete, &site).await.unwrap();
    assert!(none.taken().is_empty());
}

#[tokio::test]
async fn requests_that_were_cancelled_are_told_in_their_buildset_if_the_modes_admit_it() {
    let mut site = Site::new();
    site.requests.remove(0);
    site.builds.pop();
    site.requests[1].results = Some(Results::Cancelled);
    let complete = event(4, Verb::Complete, site.buildset.clone());
    for (modes, expected) in [(Modes::default(), 1), (Modes(vec![Mode::Failing]), 0)] {
        let bench = Bench::new(vec![ReportOptions {
            modes,
            ..ReportOptions::new(ReportKind::Buildset { combined: false })
        }]);
        match bench.only(&complete, &site).await.about {
            weir_listeners::About::Buildset(it) => assert_eq!(it.unbuilt.len(), expected),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_request_that_is_cancelled_after_a_build_that_was_to_run_again_is_told() {
    let mut site = Site::new();
    site.builds[1].results = Some(Results::Retry);
    site.requests[1].results = Some(Results::Cancelled);
    let complete = event(6, Verb::Complete, site.requests[1].clone());
    let bench = Bench::new(vec![ReportOptions::new(ReportKind::Request {
        added: false,
        cancelled: true,
    })]);
    let report = bench.only(&complete, &site).await;
    assert_eq!(report.occasion, Occasion::RequestCancelled);
    // Its buildset has no build of it either.
    site.requests.remove(0);
    let complete = event(7, Verb::Complete, site.buildset.clone());
    let bench = Bench::new(vec![ReportOptions::new(ReportKind::Buildset { combined: true })]);
    match bench.only(&complete, &site).await.about {
        weir_listeners::About::Buildset(it) => assert_eq!((it.builds.len(), it.unbuilt.len()), (1, 1)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_began_and_was_skipped_has_its_end_told() {
    let mut site = Site::new();
    site.builds[1].results = Some(Results::Skipped);
    site.steps[2].results = Some(Results::Skipped);
    let step = |start| ReportKind::Step {
        steps: Patterns::default(),
        start,
        finish: true,
    };
    let build = |start| ReportKind::Build { start, finish: true };
    let ends = [
        event(1, Verb::Finished, site.steps[2].clone()),
        event(2, Verb::Finished, site.build(17)),
    ];
    let told = async |kinds: [ReportKind; 2], modes: Modes, ends: &[weir_status_api::Event]| {
        let bench = Bench::new(
            kinds
                .map(|kind| ReportOptions {
                    modes: modes.clone(),
                    ..ReportOptions::new(kind)
                })
                .into(),
        );
        for end in ends {
            bench.tell(end, &site).await.unwrap();
        }
        bench.taken().len()
    };
    assert_eq!(told([step(true), build(true)], Modes::default(), &ends).await, 2);
    assert_eq!(
        told([step(false), build(false)], Modes::default(), &ends).await,
        0
    );
    let failing = Modes(vec![Mode::Failing]);
    assert_eq!(told([step(true), build(true)], failing, &ends).await, 0);
    // A step that did not begin has no end.
    let mut never = site.steps[2].clone();
    never.started_at = None;
    let never = event(3, Verb::Finished, never);
    assert_eq!(
        told([step(true), build(true)], Modes::default(), &[never]).await,
        0
    );
}
