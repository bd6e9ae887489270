//! Rules whose months are values by name: what is known of them while the values are not.

use std::collections::BTreeSet;

use super::{Rule, When};
use crate::json::Node;
use crate::values;

/// A list of rules of which some depend on values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Open {
    /// The rules that are known alone; perhaps none, which holds never.
    pub(crate) surely: When,
    /// All of them, those that are not known in any month.
    pub(crate) perhaps: When,
    /// The values that they call.
    pub(crate) names: BTreeSet<String>,
}

impl Open {
    /// Of a list as it was read and as it is `written`, with its values by name.
    pub(crate) fn of(when: &When, written: Option<&Node>) -> Self {
        let rules = match written {
            Some(Node::List(rules)) => rules.as_slice(),
            Some(Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::Object(_)) | None => {
                &[]
            }
        };
        let names: Vec<BTreeSet<String>> = rules.iter().map(values::names).collect();
        let is_open = |index: usize| names.get(index).is_some_and(|names| !names.is_empty());
        let numbered = || when.0.iter().enumerate();
        let surely = numbered().filter(|(index, _)| !is_open(*index));
        let perhaps = numbered().map(|(index, rule)| Rule {
            months: rule.months.clone().filter(|_| !is_open(index)),
            ..rule.clone()
        });
        Self {
            surely: When(surely.map(|(_, rule)| rule.clone()).collect()),
            perhaps: When(perhaps.collect()),
            names: names.into_iter().flatten().collect(),
        }
    }
}
