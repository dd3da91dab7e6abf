//! Cases, one per kind: each key gives what was written.

use super::check::{must_get, patiently};
use super::keyed::Keyed;
use super::promises::Promises;
use super::stage::Stage;
use super::story::Story;
use super::world::each_kind;
use crate::{Key, LogSearch};

async fn by_each_key<R: Keyed>(stage: &dyn Stage) {
    let Story { scene, .. } = Story::tell(stage).await;
    let api = &*scene.api;
    let mut promises = Promises::new();
    for row in scene.world.all::<R>() {
        for key in row.keys(&scene) {
            promises.that(&key, must_get(api, key.clone(), &row)).await;
            let what = key.to_string();
            match key {
                Key::Log(log) => {
                    let content = async {
                        let at = patiently(&what, async || api.log_content(log.clone(), 0, 10).await).await;
                        let at = at.value;
                        assert_eq!(at.content, scene.contents[&at.log], "its content");
                    };
                    promises.that(format!("the content of {what}"), content).await;
                    let search = async {
                        let ask = async || api.search_log(log.clone(), LogSearch::regex("^")).await;
                        let at = patiently(&what, ask).await.value;
                        let lines = scene.contents[&at.log].matches('\n').count();
                        assert_eq!(at.hits.len(), lines, "each line is found");
                    };
                    promises.that(format!("a search of {what}"), search).await;
                }
                Key::BuildData(build, name) => {
                    let id = row.identity().0;
                    let expected = &scene.data[&(crate::BuildId(id), name.clone())];
                    let value = async {
                        let ask = async || api.build_data(build.clone(), name.clone()).await;
                        assert_eq!(&patiently(&what, ask).await.value, expected, "its bytes");
                    };
                    promises.that(format!("the value of {what}"), value).await;
                }
                _ => {}
            }
        }
    }
    promises.must_hold();
}

macro_rules! cases {
    ($($name:ident: $resource:ident),+) => {$(
        pub(super) async fn $name(stage: &dyn Stage) {
            by_each_key::<crate::$resource>(stage).await;
        }
    )+};
}
each_kind!(cases);
