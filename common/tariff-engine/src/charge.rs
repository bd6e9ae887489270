//! Charges that make lines of their own. A kind is one file: how it is read, and what lines it makes.

mod coincident;
mod contracted;
mod demand;
mod energy;
mod event_rebate;
mod excess;
mod fee;
mod indexed;
mod measure;
mod net_energy;
mod package;
mod reactive;
mod stairstep;
mod tiered;
mod window;

use std::collections::BTreeSet;

use chrono::NaiveDate;

pub(crate) use indexed::PRICE;
pub(crate) use measure::Measure;

use crate::RatingError;
use crate::carry::Carried;
use crate::event::Calendar;
use crate::exact::Exact;
use crate::how::How;
use crate::json::Node;
use crate::reader::{At, Fields, Problems};
use crate::rule::{Open, When};
use crate::scene::Scene;
use crate::statement::{Register, Unit};

/// A charge of a tariff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Charge {
    pub(crate) id: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Energy(energy::Energy),
    Indexed(indexed::Indexed),
    Tiered(tiered::Tiered),
    Package(package::Package),
    Stairstep(stairstep::Stairstep),
    Fee(fee::Fee),
    Demand(demand::Demand),
    Coincident(coincident::Coincident),
    Reactive(reactive::ReactiveExcess),
    Contracted(contracted::Contracted),
    NetEnergy(net_energy::NetEnergy),
    EventRebate(event_rebate::EventRebate),
}

/// What a kind of charge is about.
pub(crate) trait Pricing {
    /// The energy it adds up; nothing for fees and demand.
    fn measures(&self) -> Vec<Measure> {
        Vec::new()
    }

    /// Whether its quantity is the sum of its measures.
    fn is_energy(&self) -> bool {
        true
    }

    /// Whether it needs the energy of every interval, so that a missing one is an error.
    fn needs_intervals(&self) -> bool {
        true
    }

    /// Whether register reads can be priced by it.
    fn takes_reads(&self) -> bool {
        false
    }

    /// Whether one bill hands something to the next.
    fn carries(&self) -> bool {
        false
    }

    /// Whether its prices depend on how much is used in a cycle, however long that is.
    fn limits_a_cycle(&self) -> bool {
        false
    }

    /// Whether it is a price of power that may look at the powers of cycles before.
    fn is_demand(&self) -> bool {
        false
    }

    /// Whether a banked lot of so many cycles ago may still be used; `None` without a bank.
    fn keeps(&self, _cycles_ago: u32) -> Option<bool> {
        None
    }

    /// Which of its prices holds on `day` at `minute` of the local clock.
    fn pick(&self, _day: NaiveDate, _minute: u32, _calendar: &Calendar) -> usize {
        0
    }

    /// The minutes of the clock at which [`Self::pick`] may change; it may change at midnight, too.
    fn edges(&self, _calendar: &Calendar) -> Vec<u32> {
        Vec::new()
    }

    /// Bands in the order in which they are tested; nothing for what has none.
    fn bands(&self) -> Vec<BandRule<'_>> {
        Vec::new()
    }

    /// What is appended to the id of the line of a pick.
    fn suffix(&self, _pick: usize) -> Option<&str> {
        None
    }

    /// The names of all its lines after the id.
    fn suffixes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Ids of its lines beside the charge's own.
    fn other_ids(&self) -> Vec<String> {
        Vec::new()
    }

    /// Its lines for one part of a bill.
    fn lines(&self, scene: &Scene<'_>, carried: &mut Carried) -> Result<Vec<Draft>, RatingError>;
}

/// A band and when it holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BandRule<'a> {
    pub(crate) name: &'a str,
    /// `None`: always.
    pub(crate) when: Option<&'a When>,
}

impl BandRule<'_> {
    /// What is known of its rules; `None`: it holds always. `charge` is its charge as it is written, `index` its place there.
    pub(crate) fn open(&self, charge: Option<&Node>, index: usize) -> Option<Open> {
        let written = || charge?.get("bands")?.item(index)?.get("when");
        Some(Open::of(self.when?, written()))
    }
}

/// A line before it is rounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    /// In place of the charge's id.
    pub(crate) other_id: Option<String>,
    /// Appended to the id, with a dot.
    pub(crate) suffix: Option<String>,
    pub(crate) quantity: Exact,
    pub(crate) unit: Unit,
    /// Of one unit, where quantity times price is the amount.
    pub(crate) price: Option<Exact>,
    pub(crate) exact: Exact,
    /// How the exact amount came about.
    pub(crate) how: How,
}

impl Draft {
    /// The charge's own line, of `quantity` units at `price` each.
    pub(crate) fn priced(quantity: Exact, unit: Unit, price: &Exact, how: How) -> Self {
        Self {
            exact: quantity.times(price),
            price: Some(price.clone()),
            ..Self::of(quantity, unit, Exact::ZERO, how)
        }
    }

    /// The charge's own line, whose amount is not a product.
    pub(crate) fn of(quantity: Exact, unit: Unit, exact: Exact, how: How) -> Self {
        Self {
            other_id: None,
            suffix: None,
            quantity,
            unit,
            price: None,
            exact,
            how,
        }
    }

    pub(crate) fn with_suffix(mut self, suffix: Option<&str>) -> Self {
        self.suffix = suffix.map(str::to_owned);
        self
    }
}

impl Charge {
    /// `taken` are the ids so far; this charge's is added.
    pub(crate) fn read(at: &At<'_>, taken: &mut BTreeSet<String>, problems: &mut Problems) -> Option<Self> {
        let mut fields = at.object(problems)?;
        let id = read_id(&mut fields, taken, problems);
        let name = fields.need("type", problems).and_then(|at| at.text(problems))?;
        let kind = Kind::read(name, &mut fields, problems);
        if kind != Err(Unknown) {
            fields.finish(problems);
        }
        Some(Self {
            id: id?,
            kind: kind.ok()??,
        })
    }

    pub(crate) fn pricing(&self) -> &dyn Pricing {
        match &self.kind {
            Kind::Energy(kind) => kind,
            Kind::Indexed(kind) => kind,
            Kind::Tiered(kind) => kind,
            Kind::Package(kind) => kind,
            Kind::Stairstep(kind) => kind,
            Kind::Fee(kind) => kind,
            Kind::Demand(kind) => kind,
            Kind::Coincident(kind) => kind,
            Kind::Reactive(kind) => kind,
            Kind::Contracted(kind) => kind,
            Kind::NetEnergy(kind) => kind,
            Kind::EventRebate(kind) => kind,
        }
    }

    /// Whether it is about energy, and so part of what an actual read settles (`RATING` 3.14).
    pub(crate) fn is_on_energy(&self) -> bool {
        !self.pricing().measures().is_empty()
    }

    /// Ids of its lines beside its own.
    pub(crate) fn other_ids(&self) -> Vec<String> {
        self.pricing().other_ids()
    }

    /// Names by which a line of this charge may be called.
    pub(crate) fn names(&self) -> Vec<String> {
        let pricing = self.pricing();
        let mut names = Vec::new();
        for id in [vec![self.id.clone()], pricing.other_ids()].concat() {
            names.extend(pricing.suffixes().iter().map(|suffix| format!("{id}.{suffix}")));
            names.push(id);
        }
        names
    }

    /// The registers whose intervals it needs.
    pub(crate) fn registers(&self) -> Vec<Register> {
        let measures = self.pricing().measures();
        if measures.is_empty() && self.pricing().needs_intervals() {
            return vec![Register::Import];
        }
        measures.into_iter().map(|measure| measure.register).collect()
    }

    /// Whether this is the daily charge that is taken at midnight (`RATING` 3.16).
    pub(crate) fn daily_amount(&self) -> Option<&Exact> {
        if let Kind::Fee(fee) = &self.kind {
            fee.daily_amount()
        } else {
            None
        }
    }

    /// The price of a kilowatt-hour by pick, if this is a plain charge on energy.
    pub(crate) fn energy(&self) -> Option<&energy::Energy> {
        if let Kind::Energy(energy) = &self.kind {
            Some(energy)
        } else {
            None
        }
    }
}

impl Kind {
    /// The kind of a name, or what is wrong with its keys; every key that it may have was asked for then.
    fn read(name: &str, fields: &mut Fields<'_>, problems: &mut Problems) -> Result<Option<Self>, Unknown> {
        Ok(match name {
            "energy" => energy::Energy::read(fields, problems).map(Self::Energy),
            "indexed" => indexed::Indexed::read(fields, problems).map(Self::Indexed),
            "tiered" => tiered::Tiered::read(fields, problems).map(Self::Tiered),
            "package" => package::Package::read(fields, problems).map(Self::Package),
            "stairstep" => stairstep::Stairstep::read(fields, problems).map(Self::Stairstep),
            "daily" => fee::Fee::read(fee::Every::Day, fields, problems).map(Self::Fee),
            "monthly" => fee::Fee::read(fee::Every::Month, fields, problems).map(Self::Fee),
            "annual" => fee::Fee::read(fee::Every::Year, fields, problems).map(Self::Fee),
            "demand" => demand::Demand::read(fields, problems).map(Self::Demand),
            "coincident" => coincident::Coincident::read(fields, problems).map(Self::Coincident),
            "reactive_excess" => reactive::ReactiveExcess::read(fields, problems).map(Self::Reactive),
            "contracted_power" => contracted::Contracted::read(fields, problems).map(Self::Contracted),
            "net_energy" => net_energy::NetEnergy::read(fields, problems).map(Self::NetEnergy),
            "event_rebate" => event_rebate::EventRebate::read(fields, problems).map(Self::EventRebate),
            other => {
                let path = fields.path_of("type");
                problems.add(&path, format!("a charge of type {other:?} is not known"));
                return Err(Unknown);
            }
        })
    }
}

/// A type of charge that is not known: its keys mean nothing then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unknown;

/// What is wrong with the id of another line.
pub(crate) const TAKEN: &str = "another charge has this id, or the engine itself (previously_billed)";

/// An id that is unique in its version and leaves `.` and `@` to bands and versions.
pub(crate) fn read_id(
    fields: &mut Fields<'_>,
    taken: &mut BTreeSet<String>,
    problems: &mut Problems,
) -> Option<String> {
    let at = fields.need("id", problems)?;
    let id = read_name(&at, problems)?;
    if !taken.insert(id.clone()) {
        return at.wrong(problems, TAKEN);
    }
    Some(id)
}

/// A name of a charge or a band.
pub(crate) fn read_name(at: &At<'_>, problems: &mut Problems) -> Option<String> {
    let text = at.text(problems)?;
    if model::is_valid_id(text) && !text.contains('.') {
        return Some(text.to_owned());
    }
    at.wrong(problems, "must be 1 to 64 of A-Z a-z 0-9 _ : -")
}

/// Names that come twice are a problem.
fn check_names<'a>(path: &str, names: impl Iterator<Item = &'a String>, problems: &mut Problems) {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            problems.add(path, format!("two are called {name}"));
        }
    }
}

#[cfg(test)]
mod tests;
