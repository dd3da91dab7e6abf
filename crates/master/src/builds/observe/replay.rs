//! What observers see when the master is killed at any moment.

use std::path::Path;

use weir_config::{LogTerms, MasterConfig};

use super::{Given, killed, whole};

/// A configuration whose first step has an observer that tells what it sees.
fn config(arguments: &str) -> MasterConfig {
    let text = format!(
        r#"
def see(lines, kept):
    number = kept or 0
    seen = []
    for line in lines:
        number += 1
        seen.append("%d %s %s" % (number, line.stream, line.text))
    return {{"keep": number, "logs": {{"seen": seen}}}}

w = worker("w", token = "t")
builder("b", workers = [w], steps = [shell("make", {arguments})])
"#
    );
    weir_config::check(&text, "weir.star", Path::new(".")).unwrap()
}

/// What was seen, in its order.
fn seen(text: &str) -> Vec<&str> {
    let log = text.split("seen:\n").nth(1).unwrap().split("warnings:\n").next();
    log.unwrap().lines().collect()
}

#[tokio::test]
async fn an_observer_sees_each_line_once_wherever_the_master_is_killed() {
    let config = config("observe = see, warning_pattern = \"*wrong\"");
    let given = Given {
        terms: LogTerms::default(),
        observed: Some(&config.builders[0].steps[0]),
    };
    let (expected, commits) = whole(given).await;
    assert_eq!(
        seen(&expected),
        [
            "o1 stdout one",
            "o2 stdout two",
            "o3 stdout three",
            "o4 stderr wrong",
            "o5 stdout gr\u{fc}n \u{2713}",
            "o6 stderr say: so it is",
            "o7 stdout the <key>, a session",
            "o8 stdout sesame",
            "o9 stderr ses",
        ]
    );
    assert!(expected.contains("warnings:\nowrong\n"), "{expected}");
    for crash in 0..commits {
        let text = killed(given, crash, u64::MAX).await;
        assert_eq!(text, expected, "killed before commit {crash}");
    }
}

#[tokio::test]
async fn an_observer_sees_what_the_log_leaves_out() {
    let config = config("observe = see");
    let given = Given {
        terms: LogTerms {
            max_size: Some(Some(10)),
            ..LogTerms::default()
        },
        observed: Some(&config.builders[0].steps[0]),
    };
    let (expected, commits) = whole(given).await;
    let seen = "seen:\nhthe log has its 10 bytes: what comes now is left out\nh9 lines are left out here";
    assert!(expected.contains(seen), "{expected}");
    for crash in (0..commits).step_by(4) {
        let text = killed(given, crash, u64::MAX).await;
        assert_eq!(text, expected, "killed before commit {crash}");
    }
}
