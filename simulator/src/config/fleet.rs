//! The settings of `run`.

use std::ops::Range;
use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use clap::Args;

use super::{Listing, Output, Receiver, SendingArgs, time};
use crate::delivery::FaultRates;
use crate::error::Error;
use crate::fleet::FleetConfig;
use crate::pace::Speed;
use crate::span::{Interval, Span};

const DAY: Span = Span::from_secs(86_400);

/// Let a simulated fleet report.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Who receives.
    #[command(flatten)]
    pub(crate) receiver: Receiver,
    /// How it is sent.
    #[command(flatten)]
    pub(crate) sending: SendingArgs,
    /// From which everything follows.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many meters.
    #[arg(long, default_value_t = 300)]
    pub(crate) meters: u32,
    /// How many regions they are spread over.
    #[arg(long, default_value_t = 10)]
    pub(crate) regions: u32,
    /// The zones of the regions, taken in turn.
    #[arg(long, value_delimiter = ',', default_value = "Europe/Berlin")]
    pub(crate) zone: Vec<Tz>,
    /// The length of an interval.
    #[arg(long, default_value = "15m")]
    pub(crate) interval: Interval,
    /// The first interval: a date or a time. Unset: by --to and --period, or now.
    #[arg(long, value_parser = time)]
    pub(crate) from: Option<DateTime<Utc>>,
    /// The end: a date or a time. Unset: now; at speed `real`, never.
    #[arg(long, value_parser = time)]
    pub(crate) to: Option<DateTime<Utc>>,
    /// How much of the fleet's time is reported. Unset: a day; at speed `real`, without end.
    #[arg(long)]
    pub(crate) period: Option<Span>,
    /// How fast the fleet's time passes: `real`, `60x` or `max`. A meter never reports an interval that is not over.
    #[arg(long, default_value = "real")]
    pub(crate) speed: Speed,
    /// Readings carry voltage, current, power, power factor and temperature.
    #[arg(long)]
    pub(crate) telemetry: bool,
    /// The share of the weeks of a meter in which something goes wrong, 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) anomaly_rate: f64,
    /// Writes what went wrong where and when, one JSON object per line.
    #[arg(long, value_name = "FILE")]
    pub(crate) truth: Option<PathBuf>,
    /// What happens to readings on their way.
    #[command(flatten)]
    pub(crate) faults: FaultArgs,
    /// Prints what would be sent, and sends nothing; `--dry-run=csv` for CSV.
    #[arg(long, value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "json")]
    pub(crate) dry_run: Option<Listing>,
    /// How the summary is printed.
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) output: Output,
}

/// What happens to readings on their way; rates are 0 to 1.
#[derive(Debug, Args)]
pub(crate) struct FaultArgs {
    /// The share of readings that are sent twice.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) duplicate_rate: f64,
    /// The share that comes up to 96 intervals late.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) late_rate: f64,
    /// The share that up to three later intervals overtake.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) reorder_rate: f64,
    /// The share that is never sent.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) gap_rate: f64,
    /// The share of meters whose clock is wrong.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) skew_rate: f64,
    /// How far a wrong clock is off at most.
    #[arg(long, default_value = "2m")]
    pub(crate) skew_max: Span,
}

impl RunArgs {
    /// The fleet that is meant.
    #[must_use]
    pub(crate) fn fleet(&self) -> FleetConfig {
        FleetConfig {
            seed: self.seed,
            meters: self.meters,
            regions: self.regions,
            zones: self.zone.clone(),
            interval: self.interval,
            anomaly_rate: self.anomaly_rate,
            telemetry: self.telemetry,
        }
    }

    /// The faults that are meant.
    ///
    /// # Errors
    /// [`Error::Settings`] names every rate that is none.
    pub(crate) fn faults(&self) -> Result<FaultRates, Error> {
        let rates = FaultRates {
            duplicates: self.faults.duplicate_rate,
            late: self.faults.late_rate,
            reordered: self.faults.reorder_rate,
            gaps: self.faults.gap_rate,
            skewed: self.faults.skew_rate,
            skew: self.faults.skew_max,
        };
        let problems = rates.problems();
        if problems.is_empty() {
            Ok(rates)
        } else {
            Err(Error::Settings { problems })
        }
    }

    /// The period that is meant at `now`. In real time it begins with the interval that is just over and has no end unless one is set.
    ///
    /// # Errors
    /// [`Error::Settings`] when it ends before it begins.
    pub(crate) fn period(&self, now: DateTime<Utc>) -> Result<Range<DateTime<Utc>>, Error> {
        let step = self.interval.as_millis();
        let last_end =
            DateTime::from_timestamp_millis(now.timestamp_millis().div_euclid(step) * step).unwrap_or(now);
        let back =
            |to: DateTime<Utc>, span: Span| to.checked_sub_signed(TimeDelta::milliseconds(span.as_millis()));
        let on = |from: DateTime<Utc>, span: Span| {
            from.checked_add_signed(TimeDelta::milliseconds(span.as_millis()))
        };
        let real = self.speed == Speed::Real;
        let length = self.period.unwrap_or(DAY);
        let from = match (self.from, self.to) {
            (Some(from), _) => Some(from),
            (None, Some(to)) => back(to, length),
            (None, None) if real => Some(last_end - TimeDelta::milliseconds(step)),
            (None, None) => back(last_end, length),
        };
        let from = from.unwrap_or(DateTime::UNIX_EPOCH);
        let to = match (self.to, self.period) {
            (Some(to), _) => Some(to),
            (None, Some(period)) => on(from, period),
            (None, None) if real => None,
            (None, None) => Some(last_end),
        };
        let to = to.unwrap_or(DateTime::<Utc>::MAX_UTC);
        if from >= to {
            return Err(Error::Settings {
                problems: vec![format!("the period from {from} to {to} is empty")],
            });
        }
        Ok(from..to)
    }
}
