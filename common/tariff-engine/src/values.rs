//! Numbers that a tariff calls by name and an agreement gives (`RATING` 3.17).

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::exact::{Exact, ParseExactError};
use crate::json::Node;
use crate::reader::{At, Problems};

/// The key of a value's name.
pub(crate) const PARAM: &str = "param";

/// The values of one agreement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Values(BTreeMap<String, Vec<Dated>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Dated {
    /// `None` = always before.
    from: Option<NaiveDate>,
    /// As they were written.
    digits: String,
    number: Exact,
}

impl Values {
    pub(crate) fn read(at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let read = at.pairs(problems)?.into_iter().map(|(name, at)| {
            let dated = if at.is_list() {
                Dated::read_list(&at, problems)
            } else {
                Dated::read_constant(&at, problems)
            };
            Some((name, dated?))
        });
        let read: Vec<_> = read.collect();
        read.into_iter().collect::<Option<_>>().map(Self)
    }

    /// Gives `name` a number for all days.
    ///
    /// # Errors
    /// [`ParseExactError`]: `digits` are no decimal number.
    pub fn set(&mut self, name: &str, digits: &str) -> Result<(), ParseExactError> {
        let constant = Dated {
            from: None,
            digits: digits.to_owned(),
            number: digits.parse()?,
        };
        self.0.insert(name.to_owned(), vec![constant]);
        Ok(())
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether nothing is given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The digits of `name` on `day`.
    pub(crate) fn on(&self, name: &str, day: NaiveDate) -> Option<&str> {
        let dated = self.0.get(name)?;
        let holds = |value: &&Dated| value.from.is_none_or(|from| from <= day);
        dated.iter().rfind(holds).map(|value| value.digits.as_str())
    }

    /// The days after `from` and before `to` on which one of `names` changes. The same number again, however written, is no change.
    pub(crate) fn changes(
        &self,
        names: &BTreeSet<String>,
        from: NaiveDate,
        to: NaiveDate,
    ) -> BTreeSet<NaiveDate> {
        let lists = names.iter().filter_map(|name| self.0.get(name));
        let before = |list| std::iter::once(None).chain(<[Dated]>::iter(list).map(Some));
        let pairs = lists.flat_map(|list| before(list).zip(list));
        let changed =
            pairs.filter(|(before, value)| before.is_none_or(|before| before.number != value.number));
        let starts = changed.filter_map(|(_, value)| value.from);
        starts.filter(|start| *start > from && *start < to).collect()
    }
}

impl Dated {
    fn read_constant(at: &At<'_>, problems: &mut Problems) -> Option<Vec<Self>> {
        let number = at.number(problems)?;
        let digits = at.digits().to_owned();
        let from = None;
        Some(vec![Self { from, digits, number }])
    }

    fn read_list(at: &At<'_>, problems: &mut Problems) -> Option<Vec<Self>> {
        let items = at.list(problems)?;
        let read: Vec<_> = items.iter().map(|item| Self::read(item, problems)).collect();
        let mut dated: Vec<Self> = read.into_iter().collect::<Option<_>>()?;
        dated.sort_by_key(|value| value.from);
        let same_day = |pair: &[Self]| matches!(pair, [a, b] if a.from == b.from);
        if dated.windows(2).any(same_day) {
            return at.wrong(problems, "has two values from the same day");
        }
        Some(dated)
    }

    fn read(at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let mut fields = at.object(problems)?;
        let from = fields.need("from", problems).and_then(|at| at.date(problems));
        let value = fields.need("value", problems).and_then(|at| {
            let number = at.number(problems)?;
            Some((at.digits().to_owned(), number))
        });
        fields.finish(problems);
        let (digits, number) = value?;
        Some(Self {
            from: Some(from?),
            digits,
            number,
        })
    }
}

/// The name, if a node stands for a value by one.
fn name_of(node: &Node) -> Option<&str> {
    called(node).filter(|_| !is_nameless(node))
}

/// What a node calls a value.
fn called(node: &Node) -> Option<&str> {
    match node {
        Node::Object(pairs) => match pairs.as_slice() {
            [(key, Node::Text(name))] if key == PARAM => Some(name),
            _ => None,
        },
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::List(_) => None,
    }
}

/// Whether a node stands for a value by a name that says nothing: no agreement can give it.
pub(crate) fn is_nameless(node: &Node) -> bool {
    called(node).is_some_and(|name| name.trim().is_empty())
}

/// The names that a tariff calls.
pub(crate) fn names(node: &Node) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let _whole = replaced(node, &mut |name| {
        found.insert(name.to_owned());
        Some("1".to_owned())
    });
    found
}

/// The tariff with the digits that `value` gives for every name; the first name without a value otherwise.
pub(crate) fn replaced(node: &Node, value: &mut dyn FnMut(&str) -> Option<String>) -> Result<Node, String> {
    if let Some(name) = name_of(node) {
        return value(name).map(Node::Number).ok_or_else(|| name.to_owned());
    }
    Ok(match node {
        Node::List(items) => {
            let items = items.iter().map(|item| replaced(item, value));
            Node::List(items.collect::<Result<_, _>>()?)
        }
        Node::Object(pairs) => {
            let pairs = pairs
                .iter()
                .map(|(key, node)| Ok((key.clone(), replaced(node, value)?)));
            Node::Object(pairs.collect::<Result<_, String>>()?)
        }
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => node.clone(),
    })
}
