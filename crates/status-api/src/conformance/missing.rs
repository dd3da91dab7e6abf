//! Cases, one per kind: what is not there is not found.

use super::keyed::Keyed;
use super::promises::Promises;
use super::stage::Stage;
use super::story::Story;
use super::world::each_kind;
use crate::{Error, Key, LogSearch};

async fn by_no_key<R: Keyed>(stage: &dyn Stage) {
    let story = Story::tell(stage).await;
    let api = &*story.scene.api;
    let mut promises = Promises::new();
    for key in R::nowhere(&story) {
        let named = |why: &Error| matches!(why, Error::NotFound { what } if !what.is_empty());
        let get = async {
            let got = api.get(key.clone()).await;
            assert!(got.as_ref().is_err_and(named), "is not found, but gives {got:?}");
        };
        promises.that(&key, get).await;
        let what = key.to_string();
        match key {
            Key::Log(log) => {
                let content = async {
                    let got = api.log_content(log.clone(), 0, 1).await;
                    assert!(got.as_ref().is_err_and(named), "is not found, but gives {got:?}");
                };
                promises.that(format!("the content of {what}"), content).await;
                let search = async {
                    let got = api.search_log(log.clone(), LogSearch::text("a")).await;
                    assert!(got.as_ref().is_err_and(named), "is not found, but gives {got:?}");
                };
                promises.that(format!("a search of {what}"), search).await;
            }
            Key::BuildData(build, name) => {
                let value = async {
                    let got = api.build_data(build.clone(), name.clone()).await;
                    assert!(got.as_ref().is_err_and(named), "is not found, but gives {got:?}");
                };
                promises.that(format!("the value of {what}"), value).await;
            }
            _ => {}
        }
    }
    promises.must_hold();
}

macro_rules! cases {
    ($($name:ident: $resource:ident),+) => {$(
        pub(super) async fn $name(stage: &dyn Stage) {
            by_no_key::<crate::$resource>(stage).await;
        }
    )+};
}
each_kind!(cases);
