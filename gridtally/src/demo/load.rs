//! Recorded loads: whole weeks that are moved by whole weeks to the time that is shown.

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

use crate::error::CommandError;

const WEEK_MINUTES: i64 = 7 * 24 * 60;

/// A recorded load.
#[derive(Debug)]
pub(super) struct Load {
    /// Local wall clock of the first row.
    first: NaiveDateTime,
    step_minutes: i64,
    /// Import and export in kWh, by steps since `first`; whole weeks.
    rows: Vec<(f64, f64)>,
}

/// The loads in the program, by name.
const FILES: [(&str, &str); 4] = [
    ("h0_berlin_15", include_str!("../../demo-data/h0_berlin_15.csv")),
    ("res_15", include_str!("../../demo-data/res_15.csv")),
    ("office_60", include_str!("../../demo-data/office_60.csv")),
    ("own_pv_15", include_str!("../../demo-data/own_pv_15.csv")),
];

impl Load {
    /// The load `name` of `demo-data`.
    ///
    /// # Errors
    /// [`CommandError::Invalid`] when there is none or it cannot be read: the program was built wrong.
    pub(super) fn named(name: &str) -> Result<Self, CommandError> {
        let wrong = |what: &str| CommandError::Invalid(format!("load {name}: {what}"));
        let (_, text) = FILES
            .iter()
            .find(|(file, _)| *file == name)
            .ok_or_else(|| wrong("is not in the program"))?;
        Self::parse(text)
            .ok_or_else(|| wrong("is not whole weeks of start_utc,start_local,import_kwh[,export_kwh]"))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut read = text.lines().skip(1).map(|line| {
            let mut fields = line.split(',').skip(1);
            let at = DateTime::parse_from_rfc3339(fields.next()?).ok()?.naive_local();
            let import: f64 = fields.next()?.parse().ok()?;
            let export: f64 = fields.next().map_or(Some(0.0), |field| field.parse().ok())?;
            Some((at, (import, export)))
        });
        let (first, row) = read.next()??;
        let mut stamps = vec![first];
        let mut rows = vec![row];
        for item in read {
            let (at, row) = item?;
            // The second pass of a repeated hour: the wall clock shows what was there before.
            if stamps.last().is_some_and(|last| at > *last) && !stamps.contains(&at) {
                stamps.push(at);
                rows.push(row);
            }
        }
        let step_minutes = stamps.get(1)?.signed_duration_since(first).num_minutes();
        let whole_weeks = i64::try_from(rows.len())
            .ok()?
            .checked_mul(step_minutes)?
            .checked_rem(WEEK_MINUTES)?
            == 0;
        whole_weeks.then_some(Self {
            first,
            step_minutes,
            rows,
        })
    }

    /// The length of its intervals.
    pub(super) fn step(&self) -> TimeDelta {
        TimeDelta::minutes(self.step_minutes)
    }

    /// Import and export in kWh of the interval that starts at `at`, `weeks` weeks later in the recording than the calendar says.
    pub(super) fn at(&self, at: DateTime<Utc>, zone: Tz, weeks: i64) -> (f64, f64) {
        let local = zone.from_utc_datetime(&at.naive_utc()).naive_local();
        let steps = i64::try_from(self.rows.len()).unwrap_or(i64::MAX);
        let since = local.signed_duration_since(self.first).num_minutes() + weeks * WEEK_MINUTES;
        let index = since.div_euclid(self.step_minutes).rem_euclid(steps);
        let row = usize::try_from(index).ok().and_then(|index| self.rows.get(index));
        row.copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
