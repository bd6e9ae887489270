//! A recorded load (the CSV of the rating rules, 1.2) as the readings of a meter: the same decimals, moved by whole weeks.
//!
//! Moving is done in UTC: every row keeps its weekday and its time of day in UTC. Where only one of source and target lies in summer
//! time, the wall clock therefore differs by an hour; nothing is invented or dropped to hide that.

mod csv_load;
mod moved;

use std::io::Read;
use std::path::Path;

use chrono_tz::Tz;
use model::{Channel, Energy, Quality};

pub use moved::{InvalidMonth, Month};

use crate::error::Error;
use crate::sample::Sample;

const WEEK_MS: i64 = 7 * 86_400_000;

/// One row: the energy of the interval that starts at the stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) start_ms: i64,
    /// 0 = as the file's smallest spacing.
    pub(crate) interval_seconds: u32,
    pub(crate) import: Option<Energy>,
    pub(crate) export: Option<Energy>,
    pub(crate) reactive: Option<Energy>,
    pub(crate) quality: Quality,
    /// How often the same stamp came before.
    pub(crate) revision: u32,
}

/// A recorded load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    rows: Vec<Row>,
}

impl Recording {
    /// Reads the CSV: `start_utc`, `import_kwh`, and where present `export_kwh`, `reactive_kvarh`, `minutes`, `quality`; other columns
    /// are information only. An empty value is a missing one. A stamp that occurs again corrects the row before it: it gets the next revision.
    ///
    /// # Errors
    /// [`Error::Load`] and [`Error::Row`]: nothing is guessed or rounded.
    pub fn from_csv(source: impl Read) -> Result<Self, Error> {
        let rows = csv_load::rows(source)?;
        if rows.is_empty() {
            return Err(Error::Row {
                row: 1,
                problem: "there is none".to_owned(),
            });
        }
        Ok(Self { rows })
    }

    /// As [`Self::from_csv`], from a file.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = std::fs::File::open(path).map_err(|source| Error::File {
            path: path.to_owned(),
            source,
        })?;
        Self::from_csv(std::io::BufReader::new(file))
    }

    /// Start of the first interval and end of the last, milliseconds since 1970 UTC.
    #[must_use]
    pub fn span_ms(&self) -> (i64, i64) {
        let start = self.rows.iter().map(|row| row.start_ms).min().unwrap_or_default();
        let end = |row: &Row| row.start_ms + i64::from(row.interval_seconds) * 1_000;
        (start, self.rows.iter().map(end).max().unwrap_or_default())
    }

    /// The same load `weeks` later (earlier when negative).
    #[must_use]
    pub fn shifted(mut self, weeks: i64) -> Self {
        for row in &mut self.rows {
            row.start_ms += weeks * WEEK_MS;
        }
        self
    }

    /// The part of the load that fills `month` of `zone`, moved there by whole weeks.
    ///
    /// Of all moves that fill the month from its first local midnight to its last, the one that keeps the season best is taken: the
    /// source begins as near as possible to the same day of its own year; of two equally near the earlier move. When no move fills the
    /// month, the one that covers most of it is taken by the same rules; the rest of the month stays empty. Rows outside the month are left out.
    #[must_use]
    pub fn into_month(self, month: Month, zone: Tz) -> Self {
        let (from, to) = month.span_ms(zone);
        let weeks = moved::weeks_into(self.span_ms(), (from, to));
        let mut moved = self.shifted(weeks);
        moved.rows.retain(|row| from <= row.start_ms && row.start_ms < to);
        moved
    }

    /// The readings, in order of the rows; import, then export, then reactive energy of a row.
    pub fn samples(&self) -> impl Iterator<Item = Sample> {
        self.rows.iter().flat_map(|row| {
            let channels = [
                (Channel::Import, row.import),
                (Channel::Export, row.export),
                (Channel::Reactive, row.reactive),
            ];
            channels.into_iter().filter_map(|(channel, energy)| {
                Some(Sample {
                    start_ms: row.start_ms,
                    interval_seconds: row.interval_seconds,
                    channel,
                    energy: energy?,
                    quality: row.quality,
                    revision: row.revision,
                    telemetry: None,
                })
            })
        })
    }
}

#[cfg(test)]
mod tests;
