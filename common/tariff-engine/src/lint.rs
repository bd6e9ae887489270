//! What a tariff says and its author hardly means. Errors are what the engine refuses; warnings are priced as they stand, or make the
//! platform hold every bill. A rule is one file and knows nothing of the others.

mod bands;
mod banks;
mod bounds;
mod contracts;
mod currency;
mod days;
mod events;
mod holidays;
mod kinds;
mod limits;
mod nothing;
mod nulls;
mod percents;
mod periods;
mod prices;
mod ratchets;
mod rounding;
mod settlement;
mod taxes;
mod times;
mod versions;
mod windows;

use std::collections::BTreeSet;
use std::fmt;

use crate::json::Node;
use crate::reader::{self, Problem, Problems};
use crate::tariff::Tariff;
use crate::urdb::Record;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The engine refuses the tariff.
    Error,
    /// The tariff is priced, perhaps not as it was meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The stable code, as `docs/errors.md` lists them.
    pub code: &'static str,
    /// Where in the document, e.g. `charges[0].bands[1]`; empty = the whole of it.
    pub path: String,
    /// A sentence for the person who wrote it.
    pub text: String,
}

impl Finding {
    fn warning(code: &'static str, path: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            code,
            path: path.into(),
            text: text.into(),
        }
    }
}

/// A neutral tariff, read and as it was written.
struct Subject<'a> {
    tariff: &'a Tariff,
    node: &'a Node,
}

/// Rules of neutral tariffs.
const RULES: [fn(&Subject<'_>) -> Vec<Finding>; 20] = [
    versions::gaps,
    bands::unreachable_and_overlapping,
    nothing::empty,
    limits::unreachable,
    prices::negative,
    bounds::doubtful,
    ratchets::doubtful,
    times::twice,
    kinds::changed,
    percents::too_large,
    contracts::doubtful,
    banks::never_expiring,
    events::nameless,
    windows::uneven,
    holidays::without_effect,
    currency::unknown,
    rounding::not_per_line,
    taxes::not_once,
    days::of_one_cycle,
    settlement::doubtful,
];

/// Everything to say about the text of a tariff, neutral or a rate record: all errors, or else all warnings. Nothing = good.
#[must_use]
pub fn lint(text: &str) -> Vec<Finding> {
    let node = match reader::node(text) {
        Ok(node) => node,
        Err(problems) => return errors(&problems),
    };
    if Record::looks_like(text) {
        return match Record::parse(text) {
            Ok(record) => [
                nothing::of_record(&record),
                periods::unused(&record),
                periods::without_structure(&node),
                limits::of_record(&node),
                limits::mixed_of_record(&record),
                limits::last_of_record(&record),
                ratchets::of_record(&record),
                prices::of_record(&node),
                nulls::of_record(&node),
            ]
            .concat(),
            Err(problems) => errors(&problems),
        };
    }
    match Tariff::parse(text) {
        Ok(tariff) => {
            let subject = Subject {
                tariff: &tariff,
                node: &node,
            };
            RULES.iter().flat_map(|rule| rule(&subject)).collect()
        }
        Err(problems) => errors(&problems),
    }
}

fn errors(problems: &Problems) -> Vec<Finding> {
    let error = |problem: &Problem| Finding {
        severity: Severity::Error,
        code: problem.code,
        path: problem.path.clone(),
        text: problem.reason.clone(),
    };
    problems.all().iter().map(error).collect()
}

/// Calls `visit` with the path and the content of everything in `node`, from the outside in.
fn walk<'a>(node: &'a Node, path: &str, visit: &mut impl FnMut(&str, &'a Node)) {
    visit(path, node);
    match node {
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => {}
        Node::List(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{path}[{index}]"), visit);
            }
        }
        Node::Object(pairs) => {
            for (key, value) in pairs {
                let dot = if path.is_empty() { "" } else { "." };
                walk(value, &format!("{path}{dot}{key}"), visit);
            }
        }
    }
}

/// A key of a rate record, whose capitals do not matter (`RATING` 2.1), as it is written, and its value unless that is null.
fn entry<'a>(record: &'a Node, key: &str) -> Option<(&'a str, &'a Node)> {
    let Node::Object(pairs) = record else { return None };
    let is_there = |(name, node): &&(String, Node)| name.eq_ignore_ascii_case(key) && *node != Node::Null;
    let (name, node) = pairs.iter().find(is_there)?;
    Some((name, node))
}

/// The bill charges as they are written.
fn bill_charges<'a>(subject: &Subject<'a>) -> &'a [Node] {
    match subject.node.get("bill_charges") {
        Some(Node::List(charges)) => charges,
        Some(Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::Object(_)) | None => &[],
    }
}

/// The content of a text.
fn text(node: &Node) -> Option<&str> {
    match node {
        Node::Text(text) => Some(text),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::List(_) | Node::Object(_) => None,
    }
}

/// A text of an object.
fn text_of<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.get(key).and_then(text)
}

/// The names in the `of` of a bill charge; `None` = all lines so far.
fn names_of(charge: &Node) -> Option<BTreeSet<&str>> {
    match charge.get("of")? {
        Node::List(names) => Some(names.iter().filter_map(text).collect()),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::Object(_) => None,
    }
}

/// The path of a charge.
fn charge_path(tariff: &Tariff, version: usize, charge: usize) -> String {
    if tariff.versioned {
        format!("versions[{version}].charges[{charge}]")
    } else {
        format!("charges[{charge}]")
    }
}

#[cfg(test)]
mod tests;
