//! A table of the builders' last results, in the terminal and alive: `dashboard grpc://127.0.0.1:8010`.

use std::collections::BTreeMap;
use std::error::Error;

use futures::StreamExt;
use weir_status_api::{
    Build, BuildField, Builder, BuilderId, Entity, Query, ReadExt, Signal, Start, TopicFilter, Watch,
};
use weir_status_grpc::GrpcStatus;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("say which master")?;
    let master = GrpcStatus::connect(&url, std::env::var("WEIR_TOKEN").ok())?;
    let builders = master.page(Query::<Builder>::new().limit(1000)).await?;
    let mut last: BTreeMap<BuilderId, Build> = BTreeMap::new();
    for builder in &builders.items {
        let builds = Query::new().eq(BuildField::Builder, builder.id);
        let finished = builds.eq(BuildField::Complete, true).limit(1);
        let newest = master.page(finished.descending(BuildField::Number));
        last.extend(newest.await?.items.into_iter().map(|it: Build| (it.builder, it)));
    }
    // From the cursor of the first page: what finished since comes, even if it is in the table already.
    let topics = TopicFilter::parse("builds/*/finished")?;
    let mut events = master.watch(topics, Start::After(builders.cursor)).await?;
    loop {
        print!("\x1b[2J\x1b[H");
        for builder in &builders.items {
            match last.get(&builder.id) {
                Some(it) => println!("{:30} #{:<6} {}", builder.name, it.number, it.state),
                None => println!("{:30} -", builder.name),
            }
        }
        let signal = events.next().await.ok_or("the watch ended")??;
        let Signal::Event(event) = signal else { continue };
        if let Entity::Build(build) = &event.entity {
            last.insert(build.builder, build.clone());
        }
    }
}
