//! A price for every kilowatt-hour, one or by bands of time (`RATING` 3.3).

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::{Draft, is_name};
use crate::exact::{Exact, Overflow};
use crate::reader::{At, Fields, Problems};
use crate::rule::When;
use crate::statement::{Register, Unit};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Energy {
    pub(crate) register: Register,
    /// In the order in which they are tested; the last one takes what is left.
    bands: Vec<Band>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Band {
    /// `None`: the charge has one price.
    name: Option<String>,
    /// With the charge's sign.
    rate: Exact,
    /// `None`: always.
    when: Option<When>,
}

impl Energy {
    pub(super) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let path = fields.path.clone();
        let register =
            fields
                .get("register")
                .map_or(Some(Register::Import), |at| match at.text(problems)? {
                    "import" => Some(Register::Import),
                    "export" => Some(Register::Export),
                    _ => at.wrong(
                        problems,
                        "must be import or export; other registers are not supported",
                    ),
                });
        let sign = fields
            .get("sign")
            .map_or(Some(Exact::ONE), |at| read_sign(&at, problems));
        let rate = fields.get("rate").map(|at| at.number(problems));
        let bands = fields.get("bands").map(|at| read_bands(&at, problems));
        let otherwise = fields.get("otherwise").map(|at| read_band(&at, false, problems));
        let bands = match (rate, bands, otherwise) {
            (Some(rate), None, None) => vec![Band {
                name: None,
                rate: rate?,
                when: None,
            }],
            (None, Some(bands), Some(otherwise)) => {
                let mut bands = bands?;
                bands.push(otherwise?);
                bands
            }
            _ => {
                problems.add(&path, "must have either rate, or bands and otherwise");
                return None;
            }
        };
        let mut names = BTreeSet::new();
        if let Some(twice) = bands
            .iter()
            .filter_map(|band| band.name.as_ref())
            .find(|name| !names.insert(*name))
        {
            problems.add(&path, format!("two bands are called {twice}"));
            return None;
        }
        let sign = sign?;
        let signed = |band: Band| {
            Some(Band {
                rate: band.rate.times(sign).ok()?,
                ..band
            })
        };
        Some(Self {
            register: register?,
            bands: bands.into_iter().map(signed).collect::<Option<_>>()?,
        })
    }

    pub(crate) fn band_names(&self) -> impl Iterator<Item = &str> {
        self.bands.iter().filter_map(|band| band.name.as_deref())
    }

    /// The name of a band; `None` where the charge has one price.
    pub(crate) fn band_name(&self, band: usize) -> Option<&str> {
        self.bands.get(band)?.name.as_deref()
    }

    pub(crate) fn bands(&self) -> usize {
        self.bands.len()
    }

    /// The minutes of the clock at which the band may change.
    pub(crate) fn edges(&self) -> impl Iterator<Item = u32> {
        self.bands
            .iter()
            .filter_map(|band| band.when.as_ref())
            .flat_map(When::edges)
    }

    /// Which band takes an interval that starts on `day` at `minute` of the local clock.
    pub(crate) fn band_at(&self, day: NaiveDate, minute: u32, holidays: &BTreeSet<NaiveDate>) -> usize {
        let takes = |band: &Band| {
            band.when
                .as_ref()
                .is_none_or(|when| when.holds(day, minute, holidays))
        };
        self.bands.iter().position(takes).unwrap_or_default()
    }

    /// The lines, from the kWh and the number of intervals of every band. A band without intervals has no line; the only one has.
    pub(crate) fn lines(&self, sums: &[(Exact, u32)]) -> Result<Vec<Draft>, Overflow> {
        let mut lines = Vec::new();
        for (band, (kwh, intervals)) in self.bands.iter().zip(sums) {
            if band.name.is_some() && *intervals == 0 {
                continue;
            }
            lines.push(Draft {
                band: band.name.clone(),
                quantity: *kwh,
                unit: Unit::KilowattHours,
                price: Some(band.rate),
                exact: kwh.times(band.rate)?,
                how: format!(
                    "{kwh} kWh of {} in {intervals} intervals x {} per kWh",
                    self.register.name(),
                    band.rate
                ),
            });
        }
        Ok(lines)
    }
}

fn read_sign(at: &At<'_>, problems: &mut Problems) -> Option<Exact> {
    let sign = at.number(problems)?;
    if sign == Exact::ONE || sign == Exact::whole(-1) {
        return Some(sign);
    }
    at.wrong(problems, "must be 1 or -1")
}

fn read_bands(at: &At<'_>, problems: &mut Problems) -> Option<Vec<Band>> {
    let items = at.list(problems)?;
    if items.is_empty() {
        return at.wrong(problems, "must not be empty");
    }
    let bands: Vec<_> = items.iter().map(|item| read_band(item, true, problems)).collect();
    bands.into_iter().collect()
}

fn read_band(at: &At<'_>, ruled: bool, problems: &mut Problems) -> Option<Band> {
    let mut fields = at.object(problems)?;
    let name = fields.need("name", problems).and_then(|at| {
        let name = at.text(problems)?;
        if is_name(name) {
            Some(name.to_owned())
        } else {
            at.wrong(problems, "must be 1 to 64 of A-Z a-z 0-9 _ : -")
        }
    });
    let rate = fields.need("rate", problems).and_then(|at| at.number(problems));
    let when = if ruled {
        fields
            .need("when", problems)
            .and_then(|at| When::read(&at, problems))
            .map(Some)
    } else {
        Some(None)
    };
    fields.finish(problems);
    Some(Band {
        name: Some(name?),
        rate: rate?,
        when: when?,
    })
}
