//! What one bill hands to the next: a value that goes in and comes out, never something remembered.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::exact::Exact;

/// Everything carried from bill to bill of one agreement. Empty for a first bill without history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Carry {
    /// By charge id.
    pub(crate) charges: BTreeMap<String, Carried>,
    /// Bills on estimated reads that no actual read has settled yet (`RATING` 3.14).
    pub(crate) estimated: Option<Estimated>,
}

/// What one charge carries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Carried {
    /// Measured kW of earlier cycles, oldest first: a ratchet counts cycles, not months.
    pub(crate) peaks: Vec<Peak>,
    /// Lots of exported energy, oldest first.
    pub(crate) lots: Vec<Lot>,
    /// What this bill measured so far.
    now_kw: Option<Exact>,
    /// What this bill banks.
    pub(crate) new_lot: Exact,
}

/// The measured power of a cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peak {
    /// A day of the month in which the cycle began.
    pub month: NaiveDate,
    /// kW, as measured, not as billed.
    pub kw: Exact,
}

/// Exported energy that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lot {
    /// 1 = of the cycle just before the bill; 0, in explanations, of the bill itself.
    pub cycles_ago: u32,
    /// What is left of it.
    pub kwh: Exact,
}

/// Bills on estimated reads since the last actual one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Estimated {
    /// The local date of the last actual read.
    pub(crate) since: NaiveDate,
    /// The instant at which the first of those bills begins.
    pub(crate) start_ms: i64,
    /// The instant at which the last of them ends.
    pub(crate) end_ms: i64,
    /// The first day of each of those bills, and what it charged for energy.
    pub(crate) bills: Vec<(NaiveDate, Exact)>,
}

/// Peaks that are kept: no ratchet looks back further.
const MAX_PEAKS: usize = 366;

impl Carry {
    /// Adds what was measured before the first bill, oldest first.
    pub fn add_peaks(&mut self, charge: &str, peaks: Vec<Peak>) {
        self.charges
            .entry(charge.to_owned())
            .or_default()
            .peaks
            .extend(peaks);
    }

    /// Adds what was banked before the first bill, oldest first.
    pub fn add_lots(&mut self, charge: &str, lots: Vec<Lot>) {
        self.charges
            .entry(charge.to_owned())
            .or_default()
            .lots
            .extend(lots);
    }

    /// What a charge carries.
    pub(crate) fn of(&mut self, charge: &str) -> &mut Carried {
        self.charges.entry(charge.to_owned()).or_default()
    }

    /// What the bill after one that began on `from` gets.
    pub(crate) fn next(mut self, from: NaiveDate) -> Self {
        for carried in self.charges.values_mut() {
            carried.end_cycle(from);
        }
        self.charges.retain(|_, carried| *carried != Carried::default());
        self
    }
}

impl Carried {
    /// Of several parts of a bill the highest counts.
    pub(crate) fn measured(&mut self, kw: &Exact) {
        self.now_kw = self.now_kw.take().max(Some(kw.clone()));
    }

    /// The lots of which something is left, oldest first, with what this bill banked so far, which is of 0 cycles ago.
    pub(crate) fn balance(&self) -> Vec<Lot> {
        let new = Lot {
            cycles_ago: 0,
            kwh: self.new_lot.clone(),
        };
        let lots = self.lots.iter().chain([&new]);
        lots.filter(|lot| !lot.kwh.is_zero()).cloned().collect()
    }

    fn end_cycle(&mut self, from: NaiveDate) {
        let measured = self.now_kw.take();
        // A cycle in which the charge did not exist is still one of the cycles before the next.
        let absent = (!self.peaks.is_empty()).then_some(Exact::ZERO);
        if let Some(kw) = measured.or(absent) {
            self.peaks.push(Peak { month: from, kw });
        }
        let surplus = self.peaks.len().saturating_sub(MAX_PEAKS);
        self.peaks.drain(..surplus);
        for lot in &mut self.lots {
            lot.cycles_ago = lot.cycles_ago.saturating_add(1);
        }
        let kwh = std::mem::take(&mut self.new_lot);
        self.lots.push(Lot { cycles_ago: 1, kwh });
        self.lots.retain(|lot| !lot.kwh.is_zero());
    }
}
