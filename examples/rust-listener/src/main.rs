//! A lamp: `rust-listener URL FOLDER` prints `red: BUILDERS` while the last build of a builder failed, else `green`.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use weir_listeners::FileBookmarks;
use weir_status_api::{
    Build, BuildField, Builder, Event, Lane, Listener, ListenerError, Query, ReadExt as _, Result, Results,
    Runner, RunnerOptions, StatusApi, TopicFilter,
};
use weir_status_grpc::GrpcStatus;

/// What it shows.
#[derive(Default)]
struct Lamp(Mutex<String>);

#[async_trait]
impl Listener for Lamp {
    fn name(&self) -> &str {
        "lamp"
    }

    fn filter(&self) -> TopicFilter {
        TopicFilter::parse("builds/*/finished").expect("a topic pattern")
    }

    /// There is one lamp: its colours come one after the other.
    fn lane(&self, _: &Event) -> Lane {
        Lane::All
    }

    /// Looks at what is, not at what the event says: an event that comes twice changes nothing.
    async fn on_event(&self, _: &Event, api: &dyn StatusApi) -> Result<(), ListenerError> {
        let broken = broken(api).await;
        let broken = broken.map_err(|error| ListenerError::Later(error.to_string()))?;
        let colour = match broken.is_empty() {
            true => "green".to_owned(),
            false => format!("red: {}", broken.join(", ")),
        };
        let mut shown = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *shown != colour {
            println!("{colour}");
            *shown = colour;
        }
        Ok(())
    }
}

/// The builders whose last build failed.
async fn broken(api: &dyn StatusApi) -> Result<Vec<String>> {
    let mut broken = vec![];
    let mut builders = api.pages(Query::<Builder>::new());
    while let Some(page) = builders.next().await? {
        for builder in page.items {
            let ended = Query::<Build>::new().eq(BuildField::Builder, builder.id);
            let ended = ended.eq(BuildField::Complete, true).limit(1);
            let last = api.page(ended.descending(BuildField::Number)).await?;
            let results = last.items.first().and_then(|build: &Build| build.results);
            if matches!(results, Some(Results::Failure | Results::Exception)) {
                broken.push(builder.name);
            }
        }
    }
    Ok(broken)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, folder] = arguments.as_slice() else {
        return Err("say which master, and a folder for the place in its events".into());
    };
    let master = Arc::new(GrpcStatus::connect(url, std::env::var("WEIR_TOKEN").ok())?);
    let bookmarks = Arc::new(FileBookmarks::open(folder)?);
    let runner = Runner::new(
        Arc::new(Lamp::default()),
        master,
        bookmarks,
        RunnerOptions::default(),
    );
    runner.run().await;
    Ok(())
}
