//! The verbs that ask a platform something, or tell it something.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{BesideArgs, Settings};

/// How an answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// Aligned columns for people
    #[default]
    Table,
    /// JSON, everything there is
    Json,
    /// Comma-separated values with a header
    Csv,
}

/// What every query takes.
#[derive(Debug, Clone, Default, Args)]
pub struct Query {
    /// How to print the answer
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
    /// Settings.
    #[command(flatten)]
    pub settings: Settings,
}

/// `meter ...`.
#[derive(Debug, Subcommand)]
pub enum MeterCommand {
    /// Every meter with its latest reading
    List {
        /// As every query.
        #[command(flatten)]
        query: Query,
    },
    /// One meter
    Show {
        /// Id of the meter
        id: String,
        /// As every query.
        #[command(flatten)]
        query: Query,
    },
    /// The readings of a meter
    Readings {
        /// Id of the meter
        id: String,
        /// First instant, RFC 3339 [default: the first reading; without --to the latest 96 readings]
        #[arg(long, default_value = "", hide_default_value = true)]
        from: String,
        /// First instant after, RFC 3339 [default: the last reading]
        #[arg(long, default_value = "", hide_default_value = true)]
        to: String,
        /// import, export, reactive, register or telemetry [default: every interval channel]
        #[arg(long, default_value = "", hide_default_value = true)]
        channel: String,
        /// As every query.
        #[command(flatten)]
        query: Query,
    },
    /// The usage of a meter: windows that overlap the range, each whole
    Usage {
        /// Id of the meter
        id: String,
        /// First instant, RFC 3339 [default: a day, at 1mo a month, before --to]
        #[arg(long, default_value = "", hide_default_value = true)]
        from: String,
        /// First instant after, RFC 3339 [default: now, or a day, at 1mo a month, after --from where that is later]
        #[arg(long, default_value = "", hide_default_value = true)]
        to: String,
        /// 15m, 1h, 1d or 1mo
        #[arg(long, default_value = "1d")]
        resolution: String,
        /// As every query.
        #[command(flatten)]
        query: Query,
    },
}

/// `account ...`.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Every account
    List {
        /// As every query.
        #[command(flatten)]
        query: Query,
    },
    /// One account
    Show {
        /// Id of the account
        id: String,
        /// As every query.
        #[command(flatten)]
        query: Query,
    },
}

/// `tariff ...`.
#[derive(Debug, Subcommand)]
pub enum TariffCommand {
    /// Every tariff
    List {
        /// As every query.
        #[command(flatten)]
        query: Query,
    },
    /// One tariff: a file in words, or one of the platform with its text
    Show {
        /// A tariff file, or the id of a tariff
        #[arg(value_name = "FILE|ID")]
        tariff: String,
        /// As every query.
        #[command(flatten)]
        query: Query,
    },
    /// What is wrong with a tariff file, and what may not be meant; needs no platform
    Lint {
        /// A tariff in the neutral form (JSON), or a rate record
        file: PathBuf,
        /// How to print the findings
        #[arg(long, value_enum, default_value_t)]
        output: Format,
    },
    /// What a kilowatt-hour costs in every hour of every month; needs no platform
    Calendar {
        /// A tariff in the neutral form (JSON), or a rate record
        file: PathBuf,
        /// The version that holds on this day [default: the last]
        #[arg(long, value_name = "DATE")]
        on: Option<chrono::NaiveDate>,
        /// How to print the prices
        #[arg(long, value_enum, default_value_t)]
        output: Format,
    },
    /// What a load costs in a year under every tariff of a folder, cheapest first; needs no platform
    Compare(CompareArgs),
}

/// `tariff compare`.
#[derive(Debug, Clone, Default, Args)]
pub struct CompareArgs {
    /// Load file (CSV); one that is no year is scaled by days
    #[arg(long, value_name = "FILE")]
    pub load: PathBuf,
    /// Folder of tariff files: neutral ones and rate records
    #[arg(long, value_name = "DIR")]
    pub tariffs: PathBuf,
    /// As `rate`.
    #[command(flatten)]
    pub beside: BesideArgs,
    /// How to print the costs
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
}

/// `reading ...`.
#[derive(Debug, Subcommand)]
pub enum ReadingCommand {
    /// Sends the rows of a CSV file and prints what became of each that was not simply accepted
    Import {
        /// CSV with a header: `start_utc` and `import_kwh` (or `export_kwh`), and optionally `device_id`, `minutes`, `quality`, `revision`
        file: PathBuf,
        /// The meter, when the file has no column `device_id`
        #[arg(long)]
        meter: Option<String>,
        /// As every query.
        #[command(flatten)]
        query: Query,
    },
}

/// `register ...`.
#[derive(Debug, Subcommand)]
pub enum RegisterCommand {
    /// Puts the objects of a JSON file, in its order: a list of {"meter": {...}}, {"account": {...}} and so on
    Import {
        /// The file
        file: PathBuf,
        /// Say what would become of each object, and keep nothing
        #[arg(long)]
        dry_run: bool,
        /// As every query.
        #[command(flatten)]
        query: Query,
    },
    /// Every object of a kind
    List {
        /// `service_point`, `meter`, `installation`, `account`, `agreement`, `calendar`, `tariff` or `seller`
        kind: String,
        /// As every query.
        #[command(flatten)]
        query: Query,
    },
}

/// `bill ...`.
#[derive(Debug, Subcommand)]
pub enum BillCommand {
    /// Bills and bills to date
    List {
        /// Only of this agreement
        #[arg(long, default_value = "", hide_default_value = true)]
        agreement: String,
        /// Only of this account
        #[arg(long, default_value = "", hide_default_value = true)]
        account: String,
        /// Only of this meter
        #[arg(long, default_value = "", hide_default_value = true)]
        meter: String,
        /// Only with this status: draft, issued, open
        #[arg(long, default_value = "", hide_default_value = true)]
        status: String,
        /// As every query.
        #[command(flatten)]
        query: Query,
    },
    /// Issues the ready bills of every cycle that is due; run again = no effect
    Run {
        /// Only say what would happen
        #[arg(long)]
        dry_run: bool,
        /// Bills what is due by this instant, RFC 3339; a cycle that has not ended is never billed
        #[arg(long, default_value = "", hide_default_value = true)]
        as_of: String,
        /// As every query.
        #[command(flatten)]
        query: Query,
    },
    /// One bill
    Show {
        /// Id of the bill
        id: String,
        /// As every query.
        #[command(flatten)]
        query: Query,
    },
    /// One bill, its lines in sentences, and the reads behind them
    Explain {
        /// Id of the bill
        id: String,
        /// Only this line
        #[arg(long, default_value = "", hide_default_value = true)]
        line: String,
        /// As every query.
        #[command(flatten)]
        query: Query,
    },
    /// Issues one draft
    Issue {
        /// Id of the bill
        id: String,
        /// As every query.
        #[command(flatten)]
        query: Query,
    },
    /// Issued bills, a line each, in order of their ids
    ///
    /// As JSON every bill is one line in one canonical form, so that two exports can be compared byte by byte: with `--statement` the
    /// same readings give the same bytes, without it number, times and actors are there too. As CSV a line has what a bill is and its total, for a spreadsheet. There is no table; `bill list` has one.
    Export {
        /// json (lines) or csv
        #[arg(long, value_enum, default_value = "json")]
        output: Format,
        /// Write here instead of to standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Only the statement: what recomputing must give again, without number, times and actors
        #[arg(long)]
        statement: bool,
        /// Settings.
        #[command(flatten)]
        settings: Settings,
    },
}

/// `exception ...`.
#[derive(Debug, Subcommand)]
pub enum ExceptionCommand {
    /// Open and closed exceptions
    List {
        /// Only of this kind, e.g. `UNKNOWN_METER`
        #[arg(long, default_value = "", hide_default_value = true)]
        kind: String,
        /// As every query.
        #[command(flatten)]
        query: Query,
    },
}

/// `quarantine ...`.
#[derive(Debug, Subcommand)]
pub enum QuarantineCommand {
    /// What is there, with the reason
    List {
        /// As every query.
        #[command(flatten)]
        query: Query,
    },
    /// Processes it again
    Replay {
        /// Id of the message; all without it
        id: Option<String>,
        /// As every query.
        #[command(flatten)]
        query: Query,
    },
}

/// `log ...`.
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Reads every record of the journal and says whether it is whole; nothing is changed
    Verify {
        /// As every query.
        #[command(flatten)]
        query: Query,
    },
    /// Prints one line per record
    Dump {
        /// As every query.
        #[command(flatten)]
        query: Query,
    },
}
