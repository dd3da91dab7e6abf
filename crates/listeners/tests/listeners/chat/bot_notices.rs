//! What the bot says by itself.

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use weir_listeners::bot::{Bot, BotOptions, Heard, Line, Voice};
use weir_status_api::{ListenerError, Results, WorkerInfo};

use super::bot::{ada, in_channel, line, open};
use super::told::{DEADLINE, Scene};

/// Keeps what it is to say, and refuses the first few.
struct Ear {
    said: mpsc::UnboundedSender<(String, Line)>,
    refusals: std::sync::Mutex<u32>,
    /// The place that takes nothing.
    deaf: Option<&'static str>,
}

impl Ear {
    fn new(refusals: u32) -> (Self, mpsc::UnboundedReceiver<(String, Line)>) {
        let (said, heard) = mpsc::unbounded_channel();
        let refusals = std::sync::Mutex::new(refusals);
        let deaf = None;
        (Self { said, refusals, deaf }, heard)
    }
}

#[async_trait]
impl Voice for Ear {
    async fn say(&self, place: &str, lines: &[Line]) -> Result<(), ListenerError> {
        if self.deaf == Some(place) {
            return std::future::pending().await;
        }
        {
            let mut left = self.refusals.lock().unwrap();
            if *left > 0 {
                *left -= 1;
                return Err(ListenerError::After(
                    "not now".to_owned(),
                    Duration::from_millis(1),
                ));
            }
        }
        for line in lines {
            self.said.send((place.to_owned(), line.clone())).unwrap();
        }
        Ok(())
    }
}

async fn next(heard: &mut mpsc::UnboundedReceiver<(String, Line)>) -> (String, String) {
    let next = tokio::time::timeout(DEADLINE, heard.recv()).await;
    let (place, line) = next.expect("nothing was said in time").unwrap();
    (place, line.text)
}

/// Does `work` while the bot tells.
async fn while_it_tells<T>(bot: &Bot, ear: &Ear, work: impl Future<Output = T>) -> T {
    tokio::select! {
        done = work => done,
        () = bot.tell(ear) => panic!("the bot stopped telling"),
    }
}

#[tokio::test]
async fn places_are_told_of_what_they_want_over_a_restart() {
    let scene = Scene::new().await;
    scene.build("tests", Results::Success, "fine").await;
    let bot = open(&scene, BotOptions::default()).await;
    let operator = |text: &str| Heard {
        operator: true,
        ..in_channel("ada", text)
    };
    assert_eq!(
        line(&bot, &in_channel("bob", "notify on problem")).await,
        "You may not notify here, bob."
    );
    assert_eq!(
        line(&bot, &operator("notify on problem worker")).await,
        "I tell here of: problem, worker."
    );
    assert_eq!(
        line(&bot, &ada("notify on")).await,
        "I tell here of: started, finished."
    );
    assert!(
        line(&bot, &ada("notify on joy"))
            .await
            .starts_with("Try 'notify on|off|list")
    );
    let (ear, mut heard) = Ear::new(2);
    while_it_tells(&bot, &ear, async {
        let build = scene.start("docs").await;
        assert_eq!(
            next(&mut heard).await,
            ("ada".to_owned(), "Build docs/1 has begun.".to_owned())
        );
        scene
            .writer()
            .finish_build(build, Results::Failure, "3 pages failed")
            .await;
        let (place, text) = next(&mut heard).await;
        assert_eq!(place, "ada");
        assert!(text.contains("failed: 3 pages failed."), "{text}");
        scene.build("tests", Results::Exception, "it broke").await;
        let mut told = [
            next(&mut heard).await,
            next(&mut heard).await,
            next(&mut heard).await,
        ];
        told.sort();
        let ended = "Build tests/2 ended with an exception: it broke.".to_owned();
        assert_eq!(told[0], ("#weir".to_owned(), ended.clone()));
        assert_eq!(told[1], ("ada".to_owned(), ended));
        assert_eq!(told[2], ("ada".to_owned(), "Build tests/2 has begun.".to_owned()));
    })
    .await;
    drop(bot);
    // It is away, and a worker and a build go wrong.
    let worker = scene.ids.workers["otter"];
    scene.build("tests", Results::Success, "fine").await;
    scene.writer().disconnect_worker(worker, "asleep").await;
    scene.writer().miss_worker(worker).await;
    let bot = open(&scene, BotOptions::default()).await;
    assert_eq!(
        line(&bot, &operator("notify list")).await,
        "I tell here of: problem, worker."
    );
    while_it_tells(&bot, &ear, async {
        // What was said last may be said again: it may not be kept yet that it was.
        let mut told = vec![];
        while told.len() < 3 {
            let one = next(&mut heard).await;
            if !one.1.contains("tests/2") {
                told.push(one);
            }
        }
        // Each place hears in order, and none waits for another.
        told.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(told[0].0, "#weir");
        assert!(told[0].1.starts_with("Worker otter is missing"), "{}", told[0].1);
        assert_eq!(told[1], ("ada".to_owned(), "Build tests/3 has begun.".to_owned()));
        assert_eq!(
            told[2],
            (
                "ada".to_owned(),
                "Build tests/3 completed successfully.".to_owned()
            )
        );
        scene.writer().connect_worker(worker, WorkerInfo::default()).await;
        assert_eq!(
            next(&mut heard).await,
            ("#weir".to_owned(), "Worker otter is back.".to_owned())
        );
    })
    .await;
}

#[tokio::test]
async fn a_place_that_takes_nothing_holds_up_no_other_and_is_told_after_a_restart() {
    let scene = Scene::new().await;
    let bot = open(&scene, BotOptions::default()).await;
    let operator = |text: &str| Heard {
        operator: true,
        ..in_channel("ada", text)
    };
    line(&bot, &operator("notify on finished")).await;
    line(&bot, &ada("notify on finished")).await;
    let (mut ear, mut heard) = Ear::new(0);
    ear.deaf = Some("#weir");
    let ended = |number: u32| format!("Build tests/{number} completed successfully.");
    while_it_tells(&bot, &ear, async {
        for number in 1..=3 {
            scene.build("tests", Results::Success, "fine").await;
            assert_eq!(next(&mut heard).await, ("ada".to_owned(), ended(number)));
        }
    })
    .await;
    drop(bot);
    let bot = open(&scene, BotOptions::default()).await;
    let (ear, mut heard) = Ear::new(0);
    while_it_tells(&bot, &ear, async {
        for number in 1..=3 {
            let mut told = next(&mut heard).await;
            while told.0 != "#weir" {
                told = next(&mut heard).await;
            }
            assert_eq!(told, ("#weir".to_owned(), ended(number)));
        }
    })
    .await;
}

#[tokio::test]
async fn a_watched_build_is_told_of_whatever_its_tags_and_only_that() {
    let scene = Scene::new().await;
    let options = BotOptions {
        tags: vec!["release".to_owned()],
        ..BotOptions::default()
    };
    let bot = open(&scene, options.clone()).await;
    assert_eq!(line(&bot, &ada("watch docs")).await, "No build of it runs now.");
    let build = scene.start("docs").await;
    assert_eq!(
        line(&bot, &ada("watch docs")).await,
        "I tell you when build docs/1 has ended."
    );
    assert_eq!(
        line(&bot, &in_channel("ada", "watch docs")).await,
        "I tell you when build docs/1 has ended."
    );
    let rules = |text: &str| Heard {
        operator: true,
        ..in_channel("ada", text)
    };
    line(&bot, &rules("notify on finished")).await;
    // It is restarted before it ever told of anything.
    drop(bot);
    scene.build("docs", Results::Success, "fine").await;
    scene
        .writer()
        .finish_build(build, Results::Cancelled, "told to")
        .await;
    let bot = open(&scene, options).await;
    let (ear, mut heard) = Ear::new(0);
    while_it_tells(&bot, &ear, async {
        let ended = "Build docs/1 was cancelled: told to.";
        let said = next(&mut heard).await;
        assert_eq!(said, ("#weir".to_owned(), ended.to_owned()));
        assert_eq!(next(&mut heard).await, ("ada".to_owned(), ended.to_owned()));
    })
    .await;
}
