//! Charges that make lines of their own. A kind is one file: how it is read, and what line it makes.

mod annual;
mod daily;
mod energy;
mod monthly;

use std::collections::BTreeSet;

use chrono::NaiveDate;

pub(crate) use energy::Energy;

use crate::exact::{Exact, Overflow};
use crate::reader::{At, Fields, Problems};
use crate::statement::{Register, Unit};

/// A charge of a tariff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Charge {
    pub(crate) id: String,
    pub(crate) kind: Kind,
}

/// What a charge counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Energy(Energy),
    Daily(daily::Daily),
    Monthly(monthly::Monthly),
    Annual(annual::Annual),
}

/// A line before it is rounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    /// Appended to the charge's id, with a dot.
    pub(crate) band: Option<String>,
    pub(crate) quantity: Exact,
    pub(crate) unit: Unit,
    pub(crate) price: Option<Exact>,
    pub(crate) exact: Exact,
    /// How the exact amount came about: `3 days x 0.5`.
    pub(crate) how: String,
}

impl Charge {
    /// `taken` are the ids so far; this charge's is added.
    pub(crate) fn read(at: &At<'_>, taken: &mut BTreeSet<String>, problems: &mut Problems) -> Option<Self> {
        let mut fields = at.object(problems)?;
        let id = read_id(&mut fields, taken, problems);
        let kind = fields.need("type", problems).and_then(|at| {
            Some(match at.text(problems)? {
                "energy" => Kind::Energy(Energy::read(&mut fields, problems)?),
                "daily" => Kind::Daily(daily::Daily::read(&mut fields, problems)?),
                "monthly" => Kind::Monthly(monthly::Monthly::read(&mut fields, problems)?),
                "annual" => Kind::Annual(annual::Annual::read(&mut fields, problems)?),
                other => {
                    let known = "energy, daily, monthly and annual";
                    problems.add(
                        &at.path,
                        format!("a charge of type {other:?} is not supported; supported are {known}"),
                    );
                    // Its keys mean nothing here; the type is the problem.
                    return None;
                }
            })
        });
        if kind.is_some() {
            fields.finish(problems);
        }
        Some(Self { id: id?, kind: kind? })
    }

    /// Names by which a line of this charge may be called.
    pub(crate) fn names(&self) -> Vec<String> {
        let bands = match &self.kind {
            Kind::Energy(energy) => energy
                .band_names()
                .map(|name| format!("{}.{name}", self.id))
                .collect(),
            Kind::Daily(_) | Kind::Monthly(_) | Kind::Annual(_) => Vec::new(),
        };
        [vec![self.id.clone()], bands].concat()
    }

    /// The register whose intervals it needs.
    pub(crate) fn register(&self) -> Option<Register> {
        match &self.kind {
            Kind::Energy(energy) => Some(energy.register),
            Kind::Daily(_) | Kind::Monthly(_) | Kind::Annual(_) => None,
        }
    }

    /// The line of a fee for these days; `None` for charges on energy.
    pub(crate) fn fee(&self, days: &[NaiveDate]) -> Result<Option<Draft>, Overflow> {
        match &self.kind {
            Kind::Energy(_) => Ok(None),
            Kind::Daily(daily) => daily.line(days).map(Some),
            Kind::Monthly(monthly) => monthly.line(days).map(Some),
            Kind::Annual(annual) => annual.line(days).map(Some),
        }
    }
}

/// An id that is unique in its version and leaves `.` and `@` to bands and versions.
pub(crate) fn read_id(
    fields: &mut Fields<'_>,
    taken: &mut BTreeSet<String>,
    problems: &mut Problems,
) -> Option<String> {
    let at = fields.need("id", problems)?;
    let id = at.text(problems)?;
    if !is_name(id) {
        return at.wrong(problems, "must be 1 to 64 of A-Z a-z 0-9 _ : -");
    }
    if !taken.insert(id.to_owned()) {
        return at.wrong(problems, "another charge has this id");
    }
    Some(id.to_owned())
}

/// Whether a text may name a charge or a band.
pub(crate) fn is_name(text: &str) -> bool {
    model::is_valid_id(text) && !text.contains('.')
}

/// Days as a number.
pub(crate) fn count(days: &[NaiveDate]) -> Exact {
    Exact::whole(i128::try_from(days.len()).unwrap_or(i128::MAX))
}

#[cfg(test)]
mod tests;
