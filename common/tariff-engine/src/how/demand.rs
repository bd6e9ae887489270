//! The highest power, in words.

use serde_json::{Value, json};

use super::{DemandHow, PowerFactor, PowerPrice, RatchetHow, days, words};
use crate::carry::Peak;
use crate::exact::Exact;
use crate::explanation::{Facts, Told, group, listed, number, said, sum, term};
use crate::instant;
use crate::rule::months;
use crate::statement::Line;

impl DemandHow {
    pub(super) fn told(&self, line: &Line) -> Told {
        let mean = self.mean();
        let mut told = self.window_words(line, &mean);
        let mut also = |words: &str| {
            told.push_str(", ");
            told.push_str(words);
        };
        if let Some(factor) = &self.power_factor {
            also(&factor.words(&self.measured));
        }
        if let Some(kw) = &self.minimum_kw {
            also(&format!("at least {kw} kW"));
        }
        if let Some(ratchet) = &self.ratchet {
            also(&ratchet.words(self.power_factor.is_some()));
        }
        if !self.others_kw.is_empty() {
            let others = listed(&self.others_kw);
            also(&format!("in the mean with {others} kW"));
        }
        if line.quantity != self.measured {
            also(&format!("billed as {} kW", said(&line.quantity)));
        }
        let billed = self.billed();
        let formula = match &self.price {
            PowerPrice::PerKw(rate) => {
                also(&format!("at {rate} per kW"));
                format!("{billed} x {}", term(rate))
            }
            PowerPrice::PerKwYear(rate) => {
                let (part, share) = days::share(line, "year");
                also(&format!("at {rate} per kW and year for {part}"));
                format!("{billed} x {} x {share}", term(rate))
            }
            PowerPrice::Step { step, fee } => {
                also(&format!("the fee for a power {}", step.exclusive("kW")));
                fee.to_string()
            }
        };
        Told::new(told, formula)
    }

    pub(super) fn facts(&self, line: &Line) -> Facts {
        let window = |(at, kw): &(i64, Exact)| json!({"at": instant::show(*at), "kw": number(kw)});
        let days = match &self.price {
            PowerPrice::PerKwYear(_) => days::share_facts(line, "year"),
            PowerPrice::PerKw(_) | PowerPrice::Step { .. } => Value::Null,
        };
        let mut facts = Facts::of("demand")
            .with("windows", self.windows.iter().map(window).collect::<Value>())
            .with_number("measured_kw", &self.measured)
            .with_number("billed_kw", &line.quantity)
            .with("billed_formula", self.billed())
            .with("price", self.price.facts())
            .with("days", days);
        if let Some(days) = self.top_days {
            facts = facts.with("top_days", days);
        }
        if let Some(factor) = &self.power_factor {
            facts = facts.with("power_factor", factor.facts());
        }
        if let Some(kw) = &self.minimum_kw {
            facts = facts.with_number("minimum_kw", kw);
        }
        if let Some(ratchet) = &self.ratchet {
            facts = facts.with("ratchet", ratchet.facts());
        }
        if !self.others_kw.is_empty() {
            let others = self.others_kw.iter().map(number).collect::<Value>();
            facts = facts.with("mean_with_kw", others);
        }
        self.among.add_to(facts)
    }

    /// Of its windows.
    fn mean(&self) -> Exact {
        let sum = Exact::sum(self.windows.iter().map(|(_, kw)| kw));
        sum.over(Exact::count(self.windows.len())).unwrap_or_default()
    }

    fn window_words(&self, line: &Line, mean: &Exact) -> String {
        let among = self.among.words(line);
        let windows = words::windows(line, &self.windows);
        match (self.top_days, self.windows.len()) {
            (_, 0) => format!("there are no {among}, so 0 kW"),
            (None, _) => format!("the highest mean of {among} is {windows}"),
            (Some(_), 1) => format!("the highest mean of {among} is, on the only day, {windows}"),
            (Some(_), days) => format!(
                "the highest mean of {among} is, on the {days} highest days, {windows}, in the mean {} kW",
                said(mean)
            ),
        }
    }

    /// The formula of the power of the windows after the power factor.
    fn measured(&self) -> String {
        let kws = group(self.windows.iter().map(|(_, kw)| term(kw)));
        let mean = match self.windows.len() {
            0 | 1 => kws,
            many => format!("{kws} / {many}"),
        };
        let low = self.power_factor.as_ref().filter(|factor| factor.is_low());
        match low {
            Some(factor) => format!("{mean} x {} / {}", term(&factor.reference), term(&factor.factor)),
            None => mean,
        }
    }

    /// The formula of the power that is billed.
    fn billed(&self) -> String {
        let measured = self.measured();
        let mut least: Vec<String> = self.minimum_kw.iter().map(|kw| term(kw).to_string()).collect();
        if let Some(ratchet) = &self.ratchet {
            let peak = |peak: &Peak| format!("{} x {}", term(&peak.kw), term(&ratchet.share));
            least.extend(ratchet.peaks.iter().map(peak));
        }
        if self.measured.is_negative() {
            least.push("0".to_owned());
        }
        let own = if least.is_empty() {
            measured
        } else {
            format!("max({measured}, {})", least.join(", "))
        };
        if self.others_kw.is_empty() {
            return own;
        }
        let other = |kw: &Exact| match &self.minimum_kw {
            Some(least) => format!("max({}, {})", term(kw), term(least)),
            None => format!("max({}, 0)", term(kw)),
        };
        let count = self.others_kw.len().saturating_add(1);
        let all = self.others_kw.iter().map(other).chain([own]);
        format!("({}) / {count}", sum(all))
    }
}

impl PowerFactor {
    fn is_low(&self) -> bool {
        self.factor < self.reference
    }

    /// Its formula before it is rounded.
    fn formula(&self) -> String {
        let (kwh, kvarh) = (term(&self.kwh), term(&self.kvarh));
        format!("round({kwh} / root({kwh} x {kwh} + {kvarh} x {kvarh}), 4)")
    }

    /// `measured` is the power with the factor.
    fn words(&self, measured: &Exact) -> String {
        let Self {
            factor, reference, ..
        } = self;
        let outcome = if self.is_low() {
            format!(
                "below {reference}, so x {reference} / {factor} = {} kW with its power factor",
                said(measured)
            )
        } else {
            format!("not below {reference}")
        };
        format!("the power factor {} = {factor} is {outcome}", self.formula())
    }

    fn facts(&self) -> Value {
        json!({
            "kwh": number(&self.kwh), "kvarh": number(&self.kvarh), "factor": number(&self.factor),
            "reference": number(&self.reference), "formula": self.formula(),
        })
    }
}

impl RatchetHow {
    /// It looks at the power before minimum and ratchet, which a power factor is part of.
    fn words(&self, has_power_factor: bool) -> String {
        let percent = self.share.times(Exact::whole(100));
        let peak = |peak: &Peak| format!("{} kW of {}", said(&peak.kw), peak.month.format("%Y-%m"));
        let mut peaks = listed(self.peaks.iter().map(peak));
        if peaks.is_empty() {
            "none".clone_into(&mut peaks);
        }
        let cycles = words::count(self.cycles_back, "cycle");
        let counted = match &self.months {
            Some(list) => format!("those of the {cycles} before that begin in {}", months(list)),
            None => format!("the {cycles} before"),
        };
        let what = if has_power_factor {
            "the kW with their power factor"
        } else {
            "what was measured"
        };
        format!("at least {percent} % of {what} in {counted} ({peaks})")
    }

    fn facts(&self) -> Value {
        let peak =
            |peak: &Peak| json!({"month": peak.month.format("%Y-%m").to_string(), "kw": number(&peak.kw)});
        json!({
            "share": number(&self.share), "cycles_back": self.cycles_back, "months": self.months.as_deref(),
            "peaks": self.peaks.iter().map(peak).collect::<Value>(),
        })
    }
}

impl PowerPrice {
    fn facts(&self) -> Value {
        match self {
            Self::PerKw(rate) => json!({"per_kw": number(rate)}),
            Self::PerKwYear(rate) => json!({"per_kw_and_year": number(rate)}),
            Self::Step { step, fee } => json!({
                "from": step.above.as_ref().map(number), "below": step.up_to.as_ref().map(number), "fee": number(fee),
            }),
        }
    }
}
