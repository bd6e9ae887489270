//! Import less export of a cycle, with a bank of kilowatt-hours (`RATING` 3.10).

use super::{Draft, Measure, Pricing};
use crate::RatingError;
use crate::carry::{Carried, Lot};
use crate::exact::Exact;
use crate::how::{BankHow, How, NetHow};
use crate::reader::{At, Fields, Problems};
use crate::scene::Scene;
use crate::statement::{Register, Unit};

/// The most cycles that a lot may be kept.
const MAX_CYCLES: u32 = 1200;
/// What is appended to the id of the line of expired lots.
const EXPIRED: &str = "expired";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NetEnergy {
    rate: Exact,
    bank: Bank,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Bank {
    /// A lot of cycle c may be used until the bill of c + this; `None` = for ever.
    expiry_cycles: Option<u32>,
    /// Credited for a kilowatt-hour that expires.
    expired_rate: Exact,
}

impl NetEnergy {
    /// The bank's keys stand beside the rate, or in an object `bank`.
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let path = fields.path_of("bank");
        let rate = fields.number("rate", problems);
        let bank = fields.maybe("bank", problems, |at: &At<'_>, problems| {
            let mut fields = at.object(problems)?;
            let bank = Bank::read(&mut fields, problems);
            fields.finish(problems);
            bank
        });
        let is_beside = fields.has("expiry_cycles") || fields.has("expired_rate");
        let beside = Bank::read(fields, problems);
        let bank = match bank? {
            Some(_) if is_beside => {
                problems.add(&path, "the bank's keys stand twice: beside the rate and in bank");
                return None;
            }
            Some(bank) => bank,
            None => beside?,
        };
        Some(Self { rate: rate?, bank })
    }

    /// What of `needed` the lots give, oldest first.
    fn take<'l>(lots: impl Iterator<Item = &'l mut Lot>, needed: &Exact) -> Vec<Lot> {
        let (mut left, mut taken) = (needed.clone(), Vec::new());
        for lot in lots {
            let used = lot.kwh.clone().min(left.clone());
            if used.is_zero() {
                continue;
            }
            lot.kwh = lot.kwh.minus(&used);
            left = left.minus(&used);
            taken.push(Lot {
                cycles_ago: lot.cycles_ago,
                kwh: used,
            });
        }
        taken
    }
}

impl Bank {
    fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let expiry_cycles = fields.maybe("expiry_cycles", problems, |at, problems| {
            at.count(MAX_CYCLES, problems)
        });
        let expired_rate = fields.number_or("expired_rate", Exact::ZERO, problems);
        Some(Self {
            expiry_cycles: expiry_cycles?,
            expired_rate: expired_rate?,
        })
    }

    /// Whether a lot of so many cycles ago may still be used.
    fn keeps(&self, cycles_ago: u32) -> bool {
        self.expiry_cycles.is_none_or(|most| cycles_ago <= most)
    }

    /// Whether this bill is the last in which a lot may be used.
    fn ends(&self, lot: &Lot) -> bool {
        self.expiry_cycles.is_some_and(|most| lot.cycles_ago >= most)
    }
}

impl Pricing for NetEnergy {
    fn measures(&self) -> Vec<Measure> {
        [Register::Import, Register::Export].map(Measure::plain).to_vec()
    }

    fn takes_reads(&self) -> bool {
        true
    }

    fn carries(&self) -> bool {
        true
    }

    fn keeps(&self, cycles_ago: u32) -> Option<bool> {
        Some(self.bank.keeps(cycles_ago))
    }

    fn suffixes(&self) -> Vec<String> {
        vec![EXPIRED.to_owned()]
    }

    fn lines(&self, scene: &Scene<'_>, carried: &mut Carried) -> Result<Vec<Draft>, RatingError> {
        let import = scene.total_of(Register::Import)?;
        let export = scene.total_of(Register::Export)?;
        let net = import.kwh.minus(&export.kwh);
        let (needed, surplus) = (net.clone().at_least_zero(), net.negated().at_least_zero());
        let mut expired = Vec::new();
        let before = carried.balance();
        // A lot is too old where another version keeps lots for fewer cycles than the one that banked it: it expires with this bill.
        let usable = carried
            .lots
            .iter_mut()
            .filter(|lot| self.bank.keeps(lot.cycles_ago));
        let banked = Self::take(usable, &needed);
        if scene.is_last_part {
            let ending = carried
                .lots
                .iter()
                .filter(|lot| self.bank.ends(lot) && !lot.kwh.is_zero());
            expired = ending.cloned().collect();
            carried.lots.retain(|lot| !self.bank.ends(lot));
        }
        carried.new_lot = carried.new_lot.plus(&surplus);
        let charged = needed.minus(Exact::sum(banked.iter().map(|lot| &lot.kwh)));
        let kwh = Exact::sum(expired.iter().map(|lot| &lot.kwh));
        let bank = BankHow {
            charge: scene.charge.to_owned(),
            before,
            expired: kwh.clone(),
            after: carried.balance(),
        };
        let how = How::NetEnergy(Box::new(NetHow {
            import,
            export,
            banked,
            surplus,
            bank,
        }));
        let charged = Draft::priced(charged, Unit::KilowattHours, &self.rate, how);
        let credit = self.bank.expired_rate.negated();
        let expired = Draft::priced(kwh, Unit::KilowattHours, &credit, How::Expired(expired));
        Ok(vec![charged, expired.with_suffix(Some(EXPIRED))])
    }
}
