//! Steps that a step adds to its build, on both databases.

use std::collections::BTreeMap;

use weir_status_api::{Query, ReadExt, Results, Step, StepField};
use weir_status_db::{Database, Error, NewSteps, Transition};
use weir_testbed::Postgres;

use crate::rig::{Rig, shorts};

#[tokio::test(flavor = "multi_thread")]
async fn added_steps_on_sqlite() {
    added_steps_come_behind_the_step_that_gave_them(Rig::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn added_steps_on_postgres() {
    let server = Postgres::start().unwrap();
    added_steps_come_behind_the_step_that_gave_them(Rig::on(Database::Postgres(server.url())).await).await;
}

async fn added_steps_come_behind_the_step_that_gave_them(rig: Rig) {
    let (_, [request, _]) = rig.buildset().await;
    let build = rig.build(request).await;
    let (step, _) = rig.step(build).await;
    for name in ["test", "upload"] {
        rig.apply(Transition::AddStep(build, name.to_owned())).await;
    }
    let before = rig.cursor().await;
    let insert = |names: &[&str]| {
        Transition::InsertSteps(NewSteps {
            after: step,
            names: names.iter().copied().map(str::to_owned).collect(),
            plan: "a plan \u{2713}".to_owned(),
        })
    };
    rig.apply(insert(&["test", "more"])).await;
    assert_eq!(
        shorts(&rig.events(before).await),
        [
            "step upload updated - `pending`",
            "step test updated - `pending`",
            "step test_1 new - `pending`",
            "step more new - `pending`",
        ]
    );
    let steps = Query::<Step>::new()
        .eq(StepField::Build, build)
        .ascending(StepField::Number);
    let steps = rig.store.page(steps).await.unwrap().items;
    let numbers: Vec<_> = steps.iter().map(|it| (it.name.as_str(), it.number)).collect();
    assert_eq!(
        numbers,
        [
            ("compile", 0),
            ("test_1", 1),
            ("more", 2),
            ("test", 3),
            ("upload", 4)
        ]
    );
    let plans = BTreeMap::from([(step, "a plan \u{2713}".to_owned())]);
    assert_eq!(rig.store.plans(build).await.unwrap(), plans);
    rig.apply(Transition::FinishStep {
        step,
        results: Results::Success,
        state: "done".to_owned(),
        hidden: false,
    })
    .await;
    let refused = rig.store.apply(insert(&["late"])).await;
    assert!(matches!(refused, Err(Error::Conflict { .. })), "{refused:?}");
    rig.apply(Transition::FinishBuild {
        build,
        results: Results::Success,
        state: "done".to_owned(),
    })
    .await;
    assert_eq!(rig.store.plans(build).await.unwrap(), BTreeMap::new());
}
