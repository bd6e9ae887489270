//! A tariff in words: a row for every charge, everything that was written and nothing else.

use crate::json::Node;
use crate::reader::{At, Problems};
use crate::rule::When;
use crate::tariff::Tariff;

/// A tariff at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// SHA-256 of the canonical text.
    pub edition: String,
    /// Keys of the whole tariff and their values in words.
    pub terms: Vec<(String, String)>,
    /// In order of the text.
    pub versions: Vec<Version>,
    /// Charges in order, bill charges last.
    pub charges: Vec<Row>,
}

/// The days of a version. What it does not say is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// For people.
    pub name: String,
    /// The first day.
    pub valid_from: String,
    /// The day after the last; empty = it has no end.
    pub valid_to: String,
}

/// A charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The first day of its version, if there are versions; of a bill charge nothing.
    pub version: String,
    /// Its id.
    pub id: String,
    /// Its type.
    pub kind: String,
    /// Everything else, in words.
    pub words: String,
}

/// Lists of charges.
const CHARGES: [&str; 3] = ["charges", "versions", "bill_charges"];

impl Outline {
    /// Of the text of a neutral tariff.
    ///
    /// # Errors
    /// [`Problems`] of the text.
    pub fn of(text: &str) -> Result<Self, Problems> {
        let tariff = Tariff::parse(text)?;
        let node = crate::reader::node(text)?;
        let mut charges = rows(node.get("charges"), "");
        let versions: Vec<(Version, &Node)> = items(node.get("versions")).iter().map(version).collect();
        for (version, node) in &versions {
            charges.extend(rows(node.get("charges"), &version.valid_from));
        }
        charges.extend(rows(node.get("bill_charges"), ""));
        let terms = pairs(&node)
            .iter()
            .filter(|(key, _)| !CHARGES.contains(&key.as_str()));
        Ok(Self {
            edition: tariff.edition().to_owned(),
            terms: terms.map(|(key, value)| (key.clone(), words(value))).collect(),
            versions: versions.into_iter().map(|(version, _)| version).collect(),
            charges,
        })
    }
}

fn version(node: &Node) -> (Version, &Node) {
    let text = |key| match node.get(key) {
        None | Some(Node::Null) => String::new(),
        Some(value) => words(value),
    };
    let version = Version {
        name: text("name"),
        valid_from: text("valid_from"),
        valid_to: text("valid_to"),
    };
    (version, node)
}

fn rows(charges: Option<&Node>, version: &str) -> Vec<Row> {
    let text = |charge: &Node, key| charge.get(key).map(words).unwrap_or_default();
    let row = |charge: &Node| Row {
        version: version.to_owned(),
        id: text(charge, "id"),
        kind: text(charge, "type"),
        words: keys(charge, &["id", "type"]),
    };
    items(charges).iter().map(row).collect()
}

fn items(node: Option<&Node>) -> &[Node] {
    match node {
        Some(Node::List(items)) => items,
        _ => &[],
    }
}

fn pairs(node: &Node) -> &[(String, Node)] {
    match node {
        Node::Object(pairs) => pairs,
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::List(_) => &[],
    }
}

/// `key value` of every key but some.
fn keys(node: &Node, without: &[&str]) -> String {
    let wanted = pairs(node)
        .iter()
        .filter(|(key, _)| !without.contains(&key.as_str()));
    let shown: Vec<String> = wanted
        .map(|(key, value)| match (key.as_str(), value) {
            ("when", rules) => format!("when {}", rule_words(rules)),
            (key, Node::Object(_)) => format!("{key} ({})", words(value)),
            (key, Node::List(items)) if items.iter().any(|item| matches!(item, Node::Object(_))) => {
                let items: Vec<String> = items.iter().map(|item| format!("({})", words(item))).collect();
                format!("{key} {}", items.join(" "))
            }
            (key, value) => format!("{key} {}", words(value)),
        })
        .collect();
    shown.join(", ")
}

/// The rules of a price, in the words of explanations.
fn rule_words(rules: &Node) -> String {
    let when = When::read(&At::root(rules), &mut Problems::default());
    when.map_or_else(|| words(rules), |when| when.to_string())
}

fn words(node: &Node) -> String {
    match node {
        Node::Null => "no limit".to_owned(),
        Node::Bool(flag) => flag.to_string(),
        Node::Number(text) | Node::Text(text) => text.clone(),
        Node::List(items) => items.iter().map(words).collect::<Vec<_>>().join(" "),
        Node::Object(_) => keys(node, &[]),
    }
}

#[cfg(test)]
mod tests;
