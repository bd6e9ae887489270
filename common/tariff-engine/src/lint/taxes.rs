//! Tariffs by which no bill can be issued, for want of a tax or for too many (`RATING` 3.18).

use std::collections::{BTreeMap, BTreeSet};

use super::limits::number;
use super::{Finding, Subject, bill_charges, charge_path, names_of, text_of};
use crate::bill_charge::BillCharge;
use crate::charge::Charge;
use crate::json::Node;
use crate::tariff::PREVIOUSLY_BILLED;

const CODE: &str = "TAX";
/// The category of what is exempt (UNTDID 5305).
const EXEMPT: &str = "E";
/// The category of what is taxed at nothing (UNTDID 5305).
const ZERO_RATED: &str = "Z";

/// Names that a sentence holds.
const SHOWN: usize = 5;

/// A bill charge that is a tax.
struct Tax<'a> {
    /// Among the bill charges.
    place: usize,
    charge: &'a BillCharge,
    /// What it names with a day.
    dated: Vec<&'a str>,
}

/// Lines that one thing makes.
struct Made {
    path: String,
    lines: Vec<String>,
    /// The first bill charge that may be about them.
    from: usize,
}

pub(super) fn not_once(subject: &Subject<'_>) -> Vec<Finding> {
    let taxes = taxes(subject);
    if !taxes.is_empty() {
        let made = all(subject);
        let wrong = made.iter().flat_map(|made| taken(&taxes, made));
        return wrong.chain(blank(subject)).chain(exempt(subject)).collect();
    }
    let text = "no tax category is named: the platform holds every bill under this tariff (TAX); where no tax is due, a percent charge \
        with rate 0, a category and its exemption says so";
    vec![Finding::warning(CODE, "bill_charges", text)]
}

/// The lines that are no tax; a line of several versions is said once.
fn all(subject: &Subject<'_>) -> Vec<Made> {
    let tariff = subject.tariff;
    let mut made = Vec::new();
    let mut seen = BTreeSet::new();
    for (version, of) in tariff.versions.iter().enumerate() {
        for (index, charge) in of.charges.iter().enumerate() {
            let mut lines = lines_of(charge);
            lines.retain(|line| seen.insert(line.clone()));
            let path = charge_path(tariff, version, index);
            made.push(Made { path, lines, from: 0 });
        }
    }
    if tariff.trueup {
        made.push(Made {
            path: "estimated_reads".to_owned(),
            lines: vec![PREVIOUSLY_BILLED.to_owned()],
            from: 0,
        });
    }
    let numbered = tariff.bill_charges.iter().enumerate();
    let untaxed = numbered.filter(|(_, charge)| charge.tax().is_none());
    made.extend(untaxed.map(|(index, charge)| Made {
        path: format!("bill_charges[{index}]"),
        lines: vec![charge.id().clone()],
        from: index.saturating_add(1),
    }));
    made
}

/// The names of all lines that a charge may make.
fn lines_of(charge: &Charge) -> Vec<String> {
    let suffixes = charge.pricing().suffixes();
    let has_line_of_its_own = suffixes.is_empty() || charge.pricing().keeps(1).is_some(); // a bank
    let mut names = charge.names();
    if !has_line_of_its_own {
        let heads = [vec![charge.id.clone()], charge.other_ids()].concat();
        names.retain(|name| !heads.contains(name));
    }
    names
}

/// The taxes in order.
fn taxes<'a>(subject: &Subject<'a>) -> Vec<Tax<'a>> {
    let written = subject.tariff.bill_charges.iter().zip(bill_charges(subject));
    let numbered = written.enumerate();
    let mine = numbered.filter(|(_, (charge, _))| charge.tax().is_some());
    let tax = mine.map(|(place, (charge, node))| {
        let names = names_of(node).unwrap_or_default().into_iter();
        let dated = names.filter_map(|name| Some(name.split_once('@')?.0));
        Tax {
            place,
            charge,
            dated: dated.collect(),
        }
    });
    tax.collect()
}

/// What is wrong with lines, one finding for all that the same taxes take.
fn taken(taxes: &[Tax<'_>], made: &Made) -> Vec<Finding> {
    let later = || taxes.iter().filter(|tax| tax.place >= made.from);
    let mut by_taxes: BTreeMap<Vec<&str>, Vec<&str>> = BTreeMap::new();
    let on_all_days = |line: &&String| !later().any(|tax| tax.takes_on_some_day(line));
    for line in made.lines.iter().filter(on_all_days) {
        let takers = later().filter(|tax| tax.charge.is_of_name(line));
        let takers = takers.map(|tax| tax.charge.id().as_str()).collect();
        by_taxes.entry(takers).or_default().push(line);
    }
    let wrong = by_taxes.iter().filter(|(taxes, _)| taxes.len() != 1);
    let finding = |(taxes, lines): (&Vec<&str>, &Vec<&str>)| {
        let (lines, taxes) = (shown(lines), shown(taxes));
        let what = if taxes.is_empty() {
            format!("no tax takes {lines}")
        } else {
            format!("more than one tax takes {lines} ({taxes})")
        };
        let text = format!("{what}: the platform holds every bill with that (TAX)");
        Finding::warning(CODE, made.path.clone(), text)
    };
    wrong.map(finding).collect()
}

/// The first names, and how many more there are.
fn shown(names: &[&str]) -> String {
    let first: Vec<&str> = names.iter().take(SHOWN).copied().collect();
    match names.len().saturating_sub(SHOWN) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

impl Tax<'_> {
    /// Whether it names `line`, or what that is part of, on a day: `energy@2024-04-01`. Which bills have that day, nothing says.
    fn takes_on_some_day(&self, line: &str) -> bool {
        let is_part = |rest: &str| rest.is_empty() || rest.starts_with('.');
        self.dated
            .iter()
            .any(|of| line.strip_prefix(of).is_some_and(is_part))
    }
}

/// A category that says nothing: by it lines count as taxed.
fn blank(subject: &Subject<'_>) -> Vec<Finding> {
    let charges = bill_charges(subject).iter().enumerate();
    let is_blank = |charge: &Node| {
        let category = charge.get("tax").and_then(|tax| text_of(tax, "category"));
        category.is_some_and(|category| category.trim().is_empty())
    };
    let blank = charges.filter(|(_, charge)| is_blank(charge));
    let finding = |(index, _)| {
        let text =
            "a tax without a category: the platform issues bills by it, and nothing says which tax it is";
        Finding::warning(CODE, format!("bill_charges[{index}].tax.category"), text)
    };
    blank.map(finding).collect()
}

/// An exemption without a reason, or with a tax; a rate of nothing that is one.
fn exempt(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, charge) in bill_charges(subject).iter().enumerate() {
        let Some(tax) = charge.get("tax") else { continue };
        let (category, word) = match text_of(tax, "category") {
            Some(EXEMPT) => (EXEMPT, "exempt"),
            Some(ZERO_RATED) => (ZERO_RATED, "zero rated"),
            _ => continue,
        };
        let mut doubt = |key: &str, text: String| {
            findings.push(Finding::warning(
                CODE,
                format!("bill_charges[{index}].{key}"),
                text,
            ));
        };
        let reason = text_of(tax, "exemption").unwrap_or_default();
        if category == EXEMPT && reason.trim().is_empty() {
            doubt("tax.exemption", "category E without a reason for it".to_owned());
        }
        if let Some(rate) = charge.get("rate").and_then(number)
            && !rate.is_zero()
        {
            doubt(
                "rate",
                format!("category {category} is {word}, and {rate} is charged"),
            );
        }
    }
    findings
}
