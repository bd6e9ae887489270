//! The command line as data: what may be typed. What it does is in the modules of the same names.

mod query;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use service_kit::units;

pub use query::{
    AccountCommand, BillCommand, CompareArgs, ExceptionCommand, Format, LogCommand, MeterCommand,
    QuarantineCommand, Query, ReadingCommand, RegisterCommand, TariffCommand,
};

/// Smart-meter billing and analytics: readings in, explained bills out.
#[derive(Debug, Parser)]
#[command(
    name = "gridtally",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
#[command(
    after_help = "Exit codes: 0 ok, 1 failed, 2 usage or invalid input, 3 partial, 4 not found, 5 conflict."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The whole platform in one process
    Up(UpArgs),
    /// The platform with a fleet of meters, a month of readings and its bills
    Demo(DemoArgs),
    /// Tokens for devices and staff
    #[command(subcommand)]
    Token(TokenCommand),
    /// Meters, their readings and usage
    #[command(subcommand)]
    Meter(MeterCommand),
    /// Who is billed
    #[command(subcommand)]
    Account(AccountCommand),
    /// Tariffs
    #[command(subcommand)]
    Tariff(TariffCommand),
    /// Readings from files
    #[command(subcommand)]
    Reading(ReadingCommand),
    /// The register: service points, meters, installations, accounts, agreements, calendars, tariffs, sellers
    #[command(subcommand)]
    Register(RegisterCommand),
    /// Bills
    #[command(subcommand)]
    Bill(BillCommand),
    /// A bill offline: what a tariff makes of a load
    Rate(RateArgs),
    /// What a person must look at
    #[command(subcommand)]
    Exception(ExceptionCommand),
    /// What could not be processed
    #[command(subcommand)]
    Quarantine(QuarantineCommand),
    /// The journal of the embedded bus
    #[command(subcommand)]
    Log(LogCommand),
    /// The configuration
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// Settings that more than one command takes; each is also a key of the configuration.
#[derive(Debug, Clone, Default, Args)]
pub struct Settings {
    /// Folder of the embedded engines and keys [default: ./gridtally-data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// error, warn, info, debug, trace, or a filter [default: info; warn for short commands]
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,
}

/// `up`, and what `demo` shares with it.
#[derive(Debug, Clone, Default, Args)]
pub struct UpArgs {
    /// Settings.
    #[command(flatten)]
    pub settings: Settings,
    /// Message bus: embedded:, amqp://... or amqps://... [default: embedded:]
    #[arg(long, value_name = "URL")]
    pub bus: Option<String>,
    /// Store: embedded: or mongodb://... [default: embedded:]
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// Cache: memory: or redis://... [default: memory:]
    #[arg(long, value_name = "URL")]
    pub cache: Option<String>,
    /// Where devices (and staff by gRPC) connect [default: 127.0.0.1:50051]
    #[arg(long, value_name = "ADDRESS")]
    pub device_listen: Option<SocketAddr>,
    /// Where staff connect by HTTP [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    pub staff_listen: Option<SocketAddr>,
    /// Health and metrics [default: 127.0.0.1:9100]
    #[arg(long, value_name = "ADDRESS")]
    pub metrics_listen: Option<SocketAddr>,
    /// How long to drain before leaving [default: 20s]
    #[arg(long, value_name = "TIME", value_parser = units::parse_duration)]
    pub shutdown_grace: Option<Duration>,
    /// Let everybody in, without tokens: for a first try, on loopback only
    #[arg(long)]
    pub insecure_no_auth: bool,
    /// Print the configuration that would be used, secrets hidden, and end
    #[arg(long)]
    pub print_config: bool,
}

/// `demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// As for `up`.
    #[command(flatten)]
    pub up: UpArgs,
    /// Simulated households, beside the recorded loads
    #[arg(long, default_value_t = 280, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub households: u32,
    /// Seed of the simulated households
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// End after the bills instead of serving until Ctrl-C
    #[arg(long, visible_alias = "exit-after-bills")]
    pub once: bool,
}

/// `rate`.
#[derive(Debug, Clone, Default, Args)]
pub struct RateArgs {
    /// Case file: which tariff meets which load, over which cycles
    #[arg(long, value_name = "FILE", conflicts_with_all = ["case_dir", "tariff"])]
    pub case: Option<PathBuf>,
    /// Folder that the paths in cases are relative to [default: the nearest above the case with `tariffs` or `loads`]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Write the bills here, as JSON, instead of to standard output
    #[arg(long, value_name = "FILE", conflicts_with = "case_dir")]
    pub out: Option<PathBuf>,
    /// Every case file in a folder and the folders in it
    #[arg(long, value_name = "DIR", requires = "out_dir", conflicts_with = "tariff")]
    pub case_dir: Option<PathBuf>,
    /// Where the bills of `--case-dir` go: a file for every case, named for its id
    #[arg(long, value_name = "DIR", requires = "case_dir")]
    pub out_dir: Option<PathBuf>,
    /// Tariff file: neutral, or a rate record of the Utility Rate Database
    #[arg(long, value_name = "FILE", requires = "load")]
    pub tariff: Option<PathBuf>,
    /// Load file (CSV) that meets the tariff
    #[arg(long, value_name = "FILE", requires = "tariff")]
    pub load: Option<PathBuf>,
    /// Dates FROM..TO of one cycle, TO exclusive [default: a cycle for every calendar month of the load]
    #[arg(long, value_name = "FROM..TO", requires = "tariff")]
    pub cycle: Option<String>,
    /// What a case says itself.
    #[command(flatten)]
    pub beside: BesideArgs,
    /// How to print the bills [default: table on a terminal, json otherwise]
    #[arg(long, value_enum)]
    pub output: Option<Format>,
    /// Print a sentence for every line
    #[arg(long)]
    pub explain: bool,
}

/// What `rate --tariff` and `tariff compare` take beside tariffs and a load.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct BesideArgs {
    /// Time zone of rate records, which have none of their own
    #[arg(long, value_name = "ZONE")]
    pub tz: Option<String>,
    /// Price file (CSV: `start_utc`, `price_per_mwh`) of tariffs that follow a market
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
    /// A number that tariffs call by name; may be repeated
    #[arg(long = "value", value_name = "NAME=NUMBER")]
    pub values: Vec<String>,
    /// Events that tariffs are about (JSON: a list of name, date, from, to); an empty list if there were none
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
}

/// What a token lets its bearer do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Sends readings of the device (or the prefix with a final *) that the subject names
    Device,
    /// Reads
    Viewer,
    /// Reads, runs and issues bills, writes the register
    Billing,
    /// Operates meters and alerts
    Operator,
    /// Everything
    Admin,
}

/// `token ...`.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Prints a token, alone, on standard output
    Issue {
        /// What it allows
        #[arg(long)]
        role: Role,
        /// A meter or a prefix with a final * (device), or a name (others)
        #[arg(long)]
        subject: String,
        /// How long it is valid, e.g. 30d; clocks differ, so it is taken for 30 s more [default: 30d for devices, 12h for staff]
        #[arg(long, value_parser = units::parse_duration)]
        ttl: Option<Duration>,
        /// Settings.
        #[command(flatten)]
        settings: Settings,
    },
}

/// `config ...`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Says what is wrong with the configuration, all of it; or prints it, secrets hidden
    Check {
        /// As for `up`.
        #[command(flatten)]
        up: UpArgs,
    },
}

#[cfg(test)]
mod tests;
