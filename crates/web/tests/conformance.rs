//! The conformance kit over JSON: client and gateway against each other, over the kit's model in memory.

#[path = "../../status-api/tests/model/mod.rs"]
#[allow(dead_code, reason = "the tests of the kit plant more faults in the model")]
mod model;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::ModelStage;
use tokio::net::TcpListener;
use weir_status_api::conformance::{Stage, Writer};
use weir_status_api::{OpenToAll, StatusApi};
use weir_status_http::{HttpOptions, HttpStatus};
use weir_testbed::Link;
use weir_web::{Options, Present, router};

/// A model behind two gateways, each behind a link that can be cut.
struct HttpStage {
    model: ModelStage,
    open: (Link, HttpStatus),
    guarded: (Link, HttpStatus),
}

async fn serve(api: Arc<dyn StatusApi>, present: Present) -> (Link, HttpStatus) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    let options = Options {
        present: Some(present),
        ..Options::default()
    };
    let router = router(Arc::new(OpenToAll(api)), options);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let link = Link::to(address).await.expect("a link");
    let url = format!("http://{}/", link.address());
    let options = HttpOptions {
        // The HTTP library may lose a request whose connection dies while it is handed over; it is then asked anew.
        timeout: Duration::from_secs(4),
        ..HttpOptions::default()
    };
    let client = HttpStatus::new(&url, options).expect("an address");
    (link, client)
}

async fn over_http() -> HttpStage {
    let model = ModelStage::new(None);
    let present = Present::new(model.newest());
    HttpStage {
        open: serve(model.api(), present.clone()).await,
        guarded: serve(model.guarded(), present).await,
        model,
    }
}

#[async_trait]
impl Stage for HttpStage {
    fn api(&self) -> Arc<dyn StatusApi> {
        Arc::new(self.open.1.clone())
    }

    fn guarded(&self) -> Arc<dyn StatusApi> {
        Arc::new(self.guarded.1.clone())
    }

    fn writer(&self) -> &dyn Writer {
        self.model.writer()
    }

    async fn disconnect(&self) {
        self.open.0.cut();
        self.guarded.0.cut();
    }
}

weir_status_api::conformance_tests!(over_http);
