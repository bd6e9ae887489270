//! How a record is applied: the options of a case (`RATING` 2.3, 2.6, 2.7).

use chrono::{Datelike, NaiveDate};

use crate::exact::Exact;
use crate::reader::{At, Problems};

use super::schedule::read_numbers;

/// The most months that a ratchet looks back.
const MAX_MONTHS: u32 = 24;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Options {
    pub(super) chronological: bool,
    pub(super) export: ExportMode,
    /// Paid for a kilowatt-hour of the bank after December.
    pub(super) yearend_kwh_rate: Exact,
    /// Credits may be used in the month that earned them.
    pub(super) credit_in_month: bool,
    pub(crate) price_file: Option<String>,
    pub(super) ratchet: Option<Ratchet>,
    /// What is there and the mode does not take, each with its path and the reason.
    pub(crate) unused: Vec<&'static str>,
}

/// What becomes of export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum ExportMode {
    #[default]
    None,
    NetMeteringKwh,
    NetMeteringUsd,
    NetBilling,
    NetBillingCarry,
    BuyAllSellAll,
}

/// The least flat demand that is billed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ratchet {
    /// 1 = 100 %, by calendar month.
    share_by_month: Vec<Exact>,
    months_back: usize,
    pub(super) minimum_kw: Exact,
    /// January to December of the year before; nothing where it is not known.
    pub(super) prior_peaks_kw: Vec<Exact>,
}

impl Options {
    pub(crate) fn read(at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let mut fields = at.object(problems)?;
        let chronological = fields.maybe("tier_mode", problems, |at, problems| {
            Some(match at.text(problems)? {
                "prorata" => false,
                "chronological" => true,
                _ => return at.wrong(problems, "must be prorata or chronological"),
            })
        });
        let export = fields.maybe("export_mode", problems, |at, problems| {
            Some(match at.text(problems)? {
                "none" => ExportMode::None,
                "net_metering_kwh" => ExportMode::NetMeteringKwh,
                "net_metering_usd" => ExportMode::NetMeteringUsd,
                "net_billing" => ExportMode::NetBilling,
                "net_billing_carry" => ExportMode::NetBillingCarry,
                "buy_all_sell_all" => ExportMode::BuyAllSellAll,
                _ => return at.wrong(problems, "is no mode of RATING 2.6"),
            })
        });
        let yearend = fields.number_or("yearend_kwh_rate", Exact::ZERO, problems);
        let in_month = fields.maybe("apply_credit_in_month", problems, |at, problems| {
            at.flag(problems)
        });
        let price_file = fields.maybe("price_file", problems, |at, problems| {
            at.text(problems).map(str::to_owned)
        });
        let ratchet = fields.maybe("ratchet", problems, Ratchet::read);
        fields.finish(problems);
        let price_file = price_file?;
        // such prices are for both directions (`RATING` 2.6)
        let usual = if price_file.is_some() {
            ExportMode::NetBilling
        } else {
            ExportMode::default()
        };
        let export = export?.unwrap_or(usual);
        let nets = matches!(export, ExportMode::NetMeteringKwh | ExportMode::NetMeteringUsd);
        if nets && price_file.is_some() {
            return at.wrong(
                problems,
                "price_file prices every interval, net metering whole months",
            );
        }
        let (yearend, in_month) = (yearend?, in_month?);
        let mut unused = Vec::new();
        if export != ExportMode::NetMeteringKwh && !yearend.is_zero() {
            unused.push("options.yearend_kwh_rate: export_mode net_metering_kwh alone takes it");
        }
        if export != ExportMode::NetBillingCarry && in_month.is_some() {
            unused.push("options.apply_credit_in_month: export_mode net_billing_carry alone takes it");
        }
        Some(Self {
            chronological: chronological?.unwrap_or(false),
            export,
            yearend_kwh_rate: yearend,
            credit_in_month: in_month.unwrap_or(true),
            price_file,
            ratchet: ratchet?,
            unused,
        })
    }

    /// Whether tiers are filled in time order.
    pub(super) fn in_time_order(&self) -> bool {
        match self.export {
            ExportMode::None => self.chronological,
            ExportMode::NetMeteringKwh | ExportMode::NetMeteringUsd => false,
            ExportMode::NetBilling | ExportMode::NetBillingCarry | ExportMode::BuyAllSellAll => true,
        }
    }
}

impl Ratchet {
    fn read(at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let mut fields = at.object(problems)?;
        let percents = fields
            .need("percent_by_month", problems)
            .and_then(|at| read_numbers(&at, problems));
        let months_back = fields
            .need("months_back", problems)
            .and_then(|at| at.count(MAX_MONTHS, problems));
        let minimum_kw = fields.maybe("minimum_kw", problems, |at, problems| {
            at.number_from_zero(problems)
        });
        let prior = fields.maybe("prior_year_peaks_kw", problems, read_numbers);
        fields.finish(problems);
        let share = |percent: &Exact| percent.over(Exact::whole(100));
        Some(Self {
            share_by_month: percents?.iter().map(share).collect::<Option<_>>()?,
            months_back: usize::try_from(months_back?).ok()?,
            minimum_kw: minimum_kw?.unwrap_or_default(),
            prior_peaks_kw: prior?.unwrap_or_default(),
        })
    }

    /// The months before `month` that count, the latest first, with their peaks, of which `before` are the oldest first, and shares.
    pub(super) fn counted(
        &self,
        month: NaiveDate,
        before: &[Exact],
    ) -> Vec<(NaiveDate, Option<Exact>, Exact)> {
        let firsts = (1_u32..).map_while(|back| month.checked_sub_months(chrono::Months::new(back)));
        let peaks = before.iter().rev().map(Some).chain(std::iter::repeat(None));
        let months = firsts.zip(peaks).take(self.months_back);
        let counted = months.map(|(first, peak)| {
            let share = usize::try_from(first.month0())
                .ok()
                .and_then(|month| self.share_by_month.get(month));
            (first, peak.cloned(), share.cloned().unwrap_or_default())
        });
        counted.filter(|(_, _, share)| !share.is_zero()).collect()
    }
}
