//! Buildbot's workers over the perspective broker.

mod any_bytes;
mod commands;
mod connections;
mod files;
mod tellers;

use weir_master::workers::{
    CommandSpec, FileCommand, RunningCommand, Settings, What, WorkerAccount, WorkerBuilder,
};
use weir_testbed::eventually;

use super::house::{House, PATIENCE, account, hear, script, settings};
use super::puppet::Puppet;

fn builds_for(names: &[&str]) -> WorkerAccount {
    let builder = |name: &&str| WorkerBuilder {
        name: (*name).to_owned(),
        folder: (*name).to_owned(),
    };
    WorkerAccount {
        builders: names.iter().map(builder).collect(),
        ..account("w1", "token-1")
    }
}

/// A house whose worker `w1` builds for `b1`.
async fn house() -> House {
    house_with(settings()).await
}

async fn house_with(settings: Settings) -> House {
    let house = House::with(settings).await;
    house.manager.set_workers(vec![builds_for(&["b1"])]);
    house
}

fn in_b1(spec: CommandSpec) -> CommandSpec {
    CommandSpec {
        workdir: "b1/build".to_owned(),
        ..spec
    }
}

fn files(files: FileCommand) -> CommandSpec {
    CommandSpec {
        what: What::Files(files),
        ..in_b1(script(""))
    }
}

/// What a command says while the worker goes on, to its end.
async fn heard(worker: &mut Puppet, command: &mut RunningCommand) -> super::house::Heard {
    tokio::select! {
        heard = hear(command) => heard,
        () = worker.until("the command ends", |_| false) => unreachable!("it never does"),
    }
}

async fn wait_gone(house: &House) {
    eventually("w1 is gone", PATIENCE, async || !house.manager.is_connected("w1")).await;
}
