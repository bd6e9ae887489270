//! What a month under a rate record was computed from. Amounts are those of these facts: there is no other computation.

use chrono::NaiveDate;

use crate::exact::Exact;
use crate::how::clock;
use crate::local::OffsetPiece;

use super::explain::RecordLine;
use super::record::Per;
use super::schedule::PeriodHours;

/// What of a quantity fell into a tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// kWh or kW.
    pub(crate) quantity: Exact,
    /// The tier's limit in the month; `None` = none.
    pub(crate) limit: Option<Exact>,
    /// The limit as the record writes it, and its unit, where it is not that of the month.
    pub(crate) written: Option<(Exact, &'static str)>,
    /// Of a unit.
    pub(crate) price: Exact,
}

/// A period of energy and its tiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Share {
    /// Which of the structure.
    pub(crate) period: usize,
    /// Of the month's energy.
    pub(crate) kwh: Exact,
    /// Of the month's energy where it is shared pro rata, otherwise of the period's.
    pub(crate) parts: Vec<Part>,
}

/// What energy costs or earns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Priced {
    /// The month's total is cut into tiers, and every tier is shared over the periods.
    ProRata(Vec<Share>),
    /// Tiers are filled in time order.
    InTimeOrder(Vec<Share>),
    /// The sum of kWh x price of its interval.
    Market(Exact),
}

/// What a period of energy nets (`RATING` 2.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Net {
    pub(crate) period: usize,
    pub(crate) import: Exact,
    pub(crate) export: Exact,
    /// What was banked before, kWh.
    pub(crate) bank: Exact,
}

/// What becomes of what export earned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credited {
    /// Nothing is credited.
    Nothing,
    /// All of it.
    Whole(Priced),
    /// It pays energy alone; the rest is carried.
    Carried {
        earned: Priced,
        /// Dollars from before.
        before: Exact,
        /// What is earned may be used at once.
        in_month: bool,
        /// The energy charge.
        energy: Exact,
    },
}

/// The highest power of a month and what is billed of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flat {
    pub(crate) peak_kw: Exact,
    /// The start of its interval.
    pub(crate) at_ms: i64,
    /// The least of a ratchet.
    pub(crate) minimum_kw: Option<Exact>,
    /// First days, peaks and shares (1 = 100 %) of the months that a ratchet counts, the latest first; no kW = not known, counts 0.
    pub(crate) before: Vec<(NaiveDate, Option<Exact>, Exact)>,
    pub(crate) billed_kw: Exact,
    /// `None`: the record has no price of flat demand.
    pub(crate) priced: Option<(usize, Vec<Part>)>,
}

/// The highest power in a period of demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tou {
    pub(crate) period: usize,
    pub(crate) kw: Exact,
    pub(crate) at_ms: i64,
    pub(crate) parts: Vec<Part>,
}

/// A minimum and what it is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Least {
    pub(crate) amount: Exact,
    pub(crate) per: Per,
    /// First days and sums before minimum of the months it is about; none in a month in which a minimum of the year is not looked at.
    pub(crate) sums: Vec<(NaiveDate, Exact)>,
}

/// What is left of banks after December.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Left {
    /// The bank of the year before December; `None` = there is none.
    pub(crate) before: Option<Exact>,
    /// What is left of it after December.
    pub(crate) kwh: Exact,
    pub(crate) rate: Exact,
    pub(crate) dollars: Exact,
}

/// Everything of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MonthHow {
    pub(crate) days: i64,
    /// The clock's offsets, in order.
    pub(crate) offsets: Vec<OffsetPiece>,
    /// When the periods of energy hold in the month; nothing where there is one.
    pub(crate) energy_hours: Vec<PeriodHours>,
    /// The same of demand by time of use.
    pub(crate) demand_hours: Vec<PeriodHours>,
    pub(crate) energy: Priced,
    /// kWh that are priced.
    pub(crate) charged_kwh: Exact,
    pub(crate) import_kwh: Exact,
    pub(crate) export_kwh: Exact,
    /// Nothing where import is not netted.
    pub(crate) net: Vec<Net>,
    pub(crate) credit: Credited,
    pub(crate) flat: Flat,
    pub(crate) tou: Vec<Tou>,
    pub(crate) fixed: Option<(Exact, Per)>,
    pub(crate) minimums: Vec<Least>,
    /// After December alone.
    pub(crate) left: Option<Left>,
    /// kWh that go to the next month.
    pub(crate) bank_kwh: Exact,
    /// Dollars that go to the next month, or are paid out.
    pub(crate) bank_usd: Exact,
}

impl Part {
    /// What the limit as it is written is multiplied by to be that of the month.
    pub(super) fn scale(&self, month: &MonthHow) -> Vec<(Exact, &'static str)> {
        let unit = self.written.as_ref().map_or("", |(_, unit)| *unit);
        let mut scale = Vec::new();
        if unit.ends_with("daily") {
            scale.push((Exact::whole(month.days.into()), "days"));
        }
        if unit.contains("/kW") {
            scale.push((month.flat.billed_kw.clone(), "kW"));
        }
        scale
    }
}

/// What parts cost together.
pub(super) fn cost(parts: &[Part]) -> Exact {
    Exact::sum(parts.iter().map(|part| part.quantity.times(&part.price)))
}

impl Priced {
    pub(crate) fn amount(&self) -> Exact {
        match self {
            Self::ProRata(shares) => {
                let total = Exact::sum(shares.iter().map(|share| &share.kwh));
                let of = |share: &Share| cost(&share.parts).times(share.kwh.over(&total).unwrap_or_default());
                Exact::sum(shares.iter().map(of))
            }
            Self::InTimeOrder(shares) => Exact::sum(shares.iter().map(|share| cost(&share.parts))),
            Self::Market(sum) => sum.clone(),
        }
    }
}

impl Credited {
    /// What export earned.
    pub(crate) fn earned(&self) -> Exact {
        match self {
            Self::Nothing => Exact::ZERO,
            Self::Whole(earned) | Self::Carried { earned, .. } => earned.amount(),
        }
    }

    /// What is credited, positive, and the dollars that are carried on.
    pub(crate) fn used(&self) -> (Exact, Exact) {
        match self {
            Self::Nothing => (Exact::ZERO, Exact::ZERO),
            Self::Whole(earned) => (earned.amount(), Exact::ZERO),
            Self::Carried {
                earned,
                before,
                in_month,
                energy,
            } => {
                let all = before.plus(earned.amount());
                let usable = if *in_month { &all } else { before };
                let used = usable.clone().min(energy.clone()).at_least_zero();
                let rest = all.minus(&used);
                (used, rest)
            }
        }
    }
}

impl Flat {
    pub(crate) fn amount(&self) -> Exact {
        self.priced
            .as_ref()
            .map(|(_, parts)| cost(parts))
            .unwrap_or_default()
    }
}

impl Least {
    /// What is missing.
    pub(crate) fn lack(&self, days: i64) -> Exact {
        if self.sums.is_empty() {
            return Exact::ZERO;
        }
        let amount = match self.per {
            Per::Day => self.amount.times(Exact::whole(days.into())),
            Per::Month | Per::Year => self.amount.clone(),
        };
        let sums = self.sums.iter().map(|(_, sum)| sum.clone().at_least_zero());
        amount.minus(Exact::sum(sums)).at_least_zero()
    }
}

impl Left {
    pub(crate) fn amount(&self) -> Exact {
        self.kwh.times(&self.rate).plus(&self.dollars)
    }
}

impl MonthHow {
    pub(crate) fn tou_amount(&self) -> Exact {
        Exact::sum(self.tou.iter().map(|tou| cost(&tou.parts)))
    }

    pub(crate) fn fixed_amount(&self) -> Exact {
        match &self.fixed {
            None => Exact::ZERO,
            Some((amount, Per::Month)) => amount.clone(),
            Some((amount, Per::Day)) => amount.times(Exact::whole(self.days.into())),
            Some((amount, Per::Year)) => amount.over(Exact::whole(12)).unwrap_or_default(),
        }
    }

    /// An instant of the month on its clock, `2018-01-03 15:00`.
    pub(crate) fn moment(&self, at: i64) -> String {
        let mut pieces = self.offsets.iter();
        let piece = pieces.find(|piece| (piece.start_ms..piece.end_ms).contains(&at));
        clock(at.saturating_add(piece.map_or(0, |piece| piece.offset_ms)))
    }

    /// Energy after credits, demand and fixed charges.
    pub(crate) fn before_minimum(&self) -> Exact {
        let lines = self.lines_before_minimum();
        Exact::sum(lines.iter().map(|(_, amount)| amount))
    }

    /// The lines that a minimum is compared with, those that are not 0: ids and amounts.
    pub(crate) fn lines_before_minimum(&self) -> Vec<(&'static str, Exact)> {
        let lines = [
            RecordLine::Energy,
            RecordLine::ExportCredit,
            RecordLine::DemandFlat,
            RecordLine::DemandTou,
            RecordLine::Fixed,
        ];
        let amounts = lines.into_iter().map(|line| (line.id(), line.amount(self)));
        amounts.filter(|(_, amount)| !amount.is_zero()).collect()
    }

    pub(crate) fn minimum_amount(&self) -> Exact {
        Exact::sum(self.minimums.iter().map(|least| least.lack(self.days)))
    }

    /// What is paid out, positive.
    pub(crate) fn payout(&self) -> Exact {
        self.left.as_ref().map(Left::amount).unwrap_or_default()
    }
}
