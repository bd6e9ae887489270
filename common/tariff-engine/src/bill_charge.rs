//! Charges worked out from the lines before them (`RATING` 3.12).

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::RatingError;
use crate::charge::{Unknown, read_id};
use crate::exact::Exact;
use crate::how::{LinesHow, LinesRule};
use crate::reader::{At, Fields, Problems, date_of};
use crate::rounding::Rounding;
use crate::statement::{Line, Register};

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
    /// A share of the lines: tax, levy, discount.
    Percent {
        /// 0.20 = 20 %; negative = a discount.
        rate: Exact,
        /// Worked out and rounded on each line, then added.
        per_line: bool,
        /// The category of a tax (`RATING` 3.18).
        tax: Option<String>,
    },
    /// What is missing to a least amount.
    Minimum(Exact),
    /// What is too much above a greatest amount.
    Maximum(Exact),
    /// What is too much above a greatest price of a kilowatt-hour.
    MaxPerKwh { rate: Exact, register: Register },
}

/// What a kind makes of the lines it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The sum of the lines.
    pub(crate) sum: Exact,
    pub(crate) price: Option<Exact>,
    pub(crate) exact: Exact,
    pub(crate) how: LinesHow,
}

impl BillCharge {
    /// `names` are those of the lines before it; its own is added.
    pub(crate) fn read(at: &At<'_>, names: &mut BTreeSet<String>, problems: &mut Problems) -> Option<Self> {
        let mut fields = at.object(problems)?;
        let before = names.clone();
        let id = read_id(&mut fields, names, problems);
        let of = fields.maybe("of", problems, |at, problems| read_of(at, &before, problems));
        let name = fields.need("type", problems).and_then(|at| at.text(problems))?;
        let kind = Kind::read(name, &mut fields, problems);
        if kind != Err(Unknown) {
            fields.finish(problems);
        }
        Some(Self {
            id: id?,
            of: of?,
            kind: kind.ok()??,
        })
    }

    /// What its line is called.
    pub(crate) fn id(&self) -> &String {
        &self.id
    }

    /// The category, if this is a tax.
    pub(crate) fn tax(&self) -> Option<&str> {
        match &self.kind {
            Kind::Percent { tax, .. } => tax.as_deref(),
            Kind::Minimum(_) | Kind::Maximum(_) | Kind::MaxPerKwh { .. } => None,
        }
    }

    /// The register whose energy of the whole cycle it needs.
    pub(crate) fn register(&self) -> Option<&Register> {
        match &self.kind {
            Kind::MaxPerKwh { register, .. } => Some(register),
            Kind::Percent { .. } | Kind::Minimum(_) | Kind::Maximum(_) => None,
        }
    }

    /// Whether `line`, one of those before it, is among those it is about.
    pub(crate) fn is_of(&self, line: &Line) -> bool {
        self.of
            .as_ref()
            .is_none_or(|names| names.iter().any(|name| line.is_named(name)))
    }

    /// Whether it is about the lines of that name: it names them, or what they are part of.
    pub(crate) fn is_of_name(&self, name: &str) -> bool {
        self.of.as_ref().is_none_or(|names| {
            let is_part = |of: &String| {
                name.strip_prefix(of.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            names.iter().any(is_part)
        })
    }

    /// The names in its `of` that have a day, with their place there, the name before the `@` and the day.
    pub(crate) fn dated(&self) -> impl Iterator<Item = (usize, &str, NaiveDate)> {
        let names = self.of.iter().flatten().enumerate();
        names.filter_map(|(place, name)| {
            let (line, day) = split_day(name);
            Some((place, line, date_of(day?)?))
        })
    }

    /// Whether it is about all lines before it.
    pub(crate) fn is_of_all(&self) -> bool {
        self.of.is_none()
    }

    /// Whether it is a share of lines, which may be worked out for some of them.
    pub(crate) fn is_percent(&self) -> bool {
        match &self.kind {
            Kind::Percent { .. } => true,
            Kind::Minimum(_) | Kind::Maximum(_) | Kind::MaxPerKwh { .. } => false,
        }
    }

    /// What it makes of the lines that it is about and the energy of the cycle.
    pub(crate) fn apply<'l>(
        &self,
        about: impl Iterator<Item = &'l Line>,
        totals: &BTreeMap<Register, Exact>,
        rounding: &Rounding,
    ) -> Result<Outcome, RatingError> {
        let of: Vec<(String, Exact)> = about.map(|line| (line.id.clone(), line.amount.clone())).collect();
        let sum = Exact::sum(of.iter().map(|(_, amount)| amount));
        let (price, exact, rule) = match &self.kind {
            Kind::Percent { rate, per_line, .. } => {
                if *per_line {
                    let each = of.iter().map(|(_, amount)| rounding.line(&amount.times(rate)));
                    let rule = LinesRule::PercentOfEach(rate.clone(), *rounding);
                    (None, Exact::sum(each), rule)
                } else {
                    (
                        Some(rate.clone()),
                        sum.times(rate),
                        LinesRule::Percent(rate.clone()),
                    )
                }
            }
            Kind::Minimum(amount) => {
                let lack = amount.minus(&sum).at_least_zero();
                (None, lack, LinesRule::Minimum(amount.clone()))
            }
            Kind::Maximum(amount) => {
                let surplus = sum.minus(amount).at_least_zero();
                (None, surplus.negated(), LinesRule::Maximum(amount.clone()))
            }
            Kind::MaxPerKwh { rate, register } => {
                let kwh = totals.get(register).ok_or_else(|| RatingError::RegisterMissing {
                    charge: self.id.clone(),
                    register: register.name().to_owned(),
                })?;
                let surplus = sum.minus(rate.times(kwh)).at_least_zero();
                let rule = LinesRule::MaxPerKwh {
                    rate: rate.clone(),
                    register: register.clone(),
                    kwh: kwh.clone(),
                };
                (None, surplus.negated(), rule)
            }
        };
        Ok(Outcome {
            sum,
            price,
            exact,
            how: LinesHow { of, rule },
        })
    }
}

impl Kind {
    /// The kind of a name, or what is wrong with its keys; every key that it may have was asked for then.
    fn read(name: &str, fields: &mut Fields<'_>, problems: &mut Problems) -> Result<Option<Self>, Unknown> {
        Ok(match name {
            "percent" => {
                let rate = fields.number("rate", problems);
                let per_line = fields.maybe("per_line", problems, |at, problems| at.flag(problems));
                let tax = fields.maybe("tax", problems, read_tax);
                rate.zip(per_line)
                    .zip(tax)
                    .map(|((rate, per_line), tax)| Self::Percent {
                        rate,
                        per_line: per_line.unwrap_or(false),
                        tax,
                    })
            }
            "minimum" => fields.number("amount", problems).map(Self::Minimum),
            "maximum" => fields.number("amount", problems).map(Self::Maximum),
            "max_per_kwh" => {
                let rate = fields.number("rate", problems);
                let register = fields.maybe("register", problems, Register::read);
                rate.zip(register).map(|(rate, register)| Self::MaxPerKwh {
                    rate,
                    register: register.unwrap_or(Register::Import),
                })
            }
            other => {
                let path = fields.path_of("type");
                problems.add(&path, format!("a bill charge of type {other:?} is not known"));
                return Err(Unknown);
            }
        })
    }
}

/// A category, and why it is exempt if it is.
fn read_tax(at: &At<'_>, problems: &mut Problems) -> Option<String> {
    let mut fields = at.object(problems)?;
    let category = fields.need("category", problems).and_then(|at| at.text(problems));
    let exemption = fields.maybe("exemption", problems, |at, problems| {
        at.text(problems).map(str::to_owned)
    });
    fields.finish(problems);
    exemption?;
    category.map(str::to_owned)
}

/// A name in `of` without the day after its `@`, and the day as it is written.
pub(crate) fn split_day(name: &str) -> (&str, Option<&str>) {
    match name.split_once('@') {
        Some((line, day)) => (line, Some(day)),
        None => (name, None),
    }
}

/// Names of lines that come before. `energy@2024-04-01` names the line whose first day that is.
fn read_of(at: &At<'_>, before: &BTreeSet<String>, problems: &mut Problems) -> Option<Vec<String>> {
    let items = at.list(problems)?;
    if items.is_empty() {
        return at.wrong(problems, "must name a line; leave it out to mean all");
    }
    at.several(problems, |item, problems| {
        let name = item.text(problems)?;
        let (line, day) = split_day(name);
        if !before.contains(line) {
            return item.wrong(problems, "names no line before this one");
        }
        if day.is_some_and(|day| date_of(day).is_none()) {
            return item.wrong(problems, "must have a date like 2026-01-31 after the @");
        }
        Some(name.to_owned())
    })
}
