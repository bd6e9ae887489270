//! Power, in words.

use serde_json::{Value, json};

use super::{
    BandHow, DemandHow, ExcessHow, PowerFactor, PowerPrice, RatchetHow, ReactiveHow, Slot, days, moment,
    words,
};
use crate::carry::Peak;
use crate::exact::Exact;
use crate::explanation::{Told, group, listed, number, said, sum, term};
use crate::instant;
use crate::statement::Line;

impl DemandHow {
    pub(super) fn told(&self, line: &Line) -> Told {
        let (of_measured, measured) = self.measured();
        let mut told = vec![self.window_words(line)];
        told.extend(self.power_factor.as_ref().map(PowerFactor::words));
        told.extend(self.minimum_kw.as_ref().map(|kw| format!("at least {kw} kW")));
        told.extend(self.ratchet.as_ref().map(RatchetHow::words));
        if !self.others_kw.is_empty() {
            let others = listed(self.others_kw.iter().map(ToString::to_string));
            told.push(format!("in the mean with {others} kW"));
        }
        if line.quantity != self.measured || of_measured != self.measured {
            told.push(format!("billed as {} kW", said(&line.quantity)));
        }
        let billed = self.billed(measured);
        let mut share_of_year = Value::Null;
        let (price, formula) = match &self.price {
            PowerPrice::PerKw(rate) => (format!("at {rate} per kW"), format!("{billed} x {}", term(rate))),
            PowerPrice::PerKwYear(rate) => {
                let (part, share, facts) = days::share(line, "year");
                share_of_year = facts;
                (
                    format!("at {rate} per kW and year for {part}"),
                    format!("{billed} x {} x {share}", term(rate)),
                )
            }
            PowerPrice::Step { step, fee } => (
                format!("the fee for a power {}", step.exclusive("kW")),
                fee.to_string(),
            ),
        };
        told.push(price);
        let window = |(at, kw): &(i64, Exact)| json!({"at": instant::show(*at), "kw": number(kw)});
        let mut told = Told::new("demand", listed(told), formula)
            .with("windows", self.windows.iter().map(window).collect::<Value>())
            .with("window_minutes", self.window_minutes)
            .with_number("measured_kw", &self.measured)
            .with_number("billed_kw", &line.quantity)
            .with("billed_formula", billed)
            .with("price", self.price.facts())
            .with("days", share_of_year);
        if let Some(days) = self.top_days {
            told = told.with("top_days", days);
        }
        if let Some(factor) = &self.power_factor {
            told = told.with("power_factor", factor.facts());
        }
        if let Some(kw) = &self.minimum_kw {
            told = told.with_number("minimum_kw", kw);
        }
        if let Some(ratchet) = &self.ratchet {
            told = told.with("ratchet", ratchet.facts());
        }
        if !self.others_kw.is_empty() {
            told = told.with(
                "mean_with_kw",
                self.others_kw.iter().map(number).collect::<Value>(),
            );
        }
        told
    }

    fn window_words(&self, line: &Line) -> String {
        let windows = words::windows(line, &self.windows);
        let minutes = self.window_minutes;
        match (self.top_days, self.windows.is_empty()) {
            (_, true) => format!("no window of {minutes} minutes counts"),
            (None, false) => format!("in {minutes} minutes at most {windows}"),
            (Some(_), false) => {
                let count = self.windows.len();
                format!("in {minutes} minutes the mean of the {count} highest days, {windows}")
            }
        }
    }

    /// The power of the windows, and the formula of it after the power factor.
    fn measured(&self) -> (Exact, String) {
        let kws = || self.windows.iter().map(|(_, kw)| kw);
        let mean = Exact::sum(kws()).over(Exact::count(self.windows.len()));
        let formula = match kws().collect::<Vec<_>>().as_slice() {
            [] => "0".to_owned(),
            [kw] => term(kw),
            many => format!("{} / {}", group(many.iter().map(|kw| term(kw))), many.len()),
        };
        let low = self.power_factor.as_ref().filter(|factor| factor.is_low());
        let formula = match low {
            Some(factor) => format!(
                "{formula} x {} / {}",
                term(&factor.reference),
                term(&factor.factor)
            ),
            None => formula,
        };
        (mean.unwrap_or_default(), formula)
    }

    /// The formula of the power that is billed.
    fn billed(&self, measured: String) -> String {
        let mut least: Vec<String> = self.minimum_kw.iter().map(term).collect();
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

    fn words(&self) -> String {
        let Self {
            kwh,
            kvarh,
            factor,
            reference,
        } = self;
        let outcome = if self.is_low() {
            format!("below {reference}, so x {reference} / {factor}")
        } else {
            format!("not below {reference}")
        };
        format!("the power factor of {kwh} kWh and {kvarh} kvarh is {factor} and {outcome}")
    }

    fn facts(&self) -> Value {
        json!({
            "kwh": number(&self.kwh), "kvarh": number(&self.kvarh), "factor": number(&self.factor),
            "reference": number(&self.reference), "formula": self.formula(),
        })
    }
}

impl RatchetHow {
    fn words(&self) -> String {
        let percent = self.share.times(Exact::whole(100));
        let peak = |peak: &Peak| format!("{} kW of {}", said(&peak.kw), peak.month.format("%Y-%m"));
        let peaks = listed(self.peaks.iter().map(peak));
        let peaks = if peaks.is_empty() {
            "none".to_owned()
        } else {
            peaks
        };
        format!(
            "at least {percent} % of what was measured in those of the {} cycles before that count ({peaks})",
            self.cycles_back
        )
    }

    fn facts(&self) -> Value {
        let peak =
            |peak: &Peak| json!({"month": peak.month.format("%Y-%m").to_string(), "kw": number(&peak.kw)});
        json!({
            "share": number(&self.share), "cycles_back": self.cycles_back,
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

/// Power at given times.
pub(super) fn coincident(line: &Line, at: &[Slot]) -> Told {
    let price = line.price.clone().unwrap_or_default();
    let slot = |slot: &Slot| {
        let at = moment(line.period.zone, slot.at);
        format!("{} kWh in {} minutes at {at}", slot.kwh, slot.minutes)
    };
    let power_of = if at.is_empty() {
        "no interval that counts".to_owned()
    } else {
        format!("the mean power of {}", listed(at.iter().map(slot)))
    };
    let words = format!("{power_of}, {} kW at {price} per kW", said(&line.quantity));
    let power = |slot: &Slot| format!("{} x 60 / {}", term(&slot.kwh), term(&slot.minutes));
    let formula = match at {
        [] => format!("0 x {}", term(&price)),
        [slot] => format!("{} x {}", power(slot), term(&price)),
        many => format!(
            "({}) / {} x {}",
            sum(many.iter().map(power)),
            many.len(),
            term(&price)
        ),
    };
    let slot = |slot: &Slot| json!({"at": instant::show(slot.at), "kwh": number(&slot.kwh), "minutes": number(&slot.minutes)});
    Told::new("coincident", words, formula)
        .with("count", at.len())
        .with("intervals", at.iter().map(slot).collect::<Value>())
        .with_number("price", &price)
}

impl ReactiveHow {
    pub(super) fn told(&self, line: &Line) -> Told {
        let Self {
            kvarh,
            kwh,
            free_share,
        } = self;
        let price = line.price.clone().unwrap_or_default();
        let words = format!(
            "{} less {free_share} kvarh for each of {}, {} kvarh at {price} per kvarh",
            kvarh.words(line),
            kwh.words(line),
            said(&line.quantity)
        );
        let formula = format!(
            "max(0, {} - {} x {}) x {}",
            term(&kvarh.kwh),
            term(free_share),
            term(&kwh.kwh),
            term(&price)
        );
        Told::new("reactive_excess", words, formula)
            .with("reactive", kvarh.facts())
            .with("active", kwh.facts())
            .with_number("free_share", free_share)
            .with_number("price", &price)
    }
}

impl BandHow {
    pub(super) fn told(&self, line: &Line) -> Told {
        let Self {
            contracted,
            low,
            high,
            excess_factor,
            measured,
            rate,
            days,
            ..
        } = self;
        let percent = |share: &Exact| share.times(Exact::whole(100));
        let most = match self.at {
            Some(at) => words::windows(line, &[(at, measured.clone())]),
            None => "0 kW".to_owned(),
        };
        let words = format!(
            "in {} minutes at most {most}, billed as at least {} % of the {contracted} kW contracted, and {excess_factor} times what is above \
             {} % of it more, {} kW at {rate} per kW and day for {}",
            self.window_minutes,
            percent(low),
            percent(high),
            said(&line.quantity),
            words::days(line, *days)
        );
        let kw = if *measured < contracted.times(low) {
            format!("{} x {}", term(contracted), term(low))
        } else {
            let above = format!(
                "max(0, {} - {} x {})",
                term(measured),
                term(contracted),
                term(high)
            );
            format!("({} + {above} x {})", term(measured), term(excess_factor))
        };
        Told::new(
            "contracted_band",
            words,
            format!("{kw} x {} x {days}", term(rate)),
        )
        .with_number("contracted_kw", contracted)
        .with_number("low", low)
        .with_number("high", high)
        .with_number("excess_factor", excess_factor)
        .with_number("measured_kw", measured)
        .with("at", self.at.map(instant::show))
        .with("window_minutes", self.window_minutes)
        .with_number("price", rate)
        .with("days", *days)
    }
}

/// Contracted power, paid always.
pub(super) fn contracted_fee(line: &Line, rate: &Exact, days: usize) -> Told {
    let kw = &line.quantity;
    let words = format!(
        "{kw} kW contracted at {rate} per kW and day for {}",
        words::days(line, days)
    );
    Told::new(
        "contracted_fee",
        words,
        format!("{} x {} x {days}", term(kw), term(rate)),
    )
    .with_number("contracted_kw", kw)
    .with_number("price", rate)
    .with("days", days)
}

impl ExcessHow {
    pub(super) fn told(&self, line: &Line) -> Told {
        let Self {
            contracted,
            windows,
            window_minutes,
            squares,
        } = self;
        let price = line.price.clone().unwrap_or_default();
        let words = format!(
            "windows of {window_minutes} minutes above {contracted} kW: {windows}, whose excesses squared are {} together, the root of it \
             at {price} per kW",
            said(squares)
        );
        Told::new(
            "contracted_excess",
            words,
            format!("root({squares}) x {}", term(&price)),
        )
        .with_number("contracted_kw", contracted)
        .with("windows", *windows)
        .with("window_minutes", *window_minutes)
        .with_number("squares", squares)
        .with_number("price", &price)
    }
}
