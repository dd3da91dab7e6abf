//! Runs the plugin beside a master: `remote_listener grpc://127.0.0.1:8010 FOLDER`. Its place in the events is kept in
//! the folder, so whatever finished while it was away comes when it starts again.

use std::error::Error;
use std::sync::Arc;

use weir_listeners::FileBookmarks;
use weir_status_api::{Runner, RunnerOptions};
use weir_status_grpc::GrpcStatus;

#[allow(unreachable_pub, reason = "a library of its own, too")]
mod plugin;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().unwrap_or("grpc://127.0.0.1:8010".to_owned());
    let folder = arguments.next().unwrap_or("crier".to_owned());
    let master = Arc::new(GrpcStatus::connect(&url, std::env::var("WEIR_TOKEN").ok())?);
    let bookmarks = Arc::new(FileBookmarks::open(folder)?);
    let crier = Arc::new(plugin::Crier {
        say: |sentence| println!("{sentence}"),
    });
    Runner::new(crier, master, bookmarks, RunnerOptions::default())
        .run()
        .await;
    Ok(())
}
