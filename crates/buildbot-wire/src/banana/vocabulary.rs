//! The words of the dialect `pb` that have numbers.

/// The words in the order of their numbers, which begin at 1.
const WORDS: [&[u8]; 31] = [
    b"None",
    b"class",
    b"dereference",
    b"reference",
    b"dictionary",
    b"function",
    b"instance",
    b"list",
    b"module",
    b"persistent",
    b"tuple",
    b"unpersistable",
    b"copy",
    b"cache",
    b"cached",
    b"remote",
    b"local",
    b"lcache",
    b"version",
    b"login",
    b"password",
    b"challenge",
    b"logged_in",
    b"not_logged_in",
    b"cachemessage",
    b"message",
    b"answer",
    b"error",
    b"decref",
    b"decache",
    b"uncache",
];

/// The longest word, in bytes.
const LONGEST: usize = 13;

/// The word with this number.
pub(super) fn word(number: u128) -> Option<&'static [u8]> {
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    WORDS.get(index).copied()
}

/// The number of this word.
pub(super) fn number(word: &[u8]) -> Option<u128> {
    if word.len() > LONGEST {
        return None;
    }
    let index = WORDS.iter().position(|it| *it == word)?;
    Some(index as u128 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_are_the_same_thing() {
        for (index, it) in WORDS.iter().enumerate() {
            let number = index as u128 + 1;
            assert_eq!(word(number), Some(*it));
            assert_eq!(super::number(it), Some(number), "{}", it.escape_ascii());
        }
        assert_eq!(number(b"unicode"), None);
        assert_eq!((word(0), word(32), word(u128::MAX)), (None, None, None));
    }
}
