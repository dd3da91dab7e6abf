//! The text that Prometheus reads.

use std::fmt::Write;

use crate::metrics::Form;

/// What a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// It goes up and down.
    Gauge,
    /// It grows from the start of the process.
    Counter,
}

/// Metrics, family by family. The samples after a family are its.
pub(crate) struct Exposition {
    form: Form,
    text: String,
    /// The name of the samples that come.
    sample: String,
}

impl Exposition {
    pub(crate) fn new(form: Form) -> Self {
        Self {
            form,
            text: String::new(),
            sample: String::new(),
        }
    }

    /// Begins a family; a counter's samples have `_total` at the end of their name.
    pub(crate) fn family(&mut self, name: &str, kind: Type, help: &str) {
        let (suffix, word) = match kind {
            Type::Gauge => ("", "gauge"),
            Type::Counter => ("_total", "counter"),
        };
        self.sample = format!("{name}{suffix}");
        // The family of a counter is named without the end in OpenMetrics, with it before that.
        let family = match self.form {
            Form::Text => self.sample.as_str(),
            Form::Open => name,
        };
        // Writing to a text never fails.
        let _ = writeln!(self.text, "# HELP {family} {help}\n# TYPE {family} {word}");
    }

    pub(crate) fn sample(&mut self, labels: &[(&str, &str)], value: i64) {
        self.text.push_str(&self.sample);
        for (place, (name, label)) in labels.iter().enumerate() {
            let before = if place == 0 { '{' } else { ',' };
            let _ = write!(self.text, "{before}{name}=\"{}\"", escape(label));
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }

    /// The text so far; more may follow.
    pub(crate) fn part(self) -> String {
        self.text
    }

    /// The text to its end.
    pub(crate) fn end(mut self) -> String {
        if self.form == Form::Open {
            self.text.push_str("# EOF\n");
        }
        self.text
    }
}

fn escape(label: &str) -> String {
    label
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
