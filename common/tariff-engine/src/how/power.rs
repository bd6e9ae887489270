//! Power at given times, and reactive energy, in words.

use serde_json::{Value, json};

use super::{CoincidentHow, ReactiveHow, Slot, moment};
use crate::explanation::{Facts, Told, group, listed, number, said, term};
use crate::instant;
use crate::statement::Line;

impl CoincidentHow {
    pub(super) fn told(&self, line: &Line) -> Told {
        let price = line.price_or_zero();
        let zone = line.period.zone;
        let slot = |slot: &Slot| {
            let at = moment(zone, slot.at);
            format!("{} kWh in {} minutes from {at}", said(&slot.kwh), slot.minutes)
        };
        let power_of = if self.at.is_empty() {
            "none of the given times counts here".to_owned()
        } else {
            format!("the mean power of {}", listed(self.at.iter().map(slot)))
        };
        let left_out = listed(self.left_out.iter().map(|at| moment(zone, *at)));
        let without = if left_out.is_empty() {
            String::new()
        } else {
            format!(", without {left_out}, for which there is only an estimate")
        };
        let words = format!(
            "{power_of}{without}, {} kW at {price} per kW",
            said(&line.quantity)
        );
        let power = |slot: &Slot| format!("{} x 60 / {}", term(&slot.kwh), term(&slot.minutes));
        let powers = group(self.at.iter().map(power));
        let mean = match self.at.len() {
            0 | 1 => powers,
            many => format!("{powers} / {many}"),
        };
        Told::new(words, format!("{mean} x {}", term(price)))
    }

    pub(super) fn facts(&self, line: &Line) -> Facts {
        let slot = |slot: &Slot| json!({"at": instant::show(slot.at), "kwh": number(&slot.kwh), "minutes": number(&slot.minutes)});
        let left_out = self.left_out.iter().map(|at| json!(instant::show(*at)));
        Facts::of("coincident")
            .with("count", self.at.len())
            .with("intervals", self.at.iter().map(slot).collect::<Value>())
            .with("estimated", left_out.collect::<Value>())
            .with_number("price", line.price_or_zero())
    }
}

impl ReactiveHow {
    pub(super) fn told(&self, line: &Line) -> Told {
        let Self {
            kvarh,
            kwh,
            free_share,
        } = self;
        let price = line.price_or_zero();
        let words = format!(
            "{}, less {free_share} kvarh for each kWh of {}, {} kvarh at {price} per kvarh",
            kvarh.words(line),
            kwh.words(line),
            said(&line.quantity)
        );
        let formula = format!(
            "max(0, {} - {} x {}) x {}",
            term(&kvarh.kwh),
            term(free_share),
            term(&kwh.kwh),
            term(price)
        );
        Told::new(words, formula)
    }

    pub(super) fn facts(&self, line: &Line) -> Facts {
        Facts::of("reactive_excess")
            .with("reactive", self.kvarh.facts())
            .with("active", self.kwh.facts())
            .with_number("free_share", &self.free_share)
            .with_number("price", line.price_or_zero())
    }
}
