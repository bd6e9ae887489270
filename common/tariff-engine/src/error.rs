//! What can go wrong when a parsed tariff meets a period.

use chrono::NaiveDate;
use model::ErrorKind;

use crate::instant;

/// Why there is no statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RatingError {
    /// No version of the tariff covers a day.
    #[error("no version of the tariff covers {day}")]
    TariffGap {
        /// The first such local day.
        day: NaiveDate,
    },
    /// The period ends before it begins, is longer than ten years, or lies beyond the calendar.
    #[error("the period is empty, longer than ten years, or beyond the calendar")]
    Period,
    /// A quantity is beyond 64 bits of 10^-9 kWh.
    #[error("an amount is too large to be computed exactly")]
    Overflow,
    /// A price that changes with time is needed and absent.
    #[error("no price at {}", instant::show(*.at_ms))]
    PriceMissing {
        /// The first such instant.
        at_ms: i64,
    },
    /// An interval is needed and absent.
    #[error("the interval that starts at {} is missing", instant::show(*.at_ms))]
    IntervalMissing {
        /// Its start.
        at_ms: i64,
    },
    /// Two intervals cover one instant.
    #[error("intervals overlap at {}", instant::show(*.at_ms))]
    IntervalTwice {
        /// The start of the second.
        at_ms: i64,
    },
    /// A register is needed of which there is nothing.
    #[error("charge {charge}: there is nothing of register {register}")]
    RegisterMissing {
        /// The charge's id.
        charge: String,
        /// The register's name.
        register: String,
    },
    /// The reads of a register do not cover a day.
    #[error("no reads of register {register} cover {day}")]
    ReadMissing {
        /// The register's name.
        register: String,
        /// The first such day.
        day: NaiveDate,
    },
    /// The tariff calls a value that nobody gave.
    #[error("the value {name} has no number on {day}")]
    ValueMissing {
        /// Its name.
        name: String,
        /// The first day without it.
        day: NaiveDate,
    },
    /// With the values filled in the tariff makes no sense.
    #[error("with its values filled in the tariff is wrong: {problems}")]
    ValueWrong {
        /// What is wrong, each with its path.
        problems: String,
    },
    /// A charge cannot price what it meets.
    #[error("{}{reason}", of_charge(.charge))]
    NotPriced {
        /// The charge's id; empty where it is about the bill as a whole.
        charge: String,
        /// Why.
        reason: String,
    },
}

/// Which charge a message is about, if it is about one.
fn of_charge(charge: &str) -> String {
    if charge.is_empty() {
        String::new()
    } else {
        format!("charge {charge}: ")
    }
}

impl RatingError {
    /// What it means for whoever asked.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::TariffGap { .. }
            | Self::PriceMissing { .. }
            | Self::IntervalMissing { .. }
            | Self::IntervalTwice { .. }
            | Self::RegisterMissing { .. }
            | Self::ReadMissing { .. }
            | Self::ValueMissing { .. } => ErrorKind::Conflict,
            Self::Period | Self::Overflow | Self::ValueWrong { .. } | Self::NotPriced { .. } => {
                ErrorKind::Invalid
            }
        }
    }

    /// The stable code.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TariffGap { .. } => "TARIFF_GAP",
            Self::Period => "BAD_PERIOD",
            Self::Overflow => "OVERFLOW",
            Self::PriceMissing { .. } => "PRICE_MISSING",
            Self::IntervalMissing { .. } | Self::RegisterMissing { .. } | Self::ReadMissing { .. } => {
                "MISSING_INTERVALS"
            }
            Self::IntervalTwice { .. } => "OVERLAP",
            Self::ValueMissing { .. } | Self::ValueWrong { .. } => "VALUE_MISSING",
            Self::NotPriced { .. } => "NOT_PRICED",
        }
    }

    pub(crate) fn not_priced(charge: &str, reason: impl Into<String>) -> Self {
        Self::NotPriced {
            charge: charge.to_owned(),
            reason: reason.into(),
        }
    }
}
