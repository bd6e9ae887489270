//! Charges worked out from the lines before them (`RATING` 3.12). A kind is one file.

mod maximum;
mod minimum;
mod percent;

use std::collections::BTreeSet;

use crate::charge::read_id;
use crate::exact::{Exact, Overflow};
use crate::reader::{At, Fields, Problems};
use crate::rounding::Rounding;
use crate::statement::Line;

/// A charge on the bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BillCharge {
    pub(crate) id: String,
    /// Names of lines; `None` = all so far.
    of: Option<Vec<String>>,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Percent(percent::Percent),
    Minimum(minimum::Minimum),
    Maximum(maximum::Maximum),
}

/// What a kind makes of the lines it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) price: Option<Exact>,
    pub(crate) exact: Exact,
    pub(crate) how: String,
}

impl BillCharge {
    /// `names` are those of the lines before it; its own is added.
    pub(crate) fn read(at: &At<'_>, names: &mut BTreeSet<String>, problems: &mut Problems) -> Option<Self> {
        let mut fields = at.object(problems)?;
        let before = names.clone();
        let id = read_id(&mut fields, names, problems);
        let of = fields.get("of").map(|at| read_of(&at, &before, problems));
        let kind = fields.need("type", problems).and_then(|at| {
            Some(match at.text(problems)? {
                "percent" => Kind::Percent(percent::Percent::read(&mut fields, problems)?),
                "minimum" => Kind::Minimum(minimum::Minimum::read(&mut fields, problems)?),
                "maximum" => Kind::Maximum(maximum::Maximum::read(&mut fields, problems)?),
                other => {
                    let known = "percent, minimum and maximum";
                    problems.add(
                        &at.path,
                        format!("a bill charge of type {other:?} is not supported; supported are {known}"),
                    );
                    return None;
                }
            })
        });
        if kind.is_some() {
            fields.finish(problems);
        }
        Some(Self {
            id: id?,
            of: of.map_or(Some(None), |names| names.map(Some))?,
            kind: kind?,
        })
    }

    /// The category, if this is a tax.
    pub(crate) fn tax(&self) -> Option<&str> {
        match &self.kind {
            Kind::Percent(percent) => percent.tax(),
            Kind::Minimum(_) | Kind::Maximum(_) => None,
        }
    }

    /// Whether `line`, one of those before it, is among those it is about.
    pub(crate) fn is_of(&self, line: &Line) -> bool {
        self.of
            .as_ref()
            .is_none_or(|names| names.iter().any(|name| line.is_named(name)))
    }

    /// The sum it starts from, and what it makes of it.
    pub(crate) fn apply(&self, lines: &[Line], rounding: &Rounding) -> Result<(Exact, Outcome), Overflow> {
        let about: Vec<Exact> = lines
            .iter()
            .filter(|line| self.is_of(line))
            .map(|line| line.amount)
            .collect();
        let sum = about
            .iter()
            .try_fold(Exact::ZERO, |sum, amount| sum.plus(*amount))?;
        let outcome = match &self.kind {
            Kind::Percent(percent) => percent.apply(&about, sum, rounding)?,
            Kind::Minimum(minimum) => minimum.apply(sum)?,
            Kind::Maximum(maximum) => maximum.apply(sum)?,
        };
        Ok((sum, outcome))
    }
}

/// Names of lines that come before. `energy@2024-04-01` names the line of one version.
fn read_of(at: &At<'_>, before: &BTreeSet<String>, problems: &mut Problems) -> Option<Vec<String>> {
    let items = at.list(problems)?;
    if items.is_empty() {
        return at.wrong(problems, "must name a line; leave it out to mean all");
    }
    let read = |item: &At<'_>, problems: &mut Problems| {
        let name = item.text(problems)?;
        let known = name.split('@').next().is_some_and(|name| before.contains(name));
        if known {
            Some(name.to_owned())
        } else {
            item.wrong(problems, "names no line before this one")
        }
    };
    let names: Vec<_> = items.iter().map(|item| read(item, problems)).collect();
    names.into_iter().collect()
}

/// The bound of a minimum or maximum.
fn read_amount(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Exact> {
    fields.need("amount", problems)?.number(problems)
}
