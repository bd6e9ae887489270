//! A neutral tariff (`RATING` section 3) as it was read: all of it understood, or refused.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use chrono_tz::Tz;
use sha2::{Digest, Sha256};

use crate::bill_charge::BillCharge;
use crate::charge::Charge;
use crate::json::Node;
use crate::reader::{At, Fields, Problems};
use crate::rounding::Rounding;
use crate::statement::Register;

/// The number of the rules by which this crate computes. A change of any amount for the same input is a new number, and the older
/// rules stay.
pub const RATING_RULES: u32 = 1;

/// A tariff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tariff {
    pub(crate) currency: String,
    pub(crate) zone: Tz,
    pub(crate) holidays: BTreeSet<NaiveDate>,
    pub(crate) rounding: Rounding,
    pub(crate) versions: Vec<Version>,
    /// Lines carry the first day of their version.
    pub(crate) versioned: bool,
    pub(crate) bill_charges: Vec<BillCharge>,
    edition: String,
    canonical: String,
}

/// The charges of some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    /// `None` = always before.
    pub(crate) from: Option<NaiveDate>,
    /// Exclusive; `None` = for ever.
    pub(crate) to: Option<NaiveDate>,
    pub(crate) charges: Vec<Charge>,
}

impl Tariff {
    /// Reads a tariff.
    ///
    /// # Errors
    /// [`Problems`]: everything that is wrong with it or not supported, each with its path.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let node = match Node::parse(text) {
            Ok(node) => node,
            Err(reason) => {
                problems.add("", format!("is not JSON: {reason}"));
                return Err(problems);
            }
        };
        let canonical = node.canonical();
        let tariff = Self::read(&At::root(&node), canonical, &mut problems);
        match tariff {
            Some(tariff) if problems.all().is_empty() => Ok(tariff),
            _ => Err(problems),
        }
    }

    fn read(at: &At<'_>, canonical: String, problems: &mut Problems) -> Option<Self> {
        let mut fields = at.object(problems)?;
        let currency = fields
            .need("currency", problems)
            .and_then(|at| read_currency(&at, problems));
        let zone = fields
            .need("timezone", problems)
            .and_then(|at| read_zone(&at, problems));
        let holidays = fields
            .get("holidays")
            .map_or(Some(BTreeSet::new()), |at| read_dates(&at, problems));
        let rounding = fields
            .need("rounding", problems)
            .and_then(|at| Rounding::read(&at, problems));
        let mut names = BTreeSet::new();
        let versions = read_versions(&mut fields, &mut names, problems);
        let bill_charges = fields.get("bill_charges").map_or(Some(Vec::new()), |at| {
            let charges: Vec<_> = at
                .list(problems)?
                .iter()
                .map(|at| BillCharge::read(at, &mut names, problems))
                .collect();
            charges.into_iter().collect()
        });
        fields.finish(problems);
        let (versions, versioned) = versions?;
        Some(Self {
            currency: currency?,
            zone: zone?,
            holidays: holidays?,
            rounding: rounding?,
            versions,
            versioned,
            bill_charges: bill_charges?,
            edition: hex(&Sha256::digest(canonical.as_bytes())),
            canonical,
        })
    }

    /// The edition: SHA-256 of the canonical text, in hexadecimal. Texts that differ only in spaces and the order of keys are one.
    #[must_use]
    pub fn edition(&self) -> &str {
        &self.edition
    }

    /// The text with sorted keys and no spaces; numbers with the digits as written.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// ISO 4217.
    #[must_use]
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// Whose clock its rules mean.
    #[must_use]
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Where it rounds.
    #[must_use]
    pub fn rounding(&self) -> Rounding {
        self.rounding
    }

    /// The registers whose intervals its charges need, in any version.
    #[must_use]
    pub fn registers(&self) -> BTreeSet<Register> {
        self.versions
            .iter()
            .flat_map(|version| &version.charges)
            .filter_map(Charge::register)
            .collect()
    }
}

fn read_currency(at: &At<'_>, problems: &mut Problems) -> Option<String> {
    let text = at.text(problems)?;
    if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Some(text.to_owned());
    }
    at.wrong(problems, "must be three capital letters (ISO 4217)")
}

fn read_zone(at: &At<'_>, problems: &mut Problems) -> Option<Tz> {
    let text = at.text(problems)?;
    text.parse()
        .ok()
        .or_else(|| at.wrong(problems, "must be an IANA time zone"))
}

fn read_dates(at: &At<'_>, problems: &mut Problems) -> Option<BTreeSet<NaiveDate>> {
    let dates: Vec<_> = at.list(problems)?.iter().map(|at| at.date(problems)).collect();
    dates.into_iter().collect()
}

/// The versions in order of their days, and whether there are any; the names of all their lines go into `names`.
fn read_versions(
    fields: &mut Fields<'_>,
    names: &mut BTreeSet<String>,
    problems: &mut Problems,
) -> Option<(Vec<Version>, bool)> {
    let path = fields.path.clone();
    match (fields.get("charges"), fields.get("versions")) {
        (Some(charges), None) => {
            let charges = read_charges(&charges, names, problems)?;
            Some((
                vec![Version {
                    from: None,
                    to: None,
                    charges,
                }],
                false,
            ))
        }
        (None, Some(versions)) => {
            let items = versions.list(problems)?;
            let read: Vec<_> = items.iter().map(|at| read_version(at, names, problems)).collect();
            let found: Vec<Version> = read.into_iter().collect::<Option<_>>()?;
            if found.is_empty() {
                return versions.wrong(problems, "must not be empty");
            }
            for (index, pair) in found.windows(2).enumerate() {
                if let [earlier, later] = pair
                    && earlier.to.is_none_or(|to| later.from < Some(to))
                {
                    let next = items.get(index.saturating_add(1));
                    problems.add(
                        next.map_or("versions", |at| &at.path),
                        "begins before the version before it ends",
                    );
                }
            }
            Some((found, true))
        }
        _ => {
            problems.add(&path, "must have either charges or versions");
            None
        }
    }
}

fn read_version(at: &At<'_>, names: &mut BTreeSet<String>, problems: &mut Problems) -> Option<Version> {
    let mut fields = at.object(problems)?;
    let from = fields
        .need("valid_from", problems)
        .and_then(|at| at.date(problems));
    let to = fields.get("valid_to").map(|at| at.date(problems));
    let charges = fields
        .need("charges", problems)
        .and_then(|at| read_charges(&at, names, problems));
    let path = fields.path.clone();
    fields.finish(problems);
    let (from, to) = (from?, to.map_or(Some(None), |date| date.map(Some))?);
    if to.is_some_and(|to| to <= from) {
        problems.add(&path, "ends before it begins");
    }
    Some(Version {
        from: Some(from),
        to,
        charges: charges?,
    })
}

fn read_charges(at: &At<'_>, names: &mut BTreeSet<String>, problems: &mut Problems) -> Option<Vec<Charge>> {
    let mut ids = BTreeSet::new();
    let read: Vec<_> = at
        .list(problems)?
        .iter()
        .map(|at| Charge::read(at, &mut ids, problems))
        .collect();
    let charges: Vec<Charge> = read.into_iter().collect::<Option<_>>()?;
    names.extend(charges.iter().flat_map(Charge::names));
    Some(charges)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
