//! In which words: the defaults, templates of one's own, and what they cannot do.

use weir_listeners::{
    FileOptions, FormatOptions, Function, Links, Outlet, ReportKind, ReportOptions, Reporter,
    ReporterOptions, Template,
};
use weir_status_api::{ListenerError, Verb};

use super::site::{Site, event};
use super::{Bench, Recorder, ends, failed};

fn with_excerpts() -> ReportOptions {
    ReportOptions {
        files: FileOptions {
            excerpt_lines: 2,
            ..FileOptions::default()
        },
        ..ends()
    }
}

fn template(source: &str) -> Option<Template> {
    Some(Template {
        name: "weir.star:7".to_owned(),
        source: source.to_owned(),
    })
}

fn formatted(format: FormatOptions) -> Bench {
    Bench::new(vec![ReportOptions { format, ..ends() }])
}

#[tokio::test]
async fn the_default_words_of_a_build() {
    let site = Site::new();
    let message = Bench::new(vec![with_excerpts()])
        .only(&failed(&site), &site)
        .await
        .message;
    insta::assert_snapshot!("build_subject", message.subject);
    insta::assert_snapshot!("build_text", message.text);
    insta::assert_snapshot!("build_html", message.html.unwrap());
    insta::assert_snapshot!("build_markdown", message.markdown.unwrap());
}

#[tokio::test]
async fn the_default_words_of_everything_else() {
    let mut site = Site::new();
    let mut told = vec![];
    let complete = event(4, Verb::Complete, site.buildset.clone());
    for combined in [false, true] {
        let bench = Bench::new(vec![ReportOptions::new(ReportKind::Buildset { combined })]);
        told.push(bench.only(&complete, &site).await);
    }
    let both = ReportKind::Build {
        start: true,
        finish: true,
    };
    let mut begun = site.build(17);
    (begun.results, begun.complete_at) = (None, None);
    let bench = Bench::new(vec![ReportOptions::new(both)]);
    told.push(bench.only(&event(5, Verb::New, begun), &site).await);
    let bench = Bench::new(vec![ReportOptions::new(ReportKind::Request {
        added: true,
        cancelled: true,
    })]);
    told.push(
        bench
            .only(&event(6, Verb::New, site.requests[1].clone()), &site)
            .await,
    );
    let bench = Bench::new(vec![ReportOptions::new(ReportKind::Worker {
        workers: Default::default(),
    })]);
    told.push(
        bench
            .only(&event(7, Verb::Missing, site.worker.clone()), &site)
            .await,
    );
    site.builds.clear();
    let all: Vec<String> = told
        .into_iter()
        .map(|it| {
            let message = it.message;
            format!(
                "{}\n\n{}\n~~~ markdown\n{}\n~~~ html\n{}\n",
                message.subject,
                message.text,
                message.markdown.unwrap(),
                message.html.unwrap()
            )
        })
        .collect();
    insta::assert_snapshot!("everything_else", all.join("\n==========\n"));
}

/// Puts the text wherever others can.
fn poisoned(text: &str) -> Site {
    let mut site = Site::new();
    let new = || text.to_owned();
    site.builders[0].name = new();
    site.worker.name = new();
    site.buildset.reason = new();
    let stamp = &mut site.buildset.source_stamps[0];
    (stamp.branch, stamp.revision) = (Some(new()), Some(new()));
    (stamp.repository, stamp.codebase) = (new(), new());
    let change = &mut site.changes[0];
    (change.author, change.comments) = (new(), new());
    (change.revision, change.revlink) = (Some(new()), Some(format!("https://example.org/{text}")));
    for step in &mut site.steps {
        step.name = if step.number == 0 {
            new()
        } else {
            format!("{text}2")
        };
        step.state = new();
        step.urls[0].name = new();
        step.urls[0].url = format!("https://example.org/{text}");
    }
    for build in &mut site.builds {
        build.state = new();
    }
    for (log, content) in &mut site.logs {
        log.name = new();
        *content = text.lines().map(|it| format!("o{it}\n")).collect();
        log.num_lines = i64::try_from(text.lines().count()).unwrap();
    }
    site.properties
        .insert("owner".to_owned(), weir_status_api::Property::new(new(), "test"));
    site
}

#[tokio::test]
async fn nothing_that_others_write_is_taken_for_html() {
    let evil = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>";
    let site = poisoned(evil);
    let html = Bench::new(vec![with_excerpts()])
        .only(&failed(&site), &site)
        .await
        .message
        .html
        .unwrap();
    for beginning in ["<script", "<img", "'><", "onerror=alert(1)>"] {
        assert!(!html.contains(beginning), "{beginning}: {html}");
    }
    assert!(html.matches("&lt;script&gt;").count() > 10, "{html}");
}

/// The names of the tags in the HTML of a failed build that has this text everywhere, in order.
async fn tags(text: &str) -> Vec<String> {
    let site = poisoned(text);
    let message = Bench::new(vec![with_excerpts()])
        .only(&failed(&site), &site)
        .await
        .message;
    let html = message.html.unwrap();
    let name = |it: &str| {
        it.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '/')
            .collect()
    };
    html.split('<').skip(1).map(name).collect()
}

proptest::proptest! {
    #[test]
    fn the_tags_are_the_same_whatever_others_write(text in "[!-~]{1,30}") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (found, expected) = runtime.block_on(async { (tags(&text).await, tags("harmless").await) });
        proptest::prop_assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn nothing_that_others_write_is_taken_for_markdown() {
    let site = poisoned("`a` **b** [c](https://evil.example/) <d>\n# e\n```\n");
    let bench = Bench::new(vec![ReportOptions {
        files: FileOptions {
            excerpt_lines: 10,
            ..FileOptions::default()
        },
        ..ends()
    }]);
    let markdown = bench.only(&failed(&site), &site).await.message.markdown.unwrap();
    // What is in the block of code is as it was; the rest is escaped.
    let (before, rest) = markdown.split_once("````").unwrap();
    let (_, after) = rest.split_once("````").unwrap();
    for text in [before, after] {
        for raw in [" **b** ", "[c](https", " <d>", "\n# e", "```"] {
            assert!(!text.contains(raw), "{raw}: {markdown}");
        }
    }
    assert!(before.contains("\\*\\*b\\*\\*"), "{markdown}");
}

#[tokio::test]
async fn links_lead_to_pages_only() {
    let mut site = Site::new();
    site.changes[0].revlink = Some("javascript:alert(1)".to_owned());
    let message = Bench::new(vec![with_excerpts()])
        .only(&failed(&site), &site)
        .await
        .message;
    for text in [message.text, message.html.unwrap(), message.markdown.unwrap()] {
        assert!(!text.contains("javascript"), "{text}");
        assert!(
            text.contains("https://ci.example.org/#/builders/2/builds/17"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn templates_say_it_otherwise() {
    let site = Site::new();
    let bench = formatted(FormatOptions {
        subject: template("{{ build.builder }}:\n  {{ results|verdict }}"),
        text: template(
            "{{ build.properties.scheduler }} {{ build.duration|duration }} {{ build.newly_failing }}",
        ),
        ..FormatOptions::default()
    });
    let message = bench.only(&failed(&site), &site).await.message;
    assert_eq!(message.subject, "linux: failed");
    assert_eq!(message.text, "nightly 1 min 12 s [\"compile\"]");
    // What has one's own words in one form has no others in another.
    assert_eq!((message.html, message.markdown), (None, None));
}

#[tokio::test]
async fn values_are_escaped_in_html_and_markdown_of_ones_own() {
    let mut site = Site::new();
    site.buildset.reason = "<b>*x*".to_owned();
    let own = || template("{{ build.reason }}");
    let bench = formatted(FormatOptions {
        text: own(),
        html: own(),
        markdown: own(),
        ..FormatOptions::default()
    });
    let message = bench.only(&failed(&site), &site).await.message;
    assert_eq!(message.text, "<b>*x*");
    assert_eq!(message.html.unwrap(), "&lt;b&gt;*x*");
    assert_eq!(message.markdown.unwrap(), "\\<b\\>\\*x\\*");
}

#[tokio::test]
async fn a_template_that_fails_on_one_build_is_told_with_its_line() {
    let mut site = Site::new();
    let bench = formatted(FormatOptions {
        text: template("one\n{{ properties.pull_request }}"),
        ..FormatOptions::default()
    });
    let error = bench.tell(&failed(&site), &site).await.unwrap_err();
    let expected = "the template 'weir.star:7', line 2: undefined value";
    assert_eq!(error, ListenerError::Never(expected.to_owned()));
    let number = weir_status_api::Property::new(7, "test");
    site.properties.insert("pull_request".to_owned(), number);
    assert_eq!(bench.only(&failed(&site), &site).await.message.text, "one\n7");
}

#[test]
fn a_template_that_is_none_is_told_at_once() {
    let options = |source| ReporterOptions {
        name: "test".to_owned(),
        reports: vec![ReportOptions {
            format: FormatOptions {
                html: template(source),
                ..FormatOptions::default()
            },
            ..ends()
        }],
        links: Links::default(),
        ..ReporterOptions::default()
    };
    let recorder = std::sync::Arc::new(Recorder::default());
    let error = Reporter::new(options("<p>\n{% if %}"), recorder, &Outlet::open()).unwrap_err();
    let told = error.to_string();
    assert!(
        told.starts_with("the template 'weir.star:7', line 2: syntax error: "),
        "{told}"
    );
}

#[tokio::test]
async fn a_template_is_bounded() {
    let site = Site::new();
    let long = "{% for i in range(10000) %}{% for k in range(10000) %}{% endfor %}{% endfor %}";
    let wide = "{% for i in range(20000) %}0123456789012345678901234567890123456789012345678901234567890123456789{% endfor %}";
    for (source, expected) in [
        (long, "the template 'weir.star:7', line 1: engine ran out of fuel"),
        (wide, "the template 'weir.star:7' writes more than 1048576 bytes"),
    ] {
        let bench = formatted(FormatOptions {
            text: template(source),
            ..FormatOptions::default()
        });
        let error = bench.tell(&failed(&site), &site).await.unwrap_err();
        assert_eq!(error, ListenerError::Never(expected.to_owned()));
    }
}

#[tokio::test]
async fn a_function_says_it_or_nothing() {
    let site = Site::new();
    let saying = |answer: serde_json::Value| {
        formatted(FormatOptions {
            function: Some(Function::new("words", move |_| Ok(answer.clone()))),
            ..FormatOptions::default()
        })
    };
    let message = saying("well".into()).only(&failed(&site), &site).await.message;
    assert_eq!(message.text, "well");
    assert_eq!(message.subject, "linux #17 failed (was success)");
    assert_eq!((message.html, message.markdown), (None, None));
    let forms = serde_json::json!({"subject": "hunter2", "markdown": "*x*"});
    let message = saying(forms).only(&failed(&site), &site).await.message;
    // The listener's own secrets are in no message.
    assert_eq!(message.subject, "…");
    assert_eq!(message.markdown.unwrap(), "*x*");
    assert!(message.text.contains("The build failed."), "{}", message.text);
    let bench = saying(serde_json::Value::Null);
    bench.tell(&failed(&site), &site).await.unwrap();
    assert!(bench.taken().is_empty());
    for (answer, expected) in [
        (serde_json::json!(3), "words() must give a string, a dict or None"),
        (
            serde_json::json!({"title": "x"}),
            "words() gave 'title', which is none of subject, text, html, markdown",
        ),
    ] {
        let error = saying(answer).tell(&failed(&site), &site).await.unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}
