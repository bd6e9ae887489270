//! Case files (`RATING` 1.7): which tariff meets which load, over which cycles, with what beside; and the bills. What files say comes
//! in as text: nothing is opened here.

mod ad_hoc;
mod component;
mod cycle;
mod history;
mod neutral;
mod output;
mod prepaid;
mod registers;
mod urdb;

use std::collections::BTreeSet;

use crate::RatingError;
use crate::exact::Exact;
use crate::load::{Load, MINUTE_MS, Rows};
use crate::reader::{self, At, Problems};
pub use ad_hoc::{Given, is_record, parse_cycle};
pub use component::Component;
use neutral::NeutralCase;
pub use output::{Bill, BillLine, Bills};
use urdb::RecordCase;

/// A case as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its name.
    pub id: String,
    /// What files it needs, by path.
    pub paths: Paths,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Neutral(Box<NeutralCase>),
    Record(Box<RecordCase>),
}

/// The files that a case names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Paths {
    /// `None` = `tariff.json` beside the case.
    pub tariff: Option<String>,
    /// `None` = there is none.
    pub load: Option<String>,
    /// `None` = there is none.
    pub prices: Option<String>,
}

/// The texts of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Files<'a> {
    /// The tariff.
    pub tariff: &'a str,
    /// The load, if the case names one.
    pub load: Option<&'a str>,
    /// The prices, if the case names some.
    pub prices: Option<&'a str>,
}

/// Why a case has no bills.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// The case file is wrong.
    #[error("{0}")]
    Case(Problems),
    /// The tariff is wrong, or holds what cannot be priced.
    #[error("the tariff: {0}")]
    Tariff(Problems),
    /// The load cannot be read.
    #[error("the load: {0}")]
    Load(String),
    /// The load has gaps that cannot be estimated.
    #[error("the load: {0}")]
    Estimation(String),
    /// The prices cannot be read.
    #[error("the prices: {0}")]
    Prices(String),
    /// A bill cannot be computed.
    #[error("the bill from {from} to {to}: {reason}")]
    Bill {
        /// Its first day.
        from: String,
        /// The day after its last.
        to: String,
        /// Where to look.
        about: Subject,
        /// Why.
        reason: String,
    },
}

/// The file in which the cause of an error is to be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The case, or what a person says in its place.
    Case,
    /// The tariff.
    Tariff,
    /// The load.
    Load,
    /// The prices, also where there is no such file.
    Prices,
}

impl Subject {
    fn of(error: &RatingError) -> Self {
        match error {
            RatingError::IntervalMissing { .. }
            | RatingError::IntervalTwice { .. }
            | RatingError::RegisterMissing { .. } => Self::Load,
            RatingError::PriceMissing { .. } => Self::Prices,
            RatingError::Period
            | RatingError::ReadMissing { .. }
            | RatingError::EstimateUnsettled { .. }
            | RatingError::ValueMissing { .. } => Self::Case,
            RatingError::TariffGap { .. }
            | RatingError::Overflow
            | RatingError::ValueWrong { .. }
            | RatingError::NotPriced { .. } => Self::Tariff,
        }
    }
}

impl CaseError {
    /// The file in which its cause is to be looked for.
    #[must_use]
    pub fn about(&self) -> Subject {
        match self {
            Self::Case(_) => Subject::Case,
            Self::Tariff(_) => Subject::Tariff,
            Self::Load(_) | Self::Estimation(_) => Subject::Load,
            Self::Prices(_) => Subject::Prices,
            Self::Bill { about, .. } => *about,
        }
    }
}

/// The error in words; where an interval is missing although the load has a row for it, with the column that is empty.
fn reason(error: &RatingError, rows: Option<&Rows>) -> String {
    if let (RatingError::IntervalMissing { at_ms }, Some(rows)) = (error, rows)
        && let Some(column) = rows.empty_at(*at_ms)
    {
        return format!("{error}: its row has no {column}");
    }
    error.to_string()
}

/// Whether the load is what a case says of it: `interval_minutes` of no interval can only be a mistake in one of both.
fn check_minutes(minutes: Option<&Exact>, load: &Load) -> Result<(), Problems> {
    let of = |length: &i64| Exact::ratio((*length).into(), MINUTE_MS.into());
    let found: BTreeSet<Exact> = load.lengths_ms.iter().filter_map(of).collect();
    let wrong = minutes.filter(|minutes| !found.is_empty() && !found.contains(minutes));
    let Some(minutes) = wrong else { return Ok(()) };
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    let mut problems = Problems::default();
    let reason = format!(
        "says {minutes}, and the intervals of the load have {} minutes",
        found.join(" or ")
    );
    problems.add("interval_minutes", reason);
    Err(problems)
}

impl Case {
    /// Reads a case file.
    ///
    /// # Errors
    /// [`Problems`]: everything that is wrong with it, each with its path.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        reader::document(text, Self::read)
    }

    fn read(at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let mut fields = at.object(problems)?;
        let id = fields.need("id", problems).and_then(|at| at.text(problems));
        let mut path = |key, problems: &mut Problems| {
            fields.maybe(key, problems, |at, problems| at.text(problems).map(str::to_owned))
        };
        let tariff = path("tariff", problems);
        let load = path("load", problems);
        let prices = path("prices", problems);
        let is_record = !fields.has("cycles") && urdb::KEYS.iter().any(|key| fields.has(key));
        let kind = if is_record {
            RecordCase::read(&mut fields, problems).map(|case| Kind::Record(Box::new(case)))
        } else {
            NeutralCase::read(&mut fields, problems).map(|case| Kind::Neutral(Box::new(case)))
        };
        fields.finish(problems);
        let kind = kind?;
        let prices = match &kind {
            Kind::Record(case) => prices?.or_else(|| case.price_file().cloned()),
            Kind::Neutral(_) => prices?,
        };
        Some(Self {
            id: id?.to_owned(),
            paths: Paths {
                tariff: tariff?,
                load: load?,
                prices,
            },
            kind,
        })
    }

    /// Whether its bills, scaled by their days, say what a year costs: what is settled once a year has to be among them.
    ///
    /// # Errors
    /// [`CaseError`]: of a rate record with a minimum of a year, where the months are not those of whole calendar years (`RATING` 2.5).
    pub fn check_year(&self, tariff: &str) -> Result<(), CaseError> {
        match &self.kind {
            Kind::Neutral(_) => Ok(()),
            Kind::Record(case) => case.check_year(tariff),
        }
    }

    /// The bills, one for every cycle.
    ///
    /// # Errors
    /// [`CaseError`]: what is wrong with which file, or why a bill cannot be computed.
    pub fn bills(&self, files: Files<'_>) -> Result<Bills, CaseError> {
        match &self.kind {
            Kind::Neutral(case) => case.bills(&self.id, files),
            Kind::Record(case) => case.bills(&self.id, files),
        }
    }
}
