//! The bot answers, acts and tells, whatever brings the words.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use weir_listeners::bot::{Bot, BotOptions, Channels, Heard, Line};
use weir_status_api::conformance::{Stage as _, TOKEN};
use weir_status_api::{
    BuildRequest, Buildset, BuildsetId, Caller, Key, PropertiesOf, Query, ReadExt as _, Results, StatusApi,
};

use super::told::{DEADLINE, Scene};

/// What ada says in private.
pub(crate) fn ada(text: &str) -> Heard {
    Heard {
        place: "ada".to_owned(),
        person: "ada".to_owned(),
        private: true,
        addressed: true,
        text: text.to_owned(),
        ..Heard::default()
    }
}

/// What somebody says in a channel, to the bot.
pub(crate) fn in_channel(person: &str, text: &str) -> Heard {
    Heard {
        place: "#weir".to_owned(),
        person: person.to_owned(),
        addressed: true,
        text: text.to_owned(),
        ..Heard::default()
    }
}

fn allowing(command: &str, person: &str) -> BotOptions {
    BotOptions {
        allow: BTreeMap::from([(command.to_owned(), vec![person.to_owned()])]),
        caller: Caller::bearer(TOKEN),
        ..BotOptions::default()
    }
}

pub(crate) async fn open(scene: &Scene, options: BotOptions) -> Bot {
    options.check().unwrap();
    Bot::open(options, scene.desk(), Arc::new(scene.writer().clock().clone())).await
}

/// The answer's lines.
async fn answer(bot: &Bot, heard: &Heard) -> Vec<String> {
    bot.hear(heard).await.into_iter().map(|it| it.text).collect()
}

/// The one line of the answer.
pub(crate) async fn line(bot: &Bot, heard: &Heard) -> String {
    let mut lines = answer(bot, heard).await;
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.pop().unwrap()
}

async fn requests(api: &dyn StatusApi) -> Vec<BuildRequest> {
    api.page(Query::<BuildRequest>::new()).await.unwrap().items
}

#[tokio::test]
async fn status_tells_what_builders_do() {
    let scene = Scene::new().await;
    let options = BotOptions {
        web: Some("https://ci.example.org/".to_owned()),
        ..BotOptions::default()
    };
    let bot = open(&scene, options).await;
    assert_eq!(
        line(&bot, &ada("status docs")).await,
        "docs: idle, nothing was built yet."
    );
    scene.build("docs", Results::Failure, "3 pages\nfailed").await;
    scene.writer().clock().advance(Duration::from_secs(120));
    let build = scene.start("tests").await;
    let step = scene.writer().add_step(build, "compile").await;
    scene.writer().start_step(step).await;
    scene.writer().update_step(step, "at work", vec![]).await;
    let link = |builder: &str| {
        format!(
            "https://ci.example.org/#/builders/{}/builds/1",
            scene.ids.builders[builder]
        )
    };
    let docs = format!(
        "docs: idle, build docs/1 ({}) failed 2 minutes ago: 3 pages failed.",
        link("docs")
    );
    let tests = format!(
        "tests: builds build tests/1 ({}) (compile: at work).",
        link("tests")
    );
    assert_eq!(answer(&bot, &ada("status")).await, [docs.clone(), tests]);
    assert_eq!(
        bot.hear(&ada("STATUS docs")).await,
        [Line::with(docs, Some(Results::Failure))]
    );
    let worker = scene.ids.workers["otter"];
    scene.writer().disconnect_worker(worker, "asleep").await;
    assert_eq!(line(&bot, &ada("status")).await, "No builder has a worker now.");
    assert!(answer(&bot, &ada("status all")).await[0].starts_with("docs: offline, build docs/1"));
    assert_eq!(
        line(&bot, &ada("status nothing")).await,
        "There is no builder 'nothing'; try 'list builders'."
    );
}

#[tokio::test]
async fn builders_workers_and_last_builds_are_listed() {
    let scene = Scene::new().await;
    let bot = open(&scene, BotOptions::default()).await;
    assert_eq!(
        line(&bot, &ada("list builders")).await,
        "I found these builders: docs, tests."
    );
    assert_eq!(
        line(&bot, &ada("list workers")).await,
        "I found these workers: otter."
    );
    assert_eq!(line(&bot, &ada("list changes")).await, "There are no changes.");
    assert_eq!(
        line(&bot, &ada("list things")).await,
        "Try 'list [all|NUMBER] builders|workers|changes'."
    );
    scene.build("tests", Results::Success, "fine").await;
    assert_eq!(
        answer(&bot, &ada("last")).await,
        [
            "docs: nothing was built yet.",
            "tests: build tests/1 completed successfully 0 seconds ago."
        ]
    );
    scene
        .writer()
        .disconnect_worker(scene.ids.workers["otter"], "asleep")
        .await;
    assert_eq!(
        line(&bot, &ada("list all builders")).await,
        "I found these builders: docs (offline), tests (offline)."
    );
    assert_eq!(
        line(&bot, &ada("list workers")).await,
        "I found these workers: otter (not connected)."
    );
}

#[tokio::test]
async fn nobody_forces_unless_named_and_nobody_without_a_token() {
    let scene = Scene::new().await;
    let bot = open(&scene, BotOptions::default()).await;
    let force = ada("force build tests because of it");
    assert_eq!(line(&bot, &force).await, "You may not force here, ada.");
    drop(bot);
    let bob = open(&scene, allowing("force", "bob")).await;
    assert_eq!(line(&bob, &force).await, "You may not force here, ada.");
    drop(bob);
    let nameless = BotOptions {
        caller: Caller::anonymous(),
        ..allowing("!", "*")
    };
    let bot = open(&scene, nameless).await;
    assert_eq!(
        line(&bot, &force).await,
        "Permission denied: anonymous callers may only read."
    );
    drop(bot);
    let wrong = BotOptions {
        caller: Caller::bearer("another"),
        ..allowing("force", "ada")
    };
    let bot = open(&scene, wrong).await;
    assert_eq!(
        line(&bot, &force).await,
        "I am not signed in there; my access token is missing or no longer valid."
    );
    assert_eq!(requests(scene.stage.api().as_ref()).await, []);
}

#[tokio::test]
async fn a_force_is_made_as_it_was_asked_for_and_once_for_one_message() {
    let scene = Scene::new().await;
    let bot = open(&scene, allowing("force", "account:ada")).await;
    let force = Heard {
        also: vec!["account:ada".to_owned()],
        id: Some("m1".to_owned()),
        ..in_channel(
            "Ada",
            "force build --branch=main --revision abc --props=speed=fast tests 'before the' release",
        )
    };
    let told = line(&bot, &force).await;
    assert_eq!(told, "A build of tests is asked for (request 1).");
    assert_eq!(line(&bot, &force).await, told);
    let api = scene.stage.api();
    let [request] = &requests(api.as_ref()).await[..] else {
        panic!("not one request")
    };
    let buildset: Buildset = api.one(Key::Buildset(request.buildset)).await.unwrap().value;
    assert!(
        buildset
            .reason
            .ends_with("forced by Ada on #weir: before the release"),
        "{}",
        buildset.reason
    );
    assert_eq!(buildset.source_stamps[0].branch.as_deref(), Some("main"));
    assert_eq!(buildset.source_stamps[0].revision.as_deref(), Some("abc"));
    let properties = api
        .properties(PropertiesOf::Buildset(BuildsetId(1)))
        .await
        .unwrap()
        .value;
    assert_eq!(properties["speed"].value, "fast");
}

#[tokio::test]
async fn a_force_that_cannot_be_is_told_why() {
    let scene = Scene::new().await;
    let bot = open(&scene, allowing("force", "ada")).await;
    for (text, told) in [
        (
            "force build docs",
            "No force scheduler that is enabled starts docs.",
        ),
        ("force build --color=red tests", "There is no option '--color'."),
        (
            "force build --props=speed tests",
            "'speed' is no property; write NAME=VALUE.",
        ),
        (
            "force build --branch=a --branch=b tests",
            "The option '--branch' is given twice.",
        ),
        ("force build 'tests", "The quote ' has no end."),
        (
            "force build --scheduler=none tests",
            "There is no force scheduler `none`.",
        ),
        (
            "force build nothing",
            "There is no builder 'nothing'; try 'list builders'.",
        ),
    ] {
        assert_eq!(line(&bot, &ada(text)).await, told, "{text}");
    }
    assert!(
        line(&bot, &ada("force tests"))
            .await
            .starts_with("Try 'force build [")
    );
    let wrong = line(&bot, &ada("force build --props=colour=red tests")).await;
    assert!(wrong.to_lowercase().contains("colour"), "{wrong}");
    assert_eq!(requests(scene.stage.api().as_ref()).await, []);
}

#[tokio::test]
async fn builds_that_run_are_told_to_stop() {
    let scene = Scene::new().await;
    let bot = open(&scene, allowing("!", "ada")).await;
    assert_eq!(
        line(&bot, &ada("stop build tests too slow")).await,
        "No build of it runs now."
    );
    assert_eq!(
        line(&bot, &ada("stop build tests")).await,
        "Try 'stop build BUILDER[/NUMBER] REASON'."
    );
    let build = scene.start("tests").await;
    scene.start("tests").await;
    let api = scene.stage.api();
    let filter = weir_status_api::TopicFilter::parse("control/builds/*/stop").unwrap();
    let mut stops = api.watch(filter, weir_status_api::Start::Now).await.unwrap();
    assert_eq!(
        line(&bot, &ada("stop build tests/1 too slow")).await,
        "Build tests/1 is told to stop."
    );
    let record = loop {
        let signal = tokio::time::timeout(DEADLINE, futures::StreamExt::next(&mut stops)).await;
        if let weir_status_api::Signal::Event(event) = signal.unwrap().unwrap().unwrap() {
            break event;
        }
    };
    let weir_status_api::Entity::Control(record) = &record.entity else {
        panic!("no record")
    };
    assert_eq!(record.target, weir_status_api::ControlTarget::Build(build));
    assert_eq!(record.reason.as_deref(), Some("stopped by ada: too slow"));
    assert_eq!(record.caller, "ada");
    assert_eq!(
        answer(&bot, &ada("stop build tests now")).await,
        ["Build tests/1 is told to stop.", "Build tests/2 is told to stop."]
    );
}

#[tokio::test]
async fn a_muted_place_hears_nothing_until_it_is_unmuted() {
    let scene = Scene::new().await;
    let bot = open(&scene, allowing("mute", "ada")).await;
    let unmute = Heard {
        operator: true,
        ..in_channel("bob", "unmute")
    };
    assert_eq!(
        line(&bot, &in_channel("bob", "mute")).await,
        "You may not mute here, bob."
    );
    assert_eq!(line(&bot, &unmute).await, "Nobody told me to be silent.");
    assert_eq!(
        line(&bot, &in_channel("ada", "mute")).await,
        "I am silent here until 'unmute'."
    );
    assert_eq!(answer(&bot, &in_channel("ada", "status")).await, [""; 0]);
    assert_ne!(answer(&bot, &ada("status")).await, [""; 0]);
    drop(bot);
    let bot = open(&scene, BotOptions::default()).await;
    assert_eq!(answer(&bot, &in_channel("bob", "hello")).await, [""; 0]);
    assert_eq!(line(&bot, &unmute).await, "I talk again.");
    assert_eq!(line(&bot, &in_channel("bob", "hello")).await, "Hello, bob.");
}

#[tokio::test]
async fn talk_that_is_not_for_the_bot_is_left_alone() {
    let scene = Scene::new().await;
    let options = BotOptions {
        prefix: "!".to_owned(),
        ..BotOptions::default()
    };
    let bot = open(&scene, options).await;
    let talk = |text: &str| Heard {
        addressed: false,
        ..in_channel("bob", text)
    };
    assert_eq!(answer(&bot, &talk("status of the docs?")).await, [""; 0]);
    assert_eq!(line(&bot, &talk("!hello")).await, "Hello, bob.");
    assert_eq!(line(&bot, &in_channel("bob", "hello")).await, "Hello, bob.");
    assert_eq!(
        line(&bot, &talk("!dance")).await,
        "I do not know 'dance'; try '!commands'."
    );
    assert_eq!(answer(&bot, &talk("!")).await, [""; 0]);
    let help = line(&bot, &talk("!help watch")).await;
    assert_eq!(
        help,
        "!watch BUILDER: tells here when the builds end that run now."
    );
    assert!(
        line(&bot, &talk("!commands"))
            .await
            .contains("force, hello, help")
    );
    assert!(line(&bot, &talk("!version")).await.starts_with("This is Weir 0."));
}

#[tokio::test]
async fn answers_and_persons_have_bounds() {
    let scene = Scene::new().await;
    let options = BotOptions {
        per_minute: 3,
        lines: 1,
        ..BotOptions::default()
    };
    let bot = open(&scene, options).await;
    assert_eq!(answer(&bot, &ada("last")).await, ["… and 2 more."]);
    let long = line(&bot, &ada(&format!("status {}", "x".repeat(5000)))).await;
    assert!(long.len() < 300, "{long}");
    assert_eq!(answer(&bot, &ada("hello")).await, ["Hello, ada."]);
    assert_eq!(
        answer(&bot, &ada("hello")).await,
        ["Not so fast, ada; ask me again in a minute."]
    );
    assert_eq!(answer(&bot, &ada("hello")).await, [""; 0]);
    assert_eq!(answer(&bot, &in_channel("bob", "hello")).await, ["Hello, bob."]);
    scene.writer().clock().advance(Duration::from_secs(61));
    assert_eq!(answer(&bot, &ada("hello")).await, ["Hello, ada."]);
}

#[tokio::test]
async fn it_joins_and_leaves_channels_for_those_who_may_and_remembers_over_a_restart() {
    let scene = Scene::new().await;
    let options = BotOptions {
        channels: Some(Channels {
            configured: BTreeSet::from(["#weir".to_owned()]),
            key: |name| name.starts_with('#').then(|| name.to_lowercase()),
        }),
        ..allowing("!", "ada")
    };
    let bot = open(&scene, options.clone()).await;
    assert_eq!(
        line(&bot, &in_channel("bob", "join #docs")).await,
        "You may not join here, bob."
    );
    assert_eq!(line(&bot, &ada("join docs")).await, "'docs' is no channel.");
    assert_eq!(line(&bot, &ada("join")).await, "Try 'join CHANNEL …'.");
    assert_eq!(
        answer(&bot, &ada("join #Docs #tests #docs #Weir")).await,
        [
            "I join #Docs.",
            "I join #tests.",
            "I am to be in #docs already.",
            "I am to be in #Weir already."
        ]
    );
    let in_docs = |text: &str| Heard {
        place: "#docs".to_owned(),
        operator: true,
        ..in_channel("bob", text)
    };
    let told = line(&bot, &in_docs("notify on failure")).await;
    assert_eq!(told, "I tell here of: failure.");

    drop(bot);
    let bot = open(&scene, options.clone()).await;
    assert_eq!(bot.channels().await, ["#Docs", "#tests"]);
    assert_eq!(
        line(&bot, &in_channel("bob", "part #docs")).await,
        "You may not part here, bob."
    );
    assert_eq!(
        answer(&bot, &ada("part #DOCS #docs #weir")).await,
        [
            "I leave #DOCS.",
            "I was not told to join #docs.",
            "I do not leave #weir: it is in my configuration. 'mute' makes me silent there."
        ]
    );
    drop(bot);
    let bot = open(&scene, options).await;
    assert_eq!(bot.channels().await, ["#tests"]);
    let told = line(&bot, &in_docs("notify list")).await;
    assert_eq!(
        told, "I tell of nothing here.",
        "what it was to tell there is forgotten"
    );
}

#[tokio::test]
async fn it_joins_no_more_channels_than_it_may() {
    let scene = Scene::new().await;
    let options = BotOptions {
        channels: Some(Channels {
            configured: BTreeSet::new(),
            key: |name| Some(name.to_owned()),
        }),
        ..allowing("join", "ada")
    };
    let bot = open(&scene, options).await;
    let all: Vec<String> = (0..50).map(|number| format!("#{number}")).collect();
    answer(&bot, &ada(&format!("join {}", all.join(" ")))).await;
    assert_eq!(bot.channels().await.len(), 50);
    assert_eq!(
        line(&bot, &ada("join #another")).await,
        "I was told to join 50 channels already; have me leave one before."
    );
    assert_eq!(bot.channels().await.len(), 50);
}

#[tokio::test]
async fn where_there_are_no_channels_nobody_is_told_of_them() {
    let scene = Scene::new().await;
    let bot = open(&scene, allowing("!", "*")).await;
    assert_eq!(
        line(&bot, &ada("join #docs")).await,
        "I do not know 'join'; try 'commands'."
    );
    let commands = line(&bot, &ada("commands")).await;
    assert!(!commands.contains("join"), "{commands}");
}

#[test]
fn a_command_that_is_none_cannot_be_allowed() {
    let error = allowing("dance", "ada").check().unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("allow names 'dance', which is no command; use '*', '!' or one of")
    );
    allowing("*", "ada").check().unwrap();
}
