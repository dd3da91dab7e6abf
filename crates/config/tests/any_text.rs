//! Whatever a file holds, reading it ends, with a configuration or with mistakes.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use weir_config::{Text, parse_duration, show_duration};

/// Pieces of configurations, in any order.
fn pieces() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "worker",
        "builder",
        "shell",
        "git",
        "force",
        "interpolate",
        "prop",
        "field_int",
        "webhook",
        "master",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        "=",
        ":",
        "\n",
        "    ",
        "\"w\"",
        "'%(prop:a:-%(kw:b)s)s'",
        "*",
        "**",
        "name",
        "workers",
        "steps",
        "token",
        "None",
        "True",
        "-1",
        "1e99",
        "for x in ",
        "def f(x):\n ",
        "if ",
        "lambda: ",
        "return ",
        "x",
        "f\"{x}\"",
        "+",
        "%",
        ".",
        "#",
        "\\",
        "\"\"\"",
        "é",
        "\u{0}",
        "\t",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 0..40).prop_map(|it| it.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_file_of_any_text_is_read(source in any::<String>()) {
        let _ = weir_config::check(&source, "weir.star", Path::new("/nowhere"));
    }

    #[test]
    fn a_file_of_any_pieces_is_read(source in pieces()) {
        if let Err(mistakes) = weir_config::check(&source, "weir.star", Path::new("/nowhere")) {
            prop_assert!(!mistakes.diagnostics().is_empty());
            prop_assert!(!mistakes.to_string().contains("panicked"), "{mistakes}");
        }
    }

    #[test]
    fn a_template_of_any_text_is_read(template in any::<String>()) {
        let _ = Text::parse(&template);
    }

    #[test]
    fn a_template_of_any_pieces_is_read(
        pieces in prop::collection::vec(
            prop::sample::select(&["%", "(", ")", "s", ":", "-", "~", "+", "?", "#?", "|", "prop", "src", "kw", "é", "a"][..]),
            0..30,
        )
    ) {
        if let Err(error) = Text::parse(&pieces.concat()) {
            prop_assert!(error.offset <= pieces.concat().len());
        }
    }

    #[test]
    fn a_duration_is_read_as_it_is_written(millis in 0u64..(3650 * 86_400_000)) {
        let duration = Duration::from_millis(millis);
        prop_assert_eq!(parse_duration(&show_duration(duration)), Ok(duration));
    }

    #[test]
    fn any_text_is_a_duration_or_not(text in any::<String>()) {
        let _ = parse_duration(&text);
    }
}

#[test]
fn deep_nesting_is_a_mistake() {
    let pieces = [
        "(",
        "[",
        "not ",
        "-",
        "1+",
        "lambda: ",
        "a if a else ",
        "f(",
        "f()",
        ".a",
        "[0]",
        "{1: ",
    ];
    for piece in pieces {
        for times in [400, 100_000] {
            let source = format!("a{}", piece.repeat(times));
            let mistakes = weir_config::check(&source, "weir.star", Path::new("/nowhere"));
            assert!(mistakes.is_err(), "{piece} {times}");
        }
    }
    let alternatives = format!("if 1:\n  pass\n{}", "elif 1:\n  pass\n".repeat(900));
    let mistakes = weir_config::check(&alternatives, "weir.star", Path::new("/nowhere")).unwrap_err();
    assert!(
        mistakes.to_string().contains("no builder is configured"),
        "{mistakes}"
    );
}
