//! A rate record as it was read: versions 3 to 8, in both spellings (`RATING` 2.1). What can be priced is understood; what cannot is
//! refused, unless the rules say that it may be ignored.

use crate::exact::Exact;
use crate::json::Node;
use crate::reader::{self, At, Problems};

use super::keys::Keys;
use super::schedule::{self, Schedule};
use super::tiers::{self, Tier};

/// Beside texts: who may have the rate, and what the rules leave out.
const IGNORED: [&str; 38] = [
    "_id",
    "approved",
    "coincidentratestructure",
    "coincidentrateschedule",
    "coincidentrateunit",
    "coincidentsched",
    "demandattrs",
    "demandkeyvals",
    "demandreactivepowercharge",
    "demandreactpwrcharge",
    "demandwindow",
    "effectivedate",
    "eiaid",
    "enddate",
    "energyattrs",
    "energykeyvals",
    "energytoulabels",
    "fixedattrs",
    "fixedchargeeaaddl", // of every meter after the first: a load is one meter's
    "fixedkeyvals",
    "is_default",
    "latest_update",
    "maxdemand",
    "maximumdemand",
    "mindemand",
    "minimumdemand",
    "peakkwcapacityhistory",
    "peakkwcapacitymax",
    "peakkwcapacitymin",
    "peakkwhusagehistory",
    "peakkwhusagemax",
    "peakkwhusagemin",
    "revisions",
    "startdate",
    "voltagediscounts",
    "voltagemaximum",
    "voltageminimum",
    "version",
];
/// Adjustments that a record may hold, and that are not part of the rules.
const NOT_PRICED: &str = "fueladjustmentsmonthly";
/// How far back a record's own ratchet looks: months of the year, or a number of months.
const LOOK_BACK: [&str; 2] = ["lookbackmonths", "lookbackrange"];

/// A rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// Empty where it has no prices of energy.
    pub(super) energy: Vec<Vec<Tier>>,
    pub(super) energy_schedule: Schedule,
    /// Periods of the flat demand, and which of them by month.
    pub(super) flat_demand: Option<(Vec<Vec<Tier>>, Vec<usize>)>,
    pub(super) tou_demand: Option<(Vec<Vec<Tier>>, Schedule)>,
    pub(super) fixed: Option<(Exact, Per)>,
    pub(super) minimums: Vec<(Exact, Per)>,
    /// The key of a ratchet of its own, which is priced as the case's option says, or not at all.
    pub(super) own_ratchet: Option<String>,
}

/// What an amount is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Per {
    Month,
    Day,
    Year,
}

impl Record {
    /// Whether a JSON text is a rate record rather than a neutral tariff.
    pub(crate) fn looks_like(text: &str) -> bool {
        let Ok(node) = Node::parse(text) else { return false };
        let Node::Object(pairs) = node else { return false };
        let has = |name: &str| pairs.iter().any(|(key, _)| key.eq_ignore_ascii_case(name));
        !has("charges")
            && !has("versions")
            && (has("energyratestructure") || has("fixedchargefirstmeter") || has("flatdemandstructure"))
    }

    /// Reads a record.
    pub(crate) fn parse(text: &str) -> Result<Self, Problems> {
        reader::document(text, Self::read)
    }

    /// Period and price of a kilowatt-hour in its first tier, by month (1 to 12) and hour.
    pub(crate) fn price_at(&self, month: u32, is_weekend: bool, hour: u32) -> (String, Exact) {
        let index = |number: u32| usize::try_from(number).unwrap_or_default();
        let period = self
            .energy_schedule
            .period(index(month.saturating_sub(1)), is_weekend, index(hour));
        let tiers = self.energy.get(period).map(Vec::as_slice).unwrap_or_default();
        let name = if tiers.len() > 1 {
            format!("period {period}, first of {} tiers", tiers.len())
        } else {
            format!("period {period}")
        };
        (
            name,
            tiers.first().map(|tier| tier.price.clone()).unwrap_or_default(),
        )
    }

    /// What is paid beside energy.
    pub(crate) fn beside(&self) -> Vec<String> {
        let parts = [
            ("demand_flat", self.flat_demand.is_some()),
            ("demand_tou", self.tou_demand.is_some()),
            ("fixed", self.fixed.is_some()),
            ("minimum", !self.minimums.is_empty()),
        ];
        let there = parts.iter().filter(|(_, is_there)| *is_there);
        there.map(|(name, _)| (*name).to_owned()).collect()
    }

    /// Structure and number of every period that no schedule names.
    pub(crate) fn unused_periods(&self) -> Vec<(&'static str, usize)> {
        let of = |name, periods: usize, used: Vec<usize>| {
            let unused = (0..periods).filter(move |period| !used.contains(period));
            unused.map(move |period| (name, period)).collect::<Vec<_>>()
        };
        let mut unused = of(
            "energyratestructure",
            self.energy.len(),
            self.energy_schedule.named(),
        );
        if let Some((structure, schedule)) = &self.tou_demand {
            unused.extend(of("demandratestructure", structure.len(), schedule.named()));
        }
        if let Some((structure, months)) = &self.flat_demand {
            unused.extend(of("flatdemandstructure", structure.len(), months.clone()));
        }
        unused
    }

    /// Structure and number of every period whose last tier has a limit: a month with more is refused.
    pub(crate) fn limited_periods(&self) -> Vec<(&'static str, usize)> {
        let structures = [
            ("energyratestructure", Some(&self.energy)),
            (
                "demandratestructure",
                self.tou_demand.as_ref().map(|(structure, _)| structure),
            ),
            (
                "flatdemandstructure",
                self.flat_demand.as_ref().map(|(structure, _)| structure),
            ),
        ];
        let there = structures.into_iter().filter_map(|(name, of)| Some((name, of?)));
        let limited = there.flat_map(|(name, structure)| {
            let numbered = structure.iter().enumerate();
            let ends = numbered.filter(|(_, tiers)| tiers.last().is_some_and(Tier::has_limit));
            ends.map(move |(period, _)| (name, period))
        });
        limited.collect()
    }

    /// The number of every period of energy with limits of different units: which of them is higher, each month says.
    pub(crate) fn mixed_periods(&self) -> Vec<usize> {
        let numbered = self.energy.iter().enumerate();
        let mixed = numbered.filter(|(_, tiers)| tiers::have_several_units(tiers));
        mixed.map(|(period, _)| period).collect()
    }

    /// Whether it prices energy; without, only `options.price_file` does.
    pub(crate) fn prices_energy(&self) -> bool {
        !self.energy.is_empty()
    }

    /// The key of a ratchet that only `options.ratchet` can price.
    pub(crate) fn own_ratchet(&self) -> Option<&str> {
        self.own_ratchet.as_deref()
    }

    fn read(at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let mut keys = Keys::read(at, problems)?;
        let energy = keys.maybe("energyratestructure", problems, |at, problems| {
            tiers::read(at, true, problems)
        });
        let energy_schedule = read_schedule(&mut keys, "energy", periods(energy.as_ref()), problems);
        let flat = read_flat(&mut keys, problems);
        let tou = keys.maybe("demandratestructure", problems, |at, problems| {
            tiers::read(at, false, problems)
        });
        let tou_schedule = read_schedule(&mut keys, "demand", periods(tou.as_ref()), problems);
        check_units(&mut keys, problems);
        let fixed = read_fixed(&mut keys, problems);
        let minimums = read_minimums(&mut keys, problems);
        if let Some(at) = keys.get(NOT_PRICED).filter(|at| !is_nothing(at)) {
            problems.add(&at.path, "is not priced: give adjustments as adj");
        }
        let own_ratchet = read_own_ratchet(&mut keys);
        keys.finish_without(&IGNORED, problems);
        Some(Self {
            energy: energy?.unwrap_or_default(),
            energy_schedule: energy_schedule?,
            flat_demand: flat?,
            tou_demand: tou?.zip(tou_schedule),
            fixed: fixed?,
            minimums: minimums?,
            own_ratchet,
        })
    }
}

/// The key of a ratchet that has an effect: it has a percentage, and does not say that it looks back nowhere.
fn read_own_ratchet(keys: &mut Keys<'_>) -> Option<String> {
    let back = LOOK_BACK.map(|key| keys.get(key).map(|at| is_nothing(&at)));
    let nowhere = back.iter().flatten().next().is_some() && back.iter().flatten().all(|nothing| *nothing);
    let percent = keys
        .get("lookbackpercent")
        .filter(|at| !is_nothing(at) && !nowhere);
    let monthly = keys.get("demandratchetpercentage").filter(|at| !is_nothing(at));
    percent.or(monthly).map(|at| at.path)
}

/// How many periods a structure has; none where it is absent or wrong.
fn periods(structure: Option<&Option<Vec<Vec<Tier>>>>) -> usize {
    structure.and_then(Option::as_ref).map_or(0, Vec::len)
}

fn read_schedule(
    keys: &mut Keys<'_>,
    what: &'static str,
    periods: usize,
    problems: &mut Problems,
) -> Option<Schedule> {
    let (weekday, weekend) = match what {
        "energy" => ("energyweekdayschedule", "energyweekendschedule"),
        _ => ("demandweekdayschedule", "demandweekendschedule"),
    };
    let path = if keys.path.is_empty() {
        weekday.to_owned()
    } else {
        keys.path.clone()
    };
    if periods == 0 {
        // Schedules of a structure that is not there mean nothing.
        keys.get(weekday);
        keys.get(weekend);
        return Some(Schedule::constant());
    }
    let mut read = |key, problems: &mut Problems| {
        keys.maybe(key, problems, |at, problems| {
            schedule::read(at, periods, problems)
        })
    };
    let weekday = read(weekday, problems);
    let weekend = read(weekend, problems);
    match (weekday?, weekend?) {
        (Some(weekday), Some(weekend)) => Some(Schedule::of(weekday, weekend)),
        (None, None) if periods == 1 => Some(Schedule::constant()),
        _ => {
            problems.add(
                &path,
                "the schedules of weekdays and weekends belong to a structure of several periods",
            );
            None
        }
    }
}

/// The structure of the flat demand and its period by month, if there is one.
type FlatDemand = Option<(Vec<Vec<Tier>>, Vec<usize>)>;

fn read_flat(keys: &mut Keys<'_>, problems: &mut Problems) -> Option<FlatDemand> {
    let structure = keys.maybe("flatdemandstructure", problems, |at, problems| {
        tiers::read(at, false, problems)
    });
    let months = keys.get("flatdemandmonths");
    let Some(structure) = structure? else {
        return Some(None);
    };
    let months = match months {
        Some(at) => schedule::read_months(&at, structure.len(), problems)?,
        None if structure.len() == 1 => vec![0; 12],
        None => {
            problems.add("flatdemandmonths", "is missing");
            return None;
        }
    };
    Some(Some((structure, months)))
}

/// Units of power: kW alone is priced.
fn check_units(keys: &mut Keys<'_>, problems: &mut Problems) {
    for key in ["demandunits", "demandunit", "flatdemandunit", "demandrateunit"] {
        if let Some(at) = keys.get(key)
            && !matches!(at.digits().to_ascii_lowercase().as_str(), "kw" | "")
        {
            problems.add(&at.path, "must be kW: nothing else is priced");
        }
    }
}

fn read_fixed(keys: &mut Keys<'_>, problems: &mut Problems) -> Option<Option<(Exact, Per)>> {
    let number = |at: &At<'_>, problems: &mut Problems| at.number(problems);
    let unit = keys.maybe("fixedchargeunits", problems, read_per);
    let first = keys.maybe("fixedchargefirstmeter", problems, number);
    let monthly = keys.get("fixedmonthlycharge");
    let monthly_amount = monthly.as_ref().map(|at| at.number(problems));
    let (unit, first) = (unit?.unwrap_or(Per::Month), first?);
    match (first, monthly_amount) {
        (first, None) => Some(first.map(|amount| (amount, unit))),
        (None, Some(amount)) => Some(Some((amount?, Per::Month))),
        (Some(first), Some(amount)) => {
            let amount = amount?;
            if first.is_zero() {
                return Some(Some((amount, Per::Month)));
            }
            if !amount.is_zero() && (first != amount || unit != Per::Month) {
                let path = monthly.map(|at| at.path).unwrap_or_default();
                problems.add(&path, "contradicts fixedchargefirstmeter");
            }
            Some(Some((first, unit)))
        }
    }
}

/// The two spellings of a minimum are one field; a month and a year may each have one (`RATING` 2.1). One of a day is the month's, by its
/// days. 0 is none: whoever writes all keys of both versions fills one of them so.
fn read_minimums(keys: &mut Keys<'_>, problems: &mut Problems) -> Option<Vec<(Exact, Per)>> {
    let unit = keys.maybe("minchargeunits", problems, read_per);
    let mut number = |key, problems: &mut Problems| {
        keys.maybe(key, problems, |at, problems| {
            Some((at.path.clone(), at.number(problems)?))
        })
    };
    let some = |found: &(String, Exact)| !found.1.is_zero();
    let own = number("mincharge", problems);
    let monthly = number("minmonthlycharge", problems);
    let annual = number("annualmincharge", problems);
    let (own, unit) = (own?.filter(some), unit?.unwrap_or(Per::Month));
    let mut found = Vec::new();
    for (named, per) in [(monthly?, Per::Month), (annual?, Per::Year)] {
        let Some((path, amount)) = named.filter(some) else {
            continue;
        };
        let is_same = unit == per || (unit, per) == (Per::Day, Per::Month);
        match own.as_ref().filter(|_| is_same) {
            Some((of, other)) if *other != amount || unit != per => {
                problems.add(&path, format!("contradicts {of}"))
            }
            Some(_) => {}
            None => found.push((amount, per)),
        }
    }
    let own = own.map(|(_, amount)| (amount, unit));
    Some(own.into_iter().chain(found).collect())
}

fn read_per(at: &At<'_>, problems: &mut Problems) -> Option<Per> {
    match at.text(problems)?.to_ascii_lowercase().as_str() {
        "$/month" | "" => Some(Per::Month),
        "$/day" => Some(Per::Day),
        "$/year" => Some(Per::Year),
        _ => at.wrong(problems, "must be $/month, $/day or $/year"),
    }
}

/// Zero, or lists of zeros.
fn is_nothing(at: &At<'_>) -> bool {
    let mut unheard = Problems::default();
    if at.is_list() {
        return at.list(&mut unheard).unwrap_or_default().iter().all(is_nothing);
    }
    at.is_null() || at.number(&mut unheard).is_some_and(|number| number.is_zero())
}
