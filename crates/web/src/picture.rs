//! The picture of a badge: a text on a colour, and beside it how it is.

use weir_status_api::{Error, Result, Results};

use crate::badge::Status;
use crate::neighbours::{escape_xml, number};

/// Letters that a badge's text may have.
const MOST_LETTERS: usize = 100;
/// How large a number of a badge may be, in pixels.
const MOST_PIXELS: u32 = 100;

/// Buildbot's four styles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Plastic,
    Flat,
    FlatSquare,
    Badgeio,
}

impl Style {
    fn parse(name: &str) -> Result<Self> {
        match name {
            "plastic" => Ok(Self::Plastic),
            "flat" => Ok(Self::Flat),
            "flat-square" => Ok(Self::FlatSquare),
            "badgeio" => Ok(Self::Badgeio),
            _ => Err(Error::invalid(
                "style",
                "takes `plastic`, `flat`, `flat-square` or `badgeio`",
            )),
        }
    }

    /// Light and shade from above to below, with the strength of each.
    fn shine(self) -> &'static [(&'static str, &'static str, &'static str)] {
        match self {
            Self::Plastic => &[
                ("0", "#fff", ".7"),
                (".1", "#aaa", ".1"),
                (".9", "#000", ".3"),
                ("1", "#000", ".5"),
            ],
            Self::Flat => &[("0", "#bbb", ".1"), ("1", "#000", ".1")],
            Self::FlatSquare | Self::Badgeio => &[],
        }
    }

    fn height(self, font_size: u32) -> u32 {
        let room = if self == Self::Plastic { 7 } else { 9 };
        font_size + room
    }
}

/// How a badge looks, as its parameters say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    style: Style,
    left_text: String,
    left_color: String,
    right_color: Option<String>,
    left_pad: u32,
    right_pad: u32,
    border_radius: u32,
    font_face: String,
    font_size: u32,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            style: Style::Plastic,
            left_text: "Build Status".to_owned(),
            left_color: "#555".to_owned(),
            right_color: None,
            left_pad: 5,
            right_pad: 5,
            border_radius: 5,
            font_face: "DejaVu Sans".to_owned(),
            font_size: 11,
        }
    }
}

impl Look {
    /// # Errors
    /// If a value does not fit.
    pub(crate) fn parse(query: &[(String, String)]) -> Result<Self> {
        let mut look = Self::default();
        for (name, value) in query {
            match name.as_str() {
                "style" => look.style = Style::parse(value)?,
                "left_text" => look.left_text = text(name, value)?,
                "left_color" => look.left_color = color(name, value)?,
                "right_color" => look.right_color = Some(color(name, value)?),
                "left_pad" => look.left_pad = number(name, value, MOST_PIXELS)?,
                "right_pad" => look.right_pad = number(name, value, MOST_PIXELS)?,
                "border_radius" => look.border_radius = number(name, value, MOST_PIXELS)?,
                "font_face" => look.font_face = font(name, value)?,
                "font_size" => look.font_size = number(name, value, MOST_PIXELS)?,
                _ => {}
            }
        }
        Ok(look)
    }

    /// The picture, as SVG.
    pub(crate) fn draw(&self, status: Status) -> String {
        let (left, right) = (self.left_text.as_str(), status.word());
        let pads = self.left_pad + self.right_pad;
        let left_width = width(left, self.font_size) + pads;
        let right_width = width(right, self.font_size) + pads;
        let (whole, height) = (left_width + right_width, self.style.height(self.font_size));
        let radius = if self.style == Style::FlatSquare {
            0
        } else {
            self.border_radius
        };
        let left_color = escape_xml(&self.left_color);
        let right_color = escape_xml(self.right_color.as_deref().unwrap_or(color_of(status)));
        let label = escape_xml(&format!("{left}: {right}"));
        let shine = shine(self.style, whole, height);
        let (font, size) = (escape_xml(&self.font_face), self.font_size);
        let left = self.label(left, left_width / 2);
        let right = self.label(right, left_width + right_width / 2);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{whole}\" height=\"{height}\" role=\"img\" \
             aria-label=\"{label}\"><title>{label}</title>\
             <clipPath id=\"c\"><rect width=\"{whole}\" height=\"{height}\" rx=\"{radius}\"/></clipPath>\
             <g clip-path=\"url(#c)\">\
             <rect width=\"{left_width}\" height=\"{height}\" fill=\"{left_color}\"/>\
             <rect x=\"{left_width}\" width=\"{right_width}\" height=\"{height}\" fill=\"{right_color}\"/>\
             {shine}</g>\
             <g fill=\"#fff\" text-anchor=\"middle\" font-family=\"{font},Verdana,Geneva,sans-serif\" \
             font-size=\"{size}\">{left}{right}</g></svg>\n"
        )
    }

    /// A text around the place `x`, with a shadow where the style has one.
    fn label(&self, text: &str, x: u32) -> String {
        let text = escape_xml(text);
        let base = self.style.height(self.font_size) / 2 + self.font_size * 4 / 11;
        let shadow = match self.style {
            Style::Plastic | Style::Flat => format!(
                "<text x=\"{x}\" y=\"{}\" fill=\"#010101\" fill-opacity=\".3\">{text}</text>",
                base + 1
            ),
            Style::FlatSquare | Style::Badgeio => String::new(),
        };
        format!("{shadow}<text x=\"{x}\" y=\"{base}\">{text}</text>")
    }
}

fn shine(style: Style, width: u32, height: u32) -> String {
    let stops = style.shine();
    if stops.is_empty() {
        return String::new();
    }
    let stop = |(offset, color, opacity): &(&str, &str, &str)| {
        format!("<stop offset=\"{offset}\" stop-color=\"{color}\" stop-opacity=\"{opacity}\"/>")
    };
    let stops: String = stops.iter().map(stop).collect();
    format!(
        "<linearGradient id=\"s\" x2=\"0\" y2=\"100%\">{stops}</linearGradient>\
         <rect width=\"{width}\" height=\"{height}\" fill=\"url(#s)\"/>"
    )
}

/// Buildbot's colours; it has none for what was cancelled.
fn color_of(status: Status) -> &'static str {
    match status {
        Status::Unknown | Status::Ended(Results::Cancelled) => "#9f9f9f",
        Status::Running | Status::Ended(Results::Exception | Results::Retry) => "#007ec6",
        Status::Ended(Results::Success) => "#4c1",
        Status::Ended(Results::Warnings) => "#dfb317",
        Status::Ended(Results::Failure) => "#e05d44",
        Status::Ended(Results::Skipped) => "#a4a61d",
    }
}

fn text(name: &str, value: &str) -> Result<String> {
    match value.chars().count() <= MOST_LETTERS {
        true => Ok(value.to_owned()),
        false => Err(Error::invalid(
            name,
            format!("takes {MOST_LETTERS} letters at the most"),
        )),
    }
}

/// A colour by its name or its hexadecimal digits, with or without `#`.
fn color(name: &str, value: &str) -> Result<String> {
    let digits = value.strip_prefix('#').unwrap_or(value);
    let is_hex = matches!(digits.len(), 3 | 4 | 6 | 8) && digits.bytes().all(|it| it.is_ascii_hexdigit());
    let is_name = value.len() <= 30 && !value.is_empty() && value.bytes().all(|it| it.is_ascii_alphabetic());
    match () {
        () if is_hex => Ok(format!("#{digits}")),
        () if is_name => Ok(value.to_owned()),
        () => Err(Error::invalid(
            name,
            "takes a colour: its name, or digits as `#4c1` (in a URL `%234c1`)",
        )),
    }
}

fn font(name: &str, value: &str) -> Result<String> {
    let fits = |it: char| it.is_alphanumeric() || matches!(it, ' ' | '-' | ',' | '_');
    match text(name, value)? {
        value if !value.is_empty() && value.chars().all(fits) => Ok(value),
        _ => Err(Error::invalid(name, "takes the name of a font")),
    }
}

/// About how wide a text is, in pixels: what fonts differ in, the padding takes up.
fn width(text: &str, font_size: u32) -> u32 {
    // In hundredths of the font's size, as DejaVu Sans has it.
    let letter = |letter: char| match letter {
        'i' | 'j' | 'l' | '\'' | '|' => 28,
        ' ' | ',' | '.' | ':' | ';' | '/' | '\\' | 'I' | '!' => 34,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' => 40,
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 95,
        'A'..='Z' | '<' | '>' | '&' | '#' | '+' | '=' | '~' => 70,
        // Of scripts with wide letters.
        '\u{1100}'.. => 100,
        _ => 62,
    };
    let hundredths: u32 = text.chars().map(letter).sum();
    (hundredths * font_size).div_ceil(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(pairs: &[(&str, &str)]) -> Result<Look> {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Look::parse(&pairs.collect::<Vec<_>>())
    }

    #[test]
    fn styles_differ_and_texts_make_room() {
        let success = Status::Ended(Results::Success);
        let styles = ["plastic", "flat", "flat-square", "badgeio"];
        let mut drawn: Vec<String> = styles
            .iter()
            .map(|style| look(&[("style", style)]).unwrap().draw(success))
            .collect();
        assert!(drawn.iter().all(|it| it.contains("success")), "{drawn:?}");
        drawn.sort();
        drawn.dedup();
        assert_eq!(drawn.len(), styles.len());
        assert!(width("a longer text", 11) > width("a text", 11));
        assert!(width("a text", 22) >= 2 * width("a text", 11) - 1);
    }

    #[test]
    fn what_does_not_fit_is_told_and_nothing_breaks_out() {
        for (name, value) in [
            ("style", "baroque"),
            ("left_color", "red\" onload=\"x"),
            ("left_color", "#12"),
            ("left_color", "#é1"),
            ("font_face", "x\"y"),
            ("font_size", "101"),
            ("left_pad", "-1"),
            ("left_text", &"x".repeat(101)),
        ] {
            let error = look(&[(name, value)]).unwrap_err();
            let told = matches!(&error, Error::InvalidQuery { field, .. } if field == name);
            assert!(told, "{name}={value}: {error:?}");
        }
        let drawn = look(&[("left_text", "<script>\"&'"), ("left_color", "4C1")]).unwrap();
        let drawn = drawn.draw(Status::Running);
        assert!(drawn.contains("&lt;script&gt;&quot;&amp;&#39;"), "{drawn}");
        assert!(
            drawn.contains("fill=\"#4C1\"") && !drawn.contains("<script"),
            "{drawn}"
        );
    }
}
