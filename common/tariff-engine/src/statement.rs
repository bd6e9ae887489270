//! What a tariff makes of a period: lines that explain themselves.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::exact::Exact;

/// Which series of energy a charge counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Register {
    /// Delivered to the customer.
    Import,
    /// Received from the customer; positive.
    Export,
}

impl Register {
    /// The name in tariffs and bills.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Export => "export",
        }
    }
}

/// What a line's quantity counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Kilowatt-hours.
    KilowattHours,
    /// Local days.
    Days,
    /// The sum of the lines it is worked out from.
    Base,
}

impl Unit {
    /// The word in bills.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::KilowattHours => "kWh",
            Self::Days => "days",
            Self::Base => "base",
        }
    }
}

/// A line of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The charge's id, the band's name and the first day of the version appended where there are such.
    pub id: String,
    /// How many units.
    pub quantity: Exact,
    /// Of what.
    pub unit: Unit,
    /// Of one unit, with the sign that the line has; absent where quantity times price is not the amount.
    pub price: Option<Exact>,
    /// Before rounding.
    pub exact: Exact,
    /// As it counts in the bill: rounded if the tariff rounds lines.
    pub amount: Exact,
    /// [`Self::amount`] with the tariff's places.
    pub amount_text: String,
    /// A sentence for a person.
    pub explanation: String,
    /// The category of tax that this line is, if it is one (`RATING` 3.18).
    pub tax: Option<String>,
}

impl Line {
    /// Whether a charge that names `name` means this line: its id, or the id before a band or version.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        self.id
            .strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '@']))
    }
}

/// The bill of a period, before anybody gave it a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The first local day.
    pub from: NaiveDate,
    /// The local day after the last.
    pub to: NaiveDate,
    /// Local days that count.
    pub days: u32,
    /// Intervals that were priced.
    pub intervals: u32,
    /// kWh by register.
    pub totals: BTreeMap<Register, Exact>,
    /// In order of the tariff.
    pub lines: Vec<Line>,
    /// What is to be paid.
    pub total: Exact,
    /// [`Self::total`] with the tariff's places.
    pub total_text: String,
    /// Lines that no tax category takes, or more than one, although the tariff names categories.
    pub untaxed: Vec<String>,
}
