//! What can go wrong when a parsed tariff meets a period.

use chrono::NaiveDate;
use model::ErrorKind;

use crate::exact::Overflow;

/// Why there is no statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RatingError {
    /// No version of the tariff covers a day.
    #[error("no version of the tariff covers {day}")]
    TariffGap {
        /// The first such local day.
        day: NaiveDate,
    },
    /// The period ends before it begins, or lies beyond the calendar.
    #[error("the period is empty or beyond the calendar")]
    Period,
    /// A number needs more than 128 bits.
    #[error("an amount is too large to be computed exactly")]
    Overflow(#[from] Overflow),
}

impl RatingError {
    /// What it means for whoever asked.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::TariffGap { .. } => ErrorKind::Conflict,
            Self::Period | Self::Overflow(_) => ErrorKind::Invalid,
        }
    }

    /// The stable code.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TariffGap { .. } => "TARIFF_GAP",
            Self::Period => "BAD_PERIOD",
            Self::Overflow(_) => "OVERFLOW",
        }
    }
}
