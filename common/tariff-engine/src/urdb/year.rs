//! The months of a year one after the other, with what each hands to the next (`RATING` 2.5 to 2.8).

use crate::RatingError;
use crate::exact::Exact;
use crate::load::{Fault, Load, kwh};
use crate::price::Prices;

use super::month::{Month, Span};
use super::options::{ExportMode, Options};
use super::record::{Per, Record};
use super::tiers::{BeyondLastTier, Scale, Side};
use super::{demand, energy, price};

/// December.
const LAST_MONTH: usize = 11;

/// The bill of a month.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct MonthBill {
    /// Before credits.
    pub(crate) energy: Exact,
    /// What was credited, positive.
    pub(crate) credit: Exact,
    pub(crate) demand_flat: Exact,
    pub(crate) demand_tou: Exact,
    pub(crate) fixed: Exact,
    pub(crate) minimum: Exact,
    /// What was paid out, positive.
    pub(crate) payout: Exact,
    pub(crate) facts: Facts,
}

/// What explains a bill.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Facts {
    pub(crate) import_kwh: Exact,
    pub(crate) export_kwh: Exact,
    /// What the energy charge is for.
    pub(crate) charged_kwh: Exact,
    pub(crate) earned: Exact,
    pub(crate) peak_kw: Exact,
    pub(crate) peak_at_ms: i64,
    pub(crate) billed_kw: Exact,
    pub(crate) bank_kwh: Exact,
    pub(crate) bank_usd: Exact,
    pub(crate) days: i64,
    pub(crate) in_time_order: bool,
}

impl MonthBill {
    /// The sum of the lines.
    pub(crate) fn total(&self) -> Exact {
        self.before_minimum().plus(&self.minimum).minus(&self.payout)
    }

    fn before_minimum(&self) -> Exact {
        let charges = [&self.energy, &self.demand_flat, &self.demand_tou, &self.fixed];
        Exact::sum(charges).minus(&self.credit)
    }
}

/// What a month hands to the next.
#[derive(Debug, Default)]
struct State {
    /// kWh by period of energy.
    banks: Vec<Exact>,
    /// kWh of the year as a whole.
    year_bank: Exact,
    dollars: Exact,
    /// The sums of this year's months before minimum, each at least 0.
    base: Exact,
    months_of_year: usize,
    /// Calendar month and highest demand, oldest first.
    peaks: Vec<(usize, Exact)>,
}

/// The bills of months that follow each other.
pub(crate) fn bills(
    record: &Record,
    options: &Options,
    spans: &[Span],
    (load, prices): (&Load, Option<&Prices>),
) -> Result<Vec<MonthBill>, RatingError> {
    if record.energy.is_empty() && prices.is_none() {
        return Err(RatingError::not_priced(
            "energyratestructure",
            "the record has no prices of energy",
        ));
    }
    if let (Some(key), None) = (&record.own_ratchet, &options.ratchet) {
        return Err(RatingError::not_priced(
            key,
            "the record has a ratchet; say which in options.ratchet",
        ));
    }
    let prior = options
        .ratchet
        .as_ref()
        .map(|ratchet| ratchet.prior_peaks_kw.clone());
    let mut state = State {
        peaks: prior.unwrap_or_default().into_iter().enumerate().collect(),
        ..State::default()
    };
    let mut bills = Vec::new();
    for span in spans {
        match load.first_fault(span.start_ms, span.end_ms) {
            Some(Fault::Missing(at_ms)) => return Err(RatingError::IntervalMissing { at_ms }),
            Some(Fault::Twice(at_ms)) => return Err(RatingError::IntervalTwice { at_ms }),
            None => {}
        }
        let import_alone = options.export == ExportMode::BuyAllSellAll;
        let month = Month::of(span, load, record, import_alone);
        bills.push(
            Rating {
                record,
                options,
                prices,
            }
            .bill(span, &month, &mut state)?,
        );
    }
    Ok(bills)
}

struct Rating<'a> {
    record: &'a Record,
    options: &'a Options,
    prices: Option<&'a Prices>,
}

/// What energy costs in a month.
struct Traded {
    cost: Exact,
    earned: Exact,
    charged_kwh: Exact,
}

impl Rating<'_> {
    fn bill(&self, span: &Span, month: &Month, state: &mut State) -> Result<MonthBill, RatingError> {
        let beyond = |_: BeyondLastTier| {
            let reason = format!(
                "in {} more is used than the last tier's limit",
                span.first.format("%Y-%m")
            );
            RatingError::not_priced("tiers", reason)
        };
        let peak_kw = month.peak.kw();
        let ratchet = self.options.ratchet.as_ref();
        let billed_kw = ratchet.map_or(peak_kw.clone(), |ratchet| ratchet.billed(&peak_kw, &state.peaks));
        state.peaks.push((span.month(), peak_kw.clone()));
        let scale = Scale {
            days: Exact::whole(span.days().into()),
            kw: billed_kw.clone(),
        };
        let traded = self.traded(month, &scale, state)?.map_err(beyond)?;
        let credit = self.credit(&traded, state);
        let mut bill = MonthBill {
            energy: traded.cost,
            credit,
            demand_flat: demand::flat(self.record, span, &billed_kw, &scale).map_err(beyond)?,
            demand_tou: demand::time_of_use(self.record, month, &scale).map_err(beyond)?,
            fixed: self.fixed(&scale.days),
            facts: Facts {
                import_kwh: kwh(month.import.iter().sum()),
                export_kwh: kwh(month.export.iter().sum()),
                charged_kwh: traded.charged_kwh,
                earned: traded.earned,
                peak_kw,
                peak_at_ms: month.peak.at_ms,
                billed_kw,
                days: span.days(),
                in_time_order: self.options.in_time_order(),
                ..Facts::default()
            },
            ..MonthBill::default()
        };
        self.end_month(span, &mut bill, state)?;
        Ok(bill)
    }

    /// The energy charge before credits, and what export earned.
    fn traded(
        &self,
        month: &Month,
        scale: &Scale,
        state: &mut State,
    ) -> Result<Result<Traded, BeyondLastTier>, RatingError> {
        let charged_kwh = kwh(month.import.iter().sum());
        if let Some(prices) = self.prices {
            let (cost, earned) = price::traded(prices, month)?;
            let earned = if self.options.export == ExportMode::None {
                Exact::ZERO
            } else {
                earned
            };
            return Ok(Ok(Traded {
                cost,
                earned,
                charged_kwh,
            }));
        }
        Ok(self.by_tiers(month, scale, state))
    }

    fn by_tiers(&self, month: &Month, scale: &Scale, state: &mut State) -> Result<Traded, BeyondLastTier> {
        let structure = &self.record.energy;
        if self.options.in_time_order() {
            let (cost, earned) = energy::in_time_order(structure, month, scale)?;
            let earned = if self.options.export == ExportMode::None {
                Exact::ZERO
            } else {
                earned
            };
            return Ok(Traded {
                cost,
                earned,
                charged_kwh: kwh(month.import.iter().sum()),
            });
        }
        let net = match self.options.export {
            ExportMode::NetMeteringKwh => state.net_of_banks(month),
            ExportMode::NetMeteringUsd => by_period(month, |import, export| import.saturating_sub(export)),
            ExportMode::None
            | ExportMode::NetBilling
            | ExportMode::NetBillingCarry
            | ExportMode::BuyAllSellAll => by_period(month, |import, _| import),
        };
        let used: Vec<Exact> = net.iter().map(|net| net.clone().at_least_zero()).collect();
        let cost = energy::prorata(structure, &used, scale, Side::Price)?;
        let earned = if self.options.export == ExportMode::NetMeteringUsd {
            let surplus: Vec<Exact> = net.iter().map(|net| net.negated().at_least_zero()).collect();
            energy::prorata(structure, &surplus, scale, Side::Sell)?
        } else {
            Exact::ZERO
        };
        Ok(Traded {
            cost,
            earned,
            charged_kwh: Exact::sum(&used),
        })
    }

    /// What of the credits counts this month; the rest stays in `state`.
    fn credit(&self, traded: &Traded, state: &mut State) -> Exact {
        let use_up = |state: &mut State| {
            let used = state.dollars.clone().min(traded.cost.clone()).at_least_zero();
            state.dollars = state.dollars.minus(&used);
            used
        };
        match self.options.export {
            ExportMode::None | ExportMode::NetMeteringKwh => Exact::ZERO,
            ExportMode::NetBilling | ExportMode::BuyAllSellAll => traded.earned.clone(),
            ExportMode::NetBillingCarry if !self.options.credit_in_month => {
                let used = use_up(state);
                state.dollars = state.dollars.plus(&traded.earned);
                used
            }
            ExportMode::NetMeteringUsd | ExportMode::NetBillingCarry => {
                state.dollars = state.dollars.plus(&traded.earned);
                use_up(state)
            }
        }
    }

    fn fixed(&self, days: &Exact) -> Exact {
        match &self.record.fixed {
            None => Exact::ZERO,
            Some((amount, Per::Month)) => amount.clone(),
            Some((amount, Per::Day)) => amount.times(days),
            Some((amount, Per::Year)) => amount.over(Exact::whole(12)).unwrap_or_default(),
        }
    }

    /// Minimums, and after December what is left of banks.
    fn end_month(&self, span: &Span, bill: &mut MonthBill, state: &mut State) -> Result<(), RatingError> {
        let sum = bill.before_minimum().at_least_zero();
        state.base = state.base.plus(&sum);
        state.months_of_year = state.months_of_year.saturating_add(1);
        state.year_bank = state
            .year_bank
            .plus(&bill.facts.export_kwh)
            .minus(&bill.facts.import_kwh)
            .at_least_zero();
        let is_last = span.month() == LAST_MONTH;
        for (amount, per) in &self.record.minimums {
            let lack = match per {
                Per::Month => amount.minus(&sum),
                Per::Day => amount.times(Exact::whole(span.days().into())).minus(&sum),
                Per::Year if !is_last => Exact::ZERO,
                Per::Year if state.months_of_year < 12 => {
                    return Err(RatingError::not_priced(
                        "mincharge",
                        "a minimum of a year needs all its months",
                    ));
                }
                Per::Year => amount.minus(&state.base),
            };
            bill.minimum = bill.minimum.plus(lack.at_least_zero());
        }
        let has_bank = self.options.export == ExportMode::NetMeteringKwh;
        if has_bank {
            bill.facts.bank_kwh = Exact::sum(&state.banks);
        }
        bill.facts.bank_usd = state.dollars.clone();
        if is_last {
            let banked = if has_bank {
                state.year_bank.times(&self.options.yearend_kwh_rate)
            } else {
                Exact::ZERO
            };
            bill.payout = banked.plus(&state.dollars);
            *state = State {
                peaks: std::mem::take(&mut state.peaks),
                ..State::default()
            };
        }
        Ok(())
    }
}

impl State {
    /// Import less export less bank of every period of the month; what is left over becomes the period's bank. A period that does not
    /// occur keeps none, except that the only period of a month takes the banks of all.
    fn net_of_banks(&mut self, month: &Month) -> Vec<Exact> {
        self.banks.resize(month.occurs.len(), Exact::ZERO);
        let is_only = month.occurs.iter().filter(|occurs| **occurs).count() == 1;
        let all = Exact::sum(&self.banks);
        let mut net = by_period(month, |import, export| import.saturating_sub(export));
        for ((net, bank), occurs) in net.iter_mut().zip(&mut self.banks).zip(&month.occurs) {
            let own = match (occurs, is_only) {
                (true, true) => all.clone(),
                (true, false) => bank.clone(),
                (false, _) => Exact::ZERO,
            };
            *net = net.minus(own);
            *bank = net.negated().at_least_zero();
        }
        net
    }
}

/// kWh by period.
fn by_period(month: &Month, net: fn(i128, i128) -> i128) -> Vec<Exact> {
    let pairs = month.import.iter().zip(&month.export);
    pairs.map(|(import, export)| kwh(net(*import, *export))).collect()
}
