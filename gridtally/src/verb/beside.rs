//! What `rate --tariff` and `tariff compare` are given beside tariffs and a load: zone, prices, values by name, events.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use tariff_engine::{Event, Tariff, Values};

use crate::cli::BesideArgs;
use crate::error::CommandError;
use crate::input;

/// As it was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Beside {
    /// Of rate records.
    pub(super) zone: Option<Tz>,
    pub(super) prices: Option<String>,
    pub(super) values: Values,
    /// `None` = nobody says whether there were any.
    pub(super) events: Option<Vec<Event>>,
}

impl Beside {
    /// Reads what the command line names.
    pub(super) fn read(args: &BesideArgs) -> Result<Self, CommandError> {
        let zone = args.tz.as_ref().map(|name| {
            let zone = name.parse::<Tz>();
            zone.map_err(|_| CommandError::Invalid(format!("{name} is no IANA time zone")))
        });
        let mut values = Values::default();
        for pair in &args.values {
            let number = pair.split_once('=').ok_or("must be NAME=NUMBER".to_owned());
            let set = number.and_then(|(name, digits)| {
                let twice = values.names().any(|earlier| earlier == name);
                let set = values.set(name, digits).map_err(|error| error.to_string());
                if twice { Err("comes twice".to_owned()) } else { set }
            });
            set.map_err(|reason| CommandError::Invalid(format!("--value {pair}: {reason}")))?;
        }
        let events = args.events.as_ref().map(|path| {
            let wrong = |problems| CommandError::Invalid(format!("{}: {problems}", path.display()));
            Event::parse_list(&input::text(path)?).map_err(wrong)
        });
        Ok(Self {
            zone: zone.transpose()?,
            prices: args.prices.as_deref().map(input::text).transpose()?,
            values,
            events: events.transpose()?,
        })
    }

    /// Refuses a value that none of the tariffs calls: its name is misspelt.
    pub(super) fn check<'t>(&self, tariffs: impl Iterator<Item = &'t str>) -> Result<(), CommandError> {
        let tariffs: Vec<Tariff> = tariffs.filter_map(|text| Tariff::parse(text).ok()).collect();
        let called: BTreeSet<&str> = tariffs.iter().flat_map(Tariff::value_names).collect();
        match self.values.names().find(|name| !called.contains(name)) {
            Some(name) => Err(CommandError::Invalid(format!(
                "--value {name}: no tariff calls such a value"
            ))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
