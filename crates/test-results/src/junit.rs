//! JUnit's XML: `<testsuites>`, `<testsuite>`, `<testcase>`. Nobody has written down what it is, so whatever is not
//! known is passed over. Entities other than XML's own are not expanded.

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

use crate::verdict::seconds;
use crate::{Found, LONGEST_PATH, Outcome, TestResult, kept};

/// How deep elements may stand in each other.
const DEEPEST: usize = 100;

/// Where the reading is.
#[derive(Default)]
struct Place {
    /// For each open element, the file that it names or stands in.
    open: Vec<Option<String>>,
    /// The test that is open, and how deep it is.
    test: Option<(usize, TestResult)>,
    has_suite: bool,
}

/// Reads a whole document.
///
/// # Errors
/// What is wrong with it, as the end of a sentence. What was found before stays found.
pub(crate) fn read(document: &[u8], found: &mut Found<'_>) -> Result<(), String> {
    let text = String::from_utf8_lossy(document);
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}').trim_start());
    let mut place = Place::default();
    loop {
        match reader.read_event() {
            Err(error) => {
                return Err(format!(
                    "it is no XML: {error} (byte {})",
                    reader.error_position()
                ));
            }
            Ok(Event::Start(element)) => place.begin(&element)?,
            Ok(Event::Empty(element)) => {
                place.begin(&element)?;
                place.end(found);
            }
            Ok(Event::End(_)) => place.end(found),
            Ok(Event::Eof) if !place.open.is_empty() => return Err("it ends too early".to_owned()),
            Ok(Event::Eof) if !place.has_suite => return Err("it has no <testsuite>".to_owned()),
            Ok(Event::Eof) => return Ok(()),
            Ok(_) => {}
        }
    }
}

impl Place {
    fn begin(&mut self, element: &BytesStart<'_>) -> Result<(), String> {
        if self.open.len() >= DEEPEST {
            return Err(format!("more than {DEEPEST} elements stand in each other"));
        }
        let above = self.open.last().cloned().flatten();
        let own = match element.local_name().into_inner() {
            "testsuites" | "testsuite" => {
                self.has_suite = true;
                attribute(element, "file")
            }
            "testcase" if self.test.is_none() => {
                if let Some(test) = test(element, above.as_deref()) {
                    self.test = Some((self.open.len(), test));
                }
                None
            }
            within => {
                self.judge(within);
                None
            }
        };
        self.open.push(own.or(above));
        Ok(())
    }

    /// An element within a test may say what it came to.
    fn judge(&mut self, element: &str) {
        let Some((depth, test)) = &mut self.test else {
            return;
        };
        if self.open.len() == *depth + 1 {
            match element {
                "failure" | "error" => test.outcome = Outcome::Failed,
                "skipped" if test.outcome == Outcome::Passed => test.outcome = Outcome::Skipped,
                _ => {}
            }
        }
    }

    fn end(&mut self, found: &mut Found<'_>) {
        self.open.pop();
        if let Some((_, test)) = self.test.take_if(|(depth, _)| *depth == self.open.len()) {
            found(test);
        }
    }
}

fn test(element: &BytesStart<'_>, file: Option<&str>) -> Option<TestResult> {
    let name = attribute(element, "name").unwrap_or_default();
    let class = attribute(element, "classname").unwrap_or_default();
    let name = match (class.trim(), name.trim()) {
        ("", name) => name.to_owned(),
        (class, "") => class.to_owned(),
        (class, name) => format!("{class}.{name}"),
    };
    // GoogleTest's words for a test that was left out.
    let left_out = |attribute: Option<String>| {
        attribute.is_some_and(|it| matches!(it.as_str(), "notrun" | "skipped" | "suppressed" | "disabled"))
    };
    let is_left_out = left_out(attribute(element, "status")) || left_out(attribute(element, "result"));
    let outcome = if is_left_out {
        Outcome::Skipped
    } else {
        Outcome::Passed
    };
    let mut test = TestResult::new(&name, outcome)?;
    let path = attribute(element, "file").or_else(|| file.map(str::to_owned));
    test.path = path.and_then(|it| kept(&it, LONGEST_PATH));
    test.line = attribute(element, "line")
        .and_then(|it| it.trim().parse().ok())
        .filter(|it| *it > 0);
    test.duration = attribute(element, "time").and_then(|it| seconds(&it));
    Some(test)
}

/// An attribute's value; as it is written if it has an entity that nobody knows.
fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = element.try_get_attribute(name).ok()??;
    let value = unescape(&attribute.value);
    Some(value.map_or_else(|_| attribute.value.to_string(), |it| it.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(document: &str) -> (Vec<TestResult>, Option<String>) {
        let mut all = vec![];
        let problem = read(document.as_bytes(), &mut |it| all.push(it)).err();
        (all, problem)
    }

    #[test]
    fn a_report_says_what_each_test_came_to() {
        let (all, problem) = all(r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites><testsuite name="s" file="tests/s.py">
  <properties><property name="failure" value="1"/></properties>
  <testcase classname="a.B" name="one &lt;1&gt;" time="0.25" line="7"><system-out><![CDATA[<failure>]]></system-out></testcase>
  <testcase name="two" time="1,000.5" file="x.c" line="0"><failure message="no">text &amp; more</failure></testcase>
  <testcase name="three" time="-1"><error/></testcase>
  <testcase name="four"><skipped/></testcase>
  <testcase name="five" status="notrun"/>
  <testcase name="six"><rerun><failure/></rerun></testcase>
  <testcase name=""/>
</testsuite></testsuites>"#);
        assert_eq!(problem, None);
        let shown: Vec<_> = all
            .iter()
            .map(|it| {
                (
                    it.name.as_str(),
                    it.outcome,
                    it.path.as_deref(),
                    it.line,
                    it.duration,
                )
            })
            .collect();
        use Outcome::{Failed, Passed, Skipped};
        let s = Some("tests/s.py");
        let time = |millis| Some(std::time::Duration::from_millis(millis));
        assert_eq!(
            shown,
            [
                ("a.B.one <1>", Passed, s, Some(7), time(250)),
                ("two", Failed, Some("x.c"), None, time(1_000_500)),
                ("three", Failed, s, None, None),
                ("four", Skipped, s, None, None),
                ("five", Skipped, s, None, None),
                ("six", Passed, s, None, None),
            ]
        );
    }

    #[test]
    fn entities_are_not_expanded() {
        let bomb = r#"<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>
<testsuite><testcase name="&b;"/><testcase name="&f;">&b;&f;</testcase></testsuite>"#;
        let (all, problem) = all(bomb);
        assert_eq!(problem, None);
        let names: Vec<_> = all.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["&b;", "&f;"]);
    }

    #[test]
    fn what_is_no_report_is_told() {
        let deep = "<a>".repeat(DEEPEST + 1);
        for (document, expected) in [
            ("", "it has no <testsuite>"),
            ("{}", "it has no <testsuite>"),
            ("<html></html>", "it has no <testsuite>"),
            ("<testsuite><testcase name='a'/>", "it ends too early"),
            ("<testsuite></testcase>", "it is no XML"),
            ("<testsuite name='", "it is no XML"),
            (&deep, "elements stand in each other"),
        ] {
            let problem = all(document).1.unwrap_or_default();
            assert!(problem.contains(expected), "{document}: {problem}");
        }
    }
}
