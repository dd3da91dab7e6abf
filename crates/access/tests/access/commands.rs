//! Who may ask for what.

use weir_access::{Policy, User};
use weir_status_api::*;

use crate::house::{ADMIN, EVA, House, caller, policy};

fn stop(build: BuildId) -> Command {
    Command::StopBuild {
        build: build.into(),
        reason: None,
    }
}

fn force(scheduler: &str, builders: &[&str]) -> Command {
    Command::Force {
        scheduler: scheduler.to_owned(),
        params: ForceParams {
            builders: builders.iter().map(|it| (*it).to_owned()).collect(),
            ..ForceParams::default()
        },
    }
}

async fn ask(house: &House, token: Option<&str>, command: Command) -> Result<Outcome> {
    house.open(token).control(&caller(token), command).await
}

#[tokio::test]
async fn without_rules_users_control_and_others_read() {
    let house = House::new(Policy {
        users: vec![User::with_token("eva", EVA)],
        ..Policy::default()
    })
    .await;
    let build = house.story(&["open-1"], None).await["open-1"];
    let refused = ask(&house, None, stop(build)).await;
    assert!(
        matches!(refused, Err(Error::PermissionDenied { .. })),
        "{refused:?}"
    );
    let refused = ask(&house, Some("nobody's"), stop(build)).await;
    assert!(
        matches!(refused, Err(Error::Unauthenticated { .. })),
        "{refused:?}"
    );
    assert_eq!(ask(&house, Some(EVA), stop(build)).await, Ok(Outcome::Done));
    // Whom a call names makes no difference: the door was opened to nobody.
    let named = house.open(None).control(&Caller::named("eva"), stop(build)).await;
    assert!(matches!(named, Err(Error::PermissionDenied { .. })), "{named:?}");
    house.door.set_policy(Policy {
        anonymous_control: true,
        ..Policy::default()
    });
    assert_eq!(ask(&house, None, stop(build)).await, Ok(Outcome::Done));
}

#[tokio::test]
async fn commands_on_hidden_things_find_nothing() {
    let house = House::new(policy()).await;
    let builds = house.story(&["open-1", "secret-1"], None).await;
    assert_eq!(
        ask(&house, Some(EVA), stop(builds["open-1"])).await,
        Ok(Outcome::Done)
    );
    let hidden = builds["secret-1"];
    let key = Key::Build(hidden.into());
    for command in [stop(hidden), Command::Rebuild { build: hidden.into() }] {
        assert_eq!(ask(&house, Some(EVA), command).await, Err(Error::not_found(&key)));
    }
    for id in 1..=2 {
        let request = BuildRequestId(id);
        let got = ask(
            &house,
            Some(EVA),
            Command::CancelRequest {
                request,
                reason: None,
            },
        )
        .await;
        let api = house.open(Some(EVA));
        assert_eq!(
            got.is_err(),
            api.get(Key::BuildRequest(request)).await.is_err(),
            "{got:?}"
        );
    }
    // Of workers no rule lets her do anything, whether or not there are any.
    for worker in ["w", "nobody"] {
        let got = ask(
            &house,
            Some(EVA),
            Command::UnpauseWorker {
                worker: worker.into(),
            },
        )
        .await;
        assert!(matches!(got, Err(Error::PermissionDenied { .. })), "{got:?}");
    }
    assert_eq!(ask(&house, Some(ADMIN), stop(hidden)).await, Ok(Outcome::Done));
}

#[tokio::test]
async fn a_force_knows_the_seen_builders_only() {
    let house = House::new(policy()).await;
    let eva = Some(EVA);
    let made = ask(&house, eva, force("both", &["open-2"])).await;
    assert!(matches!(made, Ok(Outcome::Buildset { .. })), "{made:?}");
    let hidden = ask(&house, eva, force("both", &["secret-1"]))
        .await
        .unwrap_err()
        .to_string();
    let nobody = ask(&house, eva, force("both", &["nothing"]))
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(hidden.replace("secret-1", "nothing"), nobody);
    let choose = ask(&house, eva, force("both", &[]))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        choose.contains("open-1") && choose.contains("open-2") && !choose.contains("secret"),
        "{choose}"
    );
    let hidden = ask(&house, eva, force("secret-force", &[])).await;
    assert_eq!(
        hidden,
        Err(Error::not_found(Key::ForceScheduler("secret-force".to_owned())))
    );
    let made = ask(&house, Some(ADMIN), force("both", &["secret-1"])).await;
    assert!(matches!(made, Ok(Outcome::Buildset { .. })), "{made:?}");
}
