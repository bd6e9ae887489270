//! Power under a rate record, in words.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{formula, hours_fact, period_words, tier_facts, tiers};
use crate::exact::Exact;
use crate::explanation::{Facts, Told, limit, listed, number, said, sum, term};
use crate::instant;
use crate::urdb::how::{Flat, MonthHow, Tou};

impl Flat {
    pub(super) fn told(&self, month: &MonthHow) -> Told {
        let at = month.moment(self.at_ms);
        let mut words = format!(
            "the highest power of an interval is {} kW at {at}",
            said(&self.peak_kw)
        );
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
        match &self.priced {
            None => Told::new(format!("{words}, which has no price"), "0".to_owned()),
            Some((period, parts)) => {
                let words = format!(
                    "{words}, billed as {} kW in period {period}, {}",
                    said(&self.billed_kw),
                    tiers(parts, "kW", month)
                );
                Told::new(words, formula(parts))
            }
        }
    }

    pub(super) fn facts(&self) -> Facts {
        let fact = |(first, kw, share): &(NaiveDate, Option<Exact>, Exact)| {
            json!({
                "month": first.format("%Y-%m").to_string(), "kw": limit(kw.as_ref()), "share": number(share),
            })
        };
        let mut facts = Facts::of("record_demand");
        if let Some((period, parts)) = &self.priced {
            facts = facts.with("period", *period).with("tiers", tier_facts(parts));
        }
        facts
            .with_number("measured_kw", &self.peak_kw)
            .with("at", instant::show(self.at_ms))
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
        let all = [term(&self.peak_kw).to_string()].into_iter();
        let all = all.chain(self.minimum_kw.iter().map(|kw| term(kw).to_string()));
        let all: Vec<String> = all.chain(shares).collect();
        if all.len() > 1 {
            format!("max({})", all.join(", "))
        } else {
            all.concat()
        }
    }
}

pub(super) fn demand_tou(month: &MonthHow) -> Told {
    let periods = &month.tou;
    let period = |tou: &Tou| {
        let at = month.moment(tou.at_ms);
        format!(
            "{} kW at {at} in {}, {}",
            said(&tou.kw),
            period_words(tou.period, &month.demand_hours),
            tiers(&tou.parts, "kW", month)
        )
    };
    let words = if periods.is_empty() {
        "demand by time of use has no price".to_owned()
    } else {
        let periods: Vec<String> = periods.iter().map(period).collect();
        format!(
            "the highest power of an interval in every period, {}",
            periods.join("; ")
        )
    };
    Told::new(words, sum(periods.iter().map(|tou| formula(&tou.parts))))
}

pub(super) fn demand_tou_facts(month: &MonthHow) -> Facts {
    let fact = |tou: &Tou| {
        json!({
            "period": tou.period, "hours": hours_fact(tou.period, &month.demand_hours), "kw": number(&tou.kw), "at": instant::show(tou.at_ms), "tiers": tier_facts(&tou.parts),
        })
    };
    let periods = &month.tou;
    Facts::of("record_demand_tou").with("periods", periods.iter().map(fact).collect::<Value>())
}
