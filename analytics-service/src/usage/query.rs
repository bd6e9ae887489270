//! A request for windows, checked.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use chrono::DateTime;
use proto::analytics::GroupUsageRequest;
use proto::billing::Group;

use crate::error::Refusal;
use crate::window::Resolution;

/// Windows of a page when the request does not say.
const DEFAULT_LIMIT: usize = 1_000;
/// Windows of a page at most.
const MAX_LIMIT: usize = 10_000;

/// What windows are summed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grouping {
    /// `region`
    Region,
    /// `feeder`
    Feeder,
    /// `tariff_class`
    TariffClass,
}

impl Grouping {
    /// The name under which `group` is counted.
    pub(crate) fn name(self, group: &Group) -> &str {
        match self {
            Self::Region => &group.region,
            Self::Feeder => &group.feeder,
            Self::TariffClass => &group.tariff_class,
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        match word {
            "region" => Some(Self::Region),
            "feeder" => Some(Self::Feeder),
            "tariff_class" => Some(Self::TariffClass),
            _ => None,
        }
    }
}

/// The last window of a page; the next page begins behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Its group.
    pub(crate) group: String,
    start: i64,
    end: i64,
}

impl Cursor {
    /// At a window.
    pub(crate) fn new(group: &str, start: i64, end: i64) -> Self {
        Self {
            group: group.to_owned(),
            start,
            end,
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.start, self.end, self.group)
    }
}

impl FromStr for Cursor {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let mut parts = text.splitn(3, '.');
        let mut time = || parts.next()?.parse::<i64>().ok();
        let (start, end) = time().zip(time()).ok_or(Refusal::Cursor)?;
        let group = parts.next().ok_or(Refusal::Cursor)?;
        Ok(Self::new(group, start, end))
    }
}

/// A request, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    /// What to sum by.
    pub(crate) by: Grouping,
    /// How long windows are.
    pub(crate) resolution: Resolution,
    /// Where they start, milliseconds since 1970 UTC.
    pub(crate) range: Range<i64>,
    /// Where the page before ended.
    pub(crate) after: Option<Cursor>,
    /// What its cursors begin with: windows of another grouping or length are not counted by the same places.
    list: String,
    /// Windows of a page.
    pub(crate) limit: usize,
}

impl Query {
    /// What `next_cursor` says after the window `last`.
    pub(crate) fn cursor(&self, last: &Cursor) -> String {
        format!("{}{last}", self.list)
    }

    /// Whether a window was on a page before.
    pub(crate) fn is_behind(&self, group: &str, start: i64, end: i64) -> bool {
        self.after
            .as_ref()
            .is_some_and(|after| (group, start, end) <= (after.group.as_str(), after.start, after.end))
    }
}

impl TryFrom<&GroupUsageRequest> for Query {
    type Error = Refusal;

    fn try_from(request: &GroupUsageRequest) -> Result<Self, Refusal> {
        let time = |text: &str| DateTime::parse_from_rfc3339(text).map(|time| time.timestamp_millis());
        let from = time(&request.from).map_err(|_| Refusal::Range)?;
        let to = time(&request.to).map_err(|_| Refusal::Range)?;
        if from > to {
            return Err(Refusal::Range);
        }
        let limit = match usize::try_from(request.limit) {
            Ok(0) => DEFAULT_LIMIT,
            Ok(limit) if limit <= MAX_LIMIT => limit,
            _ => return Err(Refusal::Limit),
        };
        let list = format!("{}.{}.", request.by, request.resolution);
        let cursor = Some(&request.cursor).filter(|cursor| !cursor.is_empty());
        let after = |cursor: &String| {
            let after: Cursor = cursor.strip_prefix(&list).ok_or(Refusal::Cursor)?.parse()?;
            // elsewhere it would leave windows out
            let within = after.start < to && after.end > from;
            within.then_some(after).ok_or(Refusal::Cursor)
        };
        Ok(Self {
            by: Grouping::from_word(&request.by).ok_or(Refusal::Grouping)?,
            resolution: Resolution::from_word(&request.resolution).ok_or(Refusal::Resolution)?,
            range: from..to,
            after: cursor.map(after).transpose()?,
            list,
            limit,
        })
    }
}

#[cfg(test)]
mod tests;
