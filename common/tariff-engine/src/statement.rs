//! What a tariff makes of a period: lines that explain themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use serde_json::json;

use crate::carry::Carry;
use crate::exact::Exact;
use crate::explanation::{Explanation, Outcome, Told};
use crate::how::{How, span, stretch};
use crate::local;
use crate::period::Period;
use crate::reader::{At, Problems};
use crate::rounding::{Rounding, Scope};

/// Which series of energy a charge counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Register {
    /// Delivered to the customer.
    Import,
    /// Received from the customer; positive.
    Export,
    /// Reactive energy, in kvarh.
    Reactive,
    /// Any other register of a meter.
    Named(Box<str>),
}

impl Register {
    /// The name in tariffs and bills.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Import => "import",
            Self::Export => "export",
            Self::Reactive => "reactive",
            Self::Named(name) => name,
        }
    }

    /// What its energy is counted in.
    #[must_use]
    pub fn unit(&self) -> Unit {
        match self {
            Self::Reactive => Unit::Kilovarhours,
            Self::Import | Self::Export | Self::Named(_) => Unit::KilowattHours,
        }
    }

    /// The register of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        match name {
            "import" => Self::Import,
            "export" => Self::Export,
            "reactive" => Self::Reactive,
            name => Self::Named(name.into()),
        }
    }

    pub(crate) fn read(at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let name = at.text(problems)?;
        if model::is_valid_id(name) {
            return Some(Self::of_name(name));
        }
        at.wrong(
            problems,
            "must be import, export, reactive, or the name of a register: 1 to 64 of A-Z a-z 0-9 . _ : -",
        )
    }
}

/// What a line's quantity counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Kilowatt-hours.
    KilowattHours,
    /// Kilovar-hours.
    Kilovarhours,
    /// Kilowatts.
    Kilowatts,
    /// Local days.
    Days,
    /// Packages of energy.
    Packages,
    /// The sum of the lines it is worked out from.
    Base,
}

impl Unit {
    /// The word in bills.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::KilowattHours => "kWh",
            Self::Kilovarhours => "kvarh",
            Self::Kilowatts => "kW",
            Self::Days => "days",
            Self::Packages => "packages",
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
    /// How the amount came about.
    pub how: How,
    /// The first day of what the line is about where the bill is cut by versions or values, as in its id; absent where it is whole.
    pub version: Option<NaiveDate>,
    /// What of the bill's period the line is about: that of its version.
    pub period: Period,
    /// The days of earlier bills that it settles, if it does (`RATING` 3.14): the part of its period before that of the bill.
    pub settles: Option<Period>,
    /// The category of tax that this line is, if it is one (`RATING` 3.18).
    pub tax: Option<String>,
    pub(crate) terms: Arc<Terms>,
}

/// What all lines of a bill are made by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) currency: String,
    pub(crate) rounding: Rounding,
    /// The hash of the tariff.
    pub(crate) edition: Arc<str>,
    /// The first days of its versions, in order (`None` = always before); nothing of a tariff without versions.
    pub(crate) versions: Vec<Option<NaiveDate>>,
}

impl Terms {
    /// The first day of the version that all of `period` is priced by, as the tariff says it.
    fn version_of(&self, period: &Period) -> Option<NaiveDate> {
        let version_at = |at: i64| {
            let day = local::date(period.zone, at)?;
            let begun = |from: &&Option<NaiveDate>| from.is_none_or(|from| from <= day);
            *self.versions.iter().rfind(begun)?
        };
        let first = version_at(period.start_ms);
        first.filter(|_| version_at(period.end_ms.saturating_sub(1)) == first)
    }
}

impl Line {
    /// Whether a charge that names `name` means this line: its id, or the id before a band or version.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        if let Some(rest) = self.id.strip_prefix(name) {
            return rest.is_empty() || rest.starts_with(['.', '@']);
        }
        // `energy@2024-04-01` means the lines of all bands of that version.
        let parts = name.split_once('@').zip(self.id.split_once('@'));
        parts.is_some_and(|((name, day), (id, version))| {
            let rest = id.strip_prefix(name);
            day == version && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// [`Self::amount`] with the tariff's places.
    #[must_use]
    pub fn amount_text(&self) -> String {
        self.terms.rounding.show_line(&self.amount)
    }

    /// Of one unit, 0 where there is no such price.
    pub(crate) fn price_or_zero(&self) -> &Exact {
        static ZERO: Exact = Exact::ZERO;
        self.price.as_ref().unwrap_or(&ZERO)
    }

    /// How many local days it is about.
    pub(crate) fn days(&self) -> usize {
        let days = self
            .period
            .day_span()
            .map(|(first, end)| end.signed_duration_since(first));
        let days = days.and_then(|days| usize::try_from(days.num_days()).ok());
        days.unwrap_or_default()
    }

    /// What was done to it after it was computed.
    fn rounding(&self) -> Option<Rounding> {
        Some(self.terms.rounding).filter(|rounding| rounding.scope == Scope::Line)
    }

    /// How the amount came about. It is made here, not when the line was: nobody asks for most.
    #[must_use]
    pub fn explained(&self) -> Explanation {
        let told = self.told();
        let (from, to) = stretch(&self.period);
        let mut facts = self.how.facts(self);
        if let Some(settled) = &self.settles {
            let (from, to) = stretch(settled);
            facts = facts.with("settles", json!({"from": from, "to": to}));
        }
        Explanation {
            words: told.words,
            formula: told.formula,
            facts: facts.into_map(),
            from,
            to,
            edition: Arc::clone(&self.terms.edition),
            version: self.terms.version_of(&self.period),
            unrounded: self.exact.clone(),
            rounding: self.rounding(),
            amount: self.amount_text(),
            currency: self.terms.currency.clone(),
        }
    }

    fn told(&self) -> Told {
        let mut told = self.how.told(self);
        if let Some(settled) = &self.settles {
            told.words.push_str(", settling ");
            told.words.push_str(&span(settled));
        }
        told
    }

    /// [`Self::explained`] as a sentence for a person; the facts, which it has in words, are not made for it.
    #[must_use]
    pub fn explanation(&self) -> String {
        let told = self.told();
        let outcome = Outcome {
            unrounded: &self.exact,
            rounding: self.rounding(),
            amount: &self.amount_text(),
            currency: &self.terms.currency,
        };
        outcome.sentence(&told.words, &told.formula)
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
    /// Those of them that were estimated.
    pub estimated: u32,
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
    /// The tariff's edition.
    pub edition: Arc<str>,
    /// What the next bill gets.
    pub carry: Carry,
}
