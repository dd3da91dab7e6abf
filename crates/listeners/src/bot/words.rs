//! A command's words.

/// The words of a text, as a shell has them: blanks part them, quotes keep them together, a backslash takes the next
/// letter as it is.
///
/// # Errors
/// A sentence if a quote has no end.
pub(super) fn split(text: &str) -> Result<Vec<String>, String> {
    let mut words = vec![];
    // None between words: '' is a word too.
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            ('\\', None | Some('"')) => word.get_or_insert_default().extend(letters.next()),
            (it, Some(open)) if it == open => quote = None,
            (it, Some(_)) => word.get_or_insert_default().push(it),
            ('\'' | '"', None) => {
                word.get_or_insert_default();
                quote = Some(letter);
            }
            (it, None) if it.is_whitespace() => words.extend(word.take()),
            (it, None) => word.get_or_insert_default().push(it),
        }
    }
    match quote {
        Some(open) => Err(format!("The quote {open} has no end.")),
        None => {
            words.extend(word);
            Ok(words)
        }
    }
}

/// The options among some words, with their values, and the words without them.
#[derive(Debug)]
pub(super) struct Sorted {
    pub(super) options: Vec<(&'static str, String)>,
    pub(super) words: Vec<String>,
}

/// Sorts out long options: `--branch=main` or `--branch main`.
///
/// # Errors
/// A sentence if an option is not among `known`, or has no value.
pub(super) fn options(words: Vec<String>, known: &[&'static str]) -> Result<Sorted, String> {
    let mut given = vec![];
    let mut others = vec![];
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let Some(option) = word.strip_prefix("--") else {
            others.push(word);
            continue;
        };
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (option, None),
        };
        let Some(name) = known.iter().find(|it| **it == name) else {
            return Err(format!("There is no option '--{}'.", shortened(name, 40)));
        };
        let Some(value) = value.or_else(|| words.next()) else {
            return Err(format!("The option '--{name}' wants a value."));
        };
        given.push((*name, value));
    }
    Ok(Sorted {
        options: given,
        words: others,
    })
}

/// The beginning of the text, `bytes` long at the most, of whole characters.
pub(crate) fn head(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// The text on one line, cut to so many characters.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    let mut short: String = text.chars().take(most).map(plain).collect();
    if text.chars().nth(most).is_some() {
        short.pop();
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_parted_as_a_shell_does() {
        for (text, words) in [
            ("a  b", vec!["a", "b"]),
            ("'a b' c", vec!["a b", "c"]),
            (r#"--props=x="1 2" 'it'"#, vec!["--props=x=1 2", "it"]),
            (r"a\ b", vec!["a b"]),
            ("''", vec![""]),
            ("", vec![]),
        ] {
            assert_eq!(split(text).unwrap(), words, "{text}");
        }
        assert_eq!(split("a 'b").unwrap_err(), "The quote ' has no end.");
    }

    #[test]
    fn options_have_their_value_behind_a_sign_or_a_blank() {
        let words = split("--branch=main x --revision abc y").unwrap();
        let Sorted {
            options: given,
            words,
        } = options(words, &["branch", "revision"]).unwrap();
        assert_eq!(
            given,
            [("branch", "main".to_owned()), ("revision", "abc".to_owned())]
        );
        assert_eq!(words, ["x", "y"]);
        let wrong = |text: &str| options(split(text).unwrap(), &["branch"]).unwrap_err();
        assert_eq!(wrong("--color=red"), "There is no option '--color'.");
        assert_eq!(wrong("--branch"), "The option '--branch' wants a value.");
    }

    #[test]
    fn a_short_text_is_of_whole_characters_on_one_line() {
        assert_eq!(shortened("grün\nblau", 20), "grün blau");
        assert_eq!(shortened("grün", 3), "gr…");
        assert_eq!(head("grün", 3), "gr");
    }
}
