//! `force` with fields and several codebases.

use serde_json::json;
use weir_status_api::{
    Caller, ControlExt, Error, ForceParams, ForceScheduler, Key, Outcome, PropertiesOf, Read, ReadExt,
};

use crate::site::{Site, sources};

const FORCE: &str = r#"
force("f", builders = [a], codebases = {
    "app": {"repository": "/srv/app", "branch": "main"},
    "lib": {"repository": "/srv/lib", "branch": "stable"},
}, fields = [
    field_int("jobs", min = 1, max = 8),
    field_group([field_bool("on"), field_choice("of", ["x", "y"], multiple = True)], name = "sanitizer"),
])
"#;

#[tokio::test(start_paused = true)]
async fn a_form_is_filled_in() {
    let site = Site::start(FORCE).await;
    let scheduler = Key::ForceScheduler("f".to_owned());
    let scheduler: ForceScheduler = site.store.one(scheduler).await.unwrap().value;
    assert_eq!(
        scheduler.fields.len(),
        3,
        "a codebase beside its own, and two fields: {scheduler:?}"
    );

    let caller = Caller::named("ada");
    let values = [
        ("lib_revision", json!("abc")),
        ("jobs", json!("4")),
        ("sanitizer_of", json!(["x", "y"])),
    ];
    let params = ForceParams {
        branch: Some("side".to_owned()),
        values: values.map(|(name, value)| (name.to_owned(), value)).into(),
        ..ForceParams::default()
    };
    let made = site.store.force(&caller, "f", params.clone()).await.unwrap();
    let Outcome::Buildset { buildset, .. } = made else {
        panic!("{made:?}")
    };
    assert_eq!(
        sources(&site.one_after(0).await),
        ["app side -", "lib stable abc"]
    );
    let properties = site
        .store
        .properties(PropertiesOf::Buildset(buildset))
        .await
        .unwrap()
        .value;
    assert_eq!(properties["jobs"].value, json!(4));
    assert_eq!(
        properties["sanitizer"].value,
        json!({"on": false, "of": ["x", "y"]})
    );

    let values = [("jobs", json!(9)), ("sanitizer_of", json!("z"))];
    let wrong = ForceParams {
        values: values.map(|(name, value)| (name.to_owned(), value)).into(),
        ..params
    };
    match site.store.force(&caller, "f", wrong).await {
        Err(Error::InvalidInput { fields }) => {
            assert_eq!(fields.keys().collect::<Vec<_>>(), ["jobs", "sanitizer_of"]);
        }
        other => panic!("{other:?}"),
    }
}
