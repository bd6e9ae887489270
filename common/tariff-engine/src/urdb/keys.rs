//! The keys of a rate record, in whichever spelling they occur (`RATING` 2.1).

use crate::exact::Exact;
use crate::reader::{At, Problems};

/// The keys of an object without regard to case; names of one thing are one.
pub(super) struct Keys<'a> {
    pub(super) path: String,
    /// Lower case, and where it stands.
    pairs: Vec<(String, At<'a>)>,
    known: Vec<&'static str>,
}

impl<'a> Keys<'a> {
    pub(super) fn read(at: &At<'a>, problems: &mut Problems) -> Option<Self> {
        let mut pairs: Vec<(String, At<'a>)> = Vec::new();
        for (key, at) in at.pairs(problems)? {
            let name = match key.to_ascii_lowercase().as_str() {
                "flatdemandunits" => "flatdemandunit".to_owned(),
                "demandrateunits" => "demandrateunit".to_owned(),
                other => other.to_owned(),
            };
            if pairs.iter().any(|(earlier, _)| *earlier == name) {
                problems.add(&at.path, "comes twice");
            }
            pairs.push((name, at));
        }
        Some(Self {
            path: at.path.clone(),
            pairs,
            known: Vec::new(),
        })
    }

    pub(super) fn get(&mut self, key: &'static str) -> Option<At<'a>> {
        self.known.push(key);
        let (_, at) = self.pairs.iter().find(|(name, _)| name == key)?;
        Some(at.clone()).filter(|at| !at.is_null())
    }

    /// `Some(None)` where it is absent, `None` where it is wrong.
    pub(super) fn maybe<T>(
        &mut self,
        key: &'static str,
        problems: &mut Problems,
        read: impl FnOnce(&At<'a>, &mut Problems) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.get(key) {
            Some(at) => read(&at, problems).map(Some),
            None => Some(None),
        }
    }

    pub(super) fn number_or_zero(&mut self, key: &'static str, problems: &mut Problems) -> Option<Exact> {
        let number = self.maybe(key, problems, |at, problems| at.number(problems))?;
        Some(number.unwrap_or_default())
    }

    /// Every other key is refused.
    pub(super) fn finish(self, problems: &mut Problems) {
        for (key, at) in self.pairs {
            if !self.known.contains(&key.as_str()) && !at.is_text() {
                problems.add(&at.path, "cannot be priced");
            }
        }
    }

    /// Every other key is refused that is neither a text nor among those that may be ignored.
    pub(super) fn finish_without(self, ignored: &[&str], problems: &mut Problems) {
        let path = self.path.clone();
        let rest = self
            .pairs
            .iter()
            .filter(|(key, _)| !ignored.contains(&key.as_str()));
        let rest = Self {
            path,
            pairs: rest.cloned().collect(),
            known: self.known.clone(),
        };
        rest.finish(problems);
    }
}
