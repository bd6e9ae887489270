//! Power under a rate record, in words.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{formula, tier_facts, tiers};
use crate::exact::Exact;
use crate::explanation::{Told, limit, listed, number, said, sum, term};
use crate::instant;
use crate::urdb::how::{Flat, Tou};

impl Flat {
    pub(super) fn told(&self) -> Told {
        let at = instant::show(self.at_ms);
        let mut words = format!("{} kW at {at}", said(&self.peak_kw));
        if let Some(least) = &self.minimum_kw {
            let share = |(first, kw, share): &(NaiveDate, Option<Exact>, Exact)| {
                let (month, percent) = (first.format("%Y-%m"), share.times(Exact::whole(100)));
                match kw {
                    Some(kw) => format!("{percent} % of {} kW of {month}", said(kw)),
                    None => format!("nothing for {month}, whose peak nobody gave"),
                }
            };
            let shares = listed(self.before.iter().map(share));
            let shares = if shares.is_empty() {
                "no month before".to_owned()
            } else {
                shares
            };
            words = format!("{words}, at least {least} kW and {shares}");
        }
        let fact = |(first, kw, share): &(NaiveDate, Option<Exact>, Exact)| {
            json!({
                "month": first.format("%Y-%m").to_string(), "kw": limit(kw.as_ref()), "share": number(share),
            })
        };
        let told = match &self.priced {
            None => Told::new(
                "record_demand",
                format!("{words}, which has no price"),
                "0".to_owned(),
            ),
            Some((period, parts)) => {
                let words = format!(
                    "{words}, billed as {} kW in period {period} ({})",
                    said(&self.billed_kw),
                    tiers(parts)
                );
                Told::new("record_demand", words, formula(parts))
                    .with("period", *period)
                    .with("tiers", tier_facts(parts))
            }
        };
        told.with_number("measured_kw", &self.peak_kw)
            .with("at", at)
            .with_limit("minimum_kw", self.minimum_kw.as_ref())
            .with("months_before", self.before.iter().map(fact).collect::<Value>())
            .with_number("billed_kw", &self.billed_kw)
            .with("billed_formula", self.billed_formula())
    }

    fn billed_formula(&self) -> String {
        let shares = self.before.iter().filter_map(|(_, kw, share)| {
            let kw = kw.as_ref()?;
            Some(format!("{} x {}", term(kw), term(share)))
        });
        let all = [term(&self.peak_kw)]
            .into_iter()
            .chain(self.minimum_kw.iter().map(term));
        let all: Vec<String> = all.chain(shares).collect();
        if all.len() > 1 {
            format!("max({})", all.join(", "))
        } else {
            all.concat()
        }
    }
}

pub(super) fn demand_tou(periods: &[Tou]) -> Told {
    let period = |tou: &Tou| {
        let at = instant::show(tou.at_ms);
        format!(
            "{} kW at {at} in period {} ({})",
            said(&tou.kw),
            tou.period,
            tiers(&tou.parts)
        )
    };
    let words = if periods.is_empty() {
        "demand by time of use has no price".to_owned()
    } else {
        format!(
            "the highest power of every period, {}",
            listed(periods.iter().map(period))
        )
    };
    let fact = |tou: &Tou| {
        json!({
            "period": tou.period, "kw": number(&tou.kw), "at": instant::show(tou.at_ms), "tiers": tier_facts(&tou.parts),
        })
    };
    Told::new(
        "record_demand_tou",
        words,
        sum(periods.iter().map(|tou| formula(&tou.parts))),
    )
    .with("periods", periods.iter().map(fact).collect::<Value>())
}
