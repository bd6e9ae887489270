//! `gridtally tariff compare`: what one load costs in a year under every tariff of a folder, cheapest first.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use tariff_engine::case::{self, Bills, Case, CaseError, Component, Files, Given, Subject};
use tariff_engine::{Exact, Mode};

use super::{read, wrong};
use crate::cli::{CompareArgs, Format};
use crate::error::{CommandError, chain};
use crate::output::{self, Column};
use crate::verb::beside::Beside;

/// Days of a year; a load of a leap year is one as it is.
const YEAR: u64 = 365;
/// Decimal places of amounts in the comparison.
const PLACES: u32 = 2;
const COSTS: &[Column] = &[
    ("TARIFF", "tariff"),
    ("CURRENCY", "currency"),
    ("PER YEAR", "per_year"),
    ("ENERGY", "components.energy"),
    ("EXPORT", "components.export"),
    ("DEMAND", "components.demand"),
    ("FIXED", "components.fixed"),
    ("TAX", "components.tax"),
    ("OTHER", "components.other"),
];
const DIFFERENCES: &[Column] = &[
    ("MORE THAN THE CHEAPEST", "tariff"),
    ("CURRENCY", "currency"),
    ("PER YEAR", "more.per_year"),
    ("ENERGY", "more.energy"),
    ("EXPORT", "more.export"),
    ("DEMAND", "more.demand"),
    ("FIXED", "more.fixed"),
    ("TAX", "more.tax"),
    ("OTHER", "more.other"),
];

/// A file of the folder.
struct TariffFile {
    path: PathBuf,
    /// Or why it has none.
    text: Result<String, CommandError>,
}

/// Why tariffs have no cost, each reason with those tariffs that it does not name itself.
#[derive(Default)]
struct Refusals<'a>(Vec<(String, Vec<&'a Path>)>);

/// What a year costs under a tariff, in whole cents: the components add up to the year.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cost {
    tariff: String,
    currency: String,
    /// Days that were billed.
    days: u64,
    per_year: Exact,
    components: BTreeMap<Component, Exact>,
}

pub(super) fn run(args: &CompareArgs) -> Result<(), CommandError> {
    let load = read(&args.load)?;
    let beside = Beside::read(&args.beside)?;
    let tariffs = tariffs(&args.tariffs)?;
    beside.check(tariffs.iter().filter_map(|file| file.text.as_deref().ok()))?;
    let (mut costs, mut refused) = (Vec::new(), Refusals::default());
    for TariffFile { path: file, text } in &tariffs {
        let text = match text {
            Ok(text) => text,
            Err(error) => {
                refused.add(chain(error), None);
                continue;
            }
        };
        match cost(file, text, &load, &beside) {
            Ok(cost) => costs.push(cost),
            Err(error) => {
                let other = match error.about() {
                    Subject::Load => Some(&args.load),
                    Subject::Prices => args.beside.prices.as_ref(),
                    Subject::Case | Subject::Tariff => None,
                };
                let reason = format!("{}: {error}", other.unwrap_or(file).display());
                refused.add(reason, other.map(|_| file.as_path()));
            }
        }
    }
    print(&costs, args.output)?;
    if refused.0.is_empty() {
        return Ok(());
    }
    let reasons = refused.said(tariffs.len());
    Err(if costs.is_empty() {
        CommandError::Invalid(reasons)
    } else {
        CommandError::Partial(reasons)
    })
}

/// The JSON files of a folder, in order of their names.
fn tariffs(folder: &Path) -> Result<Vec<TariffFile>, CommandError> {
    let mut files = Vec::new();
    let unread = |source| CommandError::Input {
        file: folder.to_owned(),
        source,
    };
    for entry in std::fs::read_dir(folder).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        if path.is_file() && path.extension().is_some_and(|kind| kind == "json") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(wrong(folder, &"there are no tariffs"));
    }
    let read = |path: PathBuf| TariffFile {
        text: read(&path),
        path,
    };
    Ok(files.into_iter().map(read).collect())
}

fn cost(file: &Path, tariff: &str, load: &str, beside: &Beside) -> Result<Cost, CaseError> {
    let is_record = case::is_record(tariff);
    let given = Given {
        // A neutral tariff has a zone of its own, and a record has prices of its own.
        zone: beside.zone.filter(|_| is_record),
        cycle: None,
        values: beside.values.clone(),
        events: beside.events.clone(),
    };
    let files = Files {
        tariff,
        load: Some(load),
        prices: beside.prices.as_deref().filter(|_| !is_record),
    };
    let case = Case::of_load(tariff, load, given)?;
    let bills = case.bills(files)?;
    case.check_year(tariff)?;
    let name = file
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    Ok(per_year(name, &bills))
}

impl<'a> Refusals<'a> {
    /// `under` is the tariff where the reason does not name it.
    fn add(&mut self, reason: String, under: Option<&'a Path>) {
        match self.0.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, files)) => files.extend(under),
            None => self.0.push((reason, under.into_iter().collect())),
        }
    }

    /// A line for every reason, with the tariffs that it keeps from a cost unless those are all.
    fn said(&self, tariffs: usize) -> String {
        let reason = |(reason, under): &(String, Vec<&Path>)| {
            if under.is_empty() || under.len() == tariffs {
                return reason.clone();
            }
            let names = under.iter().filter_map(|file| file.file_name());
            let names: Vec<_> = names.map(|name| name.to_string_lossy()).collect();
            format!("{reason} (under {})", names.join(", "))
        };
        let lines: Vec<String> = self.0.iter().map(reason).collect();
        lines.join("\n")
    }
}

/// The bills of a year as they are, those of another stretch scaled by days.
fn per_year(tariff: String, bills: &Bills) -> Cost {
    let days = bills.days();
    let is_year = days == YEAR || days == YEAR.saturating_add(1);
    let whole = |days: u64| Exact::whole(days.into());
    let scale = if is_year {
        None
    } else {
        whole(YEAR).over(whole(days))
    };
    let scaled = |amount: &Exact| {
        scale
            .as_ref()
            .map_or_else(|| amount.clone(), |scale| amount.times(scale))
    };
    // The engine wrote these amounts: they are decimals.
    let exact = |text: &str| text.parse::<Exact>().unwrap_or(Exact::ZERO);
    let mut components: BTreeMap<Component, Exact> = Component::ALL.map(|part| (part, Exact::ZERO)).into();
    for line in bills.bills.iter().flat_map(|bill| &bill.lines) {
        let sum = components.entry(line.component).or_default();
        *sum = sum.plus(scaled(&exact(&line.amount)));
    }
    let total = scaled(&Exact::sum(bills.bills.iter().map(|bill| exact(&bill.total))));
    let rounding = total.minus(Exact::sum(components.values()));
    let other = components.entry(Component::Other).or_default();
    *other = other.plus(rounding);
    Cost {
        tariff,
        currency: bills.currency.clone(),
        days,
        per_year: in_cents(components.values_mut()),
        components,
    }
}

/// Rounds amounts so that they add up to their rounded sum, which is returned: each ends where the sum so far, rounded, ends. None is off
/// by more than a cent, and what is zero stays so.
fn in_cents<'a>(amounts: impl Iterator<Item = &'a mut Exact>) -> Exact {
    let (mut sum, mut rounded) = (Exact::ZERO, Exact::ZERO);
    for amount in amounts {
        sum = sum.plus(&*amount);
        let end = sum.rounded(PLACES, Mode::HalfUp);
        *amount = end.minus(&rounded);
        rounded = end;
    }
    rounded
}

/// Cheapest first; currencies are not mixed.
fn rows(costs: &[Cost]) -> Vec<Value> {
    let mut sorted: Vec<&Cost> = costs.iter().collect();
    sorted.sort_by(|a, b| (&a.currency, &a.per_year, &a.tariff).cmp(&(&b.currency, &b.per_year, &b.tariff)));
    let row = |cost: &&Cost| {
        let cheapest = sorted
            .iter()
            .find(|other| other.currency == cost.currency)
            .unwrap_or(cost);
        let mut components = Map::new();
        let mut more = Map::new();
        more.insert(
            "per_year".to_owned(),
            shown(&cost.per_year.minus(&cheapest.per_year)),
        );
        for (component, amount) in &cost.components {
            let least = cheapest.components.get(component).cloned().unwrap_or_default();
            components.insert(component.word().to_owned(), shown(amount));
            more.insert(component.word().to_owned(), shown(&amount.minus(least)));
        }
        json!({
            "tariff": cost.tariff, "currency": cost.currency, "days": cost.days, "per_year": shown(&cost.per_year),
            "components": components, "more": more,
        })
    };
    sorted.iter().map(row).collect()
}

fn shown(amount: &Exact) -> Value {
    json!(amount.to_fixed(PLACES, Mode::HalfUp))
}

fn print(costs: &[Cost], format: Format) -> Result<(), CommandError> {
    let rows = rows(costs);
    output::list(format, COSTS, &rows)?;
    if format == Format::Table && rows.len() > 1 {
        output::line("")?;
        output::list(format, DIFFERENCES, &rows)?;
    }
    let days = costs
        .iter()
        .map(|cost| cost.days)
        .find(|days| !(YEAR..=YEAR.saturating_add(1)).contains(days));
    if let Some(days) = days.filter(|_| format == Format::Table) {
        output::note(&format!("the load has {days} days; amounts are scaled to {YEAR}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
