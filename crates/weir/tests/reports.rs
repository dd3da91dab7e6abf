//! Reports of a real master: of its builds, by the functions and templates of its configuration, in the master and
//! elsewhere.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod site;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::post;
use serde_json::Value;
use site::{SOON, Site};
use weir_status_api::Results;
use weir_testbed::eventually;

/// Takes what is posted to it.
#[derive(Clone, Default)]
struct Receiver(Arc<Mutex<Vec<Value>>>);

impl Receiver {
    async fn start() -> (Self, String) {
        let receiver = Self::default();
        let take = receiver.clone();
        let router = Router::new().route("/", post(move |body: String| async move { take.receive(&body) }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, url)
    }

    fn receive(&self, body: &str) {
        self.0.lock().unwrap().push(serde_json::from_str(body).unwrap());
    }

    /// The reports of that delivery's listener, in order, once there are so many.
    async fn reports(&self, listener: &str, number: usize) -> Vec<Value> {
        let all = || -> Vec<Value> {
            let reports = self.0.lock().unwrap();
            let of = |it: &&Value| {
                it["delivery"]
                    .as_str()
                    .unwrap()
                    .starts_with(&format!("{listener}-"))
            };
            reports.iter().filter(of).cloned().collect()
        };
        eventually("the reports arrive", SOON, async || all().len() >= number).await;
        all()
    }
}

const SITE: &str = r#"
master(anonymous_control = True, web_url = "https://ci.example.org")
worker(name = "w1", token_file = "w1.token")
builder(name = "good", workers = ["w1"], steps = [shell(name = "make", command = "true")])
builder(name = "bad", workers = ["w1"], tags = ["release"], steps = [
    shell(name = "make", command = "echo all; echo '<b>' no rule; exit 2"),
    shell(name = "lint", command = "true"),
])
force(name = "force", builders = ["good", "bad"])
"#;

const REPORTS: &str = r#"
def words(report):
    build = report.build
    return {"subject": "%s: %s by %s" % (build.builder, report.results, build.prop("scheduler"))}

http_push("all", "@URL@", reports = [build_report(start = True, excerpt_lines = 1)])
http_push("failing", "@URL@", reports = [
    build_report(mode = "failing", tags = ["release"], when = lambda report: report.build.number == 1,
                 text = "{{ build.failed_steps[0].name }} in {{ build.builder }}",
                 attach_logs = ["make.stdio"]),
])
http_push("sets", "@URL@", reports = [buildset_report(combined = True, builders = [regex("b.*")], format = words_of)])
http_push("words", "@URL@", reports = [build_report(builders = ["bad"], format = words)])
"#;

/// What stands for a function that is told of a buildset.
const WORDS_OF: &str = r#"
def words_of(report):
    return "\n".join(["%s %s" % (it.builder, it.results) for it in report.builds])
"#;

fn reports(url: &str) -> String {
    format!("{WORDS_OF}{REPORTS}").replace("@URL@", url)
}

/// Builds both, the good one first.
async fn build_both(site: &Site) {
    for (builder, results) in [("good", Results::Success), ("bad", Results::Failure)] {
        let build = site.finished(site.force(builder).await).await;
        assert_eq!(build.results, Some(results), "{build:?}");
    }
}

async fn check(receiver: &Receiver) {
    let all = receiver.reports("all", 4).await;
    let told: Vec<&str> = all.iter().map(|it| it["subject"].as_str().unwrap()).collect();
    let expected = [
        "good #1 has begun",
        "good #1 passed",
        "bad #1 has begun",
        "bad #1 failed",
    ];
    assert_eq!(told, expected);
    let html = all[3]["html"].as_str().unwrap();
    assert!(html.contains("&lt;b&gt; no rule"), "{html}");
    let url = all[3]["url"].as_str().unwrap();
    assert!(url.starts_with("https://ci.example.org/#/builders/"), "{url}");
    assert!(url.ends_with("/builds/1"), "{url}");
    let failing = receiver.reports("failing", 1).await;
    assert_eq!(failing.len(), 1);
    assert_eq!(failing[0]["text"], "make in bad");
    assert_eq!(failing[0]["html"], Value::Null);
    let files = failing[0]["attachments"].as_array().unwrap();
    assert_eq!(files[0]["name"], "make.stdio.txt");
    assert!(
        files[0]["text"].as_str().unwrap().contains("\n<b> no rule\n"),
        "{files:?}"
    );
    let sets = receiver.reports("sets", 1).await;
    assert_eq!(sets[0]["text"], "bad failure");
    assert_eq!(sets[0]["occasion"], "buildset_finished");
    let words = receiver.reports("words", 1).await;
    assert_eq!(words[0]["subject"], "bad: failure by force");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_tells_reports() {
    let (receiver, url) = Receiver::start().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), "force\n").unwrap();
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(folder.path().join("key"), permissions).unwrap();
    // What the secret is, is masked in all that is told.
    let secrets = format!(
        "secrets_from_files({:?})\nhttp_push(\"secret\", \"{url}\", secret = secret(\"key\"), reports = [build_report(builders = \
         [\"bad\"], text = \"{{{{ build.scheduler }}}}\")])\n",
        folder.path()
    );
    let site = Site::start(&format!("{SITE}{secrets}{}", reports(&url))).await;
    let _worker = site.worker("w1");
    build_both(&site).await;
    check(&receiver).await;
    assert_eq!(receiver.reports("secret", 1).await[0]["text"], "…");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_elsewhere_tells_the_same_reports() {
    let (receiver, url) = Receiver::start().await;
    let site = Site::start(SITE).await;
    let file = site.path("listeners.star");
    let text = format!("master(web_url = \"https://ci.example.org/\")\n{}", reports(&url));
    std::fs::write(&file, text).unwrap();
    let places = site.path("places");
    let mut listener = site.start_weir(&[
        "listen",
        "--config",
        file.to_str().unwrap(),
        "--data",
        places.to_str().unwrap(),
    ]);
    listener.line(SOON, |line| line.contains("listening")).await;
    // Its place is kept before it is told of anything.
    let kept = || {
        ["all", "failing", "sets", "words"]
            .iter()
            .all(|it| places.join(format!("{it}.cursor")).exists())
    };
    eventually("it has its places", SOON, async || kept()).await;
    let _worker = site.worker("w1");
    build_both(&site).await;
    check(&receiver).await;
}
