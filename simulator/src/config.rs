//! The command line, and the one place that reads the environment.

mod fleet;
mod load;

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use fleet::RunArgs;
pub(crate) use load::LoadArgs;

use crate::error::Error;
use crate::gateway::{MAX_BATCH, Sending, Token, Transport};
use crate::pace::Speed;
use crate::recording::Month;
use crate::span::Span;

/// The environment variable that may hold the token.
const TOKEN_VARIABLE: &str = "GRIDTALLY_TOKEN";
/// The most meters that one recording is replayed as.
const MAX_REPLAYED: u32 = 100_000;

/// A fleet of meters and a load generator that see only the wire.
#[derive(Debug, Parser)]
#[command(name = "gridtally-simulator", version, about)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Let a simulated fleet of households and offices report.
    Run(Box<RunArgs>),
    /// Report a recorded load as one or many meters.
    Replay(Box<ReplayArgs>),
    /// Measure how much a receiver takes, and how long it takes to answer.
    Load(Box<LoadArgs>),
}

/// Who receives.
#[derive(Debug, Args)]
pub(crate) struct Receiver {
    /// Address of the device gRPC port.
    #[arg(long, default_value = "http://127.0.0.1:50051")]
    pub(crate) endpoint: String,
    /// File that holds the device token; without it `GRIDTALLY_TOKEN` is read, and without that no token is shown.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

impl Receiver {
    /// The token from file or environment.
    ///
    /// # Errors
    /// [`Error::File`] when the file cannot be read, [`Error::Settings`] when its text cannot be a token.
    pub(crate) fn token(&self) -> Result<Option<Token>, Error> {
        let text = match &self.token_file {
            Some(path) => {
                let read = std::fs::read_to_string(path);
                Some(read.map_err(|source| Error::File {
                    path: path.clone(),
                    source,
                })?)
            }
            None => variable(TOKEN_VARIABLE),
        };
        text.filter(|text| !text.trim().is_empty())
            .map(|text| text.parse())
            .transpose()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// How readings are sent.
#[derive(Debug, Args)]
pub(crate) struct SendingArgs {
    /// Which call carries the readings.
    #[arg(long, value_enum, default_value = "batch")]
    pub(crate) transport: Transport,
    /// Readings per call or batch.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) batch: u32,
    /// Calls or batches without an answer at the same time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    pub(crate) in_flight: u32,
    /// How long the same is sent again before giving up.
    #[arg(long, default_value = "10m")]
    pub(crate) patience: Span,
}

impl SendingArgs {
    /// As the client has it.
    #[must_use]
    pub(crate) fn sending(&self, seed: u64) -> Sending {
        Sending {
            transport: self.transport,
            batch: usize::try_from(self.batch).unwrap_or(MAX_BATCH),
            in_flight: usize::try_from(self.in_flight).unwrap_or(1),
            patience: self.patience.as_duration(),
            seed,
        }
    }
}

/// In which form the summary is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Table,
    /// One JSON object.
    Json,
}

/// In which form a dry run lists readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Listing {
    /// One JSON object per line.
    Json,
    /// CSV with a header.
    Csv,
}

/// Report a recorded load.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// Who receives.
    #[command(flatten)]
    pub(crate) receiver: Receiver,
    /// How it is sent.
    #[command(flatten)]
    pub(crate) sending: SendingArgs,
    /// The load: CSV with `start_utc`, `import_kwh` and optionally `export_kwh`, `reactive_kvarh`, `minutes`, `quality`.
    #[arg(long, value_name = "FILE")]
    pub(crate) load: PathBuf,
    /// The ids that report it.
    #[arg(
        long,
        value_name = "ID",
        value_delimiter = ',',
        conflicts_with = "prefix",
        required_unless_present = "prefix"
    )]
    pub(crate) meters: Vec<String>,
    /// Reports as meters <PREFIX>0001, <PREFIX>0002 ...
    #[arg(long)]
    pub(crate) prefix: Option<String>,
    /// How many meters with that prefix.
    #[arg(long, default_value_t = 1, requires = "prefix", value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_REPLAYED)))]
    pub(crate) count: u32,
    /// Moves the load by so many weeks.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, conflicts_with = "into",
          value_parser = clap::value_parser!(i64).range(-5_000..=5_000))]
    pub(crate) shift_weeks: i64,
    /// Fills this month with the load, moved by the whole weeks that keep the season best.
    #[arg(long, value_name = "YYYY-MM")]
    pub(crate) into: Option<Month>,
    /// The zone whose midnights bound that month.
    #[arg(long, default_value = "UTC")]
    pub(crate) zone: Tz,
    /// How fast the load's time passes: `real`, `60x` or `max`.
    #[arg(long, default_value = "max")]
    pub(crate) speed: Speed,
    /// Prints what would be sent, and sends nothing; `--dry-run=csv` for CSV.
    #[arg(long, value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "json")]
    pub(crate) dry_run: Option<Listing>,
    /// How the summary is printed.
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) output: Output,
}

/// A time as RFC 3339, or a date, which means its midnight in UTC.
pub(crate) fn time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(date) = text.parse::<NaiveDate>() {
        return Ok(date.and_time(NaiveTime::MIN).and_utc());
    }
    let time = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
    time.map_err(|_| "not a time; write for example 2026-10-01 or 2026-10-01T00:00:00Z".to_owned())
}

#[cfg(test)]
mod tests;
