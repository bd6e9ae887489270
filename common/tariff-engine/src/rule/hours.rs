//! When something counts that one of several rules takes, as data and in words.

use std::sync::Arc;

use serde_json::{Value, json};

use super::When;

/// When something counts: by its own rule, and not where a rule holds that is tested before. A copy is a reference to the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// `None`: whenever no rule before it holds.
    pub when: Option<When>,
    /// Names and rules of what is tested before.
    pub before: Arc<[(String, When)]>,
    /// Both, `mon-fri 16:00-21:00, outside night (22:00-06:00)`; empty: always.
    pub words: Arc<str>,
}

impl Hours {
    /// By a rule alone.
    pub(crate) fn of(when: Option<When>) -> Self {
        Self::after(Vec::new(), when)
    }

    /// By a rule that is tested after others.
    fn after(before: Vec<(String, When)>, when: Option<When>) -> Self {
        let own = when.as_ref().map(ToString::to_string);
        let others: Vec<String> = before
            .iter()
            .map(|(name, when)| format!("{name} ({when})"))
            .collect();
        let outside = (!others.is_empty()).then(|| format!("outside {}", others.join(" and ")));
        let words: Vec<String> = [own, outside].into_iter().flatten().collect();
        Self {
            when,
            before: before.into(),
            words: words.join(", ").into(),
        }
    }

    /// Of bands in the order in which they are tested.
    pub(crate) fn of_bands<'a>(bands: impl Iterator<Item = (&'a str, Option<When>)>) -> Vec<Self> {
        let mut before: Vec<(String, When)> = Vec::new();
        let mut hours = Vec::new();
        for (name, when) in bands {
            hours.push(Self::after(before.clone(), when.clone()));
            before.extend(when.map(|when| (name.to_owned(), when)));
        }
        hours
    }

    /// Nothing where there is neither rule nor band.
    pub(crate) fn facts(&self) -> Option<Value> {
        if self.words.is_empty() {
            return None;
        }
        let when = |when: &When| when.facts();
        let before = |(name, rule): &(String, When)| json!({"band": name, "when": rule.facts()});
        Some(json!({
            "words": &*self.words, "when": self.when.as_ref().map(when),
            "outside": self.before.iter().map(before).collect::<Value>(),
        }))
    }
}

impl Default for Hours {
    fn default() -> Self {
        Self::of(None)
    }
}
