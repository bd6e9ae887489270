//! What of a charge on imported energy is known without values and events.

use chrono::NaiveDate;

use super::Beside;
use crate::charge::Charge;
use crate::event::Calendar;
use crate::exact::Exact;
use crate::json::Node;
use crate::rule::Open;
use crate::values;

/// A charge with the bands that are known.
pub(super) struct Bands<'a> {
    pub(super) charge: &'a Charge,
    /// As it is written, with its values by name.
    written: Option<&'a Node>,
    /// When each band is known to hold, in the order in which they are tested (`None` = always); empty where there is one price.
    rules: Vec<Option<Open>>,
}

impl<'a> Bands<'a> {
    pub(super) fn of(charge: &'a Charge, written: Option<&'a Node>) -> Self {
        let bands = charge.pricing().bands().into_iter().enumerate();
        Self {
            charge,
            written,
            rules: bands.map(|(index, band)| band.open(written, index)).collect(),
        }
    }

    /// The band that holds, without events and without what depends on a value.
    pub(super) fn pick(&self, day: NaiveDate, minute: u32, calendar: &Calendar) -> usize {
        let holds = |open: &Option<Open>| {
            let open = open.as_ref();
            open.is_none_or(|open| open.surely.holds(day, minute, calendar))
        };
        self.rules.iter().position(holds).unwrap_or_default()
    }

    /// The price of a band whose numbers are written.
    pub(super) fn rate(&self, pick: usize) -> Exact {
        let rate = self.charge.energy().and_then(|energy| energy.rate(pick));
        rate.cloned().unwrap_or_default()
    }

    /// The price of a band that a value gives: `{day_price}`, or `-{day_price}`.
    pub(super) fn value(&self, pick: usize) -> Option<String> {
        let charge = self.written?;
        let band = match self.rules.get(pick) {
            None => charge,
            Some(None) => charge.get("otherwise")?,
            Some(Some(_)) => charge.get("bands")?.item(pick)?,
        };
        let (sign, rate) = (term(charge.get("sign")), term(band.get("rate")));
        if !sign.starts_with('{') && !rate.starts_with('{') {
            return None;
        }
        Some(match sign.as_bytes().first() {
            Some(b'{') => format!("{sign} x {rate}"),
            Some(b'-') => format!("-{rate}"),
            _ => rate,
        })
    }

    /// The id, and the band's name.
    pub(super) fn name(&self, pick: usize) -> String {
        match self.charge.pricing().suffix(pick) {
            Some(band) => format!("{}.{band}", self.charge.id),
            None => self.charge.id.clone(),
        }
    }

    /// The bands that hold at times nobody knows.
    pub(super) fn beside(&self) -> Vec<Beside> {
        let mut beside = Vec::new();
        for (index, open) in self.rules.iter().enumerate() {
            let Some(open) = open else { continue };
            let values = open.names.iter().map(|name| format!("the value {name}"));
            let events = open.perhaps.events().into_iter();
            let causes: Vec<String> = values
                .chain(events.map(|name| format!("events {name}")))
                .collect();
            if !causes.is_empty() {
                beside.push(Beside {
                    name: self.name(index),
                    reason: Some(format!("its hours depend on {}", causes.join(" and "))),
                });
            }
        }
        beside
    }
}

/// The digits of a number, or the name of its value in braces; empty where there is none.
fn term(node: Option<&Node>) -> String {
    match node {
        Some(Node::Number(digits) | Node::Text(digits)) => digits.clone(),
        Some(node) => {
            let names = values::names(node).into_iter();
            names.map(|name| format!("{{{name}}}")).collect()
        }
        None => String::new(),
    }
}
