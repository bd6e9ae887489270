//! Reading a tariff so that every problem is found at once, each with the path of its key.

use std::fmt;

use chrono::NaiveDate;

use crate::exact::Exact;
use crate::json::Node;
use crate::values;

/// One thing that is wrong with a tariff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The stable code.
    pub code: &'static str,
    /// Where, e.g. `charges[0].bands[1].rate`; empty = the whole text.
    pub path: String,
    /// What, for the person who wrote it.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.path.is_empty() { "" } else { ": " };
        write!(f, "{}{colon}{}", self.path, self.reason)
    }
}

/// Everything that is wrong with a tariff.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems {
    found: Vec<Problem>,
    /// Some numbers are not known yet: what depends on their size cannot be judged.
    open_values: bool,
}

/// The code of a problem that has no other.
const INVALID: &str = "TARIFF_INVALID";

/// Keys that say something to a person and price nothing.
const NOTES: [&str; 6] = ["title", "note", "notes", "comment", "description", "source"];

impl Problems {
    /// In order of the text.
    #[must_use]
    pub fn all(&self) -> &[Problem] {
        &self.found
    }

    /// For a text in which values by name have not been filled in.
    pub(crate) fn with_open_values() -> Self {
        Self {
            open_values: true,
            ..Self::default()
        }
    }

    /// Forgets those at other paths.
    pub(crate) fn retain(&mut self, is_kept: impl Fn(&str) -> bool) {
        self.found.retain(|problem| is_kept(&problem.path));
    }

    pub(crate) fn add(&mut self, path: &str, reason: impl Into<String>) {
        self.add_as(INVALID, path, reason);
    }

    /// With a code of its own, by which a program can tell it from others.
    pub(crate) fn add_as(&mut self, code: &'static str, path: &str, reason: impl Into<String>) {
        self.found.push(Problem {
            code,
            path: path.to_owned(),
            reason: reason.into(),
        });
    }

    /// What depends on the size of numbers, not on their presence.
    pub(crate) fn judge(&mut self, path: &str, is_good: bool, reason: &str) {
        self.judge_as(INVALID, path, is_good, reason);
    }

    /// The same with a code of its own.
    pub(crate) fn judge_as(&mut self, code: &'static str, path: &str, is_good: bool, reason: &str) {
        if !is_good && !self.open_values {
            self.add_as(code, path, reason);
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.found.iter().enumerate() {
            let gap = if index == 0 { "" } else { "; " };
            write!(f, "{gap}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// A text as JSON.
///
/// # Errors
/// [`Problems`]: that it is none.
pub(crate) fn node(text: &str) -> Result<Node, Problems> {
    Node::parse(text).map_err(|reason| {
        let mut problems = Problems::default();
        problems.add_as("NOT_JSON", "", format!("is not JSON: {reason}"));
        problems
    })
}

/// A whole text, read by `read`.
///
/// # Errors
/// [`Problems`]: all that `read` found.
pub(crate) fn document<T>(
    text: &str,
    read: impl FnOnce(&At<'_>, &mut Problems) -> Option<T>,
) -> Result<T, Problems> {
    let node = node(text)?;
    let mut problems = Problems::default();
    match read(&At::root(&node), &mut problems) {
        Some(found) if problems.all().is_empty() => Ok(found),
        _ => Err(problems),
    }
}

/// The date of a text like `2026-01-31`.
pub(crate) fn date_of(text: &str) -> Option<NaiveDate> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    date.filter(|_| text.len() == 10)
}

/// A value and where it stands. What is wrong with it goes into the problems, and the answer is `None`.
#[derive(Debug, Clone)]
pub(crate) struct At<'a> {
    pub(crate) path: String,
    node: &'a Node,
}

impl<'a> At<'a> {
    pub(crate) fn root(node: &'a Node) -> Self {
        Self {
            path: String::new(),
            node,
        }
    }

    pub(crate) fn object(&self, problems: &mut Problems) -> Option<Fields<'a>> {
        let Node::Object(pairs) = self.node else {
            return self.wrong(problems, "must be an object");
        };
        let fields = Fields {
            path: self.path.clone(),
            pairs,
            known: Vec::new(),
        };
        for (index, (key, _)) in pairs.iter().enumerate() {
            if pairs.iter().take(index).any(|(earlier, _)| earlier == key) {
                problems.add_as("KEY_TWICE", &fields.path_of(key), "comes twice");
            }
        }
        Some(fields)
    }

    pub(crate) fn list(&self, problems: &mut Problems) -> Option<Vec<At<'a>>> {
        let Node::List(items) = self.node else {
            return self.wrong(problems, "must be a list");
        };
        let at = |(index, node)| At {
            path: format!("{}[{index}]", self.path),
            node,
        };
        Some(items.iter().enumerate().map(at).collect())
    }

    /// Every key of an object with its value; any key is allowed.
    pub(crate) fn pairs(&self, problems: &mut Problems) -> Option<Vec<(String, At<'a>)>> {
        let fields = self.object(problems)?;
        let at = |(key, node): &'a (String, Node)| {
            let path = fields.path_of(key);
            (key.clone(), At { path, node })
        };
        Some(fields.pairs.iter().map(at).collect())
    }

    pub(crate) fn is_list(&self) -> bool {
        matches!(self.node, Node::List(_))
    }

    pub(crate) fn is_text(&self) -> bool {
        matches!(self.node, Node::Text(_) | Node::Bool(_) | Node::Null)
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.node, Node::Null)
    }

    /// The digits of a number as written; nothing for what is none.
    pub(crate) fn digits(&self) -> &'a str {
        match self.node {
            Node::Number(digits) | Node::Text(digits) => digits,
            Node::Null | Node::Bool(_) | Node::List(_) | Node::Object(_) => "",
        }
    }

    pub(crate) fn text(&self, problems: &mut Problems) -> Option<&'a str> {
        let Node::Text(text) = self.node else {
            return self.wrong(problems, "must be a text");
        };
        Some(text)
    }

    pub(crate) fn flag(&self, problems: &mut Problems) -> Option<bool> {
        let Node::Bool(flag) = self.node else {
            return self.wrong(problems, "must be true or false");
        };
        Some(*flag)
    }

    /// A decimal: a JSON number, which stands for its digits, or a text of digits.
    pub(crate) fn number(&self, problems: &mut Problems) -> Option<Exact> {
        match self.node {
            Node::Number(digits) | Node::Text(digits) => match digits.parse() {
                Ok(number) => Some(number),
                Err(error) => self.wrong(problems, &error.to_string()),
            },
            Node::Null | Node::Bool(_) | Node::List(_) | Node::Object(_) => {
                self.no_number(problems, "must be a decimal number")
            }
        }
    }

    /// A decimal that is not below zero.
    pub(crate) fn number_from_zero(&self, problems: &mut Problems) -> Option<Exact> {
        let number = self.number(problems)?;
        if number.is_negative() {
            return self.wrong(problems, "must not be below zero");
        }
        Some(number)
    }

    /// A whole number from 0 to `max`.
    pub(crate) fn count(&self, max: u32, problems: &mut Problems) -> Option<u32> {
        let digits = match self.node {
            Node::Number(digits) => digits.parse().ok().filter(|count| *count <= max),
            Node::Null | Node::Bool(_) | Node::Text(_) | Node::List(_) | Node::Object(_) => None,
        };
        digits.or_else(|| self.no_number(problems, &format!("must be a whole number from 0 to {max}")))
    }

    /// A list of at least one thing; `None` if anything in it is wrong.
    pub(crate) fn several<T>(
        &self,
        problems: &mut Problems,
        mut read: impl FnMut(&At<'a>, &mut Problems) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = self.list(problems)?;
        if items.is_empty() {
            return self.wrong(problems, "must not be empty");
        }
        let found: Vec<_> = items.iter().map(|item| read(item, problems)).collect();
        found.into_iter().collect()
    }

    /// An instant.
    pub(crate) fn instant(&self, problems: &mut Problems) -> Option<i64> {
        let text = self.text(problems)?;
        crate::instant::parse(text)
            .or_else(|| self.wrong(problems, "must be a time like 2026-01-31T23:15:00Z"))
    }

    pub(crate) fn date(&self, problems: &mut Problems) -> Option<NaiveDate> {
        let date = date_of(self.text(problems)?);
        date.or_else(|| self.wrong(problems, "must be a date like 2026-01-31"))
    }

    /// Where a number is wanted: a value by name has been filled in already, so one that is left has no name.
    fn no_number<T>(&self, problems: &mut Problems, reason: &str) -> Option<T> {
        if !values::is_nameless(self.node) {
            return self.wrong(problems, reason);
        }
        let path = format!("{}.{}", self.path, values::PARAM);
        problems.add_as(
            "VALUE_NAMELESS",
            &path,
            "must be a name, by which an agreement gives the value",
        );
        None
    }

    pub(crate) fn wrong<T>(&self, problems: &mut Problems, reason: &str) -> Option<T> {
        self.wrong_as(INVALID, problems, reason)
    }

    /// The same with a code of its own.
    pub(crate) fn wrong_as<T>(&self, code: &'static str, problems: &mut Problems, reason: &str) -> Option<T> {
        problems.add_as(code, &self.path, reason);
        None
    }
}

/// The keys of an object. What nobody asked for by the [end](Self::finish) is a problem: nothing in a tariff is ignored.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    pub(crate) path: String,
    pairs: &'a [(String, Node)],
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub(crate) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// Whether the key is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.pairs.iter().any(|(name, _)| name == key)
    }

    /// The value of `key`, if it is there.
    pub(crate) fn get(&mut self, key: &'static str) -> Option<At<'a>> {
        self.known.push(key);
        let (_, node) = self.pairs.iter().find(|(name, _)| name == key)?;
        Some(At {
            path: self.path_of(key),
            node,
        })
    }

    /// The value of `key`; not there is a problem.
    pub(crate) fn need(&mut self, key: &'static str, problems: &mut Problems) -> Option<At<'a>> {
        let found = self.get(key);
        if found.is_none() {
            problems.add_as("KEY_MISSING", &self.path_of(key), "is missing");
        }
        found
    }

    /// The value of `key`, read; `Some(None)` where it is absent or null, `None` where it is wrong.
    pub(crate) fn maybe<T>(
        &mut self,
        key: &'static str,
        problems: &mut Problems,
        read: impl FnOnce(&At<'a>, &mut Problems) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.get(key).filter(|at| !at.is_null()) {
            Some(at) => read(&at, problems).map(Some),
            None => Some(None),
        }
    }

    /// A number that must be there.
    pub(crate) fn number(&mut self, key: &'static str, problems: &mut Problems) -> Option<Exact> {
        self.need(key, problems)?.number(problems)
    }

    /// A number that may be left out.
    pub(crate) fn number_or(
        &mut self,
        key: &'static str,
        default: Exact,
        problems: &mut Problems,
    ) -> Option<Exact> {
        let found = self.maybe(key, problems, |at, problems| at.number(problems))?;
        Some(found.unwrap_or(default))
    }

    /// Every other key is refused, except notes to a person.
    pub(crate) fn finish(self, problems: &mut Problems) {
        for (key, node) in self.pairs {
            let is_note = NOTES.contains(&key.as_str()) && matches!(node, Node::Text(_));
            if !is_note && !self.known.contains(&key.as_str()) {
                problems.add_as(
                    "KEY_UNKNOWN",
                    &self.path_of(key),
                    "this key is not supported here",
                );
            }
        }
    }
}
