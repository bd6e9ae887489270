//! Times in queries: RFC 3339, half-open ranges, bounded.

use chrono::{DateTime, Days, FixedOffset, Months, Utc};
use serde::Deserialize;
use utoipa::ToSchema;

use super::problem::Problem;

/// More windows than a year of hours; a longer range is asked for in parts.
const MAX_WINDOWS: i64 = 11_000;
/// Single readings are asked for by cursor, yet not of a whole life.
const MAX_READING_DAYS: i64 = 400;

/// How long a range is of which only one end is named, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Usual {
    Day,
    Month,
}

impl Usual {
    fn after(self, from: DateTime<FixedOffset>) -> Option<DateTime<FixedOffset>> {
        match self {
            Self::Day => from.checked_add_days(Days::new(1)),
            Self::Month => from.checked_add_months(Months::new(1)),
        }
    }

    fn before(self, to: DateTime<FixedOffset>) -> Option<DateTime<FixedOffset>> {
        match self {
            Self::Day => to.checked_sub_days(Days::new(1)),
            Self::Month => to.checked_sub_months(Months::new(1)),
        }
    }
}

/// Length of the windows of one meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
pub(super) enum Resolution {
    /// 15 minutes.
    #[serde(rename = "15m")]
    Quarter,
    /// 1 hour.
    #[serde(rename = "1h")]
    Hour,
    /// The local day of the service point.
    #[serde(rename = "1d")]
    Day,
    /// The local month of the service point.
    #[serde(rename = "1mo")]
    Month,
}

/// Length of the windows of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
pub(super) enum GroupResolution {
    /// 1 minute.
    #[serde(rename = "1m")]
    Minute,
    /// 15 minutes.
    #[serde(rename = "15m")]
    Quarter,
    /// 1 hour.
    #[serde(rename = "1h")]
    Hour,
    /// The local day of the service points.
    #[serde(rename = "1d")]
    Day,
}

impl Resolution {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Quarter => "15m",
            Self::Hour => "1h",
            Self::Day => "1d",
            Self::Month => "1mo",
        }
    }

    const fn seconds(self) -> i64 {
        match self {
            Self::Quarter => 900,
            Self::Hour => 3_600,
            Self::Day => 86_400,
            Self::Month => 28 * 86_400,
        }
    }

    /// Long enough for the window that is not over and the one before it: windows that overlap the range are answered whole.
    pub(super) const fn usual(self) -> Usual {
        match self {
            Self::Quarter | Self::Hour | Self::Day => Usual::Day,
            Self::Month => Usual::Month,
        }
    }

    /// The longest range that is answered at once.
    pub(super) const fn max_seconds(self) -> i64 {
        self.seconds() * MAX_WINDOWS
    }
}

impl GroupResolution {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Minute => "1m",
            Self::Quarter => "15m",
            Self::Hour => "1h",
            Self::Day => "1d",
        }
    }

    /// The longest range that is answered, over all its pages.
    pub(super) const fn max_seconds(self) -> i64 {
        MAX_WINDOWS
            * match self {
                Self::Minute => 60,
                Self::Quarter => 900,
                Self::Hour => 3_600,
                Self::Day => 86_400,
            }
    }
}

/// The longest range of single readings.
pub(super) const MAX_READING_SECONDS: i64 = MAX_READING_DAYS * 86_400;

/// `[from, to)` as the services take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) from: String,
    pub(super) to: String,
}

impl Range {
    /// A range of a query. Without an end it ends now, or the usual time after its beginning where that is later; without a beginning
    /// it is the usual time before its end.
    pub(super) fn new(
        from: Option<&str>,
        to: Option<&str>,
        now: DateTime<Utc>,
        (usual, max_seconds): (Usual, i64),
    ) -> Result<Self, Problem> {
        let from = from.map(|text| instant("from", text)).transpose()?;
        let to = to.map(|text| instant("to", text)).transpose()?;
        let beyond = || Problem::bad("BAD_RANGE", "the range lies beyond any calendar");
        let now = now.fixed_offset();
        let to = match (from, to) {
            (_, Some(to)) => to,
            (Some(from), None) => usual.after(from).ok_or_else(beyond)?.max(now),
            (None, None) => now,
        };
        let from = match from {
            Some(from) => from,
            None => usual.before(to).ok_or_else(beyond)?,
        };
        if from >= to {
            return Err(Problem::bad("BAD_RANGE", "from must be before to"));
        }
        if to.signed_duration_since(from).num_seconds() > max_seconds {
            let days = max_seconds / 86_400;
            return Err(Problem::bad(
                "RANGE_TOO_LONG",
                format!("at most {days} days at this resolution; ask in parts"),
            ));
        }
        Ok(Self {
            from: from.to_rfc3339(),
            to: to.to_rfc3339(),
        })
    }
}

/// An instant by RFC 3339. A query turns the `+` of an offset into a space unless it was escaped; that is forgiven.
pub(super) fn instant(key: &str, text: &str) -> Result<DateTime<FixedOffset>, Problem> {
    const OFFSET: usize = "+00:00".len();
    let bad = || {
        Problem::bad(
            "BAD_TIME",
            format!("{key} must be RFC 3339 with an offset, for example 2026-05-01T00:00:00Z"),
        )
    };
    if text.len() > 64 {
        return Err(bad());
    }
    let repaired = text
        .len()
        .checked_sub(OFFSET)
        .and_then(|at| text.split_at_checked(at))
        .and_then(|(time, offset)| Some(format!("{time}+{}", offset.strip_prefix(' ')?)));
    DateTime::parse_from_rfc3339(repaired.as_deref().unwrap_or(text)).map_err(|_| bad())
}

#[cfg(test)]
mod tests;
