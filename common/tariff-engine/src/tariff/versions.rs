//! Versions of a tariff, which follow each other in time (`RATING` 3.11).

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::PREVIOUSLY_BILLED;
use crate::charge::{Charge, TAKEN};
use crate::reader::{At, Fields, Problems};

/// The most charges of a version, and the most bill charges: each may add digits to an exact sum.
pub(super) const MAX_CHARGES: usize = 100;

/// The charges of some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    /// `None` = always before.
    pub(crate) from: Option<NaiveDate>,
    /// Exclusive; `None` = for ever.
    pub(crate) to: Option<NaiveDate>,
    pub(crate) charges: Vec<Charge>,
    /// Its place in the list of the text, which need not be in order.
    pub(super) place: usize,
}

/// The versions in order of their days, and whether there are any; the names of all their lines go into `names`.
pub(super) fn read(
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
                    place: 0,
                }],
                false,
            ))
        }
        (None, Some(versions)) => {
            let items = versions.list(problems)?;
            let numbered = items.iter().enumerate();
            let read: Vec<_> = numbered.map(|item| read_version(item, names, problems)).collect();
            let found: Vec<Version> = read.into_iter().collect::<Option<_>>()?;
            if found.is_empty() {
                return versions.wrong(problems, "must not be empty");
            }
            let mut found: Vec<(Version, &At<'_>)> = found.into_iter().zip(&items).collect();
            found.sort_by_key(|(version, _)| version.from);
            for pair in found.windows(2) {
                if let [(earlier, _), (later, at)] = pair
                    && earlier.to.is_none_or(|to| later.from < Some(to))
                {
                    problems.add_as(
                        "VERSION_OVERLAP",
                        &at.path,
                        "begins before the version before it ends",
                    );
                }
            }
            Some((found.into_iter().map(|(version, _)| version).collect(), true))
        }
        _ => {
            problems.add(&path, "must have either charges or versions");
            None
        }
    }
}

fn read_version(
    (place, at): (usize, &At<'_>),
    names: &mut BTreeSet<String>,
    problems: &mut Problems,
) -> Option<Version> {
    let mut fields = at.object(problems)?;
    let from = fields
        .need("valid_from", problems)
        .and_then(|at| at.date(problems));
    let to = fields.maybe("valid_to", problems, |at, problems| at.date(problems));
    let charges = fields
        .need("charges", problems)
        .and_then(|at| read_charges(&at, names, problems));
    fields.maybe("name", problems, |at, problems| at.text(problems).map(drop));
    let path = fields.path.clone();
    fields.finish(problems);
    let (from, to) = (from?, to?);
    if to.is_some_and(|to| to <= from) {
        problems.add(&path, "ends before it begins");
    }
    Some(Version {
        from: Some(from),
        to,
        charges: charges?,
        place,
    })
}

fn read_charges(at: &At<'_>, names: &mut BTreeSet<String>, problems: &mut Problems) -> Option<Vec<Charge>> {
    let mut ids = BTreeSet::from([PREVIOUSLY_BILLED.to_owned()]);
    let items = at.list(problems)?;
    problems.judge(&at.path, items.len() <= MAX_CHARGES, "are more than 100");
    let read: Vec<_> = items
        .iter()
        .map(|at| Charge::read(at, &mut ids, problems))
        .collect();
    let charges: Vec<Charge> = read.into_iter().collect::<Option<_>>()?;
    for (index, charge) in charges.iter().enumerate() {
        for other in charge.other_ids() {
            let path = format!("{}[{index}].excess_id", at.path);
            problems.judge(&path, ids.insert(other), TAKEN);
        }
    }
    names.extend(charges.iter().flat_map(Charge::names));
    Some(charges)
}
