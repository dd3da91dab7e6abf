//! Texts with names in braces that a report fills in: `weir/{builder}`.

use weir_status_api::SourceStamp;

use crate::{About, BuildReport, OptionError, RequestReport};

/// A text with placeholders. `{{` and `}}` are braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Name(Name),
}

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Builder,
    Project,
    Branch,
    Codebase,
    Worker,
    Number,
    Step,
}

const NAMES: [(&str, Name); 7] = [
    ("builder", Name::Builder),
    ("project", Name::Project),
    ("branch", Name::Branch),
    ("codebase", Name::Codebase),
    ("worker", Name::Worker),
    ("number", Name::Number),
    ("step", Name::Step),
];

/// What the placeholders stand for in one report. What there is none of is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Values {
    /// The builder's name.
    pub(crate) builder: String,
    /// Its project's.
    pub(crate) project: String,
    /// The source stamp's branch.
    pub(crate) branch: String,
    /// The source stamp's codebase.
    pub(crate) codebase: String,
    /// The build's worker.
    pub(crate) worker: String,
    /// The build's number.
    pub(crate) number: String,
    /// The step's name, if the report is about one.
    pub(crate) step: String,
}

impl Template {
    /// The template that `text`, the value of `option`, is.
    ///
    /// # Errors
    /// If a brace is not closed, or what is in it is no placeholder.
    pub(crate) fn parse(option: &'static str, text: &str) -> Result<Self, OptionError> {
        let mut pieces = vec![];
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(doubled) = rest.strip_prefix(brace) {
                plain.push_str(brace);
                rest = doubled;
                continue;
            }
            let closed = rest.split_once('}').filter(|_| brace == "{");
            let Some((word, after)) = closed else {
                let why = format!("has a single `{brace}`; write `{brace}{brace}` for a brace");
                return Err(OptionError::new(option, why));
            };
            let name = NAMES.iter().find(|(name, _)| *name == word).ok_or_else(|| {
                let known: Vec<String> = NAMES.iter().map(|(name, _)| format!("{{{name}}}")).collect();
                let why = format!("has the placeholder `{{{word}}}`; there are {}", known.join(", "));
                OptionError::new(option, why)
            })?;
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Name(name.1));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// The text for `values`.
    pub(crate) fn fill(&self, values: &Values) -> String {
        self.0.iter().map(|piece| piece.of(values)).collect()
    }

    /// As [`Template::fill`], and of a step always another text than of its build: `/STEP` comes behind it if the
    /// template has no `{step}`, so that a step's end is not taken for its build's.
    pub(crate) fn fill_apart(&self, values: &Values) -> String {
        let text = self.fill(values);
        match values.step.is_empty() || self.0.contains(&Piece::Name(Name::Step)) {
            true => text,
            false => format!("{text}/{}", values.step),
        }
    }
}

impl Values {
    /// Those of a report. Of a buildset the builder is all of its builders.
    pub(crate) fn of(about: &About) -> Self {
        let stamp = about.source_stamps().first();
        match about {
            About::Build(it) => Self::of_build(it, stamp),
            About::Request(it) => Self::of_request(it, stamp),
            About::Buildset(it) => {
                let built = it.builds.iter().map(|it| it.builder.name.as_str());
                let unbuilt = it.unbuilt.iter().map(|it| it.builder.name.as_str());
                let mut builders: Vec<&str> = built.chain(unbuilt).collect();
                builders.sort_unstable();
                builders.dedup();
                let builder = builders.join(", ");
                let first = it.builds.first();
                Self {
                    builder,
                    project: first.and_then(|it| it.project.clone()).unwrap_or_default(),
                    ..Self::default()
                }
                .with(stamp)
            }
            About::Worker(it) => Self {
                worker: it.name.clone(),
                ..Self::default()
            },
        }
    }

    /// Those of a build, or of its step that the report is about.
    pub(crate) fn of_build(build: &BuildReport, stamp: Option<&SourceStamp>) -> Self {
        Self {
            builder: build.builder.name.clone(),
            project: build.project.clone().unwrap_or_default(),
            worker: build.worker.clone(),
            number: build.build.number.to_string(),
            step: build.step().map(|it| it.step.name.clone()).unwrap_or_default(),
            ..Self::default()
        }
        .with(stamp)
    }

    /// Those of a request.
    pub(crate) fn of_request(request: &RequestReport, stamp: Option<&SourceStamp>) -> Self {
        Self {
            builder: request.builder.name.clone(),
            project: request.project.clone().unwrap_or_default(),
            ..Self::default()
        }
        .with(stamp)
    }

    fn with(self, stamp: Option<&SourceStamp>) -> Self {
        let Some(stamp) = stamp else {
            return self;
        };
        Self {
            branch: stamp.branch.clone().unwrap_or_default(),
            codebase: stamp.codebase.clone(),
            ..self
        }
    }
}

impl Piece {
    fn of<'a>(&'a self, values: &'a Values) -> &'a str {
        match self {
            Self::Text(text) => text,
            Self::Name(Name::Builder) => &values.builder,
            Self::Name(Name::Project) => &values.project,
            Self::Name(Name::Branch) => &values.branch,
            Self::Name(Name::Codebase) => &values.codebase,
            Self::Name(Name::Worker) => &values.worker,
            Self::Name(Name::Number) => &values.number,
            Self::Name(Name::Step) => &values.step,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Template, Values};

    fn values() -> Values {
        Values {
            builder: "linux".to_owned(),
            step: "compile".to_owned(),
            ..Values::default()
        }
    }

    #[test]
    fn names_in_braces_are_filled_in() {
        let filled = |text: &str| Template::parse("context", text).unwrap().fill(&values());
        assert_eq!(filled("weir/{builder}"), "weir/linux");
        assert_eq!(filled("{builder}{step}!{project}"), "linuxcompile!");
        assert_eq!(filled("{{builder}} {{{builder}}}"), "{builder} {linux}");
        assert_eq!(filled(""), "");
    }

    #[test]
    fn a_step_is_never_taken_for_its_build() {
        let filled = |text: &str| Template::parse("context", text).unwrap().fill_apart(&values());
        assert_eq!(filled("{builder}"), "linux/compile");
        assert_eq!(filled("{step} of {builder}"), "compile of linux");
    }

    #[test]
    fn wrong_placeholders_are_told() {
        for text in ["{", "}", "{builder", "a}b", "{bilder}", "{}"] {
            let error = Template::parse("context", text).unwrap_err();
            assert_eq!(error.option, "context", "{text}");
        }
    }
}
