//! When something counts that one of several rules takes, as data and in words.

use std::sync::Arc;

use serde_json::{Value, json};

use super::When;

/// The most bands that words name one by one; a tariff may have thousands, and each would name all before it.
const MOST_NAMED: usize = 8;

/// When something counts: by its own rule, and not where a rule holds that is tested before. A copy is a reference to the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// `None`: whenever no rule before it holds.
    pub when: Option<When>,
    /// Names and rules of all bands of the charge that have one, in the order in which they are tested.
    bands: Arc<[(String, When)]>,
    /// How many of them are tested before.
    earlier: usize,
    /// Both, `mon-fri 16:00-21:00, outside night (22:00-06:00)`; empty: always.
    pub words: Arc<str>,
}

impl Hours {
    /// By a rule alone.
    pub(crate) fn of(when: Option<When>) -> Self {
        Self::after(&Arc::default(), 0, when)
    }

    /// By a rule that is tested after others.
    fn after(bands: &Arc<[(String, When)]>, earlier: usize, when: Option<When>) -> Self {
        let mut hours = Self {
            when,
            bands: Arc::clone(bands),
            earlier,
            words: Arc::default(),
        };
        let own = hours.when.as_ref().map(ToString::to_string);
        let words: Vec<String> = [own, hours.outside()].into_iter().flatten().collect();
        hours.words = words.join(", ").into();
        hours
    }

    /// Of bands in the order in which they are tested.
    pub(crate) fn of_bands<'a>(bands: impl Iterator<Item = (&'a str, Option<When>)> + Clone) -> Vec<Self> {
        let ruled = bands
            .clone()
            .filter_map(|(name, when)| Some((name.to_owned(), when?)));
        let ruled: Arc<[(String, When)]> = ruled.collect();
        let mut earlier = 0_usize;
        let mut hours = Vec::new();
        for (_, when) in bands {
            let is_ruled = when.is_some();
            hours.push(Self::after(&ruled, earlier, when));
            earlier = earlier.saturating_add(usize::from(is_ruled));
        }
        hours
    }

    /// Names and rules of what is tested before.
    #[must_use]
    pub fn before(&self) -> &[(String, When)] {
        self.bands.get(..self.earlier).unwrap_or_default()
    }

    fn outside(&self) -> Option<String> {
        let before = self.before();
        if before.len() > MOST_NAMED {
            return Some(format!("outside the {} bands before it", before.len()));
        }
        let others: Vec<String> = before
            .iter()
            .map(|(name, when)| format!("{name} ({when})"))
            .collect();
        (!others.is_empty()).then(|| format!("outside {}", others.join(" and ")))
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
            "outside": self.before().iter().map(before).collect::<Value>(),
        }))
    }
}

impl Default for Hours {
    fn default() -> Self {
        Self::of(None)
    }
}
