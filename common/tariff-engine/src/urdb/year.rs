//! The months of a year one after the other, with what each hands to the next (`RATING` 2.5 to 2.8).

use crate::RatingError;
use crate::exact::Exact;
use crate::load::{Fault, Load, kwh};
use crate::price::Prices;

use super::how::{Credited, Flat, Least, Left, MonthHow, Net, Priced};
use super::month::{Month, Span};
use super::options::{ExportMode, Options};
use super::record::{Per, Record};
use super::tiers::{BeyondLastTier, Scale, Side};
use super::{demand, energy, price};

/// December.
const LAST_MONTH: usize = 11;

/// What a month hands to the next.
#[derive(Debug, Default)]
struct State {
    /// kWh by period of energy.
    banks: Vec<Exact>,
    /// kWh of the year as a whole.
    year_bank: Exact,
    dollars: Exact,
    /// First days and sums of this year's months before minimum.
    sums: Vec<(chrono::NaiveDate, Exact)>,
    /// Highest demands, oldest first; months follow each other.
    peaks: Vec<Exact>,
}

/// The bills of months that follow each other.
pub(crate) fn bills(
    record: &Record,
    options: &Options,
    spans: &[Span],
    (load, prices): (&Load, Option<&Prices>),
) -> Result<Vec<MonthHow>, RatingError> {
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
        peaks: prior.unwrap_or_default(),
        ..State::default()
    };
    let rating = Rating {
        record,
        options,
        prices,
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
        bills.push(rating.bill(span, &month, &mut state)?);
    }
    Ok(bills)
}

/// Whether months make whole calendar years, where the record has a minimum of a year.
pub(crate) fn check_year(record: &Record, spans: &[Span]) -> Result<(), RatingError> {
    let of_year = record.minimums.iter().any(|(_, per)| *per == Per::Year);
    // A December that comes before all its months is refused when it is billed.
    let ends_year = spans.last().is_some_and(|span| span.month() == LAST_MONTH);
    if of_year && !ends_year {
        return Err(months_missing());
    }
    Ok(())
}

fn months_missing() -> RatingError {
    RatingError::not_priced("mincharge", "a minimum of a year needs all its months")
}

struct Rating<'a> {
    record: &'a Record,
    options: &'a Options,
    prices: Option<&'a Prices>,
}

/// What energy costs in a month.
struct Traded {
    cost: Priced,
    earned: Priced,
    charged_kwh: Exact,
    net: Vec<Net>,
}

impl Rating<'_> {
    fn bill(&self, span: &Span, month: &Month, state: &mut State) -> Result<MonthHow, RatingError> {
        let beyond = |_: BeyondLastTier| {
            let reason = format!(
                "in {} more is used than the last tier's limit, and the record says no price for it",
                span.first.format("%Y-%m")
            );
            RatingError::not_priced("tiers", reason)
        };
        let mut flat = self.flat(span, month, state);
        state.peaks.push(flat.peak_kw.clone());
        let scale = Scale {
            days: Exact::whole(span.days().into()),
            kw: flat.billed_kw.clone(),
        };
        flat.priced = demand::flat(self.record, span, &flat.billed_kw, &scale).map_err(beyond)?;
        let traded = self.traded(month, &scale, state)?.map_err(beyond)?;
        let credit = self.credit(traded.earned, &traded.cost, state);
        let energy_periods = self.record.energy.len();
        let demand_hours = self.record.tou_demand.as_ref();
        let demand_hours =
            demand_hours.map(|(structure, schedule)| schedule.hours(span.month(), structure.len()));
        let mut bill = MonthHow {
            days: span.days(),
            offsets: span.offsets.clone(),
            energy_hours: self.record.energy_schedule.hours(span.month(), energy_periods),
            demand_hours: demand_hours.unwrap_or_default(),
            energy: traded.cost,
            charged_kwh: traded.charged_kwh,
            import_kwh: kwh(month.import.iter().sum()),
            export_kwh: kwh(month.export.iter().sum()),
            net: traded.net,
            credit,
            flat,
            tou: demand::time_of_use(self.record, month, &scale).map_err(beyond)?,
            fixed: self.record.fixed.clone(),
            minimums: Vec::new(),
            left: None,
            bank_kwh: Exact::ZERO,
            bank_usd: Exact::ZERO,
        };
        self.end_month(span, &mut bill, state)?;
        Ok(bill)
    }

    /// The demand of a month before it is priced.
    fn flat(&self, span: &Span, month: &Month, state: &State) -> Flat {
        let peak_kw = month.peak.kw();
        let ratchet = self.options.ratchet.as_ref();
        let before = ratchet.map(|ratchet| ratchet.counted(span.first, &state.peaks));
        let before = before.unwrap_or_default();
        let minimum_kw = ratchet.map(|ratchet| ratchet.minimum_kw.clone());
        let shares = before
            .iter()
            .filter_map(|(_, kw, share)| Some(kw.as_ref()?.times(share)));
        let billed_kw = shares.chain(minimum_kw.clone()).fold(peak_kw.clone(), Exact::max);
        Flat {
            peak_kw,
            at_ms: month.peak.at_ms,
            minimum_kw,
            before,
            billed_kw,
            priced: None,
        }
    }

    /// The energy charge before credits, and what export earned.
    fn traded(
        &self,
        month: &Month,
        scale: &Scale,
        state: &mut State,
    ) -> Result<Result<Traded, BeyondLastTier>, RatingError> {
        if let Some(prices) = self.prices {
            let (cost, earned) = price::traded(prices, month)?;
            return Ok(Ok(Traded {
                cost,
                earned,
                charged_kwh: kwh(month.import.iter().sum()),
                net: Vec::new(),
            }));
        }
        Ok(self.by_tiers(month, scale, state))
    }

    fn by_tiers(&self, month: &Month, scale: &Scale, state: &mut State) -> Result<Traded, BeyondLastTier> {
        let structure = &self.record.energy;
        if self.options.in_time_order() {
            let (cost, earned) = energy::in_time_order(structure, month, scale)?;
            return Ok(Traded {
                cost,
                earned,
                charged_kwh: kwh(month.import.iter().sum()),
                net: Vec::new(),
            });
        }
        let (net, by_period) = match self.options.export {
            ExportMode::NetMeteringKwh => state.net_of_banks(month),
            ExportMode::NetMeteringUsd => net_of_month(month),
            ExportMode::None
            | ExportMode::NetBilling
            | ExportMode::NetBillingCarry
            | ExportMode::BuyAllSellAll => (Vec::new(), month.import.iter().copied().map(kwh).collect()),
        };
        let used: Vec<Exact> = by_period.iter().map(|net| net.clone().at_least_zero()).collect();
        let surplus: Vec<Exact> = by_period
            .iter()
            .map(|net| net.negated().at_least_zero())
            .collect();
        let earned = if self.options.export == ExportMode::NetMeteringUsd {
            energy::prorata(structure, &surplus, scale, Side::Sell)?
        } else {
            Priced::ProRata(Vec::new())
        };
        Ok(Traded {
            cost: energy::prorata(structure, &used, scale, Side::Price)?,
            earned,
            charged_kwh: Exact::sum(&used),
            net,
        })
    }

    /// What of the credits counts this month; the rest stays in `state`.
    fn credit(&self, earned: Priced, cost: &Priced, state: &mut State) -> Credited {
        let in_month = match self.options.export {
            ExportMode::None | ExportMode::NetMeteringKwh => return Credited::Nothing,
            ExportMode::NetBilling | ExportMode::BuyAllSellAll => return Credited::Whole(earned),
            ExportMode::NetMeteringUsd => true,
            ExportMode::NetBillingCarry => self.options.credit_in_month,
        };
        let credited = Credited::Carried {
            earned,
            before: state.dollars.clone(),
            in_month,
            energy: cost.amount(),
        };
        state.dollars = credited.used().1;
        credited
    }

    /// Minimums, and after December what is left of banks.
    fn end_month(&self, span: &Span, bill: &mut MonthHow, state: &mut State) -> Result<(), RatingError> {
        state.sums.push((span.first, bill.before_minimum()));
        let bank_before = state.year_bank.clone();
        state.year_bank = bank_before
            .plus(&bill.export_kwh)
            .minus(&bill.import_kwh)
            .at_least_zero();
        let is_last = span.month() == LAST_MONTH;
        for (amount, per) in &self.record.minimums {
            let this_month = state.sums.iter().rev().take(1).cloned().collect();
            let sums = match per {
                Per::Month | Per::Day => this_month,
                Per::Year if !is_last => Vec::new(),
                Per::Year if state.sums.len() < 12 => {
                    return Err(months_missing());
                }
                Per::Year => state.sums.clone(),
            };
            bill.minimums.push(Least {
                amount: amount.clone(),
                per: *per,
                sums,
            });
        }
        let has_bank = self.options.export == ExportMode::NetMeteringKwh;
        if has_bank {
            bill.bank_kwh = Exact::sum(&state.banks);
        }
        bill.bank_usd = state.dollars.clone();
        if is_last {
            bill.left = Some(Left {
                before: has_bank.then_some(bank_before),
                kwh: if has_bank {
                    state.year_bank.clone()
                } else {
                    Exact::ZERO
                },
                rate: self.options.yearend_kwh_rate.clone(),
                dollars: state.dollars.clone(),
            });
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
    fn net_of_banks(&mut self, month: &Month) -> (Vec<Net>, Vec<Exact>) {
        self.banks.resize(month.occurs.len(), Exact::ZERO);
        let is_only = month.occurs.iter().filter(|occurs| **occurs).count() == 1;
        let all = Exact::sum(&self.banks);
        let (mut net, mut by_period) = net_of_month(month);
        for ((net, by_period), (bank, occurs)) in net
            .iter_mut()
            .zip(&mut by_period)
            .zip(self.banks.iter_mut().zip(&month.occurs))
        {
            net.bank = match (occurs, is_only) {
                (true, true) => all.clone(),
                (true, false) => bank.clone(),
                (false, _) => Exact::ZERO,
            };
            *by_period = by_period.minus(&net.bank);
            *bank = by_period.negated().at_least_zero();
        }
        (net, by_period)
    }
}

/// Import less export of every period, and what it comes to.
fn net_of_month(month: &Month) -> (Vec<Net>, Vec<Exact>) {
    let pairs = month.import.iter().zip(&month.export).enumerate();
    let net = pairs.map(|(period, (import, export))| Net {
        period,
        import: kwh(*import),
        export: kwh(*export),
        bank: Exact::ZERO,
    });
    let net: Vec<Net> = net.collect();
    let by_period = net.iter().map(|net| net.import.minus(&net.export)).collect();
    (net, by_period)
}
