//! Counters and histograms with labels, kept as JSON and told in Prometheus' text format.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The value of labels with which a series stands for all that were too many.
pub(super) const OTHER: &str = "_other";

/// What a family of series is, and how it is told.
pub(super) struct About {
    pub(super) name: &'static str,
    /// A sentence for people.
    pub(super) help: &'static str,
    /// The names of its labels.
    pub(super) labels: &'static [&'static str],
    /// How many of the labels, from the first on, have values without a bound: the names of builders and steps.
    pub(super) open: usize,
}

/// Values by the values of labels.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Family<T>(BTreeMap<Vec<String>, T>);

impl<T> Default for Family<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Serialize> Serialize for Family<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Family<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let series = Vec::<(Vec<String>, T)>::deserialize(deserializer)?;
        Ok(Self(series.into_iter().collect()))
    }
}

impl<T: Default> Family<T> {
    /// The value with these labels; with [`OTHER`] in the place of the open ones, if there are `most` already and it is
    /// not among them.
    pub(super) fn at(&mut self, about: &About, labels: &[&str], most: usize) -> &mut T {
        let mut labels: Vec<String> = labels.iter().map(|it| (*it).to_owned()).collect();
        if self.0.len() >= most && !self.0.contains_key(&labels) {
            labels[..about.open].fill(OTHER.to_owned());
        }
        self.0.entry(labels).or_default()
    }
}

impl<T> Family<T> {
    /// Forgets what does not fit.
    pub(super) fn retain(&mut self, fits: impl Fn(&[String], &T) -> bool) {
        self.0.retain(|labels, value| fits(labels, value));
    }
}

impl Family<u64> {
    /// Tells it as a counter.
    pub(super) fn tell(&self, about: &About, text: &mut String) {
        head(about, "counter", text);
        for (labels, value) in &self.0 {
            sample(about.name, &named(about, labels), value, text);
        }
    }
}

/// How many values were below each bound.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Histogram {
    /// By bound: those that were not above it, but above the bound before.
    counts: Vec<u64>,
    count: u64,
    sum: f64,
}

impl Histogram {
    /// Counts a value.
    pub(super) fn observe(&mut self, bounds: &[f64], value: f64) {
        self.counts.resize(bounds.len(), 0);
        if let Some(place) = bounds.iter().position(|bound| value <= *bound) {
            self.counts[place] += 1;
        }
        self.count += 1;
        self.sum += value;
    }
}

impl Family<Histogram> {
    /// Tells it as a classic histogram.
    pub(super) fn tell(&self, about: &About, bounds: &[f64], text: &mut String) {
        head(about, "histogram", text);
        let name = about.name;
        for (labels, histogram) in &self.0 {
            let labels = named(about, labels);
            let mut below = 0;
            for (bound, count) in bounds.iter().zip(&histogram.counts) {
                below += count;
                let bound = bound.to_string();
                let labels = [labels.as_slice(), &[("le", bound.as_str())]].concat();
                sample(&format!("{name}_bucket"), &labels, &below, text);
            }
            let all = [labels.as_slice(), &[("le", "+Inf")]].concat();
            sample(&format!("{name}_bucket"), &all, &histogram.count, text);
            sample(&format!("{name}_sum"), &labels, &histogram.sum, text);
            sample(&format!("{name}_count"), &labels, &histogram.count, text);
        }
    }
}

/// Tells a gauge.
pub(super) fn gauge<'l>(about: &About, values: impl IntoIterator<Item = (&'l str, i64)>, text: &mut String) {
    head(about, "gauge", text);
    for (label, value) in values {
        match about.labels {
            [] => sample(about.name, &[], &value, text),
            [name, ..] => sample(about.name, &[(*name, label)], &value, text),
        }
    }
}

/// The labels with their names. One that is empty is as good as none.
fn named<'l>(about: &About, values: &'l [String]) -> Vec<(&'static str, &'l str)> {
    let all = about
        .labels
        .iter()
        .copied()
        .zip(values.iter().map(String::as_str));
    all.filter(|(_, value)| !value.is_empty()).collect()
}

fn head(about: &About, kind: &str, text: &mut String) {
    let About { name, help, .. } = about;
    text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
}

fn sample(name: &str, labels: &[(&str, &str)], value: &dyn std::fmt::Display, text: &mut String) {
    text.push_str(name);
    for (place, (label, value)) in labels.iter().enumerate() {
        text.push(if place == 0 { '{' } else { ',' });
        text.push_str(label);
        text.push_str("=\"");
        for c in value.chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                '"' => text.push_str("\\\""),
                '\n' => text.push_str("\\n"),
                other => text.push(other),
            }
        }
        text.push('"');
    }
    if !labels.is_empty() {
        text.push('}');
    }
    // Writing into a text does not fail.
    let _ = writeln!(text, " {value}");
}
